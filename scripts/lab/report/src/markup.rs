//! Text made safe for HTML, and tables.

use std::fmt::Write as _;

/// Text as HTML shows it, also inside a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // HTML has no place for control characters.
            letter if letter.is_control() && !matches!(letter, '\n' | '\t') => {
                safe.push('\u{fffd}');
            }
            letter => safe.push(letter),
        }
    }
    safe
}

/// JSON that may stand in a `<script>` block: no character in it can end the block or begin a comment, and it is
/// still the same JSON. U+2028 and U+2029 are escaped for readers that take the block for a script.
pub(crate) fn script_safe(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            // These stand in JSON only inside strings.
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(safe, "\\u{:04x}", letter as u32);
            }
            letter => safe.push(letter),
        }
    }
    safe
}

/// What a cell holds.
pub(crate) enum Cell {
    /// Left-aligned.
    Text(String),
    /// Right-aligned, its digits of one width.
    Number(String),
    /// Markup, safe already.
    Markup(String),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A table with a caption for those who do not see it.
pub(crate) fn table(caption: &str, columns: &[&str], rows: &[Vec<Cell>]) -> String {
    let mut html = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"{0}\"><table><caption>{0}</caption><thead><tr>",
        escape(caption)
    );
    for (index, column) in columns.iter().enumerate() {
        // A column is aligned as its first cell.
        let number = rows
            .first()
            .is_some_and(|row| matches!(row.get(index), Some(Cell::Number(_))));
        let class = if number { " class=\"number\"" } else { "" };
        let _ = write!(html, "<th scope=\"col\"{class}>{}</th>", escape(column));
    }
    html.push_str("</tr></thead><tbody>\n");
    for row in rows {
        html.push_str("<tr>");
        for cell in row {
            match cell {
                Cell::Text(text) => {
                    let _ = write!(html, "<td>{}</td>", escape(text));
                }
                Cell::Number(text) => {
                    let _ = write!(html, "<td class=\"number\">{}</td>", escape(text));
                }
                Cell::Markup(markup) => {
                    let _ = write!(html, "<td>{markup}</td>");
                }
            }
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table></div>\n");
    html
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_script_block_early_and_the_json_stays_the_same() {
        for text in [
            "</script>",
            "<!--",
            "<script>",
            "]]>",
            "a\u{2028}b\u{2029}c",
            "&lt;",
            "\"\\<",
        ] {
            let json = serde_json::to_string(text).unwrap();
            let safe = script_safe(&json);
            assert!(
                !safe.contains(['<', '>', '&', '\u{2028}', '\u{2029}']),
                "{safe}"
            );
            assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
        }
    }

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(
            escape("<b a=\"1\" c='2'>&\u{0}"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;\u{fffd}"
        );
    }
}

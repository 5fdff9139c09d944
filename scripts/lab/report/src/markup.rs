//! JSON made safe for a page, and tables.

use std::fmt::Write as _;

use maud::{Markup, html};
use run_record::format::count;

/// Rows of a table at most; the raw data has the rest.
pub(crate) const ROWS: usize = 200;

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

/// HTML has no place for control characters.
pub(crate) fn without_controls(html: &str) -> String {
    let control = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    html.replace(control, "\u{fffd}")
}

/// What a cell holds.
pub(crate) enum Cell {
    /// Left-aligned.
    Text(String),
    /// Right-aligned, its digits of one width.
    Number(String),
    Markup(Markup),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A table with a caption for those who do not see it. A column is aligned as its first cell.
pub(crate) fn table(caption: &str, columns: &[&str], rows: &[Vec<Cell>]) -> Markup {
    let number = |cell: Option<&Cell>| matches!(cell, Some(Cell::Number(_))).then_some("number");
    let first = |index: usize| rows.first().and_then(|row| row.get(index));
    html! {
        div.scroll tabindex="0" role="group" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr {
                    @for (index, column) in columns.iter().enumerate() {
                        th scope="col" class=[number(first(index))] { (column) }
                    }
                } }
                tbody {
                    @for row in rows { tr {
                        @for cell in row { td class=[number(Some(cell))] {
                            @match cell {
                                Cell::Text(text) | Cell::Number(text) => { (text) }
                                Cell::Markup(markup) => { (markup) }
                            }
                        } }
                    } }
                }
            }
        }
    }
}

/// What to print below a table that shows [`ROWS`] of all rows at most.
pub(crate) fn more(all: usize) -> Markup {
    html! {
        @if all > ROWS { p { (count((all - ROWS) as u64)) " more rows are in the raw data." } }
    }
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
        let text = "<b a=\"1\">&\u{0}";
        let html = without_controls(&html! { p title=(text) { (text) } }.into_string());
        let escaped = "&lt;b a=&quot;1&quot;&gt;&amp;\u{fffd}";
        assert_eq!(html, format!("<p title=\"{escaped}\">{escaped}</p>"));
    }
}

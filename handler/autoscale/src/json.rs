//! JSON in the form that people and tools write: with comments, trailing commas, a byte order mark, and line breaks
//! in strings.
//!
//! Keys keep their spelling; [`field`] finds them without regard to case, as Azure does. The last of several equal
//! keys counts.

use jsonc_parser::ParseOptions;
use serde_json::{Map, Value};

/// The longest accepted text in bytes. Templates, and the settings of a whole subscription, are shorter.
const LONGEST: usize = 4 << 20;

/// The deepest accepted nesting. Functions that walk through a value use stack for each level.
const DEEPEST: usize = 128;

/// Comments and trailing commas are the only additions to JSON.
const ACCEPTED: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Reads a JSON text.
///
/// # Errors
/// One sentence: the line, the column, and what is wrong; or that the text is too long, nested too deep, or empty.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    if text.len() > LONGEST {
        return Err(format!(
            "it is longer than {} MiB, the most that is read",
            LONGEST >> 20
        ));
    }
    let text = text.trim_start_matches('\u{feff}');
    if let Some((line, column)) = too_deep(text) {
        return Err(format!(
            "line {line}, column {column}: it is nested deeper than {DEEPEST} levels, the most that is read"
        ));
    }
    // The parser returns null for a text without a value.
    let value: Option<Value> =
        jsonc_parser::parse_to_serde_value(text, &ACCEPTED).map_err(|error| {
            format!(
                "line {}, column {}: this is not JSON: {}",
                error.line_display(),
                error.column_display(),
                lower_first(&error.kind().to_string())
            )
        })?;
    value.ok_or_else(|| "it contains no JSON value".to_owned())
}

/// The line and column, from one, of the first bracket below the deepest level. Brackets in strings and comments do
/// not count. The parser has its own limit, but with it debug builds exhaust the stack of small threads.
fn too_deep(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        at += match byte {
            b'"' => text_length(rest),
            b'/' if rest.starts_with(b"//") => comment_length(rest),
            b'/' if rest.starts_with(b"/*") => block_length(rest),
            _ => 1,
        };
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            let before = &text[..at - 1];
            let line = before.matches('\n').count() + 1;
            let column = before
                .rsplit('\n')
                .next()
                .map_or(0, |line| line.chars().count())
                + 1;
            return Some((line, column));
        }
    }
    None
}

/// The length of the string that starts here, with both quotation marks.
fn text_length(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn comment_length(bytes: &[u8]) -> usize {
    let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    end.unwrap_or(bytes.len())
}

fn block_length(bytes: &[u8]) -> usize {
    let end = bytes[2..].windows(2).position(|pair| pair == b"*/");
    end.map_or(bytes.len(), |start| start + 4)
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(characters).collect()
    })
}

/// An entry of an object by name, without regard to case. An exact match is preferred.
pub(crate) fn entry<'a>(
    object: &'a Map<String, Value>,
    name: &str,
) -> Option<(&'a String, &'a Value)> {
    object.get_key_value(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
    })
}

/// A field of an object by name, without regard to case. Azure treats null as absent.
pub(crate) fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    entry(object, name)
        .map(|(_, value)| value)
        .filter(|value| !value.is_null())
}

/// Adds a field's name to a path.
pub(crate) fn push_name(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(&cut(name));
}

/// Adds an item's index to a path.
pub(crate) fn push_index(path: &mut String, index: usize) {
    path.push_str(&format!("[{index}]"));
}

/// A text for a message: on one line, and shortened if it is long.
pub(crate) fn cut(text: &str) -> String {
    const LONGEST_SHOWN: usize = 80;
    let mut shown: String = text
        .chars()
        .take(LONGEST_SHOWN)
        .map(|sign| if sign.is_control() { ' ' } else { sign })
        .collect();
    if text.chars().nth(LONGEST_SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}

//! Prints text to the terminal.
//!
//! Names and contents of files, and responses of a target, may contain control characters. A terminal that receives
//! them moves its cursor, renames its window or hides text. So a command prints such text through this crate.

use std::fmt::Write as _;
use std::io::Write as _;

/// Replaces each character that controls a terminal. Line feeds and tabs stay.
pub fn printable(text: &str) -> String {
    let replaced = |letter| match letter {
        '\n' | '\t' => letter,
        letter if controls(letter) => char::REPLACEMENT_CHARACTER,
        letter => letter,
    };
    text.chars().map(replaced).collect()
}

/// A message without the numbers that Rust appends to system errors, such as ` (os error 98)`, because they help
/// nobody.
pub fn without_error_numbers(message: &str) -> String {
    const BEGIN: &str = " (os error ";
    let mut parts = message.split(BEGIN);
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        match part[digits..].strip_prefix(')') {
            Some(rest) if digits > 0 => kept.push_str(rest),
            _ => {
                kept.push_str(BEGIN);
                kept.push_str(part);
            }
        }
    }
    kept
}

/// Prints text to standard output, made [printable].
///
/// A reader that has closed the pipe, such as `head`, is not an error.
pub fn print(text: &str) {
    write(&printable(text));
}

/// Prints JSON to standard output. Characters that control a terminal are escaped, so that the value of the JSON
/// stays the same.
pub fn print_json(json: &str) {
    let mut safe = String::with_capacity(json.len());
    for letter in json.chars() {
        // serde_json writes a line feed only between values, and escapes it inside a string.
        if letter != '\n' && controls(letter) {
            let _ = write!(safe, "\\u{:04x}", u32::from(letter));
        } else {
            safe.push(letter);
        }
    }
    write(&safe);
}

fn write(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Control characters, and those that change the direction of the text after them.
fn controls(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_system_errors_are_left_out() {
        for (message, told) in [
            (
                "in use (os error 98); stop it (os error 2)",
                "in use; stop it",
            ),
            ("plain", "plain"),
            ("(os error 5)", "(os error 5)"),
            ("a (os error ) (os error 7", "a (os error ) (os error 7"),
            ("a (os error 1) (os error 22)", "a"),
        ] {
            assert_eq!(without_error_numbers(message), told);
        }
    }

    #[test]
    fn control_characters_are_replaced_and_other_text_stays() {
        assert_eq!(
            printable("a\x1b[31mb\r\u{7}\u{9b}2J\u{202e}c"),
            "a\u{fffd}[31mb\u{fffd}\u{fffd}\u{fffd}2J\u{fffd}c"
        );
        let plain = "70%\té → 漢\n";
        assert_eq!(printable(plain), plain);
    }
}

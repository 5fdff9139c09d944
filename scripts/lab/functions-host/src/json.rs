//! Configuration files: JSON as the host and Core Tools read it, with comments, trailing commas and a byte order mark
//! (Newtonsoft.Json: `HostJsonFileConfigurationSource.cs`, `Utility.cs`, Core Tools' `AppSettingsFile.cs`).

use std::io;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Map, Value};

/// Strict JSON, with comments and trailing commas.
const OPTIONS: ParseOptions = ParseOptions {
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

/// Reads a configuration file; `None` if it does not exist.
///
/// # Errors
/// The file and the error; for JSON with line and column, both starting at 1.
pub(crate) fn read(file: &Path) -> anyhow::Result<Option<Value>> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        // For a regular file next to the function folders, there is no function.json below it.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", file.display()));
        }
    };
    let value = parse(&text).with_context(|| format!("{} is not valid JSON", file.display()))?;
    Ok(Some(value))
}

fn parse(text: &str) -> anyhow::Result<Value> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let parsed = parse_to_ast(text, &CollectOptions::default(), &OPTIONS).map_err(|error| {
        anyhow!(
            "line {}, column {}: {}",
            error.line_display(),
            error.column_display(),
            error.kind()
        )
    })?;
    parsed
        .value
        .map(Value::from)
        .ok_or_else(|| anyhow!("line 1, column 1: the file is empty"))
}

/// A member by its name in any case, as .NET configuration reads keys.
pub(super) fn lookup<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    member(value.as_object()?, name)
}

/// A member by its name, first in the given case, then in any case.
pub(super) fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).or_else(|| {
        members
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// A string, a number, or a boolean as .NET writes it as text.
pub(super) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A port, as a number or as text.
pub(super) fn port_number(value: &Value) -> Option<u16> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        value => u16::try_from(value.as_u64()?).ok(),
    }
}

/// A string, if the member exists.
pub(super) fn string<'a>(
    section: &'a Value,
    path: &str,
    name: &str,
) -> anyhow::Result<Option<&'a str>> {
    match lookup(section, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => bail!("{path}.{name} is {other} but must be a string"),
    }
}

/// A boolean that is false by default.
pub(super) fn boolean(section: &Value, path: &str, name: &str) -> anyhow::Result<bool> {
    Ok(switch(section, path, name)?.unwrap_or_default())
}

/// A boolean, if the member exists.
pub(super) fn switch(section: &Value, path: &str, name: &str) -> anyhow::Result<Option<bool>> {
    match lookup(section, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(other) => bail!("{path}.{name} is {other} but must be true or false"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn error(text: &str) -> String {
        parse(text).expect_err(text).to_string()
    }

    #[test]
    fn there_is_no_configuration_below_a_regular_file() {
        let plain = std::path::Path::new(file!());
        let plain = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("src")
            .join(plain.file_name().expect("a name"));
        assert!(plain.is_file());
        let read = super::read(&plain.join("function.json"));
        assert!(read.expect("no error").is_none());
    }

    #[test]
    fn comments_trailing_commas_and_a_byte_order_mark_are_accepted() {
        let text = "\u{feff}// first\n{ /* a */ \"a\": [1, 2.5e3, true, null,], \"b\": {\"c\": \"// no comment\",},\n} // last";
        assert_eq!(
            parse(text).expect("valid"),
            json!({ "a": [1, 2.5e3, true, null], "b": { "c": "// no comment" } })
        );
    }

    #[test]
    fn an_error_has_line_and_column() {
        for (text, place) in [
            ("{", "line 1, column 1:"),
            ("{\n  \"a\": 1\n  \"b\": 2\n}", "line 2, column 9:"),
            ("\u{feff}{a: 1}", "line 1, column 2:"),
            ("{'a': 1}", "line 1, column 2:"),
            ("{\"a\": 0x1}", "line 1, column 7:"),
            ("{} {}", "line 1, column 4:"),
            ("", "line 1, column 1:"),
            (" // nothing", "line 1, column 1:"),
        ] {
            let error = error(text);
            assert!(error.starts_with(place), "{text:?}: {error}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error() {
        assert!(error(&"[".repeat(100_000)).contains("nesting depth"));
        assert!(error(&"{\"a\":".repeat(100_000)).contains("nesting depth"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[\\[\\]{}:,\"'/*0-9a-z.eE+\\-\\\\\n ]{0,80}") {
            let _ = parse(&text);
        }

        /// Strict JSON has the same meaning here.
        #[test]
        fn strict_json_keeps_its_meaning(text in "\\PC{0,20}", number in any::<i64>(), flag in any::<bool>()) {
            let value = json!({ "text": text, "list": [number, flag, null] });
            prop_assert_eq!(parse(&value.to_string()).expect("valid"), value);
        }
    }
}

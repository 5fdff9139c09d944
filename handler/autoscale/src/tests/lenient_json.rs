//! JSON in the form that people write, parameter files, and files that are not JSON.

use serde_json::json;

use super::*;
use crate::json::{cut, parse};
use crate::language::language_of;

#[test]
fn comments_trailing_commas_and_line_breaks_in_texts_are_accepted() {
    let text =
        "\u{feff}// first\n/* second */ {\"Name\": \"one\ntwo\", \"list\": [1, 2,], // last\n }";
    assert_eq!(parse(text), Ok(json!({"Name": "one\ntwo", "list": [1, 2]})));
    assert_eq!(
        parse(r#"{"a": 1, "a": 2, "A": 3}"#),
        Ok(json!({"a": 2, "A": 3}))
    );
    assert_eq!(
        parse("[70.0, 70, -1, 1e3]").map(|value| value.to_string()),
        Ok("[70.0,70,-1,1000.0]".to_owned())
    );
    assert_eq!(parse(r#""\u00e9\n""#), Ok(json!("é\n")));
}

#[test]
fn invalid_json_is_refused_with_its_position() {
    for (text, expected) in [
        (
            "{\n  \"a\": 1\n  \"b\": 2}",
            "line 2, column 9: this is not JSON: ",
        ),
        ("{a: 1}", "line 1, column 2: this is not JSON: "),
        ("{'a': 1}", "line 1, column 2: this is not JSON: "),
        ("[0x10]", "line 1, column 2: this is not JSON: "),
        ("[+1]", "line 1, column 2: this is not JSON: "),
        ("[.5]", "line 1, column 2: this is not JSON: "),
        ("[NaN]", "line 1, column 2: this is not JSON: "),
        ("[\n1e400]", "line 2, column 1: this is not JSON: "),
        ("{\"a\": 1} x", "line 1, column 10: this is not JSON: "),
        ("{\"a\": ", "line 1, column"),
        ("  // nothing\n", "it contains no JSON value"),
        ("", "it contains no JSON value"),
    ] {
        let error = parse(text).expect_err(text);
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    let long = format!("\"{}\"", "a".repeat(4 << 20));
    assert_eq!(
        parse(&long),
        Err("it is longer than 4 MiB, the most that is read".to_owned())
    );
}

#[test]
fn nesting_has_a_limit_and_brackets_in_texts_and_comments_do_not_count() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(parse(&nested(128)).is_ok());
    let problem = "it is nested deeper than 128 levels, the most that is read";
    assert_eq!(
        parse(&format!("\n{}", nested(129))),
        Err(format!("line 2, column 129: {problem}"))
    );
    assert!(parse(&"[{\"a\":".repeat(100_000)).is_err_and(|error| error.ends_with(problem)));
    // Each comment and string hides its brackets, but nothing after it.
    let hidden = "[".repeat(1_000);
    for start in [
        format!("// {hidden}\n"),
        format!("// {hidden}\r"),
        format!("/*{hidden}*/"),
    ] {
        assert!(parse(&format!("{start}[]")).is_ok());
        assert!(
            parse(&format!("{start}{}", nested(129))).is_err_and(|error| error.ends_with(problem))
        );
    }
    assert_eq!(
        parse(&format!("[\"\\\"{hidden}\"]")),
        Ok(json!([format!("\"{hidden}")]))
    );
}

#[test]
fn parameter_files_and_plain_objects_give_the_same_values() {
    use crate::parameters::read;
    let expected = json!({"minimum": 2, "Name": "x"});
    for text in [
        r#"{"$schema": "s", "contentVersion": "1.0.0.0", "parameters": {"minimum": {"value": 2}, "Name": {"value": "x"},
            "password": {"reference": {"keyVault": {"id": "/x"}, "secretName": "s"}}}}"#,
        r#"{"minimum": {"value": 2}, "Name": {"Value": "x"}}"#,
        r#"{"minimum": 2, /* the name */ "Name": "x",}"#,
    ] {
        assert_eq!(
            read(text).map(Value::Object),
            Ok(expected.clone()),
            "{text}"
        );
    }
    assert_eq!(
        read(r#"{"parameters": {"minimum": 2}}"#),
        Err("parameters.minimum has no value; accepted: {\"value\": ...}".to_owned())
    );
    assert!(read("[]").is_err_and(|error| error.contains("accepted: a parameter file")));
    assert!(read("{").is_err_and(|error| error.contains("this is not JSON")));
    for (text, command) in [
        ("// shop\nparam minimum int = 1", "az bicep build --file"),
        (
            "using './main.bicep'\nparam minimum = 1",
            "az bicep build-params",
        ),
    ] {
        assert!(
            read(text).is_err_and(|error| error.contains(command)),
            "{text}"
        );
    }
}

#[test]
fn files_of_other_languages_get_the_command_that_creates_json() {
    let bicep = "// rules\nresource a 'Microsoft.Insights/autoscaleSettings@2022-10-01' = {\n}";
    let terraform = "# rules\nresource \"azurerm_monitor_autoscale_setting\" \"a\" {\n}";
    for (name, text, command) in [
        (Some("main.bicep"), "", "az bicep build --file"),
        (Some("MAIN.BICEP"), bicep, "az bicep build --file"),
        (None, bicep, "az bicep build --file"),
        (None, "param minimum int = 1", "az bicep build --file"),
        (
            None,
            "@description('x')\nparam minimum int",
            "az bicep build --file",
        ),
        (Some("main.bicepparam"), "", "az bicep build-params"),
        (
            None,
            "using './main.bicep'\nparam a = 1",
            "az bicep build-params",
        ),
        (Some("main.tf"), "", "terraform show -json"),
        (None, terraform, "terraform show -json"),
        (None, "terraform {\n}", "terraform show -json"),
        (Some("a.yml"), "- a", "--output json"),
        (
            None,
            "# x\nenabled: true\nprofiles:\n- capacity:",
            "--output json",
        ),
        (None, "- capacity:\n    default: 1", "--output json"),
        (None, "---\nenabled: true", "--output json"),
    ] {
        let sentence = language_of(name, text).unwrap_or_else(|| panic!("{name:?} {text}"));
        assert!(sentence.contains(command), "{text}: {sentence}");
    }
    for (name, text) in [
        (Some("main.bicep"), "{}"),
        (None, "\u{feff} [1]"),
        (None, "/* x */ {\"a\": 1}"),
        (None, "// x\n{\"a\": 1}"),
        (None, "hello world"),
        // Documents for people.
        (Some("README.md"), "---\ntitle: Rules\n---\nNote: not JSON"),
        (Some("README.MD"), "```bicep\nparam minimum int\n```"),
        (None, "# Rules\n\nThe rules of the shop.\nNote: not JSON"),
        (None, ""),
    ] {
        assert_eq!(language_of(name, text), None, "{text}");
    }
}

#[test]
fn texts_are_shown_on_one_line_and_cut() {
    assert_eq!(cut("a\nb"), "a b");
    assert_eq!(cut(&"é".repeat(81)), format!("{}...", "é".repeat(80)));
}

use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::{Outcome, http_with_value, response};
use crate::function::Binding;

/// A function's output bindings by name and type. `!` marks binary data.
fn bindings(outputs: &[(&str, &str)]) -> Vec<Binding> {
    let input = Binding {
        name: "req".to_owned(),
        kind: "httpTrigger".to_owned(),
        output: false,
        is_binary: false,
        is_many: false,
    };
    let outputs = outputs.iter().map(|(name, kind)| Binding {
        name: name.trim_end_matches('!').to_owned(),
        kind: (*kind).to_owned(),
        output: true,
        is_binary: name.ends_with('!'),
        is_many: false,
    });
    std::iter::once(input).chain(outputs).collect()
}

/// Status, content type and body.
async fn answer(
    outputs: &[(&str, &str)],
    returned: Value,
) -> Result<(u16, Option<String>, Vec<u8>), String> {
    let outcome = Outcome {
        outputs: returned["Outputs"].as_object().cloned(),
        return_value: returned["ReturnValue"].clone(),
    };
    let response = response(&bindings(outputs), &outcome).map_err(|failure| failure.to_string())?;
    let (parts, body) = response.into_parts();
    let kind = parts
        .headers
        .get("content-type")
        .map(|kind| kind.to_str().expect("text").to_owned());
    let body = body.collect().await.expect("a whole body").to_bytes();
    Ok((parts.status.as_u16(), kind, body.to_vec()))
}

const TEXT: &str = "text/plain; charset=utf-8";

/// `HttpScriptInvocationResultExtensionsTests.cs`: `GetHttpOutputBindingResponse_ReturnsExpected`; `HttpBinding.cs`;
/// I#10987.
#[tokio::test]
async fn an_output_is_an_object() {
    let pretty = "{\n  \"a\": [\n    1\n  ]\n}";
    for (output, status, body) in [
        (json!({ "statusCode": "204" }), 204, ""),
        (json!({}), 200, ""),
        (json!({ "body": "hello" }), 200, "hello"),
        (
            json!({ "body": "hello", "statusCode": "300" }),
            300,
            "hello",
        ),
        (json!({ "BODY": "hello", "StatusCode": 201 }), 201, "hello"),
        // The host has a StatusCode, even if it is null, and so never reads Status.
        (json!({ "body": "hello", "status": 404 }), 200, "hello"),
        (json!({ "statusCode": "none" }), 200, ""),
        (json!({ "statusCode": true }), 200, ""),
        (json!({ "body": { "a": [1] } }), 200, pretty),
        (json!({ "body": true }), 200, "True"),
        (json!({ "body": 1.5 }), 200, "1.5"),
        (json!("{\"body\":\"from text\"}"), 200, "from text"),
    ] {
        let returned = json!({ "Outputs": { "res": output }, "ReturnValue": null });
        assert_eq!(
            answer(&[("res", "http")], returned).await,
            Ok((status, Some(TEXT.to_owned()), body.into())),
            "{output}"
        );
    }
    for output in [
        json!("hello"),
        json!(""),
        json!("[]"),
        json!(null),
        json!(5),
        json!([]),
        json!({ "statusCode": {} }),
        json!({ "statusCode": 99 }),
        json!({ "headers": "x" }),
        json!({ "headers": { "a": null } }),
        json!({ "headers": { "a b": "x" } }),
    ] {
        let returned = json!({ "Outputs": { "res": output } });
        assert!(
            answer(&[("res", "http")], returned).await.is_err(),
            "{output}"
        );
    }
}

/// `GetOutputValue` uses the exact name, and returns an empty object.
#[tokio::test]
async fn a_missing_output_is_an_empty_object() {
    for outputs in [json!({}), json!({ "Res": { "body": "x" } })] {
        let returned = json!({ "Outputs": outputs });
        assert_eq!(
            answer(&[("res", "http")], returned).await,
            Ok((200, Some(TEXT.to_owned()), "{}".into()))
        );
    }
    // No outputs at all, or no HTTP output (FunctionInvocationMiddleware.cs, OkResult).
    let nothing = Ok((200, None, Vec::new()));
    let returned = json!({ "Outputs": null, "ReturnValue": "x" });
    assert_eq!(answer(&[("res", "http")], returned).await, nothing);
    let returned = json!({ "Outputs": { "q": "x" } });
    assert_eq!(answer(&[("q", "queue")], returned).await, nothing);
}

/// `GetBindingValue`; `HttpBindingTests.cs`: `ParseResponseObject_ReturnsExpectedResult`,
/// `ParseResponseObject_StatusWithNullBody_ReturnsExpectedResult`, `TryParseStatusCode_ReturnsExpectedResult`.
#[tokio::test]
async fn a_return_value_is_bytes_json_or_text() {
    for (value, status, kind, body) in [
        (json!("not base64!"), 200, Some(TEXT), "not base64!"),
        (json!("aGVs bG8=\n"), 200, None, "hello"),
        (json!(""), 200, None, ""),
        (
            json!("{\"body\":\"b\",\"status\":202}"),
            202,
            Some(TEXT),
            "b",
        ),
        (json!("12345"), 200, Some(TEXT), "12345"),
        (
            json!({ "body": "b", "statusCode": 404, "status": 202 }),
            404,
            Some(TEXT),
            "b",
        ),
        (
            json!({ "body": "b", "statusCode": "404" }),
            404,
            Some(TEXT),
            "b",
        ),
        (
            json!({ "body": "b", "statusCode": null, "status": 202 }),
            200,
            Some(TEXT),
            "b",
        ),
        (json!({ "body": null, "status": 202 }), 202, Some(TEXT), ""),
        (json!({ "body": { "a": 1 } }), 200, Some(TEXT), "{\"a\":1}"),
        (
            json!({ "body": [1] }),
            200,
            Some(TEXT),
            "System.Collections.Generic.List`1[System.Object]",
        ),
        (
            json!({ "body": "{}", "headers": { "Content-Type": "application/json" } }),
            200,
            Some("application/json; charset=utf-8"),
            "{}",
        ),
        (
            json!({ "body": "x", "headers": { "content-type": "text/html; Charset=utf-8" } }),
            200,
            Some("text/html; Charset=utf-8"),
            "x",
        ),
        (
            json!({ "statusCode": 404 }),
            200,
            Some(TEXT),
            "{\n  \"statusCode\": 404\n}",
        ),
        (json!(7), 200, Some(TEXT), "7"),
        (json!(null), 200, None, ""),
    ] {
        let returned =
            json!({ "Outputs": { "$return": { "body": "not this" } }, "ReturnValue": value });
        assert_eq!(
            answer(&[("$return", "http")], returned).await,
            Ok((status, kind.map(str::to_owned), body.into())),
            "{value}"
        );
    }
    // With dataType binary, base64 stays unchanged.
    let returned = json!({ "ReturnValue": "aGVsbG8=" });
    assert_eq!(
        answer(&[("$return!", "http")], returned).await,
        Ok((200, Some(TEXT.to_owned()), "aGVsbG8=".into()))
    );
}

/// `WorkerFunctionInvoker.cs`: `HandleOutputDictionary`, `HandleReturnParameter`.
#[tokio::test]
async fn members_of_a_return_value_are_outputs_where_nothing_is_returned() {
    let returned = json!({
        "Outputs": { "res": { "body": "from outputs" } },
        "ReturnValue": { "res": { "body": "from return", "status": 202 }, "other": 1 },
    });
    let outputs = [("res", "http"), ("other", "queue")];
    assert_eq!(
        answer(&outputs, returned.clone()).await,
        Ok((202, Some(TEXT.to_owned()), "from return".into()))
    );
    let outputs = [("res", "http"), ("$return", "queue")];
    assert_eq!(
        answer(&outputs, returned).await,
        Ok((200, Some(TEXT.to_owned()), "from outputs".into()))
    );
}

/// `HttpScriptInvocationResultExtensions.cs`, `GetOutputValue`; `WorkerFunctionInvoker.cs`, `HandleReturnParameter`. A
/// public handler returns only `Logs` to its queue with an HTTP output, and works.
#[test]
fn an_http_output_has_a_value_where_one_is_written() {
    for (name, returned, expected) in [
        ("$return", json!({ "ReturnValue": null }), false),
        ("$return", json!({ "Outputs": {} }), false),
        ("$return", json!({ "ReturnValue": "a" }), true),
        ("res", json!({ "ReturnValue": "a" }), false),
        ("res", json!({ "ReturnValue": { "res": 1 } }), true),
        ("res", json!({ "Outputs": {} }), true),
    ] {
        let outcome = Outcome {
            outputs: returned["Outputs"].as_object().cloned(),
            return_value: returned["ReturnValue"].clone(),
        };
        let bindings = bindings(&[(name, "http")]);
        let has_value = http_with_value(&bindings, &outcome).is_some();
        assert_eq!(has_value, expected, "{name} {returned}");
    }
}

//! `POST /admin/functions/NAME` with an input: the data that a handler gets for a trigger without a listener
//! (`FunctionsController.cs`, `FunctionInvocation.cs`).

use serde_json::{Value, json};

use crate::support::{Host, Root, eventually};

/// A host with a function that has a queue trigger; `more` are further members of the trigger.
fn queue(more: &Value) -> Host {
    let root = Root::new();
    let mut trigger = json!({ "type": "queueTrigger", "direction": "in", "name": "order" });
    for (name, value) in more.as_object().into_iter().flatten() {
        trigger[name] = value.clone();
    }
    root.function("json-journal", &json!({ "bindings": [trigger] }));
    root.up(&["--max", "1"])
}

/// Runs the function, and returns the data that its handler got.
fn payload(host: &Host, body: &Value) -> Value {
    assert_eq!(run(host, &body.to_string()), 202);
    eventually("the handler is called", || host.payloads().pop())
}

fn run(host: &Host, body: &str) -> u16 {
    host.request("POST", "/admin/functions/json-journal", &[], body)
        .status
}

/// `ScriptInvocationContextExtensions.cs`, `GetHttpScriptInvocationContextValue`; `Utility.cs`, `ApplyBindingData`. Public
/// handlers decode the value twice.
#[test]
fn a_message_is_json_within_json_and_its_members_are_metadata() {
    let host = queue(&json!({}));
    let message = r#"{"Id":1,"Name":"a","ok":true,"list":[1],"object":{"a":1},"none":null}"#;
    let got = payload(&host, &json!({ "input": message }));
    let value: String = serde_json::from_str(got["Data"]["order"].as_str().unwrap()).unwrap();
    assert_eq!(value, message);
    let mut metadata = got["Metadata"].clone();
    metadata.as_object_mut().unwrap().remove("sys");
    assert_eq!(
        metadata,
        json!({ "Id": "\"1\"", "Name": "\"a\"", "ok": "\"True\"", "object": { "a": 1 } })
    );
}

#[test]
fn a_message_that_is_not_an_object_has_no_metadata() {
    let host = queue(&json!({}));
    let got = payload(&host, &json!({ "Input": "[1] \"x\"" }));
    assert_eq!(got["Data"]["order"], "\"[1] \\\"x\\\"\"");
    let names: Vec<_> = got["Metadata"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["sys"]);
}

/// `WorkerFunctionInvoker.cs`, `TransformInput`, and Newtonsoft.Json, which writes bytes in base64.
#[test]
fn a_trigger_that_takes_bytes_gets_base64() {
    let host = queue(&json!({ "dataType": "binary" }));
    let got = payload(&host, &json!({ "input": "a" }));
    assert_eq!(got["Data"]["order"], "YQ==");
}

/// The format that a public handler of Event Hubs parses: a list of texts, which is JSON within JSON.
#[test]
fn a_trigger_that_takes_many_values_gets_a_list() {
    let host = queue(&json!({ "cardinality": "many" }));
    let got = payload(&host, &json!({ "input": "{\"a\":1}" }));
    assert_eq!(got["Data"]["order"], r#"["{\"a\":1}"]"#);
}

/// `FunctionInvocation.cs`: the input is a string. MVC does not accept another body, which is 400.
#[test]
fn an_input_that_is_not_text_is_refused_with_the_correct_form() {
    let host = queue(&json!({}));
    for body in ["", "[]", r#"{"input":{"a":1}}"#, r#"{"input":[1]}"#] {
        assert_eq!(run(&host, body), 400, "{body}");
    }
    host.line("needs a body such as {\"input\": \"...\"}, where the input is text");
    let got = payload(&host, &json!({ "input": 7 }));
    assert_eq!(got["Data"]["order"], "\"7\"");
}

#[test]
fn an_input_that_is_too_large_is_refused_and_the_limit_is_shown() {
    let host = queue(&json!({}));
    let body = json!({ "input": "a".repeat(1024 * 1024) }).to_string();
    assert_eq!(run(&host, &body), 413);
    host.line("POST /admin/functions/json-journal was refused: the request body is larger than the host accepts");
}

/// `HttpBinding.cs`, `BindAsync`, which casts the value of the trigger to a request.
#[test]
fn an_http_output_without_a_request_makes_a_run_fail() {
    let root = Root::new();
    root.function(
        "json-return",
        &json!({ "bindings": [
            { "type": "queueTrigger", "direction": "in", "name": "order" },
            { "type": "http", "direction": "out", "name": "$return" },
        ] }),
    );
    let host = root.up(&["--max", "1"]);
    host.line("The output $return (http) of json-return has no request to answer");
    let target = "/admin/functions/json-return";
    assert_eq!(host.request("POST", target, &[], "{}").status, 202);
    host.line("The invocation of json-return failed: the handler's answer cannot be used: it has a value for the HTTP output $return");
}

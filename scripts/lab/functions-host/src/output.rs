//! The result of a handler in the JSON protocol, as an HTTP response (`HttpScriptInvocationResultExtensions.cs`,
//! `WorkerFunctionInvoker.cs`, `HttpBinding.cs`, `RawScriptResult.cs`).
//!
//! | returned | response |
//! | --- | --- |
//! | a member of `Outputs` | an object, or one as text; `statusCode`, `headers` and `body` count, `status` does not; anything else fails |
//! | no member of `Outputs` for the binding | the text `{}` |
//! | `ReturnValue` with the binding `$return`, a text | its bytes where it is base64; else read as JSON, if it is JSON |
//! | `ReturnValue` with the binding `$return`, an object | with `body`: `statusCode`, else `status`, and `headers` count; without: the body itself |
//! | `ReturnValue` without such a binding, an object | its members are outputs, read like a `$return` that is not base64 |
//! | nothing | 200, empty |

use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, alphabet};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value};

use super::app::Failure;
use super::body::Body;
use super::function::Binding;
use super::json::{member, scalar_text};
use super::response::{empty, whole};

/// The binding of a function's return value.
const RETURN: &str = "$return";

/// The result of a handler.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) outputs: Option<Map<String, Value>>,
    pub(super) return_value: Value,
}

/// The part of the return value for an output (`HandleReturnParameter`, `HandleOutputDictionary`).
fn returned_for<'a>(
    binding: &Binding,
    bindings: &[Binding],
    outcome: &'a Outcome,
) -> Option<&'a Value> {
    let mut outputs = bindings.iter().filter(|binding| binding.output);
    if binding.name == RETURN {
        Some(&outcome.return_value)
    } else if outputs.any(|binding| binding.name == RETURN) {
        None
    } else {
        let members = outcome.return_value.as_object();
        members.and_then(|members| members.get(&binding.name))
    }
}

/// The outputs with a value that are not HTTP responses.
pub(super) fn others<'a>(
    bindings: &'a [Binding],
    outcome: &'a Outcome,
) -> impl Iterator<Item = (&'a Binding, &'a Value)> {
    let outputs = bindings
        .iter()
        .filter(|binding| binding.output && !binding.is_http_output());
    outputs.filter_map(|binding| {
        let member = || outcome.outputs.as_ref()?.get(&binding.name);
        let value = returned_for(binding, bindings, outcome).or_else(member)?;
        (!value.is_null()).then_some((binding, value))
    })
}

/// The HTTP output, if there is one with a value.
pub(super) fn http_with_value<'a>(
    bindings: &'a [Binding],
    outcome: &Outcome,
) -> Option<&'a Binding> {
    let binding = http_output(bindings)?;
    let has_value = match returned_for(binding, bindings, outcome) {
        Some(value) => !value.is_null(),
        // An object without members if there is none (see `response`).
        None => outcome.outputs.is_some(),
    };
    has_value.then_some(binding)
}

fn http_output(bindings: &[Binding]) -> Option<&Binding> {
    bindings.iter().find(|binding| binding.is_http_output())
}

/// The response of a function with these bindings.
pub(super) fn response(bindings: &[Binding], outcome: &Outcome) -> Result<Response<Body>, Failure> {
    let Some(binding) = http_output(bindings) else {
        return Ok(empty(StatusCode::OK));
    };
    let answer = match returned_for(binding, bindings, outcome) {
        Some(Value::Null) => return Ok(empty(StatusCode::OK)),
        Some(Value::String(text)) if binding.name == RETURN && !binding.is_binary => {
            base64(text).map_or_else(|| returned_text(text), Answer::of)
        }
        Some(Value::String(text)) => returned_text(text),
        Some(value) => returned(value),
        None => match &outcome.outputs {
            None => return Ok(empty(StatusCode::OK)),
            Some(outputs) => match outputs.get(&binding.name) {
                // The written value is an object without members.
                None => Answer::of(Content::Text("{}".to_owned())),
                Some(output) => output_object(output)?,
            },
        },
    };
    answer.write()
}

/// The parts of a response.
struct Answer {
    status: i64,
    headers: Map<String, Value>,
    content: Content,
}

enum Content {
    Bytes(Vec<u8>),
    Text(String),
}

impl Answer {
    fn of(content: Content) -> Self {
        Self {
            status: 200,
            headers: Map::new(),
            content,
        }
    }
}

fn unusable(what: &str) -> Failure {
    Failure::Answer(format!("its HTTP output has {what}"))
}

/// A member of `Outputs` (`GetHttpOutputBindingResponse`).
fn output_object(output: &Value) -> Result<Answer, Failure> {
    let parsed = match output {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        _ => Value::Null,
    };
    let members = output.as_object().or(parsed.as_object()).ok_or_else(|| {
        Failure::Answer(
            "its HTTP output is not an object with statusCode, headers, and body".to_owned(),
        )
    })?;
    let status = match member(members, "statusCode") {
        Some(Value::Object(_) | Value::Array(_)) => {
            return Err(unusable("a statusCode that is not a number"));
        }
        status => status.and_then(whole_number).unwrap_or(200),
    };
    let headers = match member(members, "headers") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(headers)) => headers.clone(),
        Some(_) => return Err(unusable("headers that are not an object")),
    };
    let body = member(members, "body").unwrap_or(&Value::Null);
    Ok(Answer {
        status,
        headers,
        content: Content::Text(token(body)),
    })
}

/// A returned text that is not base64 (`HttpBinding.CreateResult`).
fn returned_text(text: &str) -> Answer {
    match serde_json::from_str(text) {
        Ok(value) => returned(&value),
        Err(_) => Answer::of(Content::Text(text.to_owned())),
    }
}

/// A returned value that is not a text (`HttpBinding.ParseResponseObject`).
fn returned(value: &Value) -> Answer {
    let response = value
        .as_object()
        .and_then(|members| Some((members, member(members, "body")?)));
    let Some((members, body)) = response else {
        return Answer::of(Content::Text(token(value)));
    };
    let status = member(members, "statusCode").or_else(|| member(members, "status"));
    let headers = member(members, "headers").and_then(Value::as_object);
    Answer {
        status: status.and_then(whole_number).unwrap_or(200),
        headers: headers.cloned().unwrap_or_default(),
        content: Content::Text(member_of_return(body)),
    }
}

/// A whole number, or its text (`HttpBinding.TryParseStatusCode`).
fn whole_number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A value as .NET writes a JSON token.
fn token(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        // Writing to a string cannot fail.
        Value::Array(_) | Value::Object(_) => {
            serde_json::to_string_pretty(value).unwrap_or_default()
        }
        value => scalar_text(value).unwrap_or_default(),
    }
}

/// The body in a returned object, which .NET reads without its JSON types.
fn member_of_return(value: &Value) -> String {
    match value {
        Value::Object(_) => value.to_string(),
        Value::Array(_) => "System.Collections.Generic.List`1[System.Object]".to_owned(),
        value => token(value),
    }
}

/// The bytes of a text that `Convert.FromBase64String` accepts.
fn base64(text: &str) -> Option<Content> {
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    let digits: String = text
        .chars()
        .filter(|letter| !matches!(letter, ' ' | '\t' | '\r' | '\n'))
        .collect();
    ENGINE.decode(digits).ok().map(Content::Bytes)
}

impl Answer {
    fn write(self) -> Result<Response<Body>, Failure> {
        let mut response = empty(StatusCode::OK);
        *response.status_mut() = u16::try_from(self.status)
            .ok()
            .and_then(|code| StatusCode::from_u16(code).ok())
            .filter(|code| code.as_u16() >= 200)
            .ok_or_else(|| unusable(&format!("the impossible status {}", self.status)))?;
        for (name, value) in &self.headers {
            let header: HeaderName = name
                .parse()
                .map_err(|_| unusable(&format!("the header name {name:?}")))?;
            // The host frames the response itself.
            if header == header::CONTENT_LENGTH
                || header == header::TRANSFER_ENCODING
                || header == header::CONNECTION
            {
                continue;
            }
            let value = match value {
                Value::Null | Value::Array(_) | Value::Object(_) => None,
                value => token(value).parse().ok(),
            };
            let value = value.ok_or_else(|| unusable(&format!("an unusable value for {name}")))?;
            response.headers_mut().insert(header, value);
        }
        *response.body_mut() = match self.content {
            Content::Bytes(bytes) => whole(bytes),
            Content::Text(text) => {
                add_charset(&mut response);
                whole(text)
            }
        };
        Ok(response)
    }
}

/// Texts are UTF-8, and the response declares this, whatever their type (`StringOutputFormatter`).
fn add_charset(response: &mut Response<Body>) {
    let headers = response.headers_mut();
    let kind = match headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str) {
        None => "text/plain",
        Some(Ok(kind)) if !kind.to_ascii_lowercase().contains("charset=") => kind,
        Some(_) => return,
    };
    if let Ok(kind) = HeaderValue::from_str(&format!("{kind}; charset=utf-8")) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
}

#[cfg(test)]
#[path = "output_tests.rs"]
mod tests;

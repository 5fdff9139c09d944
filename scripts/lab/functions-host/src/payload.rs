//! HTTP in the JSON protocol: a request as a trigger's value, an output's value as an answer.

use base64::Engine;
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde_json::{Map, Value, json};

use super::app::Failure;
use super::body::Body;
use super::exchange::ACTIVITY_TIMEOUT;
use super::query;

/// Reads a client's body, in memory, while it goes on arriving.
pub(super) async fn read(body: Incoming, limit: u64) -> Result<Bytes, Failure> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut body = Limited::new(body, limit);
    let mut whole = BytesMut::new();
    loop {
        match tokio::time::timeout(ACTIVITY_TIMEOUT, body.frame()).await {
            Ok(None) => return Ok(whole.freeze()),
            Ok(Some(Ok(frame))) => whole.extend(frame.into_data()),
            Ok(Some(Err(error))) if error.is::<LengthLimitError>() => {
                return Err(Failure::TooLarge);
            }
            Ok(Some(Err(_))) | Err(_) => return Err(Failure::Client),
        }
    }
}

/// A member by name in any case, as Newtonsoft reads them.
pub(super) fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).or_else(|| {
        members
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// Text as it is, everything else as JSON.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The request as the `httpTrigger` value.
pub(super) fn http_value(
    parts: &Parts,
    path: &str,
    values: &[(String, String)],
    body: Option<Bytes>,
) -> Value {
    let query: Map<_, _> = query::parameters(parts.uri.query().unwrap_or_default())
        .into_iter()
        .map(|(name, value)| (name, Value::String(value)))
        .collect();
    let mut headers = Map::new();
    for name in parts.headers.keys() {
        let values: Vec<_> = parts
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        headers.insert(canonical(name), values.into());
    }
    let host = parts
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let search = parts
        .uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let mut value = json!({
        "Url": format!("http://{host}{path}{search}"),
        "Method": parts.method.as_str(),
        "Query": query,
        "Headers": headers,
        "Identities": [],
    });
    if !values.is_empty() {
        let params: Map<_, _> = values
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        value["Params"] = params.into();
    }
    if let Some(body) = body {
        let media_type = parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let binary = ["application/octet-stream", "multipart/"]
            .iter()
            .any(|kind| media_type.starts_with(kind));
        value["Body"] = if binary {
            base64::engine::general_purpose::STANDARD
                .encode(&body)
                .into()
        } else {
            String::from_utf8_lossy(&body).into()
        };
    }
    value
}

/// `Content-Type` for `content-type`: the spelling most clients send and handlers written for the real host look for.
fn canonical(name: &HeaderName) -> String {
    name.as_str()
        .split('-')
        .map(|word| {
            word[..1.min(word.len())].to_ascii_uppercase() + word.get(1..).unwrap_or_default()
        })
        .collect::<Vec<_>>()
        .join("-")
}

/// The value of an `http` output binding as an HTTP answer.
pub(super) fn answer(value: Value) -> Result<Response<Body>, Failure> {
    let mut response = Response::new(Body::EMPTY);
    let wrong = |what: &str| Failure::Answer(format!("its HTTP output has {what}"));
    let Value::Object(members) = value else {
        set_body(&mut response, &value);
        return Ok(response);
    };
    if !["body", "headers", "status", "statusCode"]
        .iter()
        .any(|name| member(&members, name).is_some())
    {
        set_body(&mut response, &Value::Object(members));
        return Ok(response);
    }
    if let Some(status) = member(&members, "statusCode").or_else(|| member(&members, "status")) {
        let code = match status {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        *response.status_mut() = code
            .and_then(|code| u16::try_from(code).ok())
            .and_then(|code| StatusCode::from_u16(code).ok())
            .filter(|code| code.as_u16() >= 200)
            .ok_or_else(|| wrong(&format!("the impossible status {status}")))?;
    }
    if let Some(Value::Object(headers)) = member(&members, "headers") {
        for (name, value) in headers {
            let name: HeaderName = name
                .parse()
                .map_err(|_| wrong(&format!("the header name {name:?}")))?;
            // The host frames the answer itself.
            if name == header::CONTENT_LENGTH
                || name == header::TRANSFER_ENCODING
                || name == header::CONNECTION
            {
                continue;
            }
            let value = plain(value)
                .parse()
                .map_err(|_| wrong(&format!("an unusable value for {name}")))?;
            response.headers_mut().insert(name, value);
        }
    }
    if let Some(body) = member(&members, "body").filter(|body| !body.is_null()) {
        set_body(&mut response, body);
    }
    Ok(response)
}

fn set_body(response: &mut Response<Body>, value: &Value) {
    if value.is_null() {
        return;
    }
    let media_type = if value.is_string() {
        "text/plain; charset=utf-8"
    } else {
        "application/json; charset=utf-8"
    };
    response
        .headers_mut()
        .entry(header::CONTENT_TYPE)
        .or_insert(HeaderValue::from_static(media_type));
    *response.body_mut() = Body::from(plain(value));
}

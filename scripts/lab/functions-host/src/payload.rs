//! A request in the JSON protocol.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderName, HeaderValue, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde_json::{Map, Value, json};

use super::app::Failure;
use super::exchange::ACTIVITY_TIMEOUT;
use super::function::{Binding, Level};
use super::json::scalar_text;
use super::{header_names, path, query};

/// Reads a client's body into memory.
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

/// A request for the JSON protocol.
pub(super) struct Received<'a> {
    pub(super) parts: &'a Parts,
    /// Decoded.
    pub(super) path: &'a str,
    /// Values of the route; `None` for an absent optional one.
    pub(super) values: &'a [(&'a str, Option<&'a str>)],
    /// Only if the request has a length.
    pub(super) body: Option<&'a Bytes>,
    /// The level of its key.
    pub(super) level: Level,
}

impl Received<'_> {
    /// The request as the `httpTrigger` value (`HttpRequestExtensions.cs`, `GetRequestAsJObject`).
    pub(super) fn value(&self) -> Value {
        let Self { parts, .. } = self;
        let headers: Map<_, _> = parts
            .headers
            .keys()
            .map(|name| {
                (
                    header_names::passed_on(name, parts),
                    self.lines(name).into(),
                )
            })
            .collect();
        let host = parts.headers.get(header::HOST).map_or("", text);
        let search = match parts.uri.query() {
            Some(query) => format!("?{query}"),
            None => String::new(),
        };
        let parameters: Map<_, _> = self
            .values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        let query: Map<_, _> = self
            .query()
            .into_iter()
            .map(|parameter| (parameter.name, parameter.value.into()))
            .collect();
        let mut value = json!({
            "Url": format!("http://{host}{}{search}", path::escape(self.path)),
            "Method": parts.method.as_str(),
            "Query": query,
            "Headers": headers,
            "Params": parameters,
            "Identities": [identity(self.level)],
        });
        if let Some(body) = self.body {
            value["Body"] = if self.is_binary() {
                STANDARD.encode(body).into()
            } else {
                String::from_utf8_lossy(body).into()
            };
        }
        value
    }

    /// The binding data of a function: members of the body, parameters of query and route, the whole query, all
    /// headers (`HttpTriggerAttributeBindingProvider.cs`, `GetRequestBindingDataAsync`).
    pub(super) fn metadata(&self) -> Map<String, Value> {
        let mut data = BindingData::default();
        for (name, value) in self.members() {
            data.set(&name, Some(bound(&value)));
        }
        let query = self.query();
        for parameter in &query {
            if !parameter.name.eq_ignore_ascii_case("code") {
                data.set(&parameter.name, Some(quoted(&parameter.value)));
            }
        }
        for (name, value) in self.values {
            data.set(name, value.map(quoted));
        }
        let query: Map<_, _> = query
            .into_iter()
            .map(|parameter| (parameter.name, parameter.last.into()))
            .collect();
        data.add("Query", query.into());
        let headers: Map<_, _> = self
            .parts
            .headers
            .keys()
            .map(|name| {
                (
                    header_names::passed_on(name, self.parts),
                    self.lines(name).join(",").into(),
                )
            })
            .collect();
        data.add("Headers", headers.into());
        data.members
    }

    fn query(&self) -> Vec<query::Parameter> {
        query::parameters(self.parts.uri.query().unwrap_or_default())
    }

    /// The values of a header.
    fn lines(&self, name: &HeaderName) -> Vec<String> {
        let values = self.parts.headers.get_all(name).iter();
        values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect()
    }

    /// Whether the body is passed on in base64 (`Utility.cs`, `IsMediaTypeOctetOrMultipart`).
    fn is_binary(&self) -> bool {
        let kind = self
            .parts
            .headers
            .get(header::CONTENT_TYPE)
            .map_or("", text);
        let essence = kind.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/octet-stream")
            || essence.to_ascii_lowercase().contains("multipart/")
    }

    /// The members of a body that is a JSON object, whatever its content type.
    fn members(&self) -> Map<String, Value> {
        self.body
            .filter(|body| body.trim_ascii_start().starts_with(b"{"))
            .and_then(|body| serde_json::from_slice(body).ok())
            .unwrap_or_default()
    }
}

/// Members whose names are compared without case.
#[derive(Default)]
struct BindingData {
    members: Map<String, Value>,
    /// By the name in lower case: the name in `members`.
    names: HashMap<String, String>,
}

impl BindingData {
    /// Sets a member, or removes it. The trigger's own members are already in the data.
    fn set(&mut self, name: &str, value: Option<Value>) {
        let lower = name.to_lowercase();
        if lower.ends_with("trigger") {
            return;
        }
        let name = self.names.entry(lower).or_insert_with(|| name.to_owned());
        match value.filter(|value| !value.is_null()) {
            Some(value) => drop(self.members.insert(name.clone(), value)),
            None => drop(self.members.remove(name)),
        }
    }

    /// Sets a member unless one with this name exists.
    fn add(&mut self, name: &str, value: Value) {
        if !self.names.contains_key(&name.to_lowercase()) {
            self.set(name, Some(value));
        }
    }
}

/// A member of a JSON body as it is bound and then written: objects unchanged, all other values as JSON within JSON
/// (`Utility.cs`, `ConvertPropertyValue`; `ScriptInvocationContextExtensions.cs`,
/// `GetHttpScriptInvocationContextValue`).
fn bound(value: &Value) -> Value {
    match value {
        Value::Null | Value::Object(_) => value.clone(),
        Value::Array(_) => value.to_string().into(),
        value => quoted(&scalar_text(value).unwrap_or_default()),
    }
}

/// Text as the value of a trigger, and the binding data of a function with it.
///
/// The value is JSON within JSON, or base64 if the trigger expects bytes (`GetHttpScriptInvocationContextValue`). A
/// trigger that expects many values gets a list with one. The members of a JSON object are binding data, except lists
/// (`Utility.cs`, `ApplyBindingData`).
pub(super) fn of_text(text: &str, trigger: Option<&Binding>) -> (Value, Map<String, Value>) {
    let is_binary = trigger.is_some_and(|trigger| trigger.is_binary);
    let value = if is_binary {
        STANDARD.encode(text).into()
    } else {
        Value::from(text)
    };
    if trigger.is_some_and(|trigger| trigger.is_many) {
        return (json!([value]).to_string().into(), Map::new());
    }
    if is_binary {
        return (value, Map::new());
    }
    let mut data = BindingData::default();
    let members: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    for (name, value) in members.iter().filter(|(_, value)| !value.is_array()) {
        data.set(name, Some(bound(value)));
    }
    (quoted(text), data.members)
}

/// A text as JSON within JSON.
fn quoted(text: &str) -> Value {
    Value::from(text).to_string().into()
}

fn text(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

/// The identity of a request after authentication (`CliAuthenticationHandler.cs` of Core Tools,
/// `AuthenticationLevelHandler.cs`), with the claim for its level.
fn identity(level: Level) -> Value {
    let claim = |level: &str| {
        json!({
            "Issuer": "LOCAL AUTHORITY",
            "OriginalIssuer": "LOCAL AUTHORITY",
            "Properties": {},
            "Type": "http://schemas.microsoft.com/2017/07/functions/claims/authlevel",
            "Value": level,
            "ValueType": "http://www.w3.org/2001/XMLSchema#string",
        })
    };
    let claims = match level {
        Level::Anonymous => Vec::new(),
        Level::Function => vec![claim("Function")],
        Level::Admin => vec![claim("Admin")],
    };
    let is_known = !claims.is_empty();
    json!({
        "AuthenticationType": is_known.then_some("WebJobsAuthLevel"),
        "IsAuthenticated": is_known,
        "Actor": null,
        "BootstrapContext": null,
        "Claims": claims,
        "Label": null,
        "Name": null,
        "NameClaimType": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "RoleClaimType": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
    })
}

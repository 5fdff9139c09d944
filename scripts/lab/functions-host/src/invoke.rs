//! The JSON protocol: every function that is not plain HTTP, every function when proxying is off,
//! and the warm-up (`DefaultHttpWorkerService.cs`, `ScriptInvocationContextExtensions.cs`).

use std::sync::Arc;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde::Serialize;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::app::{App, Failure, HOST_VERSION, HOST_VERSION_HEADER, INVOCATION_HEADER};
use super::backends::{Admission, Backend};
use super::body::Body;
use super::calendar::in_ticks;
use super::detached::detached;
use super::dispatch::{self, To};
use super::exchange::Exchange;
use super::function::{Function, Trigger};
use super::json::member;
use super::output::{self, Outcome};
use super::payload::{self, Received};
use super::request_body::RequestBody;
use super::route::Route;
use super::trace_context::{TRACEPARENT, traceparent};
use super::unsupported;

/// The present time of the calendar.
type Now<'a> = &'a (dyn Fn() -> OffsetDateTime + Sync);

/// Responds to an HTTP request with the JSON protocol.
pub(crate) async fn http(
    app: &Arc<App>,
    route: &Route,
    path: &str,
    request: Request<Incoming>,
    admission: Option<Admission>,
) -> Result<Response<Body>, Failure> {
    let index = route.function;
    let function = &app.table.functions[index];
    let (parts, incoming) = request.into_parts();
    let has_length = parts.headers.contains_key(header::CONTENT_LENGTH);
    let body = payload::read(incoming, app.settings.body_limit).await?;
    // A body without a length is not passed on in this protocol (HttpRequestExtensions.cs).
    let body = has_length.then_some(body).filter(|body| !body.is_empty());
    let received = Received {
        parts: &parts,
        path,
        values: &route.template.values(path),
        body: body.as_ref(),
        level: app
            .access
            .level(&parts.headers, parts.uri.query(), Some(&function.name)),
    };
    let data = input(function, received.value());
    let metadata = received.metadata();
    let trace = traceparent(&parts.headers);
    // The other values hold the needed parts, and the invocation may take long.
    drop(body);
    let shared = Arc::clone(app);
    let outcome = detached(app, index, async move {
        let app = &*shared;
        let function = &app.table.functions[index];
        let invocation = Invocation {
            function,
            data,
            metadata,
            trace,
        };
        let to = To::Any(&app.backends, admission.as_ref());
        invoke(app, to, invocation, &OffsetDateTime::now_utc).await
    })
    .await?;
    output::response(&function.bindings, &outcome)
}

/// Calls the warm-up function of one process, which may not take other requests yet.
///
/// # Errors
/// A short reason. The call may take no longer than a start.
pub async fn warm_up_process(app: &App, backend: &Arc<Backend>) -> Result<(), String> {
    let Some(function) = app.table.warmup() else {
        return Ok(());
    };
    let limit = app.settings.handler.initialization_timeout;
    match tokio::time::timeout(limit, warm_up(app, To::One(backend), function)).await {
        Ok(outcome) => outcome.map_err(|failure| failure.to_string()),
        Err(_) => Err(format!("no answer within {limit:?}")),
    }
}

/// Calls the warm-up function.
pub(crate) async fn warm_up(app: &App, to: To<'_>, function: &Function) -> Result<(), Failure> {
    let value = (json!({}), Map::new());
    run(app, to, function, value, &OffsetDateTime::now_utc).await
}

/// Runs a function without an HTTP trigger, with this value of its trigger. Its handler gets the time of `now`.
pub(crate) async fn run(
    app: &App,
    to: To<'_>,
    function: &Function,
    (value, metadata): (Value, Map<String, Value>),
    now: Now<'_>,
) -> Result<(), Failure> {
    let invocation = Invocation {
        function,
        data: input(function, value),
        metadata,
        trace: None,
    };
    invoke(app, to, invocation, now).await.map(drop)
}

/// The data of an invocation: the value of its trigger.
fn input(function: &Function, value: Value) -> Map<String, Value> {
    Map::from_iter([(function.trigger_name.clone(), value)])
}

/// An invocation, before its repetitions.
struct Invocation<'a> {
    function: &'a Function,
    data: Map<String, Value>,
    metadata: Map<String, Value>,
    /// `traceparent`, if a request caused it.
    trace: Option<HeaderValue>,
}

/// The data for a handler (`HttpScriptInvocationContext.cs`). It is borrowed, because a body is large and there are
/// repetitions.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Payload<'a> {
    data: &'a Map<String, Value>,
    metadata: &'a Map<String, Value>,
}

/// The host's metadata of an invocation (`SystemBindingData.cs` of azure-webjobs-sdk), as Newtonsoft.Json writes it.
fn system_data(function: &Function, now: OffsetDateTime) -> Value {
    json!({
        "MethodName": function.name,
        "UtcNow": in_ticks(now).to_string(),
        "RandGuid": uuid::Uuid::new_v4().to_string(),
    })
}

/// One invocation with its repetitions.
async fn invoke(
    app: &App,
    to: To<'_>,
    invocation: Invocation<'_>,
    now: Now<'_>,
) -> Result<Outcome, Failure> {
    let Invocation {
        function,
        data,
        mut metadata,
        trace,
    } = invocation;
    let mut count = 0;
    let mut last = None;
    loop {
        metadata.insert("sys".to_owned(), system_data(function, now()));
        if let Some(retry) = &function.retry {
            let exception = last
                .take()
                .map(|message: String| json!({ "Message": message }));
            metadata.insert(
                "RetryContext".to_owned(),
                json!({ "RetryCount": count, "MaxRetryCount": retry.limit, "Exception": exception }),
            );
        }
        let payload = Payload {
            data: &data,
            metadata: &metadata,
        };
        let called = call(app, to, function, &payload, trace.as_ref()).await;
        let failure = match called.and_then(|outcome| with_request(function, outcome)) {
            Ok(outcome) => {
                log_outputs(app, function, &outcome)?;
                return Ok(outcome);
            }
            Err(failure) => failure,
        };
        match &function.retry {
            // There are no repetitions on an instance that has ended.
            Some(retry)
                if count < retry.limit
                    && !matches!((to, &failure), (To::Instance(..), Failure::Unavailable(_))) =>
            {
                count += 1;
                app.console.warn(format_args!(
                    "{} failed: {failure}; retry {count} of {}",
                    function.name, retry.limit
                ));
                last = Some(failure.to_string());
                tokio::time::sleep(retry.delay(count)).await;
            }
            _ => return Err(failure),
        }
    }
}

/// An HTTP output requires the request of an HTTP trigger (`HttpBinding.cs`, `BindAsync`).
fn with_request(function: &Function, outcome: Outcome) -> Result<Outcome, Failure> {
    let is_http = matches!(function.trigger, Trigger::Http(_));
    match output::http_with_value(&function.bindings, &outcome) {
        Some(binding) if !is_http => Err(Failure::Answer(format!(
            "it has a value for the HTTP output {}, but without an httpTrigger there is no request to answer",
            binding.name
        ))),
        _ => Ok(outcome),
    }
}

/// Logs the outputs, which are not delivered. With `--strict`, they make the invocation fail.
fn log_outputs(app: &App, function: &Function, outcome: &Outcome) -> Result<(), Failure> {
    let mut last = None;
    for (binding, value) in output::others(&function.bindings, outcome) {
        app.console.warn(format_args!(
            "The output {} ({}) of {} is not delivered: {}",
            binding.name,
            binding.kind,
            function.name,
            unsupported::shown(value)
        ));
        last = Some(binding);
    }
    match last {
        Some(binding) if app.is_strict => Err(Failure::Undelivered(binding.name.clone())),
        _ => Ok(()),
    }
}

/// One `POST /<function>`.
async fn call(
    app: &App,
    to: To<'_>,
    function: &Function,
    payload: &Payload<'_>,
    trace: Option<&HeaderValue>,
) -> Result<Outcome, Failure> {
    let exchange = Exchange::start(app.settings.function_timeout, app.settings.body_limit, None);
    let body = serde_json::to_vec(payload).map_err(|error| Failure::Answer(error.to_string()))?;
    let id = uuid::Uuid::new_v4().to_string();
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(format!("/{}", function.name))
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header(header::CONTENT_LENGTH, body.len())
        .header(
            header::USER_AGENT,
            format!("Azure-Functions-Host/{HOST_VERSION}"),
        )
        .header(HOST_VERSION_HEADER, HOST_VERSION)
        .header(INVOCATION_HEADER, id)
        .body(RequestBody::Left(body.into()))
        .map_err(|error| Failure::Answer(error.to_string()))?;
    if let Some(trace) = trace {
        request.headers_mut().insert(TRACEPARENT, trace.clone());
    }
    let (parts, body) = dispatch::exchange_whole(to, request, &exchange).await?;
    let media_type = parts.headers.get(header::CONTENT_TYPE);
    let (outcome, logs) = outcome(parts.status, media_type, &body)?;
    for line in logs.iter().flat_map(|text| text.lines()) {
        match to {
            To::Any(..) | To::Instance(..) => app.console.invocation(&function.name, line),
            // No user requested this call.
            To::One(_) => app.console.debug(line),
        }
    }
    Ok(outcome)
}

/// Reads a response: the result and the user's log lines. As in the host, logs of a failed response are lost.
fn outcome(
    status: StatusCode,
    media_type: Option<&HeaderValue>,
    body: &[u8],
) -> Result<(Outcome, Vec<String>), Failure> {
    if !status.is_success() {
        return Err(Failure::Status(status));
    }
    if body.is_empty() {
        return Err(Failure::Null);
    }
    let media_type = media_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !["application/json", "text/json"]
        .iter()
        .any(|json| essence.eq_ignore_ascii_case(json))
    {
        return Err(Failure::Answer(format!(
            "its content type is {media_type:?}, not application/json"
        )));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Null) => Err(Failure::Null),
        Ok(Value::Object(members)) => {
            let outputs = match member(&members, "Outputs") {
                None | Some(Value::Null) => None,
                Some(Value::Object(outputs)) => Some(outputs.clone()),
                Some(_) => return Err(Failure::Answer("its Outputs are not an object".to_owned())),
            };
            let return_value = member(&members, "ReturnValue").cloned().unwrap_or_default();
            let outcome = Outcome {
                outputs,
                return_value,
            };
            Ok((outcome, logs(member(&members, "Logs"))?))
        }
        Ok(_) => Err(Failure::Answer("it is JSON, but not an object".to_owned())),
        Err(error) => Err(Failure::Answer(format!("it is not JSON: {error}"))),
    }
}

/// A list of texts. Numbers and booleans count as text.
fn logs(value: Option<&Value>) -> Result<Vec<String>, Failure> {
    let wrong = || Failure::Answer("its Logs are not a list of texts".to_owned());
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(lines)) => lines
            .iter()
            .map(|line| match line {
                Value::Null => Ok(String::new()),
                Value::String(text) => Ok(text.clone()),
                Value::Bool(_) | Value::Number(_) => Ok(line.to_string()),
                Value::Array(_) | Value::Object(_) => Err(wrong()),
            })
            .collect(),
        Some(_) => Err(wrong()),
    }
}

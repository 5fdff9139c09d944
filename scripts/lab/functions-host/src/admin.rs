//! The host's own endpoints, which no function can take over.
//!
//! | endpoint | key | answers |
//! | --- | --- | --- |
//! | `GET`, `POST /admin/host/ping` | none | 200, empty |
//! | `GET /admin/host/status` | master | state, version, uptime |
//! | `GET /admin/functions`, `/admin/functions/{name}` | master | what is loaded |
//! | `POST /admin/functions/{name}` | master | 202 and runs it in the background |
//! | any verb `/admin/warmup` | none | runs the warm-up function, once per host process |
//! | `/runtime/health`, `/runtime/health/live`, `/runtime/health/ready` | none | whether the host runs |
//! | `/admin/lab` | none | what the caller of [`answer`] adds: a page without data; not in Azure |
//! | `/admin/lab/...` | master | what the caller of [`answer`] adds; not in Azure |

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::app::{App, HOST_VERSION};
use super::body::Body;
use super::dispatch::To;
use super::function::{Function, Level, Trigger};
use super::json::member;
use super::response::{empty, json_response, refusal};
use super::{health, invoke, payload};

/// The longest body that is read: the input of a function run by hand, or a rule file for the fleet.
const BODY_LIMIT: u64 = 1024 * 1024;

/// Whether a path belongs to the host; case does not matter.
pub(crate) fn owns(path: &str) -> bool {
    let first = path
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default();
    first.eq_ignore_ascii_case("admin") || first.eq_ignore_ascii_case("runtime")
}

/// Whether a path of the host needs no key: ping, health, and the page of the fleet, which contains no data.
pub(crate) fn is_public(path: &str) -> bool {
    let path = path.trim_matches('/').to_ascii_lowercase();
    ["admin/host/ping", "admin/lab"].contains(&path.as_str()) || path.starts_with("runtime/health")
}

/// A request to `/admin/lab`, or to an endpoint below it.
pub struct LabRequest {
    /// The request's method.
    pub method: Method,
    /// The path below `/admin/lab`, in lower case.
    pub segments: Vec<String>,
    /// As it was sent.
    pub query: Option<String>,
    /// All of it, 1 MiB at most.
    pub body: Bytes,
}

/// Answers a request to one of the host's paths. `/admin/lab` goes to `lab`, and what is below it, once the key was checked.
pub(crate) async fn answer<R: Future<Output = Response<Body>>>(
    app: &Arc<App>,
    path: &str,
    request: Request<Incoming>,
    lab: impl FnOnce(LabRequest) -> R,
) -> Response<Body> {
    let lower = path.to_ascii_lowercase();
    let segments: Vec<&str> = lower.trim_matches('/').split('/').collect();
    let method = request.method().clone();
    let level = app
        .access
        .level(request.headers(), request.uri().query(), None);
    let admin = level >= Level::Admin;
    let is_running = !app.backends.closed();
    if let Some(answer) = health::answer(&segments, request.uri().query(), is_running) {
        return uncached(answer);
    }
    match (&method, segments.as_slice()) {
        (&Method::GET | &Method::POST, ["admin", "host", "ping"]) => ping(),
        (_, ["admin", "warmup"]) => warm_up(app).await,
        (
            &Method::GET,
            ["admin", "host", "status"] | ["admin", "functions"] | ["admin", "functions", _],
        )
        | (&Method::POST, ["admin", "functions", _])
        | (_, ["admin", "lab", _, ..])
            if !admin =>
        {
            empty(StatusCode::UNAUTHORIZED)
        }
        (&Method::GET, ["admin", "host", "status"]) => {
            let is_closed = app.backends.closed();
            let state = if is_closed { "Error" } else { "Running" };
            json_response(StatusCode::OK, &status(&app.id, app.started, state))
        }
        (&Method::GET, ["admin", "functions"]) => {
            let functions = app.table.functions.iter();
            let described: Value = functions.map(|function| describe(app, function)).collect();
            json_response(StatusCode::OK, &described)
        }
        (&Method::GET, ["admin", "functions", name]) => match app.table.named(name) {
            Some(index) => {
                json_response(StatusCode::OK, &describe(app, &app.table.functions[index]))
            }
            None => empty(StatusCode::NOT_FOUND),
        },
        (&Method::POST, ["admin", "functions", name]) => run(app, name, request).await,
        (_, ["admin", "lab", rest @ ..]) => {
            let rest = rest.iter().map(|&segment| segment.to_owned()).collect();
            let query = request.uri().query().map(str::to_owned);
            let body = match payload::read(request.into_body(), BODY_LIMIT).await {
                Ok(body) => body,
                Err(failure) => {
                    let reason = format!(
                        "The body cannot be read; send {} MiB at most",
                        BODY_LIMIT >> 20
                    );
                    return refusal(failure.status(), &reason);
                }
            };
            lab(LabRequest {
                method,
                segments: rest,
                query,
                body,
            })
            .await
        }
        _ => empty(StatusCode::NOT_FOUND),
    }
}

pub(super) fn ping() -> Response<Body> {
    uncached(empty(StatusCode::OK))
}

pub(super) fn uncached(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-store, no-cache"),
    );
    response
}

/// The status of the host process of this id (`HostStatus.cs`).
pub(super) fn status(id: &str, started: Instant, state: &str) -> Value {
    json!({
        "id": id,
        "state": state,
        "version": HOST_VERSION,
        "versionDetails": format!("{HOST_VERSION} (lab {})", env!("CARGO_PKG_VERSION")),
        "platformVersion": "",
        "instanceId": id,
        "computerName": "",
        "processUptime": u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "functionAppContentEditingState": "NotAllowed",
    })
}

/// `FunctionMetadataResponse.cs`.
fn describe(app: &App, function: &Function) -> Value {
    let base = &app.base_url;
    let name = &function.name;
    let invoke_url = app
        .table
        .route_of(function)
        .map(|route| format!("{base}/{}", route.text).to_ascii_lowercase());
    json!({
        "name": name,
        "script_root_path_href": format!("{base}/admin/vfs/{name}/"),
        "script_href": null,
        "config_href": format!("{base}/admin/vfs/{name}/function.json"),
        "test_data_href": null,
        "href": format!("{base}/admin/functions/{name}"),
        "invoke_url_template": invoke_url,
        "language": "Custom",
        "config": function.config,
        "files": null,
        "test_data": null,
        "isDisabled": function.disabled,
        "isDirect": false,
        "isProxy": false,
    })
}

/// `ScriptRouteHandler.cs`: once per host process, and 200 whether or not there is such a function.
async fn warm_up(app: &App) -> Response<Body> {
    let Some(function) = app.table.warmup() else {
        return empty(StatusCode::OK);
    };
    if app.warmed.swap(true, Ordering::AcqRel) {
        return empty(StatusCode::OK);
    }
    match invoke::warm_up(app, To::Any(&app.backends, None), function).await {
        Ok(()) => {
            app.console.debug("The warm-up function has run");
            empty(StatusCode::OK)
        }
        Err(failure) => {
            app.report(function, &failure);
            empty(failure.status())
        }
    }
}

/// `FunctionsController.cs`.
async fn run(app: &Arc<App>, name: &str, request: Request<Incoming>) -> Response<Body> {
    let Some(index) = app.table.named(name) else {
        return empty(StatusCode::NOT_FOUND);
    };
    let body = match payload::read(request.into_body(), BODY_LIMIT).await {
        Ok(body) => body,
        Err(failure) => {
            app.console.warn(format_args!(
                "POST /admin/functions/{name} was refused: {failure}; the most is {BODY_LIMIT} bytes"
            ));
            return empty(failure.status());
        }
    };
    let Some(input) = input(&body) else {
        app.console.warn(format_args!(
            "POST /admin/functions/{name} needs a body such as {{\"input\": \"...\"}}, where the input is text: write JSON \
             as a string"
        ));
        return empty(StatusCode::BAD_REQUEST);
    };
    let app = Arc::clone(app);
    // Runs in the background. It ends with functionTimeout or with the process.
    tokio::spawn(async move {
        let function = &app.table.functions[index];
        let to = To::Any(&app.backends, None);
        let value = match &function.trigger {
            Trigger::Http(_) => {
                return app.console.warn(format_args!(
                    "{} has an HTTP trigger; call its URL, here it has no request to answer",
                    function.name
                ));
            }
            // The input is ignored (TimerTriggerBinding.cs, BindAsync).
            Trigger::Timer(timer) => {
                let info = timer.info(app.timers.of(&function.name, timer), false);
                (info, Map::new())
            }
            Trigger::Warmup => (json!({}), Map::new()),
            Trigger::Other => payload::of_text(&input, function.trigger_binding()),
        };
        let outcome = invoke::run(&app, to, function, value, &OffsetDateTime::now_utc).await;
        if let Err(failure) = outcome {
            app.report(function, &failure);
        }
    });
    empty(StatusCode::ACCEPTED)
}

/// The input of a function run by hand (`FunctionInvocation.cs`). It is text; numbers and switches count as their text,
/// and an absent input as an empty one. None where the body holds no such input.
fn input(body: &[u8]) -> Option<String> {
    let members = serde_json::from_slice(body).ok()?;
    match member(&members, "input") {
        None | Some(Value::Null) => Some(String::new()),
        Some(Value::String(text)) => Some(text.clone()),
        Some(value @ (Value::Bool(_) | Value::Number(_))) => Some(value.to_string()),
        Some(Value::Array(_) | Value::Object(_)) => None,
    }
}

//! `GET /api/stress`, `POST /api/stress`, `DELETE /api/stress`

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::error::Problem;
use super::query::Query;
use super::{App, Error};
use crate::domain::{
    MAX_INTENSITY, MIN_SECONDS, Moment, OrderKind, StressPlan, UNWAITED_MAX_SECONDS,
};
use crate::store::{STATEMENT_DEADLINE, within};
use crate::stress::{Busy, Outcome};

pub(super) const PATH: &str = "/api/stress";

const DEFAULT_SECONDS: f64 = 10.0;

/// What a caller asks for, before it is checked as a whole.
#[derive(Default, ToSchema)]
#[expect(dead_code, reason = "the schema describes what `read_body` reads")]
struct StressRequest {
    /// Seconds, fractions allowed. At most `STRESS_MAX_SECONDS` (120) when waited for.
    #[schema(minimum = 0.1, maximum = 3600, default = 10, nullable = false)]
    duration: Option<f64>,
    /// SHA-512 hashes per second wanted on an instance; all it has if absent.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_000_i64, nullable = false)]
    intensity: Option<i64>,
    /// Answer at the end of the run, and end the run when the caller leaves.
    #[schema(default = true, nullable = false)]
    wait: Option<bool>,
    /// One instance, or all of them; the latter only when not waited for.
    #[schema(pattern = "^(instance|fleet)$", default = "instance", nullable = false)]
    scope: Option<String>,
}

/// A run that is over.
#[derive(Serialize, ToSchema)]
struct StressResult {
    /// `completed`, or `stopped` when it was ended before its time.
    #[schema(pattern = "^(completed|stopped)$")]
    status: &'static str,
    /// How long it took.
    #[schema(minimum = 0)]
    duration_seconds: f64,
    /// The same, under its other name.
    #[schema(minimum = 0)]
    duration: f64,
    /// SHA-512 hashes made.
    #[schema(minimum = 0)]
    operations: u64,
    /// The instance that ran it.
    instance_id: String,
    /// When it ended.
    #[schema(format = DateTime)]
    timestamp: String,
}

/// A run nobody waits for.
#[derive(Serialize, ToSchema)]
struct StressStarted {
    /// `started`
    status: &'static str,
    /// Names the run, or the order to the fleet.
    stress_id: String,
    /// `instance` or `fleet`.
    scope: &'static str,
    /// How long it will last.
    #[schema(minimum = 0)]
    duration: f64,
    /// The instance that answers.
    instance_id: String,
    /// When it began.
    #[schema(format = DateTime)]
    timestamp: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Instance,
    Fleet,
}

/// A checked request.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    plan: StressPlan,
    wait: bool,
    scope: Scope,
}

/// Put CPU load on an instance or on the fleet
///
/// One run at a time per instance. Without a body and without a content type all members have their defaults.
#[utoipa::path(
    post, path = "/api/stress", operation_id = "Stress", tag = "load",
    request_body(content = StressRequest, description = "Unknown members are ignored", content_type = "application/json"),
    responses(
        (status = 200, description = "The run is over", body = StressResult),
        (status = 202, description = "The run has begun, or the order is given", body = StressStarted),
        (status = 400, description = "The body is no JSON object, or could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The Functions host asks for a key (empty body)"),
        (status = 408, description = "The body did not arrive in time", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not labelled as JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A member has a value it may not have", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "A run is under way", body = Problem, content_type = "application/problem+json", headers(("Retry-After" = u32, description = "Seconds until it is over"))),
        (status = 503, description = "The order cannot be given: the database is not available", body = Problem, content_type = "application/problem+json"),
    ),
    security(("function_key" = []), ("function_code" = []))
)]
pub(super) async fn by_body(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let members = read_body(&headers, &body)?;
    let longest = app.config.stress_max_seconds;
    let wanted = Wanted::check(
        number(&members, "duration")?,
        intensity(&members)?,
        members
            .get("wait")
            .map(|value| value.as_bool().ok_or_else(|| no_bool("wait")))
            .transpose()?,
        members
            .get("scope")
            .map(|value| scope(value.as_str().unwrap_or_default()))
            .transpose()?,
        longest,
    )?;
    run(app, wanted).await
}

/// Put CPU load on an instance or on the fleet, by query
#[utoipa::path(
    get, path = "/api/stress", operation_id = "StressByQuery", tag = "load",
    params(
        ("duration" = inline(Option<f64>), Query, description = "Seconds, fractions allowed [default: 10]", minimum = 0.1, maximum = 3600, nullable = false),
        ("intensity" = inline(Option<i64>), Query, description = "SHA-512 hashes per second wanted; all the instance has if absent", minimum = 1, maximum = 1_000_000_000_000_000_i64, nullable = false),
        ("wait" = inline(Option<bool>), Query, description = "Answer at the end of the run [default: true]", nullable = false),
        ("scope" = inline(Option<String>), Query, pattern = "^(instance|fleet)$", description = "instance or fleet [default: instance]", nullable = false),
    ),
    responses(
        (status = 200, description = "The run is over", body = StressResult),
        (status = 202, description = "The run has begun, or the order is given", body = StressStarted),
        (status = 400, description = "The body could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The Functions host asks for a key (empty body)"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter has a value it may not have", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "A run is under way", body = Problem, content_type = "application/problem+json", headers(("Retry-After" = u32, description = "Seconds until it is over"))),
        (status = 503, description = "The order cannot be given: the database is not available", body = Problem, content_type = "application/problem+json"),
    ),
    security(("function_key" = []), ("function_code" = []))
)]
pub(super) async fn by_query(State(app): State<App>, uri: Uri) -> Result<Response, Error> {
    let query = Query::of(&uri);
    let duration = query
        .value("duration")?
        .map(|text| text.parse().map_err(|_| no_number("duration")));
    let wait = query
        .value("wait")?
        .map(|text| text.parse().map_err(|_| no_bool("wait")));
    let wanted = Wanted::check(
        duration.transpose()?,
        query
            .whole("intensity", 1, MAX_INTENSITY as i64)?
            .map(i64::unsigned_abs),
        wait.transpose()?,
        query.value("scope")?.map(scope).transpose()?,
        app.config.stress_max_seconds,
    )?;
    run(app, wanted).await
}

/// How many runs were ended.
#[derive(Serialize, ToSchema)]
struct StressStopped {
    /// Runs ended on the answering instance; the others follow within one heartbeat.
    #[schema(minimum = 0)]
    stopped: usize,
    /// The instance that answers.
    instance_id: String,
}

/// End every stress run in the fleet
#[utoipa::path(
    delete, path = "/api/stress", operation_id = "StopStress", tag = "load",
    responses(
        (status = 200, description = "Ended here; the other instances follow within one heartbeat", body = StressStopped),
        (status = 400, description = "The body could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The Functions host asks for a key (empty body)"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Ended here, but the others cannot be told: the database is not available", body = Problem, content_type = "application/problem+json"),
    ),
    security(("function_key" = []), ("function_code" = []))
)]
pub(super) async fn stop(State(app): State<App>) -> Result<Response, Error> {
    let stopped = app.stress.stop(Moment::now()).await;
    let told = async {
        let store = app.database.store()?;
        within(
            STATEMENT_DEADLINE,
            store.place_order(Moment::now(), OrderKind::Stop),
        )
        .await
    };
    if let Err(error) = told.await {
        let Error::Unavailable(reason) = Error::from(error) else {
            return Err(Error::Status(StatusCode::INTERNAL_SERVER_ERROR));
        };
        return Err(Error::Unavailable(format!(
            "{stopped} run(s) ended on this instance, but the others could not be told: {reason}"
        )));
    }
    // An order that was taken up between the two began before the stop, and ends with it.
    let stopped = stopped + app.stress.stop(Moment::now()).await;
    Ok(Json(StressStopped {
        stopped,
        instance_id: app.instance.id.clone(),
    })
    .into_response())
}

/// Refuses HEAD, which would otherwise run the GET handler, and says which methods there are.
pub(super) async fn only_listed_methods(request: Request, next: Next) -> Response {
    let mut response = if request.method() == Method::HEAD {
        Error::Status(StatusCode::METHOD_NOT_ALLOWED).into_response()
    } else {
        next.run(request).await
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET, POST, DELETE"));
    }
    response
}

async fn run(app: App, wanted: Wanted) -> Result<Response, Error> {
    match (wanted.scope, wanted.wait) {
        (Scope::Fleet, _) => order(&app, wanted.plan).await,
        (Scope::Instance, true) => {
            let run = app.stress.start(wanted.plan)?;
            // A caller that leaves drops this future, and the run with it.
            let outcome = run.finished().await;
            Ok(Json(result(outcome, app.instance.id.clone())).into_response())
        }
        (Scope::Instance, false) => {
            let run = app.stress.start(wanted.plan)?;
            let stress_id = run.id().to_string();
            run.detach();
            Ok(started(&app, stress_id, "instance", wanted.plan))
        }
    }
}

/// Gives the fleet an order; this instance takes it up at once, the others at their next heartbeat.
async fn order(app: &App, plan: StressPlan) -> Result<Response, Error> {
    if let Some(remaining) = app.stress.remaining() {
        return Err(Error::Busy {
            retry_after: remaining,
        });
    }
    let store = app.database.store()?;
    let now = Moment::now();
    let newest = within(STATEMENT_DEADLINE, store.newest_order()).await?;
    if let Some(OrderKind::Run { ends, .. }) = newest.map(|order| order.kind)
        && ends > now
    {
        return Err(Error::Busy {
            retry_after: ends.since(now),
        });
    }
    let kind = OrderKind::Run {
        ends: now.later(plan.duration),
        intensity: plan.intensity,
    };
    let id = within(STATEMENT_DEADLINE, store.place_order(now, kind)).await?;
    app.order_given.notify_one();
    Ok(started(app, format!("fleet-{id}"), "fleet", plan))
}

fn started(app: &App, stress_id: String, scope: &'static str, plan: StressPlan) -> Response {
    let body = StressStarted {
        status: "started",
        stress_id,
        scope,
        duration: plan.duration.as_secs_f64(),
        instance_id: app.instance.id.clone(),
        timestamp: Moment::now().rfc3339(),
    };
    (StatusCode::ACCEPTED, Json(body)).into_response()
}

fn result(outcome: Outcome, instance_id: String) -> StressResult {
    let seconds = (outcome.took.as_secs_f64() * 1_000.0).round() / 1_000.0;
    StressResult {
        status: if outcome.stopped {
            "stopped"
        } else {
            "completed"
        },
        duration_seconds: seconds,
        duration: seconds,
        operations: outcome.operations,
        instance_id,
        timestamp: Moment::now().rfc3339(),
    }
}

impl From<Busy> for Error {
    fn from(busy: Busy) -> Self {
        Self::Busy {
            retry_after: busy.remaining,
        }
    }
}

impl Wanted {
    fn check(
        duration: Option<f64>,
        intensity: Option<u64>,
        wait: Option<bool>,
        scope: Option<Scope>,
        longest_waited: f64,
    ) -> Result<Self, Error> {
        let wait = wait.unwrap_or(true);
        let scope = scope.unwrap_or(Scope::Instance);
        if scope == Scope::Fleet && wait {
            let reason = "fleet cannot be waited for: set wait to false".to_owned();
            return Err(Error::Invalid {
                field: "scope",
                reason,
            });
        }
        let longest = if wait {
            longest_waited
        } else {
            UNWAITED_MAX_SECONDS
        };
        let seconds = duration.unwrap_or(DEFAULT_SECONDS.min(longest));
        // Also false for what is no number.
        if !(MIN_SECONDS..=longest).contains(&seconds) {
            let condition = if wait { " when it is waited for" } else { "" };
            let reason = format!("must be from {MIN_SECONDS} to {longest} seconds{condition}");
            return Err(Error::Invalid {
                field: "duration",
                reason,
            });
        }
        let plan = StressPlan {
            duration: Duration::from_secs_f64(seconds),
            intensity,
        };
        Ok(Self { plan, wait, scope })
    }
}

/// The members of the body; none when there is no body and no content type.
fn read_body(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Error> {
    let Some(content_type) = headers.get(CONTENT_TYPE) else {
        return if body.is_empty() {
            Ok(Map::new())
        } else {
            Err(Error::NotJson)
        };
    };
    let essence = content_type
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    let is_json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    if !is_json {
        return Err(Error::NotJson);
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Error::Malformed(
            "the body must be a JSON object".to_owned(),
        )),
        Err(error) => Err(Error::Malformed(format!(
            "the body is not JSON: line {}, column {}",
            error.line(),
            error.column()
        ))),
    }
}

fn number(members: &Map<String, Value>, name: &'static str) -> Result<Option<f64>, Error> {
    members
        .get(name)
        .map(|value| value.as_f64().ok_or_else(|| no_number(name)))
        .transpose()
}

/// An integer; `1e6` and `5.0` are integers too, as JSON Schema has it.
fn intensity(members: &Map<String, Value>) -> Result<Option<u64>, Error> {
    let Some(value) = members.get("intensity") else {
        return Ok(None);
    };
    let whole = |number: f64| (number.fract() == 0.0 && number >= 1.0).then_some(number as u64);
    let rate = value.as_u64().or_else(|| value.as_f64().and_then(whole));
    rate.filter(|rate| (1..=MAX_INTENSITY).contains(rate))
        .map(Some)
        .ok_or_else(|| Error::Invalid {
            field: "intensity",
            reason: format!("must be a whole number from 1 to {MAX_INTENSITY}"),
        })
}

fn scope(name: &str) -> Result<Scope, Error> {
    match name {
        "instance" => Ok(Scope::Instance),
        "fleet" => Ok(Scope::Fleet),
        _ => Err(Error::Invalid {
            field: "scope",
            reason: "must be \"instance\" or \"fleet\"".to_owned(),
        }),
    }
}

fn no_number(field: &'static str) -> Error {
    Error::Invalid {
        field,
        reason: "must be a number".to_owned(),
    }
}

fn no_bool(field: &'static str) -> Error {
    Error::Invalid {
        field,
        reason: "must be true or false".to_owned(),
    }
}

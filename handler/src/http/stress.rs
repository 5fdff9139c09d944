//! `GET /api/stress`, `POST /api/stress`, `DELETE /api/stress`

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::ALLOW;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::Problem;
use super::stress_request::{Scope, StressRequest, ValidRequest};
use super::{App, Error};
use crate::domain::{OrderKind, StressPlan, Timestamp};
use crate::store::{STATEMENT_DEADLINE, within};
use crate::stress::{Busy, Outcome};

pub(super) const PATH: &str = "/api/stress";

/// A finished run.
#[derive(Serialize, ToSchema)]
struct StressResult {
    /// `completed`, or `stopped` if it was ended early.
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

/// A started run.
#[derive(Serialize, ToSchema)]
struct StressStarted {
    /// `started`
    status: &'static str,
    /// The id of the run, or of the fleet command.
    stress_id: String,
    /// `instance` or `fleet`.
    scope: &'static str,
    /// How long it will last.
    #[schema(minimum = 0)]
    duration: f64,
    /// The instance that responds.
    instance_id: String,
    /// When it began.
    #[schema(format = DateTime)]
    timestamp: String,
}

/// Put CPU load on an instance or on the fleet
///
/// Each instance runs one at a time. Without a body and a content type, all members have their defaults.
#[utoipa::path(
    post, path = "/api/stress", operation_id = "Stress", tag = "load",
    request_body(content = StressRequest, description = "Unknown members are ignored", content_type = "application/json"),
    responses(
        (status = 200, description = "The run has ended", body = StressResult),
        (status = 202, description = "The run has begun, or the fleet command is given", body = StressStarted),
        (status = 400, description = "The body is not a JSON object, or could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The Functions host requires a key (empty body)"),
        (status = 408, description = "The body did not arrive in time", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not labelled as JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A member has an invalid value", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "A run is in progress", body = Problem, content_type = "application/problem+json", headers(("Retry-After" = u32, description = "Seconds until it ends"))),
        (status = 503, description = "The fleet command cannot be given: the database is not available", body = Problem, content_type = "application/problem+json"),
    ),
    security(("function_key" = []), ("function_code" = []))
)]
pub(super) async fn by_body(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let request = ValidRequest::from_body(&headers, &body, app.config.stress_max_seconds)?;
    run(app, request).await
}

/// Put CPU load on an instance or on the fleet, by query
#[utoipa::path(
    get, path = "/api/stress", operation_id = "StressByQuery", tag = "load",
    params(
        ("duration" = inline(Option<f64>), Query, description = "Seconds, fractions allowed [default: 10]", minimum = 0.1, maximum = 3600, nullable = false),
        ("intensity" = inline(Option<i64>), Query, description = "SHA-512 hashes per second; as many as possible if absent", minimum = 1, maximum = 1_000_000_000_000_000_i64, nullable = false),
        ("wait" = inline(Option<bool>), Query, description = "Respond at the end of the run [default: true]", nullable = false),
        ("scope" = inline(Option<String>), Query, pattern = "^(instance|fleet)$", description = "instance or fleet [default: instance]", nullable = false),
    ),
    responses(
        (status = 200, description = "The run has ended", body = StressResult),
        (status = 202, description = "The run has begun, or the fleet command is given", body = StressStarted),
        (status = 400, description = "The body could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The Functions host requires a key (empty body)"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter has an invalid value", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "A run is in progress", body = Problem, content_type = "application/problem+json", headers(("Retry-After" = u32, description = "Seconds until it ends"))),
        (status = 503, description = "The fleet command cannot be given: the database is not available", body = Problem, content_type = "application/problem+json"),
    ),
    security(("function_key" = []), ("function_code" = []))
)]
pub(super) async fn by_query(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, Error> {
    let request = ValidRequest::from_query(&uri, app.config.stress_max_seconds)?;
    run(app, request).await
}

/// How many runs were ended.
#[derive(Serialize, ToSchema)]
struct StressStopped {
    /// Runs ended on this instance; the others follow within one heartbeat.
    #[schema(minimum = 0)]
    stopped: usize,
    /// The instance that responds.
    instance_id: String,
}

/// End every stress run in the fleet
#[utoipa::path(
    delete, path = "/api/stress", operation_id = "StopStress", tag = "load",
    responses(
        (status = 200, description = "Ended on this instance; the others follow within one heartbeat", body = StressStopped),
        (status = 400, description = "The body could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The Functions host requires a key (empty body)"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Ended on this instance, but not on the others: the database is not available", body = Problem, content_type = "application/problem+json"),
    ),
    security(("function_key" = []), ("function_code" = []))
)]
pub(super) async fn stop(State(app): State<Arc<App>>) -> Result<Response, Error> {
    let stopped = app.stress.stop(Timestamp::now()).await;
    let sent = async {
        let store = app.database.store().await?;
        within(STATEMENT_DEADLINE, store.place_order(None)).await
    };
    if let Err(error) = sent.await {
        let Error::Unavailable(reason) = Error::from(error) else {
            return Err(Error::Status(StatusCode::INTERNAL_SERVER_ERROR));
        };
        return Err(Error::Unavailable(format!(
            "{stopped} run(s) ended on this instance, but the others could not be told: {reason}"
        )));
    }
    // Also ends a run that a fleet command started on this instance in the meantime.
    let stopped = stopped + app.stress.stop(Timestamp::now()).await;
    Ok(Json(StressStopped {
        stopped,
        instance_id: app.instance.id.clone(),
    })
    .into_response())
}

/// Refuses HEAD, which would otherwise call the GET handler, and lists the methods in `Allow`.
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

async fn run(app: Arc<App>, request: ValidRequest) -> Result<Response, Error> {
    match (request.scope, request.wait) {
        (Scope::Fleet, _) => command_fleet(&app, request.plan).await,
        (Scope::Instance, true) => {
            let run = app.stress.start(request.plan)?;
            // When the client disconnects, this future is dropped, and the run with it.
            let outcome = run.finished().await;
            Ok(Json(result(outcome, app.instance.id.clone())).into_response())
        }
        (Scope::Instance, false) => {
            let run = app.stress.start(request.plan)?;
            let stress_id = run.id().to_string();
            run.detach();
            Ok(started(&app, stress_id, "instance", request.plan))
        }
    }
}

/// Sends a command to the fleet. This instance starts at once, the others at their next heartbeat.
async fn command_fleet(app: &App, plan: StressPlan) -> Result<Response, Error> {
    if let Some(remaining) = app.stress.remaining() {
        return Err(Error::Busy {
            retry_after: remaining,
        });
    }
    let store = app.database.store().await?;
    let new_orders = within(STATEMENT_DEADLINE, store.orders(None)).await?;
    if let Some(OrderKind::Run { ends, .. }) = new_orders.orders.last().map(|order| order.kind)
        && ends > new_orders.now
    {
        return Err(Error::Busy {
            retry_after: ends.since(new_orders.now),
        });
    }
    let id = within(STATEMENT_DEADLINE, store.place_order(Some(plan))).await?;
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
        timestamp: Timestamp::now().rfc3339(),
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
        timestamp: Timestamp::now().rfc3339(),
    }
}

impl From<Busy> for Error {
    fn from(busy: Busy) -> Self {
        Self::Busy {
            retry_after: busy.remaining,
        }
    }
}

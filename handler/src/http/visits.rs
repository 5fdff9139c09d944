//! `POST /api/visit`, `GET /api/visits`

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::Problem;
use super::query::Query;
use super::{App, Error};
use crate::config::LISTEN_ADDRESS;
use crate::domain::{Arrival, IdempotencyKey, Visit, client_address};

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// A recorded visit.
#[derive(Serialize, ToSchema)]
struct RecordedVisit {
    message: &'static str,
    /// Increases with every visit; gaps are possible.
    #[schema(minimum = 1)]
    id: i64,
    /// When it was recorded.
    #[schema(format = DateTime)]
    timestamp: String,
    /// The number of visits up to this one.
    #[schema(minimum = 1)]
    total_visits: i64,
    /// The caller's own address, even if another caller used the key first; only a part of it is stored.
    ip: String,
    /// The instance that recorded it.
    instance_id: String,
}

/// Record a visit
///
/// Responds after the visit is durable. A body of up to 64 KiB is ignored.
#[utoipa::path(
    post, path = "/api/visit", operation_id = "RecordVisit", tag = "visits",
    params(("Idempotency-Key" = inline(Option<String>), Header, min_length = 1, max_length = 200, pattern = "^[!-~]+$", nullable = false,
        description = "1 to 200 visible ASCII characters. The same key within 24 hours, on any instance, returns the same visit, which is not counted again.")),
    responses(
        (status = 201, description = "The visit is recorded", body = RecordedVisit),
        (status = 200, description = "The key was used before; this is its visit", body = RecordedVisit),
        (status = 400, description = "The body could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The key is invalid", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available, or too many requests are in flight", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn record(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Error> {
    let _place = app.overload.admit_visit()?;
    let headers = request.headers();
    let key = idempotency_key(headers)?;
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let address = caller(&app, headers, peer.unwrap_or(LISTEN_ADDRESS));

    app.overload.work(app.config.visit_work).await?;
    let arrival = Arrival {
        ip_address: app.config.visitor_ip.apply(address),
        key,
    };
    let receipt = app.recorder.record(arrival).await?;

    let (status, message) = match receipt.replayed {
        false => (StatusCode::CREATED, "Visit registered"),
        true => (StatusCode::OK, "Visit already registered"),
    };
    let body = RecordedVisit {
        message,
        id: receipt.id,
        timestamp: receipt.recorded.rfc3339(),
        total_visits: receipt.total_visits,
        ip: address.to_string(),
        instance_id: receipt.instance_id,
    };
    Ok((status, Json(body)).into_response())
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Error> {
    let refused = |reason: &str| Error::Invalid {
        field: IDEMPOTENCY_KEY,
        reason: reason.to_owned(),
    };
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(refused("must be given only once")),
        (Some(value), None) => IdempotencyKey::parse(value.as_bytes())
            .map(Some)
            .map_err(refused),
    }
}

fn caller(app: &App, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
    // A header line that is not text contains no address, and ends the search like any other invalid entry.
    let lines = headers
        .get_all(&app.config.client_ip_header)
        .iter()
        .map(|value| value.to_str().unwrap_or("?"));
    client_address(lines, peer, &app.config.trusted_proxies)
}

/// A page of visits.
#[derive(Serialize, ToSchema)]
struct VisitList {
    /// The exact number of visits.
    #[schema(minimum = 0)]
    total_visits: i64,
    /// Newest first.
    #[schema(max_items = 100)]
    recent_visits: Vec<ListedVisit>,
    /// Pass it as `before` to get the next page; null on the last page.
    next_before: Option<i64>,
    /// The instance that responds.
    instance_id: String,
}

#[derive(Serialize, ToSchema)]
struct ListedVisit {
    /// Increases with every visit.
    #[schema(minimum = 1)]
    id: i64,
    /// When it was recorded.
    #[schema(format = DateTime)]
    timestamp: String,
    /// The stored part of the visitor's address; null if none is stored.
    ip_address: Option<String>,
    /// The instance that recorded it.
    instance_id: String,
}

/// List visits
///
/// Returns the exact total and the newest visits, from one snapshot. The cost does not grow with the number of visits.
#[utoipa::path(
    get, path = "/api/visits", operation_id = "ListVisits", tag = "visits",
    params(
        ("limit" = inline(Option<u8>), Query, description = "How many visits [default: 10]", minimum = 1, maximum = 100, nullable = false),
        ("before" = inline(Option<i64>), Query, description = "Only visits with smaller ids: `next_before` of the previous page", minimum = 1, nullable = false),
    ),
    responses(
        (status = 200, description = "A page of visits", body = VisitList),
        (status = 400, description = "The body could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter has an invalid value", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available, or too many requests are in flight", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, Error> {
    let _place = app.overload.admit_read()?;
    let query = Query::of(&uri);
    let limit = query.whole("limit", 1, 100)?.unwrap_or(10);
    let limit = u8::try_from(limit).expect("at most 100");
    let before = query.whole("before", 1, i64::MAX)?;

    let listing = app.reads.list(limit, before).await?;
    let body = listing.body(|listing| {
        let list = VisitList {
            total_visits: listing.total_visits,
            recent_visits: listing.visits.iter().map(ListedVisit::from).collect(),
            next_before: listing.next_before,
            instance_id: app.instance.id.clone(),
        };
        // A struct of strings and numbers always serialises.
        serde_json::to_vec(&list).unwrap_or_default().into()
    });
    let json = HeaderValue::from_static("application/json");
    Ok(([(CONTENT_TYPE, json)], body).into_response())
}

impl From<&Visit> for ListedVisit {
    fn from(visit: &Visit) -> Self {
        Self {
            id: visit.id,
            timestamp: visit.recorded.rfc3339(),
            ip_address: visit.ip_address.clone(),
            instance_id: visit.instance_id.clone(),
        }
    }
}

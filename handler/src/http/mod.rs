//! The HTTP interface: routes, layers, and what the handlers share.

use std::sync::Arc;
use std::time::Instant;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::routing::post;
use axum::{Router, middleware};
use tokio::sync::Notify;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::{Config, CorsOrigins};
use crate::fleet::{Lifecycle, Scaler, ShownRules};
use crate::observe::cpu_and_memory::Gauge;
use crate::observe::telemetry::Spans;
use crate::observe::traffic::Traffic;
use crate::store::{Database, Recorder, SharedReads};
use crate::stress::Stress;
use crate::tasks::Tasks;

mod accept;
mod body;
mod error;
mod exposition;
mod fleet;
mod listener;
mod openapi;
mod ops;
mod outer;
mod overload;
mod page;
mod prometheus;
mod query;
mod scaler;
mod span;
mod stream;
mod stress;
mod stress_request;
mod triggers;
mod visits;
mod writes;

pub use error::Error;
pub use listener::serve;
pub use openapi::Api;
pub use outer::INSTANCE_ID;
use outer::OuterService;
pub use overload::Overload;

/// The program's version, as `/health` shows it.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Smaller responses are not worth compressing.
const WORTH_COMPRESSING: u64 = 1_024;

/// What the handlers share.
#[derive(Debug)]
pub struct App {
    /// The settings.
    pub config: Config,
    /// This instance's name.
    pub instance: Instance,
    /// The store, once it is ready.
    pub database: Database,
    /// Reads visits and the fleet.
    pub reads: SharedReads,
    /// Writes visits.
    pub recorder: Recorder,
    /// The background tasks; `/health` reports one that has ended.
    pub tasks: Tasks,
    /// Runs stress runs.
    pub stress: Stress,
    /// Notified when this instance received a fleet command.
    pub order_given: Arc<Notify>,
    /// This instance's state in its life cycle.
    pub lifecycle: Lifecycle,
    /// The rules that scale the fleet.
    pub rules: ShownRules,
    /// What sets the number of instances, if the app does so itself.
    pub scaler: Option<Scaler>,
    /// The last reading of CPU and memory.
    pub gauge: Gauge,
    /// Counts and times requests.
    pub traffic: Arc<Traffic>,
    /// Spans of requests, if a collector is set.
    pub spans: Spans,
    /// Bounds the requests in flight.
    pub overload: Overload,
    /// When the process began.
    pub started: Instant,
    /// The description of the API.
    pub api: Api,
}

/// This instance's name, as text and as a header value.
#[derive(Debug)]
pub struct Instance {
    /// As it is used in JSON bodies.
    pub id: String,
    /// As it is used in the header.
    pub header: HeaderValue,
}

impl Instance {
    /// `id` comes from the checked settings, so it has only characters that a header may contain.
    pub fn new(id: &str) -> Self {
        let header = HeaderValue::from_str(id).unwrap_or(HeaderValue::from_static("unknown"));
        Self {
            id: id.to_owned(),
            header,
        }
    }
}

/// Every route, and the description made from them. A handler that reads a request body declares it with
/// `request_body`: the body of any other request is discarded before the handler is called.
fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::Head::openapi())
        // Visitors, through the Functions host.
        .routes(routes!(visits::record))
        .routes(routes!(visits::list))
        .routes(routes!(openapi::document))
        .routes(routes!(page::index))
        .merge(page::files())
        // Operators, and everything that shows how the fleet scales.
        .merge(
            OpenApiRouter::new()
                .routes(routes!(stress::by_query, stress::by_body, stress::stop))
                .layer(middleware::from_fn(stress::only_listed_methods)),
        )
        .routes(routes!(ops::health))
        .routes(routes!(ops::live))
        .routes(routes!(ops::metrics))
        .routes(routes!(fleet::instances))
        .routes(routes!(fleet::timeline))
        .routes(routes!(prometheus::metrics))
        // The Functions host itself.
        .route("/warmup", post(triggers::warm_up))
        .route(triggers::AUTOSCALE, post(triggers::autoscale))
}

/// The description of the API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    openapi::with_optional_body(routes().split_for_parts().1)
}

/// The whole service. This is the order of its layers, from the outside in. They are added at once, because each
/// further `layer` call would add two allocations to every request.
pub fn router(app: Arc<App>) -> Router {
    let (router, _) = routes().split_for_parts();
    let compressed = SizeAbove::new(WORTH_COMPRESSING).and(NotForContentType::IMAGES);
    let outer = Arc::clone(&app);
    let layers = ServiceBuilder::new()
        // One service, to save allocations; in this order:
        // - trace span: the request's ids are in its log lines
        // - metrics: requests in flight, and every response by status and latency
        // - instance id and problem body: on every response, also of the layers below
        // - body limit: size and time, before any work
        .layer_fn(move |inner| OuterService::new(&outer, inner))
        // CORS headers for the allowed origins.
        .option_layer(cors(&app.config.cors_origins))
        // Panic catcher: a panic in a handler fails one request.
        .layer(CatchPanicLayer::custom(outer::panicked))
        // Makes sure that the compression layer never replaces a status with 406.
        .map_request(accept::allow_plain)
        // Compression of large responses.
        .layer(CompressionLayer::new().compress_when(compressed));
    // Inside the handlers: admission control (`Overload`; only what waits for the database, so that probes stay
    // outside) and timeouts (each statement has a deadline in the store).
    router.layer(layers).with_state(app)
}

fn cors(origins: &CorsOrigins) -> Option<CorsLayer> {
    let allowed = match origins {
        CorsOrigins::None => return None,
        CorsOrigins::Any => AllowOrigin::any(),
        CorsOrigins::List(list) => AllowOrigin::list(list.iter().cloned()),
    };
    let key = HeaderName::from_static("x-functions-key");
    let idempotency = HeaderName::from_static("idempotency-key");
    Some(
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::POST, Method::DELETE])
            .allow_headers([CONTENT_TYPE, key, idempotency])
            .expose_headers([INSTANCE_ID, RETRY_AFTER]),
    )
}

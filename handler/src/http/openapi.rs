//! `GET /api/openapi.json`

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{RefOr, Required};
use utoipa::{Modify, OpenApi};

use super::App;
use super::error::Problem;

/// The document's head; the paths come from the router.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Elastic Visits",
        description = "A visit register whose instances scale on CPU rules over one shared database. Every response carries `x-instance-id`.",
    ),
    tags(
        (name = "visits", description = "The register"),
        (name = "load", description = "CPU load on demand, to see the fleet scale"),
        (name = "fleet", description = "All instances, now and over time"),
        (name = "operations", description = "Health, metrics and the page"),
    ),
    components(schemas(Problem)),
    modifiers(&FunctionKey),
)]
pub(super) struct Head;

/// Where the Functions host looks for a key: the header first, then the query.
struct FunctionKey;

impl Modify for FunctionKey {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let header = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("x-functions-key")));
        let query = SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::new("code")));
        components.add_security_scheme("function_key", header);
        components.add_security_scheme("function_code", query);
    }
}

/// No operation needs its body. The macro could say so only by allowing `null` as well, which is refused.
pub(super) fn with_optional_body(
    mut document: utoipa::openapi::OpenApi,
) -> utoipa::openapi::OpenApi {
    for item in document.paths.paths.values_mut() {
        let body = item
            .post
            .as_mut()
            .and_then(|operation| operation.request_body.as_mut());
        if let Some(RefOr::T(body)) = body {
            body.required = Some(Required::False);
        }
    }
    document
}

/// Describe the API
#[utoipa::path(
    get, path = "/api/openapi.json", operation_id = "OpenApi", tag = "operations",
    responses(
        (status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = inline(serde_json::Value)),
        (status = 400, description = "The body could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn document(State(app): State<Arc<App>>) -> Response {
    ([(CONTENT_TYPE, "application/json")], app.openapi.clone()).into_response()
}

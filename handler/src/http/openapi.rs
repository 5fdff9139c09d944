//! The description of the API, made from the routes: `GET /api/openapi.json`, and everything else that is derived
//! from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{RefOr, Required};
use utoipa::{Modify, OpenApi};

use super::App;
use super::error::Problem;
use super::page::ApiIndex;

/// The document's head; the paths come from the router.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Elastic Visits",
        description = "A visit log whose instances scale on CPU rules and share one database. Every response carries `x-instance-id`.",
    ),
    tags(
        (name = "visits", description = "Visits: record and list them"),
        (name = "load", description = "CPU load on demand, to see the fleet scale"),
        (name = "fleet", description = "All instances, now and over time"),
        (name = "operations", description = "Health, metrics, and the dashboard"),
    ),
    components(schemas(Problem)),
    modifiers(&FunctionKey),
)]
pub(super) struct Head;

/// The places in which the Functions host looks for a key: first the header, then the query.
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

/// Marks all bodies as optional. The macro can only express that by also allowing `null`, which the API refuses.
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

/// The description, in the forms in which requests use it.
#[derive(Debug)]
pub struct Api {
    /// The description as JSON, ready to send.
    document: Bytes,
    /// The operations that read a request body, as method and path template.
    with_body: Vec<(String, String)>,
    /// The index of the operations, ready to send.
    index: Bytes,
}

impl Api {
    /// The API of this program.
    ///
    /// # Errors
    /// When the description cannot be written as JSON.
    pub fn new() -> serde_json::Result<Self> {
        Self::of(&super::openapi())
    }

    fn of(description: &utoipa::openapi::OpenApi) -> serde_json::Result<Self> {
        let value = serde_json::to_value(description)?;
        let mut with_body = Vec::new();
        let mut endpoints = BTreeMap::new();
        for (path, method, operation) in operations(&value) {
            if operation.get("requestBody").is_some() {
                with_body.push((method.to_ascii_uppercase(), path.clone()));
            }
            if let Some(id) = operation["operationId"].as_str() {
                endpoints.insert(snake_case(id), path.clone());
            }
        }
        let index = ApiIndex {
            message: "Elastic Visits API",
            version: super::VERSION,
            endpoints,
        };
        Ok(Self {
            document: description.to_json()?.into(),
            with_body,
            index: serde_json::to_vec(&index)?.into(),
        })
    }

    /// The index of the operations, as JSON.
    pub(super) fn index(&self) -> Bytes {
        self.index.clone()
    }

    /// Whether the operation that a request was routed to reads its body.
    pub(super) fn reads_body(&self, request: &Request) -> bool {
        let path = request.extensions().get::<MatchedPath>();
        path.is_some_and(|path| {
            self.with_body.iter().any(|(method, template)| {
                method == request.method().as_str() && template == path.as_str()
            })
        })
    }
}

/// Every operation of a description, with its path and method.
fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let members = item.as_object().into_iter().flatten();
        members.map(move |(method, operation)| (path, method, operation))
    })
}

/// An operation's id in the spelling of JSON members.
fn snake_case(id: &str) -> String {
    let mut name = String::new();
    for letter in id.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// Describe the API
#[utoipa::path(
    get, path = "/api/openapi.json", operation_id = "OpenApi", tag = "operations",
    responses(
        (status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = inline(Value)),
        (status = 400, description = "The body could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn document(State(app): State<Arc<App>>) -> Response {
    (
        [(CONTENT_TYPE, "application/json")],
        app.api.document.clone(),
    )
        .into_response()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::Method;
    use axum::middleware::{Next, from_fn};
    use tower::ServiceExt as _;
    use utoipa_axum::router::OpenApiRouter;
    use utoipa_axum::routes;

    use super::super::body;
    use super::*;

    #[utoipa::path(put, path = "/things/{id}", operation_id = "PutThing", request_body = String)]
    async fn put_thing(body: String) -> String {
        body
    }

    #[utoipa::path(post, path = "/things/{id}", operation_id = "TouchThing")]
    async fn touch_thing(body: String) -> String {
        body
    }

    /// Has the layer order of the real router: the body is read after routing, depending on the description.
    fn router() -> (Router, Arc<Api>) {
        let (router, description) = OpenApiRouter::new()
            .routes(routes!(put_thing, touch_thing))
            .split_for_parts();
        let api = Arc::new(Api::of(&description).unwrap());
        let for_layer = Arc::clone(&api);
        let layer = from_fn(move |request: Request, next: Next| {
            let keep = for_layer.reads_body(&request);
            async move { next.run(body::receive(request, keep).await.unwrap()).await }
        });
        (router.layer(layer), api)
    }

    #[tokio::test]
    async fn a_described_request_body_reaches_its_handler() {
        let (router, _) = router();
        for (method, seen) in [(Method::PUT, "text"), (Method::POST, "")] {
            let request = Request::builder().method(method).uri("/things/7");
            let request = request.body(Body::from("text")).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            let body = axum::body::to_bytes(response.into_body(), 100).await;
            assert_eq!(body.unwrap(), seen);
        }
    }

    #[test]
    fn the_index_lists_every_operation() {
        let (_, api) = router();
        let index: Value = serde_json::from_slice(&api.index()).unwrap();
        let listed =
            serde_json::json!({"put_thing": "/things/{id}", "touch_thing": "/things/{id}"});
        assert_eq!(index["endpoints"], listed);
    }
}

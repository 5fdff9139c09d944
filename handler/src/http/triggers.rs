//! `POST /warmup`, called by the Functions host when an instance joins.
//!
//! The host always speaks its JSON protocol here, also with proxying on, and an answer that is no JSON
//! object would leave its invocation hanging (learn.microsoft.com: functions-custom-handlers,
//! functions-bindings-warmup).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{App, Error};

/// Opens a connection and runs a query, so that the first visitor does not wait for either.
///
/// What the host sends says nothing that matters, so it is not looked at.
pub(super) async fn warm_up(State(app): State<Arc<App>>) -> Result<Response, Error> {
    let health = app.database.health().await;
    health.outcome?;
    let line = format!(
        "instance {} is warm: {} answers",
        app.instance.id, health.db_type
    );
    Ok(Json(json!({ "Outputs": {}, "Logs": [line], "ReturnValue": null })).into_response())
}

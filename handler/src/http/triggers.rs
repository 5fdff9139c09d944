//! `POST /warmup`, called by the Functions host when an instance joins, and `POST /Autoscale`, called once a minute on
//! one instance where the app sets the number of instances itself.
//!
//! The host always uses its JSON protocol for these calls, even when proxying is enabled, and waits for ever if the
//! response is not a JSON object (learn.microsoft.com: functions-custom-handlers, functions-bindings-warmup).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{App, Error};

/// The path of the scaler's function. The time that Azure takes does not count as a response time for visitors.
pub(super) const AUTOSCALE: &str = "/Autoscale";

/// Opens a connection and runs a query, so that the first visitor does not wait for them. The host's request contains
/// nothing that this needs.
pub(super) async fn warm_up(State(app): State<Arc<App>>) -> Result<Response, Error> {
    let health = app.database.health().await;
    health.outcome?;
    let line = format!(
        "instance {} is warm: {} answers",
        app.instance.id, health.db_type
    );
    Ok(done(&line))
}

/// Evaluates the autoscale rules and sets the number of instances. The host's request contains nothing that this
/// needs.
pub(super) async fn autoscale(State(app): State<Arc<App>>) -> Result<Response, Error> {
    let scaler = app.scaler.as_ref().ok_or(Error::NoScaler)?;
    let line = scaler.run().await?.describe();
    tracing::info!(result = line, "the app's own scaler ran");
    Ok(done(&line))
}

/// The JSON protocol's response object, with one line for the host's log.
fn done(line: &str) -> Response {
    Json(json!({ "Outputs": {}, "Logs": [line], "ReturnValue": null })).into_response()
}

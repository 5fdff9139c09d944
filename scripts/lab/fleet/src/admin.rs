//! The fleet's endpoints, which Azure does not have. All need the master key.
//!
//! | endpoint | returns |
//! | --- | --- |
//! | `GET /admin/lab/fleet` | instances, samples, decisions; `?samples=0` leaves the samples out |
//! | `POST /admin/lab/instances/{id}/kill` | 202 and kills the process; 404 unknown, 409 not running |
//! | `POST /admin/lab/scaler/pause`, `/resume` | 200; the rules are not evaluated meanwhile |

use functions_host::{Body, LabRequest, empty, json_text};
use http::{Method, Response, StatusCode};

use super::{Fleet, KillOutcome};

/// Answers a request below `/admin/lab`, whose key the host has checked.
pub async fn answer(fleet: &Fleet, request: LabRequest) -> Response<Body> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match (&request.method, segments.as_slice()) {
        (&Method::GET, ["fleet"]) => snapshot(fleet, request.query.as_deref()).await,
        (&Method::POST, ["instances", id, "kill"]) => kill(fleet, id).await,
        (&Method::POST, ["scaler", command @ ("pause" | "resume")]) => {
            pause(fleet, *command == "pause").await
        }
        _ => empty(StatusCode::NOT_FOUND),
    }
}

async fn snapshot(fleet: &Fleet, query: Option<&str>) -> Response<Body> {
    let samples = query.is_none_or(|query| query.split('&').all(|part| part != "samples=0"));
    match fleet.snapshot(samples).await {
        Some(snapshot) => json_text(snapshot),
        None => empty(StatusCode::SERVICE_UNAVAILABLE),
    }
}

async fn kill(fleet: &Fleet, id: &str) -> Response<Body> {
    empty(match fleet.kill(id).await {
        Some(KillOutcome::Killed) => StatusCode::ACCEPTED,
        Some(KillOutcome::Unknown) => StatusCode::NOT_FOUND,
        Some(KillOutcome::NotRunning) => StatusCode::CONFLICT,
        None => StatusCode::SERVICE_UNAVAILABLE,
    })
}

async fn pause(fleet: &Fleet, paused: bool) -> Response<Body> {
    empty(match fleet.pause(paused).await {
        Some(()) => StatusCode::OK,
        None => StatusCode::SERVICE_UNAVAILABLE,
    })
}

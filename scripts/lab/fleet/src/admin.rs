//! The fleet's endpoints, which do not exist in Azure. All except the page require the master key.
//!
//! | endpoint | returns |
//! | --- | --- |
//! | `GET /admin/lab` | the page about the fleet, for a browser |
//! | `GET /admin/lab/timeline?minutes=5` | points for charts, and the last events; 400 with the reason |
//! | `GET /admin/lab/fleet` | instances, samples, decisions; `?samples=0` omits the samples |
//! | `POST /admin/lab/instances/{id}/kill` | 202 and kills the process; 404 unknown, 409 not running |
//! | `POST /admin/lab/scaler/pause`, `/resume` | 200; stops or resumes the evaluation of the rules; 409 on Elastic Premium |
//! | `GET /admin/lab/rules` | the active rules, and what `lab rules` says about them |
//! | `POST /admin/lab/rules/rehearse` | 200; the effect of the setting in the body under the load just seen; 400 and 409 with the reason |
//! | `PUT /admin/lab/rules` | 200; the next evaluation uses the setting in the body; 400 with the reader's reasons; 409 on Elastic Premium |
//! | `POST /admin/lab/faults/arm?answer=403&seconds=10`, `/identity` | 200; the emulated endpoint fails, see [`Fault`]; 400 with the reason; 404 on other plans |
//! | `DELETE /admin/lab/faults/arm`, `/identity` | 200; the endpoint works again |

use functions_host::{Body, LabRequest, empty, json_text, refusal};
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::elastic_premium::Fault;
use super::{Fleet, KillOutcome, page, timeline, what_if};

/// Responds to a request to `/admin/lab` or below it. The host has already checked the key.
pub async fn answer(fleet: &Fleet, request: LabRequest) -> Response<Body> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match (&request.method, segments.as_slice()) {
        (&Method::GET, []) => page::answer(),
        (&Method::GET, ["timeline"]) => timeline(fleet, request.query.as_deref()).await,
        (&Method::GET, ["fleet"]) => snapshot(fleet, request.query.as_deref()).await,
        (&Method::POST, ["instances", id, "kill"]) => kill(fleet, id).await,
        (&Method::POST, ["scaler", command @ ("pause" | "resume")]) => {
            pause(fleet, *command == "pause").await
        }
        (&Method::GET, ["rules"]) => outcome(what_if::active(fleet).await),
        (&Method::PUT, ["rules"]) => outcome(what_if::apply(fleet, &request.body).await),
        (&Method::POST, ["rules", "rehearse"]) => {
            outcome(what_if::rehearse(fleet, &request.body).await)
        }
        (method @ (&Method::POST | &Method::DELETE), ["faults", endpoint]) => {
            fault(fleet, method, endpoint, request.query.as_deref())
        }
        _ => empty(StatusCode::NOT_FOUND),
    }
}

async fn snapshot(fleet: &Fleet, query: Option<&str>) -> Response<Body> {
    let samples = query.is_none_or(|query| query.split('&').all(|part| part != "samples=0"));
    match fleet.snapshot().await {
        Some(snapshot) => json_text(snapshot.to_json(samples)),
        None => empty(StatusCode::SERVICE_UNAVAILABLE),
    }
}

async fn timeline(fleet: &Fleet, query: Option<&str>) -> Response<Body> {
    let minutes = match timeline::minutes(query) {
        Ok(minutes) => minutes,
        Err(reason) => return refusal(StatusCode::BAD_REQUEST, &reason),
    };
    match fleet.timeline(minutes).await {
        Some(view) => json_text(json!(view).to_string()),
        None => empty(StatusCode::SERVICE_UNAVAILABLE),
    }
}

async fn kill(fleet: &Fleet, id: &str) -> Response<Body> {
    match fleet.kill(id).await {
        Some(KillOutcome::Killed) => empty(StatusCode::ACCEPTED),
        Some(KillOutcome::Unknown) => empty(StatusCode::NOT_FOUND),
        Some(KillOutcome::NotRunning) => refusal(
            StatusCode::CONFLICT,
            &format!("the instance {id} has no running process; kill it after it has started"),
        ),
        None => empty(StatusCode::SERVICE_UNAVAILABLE),
    }
}

fn outcome(outcome: Result<Value, what_if::Refused>) -> Response<Body> {
    match outcome {
        Ok(value) => json_text(value.to_string()),
        Err(refused) => refusal(refused.status, &refused.reason),
    }
}

fn fault(fleet: &Fleet, method: &Method, endpoint: &str, query: Option<&str>) -> Response<Body> {
    let Some(faults) = fleet.faults() else {
        return empty(StatusCode::NOT_FOUND);
    };
    let fault = (method == Method::POST).then(|| Fault::parse(query.unwrap_or_default()));
    match fault.transpose() {
        Ok(fault) if faults.set(endpoint, fault) => empty(StatusCode::OK),
        Ok(_) => empty(StatusCode::NOT_FOUND),
        Err(reason) => refusal(StatusCode::BAD_REQUEST, &reason),
    }
}

async fn pause(fleet: &Fleet, paused: bool) -> Response<Body> {
    // On this plan, the app evaluates the rules.
    if fleet.faults().is_some() {
        return empty(StatusCode::CONFLICT);
    }
    empty(match fleet.pause(paused).await {
        Some(()) => StatusCode::OK,
        None => StatusCode::SERVICE_UNAVAILABLE,
    })
}

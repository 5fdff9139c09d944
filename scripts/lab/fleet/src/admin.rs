//! The fleet's endpoints, which do not exist in Azure. All except the page require the master key.
//!
//! | endpoint | returns |
//! | --- | --- |
//! | `GET /admin/lab` | the page about the fleet, for a browser |
//! | `GET /admin/lab/timeline?minutes=5` | points for charts, and the last events; 400 with the reason |
//! | `GET /admin/lab/fleet` | instances, samples, decisions; `?samples=0` omits the samples |
//! | `POST /admin/lab/instances/{id}/kill` | 202 and kills the process; 404 unknown, 409 not running |
//! | `POST /admin/lab/scaler/pause`, `/resume` | 200; stops or resumes the evaluation of the rules; 409 on Elastic Premium |
//! | `GET /admin/lab/rules` | the active rules, and the findings of `lab rules` about them |
//! | `POST /admin/lab/rules/rehearse` | 200; the effect of the setting in the body under the load just seen; 400 and 409 with the reason |
//! | `PUT /admin/lab/rules` | 200; the next evaluation uses the setting in the body; 400 with the reader's reasons; 409 on Elastic Premium |
//! | `POST /admin/lab/faults/arm?answer=403&seconds=10`, `/identity` | 200; the emulated endpoint fails, see [`Fault`]; 400 with the reason; 404 on other plans |
//! | `DELETE /admin/lab/faults/arm`, `/identity` | 200; the endpoint works again |

use functions_host::{Body, LabRequest, empty, json_response};
use http::{Method, Response, StatusCode};
use serde::Serialize;

use super::elastic_premium::Fault;
use super::what_if::{self, Refused};
use super::{Fleet, KillOutcome, page, timeline};

/// Responds to a request to `/admin/lab` or below it. The host has already checked the key.
pub async fn answer(fleet: &Fleet, request: LabRequest) -> Response<Body> {
    let answer = respond(fleet, &request).await;
    answer.unwrap_or_else(Refused::response)
}

async fn respond(fleet: &Fleet, request: &LabRequest) -> Result<Response<Body>, Refused> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let query = request.query.as_deref().unwrap_or_default();
    match (&request.method, segments.as_slice()) {
        (&Method::GET, []) => Ok(page::answer()),
        (&Method::GET, ["timeline"]) => {
            let minutes = timeline::minutes(query).map_err(Refused::input)?;
            shown(&fleet.timeline(minutes).await.ok_or_else(Refused::ended)?)
        }
        (&Method::GET, ["fleet"]) => {
            let samples = query.split('&').all(|part| part != "samples=0");
            let snapshot = fleet.snapshot().await.ok_or_else(Refused::ended)?;
            shown(&snapshot.answer(samples))
        }
        (&Method::POST, ["instances", id, "kill"]) => kill(fleet, id).await,
        (&Method::POST, ["scaler", command @ ("pause" | "resume")]) => {
            pause(fleet, *command == "pause").await
        }
        (&Method::GET, ["rules"]) => shown(&what_if::active(fleet).await?),
        (&Method::PUT, ["rules"]) => shown(&what_if::apply(fleet, &request.body).await?),
        (&Method::POST, ["rules", "rehearse"]) => {
            shown(&what_if::rehearse(fleet, &request.body).await?)
        }
        (method @ (&Method::POST | &Method::DELETE), ["faults", endpoint]) => {
            let faults = fleet.faults().ok_or_else(Refused::unknown)?;
            let fault = (method == Method::POST).then(|| Fault::parse(query));
            let is_set = faults.set(endpoint, fault.transpose().map_err(Refused::input)?);
            is_set.then(done).ok_or_else(Refused::unknown)
        }
        _ => Err(Refused::unknown()),
    }
}

fn shown(value: &impl Serialize) -> Result<Response<Body>, Refused> {
    Ok(json_response(StatusCode::OK, value))
}

fn done() -> Response<Body> {
    empty(StatusCode::OK)
}

async fn kill(fleet: &Fleet, id: &str) -> Result<Response<Body>, Refused> {
    match fleet.kill(id).await.ok_or_else(Refused::ended)? {
        KillOutcome::Killed => Ok(empty(StatusCode::ACCEPTED)),
        KillOutcome::Unknown => Err(Refused::unknown()),
        KillOutcome::NotRunning => Err(Refused::new(
            StatusCode::CONFLICT,
            format!("the instance {id} has no running process; kill it after it has started"),
        )),
    }
}

async fn pause(fleet: &Fleet, paused: bool) -> Result<Response<Body>, Refused> {
    if fleet.faults().is_some() {
        let reason =
            "On Elastic Premium the app itself evaluates the rules; they cannot be paused here";
        return Err(Refused::new(StatusCode::CONFLICT, reason));
    }
    let paused = fleet.pause(paused).await;
    paused.map(|()| done()).ok_or_else(Refused::ended)
}

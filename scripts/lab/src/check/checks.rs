//! The requests, and the correct responses. Each check returns a phrase with its result or with the error.

use std::time::Instant;

use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::caller::Caller;
use load::client::Reply;

/// Whether rules should scale the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// Rules are required.
    Expected,
    /// Rules are not allowed, on Elastic Premium.
    Unexpected,
    /// Both are correct.
    Either,
}

/// The result of a check.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    /// The subject, such as `health`.
    name: &'static str,
    /// Whether the check passed.
    pub(super) passed: bool,
    /// The observation, or the error.
    seen: String,
    milliseconds: u128,
}

impl Outcome {
    /// One line for the screen.
    pub(super) fn line(&self) -> String {
        let verdict = if self.passed { "ok" } else { "FAILED" };
        let Self {
            name,
            milliseconds,
            seen,
            ..
        } = self;
        format!("{verdict:<7} {name:<10} {milliseconds:>6} ms  {seen}")
    }
}

type Seen = Result<String, String>;

/// Runs the checks one after the other. `report` receives each result.
pub(super) async fn all(
    caller: &mut Caller,
    rules: Rules,
    mut report: impl FnMut(&Outcome),
) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut note = |name, began: Instant, seen: Seen| {
        let passed = seen.is_ok();
        let outcome = Outcome {
            name,
            passed,
            seen: seen.unwrap_or_else(|wrong| wrong),
            milliseconds: began.elapsed().as_millis(),
        };
        report(&outcome);
        outcomes.push(outcome);
    };
    // Each check may explain the failure of the next ones, so the order matters.
    macro_rules! check {
        ($name:literal, $check:expr) => {
            let began = Instant::now();
            let seen: Seen = $check.await;
            note($name, began, seen);
        };
    }
    check!("live", live(caller));
    check!("health", health(caller));
    check!("visit", visit(caller));
    check!("metrics", metrics(caller));
    check!("instances", instances(caller, rules));
    check!("prometheus", prometheus(caller));
    check!("openapi", openapi(caller));
    check!("page", page(caller));
    check!("errors", errors(caller));
    outcomes
}

/// The response if it has the right status, or else an error.
fn with(status: StatusCode, reply: Reply) -> Result<Reply, String> {
    if reply.status() == status {
        return Ok(reply);
    }
    let reason = reply.json()["error"].as_str().map(|said| {
        let plain: String = said.chars().filter(|c| !c.is_control()).take(200).collect();
        format!(": {plain}")
    });
    Err(format!(
        "returned {} instead of {}{}",
        reply.status().as_u16(),
        status.as_u16(),
        reason.unwrap_or_default()
    ))
}

async fn live(caller: &mut Caller) -> Seen {
    with(StatusCode::OK, caller.get("/health/live").await?)?;
    Ok("the process responds".to_owned())
}

/// Checks the app and its database. The wait for the app also uses this check.
pub(super) async fn health(caller: &mut Caller) -> Seen {
    let health = with(StatusCode::OK, caller.get("/health").await?)?.json();
    let text = |name: &str| health[name].as_str().map(str::to_owned);
    match (text("status"), text("db_type"), text("version")) {
        (Some(status), Some(database), Some(version)) if status == "healthy" => {
            Ok(format!("version {version} on {database}"))
        }
        _ => Err("the response is not from this app".to_owned()),
    }
}

async fn visit(caller: &mut Caller) -> Seen {
    let key = uuid::Uuid::new_v4().to_string();
    let first = with(StatusCode::CREATED, caller.visit(&key).await?)?.json();
    let again = with(StatusCode::OK, caller.visit(&key).await?);
    let again = again.map_err(|wrong| format!("the same key again: {wrong}"))?;
    let id = |visit: &Value| visit["id"].as_i64();
    let recorded = id(&first).ok_or("the response has no id")?;
    if id(&again.json()) != Some(recorded) {
        return Err("the same key gave another visit".to_owned());
    }
    let list = caller.get("/api/visits?limit=100").await?;
    let list = with(StatusCode::OK, list)?.json();
    let total = list["total_visits"].as_i64();
    let total = total.ok_or("the list has no total")?;
    let visits = list["recent_visits"].as_array().into_iter().flatten();
    match visits.filter(|visit| id(visit) == Some(recorded)).count() {
        1 => Ok(format!(
            "visit {recorded} is listed once; {total} visits in total"
        )),
        0 => Err(format!(
            "visit {recorded} was acknowledged but is not among the last 100"
        )),
        times => Err(format!("visit {recorded} is listed {times} times")),
    }
}

async fn metrics(caller: &mut Caller) -> Seen {
    let metrics = with(StatusCode::OK, caller.get("/api/metrics").await?)?.json();
    let percent = |name: &str| {
        let value = metrics[name].as_f64();
        value
            .filter(|value| (0.0..=100.0).contains(value))
            .ok_or_else(|| format!("{name} is not a percentage"))
    };
    Ok(format!(
        "CPU {:.0}%, memory {:.0}%",
        percent("cpu_percent")?,
        percent("memory_percent")?
    ))
}

async fn instances(caller: &mut Caller, wanted: Rules) -> Seen {
    let fleet = with(StatusCode::OK, caller.get("/api/instances").await?)?.json();
    let live = fleet["live"].as_u64().ok_or("the response has no count")?;
    if live == 0 {
        return Err("no instance is live: no heartbeat reaches the database".to_owned());
    }
    let rules = fleet["rules"].as_array().map_or(0, Vec::len);
    let capacity = &fleet["capacity"];
    let (minimum, maximum) = (&capacity["minimum"], &capacity["maximum"]);
    match (wanted, rules) {
        (Rules::Expected, 0) => Err(format!("{live} live, but no autoscale rules are active")),
        (Rules::Unexpected, 1..) => Err(format!(
            "{live} live, with autoscale rules that are not expected here"
        )),
        (_, 0) => Ok(format!("{live} live, no autoscale rules")),
        (_, rules) => Ok(format!(
            "{live} live, {rules} autoscale rules, {minimum} to {maximum} instances"
        )),
    }
}

async fn prometheus(caller: &mut Caller) -> Seen {
    let text = with(StatusCode::OK, caller.get("/metrics").await?)?.text();
    let is_series = |line: &&str| !line.starts_with('#') && line.contains("instance_id=\"");
    let series = text.lines().filter(is_series).count();
    if series == 0 || !text.contains("# TYPE ") {
        return Err(
            "the response has no series of an instance in Prometheus text format".to_owned(),
        );
    }
    Ok(format!("{series} series"))
}

async fn openapi(caller: &mut Caller) -> Seen {
    let document = with(StatusCode::OK, caller.get("/api/openapi.json").await?)?.json();
    let version = document["openapi"].as_str().unwrap_or_default();
    if !version.starts_with("3.1") {
        return Err("the response is not an OpenAPI 3.1 document".to_owned());
    }
    let paths = document["paths"].as_object();
    let paths = paths.map_or(0, serde_json::Map::len);
    Ok(format!("OpenAPI {version}, {paths} paths"))
}

async fn page(caller: &mut Caller) -> Seen {
    let page = with(StatusCode::OK, caller.browse("/").await?)?.text();
    let beginning = page.trim_start().to_ascii_lowercase();
    if !beginning.starts_with("<!doctype html") {
        return Err("/ does not return an HTML page".to_owned());
    }
    Ok(format!("{} bytes of HTML", page.len()))
}

async fn errors(caller: &mut Caller) -> Seen {
    let missing = caller.get("/api/no-such-thing").await?;
    let problem = with(StatusCode::NOT_FOUND, missing)?.json();
    if problem["error"].is_string() && problem["status"] == 404 {
        Ok("an unknown path returns 404 with a problem document".to_owned())
    } else {
        Err("an unknown path returns 404 without a problem document".to_owned())
    }
}

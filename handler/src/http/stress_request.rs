//! Reads and checks a request to `/api/stress`, from a body or from a query.

use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Uri};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Error;
use super::query::Query;
use crate::domain::{MAX_INTENSITY, MIN_SECONDS, StressPlan, UNWAITED_MAX_SECONDS};

const DEFAULT_SECONDS: f64 = 10.0;

/// What to run, for how long, and where.
#[derive(Default, ToSchema)]
#[expect(dead_code, reason = "the schema describes what `read_body` reads")]
pub(super) struct StressRequest {
    /// Seconds; fractions are allowed. At most `STRESS_MAX_SECONDS` (120) if `wait` is true.
    #[schema(minimum = 0.1, maximum = 3600, default = 10, nullable = false)]
    duration: Option<f64>,
    /// SHA-512 hashes per second on an instance; as many as possible if absent.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_000_i64, nullable = false)]
    intensity: Option<i64>,
    /// Respond at the end of the run, and end the run if the caller disconnects.
    #[schema(default = true, nullable = false)]
    wait: Option<bool>,
    /// One instance, or all of them; `fleet` requires `wait` to be false.
    #[schema(pattern = "^(instance|fleet)$", default = "instance", nullable = false)]
    scope: Option<String>,
}

/// Which instances run the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Instance,
    Fleet,
}

/// A request with valid values.
#[derive(Debug, Clone, Copy)]
pub(super) struct ValidRequest {
    pub(super) plan: StressPlan,
    pub(super) wait: bool,
    pub(super) scope: Scope,
}

impl ValidRequest {
    /// Reads the members of a JSON body. `longest` is the limit of a waited run, in seconds.
    pub(super) fn from_body(headers: &HeaderMap, body: &[u8], longest: f64) -> Result<Self, Error> {
        let members = read_body(headers, body)?;
        let flag = |value: &Value| value.as_bool().ok_or_else(|| not_a_bool("wait"));
        Self::check(
            number(&members, "duration")?,
            intensity(&members)?,
            members.get("wait").map(flag).transpose()?,
            members
                .get("scope")
                .map(|name| scope(name.as_str().unwrap_or_default()))
                .transpose()?,
            longest,
        )
    }

    /// Reads the same members from a query.
    pub(super) fn from_query(uri: &Uri, longest: f64) -> Result<Self, Error> {
        let query = Query::of(uri);
        let duration = query
            .value("duration")?
            .map(|text| text.parse().map_err(|_| not_a_number("duration")));
        let wait = query
            .value("wait")?
            .map(|text| text.parse().map_err(|_| not_a_bool("wait")));
        Self::check(
            duration.transpose()?,
            query
                .whole("intensity", 1, MAX_INTENSITY as i64)?
                .map(i64::unsigned_abs),
            wait.transpose()?,
            query.value("scope")?.map(scope).transpose()?,
            longest,
        )
    }

    fn check(
        duration: Option<f64>,
        intensity: Option<u64>,
        wait: Option<bool>,
        scope: Option<Scope>,
        longest_waited: f64,
    ) -> Result<Self, Error> {
        let wait = wait.unwrap_or(true);
        let scope = scope.unwrap_or(Scope::Instance);
        if scope == Scope::Fleet && wait {
            let reason = "fleet cannot be waited for: set wait to false".to_owned();
            return Err(Error::Invalid {
                field: "scope",
                reason,
            });
        }
        let longest = if wait {
            longest_waited
        } else {
            UNWAITED_MAX_SECONDS
        };
        let seconds = duration.unwrap_or(DEFAULT_SECONDS.min(longest));
        // Also false for NaN.
        if !(MIN_SECONDS..=longest).contains(&seconds) {
            let condition = if wait { " when it is waited for" } else { "" };
            let reason = format!("must be from {MIN_SECONDS} to {longest} seconds{condition}");
            return Err(Error::Invalid {
                field: "duration",
                reason,
            });
        }
        let plan = StressPlan {
            duration: Duration::from_secs_f64(seconds),
            intensity,
        };
        Ok(Self { plan, wait, scope })
    }
}

/// The members of the body; none when the request has neither a body nor a content type.
fn read_body(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Error> {
    let Some(content_type) = headers.get(CONTENT_TYPE) else {
        return if body.is_empty() {
            Ok(Map::new())
        } else {
            Err(Error::NotJson)
        };
    };
    let essence = content_type
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    let is_json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    if !is_json {
        return Err(Error::NotJson);
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Error::Malformed(
            "the body must be a JSON object".to_owned(),
        )),
        Err(error) => Err(Error::Malformed(format!(
            "the body is not JSON: line {}, column {}",
            error.line(),
            error.column()
        ))),
    }
}

fn number(members: &Map<String, Value>, name: &'static str) -> Result<Option<f64>, Error> {
    members
        .get(name)
        .map(|value| value.as_f64().ok_or_else(|| not_a_number(name)))
        .transpose()
}

/// An integer; `1e6` and `5.0` are integers too, as JSON Schema has it.
fn intensity(members: &Map<String, Value>) -> Result<Option<u64>, Error> {
    let Some(value) = members.get("intensity") else {
        return Ok(None);
    };
    let whole = |number: f64| (number.fract() == 0.0 && number >= 1.0).then_some(number as u64);
    let rate = value.as_u64().or_else(|| value.as_f64().and_then(whole));
    rate.filter(|rate| (1..=MAX_INTENSITY).contains(rate))
        .map(Some)
        .ok_or_else(|| Error::Invalid {
            field: "intensity",
            reason: format!("must be a whole number from 1 to {MAX_INTENSITY}"),
        })
}

fn scope(name: &str) -> Result<Scope, Error> {
    match name {
        "instance" => Ok(Scope::Instance),
        "fleet" => Ok(Scope::Fleet),
        _ => Err(Error::Invalid {
            field: "scope",
            reason: "must be \"instance\" or \"fleet\"".to_owned(),
        }),
    }
}

fn not_a_number(field: &'static str) -> Error {
    Error::Invalid {
        field,
        reason: "must be a number".to_owned(),
    }
}

fn not_a_bool(field: &'static str) -> Error {
    Error::Invalid {
        field,
        reason: "must be true or false".to_owned(),
    }
}

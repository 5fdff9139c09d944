//! Failures of the two endpoints on demand (`/admin/lab/faults/...`). Pure, except for the lock.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use http::StatusCode;

use super::credentials::Credentials;

/// The longest fault, so that a forgotten one ends.
const LONGEST: f64 = 3_600.0;
/// The most requests of one fault, and the longest `Retry-After` in seconds.
const MOST: u32 = 1_000;

/// What happens to a request instead of the normal response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// An error status, and the seconds of its `Retry-After`.
    Status(StatusCode, Option<u32>),
    /// No response as long as the client waits.
    Hang,
    /// The connection is closed.
    Close,
}

/// A fault: what happens to requests, and until when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    answer: Answer,
    until: Instant,
    /// The number of remaining requests; `None` if only the time limits the fault.
    requests: Option<u32>,
}

/// The credentials, and the fault of each endpoint, if it has one.
pub(crate) struct Faults {
    pub(super) credentials: Credentials,
    pub(super) arm: Slot,
    pub(super) identity: Slot,
}

/// The storage for one fault. The lock is never held over an await.
#[derive(Default)]
pub(super) struct Slot(Mutex<Option<Fault>>);

impl Faults {
    pub(super) fn new() -> Self {
        Self {
            credentials: Credentials::new(),
            arm: Slot::default(),
            identity: Slot::default(),
        }
    }

    /// Sets or removes the fault of the endpoint `arm` or `identity`. Returns whether this endpoint exists. A fault
    /// of `identity` also revokes all tokens, because an app keeps its token for an hour and would not notice the
    /// fault earlier.
    pub(crate) fn set(&self, endpoint: &str, fault: Option<Fault>) -> bool {
        match endpoint {
            "arm" => self.arm.set(fault),
            "identity" => {
                if fault.is_some() {
                    self.credentials.revoke();
                }
                self.identity.set(fault);
            }
            _ => return false,
        }
        true
    }
}

impl Slot {
    fn set(&self, fault: Option<Fault>) {
        *self.lock() = fault;
    }

    /// What happens to the next request. It counts as one of the fault's requests.
    pub(super) fn next(&self) -> Option<Answer> {
        let mut slot = self.lock();
        let fault = slot.as_mut()?;
        let is_over = Instant::now() >= fault.until || fault.requests == Some(0);
        if is_over {
            *slot = None;
            return None;
        }
        fault.requests = fault.requests.map(|requests| requests - 1);
        Some(fault.answer)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Fault>> {
        self.0
            .lock()
            .expect("nothing panics while holding the lock")
    }
}

impl Fault {
    /// Reads a query such as `answer=429&retry_after=2&requests=3` or `answer=hang&seconds=10`.
    ///
    /// # Errors
    /// One sentence for the caller.
    pub(crate) fn parse(query: &str) -> Result<Self, String> {
        let (mut answer, mut retry_after, mut requests) = (None, None, None);
        let mut seconds = LONGEST;
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "answer" => answer = Some(value.into_owned()),
                "retry_after" => retry_after = Some(count("retry_after", &value)?),
                "requests" => requests = Some(count("requests", &value)?),
                "seconds" => {
                    seconds = value
                        .parse()
                        .ok()
                        .filter(|seconds| (0.0..=LONGEST).contains(seconds))
                        .ok_or_else(|| format!("seconds must be a number from 0 to {LONGEST}"))?;
                }
                _ => {
                    return Err(format!(
                        "{:?} is unknown; use answer, retry_after, requests and seconds",
                        name.chars().take(40).collect::<String>()
                    ));
                }
            }
        }
        let status = |status| Answer::Status(status, retry_after);
        let answer = match answer.as_deref() {
            Some("403") => status(StatusCode::FORBIDDEN),
            Some("429") => status(StatusCode::TOO_MANY_REQUESTS),
            Some("500") => status(StatusCode::INTERNAL_SERVER_ERROR),
            Some("hang") => Answer::Hang,
            Some("close") => Answer::Close,
            _ => return Err("answer must be 403, 429, 500, hang or close".to_owned()),
        };
        if retry_after.is_some() && !matches!(answer, Answer::Status(..)) {
            return Err(
                "retry_after needs a response: use it with answer 403, 429 or 500".to_owned(),
            );
        }
        Ok(Self {
            answer,
            until: Instant::now() + Duration::from_secs_f64(seconds),
            requests,
        })
    }
}

fn count(name: &str, value: &str) -> Result<u32, String> {
    let number = value.parse().ok();
    number
        .filter(|number| (1..=MOST).contains(number))
        .ok_or_else(|| format!("{name} must be a whole number from 1 to {MOST}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(query: &str, requests: usize) -> Vec<Option<Answer>> {
        let slot = Slot::default();
        slot.set(Some(Fault::parse(query).expect("valid")));
        (0..requests).map(|_| slot.next()).collect()
    }

    #[test]
    fn a_fault_is_limited_by_requests_or_by_time() {
        let limited = answers("answer=429&retry_after=2&requests=2", 3);
        let throttled = Answer::Status(StatusCode::TOO_MANY_REQUESTS, Some(2));
        assert_eq!(limited, [Some(throttled), Some(throttled), None]);
        assert_eq!(answers("answer=close&seconds=0", 1), [None]);
        assert_eq!(answers("answer=hang", 9), [Some(Answer::Hang); 9]);
    }

    #[test]
    fn invalid_faults_are_refused_in_a_sentence() {
        for (query, part) in [
            ("", "answer must be 403"),
            ("answer=200", "answer must be 403"),
            ("answer=403&seconds=-1", "seconds must be"),
            ("answer=403&seconds=NaN", "seconds must be"),
            ("answer=403&requests=0", "requests must be"),
            ("answer=429&retry_after=x", "retry_after must be"),
            ("answer=hang&retry_after=1", "retry_after needs a response"),
            ("answer=hang&for=1", "\"for\" is unknown"),
        ] {
            let sentence = Fault::parse(query).expect_err(query);
            assert!(sentence.contains(part), "{query}: {sentence}");
        }
    }
}

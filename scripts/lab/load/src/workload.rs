//! The requests of a load, their order, and which responses are successful.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{Request, StatusCode};

use super::connection::Route;
use super::custom_request::name;
use super::failure::Failure;
use super::mix::{Key, Kind, Mix};
use super::request::{Encoded, get, post};
use super::stats::Outcome;
use super::target::Target;

/// A request that is sent many times.
struct Prepared {
    name: String,
    request: Encoded,
    /// The status of a success; `None` if any status below 400 is a success.
    expected: Option<StatusCode>,
    /// The status of an instance that is already doing what the request asks.
    busy: Option<StatusCode>,
}

/// The requests and their target, which all workers share.
pub struct Workload {
    pub(super) route: Route,
    /// At most [`super::stats::MOST_KINDS`].
    requests: Vec<Prepared>,
    mix: Mix,
    /// The number of requests taken so far in a closed loop.
    taken: AtomicU64,
}

impl Workload {
    /// The requests of Elastic Visits with this mix.
    pub(super) fn of_app(target: &Target, route: Route, mix: Mix, key: Option<&Key>) -> Self {
        let requests = Kind::ALL.map(|kind| Prepared {
            name: kind.name().to_owned(),
            request: Encoded::from(&request(target, kind, key)),
            expected: Some(kind.expected()),
            busy: (kind == Kind::Stress).then_some(StatusCode::TOO_MANY_REQUESTS),
        });
        Self::new(route, requests.into(), mix)
    }

    /// One request. Without an expected status, any status below 400 is a success, as in k6 and Locust.
    pub fn single(route: Route, request: &Request<Bytes>, expected: Option<StatusCode>) -> Self {
        let request = Prepared {
            name: name(request),
            request: Encoded::from(request),
            expected,
            busy: None,
        };
        Self::new(route, vec![request], Mix::visits())
    }

    fn new(route: Route, requests: Vec<Prepared>, mix: Mix) -> Self {
        Self {
            route,
            requests,
            mix,
            taken: AtomicU64::new(0),
        }
    }

    /// The number of the next request of a closed loop.
    pub(super) fn take(&self) -> u64 {
        self.taken.fetch_add(1, Ordering::Relaxed)
    }

    /// The kind of request number `count`, as an index.
    pub(super) fn kind(&self, count: u64) -> usize {
        self.mix.kind(count) as usize
    }

    /// The names of the kinds.
    pub(super) fn names(&self) -> Vec<&str> {
        let names = self.requests.iter().map(|request| request.name.as_str());
        names.collect()
    }

    pub(super) fn request(&self, kind: usize) -> &Encoded {
        &self.requests[kind].request
    }

    /// The status if it should be counted, which is the case if several statuses are successful.
    pub(super) fn counted(&self, kind: usize, status: StatusCode) -> Option<StatusCode> {
        Some(status).filter(|_| self.requests[kind].expected.is_none())
    }

    /// The outcome of a response. A stress run that is refused because one is in progress is not a failure.
    pub(super) fn outcome(&self, kind: usize, status: StatusCode) -> Outcome {
        let request = &self.requests[kind];
        let succeeded = match request.expected {
            Some(expected) => status == expected,
            None => status.as_u16() < 400,
        };
        if succeeded {
            Outcome::Ok
        } else if request.busy == Some(status) {
            Outcome::Busy
        } else {
            Outcome::Failed(Failure::Status(status.as_u16()))
        }
    }
}

fn request(target: &Target, kind: Kind, key: Option<&Key>) -> Request<Bytes> {
    let endpoint = kind.path();
    match kind {
        Kind::Metrics | Kind::Listing => get(target, endpoint),
        Kind::Visit => post(target, endpoint, ""),
        Kind::Stress => {
            let mut request = post(target, endpoint, r#"{"duration":1,"wait":false}"#);
            request.headers_mut().extend(key.map(Key::header));
            request
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_busy_instance_is_not_a_failure() {
        let target = Target::parse("http://127.0.0.1:1").expect("a target");
        let address = "127.0.0.1:1".parse().expect("an address");
        let route = Route::plain(vec![address], Duration::from_secs(1));
        let workload = Workload::of_app(&target, route, Mix::usual(), None);
        let outcome = |kind: Kind, status| workload.outcome(kind as usize, status);
        let busy = StatusCode::TOO_MANY_REQUESTS;
        assert!(matches!(outcome(Kind::Stress, busy), Outcome::Busy));
        assert!(matches!(outcome(Kind::Visit, busy), Outcome::Failed(_)));
        assert!(matches!(
            outcome(Kind::Visit, StatusCode::OK),
            Outcome::Failed(_)
        ));
        assert!(matches!(
            outcome(Kind::Visit, StatusCode::CREATED),
            Outcome::Ok
        ));
        assert!(matches!(
            outcome(Kind::Metrics, StatusCode::FOUND),
            Outcome::Failed(_)
        ));
    }
}

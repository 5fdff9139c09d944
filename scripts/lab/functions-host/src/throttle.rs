//! The limits of the HTTP requests of an instance (`HttpThrottleMiddleware.cs`, `HttpRequestQueue.cs`).
//!
//! Without limits, nothing here is used. A request that waits is not passed on if its client disconnects, but as in the
//! host, it counts until it could run. (With forwarding and the JSON protocol, the host then still calls the function.)

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use anyhow::{anyhow, bail};
use serde_json::Value;
use tokio::sync::oneshot::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::json::{lookup, scalar_text};

/// `maxConcurrentRequests` and `maxOutstandingRequests` of `extensions.http` (`HttpOptions.cs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Of requests that run.
    pub(crate) concurrent: Option<usize>,
    /// Of requests that run or wait.
    pub(crate) outstanding: Option<usize>,
}

impl Limits {
    /// `None` without limits.
    pub(super) fn read(http: &Value) -> anyhow::Result<Option<Self>> {
        let limits = Self {
            concurrent: limit(http, "maxConcurrentRequests")?,
            outstanding: limit(http, "maxOutstandingRequests")?,
        };
        let is_set = limits.concurrent.is_some() || limits.outstanding.is_some();
        Ok(is_set.then_some(limits))
    }
}

/// A number, or its text. The host does not start if it is neither (.NET's `ConfigurationBinder.cs`), and answers every
/// request with 500 if the number is not possible (`DataflowBlockOptions.cs`).
fn limit(http: &Value, name: &str) -> anyhow::Result<Option<usize>> {
    let Some(value) = lookup(http, name) else {
        return Ok(None);
    };
    let number: Option<i32> = scalar_text(value).and_then(|text| text.trim().parse().ok());
    let number = number
        .ok_or_else(|| anyhow!("extensions.http.{name} is {value} but must be a whole number"))?;
    match usize::try_from(number) {
        Ok(limit) if limit > 0 => Ok(Some(limit)),
        Err(_) if number == -1 => Ok(None),
        _ => {
            bail!("extensions.http.{name} is {number} but must be -1, for no limit, or at least 1")
        }
    }
}

/// The requests of one instance.
pub(crate) struct Queue {
    limits: Limits,
    outstanding: Arc<Semaphore>,
    concurrent: Arc<Semaphore>,
}

impl Queue {
    pub(crate) fn new(limits: Limits) -> Self {
        let semaphore = |limit: Option<usize>| {
            Arc::new(Semaphore::new(limit.unwrap_or(Semaphore::MAX_PERMITS)))
        };
        Self {
            limits,
            outstanding: semaphore(limits.outstanding),
            concurrent: semaphore(limits.concurrent),
        }
    }

    /// The number of requests that run or wait.
    pub(crate) fn outstanding(&self) -> usize {
        self.limits.outstanding.unwrap_or(Semaphore::MAX_PERMITS)
            - self.outstanding.available_permits()
    }

    /// Counts a request as outstanding, if the limit allows it.
    pub(crate) fn enter(&self) -> Result<Waiting, Full> {
        let outstanding = Arc::clone(&self.outstanding).try_acquire_owned();
        Ok(Waiting {
            outstanding: outstanding
                .map_err(|_| Full(self.limits.outstanding.unwrap_or_default()))?,
            concurrent: Arc::clone(&self.concurrent),
            is_bounded: self.limits.outstanding.is_some(),
        })
    }
}

/// `maxOutstandingRequests` requests run or wait.
#[derive(Debug, thiserror::Error)]
#[error("maxOutstandingRequests ({0}) are running or waiting")]
pub(crate) struct Full(usize);

/// A request that is outstanding and does not yet run.
pub(crate) struct Waiting {
    outstanding: OwnedSemaphorePermit,
    concurrent: Arc<Semaphore>,
    is_bounded: bool,
}

impl Waiting {
    /// Waits until the request may run, in the order of arrival.
    ///
    /// # Errors
    /// The runtime is shutting down.
    pub(crate) async fn permit(self) -> Result<Permit, RecvError> {
        const OPEN: &str = "the semaphore is never closed";
        let Self {
            outstanding,
            concurrent,
            is_bounded,
        } = self;
        let begin = |concurrent| Permit {
            _concurrent: concurrent,
            _outstanding: outstanding,
        };
        if let Ok(permit) = Arc::clone(&concurrent).try_acquire_owned() {
            return Ok(begin(permit));
        }
        let mut acquired = Box::pin(concurrent.acquire_owned());
        if !is_bounded {
            // Without a limit, an abandoned request need not stay in the queue.
            return Ok(begin(acquired.await.expect(OPEN)));
        }
        // The first poll puts the request into the queue.
        let first = poll_fn(|cx| Poll::Ready(acquired.as_mut().poll(cx))).await;
        let (sender, receiver) = oneshot::channel();
        // Waits even if the caller is dropped, because an abandoned request counts until it may run.
        tokio::spawn(async move {
            let permit = match first {
                Poll::Ready(permit) => permit,
                Poll::Pending => acquired.await,
            };
            let _ = sender.send(begin(permit.expect(OPEN)));
        });
        receiver.await
    }
}

/// The permit of a request that runs, until this is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    _concurrent: OwnedSemaphorePermit,
    _outstanding: OwnedSemaphorePermit,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn limits(concurrent: Option<usize>, outstanding: Option<usize>) -> Limits {
        Limits {
            concurrent,
            outstanding,
        }
    }

    /// `HttpOptions.cs`: -1 is the default.
    #[test]
    fn minus_one_and_nothing_are_no_limit() {
        let read = |http: Value| Limits::read(&http).map_err(|error| error.to_string());
        for none in [
            json!({}),
            json!({ "maxConcurrentRequests": -1, "maxOutstandingRequests": "-1" }),
        ] {
            assert_eq!(read(none), Ok(None));
        }
        assert_eq!(
            read(json!({ "MaxConcurrentRequests": " 5 " })),
            Ok(Some(limits(Some(5), None)))
        );
        assert_eq!(
            read(json!({ "maxConcurrentRequests": -1, "maxOutstandingRequests": 7 })),
            Ok(Some(limits(None, Some(7))))
        );
        for wrong in [
            json!(0),
            json!(-2),
            json!(null),
            json!(""),
            json!(1.5),
            json!(true),
            json!(2_147_483_648_u64),
        ] {
            let error = read(json!({ "maxOutstandingRequests": wrong })).expect_err("wrong");
            assert!(error.contains("maxOutstandingRequests"), "{error}");
        }
    }

    #[tokio::test]
    async fn requests_run_in_order_and_abandoned_ones_count() {
        let queue = Queue::new(limits(Some(1), Some(4)));
        let enter = || queue.enter().expect("below the limit");
        let running = enter().permit().await.expect("a permit");
        let mut abandoned = Box::pin(enter().permit());
        let mut second = Box::pin(enter().permit());
        let mut third = Box::pin(enter().permit());
        for waiting in [&mut abandoned, &mut second, &mut third] {
            assert!(poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx).is_pending())).await);
        }
        drop(abandoned);
        tokio::task::yield_now().await;
        assert_eq!(queue.outstanding(), 4);
        assert!(queue.enter().is_err());
        drop(running);
        let permit = second.await.expect("a permit");
        assert_eq!(queue.outstanding(), 2);
        drop(permit);
        drop(third.await);
        assert_eq!(queue.outstanding(), 0);
    }

    #[tokio::test]
    async fn without_a_limit_an_abandoned_request_leaves_nothing() {
        let queue = Queue::new(limits(Some(1), None));
        let running = queue.enter().expect("below the limit").permit().await;
        let mut abandoned = Box::pin(queue.enter().expect("below the limit").permit());
        assert!(poll_fn(|cx| Poll::Ready(abandoned.as_mut().poll(cx).is_pending())).await);
        assert_eq!(queue.outstanding(), 2);
        drop(abandoned);
        assert_eq!(queue.outstanding(), 1);
        drop(running);
    }
}

//! Brings a request to the handler process of the moment.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;

use super::app::Failure;
use super::body::{Exchange, Expiry, RequestBody};
use super::instance::{Instance, Worker};
use super::pool::Connection;

/// `RetryProxyHandler.cs`.
const ATTEMPTS: u32 = 10;
const FIRST_DELAY: Duration = Duration::from_millis(50);
const LAST_DELAY: Duration = Duration::from_millis(250);

/// Sends a request and waits for the head of the answer. Only what certainly was not sent is tried
/// again, each time with the worker that is there then. The real host also repeats requests without a
/// body that were sent, but always to the process that it had chosen first, which is gone by then.
pub(crate) async fn send(
    instance: &Instance,
    mut request: Request<RequestBody>,
    exchange: &Exchange,
) -> Result<(Arc<Worker>, Connection, Response<Incoming>), Failure> {
    let mut delay = FIRST_DELAY;
    let mut attempt = 1;
    loop {
        let worker = instance.worker().await?;
        let failure = match worker.pool.checkout().await {
            Err(error) => Failure::Connect(error),
            Ok(mut connection) => match exchange.watch(connection.send(request)).await {
                Ok(Ok(answer)) => return Ok((worker, connection, answer)),
                Ok(Err(mut error)) => match error.take_message() {
                    Some(unsent) => {
                        request = unsent;
                        Failure::Broken(error.into_error())
                    }
                    None => {
                        let error = error.into_error();
                        // Not where the client's body is what broke.
                        if !error.is_user() {
                            instance.fate(&worker).await;
                        }
                        return Err(Failure::Broken(error));
                    }
                },
                Err(expiry) => {
                    if expiry == Expiry::Function {
                        worker.timed_out();
                    }
                    return Err(expiry.into());
                }
            },
        };
        if attempt == ATTEMPTS {
            return Err(failure);
        }
        attempt += 1;
        tokio::time::sleep(delay).await;
        delay = (delay * 2).min(LAST_DELAY);
    }
}

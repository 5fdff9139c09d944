//! Sends a request to a handler process.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{Request, Response, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};

use super::app::Failure;
use super::backends::{Admission, Backend, Backends, InFlight};
use super::exchange::{Exchange, Expiry};
use super::pool::Connection;
use super::request_body::RequestBody;
use super::worker::Worker;

/// `RetryProxyHandler.cs`.
const ATTEMPTS: u32 = 10;
const FIRST_DELAY: Duration = Duration::from_millis(50);
const LAST_DELAY: Duration = Duration::from_millis(250);

/// The size limit of a response that is read as a whole: `HttpClient.MaxResponseContentBufferSize`.
const RESPONSE_LIMIT: usize = i32::MAX as usize;

/// How long the rest of an upload may take after its response was sent.
const LINGER: Duration = Duration::from_secs(5);

/// The result for a request whose connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is repeated (`RetryProxyHandler.cs`).
    Retried,
    /// It fails, as with .NET's `HttpClient`.
    Failed,
}

/// The target of a request.
#[derive(Clone, Copy)]
pub(crate) enum To<'a> {
    /// The process that is chosen for it: of the instance that admitted it, if it has one.
    Any(&'a Backends, Option<&'a Admission>),
    /// This process, which may not yet take other requests.
    One(&'a Arc<Backend>),
    /// The process of the instance with this name.
    Instance(&'a Backends, &'a str),
}

impl To<'_> {
    async fn assign(self, avoided: Option<&Worker>) -> Result<InFlight, Failure> {
        match self {
            Self::Any(backends, admission) => Ok(backends.assign(avoided, admission).await?),
            Self::One(backend) => Ok(backend.begin()),
            Self::Instance(backends, instance) => Ok(backends.assign_to(instance).await?),
        }
    }

    /// Waits briefly for the report that a process with a broken connection is gone.
    async fn wait_until_gone(self, worker: &Worker) {
        match self {
            Self::Any(backends, _) | Self::Instance(backends, _) => {
                backends.wait_until_gone(worker).await;
            }
            Self::One(_) => {}
        }
    }

    /// The number of processes to choose from.
    fn choices(self) -> usize {
        match self {
            Self::Any(backends, _) => backends.open(),
            Self::One(_) | Self::Instance(..) => 1,
        }
    }
}

/// Sends a request and waits for the head of the response. It is only repeated if it was certainly not sent: at once
/// if another process is ready, or else after a pause. The real host also repeats requests without a body that were
/// sent, but always to the first process, which no longer exists then. A request without `Host` gets the handler's.
pub(crate) async fn send(
    to: To<'_>,
    mut request: Request<RequestBody>,
    exchange: &Exchange,
    on_refused: Refused,
) -> Result<(InFlight, Connection, Response<Incoming>), Failure> {
    let mut delay = FIRST_DELAY;
    let mut attempt = 1;
    let mut refused = 0;
    let mut avoided: Option<Arc<Worker>> = None;
    let is_addressed = request.headers().contains_key(header::HOST);
    loop {
        let in_flight = to.assign(avoided.as_deref()).await?;
        let worker = in_flight.worker();
        if !is_addressed {
            let host = worker.pool.host.clone();
            request.headers_mut().insert(header::HOST, host);
        }
        let failure = match worker.pool.checkout().await {
            Err(error) if on_refused == Refused::Failed => {
                // A caller that uses an instance's name then checks whether the instance still exists.
                if matches!(to, To::Instance(..)) {
                    to.wait_until_gone(worker).await;
                }
                return Err(Failure::Connect(error));
            }
            Err(error) => Failure::Connect(error),
            Ok(mut connection) => match exchange.watch(connection.send(request)).await {
                Ok(Ok(mut answer)) => {
                    in_flight.sent();
                    // A length is meaningless for a chunked body (RFC 9112, section 6.3), but the client would use
                    // it.
                    if answer.headers().contains_key(header::TRANSFER_ENCODING) {
                        answer.headers_mut().remove(header::CONTENT_LENGTH);
                    }
                    return Ok((in_flight, connection, answer));
                }
                Ok(Err(mut error)) => match error.take_message() {
                    Some(unsent) => {
                        request = unsent;
                        Failure::Broken(error.into_error())
                    }
                    None => {
                        in_flight.sent();
                        let error = error.into_error();
                        // Unless the client's body caused the error.
                        if !error.is_user() {
                            to.wait_until_gone(worker).await;
                        }
                        return Err(Failure::Broken(error));
                    }
                },
                Err(expiry) => {
                    in_flight.sent();
                    if expiry == Expiry::Function {
                        worker.timed_out();
                    }
                    return Err(expiry.into());
                }
            },
        };
        refused += 1;
        avoided = Some(Arc::clone(worker));
        drop(in_flight);
        if refused < to.choices() {
            continue;
        }
        if attempt == ATTEMPTS {
            return Err(failure);
        }
        attempt += 1;
        tokio::time::sleep(delay).await;
        delay = (delay * 2).min(LAST_DELAY);
    }
}

/// Sends a request and reads the whole response of at most [`RESPONSE_LIMIT`] bytes. A refused connection is not
/// repeated, but a request that a kept connection did not send is.
pub(crate) async fn exchange_whole(
    to: To<'_>,
    request: Request<RequestBody>,
    exchange: &Exchange,
) -> Result<(Parts, Bytes), Failure> {
    let (in_flight, mut connection, answer) = send(to, request, exchange, Refused::Failed).await?;
    let (parts, incoming) = answer.into_parts();
    let whole = connection.drive(read_whole(incoming, RESPONSE_LIMIT));
    let body = match exchange.watch(whole).await {
        Ok(body) => body?,
        Err(expiry) => {
            if expiry == Expiry::Function {
                in_flight.worker().timed_out();
            }
            return Err(expiry.into());
        }
    };
    release(connection, &in_flight, exchange);
    Ok((parts, body))
}

/// Reads a response of at most `limit` bytes.
async fn read_whole<B>(body: B, limit: usize) -> Result<Bytes, Failure>
where
    B: Body<Error: std::error::Error + Send + Sync + 'static>,
{
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Failure::Answer(format!("it is longer than {limit} bytes")))
        }
        Err(error) => Err(Failure::Answer(format!("it broke off: {error}"))),
    }
}

/// Returns a connection after its response has been read to the end.
pub(crate) fn release(mut connection: Connection, in_flight: &InFlight, exchange: &Exchange) {
    let worker = in_flight.worker();
    if !exchange.uploading() {
        worker.pool.checkin(connection);
        return;
    }
    // The response came before the whole request was sent. Aborting the upload now would reset the client's
    // connection before the client has read the response.
    let worker = Arc::clone(worker);
    tokio::spawn(async move {
        if let Ok(true) = tokio::time::timeout(LINGER, connection.settled()).await {
            worker.pool.checkin(connection);
        }
    });
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    #[tokio::test]
    async fn an_answer_over_the_limit_is_refused_with_the_limit() {
        let read = |text: &'static str| read_whole(Full::new(Bytes::from(text)), 3);
        assert_eq!(read("abc").await.expect("short enough"), "abc");
        assert_eq!(
            read("abcd").await.expect_err("too long").to_string(),
            "the handler's answer cannot be used: it is longer than 3 bytes"
        );
    }
}

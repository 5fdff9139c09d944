//! Brings a request to a handler process.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{Request, Response, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};

use super::app::Failure;
use super::backends::{Backend, Backends, InFlight};
use super::exchange::{Exchange, Expiry};
use super::pool::Connection;
use super::request_body::RequestBody;
use super::worker::Worker;

/// `RetryProxyHandler.cs`.
const ATTEMPTS: u32 = 10;
const FIRST_DELAY: Duration = Duration::from_millis(50);
const LAST_DELAY: Duration = Duration::from_millis(250);

/// How many bytes an answer that is read whole may have: `HttpClient.MaxResponseContentBufferSize`.
const RESPONSE_LIMIT: usize = i32::MAX as usize;

/// How long the rest of an upload may take whose answer is out already.
const LINGER: Duration = Duration::from_secs(5);

/// What becomes of a request whose connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is tried again (`RetryProxyHandler.cs`).
    Retried,
    /// It has failed, as with .NET's `HttpClient`.
    Failed,
}

/// Who is to answer.
#[derive(Clone, Copy)]
pub(crate) enum To<'a> {
    /// The process that is chosen for it.
    Any(&'a Backends),
    /// This process, which may not take other requests yet.
    One(&'a Arc<Backend>),
    /// The process of the instance with this name.
    Instance(&'a Backends, &'a str),
}

impl To<'_> {
    async fn assign(self, avoided: Option<&Worker>) -> Result<InFlight, Failure> {
        match self {
            Self::Any(backends) => Ok(backends.assign(avoided).await?),
            Self::One(backend) => Ok(backend.begin()),
            Self::Instance(backends, instance) => Ok(backends.assign_to(instance).await?),
        }
    }

    /// Waits a moment for the news that a process which broke off is gone.
    async fn wait_until_gone(self, worker: &Worker) {
        match self {
            Self::Any(backends) | Self::Instance(backends, _) => {
                backends.wait_until_gone(worker).await;
            }
            Self::One(_) => {}
        }
    }

    /// How many there are to choose from.
    fn choices(self) -> usize {
        match self {
            Self::Any(backends) => backends.open(),
            Self::One(_) | Self::Instance(..) => 1,
        }
    }
}

/// Sends a request and waits for the head of the answer. Only what certainly was not sent is tried again: at
/// once where another process is ready, else after a pause with the one that is there then. The real host also
/// repeats requests without a body that were sent, but always to the process that it had chosen first, which is
/// gone by then. A request without `Host` gets the handler's.
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
                // Whoever calls an instance by name asks next whether it is still there.
                if matches!(to, To::Instance(..)) {
                    to.wait_until_gone(worker).await;
                }
                return Err(Failure::Connect(error));
            }
            Err(error) => Failure::Connect(error),
            Ok(mut connection) => match exchange.watch(connection.send(request)).await {
                Ok(Ok(mut answer)) => {
                    in_flight.sent();
                    // A length beside chunks means nothing (RFC 9112, section 6.3), and the client would count it.
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
                        // Not where the client's body is what broke.
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

/// Sends a request and reads the whole answer of at most [`RESPONSE_LIMIT`] bytes. A refused connection is not tried
/// again; a request that a kept connection did not send is.
pub(crate) async fn exchange_whole(
    to: To<'_>,
    request: Request<RequestBody>,
    exchange: &Exchange,
) -> Result<(Parts, Bytes), Failure> {
    let (in_flight, connection, answer) = send(to, request, exchange, Refused::Failed).await?;
    let (parts, incoming) = answer.into_parts();
    let body = match exchange.watch(read_whole(incoming, RESPONSE_LIMIT)).await {
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

/// Reads an answer of at most `limit` bytes.
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

/// Gives a connection back whose answer has been read to its end.
pub(crate) fn release(mut connection: Connection, in_flight: &InFlight, exchange: &Exchange) {
    let worker = in_flight.worker();
    if !exchange.uploading() {
        worker.pool.checkin(connection);
        return;
    }
    // The answer came before the whole request was sent. Cutting the upload off now would reset the client's
    // connection before it has read that answer.
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

//! Brings a request to a handler process.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;

use super::app::Failure;
use super::body::{Exchange, Expiry, RequestBody};
use super::fleet::{Balancer, Seat, Ticket};
use super::instance::Worker;
use super::pool::Connection;

/// `RetryProxyHandler.cs`.
const ATTEMPTS: u32 = 10;
const FIRST_DELAY: Duration = Duration::from_millis(50);
const LAST_DELAY: Duration = Duration::from_millis(250);

/// Who is to answer.
#[derive(Clone, Copy)]
pub(crate) enum To<'a> {
    /// Whoever is least busy.
    Any(&'a Balancer),
    /// This process, which may not take other requests yet.
    One(&'a Arc<Seat>),
}

impl To<'_> {
    async fn ticket(self, avoided: Option<&Worker>) -> Result<Ticket, Failure> {
        match self {
            Self::Any(balancer) => Ok(balancer.ticket(avoided).await?),
            Self::One(seat) => Ok(seat.ticket()),
        }
    }

    /// Waits a moment for the news that a process which broke off is gone.
    async fn fate(self, worker: &Worker) {
        if let Self::Any(balancer) = self {
            balancer.fate(worker).await;
        }
    }

    /// How many there are to choose from.
    fn choices(self) -> usize {
        match self {
            Self::Any(balancer) => balancer.open(),
            Self::One(_) => 1,
        }
    }
}

/// Sends a request and waits for the head of the answer. Only what certainly was not sent is tried again: at
/// once where another process is ready, else after a pause with the one that is there then. The real host also
/// repeats requests without a body that were sent, but always to the process that it had chosen first, which is
/// gone by then.
pub(crate) async fn send(
    to: To<'_>,
    mut request: Request<RequestBody>,
    exchange: &Exchange,
) -> Result<(Ticket, Connection, Response<Incoming>), Failure> {
    let mut delay = FIRST_DELAY;
    let mut attempt = 1;
    let mut refused = 0;
    let mut avoided: Option<Arc<Worker>> = None;
    loop {
        let ticket = to.ticket(avoided.as_deref()).await?;
        let worker = ticket.worker();
        let failure = match worker.pool.checkout().await {
            Err(error) => Failure::Connect(error),
            Ok(mut connection) => match exchange.watch(connection.send(request)).await {
                Ok(Ok(answer)) => {
                    ticket.sent();
                    return Ok((ticket, connection, answer));
                }
                Ok(Err(mut error)) => match error.take_message() {
                    Some(unsent) => {
                        request = unsent;
                        Failure::Broken(error.into_error())
                    }
                    None => {
                        ticket.sent();
                        let error = error.into_error();
                        // Not where the client's body is what broke.
                        if !error.is_user() {
                            to.fate(worker).await;
                        }
                        return Err(Failure::Broken(error));
                    }
                },
                Err(expiry) => {
                    ticket.sent();
                    if expiry == Expiry::Function {
                        worker.timed_out();
                    }
                    return Err(expiry.into());
                }
            },
        };
        refused += 1;
        avoided = Some(Arc::clone(worker));
        drop(ticket);
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

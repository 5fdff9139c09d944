//! Checks whether the handler responds.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, header};
use http_body_util::{BodyExt, Full};

use super::console::Console;
use super::plan::Plan;
use super::pool::Connection;
use super::request_body::RequestBody;
use super::worker::Worker;

/// The pause between readiness polls (`WorkerConstants.cs`).
const POLL: Duration = Duration::from_millis(25);
/// The time after which a handler is reported that accepts connections but does not respond.
const MUTE: Duration = Duration::from_secs(5);

/// Polls `GET /` until there is any response (`DefaultHttpWorkerService.cs`). Returns false when the budget of
/// refused connections is used up. As in the host, the wait is much longer for a handler that accepts connections but
/// does not respond: one request may take functionTimeout and a minute.
pub(super) fn answers(
    worker: Arc<Worker>,
    plan: &Plan,
    console: &Console,
) -> impl Future<Output = bool> + use<> {
    let polls = plan.initialization_timeout.as_millis() / POLL.as_millis();
    let request_limit = plan.function_timeout.map_or(Duration::MAX, |timeout| {
        timeout.saturating_add(Duration::from_secs(60))
    });
    let console = console.clone();
    async move {
        for _ in 0..=polls {
            if let Ok(connection) = worker.pool.checkout().await {
                let ping = ping(&worker, connection);
                tokio::pin!(ping);
                if tokio::time::timeout(MUTE, &mut ping).await.is_err() {
                    console.warn(
                        "The handler accepts connections but does not answer GET /; requests wait \
                         until it does",
                    );
                    let _ = tokio::time::timeout(request_limit, ping).await;
                }
                return true;
            }
            tokio::time::sleep(POLL).await;
        }
        false
    }
}

/// One readiness request, without headers of the host. Any response is accepted.
async fn ping(worker: &Worker, mut connection: Connection) {
    let mut request = Request::new(RequestBody::Left(Full::default()));
    request
        .headers_mut()
        .insert(header::HOST, worker.pool.host.clone());
    if let Ok(answer) = connection.send(request).await
        && connection.drive(answer.into_body().collect()).await.is_ok()
    {
        worker.pool.checkin(connection);
    }
}

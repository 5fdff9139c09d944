//! Invocations that continue when their client disconnects: the host passes a client's cancellation on only when it
//! proxies (`DefaultHttpWorkerService.cs`, `SendInvocationRequestAsync`).

use std::sync::Arc;

use tokio::sync::oneshot;

use super::app::{App, Failure};

/// Waits for `invocation` of the function at index `function` of the table. If the caller is dropped, the invocation
/// still runs to its end, and a failure is logged here.
pub(crate) async fn detached<T: Send + 'static>(
    app: &Arc<App>,
    function: usize,
    invocation: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> Result<T, Failure> {
    let app = Arc::clone(app);
    let (sender, receiver) = oneshot::channel();
    let task = tokio::spawn(async move {
        if let Err(Err(failure)) = sender.send(invocation.await) {
            app.report(&app.table.functions[function], &failure);
        }
    });
    if let Ok(result) = receiver.await {
        return result;
    }
    // It ended without a result: it panicked, or the runtime is shutting down.
    match task.await.map_err(tokio::task::JoinError::try_into_panic) {
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        _ => Err(Failure::Answer("the host is stopping".to_owned())),
    }
}

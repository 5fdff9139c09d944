//! The request that a task is at work on, for the log lines that it writes meanwhile.

use std::fmt::{self, Write};

use axum::http::HeaderValue;
use opentelemetry::trace::TraceId;
use uuid::Uuid;

/// The longest part of what a client sent that is logged or exported, in characters.
pub const LONGEST: usize = 200;

tokio::task_local! {
    static CURRENT: RequestIds;
}

/// The ids by which a request's lines are found. Kept as they came: most requests write no line.
#[derive(Debug, Clone, Default)]
pub struct RequestIds {
    /// The caller's trace, or that of the exported span.
    pub trace: Option<TraceId>,
    /// The header in which the Functions host names the invocation.
    pub invocation: Option<HeaderValue>,
}

impl RequestIds {
    /// Has every line that is logged while `work` is polled carry these ids.
    pub async fn around<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }

    /// The invocation's id as the host writes it; what no log line could hold is left out.
    pub fn invocation_id(&self) -> Option<String> {
        let id = self.invocation.as_ref()?.to_str().ok()?;
        let visible = id.chars().filter(char::is_ascii_graphic);
        Some(visible.take(LONGEST).collect())
    }

    /// The host may pass no trace on (github.com/Azure/azure-functions-host/pull/9576); then its own id of the
    /// invocation, which has as many bits, finds the same lines.
    fn trace_id(&self, invocation: Option<&str>) -> Option<TraceId> {
        self.trace.or_else(|| {
            let id = Uuid::parse_str(invocation?).ok()?;
            Some(TraceId::from_bytes(id.into_bytes()))
        })
    }
}

/// Gives name and value of each id of the request that this task is at work on, if it is on one, to `write`.
pub(super) fn each(mut write: impl FnMut(&str, &str) -> fmt::Result) -> fmt::Result {
    let ids = CURRENT.try_with(RequestIds::clone).unwrap_or_default();
    let invocation = ids.invocation_id();
    if let Some(trace) = ids.trace_id(invocation.as_deref()) {
        let mut digits = String::with_capacity(32);
        write!(digits, "{trace}")?;
        write("trace_id", &digits)?;
    }
    invocation.map_or(Ok(()), |id| write("invocation_id", &id))
}

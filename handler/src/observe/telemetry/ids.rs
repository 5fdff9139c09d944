//! The request that a task is processing, for the log lines that it writes.

use std::fmt::{self, Write};

use axum::http::HeaderValue;
use opentelemetry::trace::TraceId;
use uuid::Uuid;

/// The most characters of a client's text that are logged or exported.
pub const LONGEST: usize = 200;

tokio::task_local! {
    static CURRENT: RequestIds;
}

/// The ids by which the log lines of a request are found. They are kept as received, because most requests write no
/// line.
#[derive(Debug, Clone, Default)]
pub struct RequestIds {
    /// The caller's trace, or that of the exported span.
    pub trace: Option<TraceId>,
    /// The header with the Functions host's id of the invocation.
    pub invocation: Option<HeaderValue>,
}

impl RequestIds {
    /// Adds these ids to every line that is logged while `work` is polled.
    pub async fn around<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }

    /// The invocation's id as the host writes it, without characters that a log line cannot contain.
    pub fn invocation_id(&self) -> Option<String> {
        let id = self.invocation.as_ref()?.to_str().ok()?;
        let visible = id.chars().filter(char::is_ascii_graphic);
        Some(visible.take(LONGEST).collect())
    }

    /// The host may not pass on the trace (github.com/Azure/azure-functions-host/pull/9576). Then the id of the
    /// invocation, which has the same number of bits, takes the place of the trace id.
    fn trace_id(&self, invocation: Option<&str>) -> Option<TraceId> {
        self.trace.or_else(|| {
            let id = Uuid::parse_str(invocation?).ok()?;
            Some(TraceId::from_bytes(id.into_bytes()))
        })
    }
}

/// Calls `write` with the name and value of each id of the request that this task is processing, if there is one.
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

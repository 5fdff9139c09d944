//! Log lines on standard output, where the Functions host reads them.

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::config::LogFormat;

/// Lines that may wait to be written; the queue takes its memory at once.
const BUFFERED_LINES: usize = 8_192;

/// Starts logging; lines still waiting are written when the guard is dropped.
///
/// A thread of its own writes them: if nobody reads standard output, lines are lost rather than requests
/// held up.
///
/// # Errors
/// When logging was started before.
pub fn start(format: LogFormat, filter: &str) -> Result<WorkerGuard, TryInitError> {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(BUFFERED_LINES)
        .finish(std::io::stdout());
    // The settings were checked; a filter that fails here would only cost log lines.
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Json => registry
            .with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_span_list(false)
                    .with_writer(writer),
            )
            .try_init()?,
        LogFormat::Text => registry
            .with(fmt::layer().with_ansi(false).with_writer(writer))
            .try_init()?,
    }
    Ok(guard)
}

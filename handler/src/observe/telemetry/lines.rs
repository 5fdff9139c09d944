//! Log lines on standard output, where the Functions host reads them.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use super::ids;

/// The number of lines that may wait to be written. The queue allocates its memory at the start.
const BUFFERED_LINES: usize = 8_192;

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people to read.
    Text,
}

/// Starts logging. Lines that still wait are written when the guard is dropped. Every line carries the instance's id,
/// 1-64 characters of `A-Z a-z 0-9 . _ -`.
///
/// A separate thread writes the lines. If nobody reads standard output, lines are dropped instead of delaying
/// requests.
///
/// # Errors
/// When logging has already been started.
pub fn start(
    format: LogFormat,
    filter: &str,
    instance_id: &str,
) -> Result<WorkerGuard, TryInitError> {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(BUFFERED_LINES)
        .finish(std::io::stdout());
    // The filter was checked with the settings. If it fails here, the default applies.
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer();
    match format {
        LogFormat::Json => {
            let layer = layer.json().flatten_event(true);
            let layer = layer.with_current_span(false).with_span_list(false);
            let stamp = format!("{{\"instance_id\":\"{instance_id}\",");
            registry
                .with(layer.with_writer(writer).map_event_format(|inner| WithIds {
                    inner,
                    stamp,
                    place: Place::First,
                }))
                .try_init()?;
        }
        LogFormat::Text => {
            let stamp = format!(" instance_id={instance_id}");
            registry
                .with(
                    layer
                        .with_ansi(false)
                        .with_writer(writer)
                        .map_event_format(|inner| WithIds {
                            inner,
                            stamp,
                            place: Place::Last,
                        }),
                )
                .try_init()?;
        }
    }
    Ok(guard)
}

/// Adds the instance's id to every line, and the ids of the request if the line belongs to one.
struct WithIds<F> {
    inner: F,
    stamp: String,
    place: Place,
}

enum Place {
    /// In place of an object's opening brace.
    First,
    /// In place of the end of the line.
    Last,
}

impl<S, N, F> FormatEvent<S, N> for WithIds<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::with_capacity(256);
        self.inner
            .format_event(context, Writer::new(&mut line), event)?;
        match self.place {
            Place::First => {
                writer.write_str(&self.stamp)?;
                ids::each(|name, id| write!(writer, "\"{name}\":{},", serde_json::json!(id)))?;
                writer.write_str(line.strip_prefix('{').unwrap_or(&line))
            }
            Place::Last => {
                writer.write_str(line.strip_suffix('\n').unwrap_or(&line))?;
                writer.write_str(&self.stamp)?;
                ids::each(|name, id| write!(writer, " {name}={id}"))?;
                writer.write_char('\n')
            }
        }
    }
}

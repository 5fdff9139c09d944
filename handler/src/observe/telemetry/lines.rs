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

/// Lines that may wait to be written; the queue takes its memory at once.
const BUFFERED_LINES: usize = 8_192;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Starts logging; lines still waiting are written when the guard is dropped. Every line carries the instance's id,
/// 1-64 characters of `A-Z a-z 0-9 . _ -`.
///
/// A thread of its own writes them: if nobody reads standard output, lines are lost rather than requests
/// held up.
///
/// # Errors
/// When logging was started before.
pub fn start(
    format: LogFormat,
    filter: &str,
    instance_id: &str,
) -> Result<WorkerGuard, TryInitError> {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(BUFFERED_LINES)
        .finish(std::io::stdout());
    // The settings were checked; a filter that fails here would only cost log lines.
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

/// Puts the instance's id into every line, and those of the request that the line belongs to, if it does.
struct WithIds<F> {
    inner: F,
    stamp: String,
    place: Place,
}

enum Place {
    /// Instead of an object's opening brace.
    First,
    /// Instead of the line's end.
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

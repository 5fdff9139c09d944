//! Log lines on standard output, where the Functions host reads them.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Layer};

use super::ids;
use crate::config::LogFormat;

/// Lines that may wait to be written; the queue takes its memory at once.
const BUFFERED_LINES: usize = 8_192;

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
    match format {
        LogFormat::Json => registry.with(json(instance_id, writer)).try_init()?,
        LogFormat::Text => registry.with(text(instance_id, writer)).try_init()?,
    }
    Ok(guard)
}

fn json<S, W>(instance_id: &str, writer: W) -> impl Layer<S> + use<S, W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().json().flatten_event(true);
    let layer = layer.with_current_span(false).with_span_list(false);
    let stamp = format!("{{\"instance_id\":\"{instance_id}\",");
    layer.with_writer(writer).map_event_format(|inner| Stamped {
        inner,
        stamp,
        place: Place::First,
    })
}

fn text<S, W>(instance_id: &str, writer: W) -> impl Layer<S> + use<S, W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_ansi(false);
    let stamp = format!(" instance_id={instance_id}");
    layer.with_writer(writer).map_event_format(|inner| Stamped {
        inner,
        stamp,
        place: Place::Last,
    })
}

/// Puts the instance's id into every line, and those of the request that the line belongs to, if it does.
struct Stamped<F> {
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

impl<S, N, F> FormatEvent<S, N> for Stamped<F>
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::http::HeaderValue;

    use super::super::RequestIds;
    use super::*;

    /// One line of a request and one of nobody's, as this layer writes them.
    fn written<L>(layer: impl FnOnce(Arc<Mutex<Vec<u8>>>) -> L) -> [String; 2]
    where
        L: Layer<tracing_subscriber::Registry> + Send + Sync,
    {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let subscriber = tracing_subscriber::registry().with(layer(Arc::clone(&lines)));
        let ids = RequestIds {
            trace: None,
            invocation: Some(HeaderValue::from_static(r#"a b"c"#)),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        tracing::subscriber::with_default(subscriber, || {
            let said = ids.around(async { tracing::warn!(reason = "tired", "slow") });
            runtime.expect("a runtime").block_on(said);
            tracing::warn!("alone");
        });
        let text = String::from_utf8(lines.lock().expect("nobody panics").clone());
        let text = text.expect("lines are text");
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.try_into().expect("two lines")
    }

    #[test]
    fn ids_begin_a_line_of_json() {
        let [request, nobody] = written(|lines| json("one", lines));
        let begin = r#"{"instance_id":"one","invocation_id":"ab\"c","timestamp":""#;
        assert!(request.starts_with(begin), "{request}");
        let parsed: serde_json::Value = serde_json::from_str(&request).expect("JSON");
        assert_eq!(
            (&parsed["message"], &parsed["reason"]),
            (&"slow".into(), &"tired".into())
        );
        assert!(
            nobody.starts_with(r#"{"instance_id":"one","timestamp":""#),
            "{nobody}"
        );
    }

    #[test]
    fn ids_end_a_line_of_text() {
        let [request, nobody] = written(|lines| text("one", lines));
        let end = r#"slow reason="tired" instance_id=one invocation_id=ab"c"#;
        assert!(request.ends_with(end), "{request}");
        assert!(nobody.ends_with("alone instance_id=one"), "{nobody}");
    }
}

//! Spans of traces, batched and exported to a collector.

use std::time::Duration;

use opentelemetry::trace::{
    Link, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _,
    TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use super::collector::{Client, Collector, DEADLINE};

/// How long the export of the last spans may take after everything else has stopped.
const FAREWELL: Duration = Duration::from_secs(2);
/// The most spans that one span may link to: every visit of the largest batch.
const MOST_LINKS: u32 = 512;

/// Makes spans and passes them to the collector; makes none if no collector is set. Clones share the exporter.
///
/// The queue is bounded (2,048 spans unless `OTEL_BSP_MAX_QUEUE_SIZE` is set), and nothing waits for it: spans that
/// do not fit are dropped. The SDK's own variables decide which traces are kept, and add attributes of the instance.
/// Among them are `OTEL_TRACES_SAMPLER` and `OTEL_RESOURCE_ATTRIBUTES`
/// (opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables).
#[derive(Debug, Clone, Default)]
pub struct Spans(Option<Export>);

#[derive(Debug, Clone)]
struct Export {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Spans {
    /// Must be called on the runtime. The collector may be unavailable.
    ///
    /// # Errors
    /// When the SDK's own variables contradict each other.
    pub fn start(
        collector: Option<&Collector>,
        instance_id: &str,
        in_azure: bool,
    ) -> anyhow::Result<Self> {
        let Some(collector) = collector else {
            return Ok(Self::default());
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new())
            .with_endpoint(&collector.url)
            .with_headers(collector.headers.clone())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(DEADLINE)
            .build()?;
        let mut resource = Resource::builder()
            .with_service_name(collector.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("service.instance.id", instance_id.to_owned()));
        if in_azure {
            resource = resource.with_attributes([
                KeyValue::new("cloud.provider", "azure"),
                KeyValue::new("cloud.platform", "azure.functions"),
            ]);
        }
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build())
            .with_max_links_per_span(MOST_LINKS)
            .build();
        let tracer = provider.tracer("elastic-visits");
        Ok(Self(Some(Export { provider, tracer })))
    }

    /// Begins a span below `parent`, or a new trace if `parent` has no span. The returned context contains the span,
    /// which ends when [`end`](Self::end) is called, or when the last clone of the context is dropped. `None` without
    /// a collector.
    pub fn begin(&self, parent: &Context, span: impl FnOnce() -> SpanBuilder) -> Option<Context> {
        let export = self.0.as_ref()?;
        let span = export.tracer.build_with_context(span(), parent);
        Some(parent.with_span(span))
    }

    /// The exported span of the future that is being polled, if there is one.
    pub fn current(&self) -> Option<SpanContext> {
        self.0.as_ref()?;
        let current = Context::current().span().span_context().clone();
        current.is_sampled().then_some(current)
    }

    /// Begins the span of a write that `callers` wait for. It is below the first caller's span, so that the trace of
    /// a single request shows it, and linked to the other callers' spans. `None` if no caller's span is exported.
    pub fn shared_write(
        &self,
        callers: impl IntoIterator<Item = SpanContext>,
        db_type: &'static str,
        rows: usize,
    ) -> Option<Context> {
        self.0.as_ref()?;
        let mut callers = callers.into_iter();
        let parent = Context::new().with_remote_span_context(callers.next()?);
        let links = callers.map(Link::with_context).collect();
        let (name, operation) = if rows > 1 {
            ("BATCH INSERT visits", "BATCH INSERT")
        } else {
            ("INSERT visits", "INSERT")
        };
        // The names follow the semantic conventions for database calls (opentelemetry.io/docs/specs/semconv/db).
        let mut attributes = vec![
            KeyValue::new("db.system.name", db_type),
            KeyValue::new("db.collection.name", "visits"),
            KeyValue::new("db.operation.name", operation),
        ];
        if rows > 1 {
            let rows = i64::try_from(rows).unwrap_or(i64::MAX);
            attributes.push(KeyValue::new("db.operation.batch.size", rows));
        }
        let span = SpanBuilder::from_name(name)
            .with_kind(SpanKind::Client)
            .with_attributes(attributes)
            .with_links(links);
        self.begin(&parent, || span)
    }

    /// Exports the spans that still wait. Blocks for two seconds at most.
    pub fn flush(&self) {
        if let Some(export) = &self.0
            && export.provider.shutdown_with_timeout(FAREWELL).is_err()
        {
            tracing::warn!("the last spans could not be exported in time");
        }
    }
}

/// Ends the span in `context`, with the kind of its error and a sentence about it if it failed.
pub fn end(context: &Context, error: Option<(String, String)>) {
    let span = context.span();
    if let Some((kind, sentence)) = error {
        span.set_attribute(KeyValue::new("error.type", kind));
        span.set_status(Status::error(sentence));
    }
    span.end();
}

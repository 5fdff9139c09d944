//! A trace collector: accepts what OpenTelemetry's exporters send, and keeps it for the test.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use prost::Message as _;

const PATIENCE: Duration = Duration::from_secs(20);

/// The content of one span.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    pub name: String,
    pub trace_id: String,
    pub span_id: String,
    /// Empty for the first span of a trace.
    pub parent_id: String,
    /// Spans it is linked to.
    pub links: Vec<String>,
    /// As OTLP numbers them: 2 server, 3 client.
    pub kind: i32,
    /// As OTLP numbers them: 0 unset, 2 error.
    pub status: i32,
    pub nanoseconds: u64,
    pub attributes: BTreeMap<String, String>,
    /// The attributes of the sender.
    pub resource: BTreeMap<String, String>,
    pub trace_state: String,
}

#[derive(Default)]
struct Taken {
    spans: Mutex<Vec<Span>>,
    more: Condvar,
    /// The requests, whatever the response was.
    requests: Mutex<Vec<HeaderMap>>,
    /// The status of the responses; 0 for no response.
    status: AtomicU16,
}

pub struct Collector {
    taken: Arc<Taken>,
    address: SocketAddr,
    // The thread ends when this is dropped with the collector.
    _end: tokio::sync::oneshot::Sender<()>,
}

impl Collector {
    pub fn start() -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into())
    }

    /// Starts at an address on which nothing listens yet.
    pub fn start_at(address: SocketAddr) -> Self {
        let taken = Arc::new(Taken::default());
        taken.status.store(200, Ordering::Relaxed);
        let listener = std::net::TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(Arc::clone(&taken));
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        // A separate thread, because some tests have no runtime, and their runtime must not delay the collector.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    served = async { axum::serve(listener, router).await } => served.unwrap(),
                    _ = ended => {}
                }
            });
        });
        Self {
            taken,
            address,
            _end: end,
        }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Responds with this status from now on; 0 for no response.
    pub fn answer(&self, status: u16) {
        self.taken.status.store(status, Ordering::Relaxed);
    }

    /// All spans that were accepted so far.
    pub fn spans(&self) -> Vec<Span> {
        self.taken.spans.lock().unwrap().clone()
    }

    /// The headers of all requests so far, accepted or not.
    pub fn requests(&self) -> Vec<HeaderMap> {
        self.taken.requests.lock().unwrap().clone()
    }

    /// Waits for a span that meets the condition.
    pub fn wait_for(&self, wanted: impl Fn(&Span) -> bool) -> Span {
        let deadline = Instant::now() + PATIENCE;
        let mut spans = self.taken.spans.lock().unwrap();
        loop {
            if let Some(span) = spans.iter().find(|span| wanted(span)) {
                return span.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no such span among {spans:#?}");
            spans = self.taken.more.wait_timeout(spans, left).unwrap().0;
        }
    }

    /// Waits for this number of requests, accepted or not.
    pub fn wait_for_requests(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        let mut requests = self.taken.requests.lock().unwrap();
        while requests.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "only {} requests", requests.len());
            requests = self.taken.more.wait_timeout(requests, left).unwrap().0;
        }
    }
}

async fn take(State(taken): State<Arc<Taken>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    taken.requests.lock().unwrap().push(headers);
    taken.more.notify_all();
    let status = taken.status.load(Ordering::Relaxed);
    if status == 0 {
        return std::future::pending().await;
    }
    if status == 200 {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        taken.spans.lock().unwrap().extend(read(request));
        taken.more.notify_all();
    }
    StatusCode::from_u16(status).unwrap()
}

fn read(request: ExportTraceServiceRequest) -> Vec<Span> {
    let mut spans = Vec::new();
    for of_resource in request.resource_spans {
        let resource = attributes(of_resource.resource.unwrap_or_default().attributes);
        for span in of_resource
            .scope_spans
            .into_iter()
            .flat_map(|scope| scope.spans)
        {
            spans.push(Span {
                name: span.name,
                trace_id: hex(&span.trace_id),
                span_id: hex(&span.span_id),
                parent_id: hex(&span.parent_span_id),
                links: span.links.iter().map(|link| hex(&link.span_id)).collect(),
                kind: span.kind,
                status: span.status.unwrap_or_default().code,
                nanoseconds: span.end_time_unix_nano - span.start_time_unix_nano,
                attributes: attributes(span.attributes),
                resource: resource.clone(),
                trace_state: span.trace_state,
            });
        }
    }
    spans
}

fn attributes(list: Vec<KeyValue>) -> BTreeMap<String, String> {
    list.into_iter()
        .map(|attribute| {
            let value = match attribute.value.unwrap().value.unwrap() {
                Value::StringValue(text) => text,
                Value::IntValue(number) => number.to_string(),
                other => panic!("an attribute of another kind: {other:?}"),
            };
            (attribute.key, value)
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

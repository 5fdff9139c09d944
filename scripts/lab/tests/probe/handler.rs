//! A custom handler that tells what it received and behaves oddly on request; the tests of `lab up`
//! run it as a real process.
//!
//! Its paths, wherever they stand in a longer path:
//!
//! | segment | does |
//! | --- | --- |
//! | `exit-N` | exits with code N before answering |
//! | `print-out-T`, `print-err-T` | prints T to a stream, then echoes |
//! | `status-N` | answers N with a body and two cookies |
//! | `redirect` | answers 302 |
//! | `stall` | reports itself in the journal and never answers |
//! | `stream` | server-sent events: one at once, the next ones as the file `PROBE_GATE` grows until a line `end` or `cut`; its end is in the journal |
//! | `both-lengths` | an answer in chunks that also has a wrong `Content-Length`, then the end of the connection |
//! | `cut` | half an answer, then a broken connection |
//! | `count` | how many requests the journal has |
//! | `slow-upload` | answers before it reads the body |
//! | `refuse-and-close` | reads the beginning of the body, answers, and closes the connection |
//! | `gated` | answers once the file `PROBE_GATE` exists |
//! | `json-*` | answers of the JSON protocol, right and wrong |
//!
//! Everything else is echoed as JSON. Each request but readiness polls is a line in the file
//! `PROBE_JOURNAL`, written before it is answered. `PROBE_START` tells how a start goes wrong and
//! `PROBE_WARMUP` which of the `json-*` answers a warm-up call gets.

use std::convert::Infallible;
use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    journal(
        &json!({ "start": std::process::id(), "arguments": arguments, "environment": environment(),
        "directory": std::env::current_dir().unwrap_or_default() }),
    );
    match variable("PROBE_START").as_str() {
        "exit-1" => {
            eprintln!("first error line");
            eprintln!("second error line");
            std::process::exit(1);
        }
        "deaf" => {
            // Keeps its port without listening, so that no other process listens there.
            let port: u16 = variable("FUNCTIONS_CUSTOMHANDLER_PORT")
                .parse()
                .expect("a port number");
            let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
            socket
                .bind(([127, 0, 0, 1], port).into())
                .expect("the port is free");
            std::future::pending::<()>().await;
        }
        // Only once: the file makes the next start succeed.
        "exit-200-once" if first_time() => std::process::exit(200),
        "exit-0-once" if first_time() => std::process::exit(0),
        // The tests check whether it is killed with its parent, which never waits for it.
        #[expect(clippy::zombie_processes)]
        "child" => {
            // A child process that would outlive its parent.
            let child = std::process::Command::new("sleep")
                .arg("600")
                .spawn()
                .expect("sleep runs");
            journal(&json!({ "child": child.id() }));
        }
        "term" => {
            let mut terminate =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                    .expect("a signal stream");
            tokio::spawn(async move {
                terminate.recv().await;
                journal(&json!({ "terminated": true }));
                std::process::exit(0);
            });
        }
        _ => {}
    }
    let port: u16 = variable("FUNCTIONS_CUSTOMHANDLER_PORT")
        .parse()
        .expect("a port number");
    let address = match variable("PROBE_START").as_str() {
        "another-port" => ("127.0.0.1", 0),
        "ipv6" => ("::1", port),
        _ => ("127.0.0.1", port),
    };
    let listener = TcpListener::bind(address).await.expect("the port is free");
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        tokio::spawn(async move {
            let stream = stream.into_std().expect("a socket");
            let raw = Arc::new(stream.try_clone().expect("a second handle"));
            let stream = TcpStream::from_std(stream).expect("a socket");
            let service = service_fn(move |request| answer(request, Arc::clone(&raw)));
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn environment() -> Value {
    std::env::vars()
        .map(|(name, value)| (name, Value::from(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn first_time() -> bool {
    std::fs::File::create_new(format!("{}.once", variable("PROBE_JOURNAL"))).is_ok()
}

/// Appends a line with one write, so that lines never mix.
fn journal(entry: &Value) {
    let path = variable("PROBE_JOURNAL");
    if path.is_empty() {
        return;
    }
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .expect("the journal opens");
    file.write_all(format!("{entry}\n").as_bytes())
        .expect("the journal can be written");
}

fn count() -> usize {
    std::fs::read_to_string(variable("PROBE_JOURNAL"))
        .unwrap_or_default()
        .lines()
        .filter(|line| line.contains("\"request\""))
        .count()
}

fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into())
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

/// Each header with all its values.
fn headers(map: &HeaderMap) -> Value {
    map.keys()
        .map(|name| {
            let values: Vec<_> = map
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .collect();
            (name.to_string(), Value::from(values))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Writes to the journal when a request is dropped without a response.
struct Abandoned {
    target: String,
    armed: bool,
}

impl Abandoned {
    fn disarm(&mut self) {
        self.armed = false;
    }
}

impl Drop for Abandoned {
    fn drop(&mut self) {
        if self.armed {
            journal(&json!({ "abandoned": self.target }));
        }
    }
}

/// Responds to a request. `raw` is its connection, for responses that hyper refuses to write.
async fn answer(
    request: Request<Incoming>,
    raw: Arc<std::net::TcpStream>,
) -> Result<Response<Body>, std::io::Error> {
    let (parts, mut body) = request.into_parts();
    let target = parts.uri.to_string();
    let named = parts.headers.contains_key("x-azure-functions-invocationid");
    if !named {
        // The readiness poll. Any response is accepted.
        return Ok(reply(StatusCode::NOT_FOUND, full("not found")));
    }
    journal(
        &json!({ "request": target, "method": parts.method.as_str(), "process": std::process::id() }),
    );
    let mut abandoned = Abandoned {
        target: target.clone(),
        armed: true,
    };
    let word = |prefix: &str| {
        parts
            .uri
            .path()
            .split('/')
            .find_map(|segment| segment.strip_prefix(prefix))
            .map(str::to_owned)
    };
    if word("stall").is_some() {
        std::future::pending::<()>().await;
    }
    if word("slow-upload").is_some() {
        abandoned.disarm();
        tokio::spawn(async move { while let Some(Ok(_)) = body.frame().await {} });
        return Ok(reply(StatusCode::PAYLOAD_TOO_LARGE, full("too large")));
    }
    if word("refuse-and-close").is_some() {
        abandoned.disarm();
        body.frame().await;
        let mut response = reply(StatusCode::PAYLOAD_TOO_LARGE, full("too large"));
        response
            .headers_mut()
            .insert("connection", "close".parse().expect("a header value"));
        return Ok(response);
    }
    let mut received = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(std::io::Error::other)?;
        if let Some(data) = frame.data_ref() {
            received.extend_from_slice(data);
            if word("upload").is_some() {
                journal(&json!({ "received": received.len() }));
            }
        }
    }
    if word("gated").is_some() {
        let payload: Value = serde_json::from_slice(&received).unwrap_or_default();
        journal(&json!({ "payload": payload, "process": std::process::id() }));
        while !std::path::Path::new(&variable("PROBE_GATE")).exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        abandoned.disarm();
        return Ok(protocol("", &received, &parts.headers));
    }
    if let Some(code) = word("exit-") {
        eprintln!("asked to exit with {code}");
        std::process::exit(code.parse().unwrap_or(1));
    }
    if let Some(text) = word("print-out-") {
        println!("{text}");
    }
    if let Some(text) = word("print-err-") {
        eprintln!("{text}");
    }
    abandoned.disarm();
    if parts.uri.path().eq_ignore_ascii_case("/warmup") && parts.method == http::Method::POST {
        return Ok(protocol(
            &variable("PROBE_WARMUP"),
            &received,
            &parts.headers,
        ));
    }
    if let Some(code) = word("status-") {
        let mut response = reply(
            StatusCode::from_bytes(code.as_bytes()).unwrap_or_default(),
            full("the body"),
        );
        for cookie in ["a=1; Path=/", "b=2"] {
            response
                .headers_mut()
                .append("set-cookie", cookie.parse().expect("a header value"));
        }
        response
            .headers_mut()
            .insert("keep-alive", "timeout=5".parse().expect("a header value"));
        response.headers_mut().insert(
            "x-frame-options",
            "SAMEORIGIN".parse().expect("a header value"),
        );
        if matches!(code.as_str(), "204" | "304") {
            *response.body_mut() = full("");
        }
        return Ok(response);
    }
    if word("redirect").is_some() {
        let mut response = reply(StatusCode::FOUND, full(""));
        response
            .headers_mut()
            .insert("location", "/elsewhere".parse().expect("a header value"));
        return Ok(response);
    }
    if word("stream").is_some() {
        let mut response = reply(StatusCode::OK, events(target));
        response.headers_mut().insert(
            "content-type",
            "text/event-stream".parse().expect("a header value"),
        );
        return Ok(response);
    }
    if word("both-lengths").is_some() {
        (&*raw).write_all(
            b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        )?;
        return Err(std::io::Error::other("the answer is written"));
    }
    if word("cut").is_some() {
        let frames = [
            Ok(Frame::data(Bytes::from_static(b"half"))),
            Err(std::io::Error::other("cut")),
        ];
        // During the pause, the first half is sent before the end.
        let stream = futures_util::stream::iter(frames).then(|frame| async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            frame
        });
        return Ok(reply(
            StatusCode::OK,
            StreamBody::new(stream).boxed_unsync(),
        ));
    }
    if word("count").is_some() {
        return Ok(reply(StatusCode::OK, full(count().to_string())));
    }
    if let Some(kind) = word("json-") {
        return Ok(protocol(&kind, &received, &parts.headers));
    }
    let echo = json!({
        "method": parts.method.as_str(),
        "target": target,
        "headers": headers(&parts.headers),
        "body": String::from_utf8_lossy(&received),
        "length": received.len(),
        "process": std::process::id(),
    });
    let mut response = reply(StatusCode::OK, full(echo.to_string()));
    response.headers_mut().insert(
        "content-type",
        "application/json".parse().expect("a header value"),
    );
    Ok(response)
}

fn reply(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

/// One event at once; then one for each line in the file `PROBE_GATE`, until it contains `end`, or `cut` for a
/// response that breaks off.
fn events(target: String) -> Body {
    let guard = Abandoned {
        target,
        armed: true,
    };
    let stream = futures_util::stream::unfold((0_usize, guard), |(sent, mut guard)| async move {
        if sent > 0 {
            loop {
                let gate = std::fs::read_to_string(variable("PROBE_GATE")).unwrap_or_default();
                let lines: Vec<&str> = gate.lines().collect();
                let line = lines.get(sent - 1).copied().unwrap_or_default();
                if matches!(line, "end" | "cut") {
                    guard.disarm();
                    journal(&json!({ "streamed": guard.target }));
                }
                if line == "end" {
                    return None;
                }
                if line == "cut" {
                    return Some((Err(std::io::Error::other("cut")), (sent, guard)));
                }
                if lines.len() >= sent {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        let frame = Frame::data(Bytes::from(format!("data: {sent}\n\n")));
        Some((Ok(frame), (sent + 1, guard)))
    });
    StreamBody::new(Watched(Box::pin(stream))).boxed_unsync()
}

/// Keeps the stream's type short.
struct Watched(Pin<Box<dyn futures_util::Stream<Item = std::io::Result<Frame<Bytes>>> + Send>>);

impl futures_util::Stream for Watched {
    type Item = std::io::Result<Frame<Bytes>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

/// Answers of the JSON protocol.
fn protocol(kind: &str, received: &[u8], received_headers: &HeaderMap) -> Response<Body> {
    let request: Value = serde_json::from_slice(received).unwrap_or_default();
    let (status, media_type, body) = match kind {
        "good" => (
            200,
            "application/json",
            json!({
                "Outputs": { "res": { "statusCode": "201", "headers": { "X-Kind": "good" }, "body": { "got": request } } },
                "Logs": ["line one", "line two"],
                "ReturnValue": null,
            })
            .to_string(),
        ),
        "return" => (200, "application/json", json!({ "Outputs": null, "Logs": null, "ReturnValue": "returned!" }).to_string()),
        "journal" => {
            journal(&json!({ "payload": request }));
            (200, "application/json", json!({ "Outputs": {} }).to_string())
        }
        "headers" => (
            200,
            "application/json",
            json!({ "Outputs": { "res": { "body": headers(received_headers) } } }).to_string(),
        ),
        "lines" => (
            200,
            "application/json",
            json!({ "Outputs": {}, "Logs": ["first\nsecond\r\nthird", 7] }).to_string(),
        ),
        // The response that the caller specifies in its body.
        "own" => {
            let body = request["Data"]["req"]["Body"].as_str().unwrap_or_default();
            (200, "application/json", body.to_owned())
        }
        "invalid" => (200, "application/json", "{".to_owned()),
        "media" => (200, "text/plain", "{}".to_owned()),
        "refused" => (400, "application/json", json!({ "Logs": ["never seen"] }).to_string()),
        "empty" => (200, "application/json", String::new()),
        "null" => (200, "application/json", "null".to_owned()),
        "retry" => {
            let context = &request["Metadata"]["RetryContext"];
            if context["RetryCount"] == context["MaxRetryCount"] {
                (200, "application/json", json!({ "Outputs": { "res": { "body": context.to_string() } } }).to_string())
            } else {
                (500, "application/json", "{}".to_owned())
            }
        }
        _ => (200, "application/json", json!({ "Outputs": {}, "Logs": [], "ReturnValue": null }).to_string()),
    };
    let mut response = reply(StatusCode::from_u16(status).expect("a status"), full(body));
    response
        .headers_mut()
        .insert("content-type", media_type.parse().expect("a header value"));
    response
}

//! The load client counts what a server answers; no timing is asserted.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lab::bench::closed_loop::ClosedLoop;
use lab::bench::connection::{Connection, Request};
use lab::bench::open_loop::OpenLoop;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Answers in turn 201, 201 in chunks and in two packets, 503 and the end of the connection, and nothing but
/// the end of the connection.
struct Server {
    address: SocketAddr,
    asked: Arc<AtomicU64>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&counted)));
            }
        });
        Self { address, asked }
    }

    /// How many requests got which kind of answer.
    fn answered(&self) -> [u64; 4] {
        let asked = self.asked.load(Ordering::SeqCst);
        std::array::from_fn(|kind| (asked + 3 - kind as u64) / 4)
    }
}

async fn serve(mut stream: TcpStream, asked: Arc<AtomicU64>) -> Option<()> {
    let mut received = Vec::new();
    loop {
        while !received.ends_with(b"\r\n\r\n") {
            (stream.read_buf(&mut received).await.ok()? > 0).then_some(())?;
        }
        received.clear();
        match asked.fetch_add(1, Ordering::SeqCst) % 4 {
            0 => {
                let answer = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}";
                stream.write_all(answer).await.ok()?;
            }
            1 => {
                let head = b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{";
                stream.write_all(head).await.ok()?;
                tokio::time::sleep(Duration::from_millis(1)).await;
                stream.write_all(b"}\r\n0\r\n\r\n").await.ok()?;
            }
            2 => {
                let answer = b"HTTP/1.1 503 x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(answer).await.ok()?;
                return None;
            }
            _ => return None,
        }
    }
}

#[tokio::test]
async fn a_closed_loop_counts_every_answer_once() {
    let server = Server::start().await;
    let load = ClosedLoop {
        addresses: vec![server.address, server.address],
        request: Request::post("/", ""),
        connections: 5,
        warm_up: Duration::ZERO,
        window: Duration::from_millis(300),
    };
    let tally = load.run().await.unwrap();
    let [whole, chunked, shed, cut] = server.answered();
    assert!(cut > 0, "the server was asked too little");
    assert_eq!(tally.created, whole + chunked);
    assert_eq!(tally.answered, whole + chunked + shed);
    assert_eq!(tally.unanswered, cut);
    // The last answers may have come after the window.
    let in_window: BTreeMap<u16, u64> = tally.by_status.clone();
    let late = tally.answered - in_window.values().sum::<u64>();
    assert!(late <= 5, "{late} late answers");
    assert_eq!(tally.latency.len(), tally.successes());
    assert_eq!(
        tally.failures(),
        in_window.get(&503).copied().unwrap_or_default() + cut
    );
}

#[tokio::test]
async fn an_open_loop_accounts_for_every_start() {
    let server = Server::start().await;
    let load = OpenLoop {
        address: server.address,
        request: Request::get("/"),
        connections: 8,
        rate: 500.0,
        window: Duration::from_millis(400),
    };
    let (began, begin) = oneshot::channel();
    let outcome = load.run(began).await.unwrap();
    assert!(begin.await.unwrap() < Instant::now());
    let [whole, chunked, shed, cut] = server.answered();
    assert_eq!(outcome.offered, 200);
    assert_eq!(outcome.unsent + whole + chunked + shed + cut, 200);
    assert_eq!(outcome.accepted.len(), whole + chunked);
    assert_eq!(outcome.created, whole + chunked);
    assert_eq!(outcome.shed.len(), shed);
    assert_eq!(outcome.other.len(), 0);
    assert_eq!(outcome.unanswered, cut);
}

#[tokio::test]
async fn a_connection_opens_itself_again() {
    let server = Server::start().await;
    let mut connection = Connection::to(server.address);
    let request = Request::delete("/");
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let answer = connection.ask(&request).await;
        statuses.push(answer.map(|answer| answer.status).ok());
    }
    assert_eq!(statuses, [Some(201), Some(201), Some(503), None, Some(201)]);
}

#[tokio::test]
async fn nobody_there_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let load = ClosedLoop {
        addresses: vec![address],
        request: Request::get("/"),
        connections: 1,
        warm_up: Duration::ZERO,
        window: Duration::from_millis(10),
    };
    let error = load.run().await.unwrap_err();
    assert!(error.to_string().contains("cannot connect"), "{error:#}");
}

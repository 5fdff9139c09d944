//! A database that becomes unavailable and recovers while the real binary serves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::process::Process;
use crate::support::{Answer, Backend, reserved_port};
use axum::http::Method;

#[test]
fn a_database_that_starts_later_is_used_without_a_restart() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let backend = runtime.block_on(Backend::postgres());
    let Backend::Postgres { url, .. } = &backend else {
        unreachable!()
    };
    let mut url = url::Url::parse(url).unwrap();
    let server: SocketAddr = ([127, 0, 0, 1], url.port().unwrap()).into();
    // The handler uses a port on which nothing listens yet. Later a cable connects it to the server.
    let (_reserved, port) = reserved_port();
    url.set_port(Some(port)).unwrap();
    let handler = Process::start(&["--database-url".into(), url.into()], &[]);
    assert_eq!(
        handler.eventually("/health", 503).json()["status"],
        "unhealthy"
    );
    assert_eq!(handler.send("POST", "/api/visit", &[]).unwrap().status, 503);

    for round in 1..=2 {
        let cable = Cable::between(port, server);
        handler.eventually("/health", 200);
        // A connection that was idle for less than 50 ms is not tested before use, and an outage can be shorter. In
        // that case the first visit fails on the cut connection and is not written.
        let visit = std::iter::repeat_with(|| handler.send("POST", "/api/visit", &[]).unwrap())
            .take(2)
            .find(|visit| visit.status != 503)
            .expect("the second visit has a new connection");
        assert_eq!(
            (visit.status, visit.json()["total_visits"].as_i64()),
            (201, Some(round))
        );
        drop(cable);
        handler.eventually("/health", 503);
        assert_eq!(
            handler.send("GET", "/health/live", &[]).unwrap().status,
            200
        );
    }
}

#[test]
fn an_outage_interrupts_the_heartbeats_and_is_logged_once() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let backend = runtime.block_on(Backend::postgres());
    let Backend::Postgres { url, .. } = &backend else {
        unreachable!()
    };
    let mut url = url::Url::parse(url).unwrap();
    let server: SocketAddr = ([127, 0, 0, 1], url.port().unwrap()).into();
    let (_reserved, port) = reserved_port();
    url.set_port(Some(port)).unwrap();
    let flags = ["--database-url".to_owned(), url.into()];
    let cable = Cable::between(port, server);
    let mut handler = Process::start(&flags, &["--heartbeat-seconds", "0.1"]);
    handler.eventually("/health", 200);
    let lives = |handler: &Process| {
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while handler.eventually("/api/instances", 200).json()["live"] != 1 {
            assert!(
                std::time::Instant::now() < deadline,
                "there was no heartbeat"
            );
        }
    };
    lives(&handler);
    drop(cable);
    handler.wait_for_line(|line| line["message"] == "heartbeat failed, trying again");
    // After ten more heartbeats it has not been logged again.
    let began = std::time::Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        for path in ["/api/instances", "/api/timeline", "/health"] {
            assert_eq!(
                handler.send("GET", path, &[]).unwrap().status,
                503,
                "{path}"
            );
        }
        assert_eq!(
            handler.send("GET", "/health/live", &[]).unwrap().status,
            200
        );
        // There is only the metric about the database: a failed scrape would look like an app that is unavailable.
        let metrics = handler.send("GET", "/metrics", &[]).unwrap();
        assert_eq!(metrics.status, 200);
        let text = String::from_utf8(metrics.body).unwrap();
        let families = crate::support::exposition::parse(&text);
        let up = &families["elastic_visits_database_up"].series;
        assert_eq!((families.len(), up.values().sum::<f64>()), (1, 0.0));
    }
    let cable = Cable::between(port, server);
    handler.wait_for_line(|line| line["message"] == "heartbeat works again");
    lives(&handler);
    let log = handler.log();
    assert_eq!(log.matches("heartbeat failed").count(), 1, "{log}");
    // If it is told to stop during an outage, it does not wait for the database.
    drop(cable);
    handler.eventually("/health", 503);
    let began = std::time::Instant::now();
    handler.signal(rustix::process::Signal::TERM);
    assert_eq!(handler.wait(), Some(0));
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn visits_are_refused_after_the_file_was_deleted_or_replaced() {
    for replaced in [false, true] {
        let backend = Backend::sqlite();
        let Backend::Sqlite { folder } = &backend else {
            unreachable!()
        };
        let file = folder.join("data/visits.db");
        let app = backend.instance(&["--heartbeat-seconds", "0.1"]).await;
        assert_eq!(app.visit().await.status, 201);
        if replaced {
            // An editor or a restored backup replaces files in this way.
            let copy = folder.join("copy.db");
            std::fs::copy(&file, &copy).unwrap();
            std::fs::rename(&copy, &file).unwrap();
        } else {
            std::fs::remove_file(&file).unwrap();
        }
        let is_noticed = |answer: &Answer| {
            let error = answer.json()["error"].as_str().map(str::to_owned);
            error.is_some_and(|error| error.contains("deleted or replaced"))
        };
        let health = app.eventually("/health", is_noticed).await;
        assert_eq!(health.status, 503);
        let health = health.json();
        assert_eq!(health["status"], "unhealthy");
        let sentence = &health["error"];
        for (method, path) in [
            (Method::POST, "/api/visit"),
            (Method::GET, "/api/visits"),
            (Method::GET, "/api/instances"),
        ] {
            let problem = app.call(method, path).await.problem(503);
            assert_eq!(problem["error"], *sentence, "{path}");
        }
        assert_eq!(app.get("/health/live").await.status, 200);
        app.stop().await;
        // After a restart, the file at the path is used.
        let app = backend.instance(&[]).await;
        assert_eq!(app.visit().await.status, 201);
        app.stop().await;
    }
}

/// Forwards connections until it is dropped, which cuts all of them.
pub(crate) struct Cable {
    cut: Arc<AtomicBool>,
    worker: Option<std::thread::JoinHandle<()>>,
}

impl Cable {
    pub(crate) fn between(port: u16, server: SocketAddr) -> Self {
        let cut = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&cut);
        let worker = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpSocket::new_v4().unwrap();
                listener.set_reuseaddr(true).unwrap();
                listener.bind(([127, 0, 0, 1], port).into()).unwrap();
                let listener = listener.listen(64).unwrap();
                let mut tasks = tokio::task::JoinSet::new();
                while !stop.load(Ordering::Relaxed) {
                    let accepted =
                        tokio::time::timeout(Duration::from_millis(20), listener.accept()).await;
                    let Ok(Ok((mut near, _))) = accepted else {
                        continue;
                    };
                    tasks.spawn(async move {
                        let mut far = tokio::net::TcpStream::connect(server).await.unwrap();
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    });
                }
            });
        });
        Self {
            cut,
            worker: Some(worker),
        }
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.cut.store(true, Ordering::Relaxed);
        let _ = self.worker.take().unwrap().join();
    }
}

//! Health, metrics, the dashboard, errors of every kind, and the headers of every response.

use std::collections::BTreeSet;

use crate::support::{Backend, TestApp, reserved_port};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};

on_both_databases!(
    health_reports_the_database,
    warmup_responds_with_the_json_protocol,
    an_older_instance_works_with_a_newer_schema,
    a_schema_from_other_migrations_is_refused_in_one_sentence,
);
through_a_pooler_too!(health_reports_the_database);

/// The state of a database whose first migration was a different one, such as a file of an earlier version.
async fn a_schema_from_other_migrations_is_refused_in_one_sentence(backend: Backend) {
    backend.instance(&[]).await.stop().await;
    backend
        .execute(match backend {
            Backend::Sqlite { .. } => {
                "update _sqlx_migrations set checksum = x'00' where version = 1"
            }
            Backend::Postgres { .. } => {
                "update _sqlx_migrations set checksum = '\\x00' where version = 1"
            }
        })
        .await;
    let remedy = match backend {
        Backend::Sqlite { .. } => "./scripts/run --fresh",
        Backend::Postgres { .. } => "an empty database",
    };
    for migrate in ["auto", "off"] {
        let app = TestApp::start(&backend.flags(), &["--migrate", migrate]);
        let refused = |answer: &crate::support::Answer| {
            let health = answer.json();
            health["error"]
                .as_str()
                .is_some_and(|text| text.contains(remedy))
        };
        let health = app.eventually("/health", refused).await;
        assert_eq!(health.status, StatusCode::SERVICE_UNAVAILABLE);
        let problem = app.visit().await.problem(503);
        assert_eq!(problem["error"], health.json()["error"]);
        app.stop().await;
    }
    let flags = backend.flags();
    let migrated =
        tokio::task::spawn_blocking(move || crate::support::process::run(&flags, &["migrate"]));
    let migrated = migrated.await.unwrap();
    let said = String::from_utf8(migrated.stderr).unwrap();
    assert_eq!(migrated.status.code(), Some(1), "{said}");
    assert!(said.contains(remedy) && said.lines().count() == 1, "{said}");
}

async fn an_older_instance_works_with_a_newer_schema(backend: Backend) {
    backend.instance(&[]).await.stop().await;
    let newer =
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (9999, 'newer', true, 'sum', 0)";
    backend.execute(newer).await;
    for migrate in ["auto", "off"] {
        let app = backend.instance(&["--migrate", migrate]).await;
        assert_eq!(app.visit().await.status, 201, "{migrate}");
        app.stop().await;
    }
}

async fn health_reports_the_database(backend: Backend) {
    let app = backend.instance(&["--instance-id", "one"]).await;
    let answer = app.get("/health").await;
    assert_eq!(answer.status, StatusCode::OK);
    let health = answer.json();
    assert_eq!(health["status"], "healthy");
    assert_eq!(health["database"], "connected");
    assert_eq!(health["db_type"], backend.db_type());
    assert_eq!(health["environment"], "development");
    assert_eq!(health["instance_id"], "one");
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert!(health["uptime_seconds"].as_f64().unwrap() > 0.0);
    assert!(health["timestamp"].as_str().unwrap().ends_with('Z'));
    let live = app.get("/health/live").await;
    assert_eq!(
        (live.status, live.json()["status"].as_str()),
        (StatusCode::OK, Some("alive"))
    );
    for path in ["/health", "/health/live"] {
        let head = app.call(Method::HEAD, path).await;
        assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_complete() {
    let backend = Backend::sqlite();
    let app = backend.instance(&[]).await;
    app.visit().await;
    let metrics = app
        .eventually("/api/metrics", |answer| {
            answer.json()["latency_ms"]["p50"].is_number()
                && answer.json()["process"]["rss_bytes"] != 0
        })
        .await
        .json();
    for field in ["cpu_percent", "memory_percent"] {
        assert!(
            (0.0..=100.0).contains(&metrics[field].as_f64().unwrap()),
            "{metrics}"
        );
    }
    assert!(metrics["requests_total"].as_u64().unwrap() >= 1);
    assert!(metrics["requests_per_second"].as_f64().unwrap() > 0.0);
    for percentile in ["p50", "p95", "p99"] {
        assert!(metrics["latency_ms"][percentile].is_number());
    }
    for field in ["cpu_percent", "rss_bytes", "threads"] {
        assert!(metrics["process"][field].is_number());
    }
    let pool = &metrics["db_pool"];
    assert!(
        pool["size"].as_u64() >= pool["idle"].as_u64()
            && pool["max"].as_u64() >= pool["size"].as_u64()
    );
    assert_eq!(metrics["stress"]["running"], false);
    assert_eq!(metrics["stress"]["remaining_seconds"], 0.0);
    app.stop().await;
}

async fn warmup_responds_with_the_json_protocol(backend: Backend) {
    let app = backend.instance(&[]).await;
    let answer = app
        .post_json(
            "/warmup",
            r#"{"Data": {"warmupContext": {}}, "Metadata": {}}"#,
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let body = answer.json();
    assert!(
        body["Outputs"].is_object() && body["Logs"].is_array() && body["ReturnValue"].is_null()
    );
    app.stop().await;
}

#[tokio::test]
async fn an_unavailable_database_is_a_problem_response() {
    // Nothing listens on this port: it was just released.
    let (_reserved, port) = reserved_port();
    let url = format!("postgres://nobody:hunter2@127.0.0.1:{port}/nothing");
    let app = TestApp::start(&["--database-url".into(), url], &[]);
    assert_eq!(app.get("/health/live").await.status, StatusCode::OK);
    let began = std::time::Instant::now();
    let health = app.get("/health").await;
    assert!(began.elapsed().as_secs() < 2);
    assert_eq!(health.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(health.json()["status"], "unhealthy");
    assert_eq!(health.json()["database"], "disconnected");
    assert_eq!(health.json()["db_type"], "postgresql");
    let shown = String::from_utf8(health.body).unwrap();
    assert!(
        !shown.contains("hunter2") && !shown.contains(&port.to_string()),
        "{shown}"
    );
    for answer in [
        app.visit().await,
        app.get("/api/visits").await,
        app.call(Method::POST, "/warmup").await,
    ] {
        assert_eq!(answer.header("retry-after"), "1");
        answer.problem(503);
    }
    // A stop works on this instance in any case, and reports that the others did not receive it.
    let begun = app
        .post_json(
            "/api/stress",
            r#"{"duration": 600, "intensity": 1, "wait": false}"#,
        )
        .await;
    assert_eq!(begun.status, StatusCode::ACCEPTED);
    let stopped = app.call(Method::DELETE, "/api/stress").await.problem(503);
    assert!(
        stopped["error"]
            .as_str()
            .unwrap()
            .starts_with("1 run(s) ended"),
        "{stopped}"
    );
    assert_eq!(
        app.get("/api/metrics").await.json()["stress"]["running"],
        false
    );
    app.post_json("/api/stress", r#"{"wait": false, "scope": "fleet"}"#)
        .await
        .problem(503);
    app.stop().await;
}

#[tokio::test]
async fn in_azure_a_missing_database_is_named() {
    let app = TestApp::start(&[], &["--website-instance-id", "0123456789abcdef"]);
    let health = app.get("/health").await;
    assert_eq!(health.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        health.json()["error"]
            .as_str()
            .unwrap()
            .contains("DATABASE_URL")
    );
    assert_eq!(health.json()["environment"], "production");
    let problem = app.visit().await.problem(503);
    assert!(problem["error"].as_str().unwrap().contains("DATABASE_URL"));
    assert_eq!(problem["instance_id"], "0123456789ab");
    app.stop().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_created_is_reported() {
    let app = TestApp::start(&["--sqlite-path".into(), "/proc/no/visits.db".into()], &[]);
    app.visit().await.problem(503);
    assert_eq!(app.get("/health").await.json()["db_type"], "sqlite");
    app.stop().await;
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let backend = Backend::sqlite();
    let app = backend.instance(&[]).await;
    for path in [
        "/api",
        "/api/",
        "/api/nope",
        "/API/VISITS",
        "/api/visits/",
        "/api//visits",
        "/api/stre%73s",
        "/index.html",
        "/warmup/x",
        "/%2e%2e/etc/passwd",
    ] {
        app.get(path).await.problem(404);
    }
    let wrong = [
        ("/api/visit", Method::GET, "POST"),
        ("/api/visits", Method::POST, "GET,HEAD"),
        ("/api/metrics", Method::DELETE, "GET,HEAD"),
        ("/warmup", Method::GET, "POST"),
        ("/health", Method::POST, "GET,HEAD"),
    ];
    for (path, method, allow) in wrong {
        let answer = app.call(method, path).await;
        assert_eq!(answer.header("allow"), allow, "{path}");
        answer.problem(405);
    }
    app.call(Method::from_bytes(b"BREW").unwrap(), "/api/visit")
        .await
        .problem(405);
    assert_eq!(app.total().await, 0);
    app.stop().await;
}

#[tokio::test]
async fn a_browser_gets_the_dashboard_and_other_clients_get_json() {
    let backend = Backend::sqlite();
    let app = backend.instance(&[]).await;
    let json = app.get("/").await;
    assert_eq!(json.header("content-type"), "application/json");
    assert_eq!(json.header("vary"), "accept");
    let body = json.json();
    assert!(body["message"].is_string() && body["version"].is_string());
    let description = app.get("/api/openapi.json").await.json();
    let described: BTreeSet<&str> = description["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let endpoints = body["endpoints"].as_object().unwrap();
    let listed = endpoints.values().map(|path| path.as_str().unwrap());
    assert_eq!(listed.collect::<BTreeSet<_>>(), described);
    assert_eq!(endpoints["record_visit"], "/api/visit");
    assert_eq!(endpoints["stop_stress"], "/api/stress");
    for other in [
        "/index.html",
        "/assets",
        "/assets/",
        "/page",
        "/dist/page/index.html",
    ] {
        app.get(other).await.problem(404);
    }
    app.stop().await;
}

/// Sends `accept` and more headers, as a browser does when it opens the dashboard.
fn browser(path: &str, more: &[(&str, &str)]) -> Request<Body> {
    let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let request = Request::get(path).header("accept", accept);
    more.iter()
        .fold(request, |request, (name, value)| {
            request.header(*name, *value)
        })
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn the_dashboard_and_its_files_may_be_cached_until_they_change() {
    let backend = Backend::sqlite();
    let app = backend.instance(&[]).await;
    let page = app.send(browser("/", &[])).await;
    assert!(page.header("content-type").starts_with("text/html"));
    assert_eq!(page.header("cache-control"), "no-cache");
    let tag = page.header("etag").to_owned();
    for known in [
        &tag,
        tag.trim_start_matches("W/"),
        "*",
        &format!("\"other\", {tag}"),
    ] {
        let same = app.send(browser("/", &[("if-none-match", known)])).await;
        assert_eq!(
            (same.status, same.body.len()),
            (StatusCode::NOT_MODIFIED, 0),
            "{known}"
        );
        assert_eq!(same.header("etag"), tag);
    }
    let other = browser("/", &[("if-none-match", "W/\"other\"")]);
    assert_eq!(app.send(other).await.status, StatusCode::OK);

    // Everything that the dashboard loads exists, and nothing in it is inline or from another origin.
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let html = String::from_utf8(page.body).unwrap();
    for barred in [
        "style=", "<style", "onclick", "http://", "https://", "src=\"//",
    ] {
        assert!(!html.contains(barred), "{barred}");
    }
    let files: Vec<&str> = html
        .split(['"', '\''])
        .filter(|text| text.starts_with('/') && text.contains('.') && !text.starts_with("/api"))
        .collect();
    assert!(files.len() >= 2, "{html}");
    for file in files {
        let plain = app.get(file).await;
        assert_eq!(plain.status, StatusCode::OK, "{file}");
        assert_eq!(plain.header("content-encoding"), "", "{file}");
        assert_eq!(plain.header("x-content-type-options"), "nosniff");
        let lasting = if file.starts_with("/assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        assert_eq!(plain.header("cache-control"), lasting, "{file}");
        let head = app.call(Method::HEAD, file).await;
        assert_eq!(
            (head.status, head.body.len()),
            (StatusCode::OK, 0),
            "{file}"
        );
        assert_eq!(head.header("content-length"), plain.body.len().to_string());
        let posted = app.call(Method::POST, file).await;
        assert_eq!(posted.header("allow"), "GET,HEAD", "{file}");
        posted.problem(405);
        if plain.body.len() > 1024 {
            let gzip = app
                .send(browser(file, &[("accept-encoding", "gzip, br;q=0")]))
                .await;
            assert_eq!(gzip.header("content-encoding"), "gzip", "{file}");
            assert!(gzip.body.len() < plain.body.len(), "{file}");
            let refused = browser(file, &[("accept-encoding", "gzip;q=0, br;q=0")]);
            assert_eq!(app.send(refused).await.body, plain.body, "{file}");
            let brotli = app
                .send(browser(file, &[("accept-encoding", "br, identity;q=0")]))
                .await;
            assert_eq!(brotli.status, StatusCode::OK, "{file}");
        }
        // Source maps are not served.
        app.get(&format!("{file}.map")).await.problem(404);
        app.get(&format!("{file}.gz")).await.problem(404);
    }
    app.stop().await;
}

#[tokio::test]
async fn large_responses_are_compressed_for_clients_that_accept_it() {
    let backend = Backend::sqlite();
    let app = backend.instance(&[]).await;
    let request = |path: &str| {
        Request::get(path)
            .header("accept-encoding", "gzip")
            .body(Body::empty())
            .unwrap()
    };
    assert_eq!(
        app.send(request("/api/openapi.json"))
            .await
            .header("content-encoding"),
        "gzip"
    );
    assert_eq!(
        app.send(request("/health/live"))
            .await
            .header("content-encoding"),
        ""
    );
    app.stop().await;
}

/// The work is done before the response is encoded, so no preference may turn it into an error.
#[tokio::test]
async fn no_accept_encoding_changes_a_status() {
    const PLAIN: &str = "";
    let backend = Backend::sqlite();
    let app = backend.instance(&[]).await;
    let with = |method: Method, path: &str, lines: &[&str]| {
        let request = Request::builder().method(method).uri(path);
        lines
            .iter()
            .fold(request, |request, line| {
                request.header("accept-encoding", *line)
            })
            .body(Body::empty())
            .unwrap()
    };
    let cases: &[(&[&str], &str)] = &[
        (&["identity;q=0"], PLAIN),
        (&["*;q=0"], PLAIN),
        (&["gzip;q=0, identity;q=0"], PLAIN),
        (&["gzip;q=0, *;q=0"], PLAIN),
        (&["*;q=0, identity;q=0"], PLAIN),
        (&["br, identity;q=0"], PLAIN),
        (&["IDENTITY ; Q=0.000, *;q=0."], PLAIN),
        (&["gzip;q=0", "identity;q=0"], PLAIN),
        (&["gzip;q=0, *, identity;q=0"], PLAIN),
        (&["gzip, identity;q=0"], "gzip"),
        (&["gzip, *;q=0"], "gzip"),
        (&["gzip", "*;q=0"], "gzip"),
        (&["*;q=0.5, identity;q=0"], "gzip"),
    ];
    for (lines, encoding) in cases {
        let visit = app.send(with(Method::POST, "/api/visit", lines)).await;
        assert_eq!(visit.status, StatusCode::CREATED, "{lines:?}");
        let large = app
            .send(with(Method::GET, "/api/openapi.json", lines))
            .await;
        assert_eq!(large.status, StatusCode::OK, "{lines:?}");
        assert_eq!(large.header("content-encoding"), *encoding, "{lines:?}");
    }
    assert_eq!(app.total().await, i64::try_from(cases.len()).unwrap());

    // Every pair of elements, including malformed ones.
    let weights = ["", ";q=0", "; Q=0.000", ";q=1", ";q=x", ";q=0;q=1", ";"];
    let elements: Vec<String> = ["gzip", "identity", "*", "br", "x-gzip", ""]
        .iter()
        .flat_map(|coding| weights.map(|weight| format!("{coding}{weight}")))
        .collect();
    for first in &elements {
        for second in &elements {
            let line = format!("{first}, {second}");
            let answer = app.send(with(Method::GET, "/health/live", &[&line])).await;
            assert_eq!(answer.status, StatusCode::OK, "{line}");
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn other_origins_are_allowed_only_by_name() {
    let backend = Backend::sqlite();
    let preflight = |origin: &str| {
        Request::builder()
            .method(Method::OPTIONS)
            .uri("/api/visit")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .body(Body::empty())
            .unwrap()
    };
    let closed = backend.instance(&[]).await;
    closed
        .send(preflight("https://a.example"))
        .await
        .problem(405);
    closed.stop().await;
    let open = backend
        .instance(&["--cors-origins", "https://a.example"])
        .await;
    let answer = open.send(preflight("https://a.example")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://a.example"
    );
    let answer = open.send(preflight("https://b.example")).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    open.stop().await;
}

/// OPTIONS is for preflights, which `CORS_ORIGINS` lets in.
#[tokio::test]
async fn every_path_takes_the_methods_that_the_description_lists() {
    let description = serde_json::to_value(handler::http::openapi()).unwrap();
    let backend = Backend::sqlite();
    let app = backend.instance(&["--stress-max-seconds", "0.1"]).await;
    for (path, item) in description["paths"].as_object().unwrap() {
        for method in ["get", "head", "post", "put", "patch", "delete", "options"] {
            let name = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let answer = app.call(name, path).await;
            assert_ne!(answer.status, StatusCode::NOT_FOUND, "{path}");
            let taken = answer.status != StatusCode::METHOD_NOT_ALLOWED;
            // HEAD is answered like GET; the host lets it through only where it is listed.
            let like_get = method == "head" && item.get("get").is_some() && path != "/api/stress";
            assert_eq!(
                taken,
                item.get(method).is_some() || like_get,
                "{method} {path}"
            );
        }
    }
    app.stop().await;
}

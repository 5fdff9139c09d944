//! The app's own scaler on Elastic Premium, with real databases and an emulated Azure Resource Manager.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::outage::Cable;
use crate::support::arm::{Behavior, Listening, MARK, Platform, SECRET};
use crate::support::exposition::parse;
use crate::support::process::Process;
use crate::support::{Answer, Backend, TestApp, reserved_port};
use axum::http::Method;
use futures_util::future::join_all;
use handler::domain::Timestamp;
use handler::store::Retention;
use serde_json::Value;

on_both_databases!(
    the_app_scales_itself_once_a_minute,
    a_count_that_a_deployment_reset_is_set_again,
    the_cooldown_survives_a_restart,
    only_one_of_many_concurrent_runs_evaluates,
    a_run_that_lost_its_lease_sets_nothing,
    a_run_that_was_cut_off_does_not_block_others_for_long,
    failures_of_azure_are_reported_and_the_next_run_succeeds,
    a_platform_that_recovers_in_time_gets_the_count_in_the_same_run,
    without_a_token_the_platform_is_not_called,
    an_unknown_count_is_not_guessed,
    evaluations_in_the_future_delay_nothing,
    old_evaluations_are_deleted_and_the_last_one_is_kept,
    an_app_that_does_not_scale_itself_refuses,
);
through_a_pooler_too!(the_app_scales_itself_once_a_minute);

/// A minute of the rules lasts ten minutes, so that none ends during a test. The instance's own heartbeats are
/// negligible compared with the load that the tests write.
const SLOW: f64 = 0.1;
/// A minute lasts three seconds, so calls to the platform time out after 1.8 s.
const FAST: f64 = 20.0;
/// A minute lasts 30 s, so a call may take 18 s, and the pause after a 503 lasts 0.9 s.
const MEDIUM: f64 = 2.0;

/// A platform that keeps one instance, and the database of an app that runs on it.
struct Scene {
    backend: Backend,
    azure: Listening,
    clock: String,
    scale: f64,
}

impl Scene {
    async fn new(backend: Backend, scale: f64) -> Self {
        let azure = Listening::open(&Platform::new(1), 0).await;
        Self {
            backend,
            azure,
            clock: format!(
                "2026-01-05T08:00:30Z,{},{scale}",
                Timestamp::now().rfc3339()
            ),
            scale,
        }
    }

    async fn app(&self) -> TestApp {
        let flags = self.azure.flags();
        let mut flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        flags.extend(["--autoscale-clock", &self.clock, "--instance-cpus", "64"]);
        self.backend.instance(&flags).await
    }

    fn platform(&self) -> &Arc<Platform> {
        &self.azure.platform
    }

    /// Sets the CPU of every minute, past and future.
    async fn load(&self, cpu: f64) {
        let now = Timestamp::now().floor(Duration::from_secs(10)).millis();
        let empty = match self.backend.db_type() {
            "sqlite" => "x''",
            _ => "''",
        };
        // So many instances that the test's own instances are negligible.
        let row = |start: i64| format!("(0, {start}, 10000, 100000, {cpu}, 0, {empty}, {empty})");
        let rows: Vec<String> = (-500..50).map(|ten| row(now + ten * 10_000)).collect();
        self.backend.execute("delete from timeline").await;
        let sql = format!(
            "insert into timeline (grain, start_ms, length_ms, instances, cpu_percent, requests_per_second, latencies, \
             per_instance) values {}",
            rows.join(", ")
        );
        self.backend.execute(sql.leak()).await;
    }

    /// Makes earlier evaluations this many minutes older.
    async fn minutes_pass(&self, minutes: u32) {
        let millis = f64::from(minutes) * 60_000.0 / self.scale;
        let sql = format!(
            "update scale_actions set minute_ms = minute_ms - {millis}, at_ms = at_ms - {millis}"
        );
        self.backend.execute(sql.leak()).await;
        self.backend
            .execute("update scale_lease set ends_ms = 0")
            .await;
    }

    async fn evaluations(&self) -> i64 {
        self.backend
            .number("select count(*) from scale_actions")
            .await
    }
}

/// Calls the function as the Functions host does, and returns the response.
async fn call(app: &TestApp) -> Answer {
    let answer = app
        .post_json("/Autoscale", r#"{"Data": {"timer": {}}, "Metadata": {}}"#)
        .await;
    if answer.status == 200 {
        let body = answer.json();
        assert_eq!(body["Outputs"], serde_json::json!({}));
        assert!(body["Logs"][0].is_string() && body["ReturnValue"].is_null());
    }
    answer
}

async fn scaler(app: &TestApp) -> Value {
    app.get("/api/instances").await.json()["scaler"].take()
}

/// Calls in successive minutes until an evaluation has this outcome.
async fn until(scene: &Scene, app: &TestApp, outcome: &str) -> Value {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        scene.minutes_pass(1).await;
        assert_eq!(call(app).await.status, 200);
        let told = scaler(app).await;
        if told["outcome"] == outcome {
            return told;
        }
        assert!(tokio::time::Instant::now() < deadline, "{told}");
    }
}

async fn the_app_scales_itself_once_a_minute(backend: Backend) {
    let scene = Scene::new(backend, SLOW).await;
    let app = scene.app().await;
    scene.load(90.0).await;
    let before = scaler(&app).await;
    assert!(
        before["evaluated_at"].is_null() && before["wanted"].is_null(),
        "{before}"
    );
    call(&app).await;
    let told = scaler(&app).await;
    assert_eq!(
        (&told["decision"], &told["outcome"]),
        (&"scaled_out".into(), &"set".into()),
        "{told}"
    );
    assert_eq!(
        (&told["from"], &told["wanted"], &told["actual"]),
        (&1.into(), &2.into(), &2.into())
    );
    let reason = "average CPU over 5 minutes 90.0% is above 70%: out from 1 to 2";
    assert_eq!(told["reason"], reason);
    assert_eq!(told["cooldown_left_seconds"], 300.0);
    assert!(told["evaluated_at"].as_str().unwrap() <= Timestamp::now().rfc3339().as_str());
    // The same minute again.
    call(&app).await;
    assert_eq!(scene.evaluations().await, 1);
    // The cooldown lasts five minutes, and the platform has the wanted count.
    scene.minutes_pass(1).await;
    call(&app).await;
    let told = scaler(&app).await;
    assert_eq!(
        (&told["decision"], &told["outcome"]),
        (&"cooling_down".into(), &"as_wanted".into())
    );
    assert_eq!(told["cooldown_left_seconds"], 240.0);
    scene.minutes_pass(4).await;
    call(&app).await;
    assert_eq!(scene.platform().changes(), [2, 3]);
    scene.minutes_pass(5).await;
    scene.load(5.0).await;
    call(&app).await;
    assert_eq!(scene.platform().changes(), [2, 3, 2]);
    // One token was used for everything.
    assert_eq!(*scene.platform().tokens_issued.lock().unwrap(), 1);
    changes_are_in_the_timeline(&app).await;
    metrics_tell_of_it(&app).await;
    app.stop().await;
}

async fn changes_are_in_the_timeline(app: &TestApp) {
    let timeline = app.get("/api/timeline?minutes=1440").await.json();
    let events = timeline["events"].as_array().unwrap().iter();
    let changes: Vec<_> = events
        .filter(|event| event["reason"].is_string())
        .map(|event| {
            assert!(event.get("instance_id").is_none(), "{event}");
            let kind = event["type"].as_str().unwrap();
            (
                kind,
                event["from"].as_u64().unwrap(),
                event["to"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        changes,
        [
            ("scaled_out", 1, 2),
            ("scaled_out", 2, 3),
            ("scaled_in", 3, 2)
        ]
    );
    let joined = timeline["events"].as_array().unwrap().last().unwrap();
    assert!(joined.get("from").is_none() || joined["instance_id"].is_null());
}

async fn metrics_tell_of_it(app: &TestApp) {
    let text = String::from_utf8(app.get("/metrics").await.body).unwrap();
    let families = parse(&text);
    let value = |name: &str, label: Option<(&str, &str)>| {
        let series = &families[&format!("elastic_visits_scaler_{name}")].series;
        let mut found = series.iter().filter(|(series, _)| match label {
            Some((label, value)) => series.labels[label] == value,
            None => series.labels.is_empty(),
        });
        *found.next().unwrap_or_else(|| panic!("{name} {label:?}")).1
    };
    assert_eq!(value("evaluations_total", None), 4.0);
    assert_eq!(
        value("decisions_total", Some(("decision", "scaled_out"))),
        2.0
    );
    assert_eq!(
        value("decisions_total", Some(("decision", "flapping"))),
        0.0
    );
    assert_eq!(value("outcomes_total", Some(("outcome", "set"))), 3.0);
    assert_eq!(value("outcomes_total", Some(("outcome", "as_wanted"))), 1.0);
    assert_eq!(value("errors_total", None), 0.0);
    assert_eq!(value("wanted_instances", None), 2.0);
    assert_eq!(value("actual_instances", None), 2.0);
    assert!((0.0..60.0).contains(&value("evaluation_age_seconds", None)));
}

async fn a_count_that_a_deployment_reset_is_set_again(backend: Backend) {
    let scene = Scene::new(backend, SLOW).await;
    let app = scene.app().await;
    scene.load(90.0).await;
    call(&app).await;
    // The same minimum, but events may start more instances; then the state after a deployment.
    for counts in [(2, None), (1, Some(3))] {
        *scene.platform().counts.lock().unwrap() = counts;
        scene.minutes_pass(1).await;
        call(&app).await;
        assert_eq!(*scene.platform().counts.lock().unwrap(), (2, Some(2)));
        let told = scaler(&app).await;
        assert_eq!(
            (&told["decision"], &told["wanted"]),
            (&"cooling_down".into(), &2.into())
        );
    }
    assert_eq!(scene.platform().changes(), [2, 2, 2]);
    app.stop().await;
}

async fn the_cooldown_survives_a_restart(backend: Backend) {
    let scene = Scene::new(backend, SLOW).await;
    let mut app = scene.app().await;
    scene.load(90.0).await;
    for (pass, wanted) in [(0, 2), (4, 2), (1, 3)] {
        scene.minutes_pass(pass).await;
        app.stop().await;
        app = scene.app().await;
        call(&app).await;
        assert_eq!(scaler(&app).await["wanted"], wanted);
    }
    assert_eq!(scene.platform().changes(), [2, 3]);
    app.stop().await;
}

async fn only_one_of_many_concurrent_runs_evaluates(backend: Backend) {
    let scene = Scene::new(backend, SLOW).await;
    let apps = [scene.app().await, scene.app().await];
    scene.load(90.0).await;
    for minute in 1..=5 {
        let calls = (0..4).map(|number| call(&apps[number % 2]));
        let answers = join_all(calls).await;
        assert!(
            answers.iter().all(|answer| answer.status == 200),
            "{answers:?}"
        );
        assert_eq!(scene.evaluations().await, minute);
        scene.minutes_pass(1).await;
    }
    assert_eq!(scene.platform().changes(), [2]);
    for app in apps {
        app.stop().await;
    }
}

async fn a_run_that_lost_its_lease_sets_nothing(backend: Backend) {
    let scene = Scene::new(backend, SLOW).await;
    let app = Arc::new(scene.app().await);
    scene.load(90.0).await;
    call(&app).await;
    *scene.platform().counts.lock().unwrap() = (1, None);
    scene.minutes_pass(1).await;
    // The run hangs in its call to the platform, and another run takes the lease.
    let gate = &scene.platform().gate;
    let held = gate.forget_permits(gate.available_permits());
    let asked = scene.platform().calls();
    let run = tokio::spawn({
        let app = Arc::clone(&app);
        async move { call(&app).await }
    });
    while scene.platform().calls() == asked {
        assert!(!run.is_finished(), "it has not called the platform");
        tokio::task::yield_now().await;
    }
    scene
        .backend
        .execute("update scale_lease set holder = 1, ends_ms = ends_ms + 1")
        .await;
    scene.platform().gate.add_permits(held);
    let answer = run.await.unwrap();
    let line = answer.json()["Logs"][0].as_str().unwrap().to_owned();
    assert!(line.contains("took too long"), "{line}");
    assert_eq!(scene.platform().changes(), [2]);
    let told = scaler(&app).await;
    assert!(told["outcome"].is_null() && told["wanted"] == 2, "{told}");
    Arc::into_inner(app).unwrap().stop().await;
}

async fn a_run_that_was_cut_off_does_not_block_others_for_long(backend: Backend) {
    let scene = Scene::new(backend, FAST).await;
    let app = scene.app().await;
    scene.load(90.0).await;
    // The host gives up the request while the platform hangs.
    *scene.platform().arm.lock().unwrap() = Behavior::Hangs;
    let hung = tokio::time::timeout(Duration::from_millis(300), call(&app)).await;
    assert!(hung.is_err(), "{hung:?}");
    *scene.platform().arm.lock().unwrap() = Behavior::Works;
    // The lease ends, and the next minute begins.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while scene.platform().changes().is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "nothing was set");
        call(&app).await;
    }
    assert_eq!(scaler(&app).await["wanted"], 2);
    assert_eq!(scene.platform().changes(), [2]);
    app.stop().await;
}

async fn failures_of_azure_are_reported_and_the_next_run_succeeds(backend: Backend) {
    let scene = Scene::new(backend, FAST).await;
    let app = scene.app().await;
    scene.load(90.0).await;
    until(&scene, &app, "set").await;
    for (behavior, outcome, problem) in [
        (
            Behavior::Status(403, None, "AuthorizationFailed"),
            "refused",
            "403 AuthorizationFailed".into(),
        ),
        (
            Behavior::Status(429, Some(3_600), "TooManyRequests"),
            "throttled",
            "429".into(),
        ),
        (
            Behavior::Status(500, None, "InternalServerError"),
            "failed",
            "500 InternalServerError".into(),
        ),
        (Behavior::Hangs, "timed_out", Value::Null),
        (
            Behavior::Body("<html>"),
            "failed",
            "not a site configuration".into(),
        ),
    ] {
        *scene.platform().arm.lock().unwrap() = behavior.clone();
        let told = until(&scene, &app, outcome).await;
        assert_eq!(told["problem"], problem, "{behavior:?}");
        // Nothing that only the operator may see.
        assert!(!told.to_string().contains("a message of Azure's"), "{told}");
        // The wanted count is decided as usual.
        assert!(
            told["wanted"].as_u64().unwrap() >= 2 && told["actual"].is_null(),
            "{told}"
        );
        assert_eq!(app.visit().await.status, 201);
        *scene.platform().arm.lock().unwrap() = Behavior::Works;
        *scene.platform().counts.lock().unwrap() = (1, None);
        until(&scene, &app, "set").await;
    }
    app.stop().await;
}

async fn a_platform_that_recovers_in_time_gets_the_count_in_the_same_run(backend: Backend) {
    let scene = Scene::new(backend, MEDIUM).await;
    let app = scene.app().await;
    scene.load(90.0).await;
    until(&scene, &app, "set").await;
    for behavior in [
        Behavior::StatusOnce(429, Some(1), "TooManyRequests"),
        Behavior::StatusOnce(503, None, "ServiceUnavailable"),
    ] {
        let errors = "select count(*) from scale_actions where outcome not in ('set', 'as_wanted')";
        *scene.platform().arm.lock().unwrap() = behavior.clone();
        let asked = scene.platform().calls();
        while *scene.platform().arm.lock().unwrap() != Behavior::Works {
            scene.minutes_pass(1).await;
            call(&app).await;
        }
        assert_eq!(scene.backend.number(errors).await, 0, "{behavior:?}");
        assert!(scene.platform().calls() >= asked + 2);
    }
    // Another token is fetched after one that was refused.
    let issued = *scene.platform().tokens_issued.lock().unwrap();
    *scene.platform().arm.lock().unwrap() = Behavior::StatusOnce(401, None, "InvalidToken");
    assert_eq!(
        until(&scene, &app, "refused").await["problem"],
        "401 InvalidToken"
    );
    until(&scene, &app, "as_wanted").await;
    assert_eq!(*scene.platform().tokens_issued.lock().unwrap(), issued + 1);
    app.stop().await;
}

async fn without_a_token_the_platform_is_not_called(backend: Backend) {
    let mut scene = Scene::new(backend, FAST).await;
    let app = scene.app().await;
    scene.load(90.0).await;
    *scene.platform().identity.lock().unwrap() = Behavior::Status(500, None, "");
    let told = until(&scene, &app, "no_token").await;
    assert_eq!(told["decision"], "count_unknown");
    assert_eq!(scene.platform().calls(), 0);
    *scene.platform().identity.lock().unwrap() = Behavior::Works;
    until(&scene, &app, "set").await;
    // Nothing listens, and then the platform is available again.
    let port = scene.azure.port;
    let platform = Arc::clone(scene.platform());
    scene.azure = Listening::open(&platform, 0).await;
    until(&scene, &app, "unreachable").await;
    scene.azure = Listening::open(&platform, port).await;
    until(&scene, &app, "as_wanted").await;
    app.stop().await;
}

async fn an_unknown_count_is_not_guessed(backend: Backend) {
    let scene = Scene::new(backend, SLOW).await;
    *scene.platform().counts.lock().unwrap() = (3, Some(3));
    *scene.platform().arm.lock().unwrap() = Behavior::Status(403, None, "AuthorizationFailed");
    let app = scene.app().await;
    scene.load(50.0).await;
    call(&app).await;
    let told = scaler(&app).await;
    assert_eq!(
        (&told["decision"], &told["outcome"]),
        (&"count_unknown".into(), &"refused".into())
    );
    assert!(told["wanted"].is_null() && told["from"].is_null(), "{told}");
    *scene.platform().arm.lock().unwrap() = Behavior::Works;
    scene.minutes_pass(1).await;
    call(&app).await;
    let told = scaler(&app).await;
    assert_eq!(
        (&told["decision"], &told["wanted"]),
        (&"steady".into(), &3.into())
    );
    assert!(scene.platform().changes().is_empty());
    app.stop().await;
}

async fn evaluations_in_the_future_delay_nothing(backend: Backend) {
    let scene = Scene::new(backend, SLOW).await;
    let app = scene.app().await;
    scene.load(90.0).await;
    call(&app).await;
    // The clock was a year ahead.
    scene
        .backend
        .execute("update scale_actions set minute_ms = minute_ms + 31536000000, at_ms = at_ms + 31536000000")
        .await;
    scene
        .backend
        .execute("update scale_lease set ends_ms = ends_ms + 31536000000")
        .await;
    call(&app).await;
    assert_eq!(scene.evaluations().await, 1);
    for (pass, wanted) in [(4, 2), (1, 3)] {
        scene.minutes_pass(pass).await;
        call(&app).await;
        assert_eq!(scaler(&app).await["wanted"], wanted);
    }
    app.stop().await;
}

async fn old_evaluations_are_deleted_and_the_last_one_is_kept(backend: Backend) {
    let scene = Scene::new(backend, SLOW).await;
    let app = scene.app().await;
    scene.load(90.0).await;
    for pass in [0, 1, 4, 1, 1] {
        scene.minutes_pass(pass).await;
        call(&app).await;
    }
    assert_eq!(scene.evaluations().await, 5);
    scene
        .backend
        .execute("update scale_actions set at_ms = at_ms - 172800000")
        .await;
    let retention = Retention {
        database: app.service.database().clone(),
        keep_addresses: Duration::from_secs(86_400),
    };
    retention.turn().await.unwrap();
    // The last evaluation, and the last one that changed the count.
    let ids = "select count(*) from scale_actions where id in (3, 5)";
    assert_eq!(
        (scene.evaluations().await, scene.backend.number(ids).await),
        (2, 2)
    );
    // The counters did not decrease.
    let text = String::from_utf8(app.get("/metrics").await.body).unwrap();
    assert!(
        text.contains("elastic_visits_scaler_evaluations_total 5\n"),
        "{text}"
    );
    app.stop().await;
}

async fn an_app_that_does_not_scale_itself_refuses(backend: Backend) {
    let app = backend.instance(&[]).await;
    let problem = call(&app).await.problem(404);
    assert!(
        problem["error"]
            .as_str()
            .unwrap()
            .contains("SCALER=elastic-premium")
    );
    assert!(scaler(&app).await.is_null());
    let text = String::from_utf8(app.get("/metrics").await.body).unwrap();
    assert!(!text.contains("elastic_visits_scaler"));
    // Only the host calls this path.
    assert_eq!(app.call(Method::GET, "/Autoscale").await.status, 405);
    app.stop().await;
}

#[test]
fn settings_of_the_scaler_are_checked_at_the_start() {
    let site = crate::support::arm::SITE;
    for (flags, named) in [
        (&["--scaler", "elastic-premium"][..], "SCALER_SITE_ID"),
        (
            &["--scaler", "elastic-premium", "--scaler-site-id", "visits"][..],
            "SCALER_SITE_ID",
        ),
        (
            &[
                "--scaler",
                "elastic-premium",
                "--scaler-site-id",
                site,
                "--autoscale-profile",
                "none",
            ][..],
            "AUTOSCALE_PROFILE",
        ),
        (
            &[
                "--scaler",
                "elastic-premium",
                "--scaler-site-id",
                site,
                "--scaler-endpoint",
                "http://example.org",
            ][..],
            "SCALER_ENDPOINT",
        ),
    ] {
        let output = crate::support::process::run(&["--sqlite-path".into(), "x.db".into()], flags);
        let sentence = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{sentence}");
        assert!(sentence.contains(named), "{sentence}");
    }
}

#[test]
fn an_unavailable_database_delays_only_the_scaler() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let backend = runtime.block_on(Backend::postgres());
    let Backend::Postgres { url, .. } = &backend else {
        unreachable!()
    };
    let mut url = url::Url::parse(url).unwrap();
    let server: SocketAddr = ([127, 0, 0, 1], url.port().unwrap()).into();
    let (_reserved, port) = reserved_port();
    url.set_port(Some(port)).unwrap();
    let scene = runtime.block_on(Scene::new(backend, SLOW));
    let flags = [
        vec!["--database-url".to_owned(), url.into()],
        scene.azure.flags(),
        vec!["--autoscale-clock".to_owned(), scene.clock.clone()],
    ]
    .concat();
    let cable = Cable::between(port, server);
    let mut handler = Process::start(&flags, &["--instance-cpus", "64"]);
    handler.eventually("/health", 200);
    runtime.block_on(scene.load(90.0));
    assert_eq!(handler.send("POST", "/Autoscale", &[]).unwrap().status, 200);
    assert_eq!(scene.platform().changes(), [2]);
    drop(cable);
    handler.eventually("/health", 503);
    let asked = scene.platform().calls();
    let answer = handler.send("POST", "/Autoscale", &[]).unwrap();
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(scene.platform().calls(), asked);
    let cable = Cable::between(port, server);
    handler.eventually("/health", 200);
    runtime.block_on(scene.minutes_pass(5));
    let retried = std::iter::repeat_with(|| handler.send("POST", "/Autoscale", &[]).unwrap());
    // A connection that was idle for less than 50 ms is not tested before use.
    let answer = retried.take(2).find(|answer| answer.status != 503);
    assert_eq!(
        answer.expect("the second run has a new connection").status,
        200
    );
    assert_eq!(scene.platform().changes(), [2, 3]);
    drop(cable);
    let log = handler.log();
    assert!(!log.contains(MARK) && !log.contains(SECRET), "{log}");
    assert!(log.contains("the app's own scaler ran"), "{log}");
}

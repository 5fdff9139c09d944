//! An app that `lab assemble` did not create: one instance without a limit, or a fleet on request.

use std::process::Command;

use super::view::{Stop, fleet, fleet_when, ids, ready};
use crate::support::http::head;
use crate::support::{Host, Root, eventually};

/// Whether a text is about Elastic Visits.
fn is_about_visits(text: &str) -> bool {
    let text = text.to_lowercase();
    ["elastic visits", "elastic-visits", "visit", "sqlite"]
        .iter()
        .any(|word| text.contains(word))
}

#[test]
fn an_app_in_the_current_folder_runs_as_one_instance_without_a_limit() {
    let mut root = Root::new();
    root.is_named = false;
    root.variable("DATABASE_URL", "mysql://example/app");
    let host = root.up(&[]);
    assert!(host.line("Ready: ").starts_with("Ready: http://127.0.0.1:"));
    assert_eq!(host.get("/x").status, 200);
    host.get("/print-out-calm");
    assert!(host.line(" handler: calm").contains(" Information "));
    host.line("Instances one");
    let view = fleet(&host);
    assert_eq!(
        (&view["count"], &view["capacity"]["maximum"]),
        (&1.into(), &1.into())
    );
    assert_eq!(view["cpu_limit"]["enforced"], false);
    assert_eq!(view["cpu_limit"]["how"], "no limit requested");
    let environment = host.journal()[0]["environment"].clone();
    assert_eq!(environment["DATABASE_URL"], "mysql://example/app");
    assert!(environment["INSTANCE_CPUS"].is_null(), "{environment}");
    let printed = host.printed();
    assert!(!is_about_visits(&printed), "{printed}");
    assert!(!printed.contains("PostgreSQL"), "{printed}");
}

#[test]
fn it_keeps_its_own_variables_with_names_that_elastic_visits_reads() {
    let mut root = Root::new();
    root.variable("INSTANCE_ID", "mine");
    let settings = r#"{"IsEncrypted":false,"Values":{"FUNCTIONS_WORKER_RUNTIME":"custom","HEARTBEAT_SECONDS":"77"}}"#;
    std::fs::write(root.path.join("local.settings.json"), settings).unwrap();
    let host = root.up(&[]);
    assert_eq!(host.get("/x").status, 200);
    let environment = host.journal()[0]["environment"].clone();
    assert_eq!(environment["INSTANCE_ID"], "mine");
    assert_eq!(environment["HEARTBEAT_SECONDS"], "77");
}

#[test]
fn the_help_contains_both_defaults_and_no_app() {
    let output = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["up", "--help"])
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains(
            "the maximum in the rules for an app that lab assemble created; 1 for any other app"
        ),
        "{help}"
    );
    assert!(
        words.contains("the current folder where it is a function app"),
        "{help}"
    );
    assert!(!is_about_visits(&help), "{help}");
}

#[test]
fn a_folder_without_an_app_is_refused_with_what_to_do() {
    let mut root = Root::bare();
    root.is_named = false;
    std::fs::remove_file(root.path.join("host.json")).unwrap();
    let (code, printed) = root.refused(&[]);
    assert_eq!((code, printed.lines().count()), (2, 1), "{printed}");
    assert!(
        printed.contains("the app is not a function app: it has no host.json")
            && printed.contains("lab up --script-root FOLDER"),
        "{printed}"
    );
    // With only a host.json, the message explains what a function is.
    root.host(&root.plain_host());
    let (code, printed) = root.refused(&[]);
    assert_eq!(code, 2, "{printed}");
    assert!(
        printed.contains("a function.json, or a route in host.json"),
        "{printed}"
    );
    assert!(!is_about_visits(&printed), "{printed}");
}

/// As `./scripts/run` creates it.
#[test]
fn the_assembled_app_is_found_if_the_folder_contains_no_function() {
    let mut root = Root::bare();
    root.is_named = false;
    let assembled = root.path.join("target/app");
    std::fs::create_dir_all(assembled.join("Here")).unwrap();
    std::fs::copy(root.path.join("host.json"), assembled.join("host.json")).unwrap();
    std::os::unix::fs::symlink(root.path.join("handler"), assembled.join("handler")).unwrap();
    std::fs::write(
        assembled.join("Here/function.json"),
        r#"{"bindings":[{"type":"httpTrigger","direction":"in","name":"req","authLevel":"anonymous"},{"type":"http","direction":"out","name":"res"}]}"#,
    )
    .unwrap();
    let host = root.up(&[]);
    host.line("the app/target/app");
    assert_eq!(host.get("/Here").status, 200);
}

#[test]
fn with_a_maximum_the_rules_scale_it_under_load() {
    let host = Root::new().up(&[
        "--max",
        "3",
        "--instance-cpus",
        "0.1",
        "--time-scale",
        "300",
    ]);
    let view = ready(&host, 1);
    assert_eq!(
        (&view["capacity"]["maximum"], &view["cpu_limit"]["cpus"]),
        (&3.into(), &0.1.into())
    );
    let stop = Stop::default();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut connection = host.open();
                while !stop.said() {
                    connection.send(head("GET", "/x", &[], 0));
                    assert_eq!(connection.answer("GET").status, 200);
                }
            });
        }
        let end = stop.at_the_end();
        fleet_when(&host, "two are ready", |fleet| {
            fleet["ready"].as_u64() >= Some(2)
        });
        drop(end);
    });
    host.line("scale-out 1 -> 2: average CPU over 5 minutes");
    assert!(!is_about_visits(&host.printed()), "{}", host.printed());
}

/// Points and events of the last five minutes.
fn timeline(host: &Host) -> serde_json::Value {
    host.get("/admin/lab/timeline?minutes=5").json()
}

#[test]
fn the_page_and_its_data() {
    let host = Root::new().up(&["--max", "1"]);
    let page = host.get("/admin/lab");
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    assert_eq!(
        page.header("content-security-policy"),
        Some("frame-ancestors 'none'")
    );
    assert!(page.text().contains("connect-src 'self'"));
    host.get("/x");
    let view = eventually("a second has passed", || {
        Some(timeline(&host)).filter(|view| {
            let points = view["points"].as_array().unwrap();
            points
                .iter()
                .any(|point| point["instances"] == 1 && point["cpu_percent"].is_f64())
        })
    });
    assert_eq!(view["bucket_seconds"], 1);
    let id = ids(&fleet(&host), "ready").remove(0);
    let joined = &view["events"][0];
    assert_eq!(
        (&joined["type"], &joined["instance_id"]),
        (&"joined".into(), &id.clone().into())
    );
    let killed = host.request("POST", &format!("/admin/lab/instances/{id}/kill"), &[], "");
    assert_eq!(killed.status, 202);
    eventually("it is lost and joins again", || {
        let events = timeline(&host)["events"].clone();
        let kinds: Vec<_> = events
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .collect();
        (kinds == ["joined", "lost", "joined"]).then_some(())
    });
    let wrong = host.get("/admin/lab/timeline?minutes=0");
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains("from 1 to 1440"), "{wrong:?}");
    let counted = fleet(&host)["instances"][0]["requests"].as_u64();
    assert!(counted >= Some(1), "{counted:?}");
}

#[test]
fn the_page_contains_no_data_and_the_data_are_protected() {
    let keyed = Root::new().up(&["--max", "1", "--enable-auth"]);
    assert_eq!(keyed.get("/admin/lab").status, 200);
    assert_eq!(keyed.get("/ADMIN/LAB/").status, 200);
    for path in ["/admin/lab/timeline", "/admin/lab/fleet", "/admin/lab/x"] {
        assert_eq!(keyed.get(path).status, 401, "{path}");
    }
    let line = keyed.line("  master  ");
    let key = line.split_whitespace().last().unwrap();
    let with = [("x-functions-key", key)];
    assert_eq!(
        keyed
            .request("GET", "/admin/lab/timeline", &with, "")
            .status,
        200
    );

    let open = Root::new().up(&["--max", "1"]);
    let foreign = [
        ("origin", "https://other.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    assert_eq!(open.request("GET", "/admin/lab", &foreign, "").status, 200);
    assert_eq!(open.request("POST", "/admin/lab", &foreign, "").status, 403);
    for path in ["/admin/lab/timeline", "/admin/lab/fleet"] {
        assert_eq!(
            open.request("GET", path, &foreign, "").status,
            403,
            "{path}"
        );
    }
}

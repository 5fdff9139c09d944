//! Whether the host serves: its health endpoints, and `app_offline.htm`.

use serde_json::json;

use crate::support::{Root, eventually};

/// `WebJobsApplicationBuilderExtension.cs`, `UseHealthChecks`.
#[test]
fn probes_report_whether_the_host_runs() {
    let host = Root::new().up(&["--enable-auth", "--watch"]);
    for path in [
        "/runtime/health",
        "/runtime/health/live",
        "/RUNTIME/health/ready?wait=1",
    ] {
        let answer = host.get(path);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.json(), json!({ "status": "Healthy" }), "{path}");
    }
    assert_eq!(host.get("/runtime/health?wait=-1").status, 400);
    assert_eq!(host.get("/runtime/health/other").status, 404);
    assert!(host.requests().is_empty());
    std::fs::write(host.root.path.join("host.json"), "{").unwrap();
    host.line("The app cannot be served: ");
    for (path, status, word) in [
        ("/runtime/health/live", 200, "Healthy"),
        ("/runtime/health/ready", 503, "Unhealthy"),
        ("/runtime/health", 503, "Unhealthy"),
    ] {
        let answer = host.get(path);
        assert_eq!(
            (answer.status, answer.json()),
            (status, json!({ "status": word })),
            "{path}"
        );
    }
}

/// `HostAvailabilityCheckMiddleware.cs`; the host's own endpoints are exempt.
#[test]
fn app_offline_is_served_while_the_file_exists() {
    let host = Root::new().up(&[]);
    assert_eq!(host.get("/x").status, 200);
    let file = host.root.path.join("app_offline.htm");
    std::fs::write(&file, "<p>Back at noon</p>").unwrap();
    let answer = eventually("the app is offline", || {
        Some(host.get("/x")).filter(|answer| answer.status == 503)
    });
    assert_eq!(answer.text(), "<p>Back at noon</p>");
    assert_eq!(answer.header("content-type"), Some("text/html"));
    assert_eq!(host.get("/").status, 503);
    assert_eq!(host.get("/admin/host/ping").status, 200);
    std::fs::remove_file(&file).unwrap();
    eventually("it is back", || {
        (host.get("/x").status == 200).then_some(())
    });
}

//! The host's own endpoints, warm-up, and function keys.

use serde_json::json;

use crate::support::Root;
use crate::support::program::Program;

super::cases! {
    /// `WarmupFunctionEndToEndTests.cs`; `WebScriptHostHttpRoutesManager.cs`: `/admin/warmup` is the host's own route, and
    /// needs no key.
    "19" warm_up_is_the_hosts_own_route;
    /// `ScriptJobHostExtensions.cs`: name and trigger make a warm-up function; without one the response is 200.
    "19" without_a_warm_up_function_the_response_is_200;
    /// `WebScriptHostHttpRoutesManager.cs`, `WarmupInvoke`: a warm-up that fails is 500.
    "19" a_failing_warm_up_is_500;
    /// `WebScriptHostHttpRoutesManager.cs`, `WarmupInvoke`: once for each process of the host.
    "23" warm_up_runs_once;
    /// `HostController.cs`; `SamplesEndToEndTests_CustomHandler.cs`: the master key opens them, and no function gets their
    /// requests.
    "20" the_hosts_endpoints_need_the_master_key_and_hide_every_function;
    /// `FunctionAuthorizationHandler.cs`, `AuthenticationLevelHandler.cs`: the keys of each level.
    "28" functions_require_their_keys;
    /// Core Tools' `Startup.cs`: without `--enableAuth` every request is an administrator's.
    "28" without_keys_every_request_has_the_admin_level
        not on Image: "it always requires keys";
}

fn warm_up_is_the_hosts_own_route(program: &Program) {
    let mut root = Root::app("routes", program);
    root.warmup();
    // Without it, Core Tools start no app with a warm-up function.
    root.variable("AzureWebJobsStorage", "UseDevelopmentStorage=true");
    root.http("catchall", "{*path}", None, "anonymous");
    // An HTTP function may have a route with that name.
    root.http("Warm", "warmup", Some(&["put"]), "anonymous");
    let host = root.with_keys().up(&[]);
    let answer = host.get("/admin/warmup");
    assert_eq!((answer.status, answer.text()), (200, ""));
    assert_eq!(host.requests(), ["/warmup"]);
    assert_eq!(
        host.request("PUT", "/warmup", &[], "").json()["method"],
        "PUT"
    );
}

fn without_a_warm_up_function_the_response_is_200(program: &Program) {
    let mut root = Root::app("proxying", program);
    root.variable("AzureWebJobsStorage", "UseDevelopmentStorage=true");
    // Neither the name nor the trigger alone makes a warm-up function.
    root.function(
        "Warm",
        &json!({ "bindings": [{ "type": "warmupTrigger", "name": "context" }] }),
    );
    let host = root.up(&[]);
    assert_eq!(host.get("/admin/warmup").status, 200);
    assert!(host.requests().is_empty());
}

fn a_failing_warm_up_is_500(program: &Program) {
    let mut root = Root::app("proxying", program);
    root.warmup();
    // Without it, Core Tools start no app with a warm-up function.
    root.variable("AzureWebJobsStorage", "UseDevelopmentStorage=true");
    root.variable("PROBE_WARMUP", "refused");
    let host = root.up(&[]);
    assert_eq!(host.get("/admin/warmup").status, 500);
}

fn warm_up_runs_once(program: &Program) {
    let mut root = Root::app("proxying", program);
    root.warmup();
    // Without it, Core Tools start no app with a warm-up function.
    root.variable("AzureWebJobsStorage", "UseDevelopmentStorage=true");
    let host = root.up(&[]);
    for method in ["POST", "GET", "DELETE"] {
        assert_eq!(host.request(method, "/admin/warmup", &[], "").status, 200);
    }
    assert_eq!(host.requests(), ["/warmup"]);
}

fn the_hosts_endpoints_need_the_master_key_and_hide_every_function(program: &Program) {
    let host = Root::app("proxying", program).with_keys().up(&[]);
    let (master, default) = (host.key("master"), host.key("default"));
    for target in [
        "/admin/host/status",
        "/ADMIN/functions",
        "/%61dmin/functions/WebApp",
    ] {
        for headers in [&[][..], &[("x-functions-key", default.as_str())]] {
            let answer = host.request("GET", target, headers, "");
            assert_eq!((answer.status, answer.body.len()), (401, 0), "{target}");
        }
    }
    for target in [
        "/admin/123",
        "/admin",
        "/admin/",
        "/runtime/webhooks/x",
        "/x/../admin/123",
        "/admin/host",
    ] {
        let answer = host.request("GET", target, &[("x-functions-key", &master)], "");
        assert_eq!((answer.status, answer.body.len()), (404, 0), "{target}");
    }
    let status = host
        .request(
            "GET",
            "/admin/host/status",
            &[("x-functions-key", &master)],
            "",
        )
        .json();
    assert_eq!(status["state"], "Running");
    assert!(status["version"].as_str().unwrap().starts_with("4."));
    assert!(status["processUptime"].is_u64());
    assert!(host.requests().is_empty());
    // Only whole first segments belong to the host.
    assert_eq!(host.get("/administration").status, 200);
}

fn functions_require_their_keys(program: &Program) {
    let root = Root::app("routes", program);
    root.http("Other", "other", None, "function");
    let host = root.with_keys().up(&[]);
    let [master, default, closed, other] =
        ["master", "default", "Closed", "Other"].map(|name| host.key(name));
    let status = |target: &str, header: Option<&str>| {
        let headers: Vec<_> = header.iter().map(|key| ("X-Functions-Key", *key)).collect();
        let answer = host.request("GET", target, &headers, "");
        assert!(answer.status == 200 || answer.body.is_empty());
        answer.status
    };
    // Without the right key the handler is not called.
    assert_eq!(status("/api/closed", None), 401);
    assert_eq!(status("/api/closed", Some("wrong")), 401);
    assert_eq!(status("/api/closed?code=wrong", None), 401);
    assert_eq!(status("/api/closed", Some(&other)), 401);
    assert_eq!(status("/api/master", None), 401);
    assert_eq!(status("/api/master", Some(&default)), 401);
    // The header takes precedence over the query, even if it is wrong.
    assert_eq!(
        status(&format!("/api/closed?code={closed}"), Some("wrong")),
        401
    );
    // An unknown route is 404 before any key is checked.
    assert_eq!(status("/nowhere", None), 404);
    assert!(host.requests().is_empty());

    assert_eq!(status("/api/closed", Some(&closed)), 200);
    assert_eq!(status("/api/closed", Some(&default)), 200);
    assert_eq!(status("/api/closed", Some(&master)), 200);
    assert_eq!(status(&format!("/api/closed?a=1&code={closed}"), None), 200);
    assert_eq!(status("/api/master", Some(&master)), 200);
    assert_eq!(status("/api/open", None), 200);
    assert_eq!(status("/api/open", Some("wrong")), 200);
    // The key is not removed from the request.
    assert!(
        host.requests()
            .contains(&format!("/api/closed?a=1&code={closed}"))
    );
}

fn without_keys_every_request_has_the_admin_level(program: &Program) {
    let host = Root::app("routes", program).up(&[]);
    assert_eq!(host.get("/api/master").status, 200);
    assert_eq!(host.get("/admin/host/status").status, 200);
    if program.is_lab_up() {
        assert!(!host.printed().contains("Keys"));
    }
}

use crate::support::Root;

#[test]
fn case_01_prefix_and_name_make_the_url() {
    let root = Root::bare();
    root.host_with(|host| host["extensions"]["http"] = serde_json::json!({}));
    root.http("HttpTrigger", "", None, "anonymous");
    let host = root.up(&[]);
    let answer = host.get("/api/HttpTrigger?code=x&name=y");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["target"], "/api/HttpTrigger?code=x&name=y");
    assert_eq!(host.get("/HttpTrigger").status, 404);
}

#[test]
fn case_03_and_04_the_handler_gets_the_original_path() {
    let host = Root::new().up(&[]);
    for target in ["/", "/?", "/api/hello", "/a//b/", "/a;b=1/@x"] {
        assert_eq!(host.get(target).json()["target"], target);
    }
}

#[test]
fn case_24_method_not_listed_is_404() {
    let root = Root::bare();
    root.http(
        "Visits",
        "api/visits",
        Some(&["get", "options"]),
        "anonymous",
    );
    let host = root.up(&[]);
    for (method, target, status) in [
        ("GET", "/api/visits", 200),
        ("OPTIONS", "/api/visits", 200),
        ("HEAD", "/api/visits", 404),
        ("POST", "/api/visits", 404),
        ("GET", "/api/unknown", 404),
        ("GET", "/api", 404),
    ] {
        let answer = host.request(method, target, &[], "");
        assert_eq!(answer.status, status, "{method} {target}");
        if status == 404 {
            assert!(answer.body.is_empty() && answer.header("allow").is_none());
        }
    }
    assert_eq!(host.requests().len(), 2);
}

#[test]
fn case_24_paths_match_in_any_case_and_keep_theirs() {
    let root = Root::bare();
    root.http("Visits", "api/visits", None, "anonymous");
    let host = root.up(&[]);
    for target in [
        "/API/Visits",
        "/api/visits/",
        "/x/../api/visits?a=%2e",
        "/api/./visits",
    ] {
        let answer = host.get(target);
        assert_eq!(answer.status, 200, "{target}");
    }
    assert_eq!(
        host.requests(),
        // YARP writes the decoded path anew and leaves the query alone.
        [
            "/API/Visits",
            "/api/visits/",
            "/api/visits?a=%2e",
            "/api/visits"
        ]
    );
    for target in [
        "//api/visits",
        "/api//visits",
        "/api%2Fvisits",
        "/api/visits//",
    ] {
        assert_eq!(host.get(target).status, 404, "{target}");
    }
}

#[test]
fn case_25_an_unmatched_root_shows_the_homepage() {
    let root = Root::bare();
    root.http("Visits", "api/visits", None, "anonymous");
    let host = root.up(&[]);
    for method in ["GET", "POST"] {
        let answer = host.request(method, "/", &[], "");
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert!(answer.text().contains("<html"));
    }
    assert!(host.requests().is_empty());
}

#[test]
fn case_25_the_homepage_can_be_switched_off() {
    let mut root = Root::bare();
    root.http("Visits", "api/visits", None, "anonymous");
    root.variable("AzureWebJobsDisableHomepage", "true");
    let host = root.up(&[]);
    let answer = host.get("/");
    assert_eq!((answer.status, answer.body.len()), (204, 0));
}

#[test]
fn case_25_the_root_can_be_a_route() {
    let root = Root::bare();
    root.http("Root", "{x:maxlength(0)?}", None, "anonymous");
    let host = root.up(&[]);
    assert_eq!(host.get("/").json()["target"], "/");
    assert_eq!(host.get("/a").status, 404);
}

#[test]
fn case_26_routes_are_tried_in_the_order_of_names() {
    let root = Root::bare();
    // The catch-all sorts before the closed function and so takes its requests, as in Azure.
    root.http("alpha", "{*path}", Some(&["get"]), "anonymous");
    root.http("Beta", "api/secret", None, "function");
    let host = root.up(&["--enable-auth"]);
    assert_eq!(host.get("/api/secret").status, 200);
    assert_eq!(host.request("POST", "/api/secret", &[], "").status, 401);
}

#[test]
fn case_26_duplicates_and_reserved_routes_are_refused_and_the_others_run() {
    let root = Root::bare();
    root.http("First", "api/one", Some(&["get", "post"]), "anonymous");
    root.http("Second", "API/one/", Some(&["post"]), "anonymous");
    root.http("Third", "api/one", Some(&["delete"]), "anonymous");
    root.http("Administrators", "administrators", None, "anonymous");
    root.http("Runtime", "runtimes/x", None, "anonymous");
    root.http("bad-template", "a//b", None, "anonymous");
    root.http("9lives", "x", None, "anonymous");
    root.function("broken", &serde_json::json!({ "bindings": [] }));
    std::fs::create_dir(root.path.join("no-function")).unwrap();
    let host = root.up(&[]);
    for name in [
        "Second",
        "Administrators",
        "Runtime",
        "bad-template",
        "9lives",
        "broken",
    ] {
        host.line(&format!("The function {name} is not loaded"));
    }
    assert!(!host.printed().contains("no-function"));
    for (method, target, status) in [
        ("GET", "/api/one", 200),
        ("POST", "/api/one", 200),
        ("DELETE", "/api/one", 200),
        ("GET", "/administrators", 404),
        ("GET", "/runtimes/x", 404),
    ] {
        assert_eq!(
            host.request(method, target, &[], "").status,
            status,
            "{method} {target}"
        );
    }
}

#[test]
fn a_nested_function_folder_is_not_a_function() {
    let root = Root::new();
    root.http("outer/Inner", "inner", Some(&["post"]), "anonymous");
    let host = root.up(&[]);
    assert!(!host.printed().contains("Inner"));
}

#[test]
fn a_disabled_function_is_404_without_the_master_key() {
    let mut root = Root::bare();
    root.http("Off", "off", None, "anonymous");
    root.http("On", "on", None, "anonymous");
    root.variable("AzureWebJobs.Off.Disabled", "1");
    let host = root.up(&["--enable-auth"]);
    let master = host.line("  master ");
    let master = master.split_whitespace().last().unwrap();
    assert_eq!(host.get("/off").status, 404);
    assert_eq!(host.get(&format!("/off?code={master}")).status, 200);
    assert_eq!(host.get("/on").status, 200);
}

#[test]
fn what_kestrel_refuses_is_refused() {
    let host = Root::new().up(&[]);
    assert_eq!(host.get("/a%00b").status, 400);
    assert_eq!(host.get(&format!("/{}", "x".repeat(9000))).status, 414);
    assert!(host.requests().is_empty());
}

//! Which function a request reaches.

use serde_json::json;

use crate::support::Root;
use crate::support::program::Program;

super::cases! {
    /// `WebJobsRouteBuilder.cs`, `HttpOptions.cs`: the default prefix and the function's name make the URL.
    "1" prefix_and_name_make_the_url;
    /// `WebScriptHostHttpRoutesManager.cs`: a method that is not listed is 404, and GET does not include HEAD.
    "24" a_method_that_is_not_listed_is_404;
    /// `WebJobsRouteBuilder.cs`: paths match in any case; the handler gets the client's.
    "24" paths_match_in_any_case_and_keep_their_case;
    /// `HomepageMiddleware.cs`: an unmatched root shows the home page, whatever the method.
    "25" an_unmatched_root_shows_the_homepage;
    /// `HomepageMiddleware.cs`, `AzureWebJobsDisableHomepage`: 204.
    "25" the_homepage_can_be_switched_off;
    /// Azure-Functions#2473: a route that matches nothing but the root.
    "25" the_root_can_be_a_route;
    /// `FunctionMetadataManager.cs`; #3153, #9876: routes are tried in the order of the functions' names.
    "26" routes_are_tried_in_the_order_of_names;
    /// `ScriptHost.cs`, `ValidateFunction`: duplicate and reserved routes are refused; the other functions run.
    "26" duplicates_and_reserved_routes_are_refused;
    /// `WebJobsRouteBuilder.cs`, `MapFunctionRoute`: prefix, slash, and route; an empty segment stops the host.
    "46" a_route_with_a_leading_slash_under_a_prefix_stops_the_host;
}

fn prefix_and_name_make_the_url(program: &Program) {
    let root = Root::app("routes", program);
    root.edit_host(|host| host["extensions"]["http"] = json!({}));
    root.http("HttpTrigger", "", None, "anonymous");
    let host = root.up(&[]);
    let answer = host.get("/api/HttpTrigger?code=x&name=y");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["target"], "/api/HttpTrigger?code=x&name=y");
    assert_eq!(host.get("/HttpTrigger").status, 404);
}

fn a_method_that_is_not_listed_is_404(program: &Program) {
    let host = Root::app("routes", program).up(&[]);
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
            assert_eq!(answer.text(), "", "{method} {target}");
            assert_eq!(answer.header("allow"), None, "{method} {target}");
        }
    }
    assert_eq!(host.requests().len(), 2);
}

fn paths_match_in_any_case_and_keep_their_case(program: &Program) {
    let host = Root::app("routes", program).up(&[]);
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
        // YARP encodes the decoded path again, and does not change the query.
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

fn an_unmatched_root_shows_the_homepage(program: &Program) {
    let host = Root::app("routes", program).up(&[]);
    for method in ["GET", "POST"] {
        let answer = host.request(method, "/", &[], "");
        assert_eq!(answer.status, 200, "{method} /");
        let kind = answer.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("text/html"), "{kind}");
        assert!(answer.text().contains("<html"), "{}", answer.text());
    }
    assert!(host.requests().is_empty());
}

fn the_homepage_can_be_switched_off(program: &Program) {
    let mut root = Root::app("routes", program);
    root.variable("AzureWebJobsDisableHomepage", "true");
    let answer = root.up(&[]).get("/");
    assert_eq!((answer.status, answer.text()), (204, ""), "GET /");
}

fn the_root_can_be_a_route(program: &Program) {
    let root = Root::app("routes", program);
    root.http("Root", "{x:maxlength(0)?}", None, "anonymous");
    let host = root.up(&[]);
    assert_eq!(host.get("/").json()["target"], "/");
    assert_eq!(host.get("/a").status, 404);
}

fn routes_are_tried_in_the_order_of_names(program: &Program) {
    let root = Root::app("routes", program);
    // The catch-all comes before the closed function, and so gets its requests.
    root.http("alpha", "{*path}", Some(&["get"]), "anonymous");
    let host = root.with_keys().up(&[]);
    assert_eq!(host.get("/api/closed").status, 200);
    assert_eq!(host.request("POST", "/api/closed", &[], "").status, 401);
}

fn duplicates_and_reserved_routes_are_refused(program: &Program) {
    let root = Root::app("routes", program);
    root.http("First", "api/one", Some(&["get", "post"]), "anonymous");
    root.http("Second", "API/one/", Some(&["post"]), "anonymous");
    root.http("Third", "api/one", Some(&["delete"]), "anonymous");
    root.http("Administrators", "administrators", None, "anonymous");
    root.http("Runtime", "runtimes/x", None, "anonymous");
    root.http("bad-template", "a//b", None, "anonymous");
    root.http("9lives", "x", None, "anonymous");
    root.function("broken", &json!({ "bindings": [] }));
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
        host.lab_up_prints(&format!("The function {name} is not loaded"));
    }
    if program.is_lab_up() {
        assert!(!host.printed().contains("no-function"));
    }
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

fn a_route_with_a_leading_slash_under_a_prefix_stops_the_host(program: &Program) {
    let root = Root::app("routes", program);
    root.edit_host(|host| host["extensions"]["http"] = json!({}));
    root.http("Items", "/items/{id}", None, "anonymous");
    let mut host = root.start(&[]);
    host.serves_nothing("/api/api/open");
    if program.is_lab_up() {
        let (status, printed) = host.end();
        assert_eq!((status.code(), printed.lines().count()), (Some(2), 1));
        assert!(
            printed.contains("the route \"/items/{id}\" of the function Items begins with a slash")
                && printed.contains("\"api//items/{id}\"")
                && printed.contains("remove the slash"),
            "{printed}"
        );
    }
    // Without a prefix, nothing comes before the route.
    let root = Root::app("routes", program);
    root.http("Items", "/items/{id}", None, "anonymous");
    assert_eq!(root.up(&[]).get("/items/7").status, 200);
}

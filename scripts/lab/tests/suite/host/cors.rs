//! Pages of other origins that may call the app: `--cors`, and `Host.CORS` of `local.settings.json` (Core Tools'
//! `Startup.cs`, `StartHostAction.cs`; ASP.NET Core's `CorsMiddleware.cs`).

use serde_json::json;

use crate::support::http::Answer;
use crate::support::{Host, Root};

const PAGE: &str = "https://page.test";

fn app() -> Root {
    let root = Root::bare();
    root.http(
        "Visits",
        "visits/{*rest}",
        Some(&["get", "post"]),
        "function",
    );
    root
}

fn from_page(host: &Host, method: &str, target: &str, origin: &str) -> Answer {
    let headers = [
        ("Origin", origin),
        ("Sec-Fetch-Site", "cross-site"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type, x-a"),
    ];
    host.request(method, target, &headers, "")
}

#[test]
fn a_preflight_request_is_answered_before_the_functions() {
    let host = app().up(&["--cors", "https://page.test,http://localhost:3000"]);
    for target in ["/visits", "/nowhere", "/admin/host/status"] {
        let answer = from_page(&host, "OPTIONS", target, PAGE);
        assert_eq!((answer.status, answer.body.len()), (204, 0), "{target}");
        for (name, value) in [
            ("access-control-allow-origin", PAGE),
            ("access-control-allow-methods", "POST"),
            ("access-control-allow-headers", "content-type, x-a"),
            ("vary", "Origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{target} {name}");
        }
    }
    let answer = from_page(&host, "OPTIONS", "/visits", "https://other.test");
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert!(host.requests().is_empty());
}

#[test]
fn an_allowed_origin_is_not_foreign_but_another_one_is() {
    let host = app().up(&["--cors", PAGE]);
    let answer = from_page(&host, "POST", "/visits", PAGE);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert_eq!(answer.header("vary"), None);
    // For the host's own responses, the page gets the reason.
    let answer = from_page(&host, "GET", "/nowhere", PAGE);
    assert_eq!(answer.status, 404);
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    let answer = from_page(&host, "POST", "/visits", "https://other.test");
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    // A program is not a page.
    assert_eq!(host.request("POST", "/visits", &[], "").status, 200);
    assert_eq!(host.requests().len(), 2);
}

#[test]
fn all_origins_may_call_functions_but_not_the_host() {
    let host = app().up(&["--cors", "*"]);
    let answer = from_page(&host, "POST", "/visits", "https://other.test");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(
        from_page(&host, "GET", "/admin/lab/fleet", PAGE).status,
        403
    );
}

#[test]
fn local_settings_allow_origins_and_the_command_line_counts_for_more() {
    let with = |settings: serde_json::Value, arguments: &[&str]| {
        let root = app();
        let text = json!({ "Host": settings }).to_string();
        std::fs::write(root.path.join("local.settings.json"), text).unwrap();
        root.up(arguments)
    };
    let local = json!({ "CORS": PAGE, "CORSCredentials": true });
    let host = with(local, &["--cors", "https://other.test"]);
    assert_eq!(from_page(&host, "POST", "/visits", PAGE).status, 403);

    let host = with(json!({ "CORS": "page.test" }), &[]);
    host.line("CORS: \"page.test\" is not an origin");
}

#[test]
fn without_cors_a_preflight_request_reaches_the_functions() {
    let root = Root::new();
    let host = root.up(&[]);
    let answer = from_page(&host, "OPTIONS", "/x", PAGE);
    assert_eq!(answer.json()["method"], "OPTIONS");
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[test]
fn credentials_for_all_origins_are_refused() {
    let (code, printed) = app().refused(&["--cors", "*", "--cors-credentials"]);
    assert_eq!((code, printed.lines().count()), (2, 1), "{printed}");
    assert!(
        printed.contains("CORS: pages of all origins (*)"),
        "{printed}"
    );
}

use std::path::Path;

use serde_json::Value;

use crate::support::Root;
use crate::support::http::head;

#[test]
fn keys_are_new_each_time() {
    let make = || {
        let root = Root::bare();
        root.http("Stress", "stress", None, "function");
        let host = root.up(&["--enable-auth"]);
        host.key("master")
    };
    assert_ne!(make(), make());
}

/// The app's own folders, with a handler that would respond to anything.
#[test]
fn no_spelling_of_a_closed_route_bypasses_the_key() {
    let functions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
    let root = Root::bare();
    for folder in std::fs::read_dir(functions).unwrap() {
        let folder = folder.unwrap();
        if let Ok(text) = std::fs::read_to_string(folder.path().join("function.json")) {
            let config: Value = serde_json::from_str(&text).unwrap();
            // At the start of a minute, a timer also calls the handler.
            if config["bindings"][0]["type"] == "timerTrigger" {
                continue;
            }
            root.function(folder.file_name().to_str().unwrap(), &config);
        }
    }
    // A fleet's instance would first be warmed up, which is also a request.
    let host = root.up(&["--max", "1", "--enable-auth"]);
    let methods = [
        "GET", "POST", "DELETE", "OPTIONS", "HEAD", "PUT", "PATCH", "TRACE", "get", "Post",
        "STRESS",
    ];
    for method in methods {
        let mut connection = host.open();
        for target in spellings() {
            connection.send(head(method, &target, &[], 0));
            let answer = connection.answer(method);
            if answer.status == 400 {
                connection = host.open();
            }
            assert!(
                [200, 400, 401, 404, 405].contains(&answer.status),
                "{method} {target}: {}",
                answer.status
            );
        }
    }
    for reached in host.requests() {
        let path = reached.split(['?', '#']).next().unwrap();
        // The paths that a router treats as this route if it compares bytes, or ignores case or a last slash.
        let plain = path.strip_suffix('/').unwrap_or(path).to_ascii_lowercase();
        assert_ne!(plain, "/api/stress", "{reached}");
        // And the paths for a router that decodes once and collapses dots.
        assert_ne!(decoded(path), "/api/stress", "{reached}");
    }
    for entry in host.journal() {
        if entry["request"].is_string() {
            // Only the catch-all allows other spellings, and it lists only GET.
            assert!(
                entry["method"]
                    .as_str()
                    .unwrap()
                    .eq_ignore_ascii_case("get"),
                "{entry}"
            );
        }
    }
    // The catch-all was reached, and the key gives access.
    assert!(!host.requests().is_empty());
    let master = host.key("master");
    let answer = host.request("POST", "/api/stress", &[("x-functions-key", &master)], "");
    assert_eq!(answer.json()["target"], "/api/stress");
}

/// Ways to write `/api/stress`, and some that only look like it.
fn spellings() -> Vec<String> {
    let mut spellings = Vec::new();
    for api in ["api", "API", "Api", "%61pi", "a%70%69", "ap%2569", "%41PI"] {
        for between in [
            "/",
            "//",
            "/./",
            "/x/../",
            "/%2e/",
            "/x/%2E%2e/",
            "%2F",
            "%2f",
            "%252F",
            "%5C",
            "\\",
            ";/",
            "/;",
        ] {
            for stress in [
                "stress",
                "STRESS",
                "%73tress",
                "stres%73",
                "%2573tress",
                "s%74ress",
                "stress%00",
                "stress%20",
            ] {
                spellings.push(format!("/{api}{between}{stress}"));
            }
        }
    }
    for whole in [
        "//api/stress",
        "/./api/stress",
        "/../api/stress",
        "/health/../api/stress",
        "/api/stress/",
        "/api/stress//",
        "/api/stress/.",
        "/api/stress/x/..",
        "/api/stress?",
        "/api/stress?code=",
        "/api/stress?code=x&code=y",
        "/api/stress;x=1",
        "/api/stress%3F",
        "/api/stress#x",
        "/%2e%2e/api/stress",
        "/api/visits/../stress",
        "/%2Fapi/stress",
        "http://example.test/api/stress",
        "http://example.test//api/stress",
    ] {
        spellings.push(whole.to_owned());
    }
    spellings
}

/// A path as a lenient second router might read it.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = (*first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match escape {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
    let mut kept = Vec::new();
    for segment in text.split('/') {
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    kept.join("/")
}

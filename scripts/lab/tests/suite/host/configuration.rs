use serde_json::json;

use crate::support::Root;

#[test]
fn case_17_wrong_host_files_are_refused_in_one_sentence() {
    let change = |change: &dyn Fn(&mut serde_json::Value)| {
        let root = Root::new();
        root.host_with(|host| change(host));
        root.refused(&[])
    };
    for (result, part) in [
        (
            change(&|host| host["version"] = "1.0".into()),
            "exactly \"2.0\"",
        ),
        (
            change(&|host| host["version"] = json!(2.0)),
            "exactly \"2.0\"",
        ),
        (
            change(&|host| {
                host.as_object_mut().unwrap().remove("version");
            }),
            "needs \"version\": \"2.0\"",
        ),
        (
            change(&|host| {
                host.as_object_mut().unwrap().remove("customHandler");
            }),
            "no \"customHandler\" section",
        ),
        (
            change(&|host| {
                host["customHandler"]
                    .as_object_mut()
                    .unwrap()
                    .remove("description");
            }),
            "no \"description\"",
        ),
        (
            change(&|host| host["customHandler"]["description"] = json!({})),
            "defaultExecutablePath is missing",
        ),
        (
            change(&|host| {
                host["customHandler"]["description"]["defaultExecutablePath"] = "".into();
            }),
            "defaultExecutablePath is missing",
        ),
        (
            change(&|host| {
                let handler = host["customHandler"].as_object_mut().unwrap();
                handler.remove("enableProxyingHttpRequest");
                handler.insert("enableProxyingHttpRequests".into(), true.into());
            }),
            "did you mean enableProxyingHttpRequest?",
        ),
        (
            change(&|host| host["functionTimeout"] = "5 minutes".into()),
            "functionTimeout",
        ),
    ] {
        let (code, printed) = result;
        assert_eq!(code, 2, "{printed}");
        assert_eq!(printed.lines().count(), 1, "{printed}");
        assert!(
            printed.starts_with("lab: ") && printed.contains("host.json") && printed.contains(part),
            "{printed}"
        );
    }
}

#[test]
fn case_17_missing_files_are_named() {
    let root = Root::new();
    std::fs::remove_file(root.path.join("host.json")).unwrap();
    let (code, printed) = root.refused(&[]);
    assert_eq!((code, printed.lines().count()), (2, 1));
    assert!(printed.contains("host.json is missing"), "{printed}");

    std::fs::write(root.path.join("host.json"), "{").unwrap();
    let (code, printed) = root.refused(&[]);
    assert_eq!(code, 2);
    assert!(
        printed.contains("host.json is not valid JSON: line 1, column 1: "),
        "{printed}"
    );

    let (code, printed) = Root::bare().refused(&[]);
    assert_eq!(code, 2);
    assert!(printed.contains("contains no usable function"), "{printed}");

    let root = Root::bare();
    for (name, schedule) in [("First", "x"), ("Second", "@daily")] {
        root.timer(name, schedule, &json!({}));
    }
    let (_, printed) = root.refused(&[]);
    for name in ["First", "Second"] {
        let reason = format!("\n  The function {name} is not loaded: ");
        assert!(printed.contains(&reason), "{printed}");
    }

    let (code, printed) = Root::over("/nonexistent".into()).refused(&[]);
    assert_eq!(code, 2, "{printed}");
    assert_eq!(
        printed.trim(),
        "lab: the script root /nonexistent does not exist or cannot be opened; name the folder with host.json and the function folders in --script-root"
    );
}

#[test]
fn an_error_in_a_file_has_its_name_line_and_column() {
    let root = Root::new();
    root.function("Broken", &json!({}));
    std::fs::write(
        root.path.join("Broken/function.json"),
        "{\n  \"bindings\": [}\n",
    )
    .unwrap();
    let host = root.up(&[]);
    let line = host.line("The function Broken is not loaded");
    assert!(
        line.contains("Broken/function.json is not valid JSON: line 2, column 16: "),
        "{line}"
    );

    let root = Root::new();
    std::fs::write(root.path.join("local.settings.json"), "{\n'Values': {}\n}").unwrap();
    let (code, printed) = root.refused(&[]);
    assert_eq!((code, printed.lines().count()), (2, 1));
    assert!(
        printed.contains("local.settings.json is not valid JSON: line 2, column 1: "),
        "{printed}"
    );
}

/// Core Tools' `AppSettingsFile.cs`: names in any case, and a boolean as text.
#[test]
fn an_encrypted_file_is_refused() {
    for settings in [
        json!({ "IsEncrypted": true }),
        json!({ "isencrypted": true }),
        json!({ "IsEncrypted": "True" }),
    ] {
        let root = Root::new();
        std::fs::write(root.path.join("local.settings.json"), settings.to_string()).unwrap();
        let (code, printed) = root.refused(&[]);
        assert_eq!(code, 2, "{printed}");
        assert!(printed.contains("func settings decrypt"), "{printed}");
    }
}

#[test]
fn a_port_in_use_is_one_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, printed) = Root::new().refused(&["--port", &port]);
    assert_eq!((code, printed.lines().count()), (2, 1), "{printed}");
    assert!(
        printed.contains(&format!("port {port} on 127.0.0.1 is in use"))
            && printed.contains("--port"),
        "{printed}"
    );
}

#[test]
fn the_database_url_reaches_the_handler_and_no_output() {
    let url = "postgres://user:secret-word@127.0.0.1/visits";
    let host = Root::new().up(&["--verbose", "--database-url", url]);
    assert_eq!(host.journal()[0]["environment"]["DATABASE_URL"], url);
    assert!(!host.printed().contains("secret-word"));

    let mut root = Root::new();
    root.variable("DATABASE_URL", url);
    let host = root.up(&["--verbose"]);
    assert_eq!(host.journal()[0]["environment"]["DATABASE_URL"], url);
    assert!(!host.printed().contains("secret-word"));

    let help = std::process::Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["up", "--help"])
        .env("DATABASE_URL", url)
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(
        help.contains("DATABASE_URL") && !help.contains("secret-word"),
        "{help}"
    );
    assert!(!help.contains("exec-handler"));
}

#[test]
fn the_banner_lists_all_functions() {
    let root = Root::new();
    root.warmup();
    root.http("Stress", "api/stress", Some(&["get", "post"]), "function");
    let host = root.up(&[]);
    let printed = host.printed();
    let row = |name: &str| {
        let line = printed
            .lines()
            .find(|line| line.trim_start().starts_with(name))
            .unwrap();
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let url = format!("http://127.0.0.1:{}", host.port);
    assert_eq!(
        row("Stress"),
        [
            "Stress",
            "GET,POST",
            &format!("{url}/api/stress"),
            "function"
        ]
    );
    assert_eq!(
        row("WebApp"),
        ["WebApp", "all", &format!("{url}/{{*path}}"), "none"]
    );
    assert_eq!(row("warmup")[2], format!("{url}/admin/warmup"));
    assert!(printed.contains("Ctrl+C"));
    assert!(printed.contains(&format!("Ready: {url}/")));
}

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
    assert!(printed.contains("holds no usable function"), "{printed}");

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
fn case_17_the_command_line_is_the_hosts() {
    let mut root = Root::new();
    root.variable("WHO", "me");
    std::fs::create_dir(root.path.join("work")).unwrap();
    std::fs::create_dir(root.path.join("bin")).unwrap();
    std::fs::rename(root.path.join("handler"), root.path.join("bin/the-handler")).unwrap();
    root.host_with(|host| {
        host["customHandler"]["description"] = json!({
            "defaultExecutablePath": "the-%KIND%",
            "arguments": ["--who", "%WHO%", "%UNSET%", "a b"],
            "workingDirectory": "work",
            "workerDirectory": "bin",
        });
    });
    root.variable("KIND", "handler");
    let work = root.path.join("work").canonicalize().unwrap();
    let host = root.up(&[]);
    let start = host.journal().remove(0);
    assert_eq!(start["arguments"], json!(["--who", "me", "a", "b"]));
    assert_eq!(start["directory"], work.to_str().unwrap());
}

#[test]
fn case_17_the_environment_overrides_the_file() {
    let mut root = Root::new();
    root.variable(
        "AzureFunctionsJobHost__customHandler__description__arguments",
        "[\"--x\", \"1\"]",
    );
    root.variable("AzureFunctionsJobHost__extensions__http__routePrefix", "v1");
    let host = root.up(&[]);
    assert_eq!(host.journal()[0]["arguments"], json!(["--x", "1"]));
    assert_eq!(host.get("/v1/x").status, 200);
    assert_eq!(host.get("/x").status, 404);
}

/// Newtonsoft.Json in `HostJsonFileConfigurationSource.cs` and `HostFunctionMetadataProvider.cs`; Core Tools'
/// `AppSettingsFile.cs`.
#[test]
fn comments_trailing_commas_and_a_byte_order_mark_are_read() {
    let root = Root::bare();
    std::fs::write(
        root.path.join("host.json"),
        r#"
// What the host starts.
{
    "version": "2.0",
    "customHandler": {
        "description": { "defaultExecutablePath": "handler", /* none */ "arguments": ["--a",], },
        "enableProxyingHttpRequest": true,
    },
    "extensions": { "http": { "routePrefix": "" } },
}
"#,
    )
    .unwrap();
    root.function("Visit", &json!({}));
    std::fs::write(
        root.path.join("Visit/function.json"),
        "\u{feff}{ \"bindings\": [ // in and out\n{ \"type\": \"httpTrigger\", \"name\": \"req\", \"authLevel\": \"anonymous\", },\n{ \"type\": \"http\", \"direction\": \"out\", \"name\": \"res\", }, ], }",
    )
    .unwrap();
    std::fs::write(
        root.path.join("local.settings.json"),
        "\u{feff}{ \"Values\": { \"FROM_FILE\": \"// text\", }, /* end */ }",
    )
    .unwrap();
    let host = root.up(&[]);
    let start = host.journal().remove(0);
    assert_eq!(start["arguments"], json!(["--a"]));
    assert_eq!(start["environment"]["FROM_FILE"], "// text");
    assert_eq!(host.get("/Visit").status, 200);
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

/// `DefaultWorkerProcessFactory.cs`, `CreateWorkerProcess`.
#[test]
fn case_14_the_hosts_variables_stand_in_executable_and_arguments() {
    let root = Root::new();
    root.host_with(|host| {
        host["customHandler"]["description"] = json!({
            "defaultExecutablePath": "%FUNCTIONS_APP_ROOT_PATH%/handler",
            "arguments": [
                "%FUNCTIONS_CUSTOMHANDLER_PORT%",
                "%FUNCTIONS_HTTPWORKER_PORT%",
                "%FUNCTIONS_CUSTOMHANDLER_WORKER_ID%",
                "--at=%WEBSITE_HOSTNAME%",
                "%UNSET%",
            ],
        });
    });
    let host = root.up(&[]);
    let start = host.journal().remove(0);
    let variables = &start["environment"];
    let port = &variables["FUNCTIONS_CUSTOMHANDLER_PORT"];
    assert_eq!(
        start["arguments"],
        json!([
            port,
            port,
            variables["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"],
            format!("--at=127.0.0.1:{}", host.port),
        ])
    );
}

/// `ScriptEnvironmentVariablesConfigurationSource.cs`, `NormalizeKey`; Core Tools' `StartHostAction.cs`,
/// `UpdateEnvironmentVariables`.
#[test]
fn case_17_settings_override_members_of_a_list() {
    let root = Root::new();
    root.host_with(|host| {
        host["customHandler"]["description"]["arguments"] = json!(["--a", "1"]);
    });
    std::fs::write(
        root.path.join("local.settings.json"),
        json!({ "Values": {
            "AzureFunctionsJobHost__customHandler__description__arguments__1": "2",
            "AzureFunctionsJobHost:customHandler:description:arguments:2": "--b",
            "AzureFunctionsJobHost:extensions:http:routePrefix": "v2",
        } })
        .to_string(),
    )
    .unwrap();
    let host = root.up(&[]);
    assert_eq!(host.journal()[0]["arguments"], json!(["--a", "2", "--b"]));
    assert_eq!(host.get("/v2/x").status, 200);
}

/// Core Tools' `AppSettingsFile.cs`: names in any case, and a switch as text.
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

/// Core Tools' `Program.cs` and `StartHostAction.cs` (`GetConfigurationSettings`, `UpdateEnvironmentVariables`), and
/// `AppSettingsFile.cs`.
#[test]
fn core_tools_variables_reach_the_handler() {
    let mut root = Root::new();
    root.variable("EMPTY_OUTSIDE", "")
        .variable("FUNCTIONS_CORETOOLS_ENVIRONMENT", "false");
    std::fs::write(
        root.path.join("local.settings.json"),
        json!({
            "Values": {
                "EMPTY_OUTSIDE": "inner",
                "WITHOUT_VALUE": null,
                "NUMBER": 7,
                "AZURE_FUNCTIONS_ENVIRONMENT": "Production",
            },
            "ConnectionStrings": {
                "Plain": "Server=a",
                "Named": { "ConnectionString": "Server=b", "ProviderName": "System.Data.SqlClient" },
            },
        })
        .to_string(),
    )
    .unwrap();
    let host = root.up(&[]);
    let start = host.journal().remove(0);
    for (name, value) in [
        ("FUNCTIONS_CORETOOLS_ENVIRONMENT", json!("true")),
        ("AZURE_FUNCTIONS_ENVIRONMENT", json!("Development")),
        ("EMPTY_OUTSIDE", json!("inner")),
        ("WITHOUT_VALUE", json!(null)),
        ("NUMBER", json!("7")),
        ("ConnectionStrings:Plain", json!("Server=a")),
        ("ConnectionStrings:Named", json!("Server=b")),
    ] {
        assert_eq!(start["environment"][name], value, "{name}");
    }
}

#[test]
fn case_17_an_absolute_path_is_kept_and_a_bare_name_is_searched() {
    let root = Root::new();
    let handler = root.path.join("handler").canonicalize().unwrap();
    root.host_with(|host| {
        host["customHandler"]["description"]["defaultExecutablePath"] =
            handler.to_str().unwrap().into();
    });
    assert_eq!(root.up(&[]).get("/x").status, 200);

    let mut root = Root::new();
    std::fs::remove_file(root.path.join("handler")).unwrap();
    let folder = handler.parent().unwrap().to_str().unwrap().to_owned();
    root.variable(
        "PATH",
        &format!("{folder}:{}", std::env::var("PATH").unwrap()),
    );
    root.host_with(|host| {
        host["customHandler"]["description"]["defaultExecutablePath"] = "probe_handler".into();
    });
    assert_eq!(root.up(&[]).get("/x").status, 200);
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
fn the_banner_lists_what_there_is() {
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
    assert!(printed.contains("Ctrl-C"));
    assert!(printed.contains(&format!("Ready: {url}/")));
}

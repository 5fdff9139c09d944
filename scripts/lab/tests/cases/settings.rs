//! `host.json`, `local.settings.json`, and the settings in the environment.

use serde_json::json;

use crate::support::Root;
use crate::support::program::Program;

super::cases! {
    /// `HttpWorkerOptionsSetupTests.cs`, `MissingOrValid_HttpWorkerConfig_DoesNotThrowException`,
    /// `InValid_HttpWorkerConfig_Throws_HostConfigurationException`; `HostJsonFileConfigurationSource.cs`.
    "17" a_wrong_host_file_stops_the_host;
    /// `HttpWorkerOptionsSetupTests.cs`, `HttpWorkerConfig_ExpandEnvVars`, `HttpWorker_Config_WorkingDirectory`.
    "17" the_command_line_is_the_hosts;
    /// `HttpWorkerOptionsSetupTests.cs`, `HttpWorkerDescription_DefaultExecutablePath`: an absolute path is kept, and a bare
    /// name that is no file is searched in PATH.
    "17" an_absolute_path_is_kept_and_a_bare_name_is_searched;
    /// `HttpWorkerOptionsSetupTests.cs`, `CustomHandlerConfig_EnvironmentVariables`; `ScriptEnvironmentVariablesConfigurationSource.cs`.
    "17, 41" the_environment_overrides_the_file;
    /// `ScriptEnvironmentVariablesConfigurationSource.cs`, `NormalizeKey`; Core Tools' `StartHostAction.cs`,
    /// `UpdateEnvironmentVariables`.
    "17, 41" settings_override_members_of_a_list;
    /// Newtonsoft.Json in `HostJsonFileConfigurationSource.cs` and `HostFunctionMetadataProvider.cs`: comments, trailing
    /// commas, and a byte order mark are read.
    "40" json_is_read_leniently;
    /// `FunctionMetadataManager.cs`, `ApplyAllowList`: only the listed functions are loaded.
    "42" host_json_lists_the_functions;
    /// Core Tools' `Startup.cs`, `StartHostAction.cs`: `Host.CORS` and `Host.CORSCredentials` of `local.settings.json`.
    "43" local_settings_allow_origins
        not on Image: "it does not read local.settings.json";
    /// Core Tools' `Program.cs`, `StartHostAction.cs` (`GetConfigurationSettings`, `UpdateEnvironmentVariables`), and
    /// `AppSettingsFile.cs`.
    "43, 49" core_tools_variables_reach_the_handler
        not on Image: "it does not read local.settings.json, and has no variables of Core Tools";
}

fn the_command_line_is_the_hosts(program: &Program) {
    let mut root = Root::app("proxying", program);
    root.variable("WHO", "me");
    std::fs::create_dir(root.path.join("work")).unwrap();
    std::fs::create_dir(root.path.join("bin")).unwrap();
    std::fs::rename(root.path.join("handler"), root.path.join("bin/the-handler")).unwrap();
    root.edit_host(|host| {
        host["customHandler"]["description"] = json!({
            "defaultExecutablePath": "the-%KIND%",
            "arguments": ["--who", "%WHO%", "%UNSET%", "a b"],
            "workingDirectory": "work",
            "workerDirectory": "bin",
        });
    });
    root.variable("KIND", "handler");
    let work = format!("{}/work", root.path_for_handler());
    let host = root.up(&[]);
    let start = host.started();
    assert_eq!(start["arguments"], json!(["--who", "me", "a", "b"]));
    assert_eq!(start["directory"], work);
}

fn an_absolute_path_is_kept_and_a_bare_name_is_searched(program: &Program) {
    let root = Root::app("proxying", program);
    let handler = root.path.join("handler").canonicalize().unwrap();
    root.edit_host(|host| {
        host["customHandler"]["description"]["defaultExecutablePath"] =
            handler.to_str().unwrap().into();
    });
    assert_eq!(root.up(&[]).get("/x").status, 200);

    let mut root = Root::app("proxying", program);
    std::fs::remove_file(root.path.join("handler")).unwrap();
    let folder = handler.parent().unwrap().to_str().unwrap().to_owned();
    root.variable(
        "PATH",
        &format!("{folder}:{}", std::env::var("PATH").unwrap()),
    );
    root.edit_host(|host| {
        host["customHandler"]["description"]["defaultExecutablePath"] = "probe_handler".into();
    });
    assert_eq!(root.up(&[]).get("/x").status, 200);
}

fn the_environment_overrides_the_file(program: &Program) {
    let mut root = Root::app("proxying", program);
    root.variable(
        "AzureFunctionsJobHost__customHandler__description__arguments",
        "[\"--x\", \"1\"]",
    );
    root.variable("AzureFunctionsJobHost__extensions__http__routePrefix", "v1");
    let host = root.up(&[]);
    assert_eq!(host.started()["arguments"], json!(["--x", "1"]));
    assert_eq!(host.get("/v1/x").status, 200);
    assert_eq!(host.get("/x").status, 404);
}

fn settings_override_members_of_a_list(program: &Program) {
    let mut root = Root::app("proxying", program);
    root.edit_host(|host| {
        host["customHandler"]["description"]["arguments"] = json!(["--a", "1"]);
    });
    for (name, value) in [
        (
            "AzureFunctionsJobHost__customHandler__description__arguments__1",
            "2",
        ),
        (
            "AzureFunctionsJobHost:customHandler:description:arguments:2",
            "--b",
        ),
        ("AzureFunctionsJobHost:extensions:http:routePrefix", "v2"),
    ] {
        root.variable(name, value);
    }
    let host = root.up(&[]);
    assert_eq!(host.started()["arguments"], json!(["--a", "2", "--b"]));
    assert_eq!(host.get("/v2/x").status, 200);
}

fn json_is_read_leniently(program: &Program) {
    let root = Root::app("routes", program);
    std::fs::write(
        root.path.join("host.json"),
        r#"
// The command that the host starts.
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
    let start = host.started();
    assert_eq!(start["arguments"], json!(["--a"]));
    if !matches!(program, Program::Image { .. }) {
        assert_eq!(start["environment"]["FROM_FILE"], "// text");
    }
    assert_eq!(host.get("/Visit").status, 200);
}

fn core_tools_variables_reach_the_handler(program: &Program) {
    let mut root = Root::app("proxying", program);
    root.variable("EMPTY_OUTSIDE", "")
        .variable("FROM_BOTH", "outer")
        .variable("FUNCTIONS_CORETOOLS_ENVIRONMENT", "false");
    std::fs::write(
        root.path.join("local.settings.json"),
        json!({
            "Values": {
                "EMPTY_OUTSIDE": "inner",
                "FROM_BOTH": "inner",
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
    let start = host.started();
    for (name, value) in [
        ("FUNCTIONS_CORETOOLS_ENVIRONMENT", json!("true")),
        ("AZURE_FUNCTIONS_ENVIRONMENT", json!("Development")),
        ("EMPTY_OUTSIDE", json!("inner")),
        ("FROM_BOTH", json!("outer")),
        ("WITHOUT_VALUE", json!(null)),
        ("NUMBER", json!("7")),
        ("ConnectionStrings:Plain", json!("Server=a")),
        ("ConnectionStrings:Named", json!("Server=b")),
    ] {
        assert_eq!(start["environment"][name], value, "{name}");
    }
}

fn a_wrong_host_file_stops_the_host(program: &Program) {
    let wrong: [fn(&mut serde_json::Value); 3] = [
        |host| host["version"] = "1.0".into(),
        |host| {
            host["customHandler"]
                .as_object_mut()
                .unwrap()
                .remove("description");
        },
        |host| host["customHandler"]["description"] = json!({}),
    ];
    for change in wrong {
        let root = Root::app("proxying", program);
        root.edit_host(change);
        root.start(&[]).serves_nothing("/x");
    }
}

fn host_json_lists_the_functions(program: &Program) {
    let root = Root::app("routes", program);
    root.edit_host(|host| host["functions"] = json!(["OPEN"]));
    let host = root.up(&[]);
    assert_eq!(host.get("/api/open").status, 200);
    assert_eq!(host.get("/api/visits").status, 404);
}

fn local_settings_allow_origins(program: &Program) {
    let root = Root::app("routes", program);
    let page = "https://page.test";
    let settings = json!({ "Host": { "CORS": page, "CORSCredentials": true } });
    std::fs::write(root.path.join("local.settings.json"), settings.to_string()).unwrap();
    let host = root.up(&[]);
    let answer = host.request("GET", "/api/open", &[("Origin", page)], "");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(page));
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
}

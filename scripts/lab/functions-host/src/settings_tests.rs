use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::{Settings, timespan};
use crate::environment::Environment;
use crate::handler_options::HttpMode;

fn read(host: serde_json::Value, variables: &[(&str, &str)]) -> Result<Settings, String> {
    let custom = ("FUNCTIONS_WORKER_RUNTIME", "custom");
    let environment = Environment::of(&[&[custom], variables].concat());
    Settings::from_json(host, Path::new("/app"), &environment).map_err(|error| format!("{error:#}"))
}

fn minimal() -> serde_json::Value {
    json!({"version": "2.0", "customHandler": {"description": {"defaultExecutablePath": "handler"}}})
}

#[test]
fn defaults_are_the_hosts() {
    let settings = read(minimal(), &[]).expect("valid");
    assert_eq!(settings.route_prefix, "api");
    assert_eq!(settings.handler.http_mode, HttpMode::Json);
    assert_eq!(
        settings.handler.initialization_timeout,
        Duration::from_secs(30)
    );
    assert_eq!(settings.function_timeout, Some(Duration::from_secs(1800)));
    assert_eq!(settings.body_limit, 104_857_600);
    assert_eq!(settings.limits, None);
    // There is no such file below the root, so it is left for the search path.
    assert_eq!(
        settings.handler.description.executable,
        Path::new("handler")
    );
    assert_eq!(
        settings.handler.description.working_directory,
        Path::new("/app")
    );
}

#[test]
fn a_misspelt_switch_is_named() {
    let mut host = minimal();
    host["customHandler"]["enableProxyHttpRequest"] = json!(true);
    let error = read(host, &[]).expect_err("misspelt");
    assert!(
        error.contains("enableProxyHttpRequest") && error.contains("enableProxyingHttpRequest"),
        "{error}"
    );

    let mut host = minimal();
    host["customHandler"]["note"] = json!("x");
    assert_eq!(
        read(host, &[])
            .expect("a strange key is not an error")
            .warnings
            .len(),
        1
    );

    // .NET reads keys in any case.
    let mut host = minimal();
    host["customHandler"]["EnableProxyingHttprequest"] = json!("True");
    assert_eq!(
        read(host, &[]).expect("valid").handler.http_mode,
        HttpMode::Proxying
    );
}

fn arguments(settings: &Settings, variables: &[(&str, &str)]) -> Vec<String> {
    settings
        .handler
        .description
        .command(&Environment::of(variables))
        .line(&[])
        .1
}

#[test]
fn variables_override_the_file() {
    let mut host = minimal();
    host["customHandler"]["description"]["arguments"] = json!(["--a", "%WHO% x"]);
    let variables = [
        (
            "AzureFunctionsJobHost__customHandler__description__arguments",
            "[\"--b\", \"%WHO%\", \"%NONE%\"]",
        ),
        (
            "AzureFunctionsJobHost:customHandler:enableProxyingHttpRequest",
            "true",
        ),
        ("azurefunctionsjobhost__Extensions:http__routePrefix", ""),
        ("WHO", "me"),
    ];
    let settings = read(host.clone(), &variables).expect("valid");
    assert_eq!(arguments(&settings, &variables), ["--b", "me"]);
    assert_eq!(settings.handler.http_mode, HttpMode::Proxying);
    assert_eq!(settings.route_prefix, "");
    // As on the real host, an argument with a space is split.
    let variables = [("WHO", "me")];
    let settings = read(host, &variables).expect("valid");
    assert_eq!(arguments(&settings, &variables), ["--a", "me", "x"]);
}

/// `HttpWorkerOptionsSetup.cs` binds the section; .NET's `ConfigurationKeyComparer` orders list members by number.
#[test]
fn members_of_a_list_are_overridden_by_index() {
    const PREFIX: &str = "AzureFunctionsJobHost__customHandler__description__arguments";
    let with = |listed: serde_json::Value, overrides: &[(&str, &str)]| {
        let mut host = minimal();
        host["customHandler"]["description"]["arguments"] = listed;
        let names: Vec<String> = overrides
            .iter()
            .map(|(index, _)| format!("{PREFIX}{index}"))
            .collect();
        let variables: Vec<(&str, &str)> = names
            .iter()
            .zip(overrides)
            .map(|(name, (_, value))| (name.as_str(), *value))
            .collect();
        arguments(&read(host, &variables).expect("valid"), &variables)
    };
    assert_eq!(
        with(json!(["a", "b"]), &[("__1", "x"), (":0", "w")]),
        ["w", "x"]
    );
    // Further members are added in the order of their numbers, even with gaps.
    assert_eq!(
        with(json!(["a"]), &[("__10", "z"), ("__2", "y")]),
        ["a", "y", "z"]
    );
    assert_eq!(with(json!(null), &[("__0", "a"), ("__1", "b")]), ["a", "b"]);
    // The whole list as text takes precedence.
    assert_eq!(with(json!(["a"]), &[("", "[\"t\"]"), ("__0", "x")]), ["t"]);
    // Blank text is not a list.
    assert_eq!(with(json!(["a"]), &[("", "")]), ["a"]);
    assert_eq!(with(json!(null), &[("", " ")]), [""; 0]);
    assert_eq!(with(json!(["a"]), &[("", ""), ("__0", "x")]), ["x"]);
    assert_eq!(with(json!(null), &[("", ""), ("__0", "x")]), ["x"]);
    // A huge index uses no memory.
    assert_eq!(
        with(json!(["a"]), &[("__18446744073709551615", "z")]),
        ["a", "z"]
    );
}

#[test]
fn time_spans() {
    assert_eq!(
        timespan(&json!("00:05:00")).expect("valid"),
        Duration::from_secs(300)
    );
    assert_eq!(
        timespan(&json!("1.02:00:00.5")).expect("valid"),
        Duration::from_millis(93_600_500)
    );
    for wrong in [
        json!("5"),
        json!("00:61:00"),
        json!(30),
        json!("00:00:00"),
        json!("a:b:c"),
    ] {
        assert!(timespan(&wrong).is_err(), "{wrong}");
    }
}

/// Source: `DefaultHttpWorkerService.cs` checks proxying first.
#[test]
fn proxying_takes_precedence_over_forwarding() {
    for (proxying, forwarding, mode) in [
        (true, true, HttpMode::Proxying),
        (false, true, HttpMode::Forwarding),
        (false, false, HttpMode::Json),
    ] {
        let mut host = minimal();
        host["customHandler"]["enableProxyingHttpRequest"] = proxying.into();
        host["customHandler"]["enableForwardingHttpRequest"] = forwarding.into();
        assert_eq!(read(host, &[]).expect("valid").handler.http_mode, mode);
    }
}

/// A public app has it there: the host uses the JSON protocol, and so does the app.
#[test]
fn a_setting_in_the_wrong_section_is_ignored_with_a_warning() {
    let mut host = minimal();
    host["customHandler"]["description"]["enableForwardingHttpRequest"] = true.into();
    let settings = read(host, &[]).expect("valid");
    assert_eq!(settings.handler.http_mode, HttpMode::Json);
    let text = "the host ignores customHandler.description.enableForwardingHttpRequest; it reads customHandler.enableForwardingHttpRequest";
    assert!(
        settings
            .warnings
            .iter()
            .any(|warning| warning.contains(text)),
        "{:?}",
        settings.warnings
    );
}

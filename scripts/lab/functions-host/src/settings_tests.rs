use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::{Settings, split, timespan};
use crate::environment::Environment;

fn read(host: serde_json::Value, variables: &[(&str, &str)]) -> Result<Settings, String> {
    Settings::from_json(host, Path::new("/app"), &Environment::of(variables))
        .map_err(|error| format!("{error:#}"))
}

fn minimal() -> serde_json::Value {
    json!({"version": "2.0", "customHandler": {"description": {"defaultExecutablePath": "handler"}}})
}

#[test]
fn defaults_are_the_hosts() {
    let settings = read(minimal(), &[]).expect("valid");
    assert_eq!(settings.route_prefix, "api");
    assert!(!settings.proxying);
    assert_eq!(settings.initialization_timeout, Duration::from_secs(30));
    assert_eq!(settings.function_timeout, Some(Duration::from_secs(1800)));
    assert_eq!(settings.body_limit, 104_857_600);
    // No such file below the root: left for the search path.
    assert_eq!(settings.command.executable, Path::new("handler"));
    assert_eq!(settings.command.working_directory, Path::new("/app"));
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
            .expect("a strange key is no error")
            .warnings
            .len(),
        1
    );

    // .NET reads keys in any case.
    let mut host = minimal();
    host["customHandler"]["EnableProxyingHttprequest"] = json!("True");
    assert!(read(host, &[]).expect("valid").proxying);
}

#[test]
fn variables_override_the_file() {
    let mut host = minimal();
    host["customHandler"]["description"]["arguments"] = json!(["--a", "%WHO% x"]);
    let settings = read(
        host.clone(),
        &[
            (
                "AzureFunctionsJobHost__customHandler__description__arguments",
                "[\"--b\", \"%WHO%\", \"%NONE%\"]",
            ),
            (
                "AzureFunctionsJobHost__customHandler__enableProxyingHttpRequest",
                "true",
            ),
            ("AzureFunctionsJobHost__extensions__http__routePrefix", ""),
            ("WHO", "me"),
        ],
    )
    .expect("valid");
    assert_eq!(settings.command.arguments, ["--b", "me"]);
    assert!(settings.proxying);
    assert_eq!(settings.route_prefix, "");
    // An argument with a space falls apart, as on the real host.
    assert_eq!(
        read(host, &[("WHO", "me")])
            .expect("valid")
            .command
            .arguments,
        ["--a", "me", "x"]
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

#[test]
fn quoted_arguments_stay_whole() {
    assert_eq!(split("a  \"b c\" \"\" d\"e f\""), ["a", "b c", "", "de f"]);
}

//! Configuration profiles: sets of defaults for `host.json` (`HostConfigurationProfile.cs`,
//! `HostJsonFileConfigurationOptions.cs`). Pure.

use anyhow::bail;
use serde_json::Value;

use super::configuration::place;
use super::environment::Environment;
use super::json::lookup;

const KEY: &str = "configurationProfile";
/// The host reads the variable with exactly this name. Its value takes precedence over the file.
const VARIABLE: &str = "AzureFunctionsJobHost__configurationProfile";
const DEFAULT: &str = "default";
const MCP: &str = "mcp-custom-handler";
const WEB_APP: &str = "web-app-custom-handler";

/// The settings of both profiles for custom handlers: the handler serves every path, and each request reaches it
/// unchanged.
const CUSTOM_HANDLER: [(&[&str], &str); 3] = [
    (&["customHandler", "enableProxyingHttpRequest"], "true"),
    (&["extensions", "http", "routePrefix"], ""),
    (
        &["customHandler", "http", "routes", "0", "route"],
        "{*route}",
    ),
];

/// The defaults that apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Default,
    /// A server that serves every path, under either of its two names.
    CustomHandler,
}

/// Adds the defaults of the profile in `host` or the environment to `host`.
///
/// # Errors
/// An unknown name, with the known ones.
pub(super) fn apply(
    host: &mut Value,
    environment: &Environment,
    warnings: &mut Vec<String>,
) -> anyhow::Result<Profile> {
    let profile = match (environment.var(VARIABLE), host.get(KEY)) {
        (Some(name), _) => named(name, VARIABLE)?,
        (None, Some(Value::String(name))) => named(name, KEY)?,
        (None, Some(other)) if !other.is_null() => named(&other.to_string(), KEY)?,
        (None, _) => {
            // JObject.GetValue is case-sensitive.
            if lookup(host, KEY).is_some_and(|value| !value.is_null()) {
                warnings.push(format!(
                    "host.json: the host finds the profile only under the name {KEY}, in this case; yours is ignored"
                ));
            }
            Profile::Default
        }
    };
    if profile == Profile::CustomHandler {
        for (path, value) in CUSTOM_HANDLER {
            if !has(host, path) {
                place(host, path, value);
            }
        }
    }
    Ok(profile)
}

fn named(name: &str, source: &str) -> anyhow::Result<Profile> {
    match name.to_ascii_lowercase().as_str() {
        "" | DEFAULT => Ok(Profile::Default),
        MCP | WEB_APP => Ok(Profile::CustomHandler),
        _ => bail!(
            "{source} is {name:?}, which is not a configuration profile; use {DEFAULT}, {MCP} or {WEB_APP}"
        ),
    }
}

fn has(node: &Value, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return !node.is_null();
    };
    let member = match first.parse::<usize>() {
        Ok(index) => node.get(index),
        Err(_) => lookup(node, first),
    };
    member.is_some_and(|member| has(member, rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn applied(mut host: Value, variables: &[(&str, &str)]) -> Result<(Profile, Value), String> {
        let environment = Environment::of(variables);
        apply(&mut host, &environment, &mut Vec::new())
            .map(|profile| (profile, host))
            .map_err(|error| error.to_string())
    }

    /// `HostConfigurationProfileTests.cs`.
    #[test]
    fn names_are_read_in_any_case() {
        for (name, profile) in [
            ("", Profile::Default),
            ("Default", Profile::Default),
            ("MCP-Custom-Handler", Profile::CustomHandler),
            ("web-app-custom-handler", Profile::CustomHandler),
        ] {
            let host = json!({ KEY: name });
            assert_eq!(applied(host, &[]).expect(name).0, profile, "{name}");
        }
        assert_eq!(applied(json!({}), &[]).expect("none").0, Profile::Default);
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        for host in [json!({ KEY: "mcp" }), json!({ KEY: 1 })] {
            let error = applied(host, &[]).expect_err("unknown");
            assert!(
                error.contains("default, mcp-custom-handler or web-app-custom-handler"),
                "{error}"
            );
        }
        let error = applied(json!({}), &[(VARIABLE, "web")]).expect_err("unknown");
        assert!(error.contains(VARIABLE), "{error}");
    }

    /// `HostJsonFileConfigurationSourceTests.cs`, `Load_WithProfile_*`.
    #[test]
    fn the_file_overrides_the_profile_and_the_variable_selects_it() {
        let whole = json!({
            "customHandler": { "enableProxyingHttpRequest": "true", "http": { "routes": [{ "route": "{*route}" }] } },
            "extensions": { "http": { "routePrefix": "" } },
        });
        assert_eq!(
            applied(json!({}), &[(VARIABLE, MCP)]).expect("known").1,
            whole
        );
        let own = json!({
            KEY: "none",
            "customHandler": {
                "enableproxyinghttprequest": false,
                "http": { "routes": [{ "authorizationLevel": "admin" }, { "route": "b" }] },
            },
            "Extensions": { "http": { "routePrefix": "v1" } },
        });
        let (profile, host) = applied(own, &[(VARIABLE, WEB_APP)]).expect("known");
        assert_eq!(profile, Profile::CustomHandler);
        assert_eq!(host["customHandler"]["enableproxyinghttprequest"], false);
        assert_eq!(
            host["customHandler"]["http"]["routes"],
            json!([{ "authorizationLevel": "admin", "route": "{*route}" }, { "route": "b" }])
        );
        assert_eq!(host["Extensions"]["http"]["routePrefix"], "v1");
        let (profile, host) = applied(json!({ KEY: MCP }), &[(VARIABLE, "")]).expect("known");
        assert_eq!((profile, host), (Profile::Default, json!({ KEY: MCP })));
    }

    #[test]
    fn a_key_in_another_case_is_ignored_with_a_warning() {
        let mut warnings = Vec::new();
        let mut host = json!({ "ConfigurationProfile": MCP });
        let profile = apply(&mut host, &Environment::default(), &mut warnings).expect("no error");
        assert_eq!((profile, warnings.len()), (Profile::Default, 1));
    }
}

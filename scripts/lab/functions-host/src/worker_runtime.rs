//! The worker runtime of an app: `FUNCTIONS_WORKER_RUNTIME`, unless a profile decides (`WorkerRuntimeResolver.cs`).
//! Pure.

use anyhow::bail;

use super::environment::Environment;
use super::profile::Profile;

const VARIABLE: &str = "FUNCTIONS_WORKER_RUNTIME";
const CUSTOM: &str = "custom";

/// Checks that the runtime is `custom`. A host with another runtime ignores the handler's routes, so with
/// `has_routes` that is an error.
pub(super) fn check(
    profile: Profile,
    has_routes: bool,
    environment: &Environment,
    warnings: &mut Vec<String>,
) -> anyhow::Result<()> {
    if profile == Profile::CustomHandler {
        return Ok(());
    }
    match environment.var(VARIABLE).unwrap_or_default() {
        "" => warnings.push(format!(
            "{VARIABLE} is not set; it counts as \"{CUSTOM}\" here, but Azure needs it: set it in local.settings.json and in the app's settings"
        )),
        runtime if runtime.eq_ignore_ascii_case(CUSTOM) => {}
        runtime if has_routes => bail!(
            "customHandler.http.routes count only with the worker runtime \"{CUSTOM}\", but {VARIABLE} is {runtime:?}; set it to \"{CUSTOM}\", or choose a configurationProfile for custom handlers"
        ),
        runtime => warnings.push(format!(
            "{VARIABLE} is {runtime:?}, but the app has a custom handler; it counts as \"{CUSTOM}\" here, so set it to that"
        )),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(profile: Profile, runtime: Option<&str>, has_routes: bool) -> Result<usize, String> {
        let variables: Vec<_> = runtime.map(|text| (VARIABLE, text)).into_iter().collect();
        let mut warnings = Vec::new();
        let environment = Environment::of(&variables);
        check(profile, has_routes, &environment, &mut warnings)
            .map(|()| warnings.len())
            .map_err(|error| error.to_string())
    }

    /// `HttpWorkerOptionsSetupTests.cs`, `Configure_SetsCustomRoutesEnabled_BasedOnWorkerRuntime`, and
    /// `HttpWorkerFunctionProviderTests.cs`, `CustomRoutesDisabled_WithRoutes_Throws`.
    #[test]
    fn routes_need_the_runtime_custom() {
        for routes in [false, true] {
            assert_eq!(checked(Profile::Default, Some("Custom"), routes), Ok(0));
            assert_eq!(checked(Profile::Default, None, routes), Ok(1));
            assert_eq!(checked(Profile::Default, Some(""), routes), Ok(1));
            assert_eq!(checked(Profile::CustomHandler, Some("node"), routes), Ok(0));
        }
        assert_eq!(checked(Profile::Default, Some("node"), false), Ok(1));
        let error = checked(Profile::Default, Some("node"), true).expect_err("node");
        assert!(
            error.contains("FUNCTIONS_WORKER_RUNTIME is \"node\""),
            "{error}"
        );
    }
}

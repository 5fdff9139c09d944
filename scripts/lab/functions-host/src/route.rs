//! The table of routes, tried in order. Pure.
//!
//! The host uses ASP.NET Core's classic router: routes are tried in the order of their functions' names. The first
//! one whose template and methods match is used, even if another one is more specific (`WebJobsRouteBuilder.cs`).

use anyhow::bail;
use http::Method;

use super::function::{Function, HttpTrigger, Trigger};
use super::template::Template;

/// One function's route.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) template: Template,
    /// The form for output and comparison: prefix and route, without slashes at the ends.
    pub(crate) text: String,
    /// None for all.
    pub(crate) methods: Option<Vec<String>>,
    /// Index into the table's functions.
    pub(crate) function: usize,
}

impl Route {
    fn allows(&self, method: &Method) -> bool {
        self.methods.as_ref().is_none_or(|methods| {
            methods
                .iter()
                .any(|one| one.eq_ignore_ascii_case(method.as_str()))
        })
    }
}

/// All functions, and their routes in the order in which they are tried.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) functions: Vec<Function>,
    pub(crate) routes: Vec<Route>,
}

impl Table {
    /// Adds the functions in their order. A function with an invalid route is left out with a sentence about it
    /// (`ScriptHost.cs`, `ValidateHttpFunction`).
    ///
    /// # Errors
    /// A route that makes the whole host fail: the host parses routes only after it has added the prefix and a slash
    /// (`WebJobsRouteBuilder.cs`, `MapFunctionRoute`).
    pub(crate) fn build(
        functions: Vec<Function>,
        prefix: &str,
    ) -> anyhow::Result<(Self, Vec<String>)> {
        let mut table = Self::default();
        let mut problems = Vec::new();
        for function in functions {
            if let Trigger::Http(http) = &function.trigger {
                if !prefix.is_empty() && http.route.starts_with('/') {
                    bail!(
                        "the route {0:?} of the function {1} begins with a slash, and after the route prefix {prefix:?} that makes \"{prefix}/{0}\": the host does not start with two slashes in a row; remove the slash at the beginning of the route",
                        http.route,
                        function.name
                    );
                }
                match table.route(http, prefix) {
                    Ok(route) => table.routes.push(route),
                    Err(error) => {
                        problems.push(format!(
                            "The function {} is not loaded: {error:#}",
                            function.name
                        ));
                        continue;
                    }
                }
            }
            table.functions.push(function);
        }
        Ok((table, problems))
    }

    /// The warm-up function, if there is one.
    pub(crate) fn warmup(&self) -> Option<&Function> {
        self.functions.iter().find(|function| function.is_warmup())
    }

    fn route(&self, http: &HttpTrigger, prefix: &str) -> anyhow::Result<Route> {
        let own = http.route.trim_start_matches('/').to_ascii_lowercase();
        if own.starts_with("admin") || own.starts_with("runtime") {
            bail!(
                "its route {:?} begins with \"admin\" or \"runtime\", which the host reserves for itself; choose another route",
                http.route
            );
        }
        let text = match prefix {
            "" => http.route.clone(),
            prefix => format!("{prefix}/{}", http.route),
        };
        let template = Template::parse(&text)?;
        let text = text.trim_matches('/').to_owned();
        let rival = self.routes.iter().find(|route| {
            route.text.eq_ignore_ascii_case(&text) && overlap(&route.methods, &http.methods)
        });
        if let Some(rival) = rival {
            bail!(
                "its route {text:?} is already taken by the function {} for the same method; change one of them",
                self.functions[rival.function].name
            );
        }
        Ok(Route {
            template,
            text,
            methods: http.methods.clone(),
            function: self.functions.len(),
        })
    }

    /// The first route for a method and a decoded path.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Option<&Route> {
        self.routes
            .iter()
            .find(|route| route.allows(method) && route.template.matches(path))
    }

    /// The index of the function with this name, in any case.
    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        let mut functions = self.functions.iter();
        functions.position(|function| function.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn route_of(&self, function: &Function) -> Option<&Route> {
        self.routes
            .iter()
            .find(|route| self.functions[route.function].name == function.name)
    }
}

/// The host compares methods with case, so `get` and `GET` do not conflict.
fn overlap(a: &Option<Vec<String>>, b: &Option<Vec<String>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.iter().any(|method| b.contains(method)),
        _ => true,
    }
}

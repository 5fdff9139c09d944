//! Function folders: the direct children of the script root that contain a `function.json`.

use std::cmp::Ordering;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use serde_json::Value;

use super::environment::Environment;
use super::json;
use super::retry::{Retry, RetryDocument, retry};
use super::timer::TimerTrigger;

/// The level of key that a function requires, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Anonymous,
    Function,
    Admin,
}

/// One entry of `bindings`.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    pub(crate) name: String,
    /// As in the file, for example `httpTrigger`.
    pub(crate) kind: String,
    pub(crate) output: bool,
    /// Whether `dataType` declares its values as bytes.
    pub(crate) is_binary: bool,
    /// Whether `cardinality` declares that a trigger gets a list of values at once.
    pub(crate) is_many: bool,
}

/// The trigger of a function.
#[derive(Clone, Debug)]
pub(crate) enum Trigger {
    Http(HttpTrigger),
    Warmup,
    Timer(TimerTrigger),
    /// Queues and others, which run only through `/admin/functions/{name}` here.
    Other,
}

#[derive(Clone, Debug)]
pub(crate) struct HttpTrigger {
    /// Without the prefix; the function's name if the file has no route.
    pub(crate) route: String,
    /// As in the file; `None` for all.
    pub(crate) methods: Option<Vec<String>>,
    pub(crate) level: Level,
}

/// A function that can be called.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// The folder's name.
    pub(crate) name: String,
    pub(crate) trigger: Trigger,
    /// The trigger's binding name, the key of its value in the JSON protocol.
    pub(crate) trigger_name: String,
    pub(crate) bindings: Vec<Binding>,
    pub(crate) disabled: bool,
    pub(crate) retry: Option<Retry>,
    /// The content of `function.json`, for `/admin/functions`.
    pub(crate) config: Value,
}

impl Level {
    /// The level with this name, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "anonymous" => Some(Self::Anonymous),
            "function" => Some(Self::Function),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }
}

impl Binding {
    pub(super) fn is_http_output(&self) -> bool {
        self.output && self.kind.eq_ignore_ascii_case("http")
    }
}

impl Function {
    /// Whether its requests can be passed on unchanged: exactly one `httpTrigger` in and exactly one `http` out
    /// (`FunctionMetadataExtensions.cs`).
    pub(crate) fn is_plain_http(&self) -> bool {
        matches!(self.trigger, Trigger::Http(_))
            && self.bindings.len() == 2
            && self.bindings.iter().any(Binding::is_http_output)
    }

    /// The binding of its trigger.
    pub(crate) fn trigger_binding(&self) -> Option<&Binding> {
        self.bindings
            .iter()
            .find(|binding| !binding.output && binding.name == self.trigger_name)
    }

    /// The level of key that it requires by HTTP.
    pub(crate) fn level(&self) -> Level {
        match &self.trigger {
            Trigger::Http(http) => http.level,
            Trigger::Warmup | Trigger::Timer(_) | Trigger::Other => Level::Admin,
        }
    }

    /// The host checks both the name and the trigger (`ScriptJobHostExtensions.cs`).
    pub(crate) fn is_warmup(&self) -> bool {
        matches!(self.trigger, Trigger::Warmup) && self.name.eq_ignore_ascii_case("warmup")
    }
}

/// All functions of the script root, in the order in which the host tries them, and one sentence for each folder with
/// a `function.json` but no usable function. Such a folder does not affect the others.
pub(crate) fn load(
    script_root: &Path,
    environment: &Environment,
) -> anyhow::Result<(Vec<Function>, Vec<String>)> {
    let mut functions = Vec::new();
    let mut problems = Vec::new();
    let folders = std::fs::read_dir(script_root)
        .with_context(|| format!("cannot list the script root {}", script_root.display()))?;
    for folder in folders {
        let folder = folder
            .with_context(|| format!("cannot list {}", script_root.display()))?
            .path();
        let file = folder.join("function.json");
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let function = match json::read(&file) {
            Ok(None) => continue,
            Ok(Some(config)) => parse(&name, config, &folder, environment)
                .with_context(|| file.display().to_string()),
            Err(error) => Err(error),
        };
        match function {
            Ok(function) => functions.push(function),
            Err(error) => problems.push(format!("The function {name} is not loaded: {error:#}")),
        }
    }
    sort(&mut functions);
    problems.sort();
    Ok((functions, problems))
}

/// Sorts functions into the order in which the host tries them.
pub(super) fn sort(functions: &mut [Function]) {
    functions.sort_by(|a, b| ordinal_ignore_case(&a.name, &b.name));
}

/// .NET's `OrdinalIgnoreCase`: compares upper-case letters, so that `_` comes after every letter.
fn ordinal_ignore_case(a: &str, b: &str) -> Ordering {
    let upper = |text: &str| text.to_ascii_uppercase();
    upper(a).cmp(&upper(b)).then_with(|| a.cmp(b))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    bindings: Vec<Value>,
    #[serde(default)]
    disabled: Value,
    script_file: Option<String>,
    retry: Option<RetryDocument>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BindingDocument {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    name: String,
    direction: Option<String>,
    data_type: Option<String>,
    cardinality: Option<String>,
    auth_level: Option<String>,
    methods: Option<Vec<String>>,
    route: Option<String>,
}

/// Reads the content of `function.json`. Its relative paths start at `folder`.
pub(super) fn parse(
    name: &str,
    config: Value,
    folder: &Path,
    environment: &Environment,
) -> anyhow::Result<Function> {
    check_name(name)?;
    let document: Document = serde_json::from_value(config.clone())?;
    if document.bindings.is_empty() {
        bail!("at least one binding is required");
    }
    if let Some(script) = document.script_file.filter(|script| !script.is_empty())
        && !folder.join(&script).is_file()
    {
        bail!("its scriptFile {script:?} does not exist; a custom handler needs none, remove it");
    }

    let mut bindings = Vec::new();
    let mut trigger = None;
    for written in document.bindings {
        let binding: BindingDocument =
            serde_json::from_value(written.clone()).context("a binding cannot be read")?;
        check_binding_name(&binding.name)?;
        let direction = binding.direction.as_deref().unwrap_or("in");
        let output = match direction.to_ascii_lowercase().as_str() {
            "in" => false,
            "out" | "inout" => true,
            other => bail!(
                "the binding {:?} has the unknown direction {other:?}",
                binding.name
            ),
        };
        if binding.kind.to_ascii_lowercase().ends_with("trigger") {
            if trigger.is_some() {
                bail!("it has more than one trigger; a function has exactly one");
            }
            if output {
                bail!(
                    "its trigger {:?} must have the direction \"in\"",
                    binding.name
                );
            }
            let kind = trigger_of(name, &binding, &written, environment)?;
            trigger = Some((binding.name.clone(), kind));
        }
        let is = |text: Option<String>, word: &str| {
            text.is_some_and(|text| text.eq_ignore_ascii_case(word))
        };
        bindings.push(Binding {
            name: binding.name,
            kind: binding.kind,
            output,
            is_binary: is(binding.data_type, "binary"),
            is_many: is(binding.cardinality, "many"),
        });
    }
    let (trigger_name, trigger) =
        trigger.ok_or_else(|| anyhow!("it has no trigger; a function has exactly one"))?;
    Ok(Function {
        name: name.to_owned(),
        trigger,
        trigger_name,
        bindings,
        disabled: disabled(name, &document.disabled, environment),
        retry: document.retry.map(retry).transpose()?,
        config,
    })
}

/// `Utility.cs`: a letter, then letters, digits, `_` and `-`; at most 128; not `host`.
fn check_name(name: &str) -> anyhow::Result<()> {
    let valid = name.len() <= 128
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if !valid || name.eq_ignore_ascii_case("host") {
        bail!(
            "{name:?} is not a function name; rename the folder: a letter, then letters, digits, - or _, not \"host\""
        );
    }
    Ok(())
}

fn check_binding_name(name: &str) -> anyhow::Result<()> {
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !plain && name != "$return" {
        bail!("the binding name {name:?} is not valid; use letters and digits only, or $return");
    }
    Ok(())
}

fn trigger_of(
    function: &str,
    binding: &BindingDocument,
    written: &Value,
    environment: &Environment,
) -> anyhow::Result<Trigger> {
    Ok(match binding.kind.to_ascii_lowercase().as_str() {
        "warmuptrigger" => Trigger::Warmup,
        "timertrigger" => Trigger::Timer(TimerTrigger::read(written, environment)?),
        "httptrigger" => Trigger::Http(HttpTrigger::read(function, binding)?),
        _ => Trigger::Other,
    })
}

impl HttpTrigger {
    fn read(function: &str, binding: &BindingDocument) -> anyhow::Result<Self> {
        let level = match binding.auth_level.as_deref() {
            None => Level::Function,
            Some(text) => Level::named(text).ok_or_else(|| {
                anyhow!("its authLevel {text:?} is unknown; use anonymous, function or admin")
            })?,
        };
        let route = binding.route.as_deref();
        let route = route.filter(|route| !route.trim().is_empty());
        let methods = binding.methods.clone();
        Ok(Self {
            route: route.unwrap_or(function).to_owned(),
            methods: methods.filter(|methods| !methods.is_empty()),
            level,
        })
    }
}

/// `disabled` in the file (a boolean, or the name of a setting) or the setting `AzureWebJobs.<name>.Disabled`.
fn disabled(name: &str, value: &Value, environment: &Environment) -> bool {
    let by_setting = environment.flag(&format!("AzureWebJobs.{name}.Disabled"))
        || environment.flag(&format!("AzureWebJobs_{name}_Disabled"));
    by_setting
        || match value {
            Value::Bool(disabled) => *disabled,
            Value::String(setting) => {
                setting.eq_ignore_ascii_case("true") || environment.flag(setting)
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(name: &str, text: &str) -> Result<Function, String> {
        let config = serde_json::from_str(text).expect("JSON");
        parse(name, config, Path::new("/nowhere"), &Environment::default())
            .map_err(|error| format!("{error:#}"))
    }

    const PLAIN: &str = r#"{"bindings":[{"type":"httpTrigger","name":"req"},{"type":"http","direction":"out","name":"res"}]}"#;

    #[test]
    fn omitted_members_have_the_hosts_defaults() {
        let function = parsed("Visit", PLAIN).expect("valid");
        let Trigger::Http(http) = &function.trigger else {
            panic!("http")
        };
        assert_eq!(
            (http.route.as_str(), http.level),
            ("Visit", Level::Function)
        );
        assert!(http.methods.is_none() && function.is_plain_http());
    }

    #[test]
    fn invalid_functions_are_refused_by_name() {
        for (name, text, part) in [
            ("1st", PLAIN, "is not a function name"),
            ("host", PLAIN, "is not a function name"),
            ("F", r#"{"bindings":[]}"#, "at least one binding"),
            (
                "F",
                r#"{"bindings":[{"type":"http","direction":"out","name":"res"}]}"#,
                "no trigger",
            ),
            (
                "F",
                r#"{"bindings":[{"type":"httpTrigger","name":"a_b"}]}"#,
                "a_b",
            ),
            (
                "F",
                r#"{"bindings":[{"type":"httpTrigger","name":"a","authLevel":"user"}]}"#,
                "user",
            ),
            (
                "F",
                r#"{"scriptFile":"run.js","bindings":[{"type":"httpTrigger","name":"a"}]}"#,
                "run.js",
            ),
        ] {
            let error = parsed(name, text).expect_err(text);
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn names_sort_as_net_sorts_them() {
        let mut names = ["zz", "Web_App", "WebApp", "webapi", "Health"];
        names.sort_by(|a, b| ordinal_ignore_case(a, b));
        assert_eq!(names, ["Health", "webapi", "WebApp", "Web_App", "zz"]);
    }
}

//! Features that functions use but the emulator does not have: listening to a trigger, reading an input, delivering
//! an output.

use serde_json::Value;

use super::environment::Environment;
use super::function::{Binding, Function, Trigger};

/// The triggers with which Core Tools starts without a storage account (`Constants.cs`, `TriggersWithoutStorage`).
const WITHOUT_STORAGE: [&str; 6] = [
    "httpTrigger",
    "kafkaTrigger",
    "rabbitMQTrigger",
    "orchestrationTrigger",
    "activityTrigger",
    "entityTrigger",
];

/// The setting with the storage account.
const STORAGE: &str = "AzureWebJobsStorage";

/// A sentence for each missing feature of an enabled function.
pub(super) fn sentences(functions: &[Function], environment: &Environment) -> Vec<String> {
    let enabled = functions.iter().filter(|function| !function.disabled);
    let missing = enabled.clone().flat_map(|function| {
        let bindings = function.bindings.iter();
        bindings.filter_map(|binding| sentence(function, binding))
    });
    let mut sentences: Vec<_> = missing.collect();
    let needy: Vec<_> = enabled.filter_map(needs_storage).collect();
    if let [first, ..] = needy.as_slice()
        && !has_storage(environment)
    {
        let others = match needy.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        sentences.push(format!(
            "{STORAGE} is not set: func start would refuse to start because of {first}{others}. lab up needs no storage \
             account; for func, set it in local.settings.json, for example to UseDevelopmentStorage=true"
        ));
    }
    sentences
}

/// The missing feature for one binding.
fn sentence(function: &Function, binding: &Binding) -> Option<String> {
    let (function_name, name, kind) = (&function.name, &binding.name, &binding.kind);
    if !binding.output && *name == function.trigger_name {
        return matches!(function.trigger, Trigger::Other).then(|| {
            format!(
                "Nothing listens to the {kind} of {function_name}; run the function with POST /admin/functions/{function_name} and the body {{\"input\": \"...\"}}"
            )
        });
    }
    if !binding.output {
        return Some(format!(
            "The input {name} ({kind}) of {function_name} is not read; the handler gets no value for it"
        ));
    }
    if !kind.eq_ignore_ascii_case("http") {
        return Some(format!(
            "The output {name} ({kind}) of {function_name} is not delivered; its value is logged"
        ));
    }
    (!matches!(function.trigger, Trigger::Http(_))).then(|| {
        format!(
            "The output {name} (http) of {function_name} has no request to answer, because its trigger is not an httpTrigger; an invocation fails when it has a value"
        )
    })
}

/// The trigger of a function that needs a storage account.
fn needs_storage(function: &Function) -> Option<String> {
    let trigger = function.trigger_binding()?;
    let is_needy = !WITHOUT_STORAGE
        .iter()
        .any(|kind| kind.eq_ignore_ascii_case(&trigger.kind));
    is_needy.then(|| format!("the {} of {}", trigger.kind, function.name))
}

/// Whether there is a storage account: as a connection string, or by name with an identity.
fn has_storage(environment: &Environment) -> bool {
    environment.iter().any(|(name, value)| {
        let name = name.strip_prefix("ConnectionStrings:").unwrap_or(name);
        let rest = name
            .get(..STORAGE.len())
            .filter(|start| start.eq_ignore_ascii_case(STORAGE))
            .map(|_| &name[STORAGE.len()..]);
        let is_about_it = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("__"));
        is_about_it && !value.trim().is_empty()
    })
}

/// A value that is not delivered, as one line of limited length.
pub(super) fn shown(value: &Value) -> String {
    /// In characters.
    const LONGEST: usize = 1_000;
    let text = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let mut shown = String::new();
    for letter in text.chars().take(LONGEST) {
        if letter.is_control() {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        shown.push_str(&format!("... ({} bytes in all)", text.len()));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_line_of_a_bounded_length() {
        assert_eq!(shown(&Value::from("a\nb\u{1b}[31m")), "a\\nb\\u{1b}[31m");
        assert_eq!(shown(&serde_json::json!({ "a": 1 })), "{\"a\":1}");
        let long = shown(&Value::from("ä".repeat(1_001)));
        assert!(long.starts_with("ää") && long.ends_with("... (2002 bytes in all)"));
        assert_eq!(long.chars().filter(|letter| *letter == 'ä').count(), 1_000);
    }

    #[test]
    fn a_storage_account_is_recognized_in_each_form() {
        for (name, value, expected) in [
            ("AzureWebJobsStorage", "UseDevelopmentStorage=true", true),
            ("AzureWebJobsStorage__accountName", "name", true),
            ("ConnectionStrings:AzureWebJobsStorage", "x", true),
            ("AzureWebJobsStorage", " ", false),
            ("AzureWebJobsStorageOther", "x", false),
            ("AzureWebJobs", "x", false),
        ] {
            assert_eq!(
                has_storage(&Environment::of(&[(name, value)])),
                expected,
                "{name}"
            );
        }
    }
}

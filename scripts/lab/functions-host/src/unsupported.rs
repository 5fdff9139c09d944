//! Features that functions use but the emulator does not have: listening to a trigger, reading an input, delivering
//! an output.

use serde_json::Value;

use super::environment::Environment;
use super::function::{Function, Trigger};

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
    let mut sentences: Vec<_> = enabled.clone().flat_map(of).collect();
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

/// The missing features for one function.
fn of(function: &Function) -> Vec<String> {
    let name = &function.name;
    let bindings = function.bindings.iter();
    let sentence = |(binding, kind): (&str, &str), output: bool, trigger: bool| {
        if trigger {
            matches!(function.trigger, Trigger::Other).then(|| {
                format!(
                    "Nothing listens to the {kind} of {name}; run the function with POST /admin/functions/{name} and the body {{\"input\": \"...\"}}"
                )
            })
        } else if !output {
            Some(format!(
                "The input {binding} ({kind}) of {name} is not read; the handler gets no value for it"
            ))
        } else if kind.eq_ignore_ascii_case("http") {
            (!matches!(function.trigger, Trigger::Http(_))).then(|| {
                format!(
                    "The output {binding} (http) of {name} has no request to answer, because its trigger is not an httpTrigger; an invocation fails when it has a value"
                )
            })
        } else {
            Some(format!(
                "The output {binding} ({kind}) of {name} is not delivered; its value is logged"
            ))
        }
    };
    bindings
        .filter_map(|binding| {
            let is_trigger = !binding.output && binding.name == function.trigger_name;
            sentence((&binding.name, &binding.kind), binding.output, is_trigger)
        })
        .collect()
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

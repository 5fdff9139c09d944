//! Files that are designed to take a long time, to use a lot of memory, or to crash the program.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::document::{Found, candidates};
use crate::json;

fn setting(minimum: &str) -> Value {
    json!({"type": "Microsoft.Insights/autoscaleSettings", "name": "s", "properties": {"profiles": [
        {"name": "p", "capacity": {"minimum": minimum, "maximum": "3", "default": "1"}, "rules": []}]}})
}

fn reason(variables: &Map<String, Value>, minimum: &str) -> String {
    let found = candidates(
        &json!({"variables": variables, "resources": [setting(minimum)]}),
        &Map::new(),
    );
    found.candidates[0].unresolved[0].reason.clone()
}

/// Forty variables, each of which uses the one before it.
fn chain(first: &str, next: impl Fn(&str) -> String) -> Map<String, Value> {
    let mut variables = Map::new();
    variables.insert("v0".to_owned(), json!(first));
    for index in 1..40 {
        let before = format!("variables('v{}')", index - 1);
        variables.insert(format!("v{index}"), json!(next(&before)));
    }
    variables
}

#[test]
fn variables_that_double_end_with_a_reason() {
    for next in [
        "[concat(#, #)]",
        "[createArray(#, #)]",
        "[union(createArray(#), createArray(#, 1))]",
        "[format('{0}{0}{0}{0}', #)]",
        "[replace(#, 'x', 'xxxx')]",
        "[createObject('a', #, 'b', #)]",
        "[join(createArray(#, #), #)]",
        "[string(createArray(#, #))]",
    ] {
        let reason = reason(
            &chain("xxxx", |before| next.replace('#', before)),
            "[variables('v39')]",
        );
        assert!(
            reason.starts_with("takes too much work")
                || reason.starts_with("results in a text longer"),
            "{next}: {reason}"
        );
    }
}

#[test]
fn after_the_bound_other_expressions_have_no_value_and_the_rest_stays() {
    let mut file = json!({"variables": chain("x", |before| format!("[concat({before}, {before})]")), "resources": []});
    file["resources"] = json!([
        setting("[variables('v39')]"),
        setting("[string(1)]"),
        setting("1")
    ]);
    let found = candidates(&file, &Map::new());
    let reasons: Vec<usize> = found
        .candidates
        .iter()
        .map(|candidate| candidate.unresolved.len())
        .collect();
    assert_eq!(reasons, [1, 1, 0]);
    assert_eq!(
        found.candidates[2].value["profiles"][0]["capacity"]["minimum"],
        "1"
    );
}

#[test]
fn long_chains_and_deep_calls_end_with_a_reason() {
    let mut variables = Map::new();
    for index in 0..10_000 {
        variables.insert(
            format!("v{index}"),
            json!(format!("[variables('v{}')]", index + 1)),
        );
    }
    assert_eq!(
        reason(&variables, "[variables('v0')]"),
        "refers to other expressions through too many levels"
    );
    let calls = format!("[{}1{}]", "string(".repeat(100_000), ")".repeat(100_000));
    assert!(reason(&Map::new(), &calls).ends_with("functions are nested too deeply"));
    let indexes = format!("[{}1]", "a()[".repeat(100_000));
    assert!(reason(&Map::new(), &indexes).ends_with("functions are nested too deeply"));
    let mut deep = json!("x");
    for _ in 0..100 {
        deep = json!({"a": [deep]});
    }
    let mut variables = Map::new();
    variables.insert("v0".to_owned(), deep);
    assert!(reason(&variables, "[variables('v0')]").ends_with("is nested too deeply"));
}

#[test]
fn a_large_variable_that_is_used_often_is_copied_a_bounded_number_of_times() {
    let mut variables = Map::new();
    variables.insert("large".to_owned(), json!(vec!["x".repeat(100); 10_000]));
    let uses = vec![json!("[variables('large')]"); 10_000];
    let mut resource = setting("1");
    resource["properties"]["uses"] = json!(uses);
    let found = candidates(
        &json!({"variables": variables, "resources": [resource]}),
        &Map::new(),
    );
    let uses = found.candidates[0].value["uses"]
        .as_array()
        .expect("it is a list");
    let copies = uses.iter().filter(|used| used.is_array()).count();
    assert!((1..100).contains(&copies), "{copies}");
    assert_eq!(
        found.candidates[0].unresolved.len(),
        5_000,
        "the list has a bound too"
    );
}

/// Deployments inside deployments, as deep as the JSON reader accepts. Each doubles its parameter.
#[test]
fn nested_deployments_end_with_a_reason() {
    let mut text = String::new();
    for _ in 0..30 {
        write!(
            text,
            r#"{{"type": "Microsoft.Resources/deployments", "properties": {{"expressionEvaluationOptions": {{"scope": "inner"}},
            "parameters": {{"p": {{"value": "[concat(parameters('p'), parameters('p'))]"}}}}, "template": {{"resources": ["#
        )
        .expect("a text takes everything");
    }
    text += &setting("[parameters('p')]").to_string();
    text += &"]}}}".repeat(30);
    let root = json::parse(&format!("{{\"resources\": [{text}]}}")).expect("this is JSON");
    let mut given = Map::new();
    given.insert("p".to_owned(), json!("xxxxxxxx"));
    let found = candidates(&root, &given);
    let reason = &found.candidates[0].unresolved[0].reason;
    assert!(
        reason.starts_with("takes too much work") || reason.starts_with("results in a text longer"),
        "{reason}"
    );
}

/// Expressions of known and unknown functions with arguments of all kinds.
fn any_expression() -> impl Strategy<Value = String> {
    const FUNCTIONS: &str = "parameters variables concat format string int bool float if equals not and or empty length \
        coalesce null true false contains createArray createObject array first last union toLower toUpper trim replace \
        substring split join padLeft max min add sub mul div mod less lessOrEquals greater greaterOrEquals resourceId json \
        reference";
    let names: Vec<&str> = FUNCTIONS.split_whitespace().collect();
    let leaf = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        (-3..20_i64).prop_map(|number| number.to_string()),
        "[a-e{}0,é /]{0,6}".prop_map(|text| format!("'{text}'")),
        prop::sample::select(vec![
            "variables('list')",
            "variables('object')",
            "variables('self')",
            "parameters('p')",
            "parameters('q')",
            "true()",
            "false()",
            "null()",
            "variables('list')[1]",
            "variables('object').A",
            "'Microsoft.Web/sites'",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(6, 40, 4, move |inner| {
        let call = (prop::sample::select(names.clone()), prop::collection::vec(inner.clone(), 0..4));
        prop_oneof![
            8 => call.prop_map(|(name, arguments)| format!("{name}({})", arguments.join(", "))),
            1 => (inner.clone(), inner.clone()).prop_map(|(base, index)| format!("{base}[{index}]")),
            1 => inner.prop_map(|base| format!("{base}.a")),
        ]
    })
}

fn template_with(minimum: &str) -> Value {
    json!({
        "parameters": {"p": {"defaultValue": "[variables('object')]"}, "q": {}},
        "variables": {"list": [1, "a", [2]], "object": {"a": {"b": 1}, "c": "[parameters('p')]"}, "self": "[variables('self')]"},
        "resources": [setting(minimum)],
    })
}

/// What must be true for every result.
fn check(found: &Found) {
    assert!(!found.candidates.is_empty() || !found.notes.is_empty());
    for candidate in &found.candidates {
        assert!(
            candidate
                .unresolved
                .iter()
                .all(|one| !one.reason.is_empty())
        );
    }
}

/// Equal, except for the last digit of numbers, which `serde_json` rounds differently, and for the sign of zero.
fn alike(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            let (left, right) = (left.as_f64(), right.as_f64());
            left.zip(right).is_some_and(|(left, right)| {
                (left - right).abs() <= left.abs() * 1e-15 + f64::MIN_POSITIVE
            })
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| alike(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, left)| right.get(name).is_some_and(|right| alike(left, right)))
        }
        _ => left == right,
    }
}

/// All values of a tree, each with its path.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, &format!("{at}/{index}"), all);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                pointers(field, &format!("{at}/{name}"), all);
            }
        }
        _ => {}
    }
}

fn files() -> Vec<Value> {
    let nested = json!({"type": "Microsoft.Resources/deployments", "condition": "[not(false())]", "properties": {
        "expressionEvaluationOptions": {"scope": "inner"}, "parameters": {"p": {"value": "[parameters('p')]"}},
        "template": template_with("[parameters('p').a]")}});
    let profile = json!({"Capacity": {}, "Rules": []});
    vec![
        template_with("[string(variables('list')[0])]"),
        json!({"parameters": {"p": {"defaultValue": {"a": "1"}}}, "resources": {"a": nested, "b": setting("1")}}),
        json!([setting("1"), {"properties": {"ActiveAutoscaleProfile": profile.to_string()}}, profile]),
        json!({"value": [setting("1")]}),
        json!({"planned_values": {"root_module": {"child_modules": [{"resources": [
            {"type": "azurerm_monitor_autoscale_setting", "values": {"name": "x"}}]}]}}}),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        any_expression().prop_map(|expression| Value::from(format!("[{expression}]"))),
        prop::sample::select(files()),
        Just(json!([])),
        Just(json!({"copy": [{"name": "a"}]})),
        Just(json!({"value": "[parameters('p')]"})),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn any_expression_has_a_value_or_a_reason(expression in any_expression()) {
        let text = format!("[{expression}]");
        let found = candidates(&template_with(&text), &Map::new());
        check(&found);
        let candidate = &found.candidates[0];
        let minimum = &candidate.value["profiles"][0]["capacity"]["minimum"];
        // An expression without a value keeps its text.
        let whole = candidate.unresolved.iter().any(|one| one.path.ends_with("capacity.minimum"));
        prop_assert_eq!(whole, minimum == &json!(text));
    }

    #[test]
    fn any_text_between_brackets_has_a_value_or_a_reason(text in "[\\[\\]'a-c(),.0-9 -]{0,30}|\\PC{0,30}") {
        check(&candidates(&template_with(&format!("[{text}]")), &Map::new()));
    }

    #[test]
    fn any_text_is_json_or_refused(text in "[\\[\\]{}\":,/*\\\\0-9a-e.+'\n\r-]{0,40}|\\PC{0,40}") {
        let parsed = json::parse(&text);
        // What other parsers accept as JSON is JSON here too, with the same value.
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            let parsed = parsed.expect("this is JSON");
            prop_assert!(alike(&parsed, &value), "{} {}", parsed, value);
        }
        let _ = crate::language::language_of(None, &text);
        let _ = crate::parameters::read(&text);
    }

    #[test]
    fn mutated_files_never_end_the_program(
        file in prop::sample::select(files()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any_value()), 1..6),
        given in any_value(),
    ) {
        let mut file = file;
        for (place, value) in changes {
            let mut all = Vec::new();
            pointers(&file, "", &mut all);
            *file.pointer_mut(&all[place.index(all.len())]).expect("the place was found in it") = value;
        }
        let mut values = Map::new();
        values.insert("p".to_owned(), given);
        check(&candidates(&file, &values));
    }
}

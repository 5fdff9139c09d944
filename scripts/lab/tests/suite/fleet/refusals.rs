use crate::support::Root;

/// The single line that a refused start prints.
fn refused(root: &Root, arguments: &[&str]) -> String {
    let (code, printed) = root.refused(arguments);
    assert_eq!(code, 2, "{printed}");
    assert!(!root.journal().exists(), "a handler was started");
    printed
}

#[test]
fn wrong_rules_are_named_before_anything_starts() {
    let root = Root::new();
    let rules = root.files().join("rules.json");
    std::fs::write(
        &rules,
        r#"{"name":"a","capacity":{"minimum":"4","maximum":"3","default":"4"},"rules":[]}"#,
    )
    .unwrap();
    let printed = refused(&root, &["--autoscale", rules.to_str().unwrap()]);
    assert_eq!(printed.lines().count(), 1, "{printed}");
    assert!(
        printed.contains("rules.json cannot be used: capacity.maximum"),
        "{printed}"
    );

    std::fs::write(&rules, "{").unwrap();
    let printed = refused(&root, &["--autoscale", rules.to_str().unwrap()]);
    assert!(printed.contains("not JSON"), "{printed}");

    let printed = refused(&root, &["--autoscale", "/nonexistent/rules.json"]);
    assert!(
        printed.starts_with("lab: cannot read the rule file"),
        "{printed}"
    );
}

#[test]
fn limits_that_contradict_each_other_are_refused() {
    let root = Root::new();
    let printed = refused(&root, &["--min", "3", "--max", "2"]);
    assert_eq!(printed.trim(), "lab: --min 3 is more than --max 2");
    assert!(refused(&root, &["--time-scale", "0"]).contains("a number from 0.1 to 600"));
}

#[test]
fn an_event_log_that_cannot_be_written_is_refused() {
    let root = Root::new();
    let printed = refused(&root, &["--events", "/nonexistent/events.jsonl"]);
    assert!(
        printed.starts_with("lab: cannot write the event log /nonexistent/events.jsonl"),
        "{printed}"
    );
}

use serde_json::json;

use crate::support::Root;

#[test]
fn wrong_limits_are_refused_in_one_sentence() {
    for (value, part) in [
        (json!("many"), "is \"many\" but must be a whole number"),
        (json!(0), "is 0 but must be -1, for no limit, or at least 1"),
    ] {
        let root = Root::new();
        root.host_with(|host| host["extensions"]["http"]["maxConcurrentRequests"] = value.clone());
        let (code, printed) = root.refused(&[]);
        assert_eq!((code, printed.lines().count()), (2, 1), "{printed}");
        let part = format!("extensions.http.maxConcurrentRequests {part}");
        assert!(printed.contains(&part), "{printed}");
    }
}

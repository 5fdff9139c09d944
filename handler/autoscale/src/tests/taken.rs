//! Rule files that are taken.

use serde_json::json;

use super::*;

#[test]
fn the_built_in_rules_are_what_they_are_said_to_be() {
    let profile = Profile::built_in();
    assert_eq!(
        profile.capacity,
        Capacity {
            minimum: 1,
            maximum: 3,
            default: 1
        }
    );
    let five = Duration::from_secs(300);
    let [out, inward] = profile.rules.as_slice() else {
        panic!("two rules")
    };
    for rule in [out, inward] {
        assert_eq!(
            (rule.time_window, rule.cooldown, rule.change),
            (five, five, Change::Count(1))
        );
        assert_eq!(
            (rule.statistic, rule.time_aggregation),
            (Statistic::Average, Aggregation::Average)
        );
    }
    assert_eq!(
        (out.operator, out.threshold, out.direction),
        (Operator::GreaterThan, 70.0, Direction::Increase)
    );
    assert_eq!(
        (inward.operator, inward.threshold, inward.direction),
        (Operator::LessThan, 30.0, Direction::Decrease)
    );

    let fast = taken(FAST);
    assert_eq!(fast.rules[0].time_window, Duration::from_secs(120));
    assert_eq!(fast.rules[1].time_window, five);
}

#[test]
fn every_form_of_a_setting_gives_the_same_profile() {
    let bare = built_in();
    let setting = json!({
        "enabled": true, "name": "s", "notifications": [{"operation": "Scale"}], "targetResourceUri": "/x",
        "predictiveAutoscalePolicy": null, "profiles": [bare], "tags": {"a": "b"}, "anything": 1
    });
    let resource = json!({"id": "/x", "type": "microsoft.insights/autoscalesettings", "location": "l", "tags": {},
        "properties": setting});
    let template = json!({"$schema": "s", "parameters": {}, "resources": [{"type": "Microsoft.Web/serverfarms"}, resource]});
    for file in [&bare, &setting, &resource, &template] {
        assert_eq!(parsed(file), Profile::built_in(), "{file}");
    }
    let marked = format!("\u{feff}{bare}");
    assert_eq!(taken(&marked), Profile::built_in());
}

#[test]
fn what_is_written_reads_back() {
    for text in [BUILT_IN, FAST] {
        let profile = taken(text);
        assert_eq!(parsed(&profile.to_arm()), profile);
        assert_eq!(
            profile.to_arm(),
            serde_json::from_str::<Value>(
                &text.replace(": 70,", ": 70.0,").replace(": 30,", ": 30.0,")
            )
            .expect("the built-in profile has it")
        );
    }
}

#[test]
fn every_enumeration_of_the_schema_is_taken_in_any_case() {
    let trigger = "/rules/0/metricTrigger";
    for (field, names) in [
        ("statistic", vec!["Average", "Min", "Max", "Sum", "Count"]),
        (
            "timeAggregation",
            vec!["Average", "Minimum", "Maximum", "Total", "Count", "Last"],
        ),
        (
            "operator",
            vec![
                "Equals",
                "NotEquals",
                "GreaterThan",
                "GreaterThanOrEqual",
                "LessThan",
                "LessThanOrEqual",
            ],
        ),
    ] {
        for name in names {
            for spelling in [name.to_owned(), name.to_lowercase()] {
                let file = with(&format!("{trigger}/{field}"), json!(spelling));
                let rule = parsed(&file).to_arm();
                assert_eq!(rule["rules"][0]["metricTrigger"][field], json!(name));
            }
        }
    }
    for (name, change) in [
        ("ChangeCount", Change::Count(1)),
        ("PercentChangeCount", Change::PercentCount(1)),
        ("ExactCount", Change::ExactCount(1)),
    ] {
        let file = with("/rules/0/scaleAction/type", json!(name));
        assert_eq!(parsed(&file).rules[0].change, change);
    }
}

#[test]
fn counts_may_be_numbers_or_texts_and_a_value_may_be_left_out() {
    let file = with(
        "/capacity",
        json!({"minimum": 2, "maximum": "1000", "default": 7}),
    );
    let capacity = parsed(&file).capacity;
    assert_eq!(
        capacity,
        Capacity {
            minimum: 2,
            maximum: 1_000,
            default: 7
        }
    );
    let mut file = built_in();
    file["rules"][0]["scaleAction"]
        .as_object_mut()
        .expect("the built-in profile has it")
        .remove("value");
    assert_eq!(parsed(&file).rules[0].change, Change::Count(1));
}

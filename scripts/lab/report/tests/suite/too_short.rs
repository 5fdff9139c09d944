//! Whether a load was too short for the rules.

use report::too_short;
use run_record::{Action, FleetSample, Run};
use serde_json::json;

#[test]
fn a_load_below_the_window_of_the_rules_is_too_short() {
    let run = Run {
        target: "http://127.0.0.1:7071".to_owned(),
        seconds: 4.9,
        time_scale: 60.0,
        rules: json!([{"metric": "CpuPercentage", "operator": "GreaterThan", "threshold": 70.0,
            "time_window": "PT5M", "direction": "Increase", "value": 1, "cooldown": "PT5M"}]),
        capacity: json!({"minimum": 1, "maximum": 3, "default": 1}),
        ..Run::default()
    };
    assert_eq!(
        too_short(&run, "./scripts/load http://127.0.0.1:7071").as_deref(),
        Some(
            "Too short for the rules, which average over 5 s. For scaling: \
             ./scripts/load http://127.0.0.1:7071 --until 3"
        )
    );
    let acted = Run {
        actions: vec![Action::default()],
        ..run.clone()
    };
    let full = Run {
        samples: vec![FleetSample {
            ready: 3,
            ..FleetSample::default()
        }],
        ..run.clone()
    };
    let long = Run {
        seconds: 5.0,
        ..run.clone()
    };
    let unknown = Run {
        rules: json!(null),
        ..run
    };
    for run in [acted, full, long, unknown] {
        assert_eq!(too_short(&run, "lab load"), None);
    }
}

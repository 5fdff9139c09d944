//! Whether a load was too short for the rules, and what to type instead.

use run_record::Run;
use run_record::format::span;

use crate::rules::{limits, rules};

/// What to type, where the load ended before a rule could scale out.
pub fn too_short(run: &Run) -> Option<String> {
    let windows = rules(run)?.into_iter().filter(|rule| rule.out);
    let window = windows.map(|rule| rule.window).min_by(f64::total_cmp)?;
    let (_, most) = limits(run)?;
    let served = run.samples.iter().map(|sample| sample.ready).max();
    if run.seconds * run.time_scale >= window
        || !run.actions.is_empty()
        || served.is_some_and(|served| served >= most)
    {
        return None;
    }
    Some(format!(
        "Too short for the rules, which average over {}. For scaling: ./scripts/load {} --until {most}",
        span(window / run.time_scale),
        run.target
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use run_record::{Action, FleetSample};

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
            too_short(&run).as_deref(),
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
            assert_eq!(too_short(&run), None);
        }
    }
}

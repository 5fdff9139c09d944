//! The page of a simulation: two rule files side by side, bands, days, findings.

use report::{chart_data, page_body};
use run_record::simulation::{
    AppliedProfile, ClockReading, CostRecord, FindingRecord, ProfileRecord, SimulationOutcome,
    SimulationRecord, StandstillRecord,
};
use run_record::{Action, FleetSample, Run, Verdict};
use serde_json::{Value, json};

const HOUR: f64 = 3_600.0;
const DAY: f64 = 24.0 * HOUR;
const EVIL: &str = "</script><!--<script>alert(1)</script>\u{2028}&amp;\"'<b>";

fn rules(out: f64, less: f64) -> Value {
    let rule = |operator: &str, threshold: f64, direction: &str| {
        json!({"metric": "CpuPercentage", "operator": operator, "threshold": threshold, "time_window": "PT5M",
            "direction": direction, "value": 1, "cooldown": "PT5M"})
    };
    json!([
        rule("GreaterThan", out, "Increase"),
        rule("LessThan", less, "Decrease")
    ])
}

fn profile(name: &str, limits: (u32, u32), out: f64) -> ProfileRecord {
    ProfileRecord {
        name: name.to_owned(),
        when: format!("when it is time for {name}"),
        rules: rules(out, 30.0),
        capacity: json!({"minimum": limits.0, "maximum": limits.1, "default": limits.0}),
    }
}

fn one(target: &str, verdict: &str, overloaded_minutes: f64, per_month: f64) -> Run {
    let seconds = 3.0 * DAY;
    let sample = |hour: u32| FleetSample {
        at: f64::from(hour) * HOUR,
        ready: 1 + u32::from(hour % 24 > 8),
        wanted: 1 + u32::from(hour % 24 > 7),
        cpu_percent: Some(f64::from(hour % 24 * 4)),
        ..FleetSample::default()
    };
    let action = |hour: f64, from, to| Action {
        at: hour * HOUR,
        from,
        to,
        reason: format!("it was time for {to}"),
        source: "simulation".to_owned(),
    };
    let still = |hour: f64, cause: &str| StandstillRecord {
        from: hour * HOUR,
        to: (hour + 1.5) * HOUR,
        count: 2,
        cause: cause.to_owned(),
        reason: format!("the reason for {cause}"),
    };
    Run {
        title: "Simulation".to_owned(),
        target: target.to_owned(),
        simulated: true,
        seconds,
        time_scale: 1.0,
        rules: rules(70.0, 30.0),
        capacity: json!({"minimum": 1, "maximum": 3, "default": 1}),
        plan: vec!["three days".to_owned()],
        samples: (0..72).map(sample).collect(),
        actions: vec![action(8.0, 1, 2), action(20.0, 2, 1)],
        verdict: Verdict {
            autoscaling: format!("The rules of {target} are {verdict}"),
            reasons: vec![format!("{overloaded_minutes} minutes of overload.")],
            expectations: Vec::new(),
        },
        notes: vec!["This is a simulation.".to_owned()],
        simulation: Some(SimulationRecord {
            // Saturday 2026-03-28 in Berlin: the clock goes forward on Sunday at 02:00.
            clock: vec![
                ClockReading {
                    at: 0.0,
                    local_seconds: 1_774_656_000,
                },
                ClockReading {
                    at: 26.0 * HOUR,
                    local_seconds: 1_774_656_000 + 27 * 3_600,
                },
            ],
            time_zone: "Europe/Berlin".to_owned(),
            outcome: SimulationOutcome {
                verdict: verdict.to_owned(),
                overloaded_minutes,
                costs: vec![CostRecord {
                    plan: "P0v3".to_owned(),
                    per_month,
                }],
                currency: "USD".to_owned(),
            },
            profiles: vec![profile("day", (2, 5), 60.0), profile("night", (1, 3), 80.0)],
            applied: (0..3)
                .flat_map(|day| {
                    let from = f64::from(day) * DAY;
                    [(0, 0.0, 12.0), (1, 12.0, 24.0)].map(|(profile, begin, end)| AppliedProfile {
                        from: from + begin * HOUR,
                        to: from + end * HOUR,
                        profile: Some(profile),
                    })
                })
                .collect(),
            stood_still: vec![
                still(1.0, "cooldown"),
                still(4.0, "maximum"),
                still(8.0, "cooldown"),
                still(50.0, "flapping"),
            ],
            findings: vec![FindingRecord {
                kind: "assumed".to_owned(),
                place: "profiles[0]".to_owned(),
                message: "says nothing.".to_owned(),
                remedy: "Say something.".to_owned(),
            }],
            load_notes: vec!["Two samples are missing.".to_owned()],
        }),
        ..Run::default()
    }
}

/// Two rule files over three days with a calendar.
pub(crate) fn compared() -> Run {
    let mut run = one("slow.json", "overloaded", 12.0, 100.0);
    let mut other = one("fast.json", "good", 0.0, 130.0);
    other.actions.pop();
    let record = other.simulation.as_mut().unwrap();
    record.profiles[0].rules = rules(50.0, 30.0);
    run.compared = Some(Box::new(other));
    run
}

fn levels(run: &Run, which: &str) -> Vec<(String, Value)> {
    let data: Value = serde_json::from_str(&chart_data(run, "run")).unwrap();
    let levels = data[which].as_array().unwrap().iter();
    levels
        .map(|level| {
            (
                level["label"].as_str().unwrap().to_owned(),
                level["spans"].clone(),
            )
        })
        .collect()
}

#[test]
fn of_each_pair_the_better_one_is_named() {
    let html = page_body(&compared());
    assert!(html.contains(
        "<h1 class=\"pairing\">Less overload with fast.json, less cost with slow.json</h1>"
    ));
    for (better, other) in [
        ("good <em>better</em>", "<dd>overloaded</dd>"),
        ("0 min <em>less</em>", "<dd>12 min</dd>"),
        ("100 USD <em>cheaper</em>", "<dd>130 USD</dd>"),
        ("1 action <em>fewer</em>", "<dd>2 actions</dd>"),
    ] {
        assert!(html.contains(better), "{better} is not in {html}");
        assert!(html.contains(other), "{other} is not in {html}");
    }
    let mut same = compared();
    let mut other = same.clone();
    other.compared = None;
    same.compared = Some(Box::new(other));
    let html = page_body(&same);
    assert!(html.contains("Both rule files have the same overload and cost"));
    assert!(html.contains("<dt>Verdict: the same</dt>"));
    assert!(!html.contains("<em>"), "something is better");
    // Two files of one name can be told apart.
    assert!(html.contains("slow.json (compared)"));
}

#[test]
fn what_held_the_fleet_back_is_a_band_and_a_table_that_folds() {
    let html = page_body(&one("slow.json", "overloaded", 12.0, 100.0));
    let words = "cooldown for 3 h in 2 periods, at the maximum for 1 h 30 min in 1 period and scale-in would cause flapping for \
                 1 h 30 min in 1 period";
    assert!(
        html.contains(&format!("aria-label=\"Why nothing changed: {words}\"")),
        "{html}"
    );
    assert!(html.contains(
        "title=\"Sat 28 Mar 01:00 to Sat 28 Mar 02:30 (1 h 30 min): the reason for cooldown\""
    ));
    assert!(html.contains("<summary>Why nothing changed (4 periods)</summary>"));
    assert!(html.contains("style=\"--at:0.01389;--size:0.02083\""));
}

#[test]
fn a_long_run_has_dates_and_folds_its_tables() {
    let run = one("slow.json", "overloaded", 12.0, 100.0);
    let html = page_body(&run);
    assert!(html.contains("<details><summary>Scaling actions (2 rows)</summary>"));
    assert!(html.contains("Sat 28 Mar 08:00"));
    // After the clock was put forward.
    assert!(html.contains("Mon 30 Mar 03:00"));
    let days: Value = serde_json::from_str(&chart_data(&run, "run")).unwrap();
    assert_eq!(days["days"].as_array().unwrap().len(), 2);

    let mut short = run;
    short.seconds = 2.0 * DAY;
    short.simulation.as_mut().unwrap().clock.clear();
    let html = page_body(&short);
    assert!(!html.contains("<summary>Scaling actions"));
    assert!(html.contains("8 h"));
    let days: Value = serde_json::from_str(&chart_data(&short, "run")).unwrap();
    assert_eq!(days["days"], Value::Null);
}

#[test]
fn thresholds_and_limits_follow_the_profiles() {
    let run = one("slow.json", "overloaded", 12.0, 100.0);
    let half_days = |from: f64| {
        let spans = (0..3).map(|day| f64::from(day) * DAY + from);
        json!(
            spans
                .map(|from| [from, from + 12.0 * HOUR])
                .collect::<Vec<_>>()
        )
    };
    let (day, night) = (half_days(0.0), half_days(12.0 * HOUR));
    let named = |label: &str, spans: &Value| (label.to_owned(), spans.clone());
    assert_eq!(
        levels(&run, "thresholds"),
        [
            named("out > 60%", &day),
            // Both profiles have this one, so that it always holds.
            named("in < 30%", &Value::Null),
            named("out > 80%", &night),
        ]
    );
    assert_eq!(
        levels(&run, "limits"),
        [
            named("minimum 2", &day),
            named("maximum 5", &day),
            named("minimum 1", &night),
            named("maximum 3", &night),
        ]
    );
    let labels: Vec<String> = levels(&compared(), "thresholds")
        .into_iter()
        .map(|(label, _)| label)
        .collect();
    assert_eq!(
        labels,
        [
            "in < 30%",
            "out > 80%",
            "out > 60% · slow.json",
            "out > 50% · fast.json"
        ]
    );
    let html = page_body(&run);
    assert!(html.contains("Active profiles over time (6 periods)"));
    assert!(
        html.contains("aria-label=\"Profile: day for 36 h and night for 36 h\""),
        "{html}"
    );
}

#[test]
fn findings_and_notes_of_the_load_are_lists_of_their_own() {
    let html = page_body(&one("slow.json", "overloaded", 12.0, 100.0));
    let part = |id: &str| {
        let from = html.split_once(&format!("<section id=\"{id}\"")).unwrap().1;
        from.split_once("</section>").unwrap().0.to_owned()
    };
    let finding = part("findings");
    for words in ["assumed", "profiles[0]", "says nothing.", "Say something."] {
        assert!(finding.contains(words), "{finding}");
    }
    assert!(part("load-notes").contains("Two samples are missing."));
    let notes = part("notes");
    assert!(notes.contains("This is a simulation.") && !notes.contains("missing"));
}

/// Puts hostile text in place of every text.
fn spoil(value: &mut Value) {
    match value {
        Value::String(text) => EVIL.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(spoil),
        Value::Object(fields) => fields.values_mut().for_each(spoil),
        _ => {}
    }
}

#[test]
fn nothing_in_a_simulation_becomes_markup() {
    for run in [compared(), one("slow.json", "good", 0.0, 1.0)] {
        let mut value = serde_json::to_value(run).unwrap();
        spoil(&mut value);
        let run: Run = serde_json::from_value(value).unwrap();
        let html = page_body(&run);
        for part in ["<script", "<!--", "<b>&", "alert(1)</script>"] {
            assert!(!html.contains(part), "{part} got through");
        }
        let safe = chart_data(&run, "run");
        assert!(!safe.contains(['<', '>', '&', '\u{2028}']));
    }
}

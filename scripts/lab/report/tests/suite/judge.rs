//! What the verdict says about runs of every kind.

use report::{CANNOT_TELL, DID_NOT_WORK, NOT_ASKED, WORKED, judge};
use run_record::Run;

use crate::samples;

/// The verdict and whether a reason has each of these in it.
fn assert_verdict(run: &Run, autoscaling: &str, reasons: &[&str]) {
    let verdict = judge(run);
    assert_eq!(verdict.autoscaling, autoscaling, "{:#?}", verdict.reasons);
    for reason in reasons {
        assert!(
            verdict.reasons.iter().any(|said| said.contains(reason)),
            "{reason:?} is not in {:#?}",
            verdict.reasons
        );
    }
}

#[test]
fn out_to_three_and_back_worked() {
    assert_verdict(
        &samples::story(),
        WORKED,
        &[
            "The fleet scaled out from 1 to 2 at 17 s (Azure minute 17), 7 s (7 Azure minutes) after CPU exceeded the threshold; it \
             had 2 instances ready 2 s later.",
            "The fleet scaled out from 2 to 3 at 37 s",
            "The fleet scaled back in: to 2 at 71 s (Azure minute 71) and to 1 at 90 s (Azure minute 90).",
            "None of 38,577 requests failed.",
            "While 3 instances were ready, they handled ",
        ],
    );
}

#[test]
fn load_that_one_instance_carries_asks_for_nothing() {
    assert_verdict(
        &samples::quiet(),
        NOT_ASKED,
        &["The load required no scale-out (CPU > 70% over 5 min)"],
    );
}

#[test]
fn load_that_called_in_vain_did_not_work() {
    let run = samples::failed();
    assert_verdict(
        &run,
        DID_NOT_WORK,
        &[
            "the load required more than 1 instance (CPU > 70% over 5 min)",
            "503: ",
            "the limit is 0.1%",
        ],
    );
    // What went wrong comes first.
    assert!(
        judge(&run).reasons[0].starts_with("From "),
        "{:#?}",
        judge(&run).reasons
    );
}

#[test]
fn a_run_cut_short_cannot_tell() {
    let mut run = samples::failed();
    run.samples.truncate(18);
    run.requests.failed = 0;
    assert_verdict(
        &run,
        CANNOT_TELL,
        &["the run ended 7 s (7 Azure minutes) later", "Run it longer"],
    );
    assert_verdict(
        &samples::empty(),
        CANNOT_TELL,
        &["The fleet was not sampled"],
    );
}

#[test]
fn at_the_maximum_nothing_more_is_asked_for() {
    let mut run = samples::failed();
    run.capacity = serde_json::json!({"minimum": 1, "maximum": 1, "default": 1});
    run.requests.failed = 0;
    run.requests.errors.clear();
    assert_verdict(&run, NOT_ASKED, &["the rules allow at most 1 instance"]);
}

#[test]
fn azures_own_events_are_what_counts() {
    let mut run = samples::cloud();
    assert_verdict(
        &run,
        WORKED,
        &[
            "The fleet scaled out from 1 to 2 at 10 min",
            "The fleet scaled back in: to 1 at 29 min.",
        ],
    );
    // What was merely seen in the fleet beside them does not contradict them.
    let mut seen = run.actions[0].clone();
    seen.at += 95.0;
    seen.source = "seen".to_owned();
    run.actions.push(seen);
    assert_verdict(&run, WORKED, &[]);
}

#[test]
fn an_instance_that_never_served_did_not_work() {
    let mut run = samples::story();
    for sample in &mut run.samples {
        sample.ready = 1;
    }
    for instance in run.instances.iter_mut().skip(1) {
        instance.ready = None;
    }
    assert_verdict(&run, DID_NOT_WORK, &["but it never had 2 instances ready"]);
}

#[test]
fn a_fleet_that_stays_large_without_load_did_not_work() {
    let mut run = samples::story();
    run.actions.truncate(2);
    for sample in run.samples.iter_mut().filter(|sample| sample.at >= 71.0) {
        sample.wanted = 3;
        sample.ready = 3;
        sample.cpu_percent = Some(15.0);
    }
    assert_verdict(
        &run,
        DID_NOT_WORK,
        &[
            "the load required fewer than 3 instances",
            "no scale-in followed within",
        ],
    );
}

#[test]
fn an_action_without_a_cause_is_named() {
    let mut run = samples::story();
    for sample in &mut run.samples {
        sample.cpu_percent = Some(50.0);
    }
    assert_verdict(
        &run,
        DID_NOT_WORK,
        &[
            "The number of instances went from 1 to 2 at 17 s (Azure minute 17), but CPU did not trigger a rule (CPU > 70% over 5 min)",
        ],
    );
}

#[test]
fn a_growing_fleet_without_an_action_is_named() {
    let mut run = samples::story();
    run.actions.clear();
    assert_verdict(
        &run,
        DID_NOT_WORK,
        &["The number of instances rose from 1 to 3 without a recorded action."],
    );
}

#[test]
fn more_instances_than_allowed_are_named() {
    let mut run = samples::story();
    run.capacity = serde_json::json!({"minimum": 1, "maximum": 2, "default": 1});
    assert_verdict(
        &run,
        DID_NOT_WORK,
        &["3 instances were ready at the same time, but the rules allow 1 to 2."],
    );
}

#[test]
fn one_instance_that_gets_far_more_than_its_share_is_named() {
    let mut run = samples::story();
    let hog = run.instances[0].id.clone();
    for sample in &mut run.samples {
        if let Some(count) = sample.requests.get_mut(&hog) {
            *count *= 2;
        }
    }
    assert_verdict(
        &run,
        DID_NOT_WORK,
        &[
            &format!("{hog} was farthest from its fair share"),
            "the limit is 25%",
        ],
    );
}

#[test]
fn a_request_lost_while_an_instance_leaves_is_one_too_many() {
    let mut run = samples::story();
    run.requests.failed = 1;
    run.requests.ok -= 1;
    run.load[40].failed = 1;
    assert_verdict(&run, WORKED, &["1 of ", "within the limit of 0.1%"]);
    run.load[40].failed = 0;
    run.load[71].failed = 1;
    assert_verdict(&run, DID_NOT_WORK, &["1 of them while an instance stopped"]);
}

#[test]
fn without_rules_the_count_alone_is_judged() {
    let mut run = samples::story();
    run.rules = serde_json::Value::Null;
    assert_verdict(
        &run,
        WORKED,
        &[
            "The fleet scaled out from 1 to 2 at 17 s (Azure minute 17); it had 2 instances ready 2 s later.",
        ],
    );
    let mut quiet = samples::quiet();
    quiet.rules = serde_json::Value::Null;
    assert_verdict(
        &quiet,
        CANNOT_TELL,
        &["The target does not report any rules"],
    );
}

#[test]
fn two_steps_for_one_rise_began_together() {
    let mut run = samples::story();
    for sample in run
        .samples
        .iter_mut()
        .filter(|sample| (10.0..39.0).contains(&sample.at))
    {
        sample.cpu_percent = Some(95.0);
    }
    let second = "The fleet scaled out from 2 to 3 at 37 s (Azure minute 37), 27 s (27 Azure minutes) after CPU exceeded";
    assert_verdict(&run, WORKED, &[second]);
}

#[test]
fn many_actions_are_told_in_few_sentences() {
    let mut run = samples::story();
    let actions = run.actions.clone();
    run.actions = (0..50)
        .flat_map(|_| actions.iter().take(1).chain(actions.last()).cloned())
        .collect();
    let verdict = judge(&run);
    assert!(verdict.reasons.len() < 40, "{:#?}", verdict.reasons);
    assert!(
        verdict
            .reasons
            .iter()
            .any(|reason| reason.starts_with("The fleet scaled out 44 times more")),
        "{:#?}",
        verdict.reasons
    );
}

#[test]
fn a_rise_too_short_for_an_action_is_told_and_asks_for_nothing() {
    let mut run = samples::quiet();
    for sample in run
        .samples
        .iter_mut()
        .filter(|sample| (20.0..27.0).contains(&sample.at))
    {
        sample.cpu_percent = Some(95.0);
    }
    assert_verdict(&run, NOT_ASKED, &["too short for an action"]);
}

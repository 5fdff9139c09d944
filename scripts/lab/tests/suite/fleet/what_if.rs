//! The rules of a running fleet: explained, rehearsed on the load just seen, changed.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::scaling::{app, stress};
use super::view::{fleet, fleet_when, ready};
use crate::support::http::Answer;
use crate::support::{Host, Root, eventually};

const RULES: &str = "/admin/lab/rules";
const REHEARSE: &str = "/admin/lab/rules/rehearse";
/// So little that the fleet's load is none for the machine.
const SHARE: [&str; 4] = ["--instance-cpus", "0.1", "--time-scale", "300"];

/// Writes the app's own rules, whose scale-out can never happen: no CPU is above 100%.
fn stuck(root: &Root) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/autoscale.json");
    let mut rules: Value = serde_json::from_str(&std::fs::read_to_string(own).unwrap()).unwrap();
    rules["rules"][0]["metricTrigger"]["threshold"] = 100.into();
    let path = root.files().join("stuck.json");
    std::fs::write(&path, rules.to_string()).unwrap();
    path
}

fn setting(host: &Host) -> Value {
    host.get(RULES).json()["setting"].clone()
}

fn send(host: &Host, method: &str, target: &str, setting: &Value) -> Answer {
    host.request(method, target, &[], &setting.to_string())
}

/// Refused with this status and a sentence with this part.
fn refused(answer: &Answer, status: u16, part: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let body = answer.json();
    let sentence = body["error"].as_str().unwrap();
    assert!(sentence.contains(part), "{sentence}");
}

#[test]
fn other_rules_are_rehearsed_on_the_load_just_seen_and_then_applied() {
    let root = app();
    let rules = stuck(&root);
    let host = root.up(&[&SHARE[..], &["--autoscale", rules.to_str().unwrap()]].concat());
    ready(&host, 1);
    let view = host.get(RULES).json();
    assert_eq!(view["cannot_apply"], Value::Null);
    assert_eq!(view["explanation"]["faults"][0]["code"], "never_true");
    let text = view["explanation"]["text"].as_str().unwrap();
    assert!(text.contains("is above 100%"), "{text}");

    stress(&host, "fleet");
    let mut changed = setting(&host);
    changed["profiles"][0]["rules"][0]["metricTrigger"]["threshold"] = 70.0.into();
    let hours =
        |rehearsal: &Value, rules: &str| rehearsal[rules]["instance_hours"].as_f64().unwrap();
    let rehearsal = eventually("the load makes the changed rules add an instance", || {
        let answer = send(&host, "POST", REHEARSE, &changed);
        (answer.status == 200)
            .then(|| answer.json())
            .filter(|rehearsal| hours(rehearsal, "changed") > hours(rehearsal, "active"))
    });
    let action = &rehearsal["changed"]["actions"][0];
    assert_eq!((&action["from"], &action["to"]), (&json!(1), &json!(2)));
    assert_eq!(rehearsal["active"]["actions"], json!([]));
    assert_eq!(rehearsal["explanation"]["faults"], json!([]));
    let minutes = usize::try_from(rehearsal["minutes"].as_u64().unwrap()).unwrap();
    for counts in [
        &rehearsal["seen"],
        &rehearsal["active"]["counts"],
        &rehearsal["changed"]["counts"],
    ] {
        assert_eq!(counts.as_array().unwrap().len(), minutes);
    }
    // That was a rehearsal.
    assert_eq!(setting(&host), view["setting"]);
    assert_eq!(fleet(&host)["count"], 1);

    let applied = send(&host, "PUT", RULES, &changed);
    assert_eq!(
        (applied.status, &applied.json()["setting"]),
        (200, &changed)
    );
    fleet_when(&host, "the fleet uses them", |fleet| fleet["ready"] == 2);
    host.line("the rules have changed; the next evaluation uses them");
    host.line("scale-out 1 -> 2: average CPU over 5 minutes");
    eventually("every instance shows them", || {
        let rules = host.get("/api/instances").json()["rules"].clone();
        (rules[0]["threshold"] == 70.0).then_some(())
    });

    // Other limits bring the count within them, whatever the load and the cooldown.
    changed["profiles"][0]["capacity"]["maximum"] = "1".into();
    assert_eq!(send(&host, "PUT", RULES, &changed).status, 200);
    ready(&host, 1);
    host.line("is outside the limits 1 to 1: set to 1");
    eventually("every instance shows the limits", || {
        let shown = host.get("/api/instances").json();
        (shown["capacity"]["maximum"] == 1).then_some(())
    });
}

#[test]
fn what_cannot_be_applied_is_refused_with_the_reason() {
    let host = Root::new().up(&["--max", "3", "--instance-cpus", "0.1"]);
    ready(&host, 1);
    let view = host.get(RULES).json();
    let before = view["setting"].clone();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut setting = before.clone();
        change(&mut setting["profiles"][0]);
        setting
    };
    let above = view["most_instances"].as_u64().unwrap() + 1;
    for (setting, part) in [
        (json!({}), "accepted: a profile"),
        (
            with(&|profile| profile["rules"][0]["metricTrigger"]["threshold"] = "much".into()),
            "profiles[0].rules[0].metricTrigger.threshold",
        ),
        (
            with(&|profile| profile["capacity"]["minimum"] = "0".into()),
            "profiles[0].capacity.minimum: is 0",
        ),
        (
            with(&|profile| profile["capacity"]["default"] = "4".into()),
            "profiles[0].capacity.default: is 4, outside the limits 1 to 3",
        ),
        (
            with(&|profile| profile["rules"][0]["metricTrigger"]["timeWindow"] = "P1D".into()),
            "Azure accepts PT1M to PT12H",
        ),
        (
            with(&|profile| profile["capacity"]["maximum"] = above.to_string().into()),
            "start lab up with --max",
        ),
        (
            with(&|profile| profile["rules"][0]["metricTrigger"]["metricName"] = "Rain".into()),
            "Rules on Rain need samples that are not taken here",
        ),
    ] {
        refused(&send(&host, "PUT", RULES, &setting), 400, part);
        refused(&send(&host, "POST", REHEARSE, &setting), 400, part);
    }
    refused(
        &host.request("PUT", RULES, &[], "{"),
        400,
        "The setting cannot be used: ",
    );
    let long = format!("{{\"name\": \"{}\"}}", "x".repeat(1 << 20));
    refused(&host.request("PUT", RULES, &[], &long), 413, "1 MiB");
    // At Azure's pace, there are no five minutes yet.
    let part = "A simulation needs 5 Azure minutes of load, and ";
    refused(&send(&host, "POST", REHEARSE, &before), 409, part);
    let view = host.get(RULES).json();
    assert!(view["cannot_rehearse"].as_str().unwrap().contains(part));
    assert_eq!(view["setting"], before);
    assert_eq!(host.get(REHEARSE).status, 404);
}

#[test]
fn rules_cannot_be_applied_where_the_fleet_does_not_use_them() {
    for (options, part) in [
        (&["--max", "1"][..], "start lab up again with --max 2"),
        (&["--plan", "elastic-premium"][..], "--autoscale FILE"),
    ] {
        let host = Root::new().up(options);
        fleet_when(&host, "one is ready", |fleet| fleet["ready"] == 1);
        let view = host.get(RULES).json();
        let why = view["cannot_apply"].as_str().unwrap();
        assert!(why.to_lowercase().contains(&part.to_lowercase()), "{why}");
        refused(&send(&host, "PUT", RULES, &view["setting"]), 409, why);
    }
}

#[test]
fn with_keys_rules_need_the_master_key() {
    let host = Root::new().up(&["--max", "3", "--enable-auth"]);
    let key = host.key("master");
    let key = [("x-functions-key", key.as_str())];
    let view = host.request("GET", RULES, &key, "");
    assert_eq!(view.status, 200);
    let setting = view.json()["setting"].to_string();
    for (method, target) in [("GET", RULES), ("PUT", RULES), ("POST", REHEARSE)] {
        assert_eq!(host.request(method, target, &[], &setting).status, 401);
    }
    assert_eq!(host.request("PUT", RULES, &key, &setting).status, 200);
}

//! 1, 2, 3, 2, 1 instances with visitors, with and without a restart of the app at each change.

use super::rehearsal::Rehearsal;
use super::visitors::Visitors;
use crate::fleet::view::fleet;

/// The result of a run.
struct Outcome {
    patches: u64,
    changes: u64,
    restarts: u64,
    interrupted: u64,
    failed: u64,
}

fn out_and_in(further: &[&str]) -> Outcome {
    let rehearsal = Rehearsal::start("0.2", further, None);
    let host = &rehearsal.host;
    let visitors = Visitors::start(host, 4);
    rehearsal.scales_out();
    rehearsal.scales_in();
    // If a restart caused another PATCH, the next runs would send it.
    for _ in 0..2 {
        rehearsal.later("it evaluates", |scaler| scaler["outcome"] == "as_wanted");
    }
    let (visits, failed) = visitors.finish(host);
    assert_eq!(rehearsal.check_actions(), [1, 2, 3, 2, 1]);
    let site = fleet(host)["site"].clone();
    let count = |name: &str| site[name].as_u64().unwrap();
    let outcome = Outcome {
        patches: count("patches"),
        changes: count("changes"),
        restarts: count("restarts"),
        interrupted: count("interrupted_requests"),
        failed,
    };
    println!(
        "{further:?}: {visits} visits, {failed} attempts failed; {} restarts, {} requests in flight then; {} PATCHes",
        outcome.restarts, outcome.interrupted, outcome.patches
    );
    outcome
}

#[test]
fn the_app_scales_out_and_in_and_no_visit_fails() {
    let outcome = out_and_in(&[]);
    assert_eq!(outcome.patches, outcome.changes);
    assert_eq!((outcome.restarts, outcome.failed), (0, 0));
}

#[test]
fn a_restart_at_each_patch_loses_no_visit_and_makes_no_second_patch() {
    let outcome = out_and_in(&["--restart-on-patch"]);
    // Each one changed something, so none was sent twice.
    assert_eq!(outcome.patches, outcome.changes);
    assert_eq!(outcome.restarts, outcome.changes);
    // Nothing else fails: the host holds requests until a process serves again. Requests between the count and the
    // end of a process are in flight, too.
    assert!(outcome.failed <= outcome.interrupted + 4 * outcome.restarts);
}

//! Whether instances can record visits: a part of `GET /api/instances` and of `GET /metrics`.

use std::collections::BTreeMap;

use super::App;
use super::exposition::{head, line};
use crate::domain::Member;

const DATABASE_UP: &str = "elastic_visits_database_up";
const DATABASE_UP_HELP: &str =
    "Whether the database responds to the instance and can record its visits.";
const WRITE_PROBLEM: &str = "elastic_visits_write_problem";
const WRITE_PROBLEM_HELP: &str = "Why the instance cannot record visits; 1 while it cannot.";

/// Why an instance cannot record visits. For itself, this instance uses its current state: it is later than its last
/// heartbeat, and may be the reason why no heartbeat was written.
pub(super) fn problem(member: &Member, app: &App) -> Option<String> {
    if member.instance_id == app.instance.id {
        app.database.refusal().map(str::to_owned)
    } else {
        member.report.write_problem.clone()
    }
}

/// The write state of every instance, for Prometheus. An instance that cannot write soon has no current heartbeat. So
/// the instance that responds adds its own state here, whether it is listed or not.
pub(super) fn exposition(members: &[&Member], app: &App) -> String {
    let mut problems: BTreeMap<&str, Option<String>> = members
        .iter()
        .map(|member| (member.instance_id.as_str(), problem(member, app)))
        .collect();
    if let Some(own) = app.database.refusal() {
        problems.insert(&app.instance.id, Some(own.to_owned()));
    }
    let mut text = head(DATABASE_UP, "gauge", DATABASE_UP_HELP);
    for (instance_id, problem) in &problems {
        let value = if problem.is_none() { "1" } else { "0" };
        line(&mut text, DATABASE_UP, instance_id, &[], value);
    }
    text += &head(WRITE_PROBLEM, "gauge", WRITE_PROBLEM_HELP);
    for (instance_id, problem) in &problems {
        if let Some(reason) = problem {
            let labels = [("reason", reason.as_str())];
            line(&mut text, WRITE_PROBLEM, instance_id, &labels, "1");
        }
    }
    text
}

/// The response if the database does not respond. A failed scrape would look as if the app itself were unavailable.
pub(super) fn unreachable(instance_id: &str) -> String {
    let mut text = head(DATABASE_UP, "gauge", DATABASE_UP_HELP);
    line(&mut text, DATABASE_UP, instance_id, &[], "0");
    text
}

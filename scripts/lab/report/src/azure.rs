//! Azure Monitor's own scale actions, read from a file that a user exported.
//!
//! Either form is taken: the activity log (`az monitor activity-log list --resource-group GROUP --offset 2h`), whose
//! autoscale events are described in Azure's page "Azure activity log event schema", or rows of the Log Analytics
//! table `AutoscaleScaleActionsLog` (`az monitor log-analytics query`).

use anyhow::{Context as _, bail};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use run_record::{Action, Run};

use crate::judge::judge;
use crate::rules::instances;

/// The same change named twice within so many seconds is one: an action and its completion are both logged.
const SAME: f64 = 180.0;

/// Puts Azure's scale actions during the run into its record, in place of those of an earlier file, and judges it
/// again. Gives how many there were.
///
/// # Errors
/// One sentence, where the file is of neither form or the run does not say when it began.
pub fn add_events(run: &mut Run, text: &str) -> anyhow::Result<usize> {
    let started = OffsetDateTime::parse(&run.started, &Rfc3339).with_context(|| {
        format!(
            "the run's start {:?} is not an RFC 3339 time, so events cannot be placed in it",
            run.started
        )
    })?;
    let events = events(text)?;
    let actions = events.iter().filter_map(|event| action(event, started));
    let mut actions: Vec<Action> = actions
        .filter(|action| (0.0..=run.seconds).contains(&action.at))
        .collect();
    actions.sort_by(|one, other| one.at.total_cmp(&other.at));
    actions.dedup_by(|next, first| {
        next.from == first.from && next.to == first.to && next.at - first.at < SAME
    });
    let number = actions.len();
    run.actions.retain(|action| action.source != "azure");
    run.actions.extend(actions);
    run.actions
        .sort_by(|one, other| one.at.total_cmp(&other.at));
    let none = "Azure's log names no scale action during the run.";
    run.notes.retain(|note| note != none);
    if number == 0 {
        run.notes.push(none.to_owned());
    }
    run.verdict = judge(run);
    Ok(number)
}

/// The list of events, also where the REST API wraps it.
fn events(text: &str) -> anyhow::Result<Vec<Value>> {
    let file: Value = serde_json::from_str(text).context("it is not JSON")?;
    let list = match file {
        Value::Array(list) => list,
        Value::Object(mut object) => match object.remove("value") {
            Some(Value::Array(list)) => list,
            _ => bail!("it is not a list of events"),
        },
        _ => bail!("it is not a list of events"),
    };
    let known = list.iter().any(|event| {
        get(event, "eventTimestamp").is_some() || get(event, "TimeGenerated").is_some()
    });
    if !known && !list.is_empty() {
        bail!(
            "its entries are neither activity log events (eventTimestamp) nor rows of AutoscaleScaleActionsLog (TimeGenerated); \
             export them with: az monitor activity-log list --resource-group GROUP --offset 2h"
        );
    }
    Ok(list)
}

/// What an event changed; `None` where it is of another kind or failed.
fn action(event: &Value, started: OffsetDateTime) -> Option<Action> {
    let (time, details, old, new, reason) = if let Some(time) = get(event, "eventTimestamp") {
        let operation = get(event, "operationName").map(name)?.to_ascii_lowercase();
        let scales = ["scaleup/action", "scaledown/action"]
            .iter()
            .any(|end| operation.ends_with(end));
        let failed = get(event, "status")
            .map(name)
            .is_some_and(|status| status.eq_ignore_ascii_case("failed"));
        if !scales || failed || !operation.contains("autoscalesettings") {
            return None;
        }
        (
            time,
            get(event, "properties")?,
            "OldInstancesCount",
            "NewInstancesCount",
            "Description",
        )
    } else {
        let failed = get(event, "ResultType")
            .and_then(Value::as_str)
            .is_some_and(|result| result.eq_ignore_ascii_case("failed"));
        if failed {
            return None;
        }
        (
            get(event, "TimeGenerated")?,
            event,
            "CurrentInstanceCount",
            "NewInstanceCount",
            "ScaleActionMessage",
        )
    };
    let at = OffsetDateTime::parse(time.as_str()?, &Rfc3339).ok()?;
    let count = |name: &str| instances(get(details, name)?);
    let (from, to) = (count(old)?, count(new)?);
    let reason = get(details, reason)
        .or_else(|| get(event, "description"))
        .and_then(Value::as_str)
        .unwrap_or("");
    (from != to).then(|| Action {
        at: (at - started).as_seconds_f64(),
        from,
        to,
        reason: without_ids(reason),
        source: "azure".to_owned(),
    })
}

/// A field, whatever its capitals: they differ between the API's versions.
fn get<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object
        .as_object()?
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// A text, or the `value` of a localised one.
fn name(value: &Value) -> &str {
    value
        .as_str()
        .or_else(|| value.get("value")?.as_str())
        .unwrap_or("")
}

/// A report is passed around: it needs the resource's name, not the subscription's id.
fn without_ids(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let bare = word.trim_matches(['\'', '"', ',', '.']);
        if bare.to_ascii_lowercase().starts_with("/subscriptions/") {
            word.replace(bare, bare.rsplit('/').next().unwrap_or(bare))
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

//! Repeats the decision of one evaluation, and finds the differences from the log.

use std::time::Duration;

use autoscale::{Capacity, Direction, Profile, Setting, decide};

use super::disagreement::{Comparison, Gap, Kind};
use super::log::Evaluation;
use super::moment;
use super::rules::{Seeing, Seen};
use crate::evaluations::shortest_cooldown;

/// Repeats the decision of an evaluation. `always_updated` tells whether the log also has a row about the update of
/// the count if there is no update.
pub(super) fn compare(
    evaluation: &Evaluation,
    setting: &Setting,
    always_updated: bool,
) -> Comparison {
    let mut comparison = Comparison::default();
    if evaluation.skipped {
        comparison.gap = Some(Gap::Skipped);
        return comparison;
    }
    let Some(profile) = profile(evaluation, setting, &mut comparison) else {
        return comparison;
    };
    let Some(index) = profile else {
        // Without a profile nothing changes.
        if let Some((current, new)) = counts(evaluation, always_updated, &mut comparison) {
            compare_counts(
                &mut comparison,
                evaluation,
                (current, new),
                current,
                "no profile applies",
            );
        }
        return comparison;
    };
    let mut profile = setting.profiles[index].clone();
    limits(evaluation, &mut profile, &mut comparison);
    cooldowns(evaluation, &profile, &mut comparison);
    let seeing = Seeing::of(evaluation, &profile, &setting.metrics, &mut comparison);
    if comparison.has(&[Kind::RuleResult, Kind::UnknownRule]) {
        comparison.gap = Some(Gap::FollowsFromRules);
    } else if let Some(counts) = counts(evaluation, always_updated, &mut comparison) {
        decide_again(
            evaluation,
            (&profile, setting),
            &seeing,
            counts,
            &mut comparison,
        );
    }
    comparison
}

/// The index of the active profile according to the log; the inner value is `None` if no profile was active. The
/// outer value is `None` if this cannot be determined.
fn profile(
    evaluation: &Evaluation,
    setting: &Setting,
    comparison: &mut Comparison,
) -> Option<Option<usize>> {
    let profiles = &setting.profiles;
    let at = evaluation.evaluated_at();
    let ours = at.map(|at| setting.active(i64::try_from(at.as_secs()).unwrap_or(i64::MAX)));
    let selected = evaluation.profiles.iter().find(|row| row.selected);
    let of_cooldown = || {
        evaluation
            .cooldowns
            .iter()
            .find_map(|row| row.profile.as_deref())
    };
    let Some(name) = selected.map(|row| row.name.as_str()).or_else(of_cooldown) else {
        let title = |index: usize| format!("{} applies", profiles[index].title());
        return match (evaluation.profiles.is_empty(), ours) {
            (false, Some(Some(index))) => {
                comparison.add(Kind::Profile, "profile", "none applies", title(index));
                Some(None)
            }
            (false, _) => Some(None),
            (true, Some(ours)) => Some(ours),
            (true, None) if profiles.len() == 1 => Some(Some(0)),
            (true, None) => {
                comparison.incomplete("time, and no row that says which profile applies");
                None
            }
        };
    };
    let is_named = |profile: &Profile| profile.name.trim().eq_ignore_ascii_case(name);
    // A bare profile may have no name.
    let unnamed = |profile: &Profile| profiles.len() == 1 && profile.name.is_empty();
    let ours_is_named = |index: &usize| is_named(&profiles[*index]);
    let found = ours
        .flatten()
        .filter(ours_is_named)
        .or_else(|| profiles.iter().position(is_named))
        .or_else(|| profiles.iter().position(unnamed));
    let Some(found) = found else {
        let has: Vec<String> = profiles.iter().map(Profile::title).collect();
        comparison.add(
            Kind::UnknownProfile,
            "profile",
            format!("{name} applies"),
            format!("has {}", has.join(", ")),
        );
        return None;
    };
    if let Some(ours) = ours.filter(|ours| *ours != Some(found)) {
        let title = |index: usize| format!("{} applies", profiles[index].title());
        comparison.add(
            Kind::Profile,
            "profile",
            title(found),
            ours.map_or_else(|| "none applies".to_owned(), title),
        );
    }
    Some(Some(found))
}

/// Compares the limits. The limits of the log are then used.
fn limits(evaluation: &Evaluation, profile: &mut Profile, comparison: &mut Comparison) {
    let Some(row) = &evaluation.count else {
        return;
    };
    let own = profile.capacity;
    let logged = Capacity {
        minimum: row.minimum.unwrap_or(own.minimum),
        maximum: row.maximum.unwrap_or(own.maximum),
        default: row.default.unwrap_or(own.default),
    };
    if logged != own {
        let shown = |capacity: Capacity| {
            let Capacity {
                minimum,
                maximum,
                default,
            } = capacity;
            format!("{minimum} to {maximum}, {default} by default")
        };
        comparison.add(
            Kind::Limits,
            format!("limits of {}", profile.title()),
            shown(logged),
            shown(own),
        );
    }
    if logged.minimum <= logged.default && logged.default <= logged.maximum {
        profile.capacity = logged;
    }
}

/// Checks each row about a cooldown: whether a direction has this length as its shortest cooldown, and whether the
/// cooldown is over.
fn cooldowns(evaluation: &Evaluation, profile: &Profile, comparison: &mut Comparison) {
    let count = evaluation.current().unwrap_or(profile.capacity.default);
    let directions = [Direction::Increase, Direction::Decrease];
    for row in &evaluation.cooldowns {
        let meant = directions
            .into_iter()
            .filter(|one| row.direction.is_none_or(|only| only == *one));
        let shortest: Vec<Duration> = meant
            .filter_map(|one| shortest_cooldown(profile, one, count))
            .collect();
        let about = match row.direction {
            Some(direction) => format!("cooldown of the direction {}", direction.name()),
            None => "cooldown of a direction".to_owned(),
        };
        // The page of the table does not document the unit of a number.
        let is_length = |one: &&Duration| {
            row.cooldown
                .is_none_or(|length| length == **one || length * 60 == **one)
        };
        let Some(length) = shortest.iter().find(is_length) else {
            // A direction without rules has no cooldown.
            if !shortest.is_empty() {
                let lengths: Vec<String> = shortest.iter().map(|one| seconds(*one)).collect();
                comparison.add(
                    Kind::Cooldown,
                    about,
                    row.cooldown.map(seconds).unwrap_or_default(),
                    lengths.join(" or "),
                );
            }
            continue;
        };
        let (Some(skips), Some(at)) = (row.skips, row.at.or(evaluation.at)) else {
            continue;
        };
        let over = row.last_action.map(|last| last.saturating_add(*length));
        let waits = over.is_some_and(|over| over > at);
        if waits != skips {
            let shown = |waits: bool| match waits {
                true => "its rules wait".to_owned(),
                false => "its rules are evaluated".to_owned(),
            };
            let last = row.last_action.map_or_else(
                || "there was no action before".to_owned(),
                |last| format!("the last action was at {}", moment::shown(last)),
            );
            comparison.add(
                Kind::Cooldown,
                about,
                format!("{} at {}", shown(skips), moment::shown(at)),
                format!(
                    "{}: {last}, and it takes {}",
                    shown(waits),
                    seconds(*length)
                ),
            );
        }
    }
}

fn seconds(span: Duration) -> String {
    format!("{} s", span.as_secs_f64())
}

/// The count before and after, according to the log.
fn counts(
    evaluation: &Evaluation,
    always_updated: bool,
    comparison: &mut Comparison,
) -> Option<(u32, u32)> {
    let Some(current) = evaluation.current() else {
        comparison.incomplete("number of instances before it");
        return None;
    };
    let new = match &evaluation.update {
        Some(row) if row.updates == Some(false) => Some(current),
        Some(row) => row.new,
        None if always_updated => None,
        None => Some(current),
    };
    if new.is_none() {
        comparison.incomplete("number of instances after it");
    }
    Some((current, new?))
}

fn compare_counts(
    comparison: &mut Comparison,
    evaluation: &Evaluation,
    (current, new): (u32, u32),
    ours: u32,
    reason: &str,
) {
    comparison.count = true;
    if new == ours {
        return;
    }
    let change = |to: u32| match to == current {
        true => format!("stays at {current}"),
        false => format!("{current} to {to}"),
    };
    let azure = evaluation
        .update
        .as_ref()
        .and_then(|row| row.reason.as_deref());
    let azure = azure
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    comparison.add(
        Kind::Count,
        "number of instances",
        change(new) + &azure,
        format!("{}: {reason}", change(ours)),
    );
}

/// The count that follows from the values of the rules.
fn decide_again(
    evaluation: &Evaluation,
    (profile, setting): (&Profile, &Setting),
    seeing: &Seeing,
    (current, new): (u32, u32),
    comparison: &mut Comparison,
) {
    let outside = profile.capacity.minimum > current || profile.capacity.maximum < current;
    let now = evaluation.evaluated_at().unwrap_or_default();
    let last_action = evaluation.last_action();
    let metrics = setting.metrics.as_slice();
    let decided = |values: &[Seen]| {
        let (profile, values) = without_unknown(profile, values);
        let decision = decide((&profile, metrics), &values, current, last_action, now);
        let reason = match decision.to == current && values.iter().flatten().any(|one| one.is_nan())
        {
            true => "no rule that may act changes it".to_owned(),
            false => decision.describe((&profile, metrics), current),
        };
        (decision.to, reason)
    };
    let (to, reason) = decided(&seeing.values);
    if let Some(rule) = seeing.missing.filter(|_| !outside && to <= current) {
        let rule = profile.rules[rule].describe(metrics);
        return comparison.incomplete(&format!("row about the rule that {rule}"));
    }
    if to != new {
        // A consequence of an observed value that is already reported is not a separate disagreement.
        if decided(&seeing.by_samples).0 == new && comparison.has(&[Kind::ObservedValue]) {
            comparison.gap = Some(Gap::FollowsFromRules);
            return;
        }
        let waits_unseen = seeing.values.contains(&Seen::Unknown);
        let possible = to.min(current)..=current.max(profile.capacity.default);
        if waits_unseen && !outside && possible.contains(&new) {
            comparison.gap = Some(Gap::Unobserved);
            return;
        }
    }
    compare_counts(comparison, evaluation, (current, new), to, &reason);
}

/// Rules without a value in the log never fire.
fn without_unknown(profile: &Profile, values: &[Seen]) -> (Profile, Vec<Option<f64>>) {
    let mut profile = profile.clone();
    let values = values
        .iter()
        .zip(&mut profile.rules)
        .map(|(seen, rule)| match seen {
            Seen::Known(value) => *value,
            Seen::Unknown => {
                rule.operator = autoscale::Operator::GreaterThan;
                Some(f64::NAN)
            }
        });
    let values = values.collect();
    (profile, values)
}

//! Settings that work but are rarely intended: cooldowns, the default count, and missing rules.

use std::time::Duration;

use autoscale::{Change, Direction, duration_in_words};

use super::{Delays, Placed, Remark};

pub(super) fn check(placed: &Placed<'_>, delays: Delays, hints: &mut Vec<Remark>) {
    let capacity = placed.profile.capacity;
    // A fixed number of instances needs no rule.
    if capacity.minimum == capacity.maximum {
        return;
    }
    hints.extend(missing_rules(placed));
    if placed.profile.rules.is_empty() {
        return;
    }
    hints.extend(default_is_minimum(placed));
    hints.extend(short_cooldowns(placed, delays));
    hints.extend(unequal_cooldowns(placed));
}

/// A path in a profile.
fn within(placed: &Placed<'_>, field: &str) -> String {
    match placed.place.profile.as_str() {
        "" => field.to_owned(),
        profile => format!("{profile}.{field}"),
    }
}

fn missing_rules(placed: &Placed<'_>) -> Option<Remark> {
    let capacity = placed.profile.capacity;
    let has = |direction, count| {
        let mut rules = placed.profile.rules.iter();
        rules.any(|rule| rule.direction_at(count) == direction)
    };
    let has_out = has(Direction::Increase, capacity.minimum);
    let has_in = has(Direction::Decrease, capacity.maximum);
    let (code, message, remedy) = match (has_out, has_in) {
        (true, true) => return None,
        (false, false) => (
            "no_rules",
            "has no rule that changes the count: it stays anywhere within its limits.",
            "Add rules, or set minimum and maximum to the count that is meant.",
        ),
        (false, true) => (
            "no_scale_out",
            "has no scale-out rule: the count can only fall.",
            "Add a scale-out rule.",
        ),
        (true, false) => (
            "no_scale_in",
            "has no scale-in rule: the count can only grow, and every instance is paid for.",
            "Add a scale-in rule.",
        ),
    };
    Some(Remark::new(code, &placed.place.profile, message, remedy))
}

/// If metrics are lost, Azure scales out to the default.
fn default_is_minimum(placed: &Placed<'_>) -> Option<Remark> {
    let capacity = placed.profile.capacity;
    (capacity.default == capacity.minimum).then(|| {
        Remark::new(
            "default_is_minimum",
            &within(placed, "capacity.default"),
            format!(
                "is {}, the minimum. When no metric can be read, Azure scales out to the default, so here nothing scales out.",
                capacity.default
            ),
            "Set it to a count that carries the usual load.",
        )
    })
}

/// Until its action has an effect in the window, a rule still uses the earlier values, and acts on them again.
fn short_cooldowns(placed: &Placed<'_>, delays: Delays) -> Vec<Remark> {
    let words = duration_in_words;
    let mut hints = Vec::new();
    for (rule, place) in placed.profile.rules.iter().zip(&placed.place.rules) {
        if rule.direction == Direction::None && !matches!(rule.change, Change::ExactCount(_)) {
            continue;
        }
        let window = rule.time_window.max(rule.time_grain);
        let (ready, starting, harm) = match rule.direction {
            Direction::Decrease => (
                Duration::ZERO,
                String::new(),
                "removes another instance too early",
            ),
            _ => (
                delays.provision,
                format!(" + {} to start an instance", words(delays.provision)),
                "adds more instances than needed",
            ),
        };
        let shows = window + delays.metric_lag + ready;
        if rule.cooldown >= shows {
            continue;
        }
        let message = format!(
            "has a cooldown of {}, but its action shows in full only after about {}: window {} + metric lag {}{starting}. A \
             rule that acts earlier still sees the old count and {harm}.",
            words(rule.cooldown),
            words(shows),
            words(window),
            words(delays.metric_lag),
        );
        let remedy = format!(
            "Set the cooldown to {} or longer, or simulate it with lab simulate.",
            words(shows)
        );
        hints.push(Remark::new("short_cooldown", place, message, remedy));
    }
    hints
}

fn unequal_cooldowns(placed: &Placed<'_>) -> Option<Remark> {
    let longest = |direction: Direction| {
        let rules = placed.profile.rules.iter();
        let of_direction = rules.filter(|rule| rule.direction == direction);
        of_direction.map(|rule| rule.cooldown).max()
    };
    let (out, inward) = (longest(Direction::Increase)?, longest(Direction::Decrease)?);
    (out != inward).then(|| {
        let (out, inward) = (duration_in_words(out), duration_in_words(inward));
        Remark::new(
            "unequal_cooldowns",
            &within(placed, "rules"),
            format!(
                "have unequal cooldowns: {out} out and {inward} in. Each rule waits for its own cooldown since the most recent \
                 action in any direction: after any action, a scale-in rule may act after {inward}, a scale-out rule after {out}.",
            ),
            "Nothing to change if that is meant.",
        )
    })
}

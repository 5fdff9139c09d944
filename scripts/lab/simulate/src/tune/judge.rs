//! Selects the recommended rule set, and says why others are not recommended.

use serde::Serialize;

use super::space::Choice;

/// The result of a rule set's simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measured {
    pub(super) overloaded_seconds: u64,
    pub(super) instance_seconds: u64,
    pub(super) actions: usize,
    pub(super) flaps: usize,
    pub(super) overshoots: usize,
}

/// A rule set and the result of its simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trial {
    pub(super) choice: Choice,
    /// The number of values that differ from the present ones.
    pub(super) changes: usize,
    pub(super) raises_maximum: bool,
    pub(super) measured: Measured,
}

/// Limits for the results of a rule set.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Constraints {
    pub(super) overloaded_seconds: Option<f64>,
    /// The limit of the cost, as instance-seconds.
    pub(super) instance_seconds: Option<f64>,
    pub(super) actions: Option<usize>,
}

/// Why a rule set is not recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Rejection {
    Flapping,
    Overshoot,
    MaxOverloadMinutes,
    MaxCost,
    MaxActions,
    RaisesMaximum,
}

/// Smaller is better: first the class, then the values within it.
pub(super) type Rank = (bool, u64, u64, usize, usize);

/// Compares rule sets with the present rules.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) present: Measured,
    constraints: Constraints,
    /// Whether the present rules fulfil the constraints. A proposal must then be better than they are. Otherwise it
    /// must fulfil the constraints.
    pub(super) present_fulfils: bool,
}

impl Judge {
    pub(super) fn new(present: Measured, constraints: Constraints) -> Self {
        Self {
            present,
            constraints,
            present_fulfils: constraints.broken(&present).is_none(),
        }
    }

    /// The first reason why a rule set is not recommended. A higher maximum needs a quota, and more capacity of the
    /// services behind the app, so only constraints justify it.
    pub(super) fn rejection(&self, trial: &Trial) -> Option<Rejection> {
        let raises = trial.raises_maximum && self.present_fulfils;
        self.unsound(trial)
            .or(raises.then_some(Rejection::RaisesMaximum))
    }

    /// The same, but a higher maximum is allowed: such rule sets are shown as an alternative.
    pub(super) fn unsound(&self, Trial { measured, .. }: &Trial) -> Option<Rejection> {
        let reversals = match (measured.flaps, measured.overshoots) {
            (1.., _) => Some(Rejection::Flapping),
            (0, 1..) => Some(Rejection::Overshoot),
            (0, 0) => None,
        };
        self.constraints.broken(measured).or(reversals)
    }

    /// The rank of a rule set, rejected or not; `None` if it is not better than the present rules.
    ///
    /// - The fewest seconds of overload at no higher cost, or else the lowest cost at no more overload.
    /// - If the present rules violate a constraint: first the present maximum, then a higher one; then the lowest
    ///   cost if the overload is constrained, or else the least overload.
    pub(super) fn rank(&self, trial: &Trial) -> Option<Rank> {
        let Trial {
            measured, changes, ..
        } = trial;
        let (overload, cost) = (measured.overloaded_seconds, measured.instance_seconds);
        let by = |class, first, second| (class, first, second, measured.actions, *changes);
        if !self.present_fulfils {
            let class = trial.raises_maximum;
            return Some(match self.constraints.overloaded_seconds {
                Some(_) => by(class, cost, overload),
                None => by(class, overload, cost),
            });
        }
        let present = &self.present;
        if overload < present.overloaded_seconds && cost <= present.instance_seconds {
            return Some(by(false, overload, cost));
        }
        let cheaper = cost < present.instance_seconds && overload <= present.overloaded_seconds;
        cheaper.then(|| by(true, cost, overload))
    }
}

impl Constraints {
    fn broken(&self, measured: &Measured) -> Option<Rejection> {
        let above = |value: f64, bound: Option<f64>| bound.is_some_and(|bound| value > bound);
        let actions = self.actions.is_some_and(|most| measured.actions > most);
        [
            (
                above(measured.overloaded_seconds as f64, self.overloaded_seconds),
                Rejection::MaxOverloadMinutes,
            ),
            (
                above(measured.instance_seconds as f64, self.instance_seconds),
                Rejection::MaxCost,
            ),
            (actions, Rejection::MaxActions),
        ]
        .into_iter()
        .find(|(broken, _)| *broken)
        .map(|(_, rejection)| rejection)
    }
}

/// The rule sets for which no other one has both less overload and a lower cost, by overload.
#[derive(Debug, Default)]
pub(super) struct Front(Vec<Trial>);

impl Front {
    pub(super) fn trials(&self) -> &[Trial] {
        &self.0
    }

    /// Adds a rule set if none is at least as good, and removes those that it is better than.
    pub(super) fn add(&mut self, trial: &Trial) {
        let key = |trial: &Trial| {
            let measured = &trial.measured;
            (measured.overloaded_seconds, measured.instance_seconds)
        };
        let (overload, cost) = key(trial);
        let order = |trial: &Trial| (key(trial), trial.measured.actions, trial.changes);
        let at = self
            .0
            .partition_point(|other| key(other) < (overload, cost));
        // The ones before have less overload, or the same overload at a lower cost.
        if at
            .checked_sub(1)
            .is_some_and(|before| key(&self.0[before]).1 <= cost)
        {
            return;
        }
        if let Some(same) = self
            .0
            .get_mut(at)
            .filter(|other| key(other) == (overload, cost))
        {
            if order(trial) < order(same) {
                *same = trial.clone();
            }
            return;
        }
        let worse = self.0[at..].iter().take_while(|other| key(other).1 >= cost);
        let worse = at + worse.count();
        self.0.splice(at..worse, [trial.clone()]);
    }
}

/// The Pareto front within the present maximum, and the front of the rule sets with a higher maximum, which would
/// hide the first one.
#[derive(Debug, Default)]
pub(super) struct Fronts {
    within: Front,
    higher: Front,
}

impl Fronts {
    pub(super) fn add(&mut self, trial: &Trial) {
        match trial.raises_maximum {
            true => self.higher.add(trial),
            false => self.within.add(trial),
        }
    }

    /// Those within the present maximum come first.
    pub(super) fn trials(&self) -> impl Iterator<Item = &Trial> {
        self.within.trials().iter().chain(self.higher.trials())
    }

    /// Those that are not beaten by one with the same or a lower maximum.
    pub(super) fn unbeaten(&self) -> impl Iterator<Item = &Trial> {
        let beats = |one: &Measured, other: &Measured| {
            one.overloaded_seconds <= other.overloaded_seconds
                && one.instance_seconds <= other.instance_seconds
        };
        self.trials().filter(move |trial| {
            let mut within = self.within.trials().iter();
            !(trial.raises_maximum && within.any(|one| beats(&one.measured, &trial.measured)))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trial(overloaded_seconds: u64, instance_seconds: u64, actions: usize) -> Trial {
        Trial {
            choice: Vec::new(),
            changes: 1,
            raises_maximum: false,
            measured: Measured {
                overloaded_seconds,
                instance_seconds,
                actions,
                flaps: 0,
                overshoots: 0,
            },
        }
    }

    proptest! {
        #[test]
        fn the_front_contains_the_rule_sets_that_no_other_beats(points in prop::collection::vec((0_u64..12, 0_u64..12), 1..40)) {
            let mut front = Front::default();
            for (overload, cost) in &points {
                front.add(&trial(*overload, *cost, 0));
            }
            let beaten = |one: &(u64, u64)| {
                points.iter().any(|other| other != one && other.0 <= one.0 && other.1 <= one.1)
            };
            let mut expected: Vec<_> = points.iter().copied().filter(|one| !beaten(one)).collect();
            expected.sort_unstable();
            expected.dedup();
            let found = front.trials().iter().map(|trial| &trial.measured);
            let found: Vec<_> =
                found.map(|measured| (measured.overloaded_seconds, measured.instance_seconds)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn of_equal_rule_sets_the_front_has_the_one_with_fewer_actions() {
        let mut front = Front::default();
        for actions in [5, 3, 4] {
            front.add(&trial(60, 60, actions));
        }
        assert_eq!(front.trials(), [trial(60, 60, 3)]);
    }

    #[test]
    fn a_higher_maximum_hides_no_rule_set_and_is_shown_if_it_is_better() {
        let higher = |overload, cost| Trial {
            raises_maximum: true,
            ..trial(overload, cost, 0)
        };
        let mut fronts = Fronts::default();
        for trial in [trial(60, 60, 0), higher(50, 50), higher(70, 70)] {
            fronts.add(&trial);
        }
        assert!(fronts.unbeaten().eq(&[trial(60, 60, 0), higher(50, 50)]));
    }

    #[test]
    fn less_overload_at_no_higher_cost_ranks_above_a_lower_cost() {
        let judge = Judge::new(trial(600, 600, 4).measured, Constraints::default());
        let rank = |overload, cost| judge.rank(&trial(overload, cost, 4));
        assert!(rank(300, 600) < rank(400, 100));
        assert!(rank(400, 100) < rank(600, 50));
        assert!(rank(600, 50) < rank(600, 60));
        for (overload, cost) in [(600, 600), (300, 601), (601, 300)] {
            assert_eq!(rank(overload, cost), None, "{overload} {cost}");
        }
    }

    #[test]
    fn present_rules_that_break_a_constraint_need_not_be_beaten() {
        let constraints = Constraints {
            overloaded_seconds: Some(120.0),
            ..Constraints::default()
        };
        let judge = Judge::new(trial(600, 600, 4).measured, constraints);
        let rank = |overload, cost| judge.rank(&trial(overload, cost, 4));
        assert!(rank(120, 700) < rank(0, 900));
        let higher = |mut trial: Trial| {
            trial.raises_maximum = true;
            trial
        };
        assert!(rank(120, 900) < judge.rank(&higher(trial(120, 700, 4))));
        assert_eq!(judge.rejection(&higher(trial(120, 700, 4))), None);
        assert_eq!(
            judge.rejection(&trial(121, 700, 4)),
            Some(Rejection::MaxOverloadMinutes)
        );
    }

    #[test]
    fn every_rejection_has_its_reason() {
        let constraints = Constraints {
            overloaded_seconds: Some(600.0),
            instance_seconds: Some(600.0),
            actions: Some(4),
        };
        let judge = Judge::new(trial(600, 600, 4).measured, constraints);
        let mut flapping = trial(0, 0, 0);
        flapping.measured.flaps = 1;
        let mut overshoot = trial(0, 0, 0);
        overshoot.measured.overshoots = 1;
        let mut higher = trial(0, 0, 0);
        higher.raises_maximum = true;
        for (trial, reason) in [
            (trial(600, 600, 4), None),
            (trial(601, 0, 0), Some(Rejection::MaxOverloadMinutes)),
            (trial(0, 601, 0), Some(Rejection::MaxCost)),
            (trial(0, 0, 5), Some(Rejection::MaxActions)),
            (flapping, Some(Rejection::Flapping)),
            (overshoot, Some(Rejection::Overshoot)),
            (higher, Some(Rejection::RaisesMaximum)),
        ] {
            assert_eq!(judge.rejection(&trial), reason, "{trial:?}");
        }
    }
}

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
pub(super) struct Candidate {
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
    pub(super) fn rejection(&self, candidate: &Candidate) -> Option<Rejection> {
        let raises = candidate.raises_maximum && self.present_fulfils;
        self.unsound(candidate)
            .or(raises.then_some(Rejection::RaisesMaximum))
    }

    /// The same, but a higher maximum is allowed: such rule sets are shown as an alternative.
    pub(super) fn unsound(&self, Candidate { measured, .. }: &Candidate) -> Option<Rejection> {
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
    pub(super) fn rank(&self, candidate: &Candidate) -> Option<Rank> {
        let Candidate {
            measured, changes, ..
        } = candidate;
        let (overload, cost) = (measured.overloaded_seconds, measured.instance_seconds);
        let by = |class, first, second| (class, first, second, measured.actions, *changes);
        if !self.present_fulfils {
            let class = candidate.raises_maximum;
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
pub(super) struct Front(Vec<Candidate>);

impl Front {
    pub(super) fn candidates(&self) -> &[Candidate] {
        &self.0
    }

    /// Adds a rule set if none is at least as good, and removes those that it is better than.
    pub(super) fn add(&mut self, candidate: &Candidate) {
        let key = |candidate: &Candidate| {
            let measured = &candidate.measured;
            (measured.overloaded_seconds, measured.instance_seconds)
        };
        let (overload, cost) = key(candidate);
        let order = |candidate: &Candidate| {
            (
                key(candidate),
                candidate.measured.actions,
                candidate.changes,
            )
        };
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
            if order(candidate) < order(same) {
                *same = candidate.clone();
            }
            return;
        }
        let worse = self.0[at..].iter().take_while(|other| key(other).1 >= cost);
        let worse = at + worse.count();
        self.0.splice(at..worse, [candidate.clone()]);
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
    pub(super) fn add(&mut self, candidate: &Candidate) {
        match candidate.raises_maximum {
            true => self.higher.add(candidate),
            false => self.within.add(candidate),
        }
    }

    /// Those within the present maximum come first.
    pub(super) fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.within
            .candidates()
            .iter()
            .chain(self.higher.candidates())
    }

    /// Those that are not beaten by one with the same or a lower maximum.
    pub(super) fn unbeaten(&self) -> impl Iterator<Item = &Candidate> {
        let beats = |one: &Measured, other: &Measured| {
            one.overloaded_seconds <= other.overloaded_seconds
                && one.instance_seconds <= other.instance_seconds
        };
        self.candidates().filter(move |candidate| {
            let mut within = self.within.candidates().iter();
            !(candidate.raises_maximum
                && within.any(|one| beats(&one.measured, &candidate.measured)))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate(overloaded_seconds: u64, instance_seconds: u64, actions: usize) -> Candidate {
        Candidate {
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
                front.add(&candidate(*overload, *cost, 0));
            }
            let beaten = |one: &(u64, u64)| {
                points.iter().any(|other| other != one && other.0 <= one.0 && other.1 <= one.1)
            };
            let mut expected: Vec<_> = points.iter().copied().filter(|one| !beaten(one)).collect();
            expected.sort_unstable();
            expected.dedup();
            let found = front.candidates().iter().map(|candidate| &candidate.measured);
            let found: Vec<_> =
                found.map(|measured| (measured.overloaded_seconds, measured.instance_seconds)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn of_equal_rule_sets_the_front_has_the_one_with_fewer_actions() {
        let mut front = Front::default();
        for actions in [5, 3, 4] {
            front.add(&candidate(60, 60, actions));
        }
        assert_eq!(front.candidates(), [candidate(60, 60, 3)]);
    }

    #[test]
    fn a_higher_maximum_hides_no_rule_set_and_is_shown_if_it_is_better() {
        let higher = |overload, cost| Candidate {
            raises_maximum: true,
            ..candidate(overload, cost, 0)
        };
        let mut fronts = Fronts::default();
        for candidate in [candidate(60, 60, 0), higher(50, 50), higher(70, 70)] {
            fronts.add(&candidate);
        }
        assert!(
            fronts
                .unbeaten()
                .eq(&[candidate(60, 60, 0), higher(50, 50)])
        );
    }

    #[test]
    fn less_overload_at_no_higher_cost_ranks_above_a_lower_cost() {
        let judge = Judge::new(candidate(600, 600, 4).measured, Constraints::default());
        let rank = |overload, cost| judge.rank(&candidate(overload, cost, 4));
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
        let judge = Judge::new(candidate(600, 600, 4).measured, constraints);
        let rank = |overload, cost| judge.rank(&candidate(overload, cost, 4));
        assert!(rank(120, 700) < rank(0, 900));
        let higher = |mut candidate: Candidate| {
            candidate.raises_maximum = true;
            candidate
        };
        assert!(rank(120, 900) < judge.rank(&higher(candidate(120, 700, 4))));
        assert_eq!(judge.rejection(&higher(candidate(120, 700, 4))), None);
        assert_eq!(
            judge.rejection(&candidate(121, 700, 4)),
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
        let judge = Judge::new(candidate(600, 600, 4).measured, constraints);
        let mut flapping = candidate(0, 0, 0);
        flapping.measured.flaps = 1;
        let mut overshoot = candidate(0, 0, 0);
        overshoot.measured.overshoots = 1;
        let mut higher = candidate(0, 0, 0);
        higher.raises_maximum = true;
        for (candidate, reason) in [
            (candidate(600, 600, 4), None),
            (candidate(601, 0, 0), Some(Rejection::MaxOverloadMinutes)),
            (candidate(0, 601, 0), Some(Rejection::MaxCost)),
            (candidate(0, 0, 5), Some(Rejection::MaxActions)),
            (flapping, Some(Rejection::Flapping)),
            (overshoot, Some(Rejection::Overshoot)),
            (higher, Some(Rejection::RaisesMaximum)),
        ] {
            assert_eq!(judge.rejection(&candidate), reason, "{candidate:?}");
        }
    }
}

//! Tries rule sets. The result depends on the seed and on the number of rule sets, but not on time or threads.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Instant;

use autoscale::Setting;
use fastrand::Rng;
use rayon::prelude::*;

use super::judge::{Candidate, Fronts, Judge, Measured, Rank, Rejection};
use super::space::{Choice, Space};

/// The number of rule sets that are drawn from the same results, and then tried on all cores.
const GENERATION: usize = 64;
/// The search ends after this many consecutive draws that are known or contradictory.
const MOST_DRAWS: usize = 10_000;

/// A search, and its results so far.
pub(super) struct Search<'a, M> {
    space: &'a Space<'a>,
    measure: M,
    judge: &'a Judge,
    random: Rng,
    /// Changes of one value come first: the next parameter and the index of its value.
    single: (usize, u8),
    /// Hashes instead of rule sets, because there may be millions.
    known: HashSet<u64>,
    tried: usize,
    fronts: Fronts,
    best: Option<(Rank, Candidate)>,
    rejected: Vec<(Rejection, Rank, Candidate)>,
}

/// The results of a search.
pub(super) struct Found {
    /// The number of rule sets tried, without the present one.
    pub(super) tried: usize,
    /// Rule sets without flapping and overshoot that fulfil the constraints, including the present one if it does.
    pub(super) fronts: Fronts,
    /// The recommended one, if any is better than the present one.
    pub(super) best: Option<Candidate>,
    /// For each reason, the best rule set that would have been recommended without it.
    pub(super) rejected: Vec<(Rejection, Candidate)>,
}

impl<'a, M: Fn(&Setting) -> Measured + Sync> Search<'a, M> {
    pub(super) fn new(space: &'a Space<'a>, judge: &'a Judge, seed: u64, measure: M) -> Self {
        let present = space.present();
        let first = candidate(space, present.clone(), judge.present);
        let mut fronts = Fronts::default();
        if judge.unsound(&first).is_none() {
            fronts.add(&first);
        }
        Self {
            space,
            measure,
            judge,
            random: Rng::with_seed(seed),
            single: (0, 0),
            known: HashSet::from([hash(&present)]),
            tried: 0,
            fronts,
            best: None,
            rejected: Vec::new(),
        }
    }

    /// Tries rule sets until there are `most` or no more, or the time is over. `tell` receives the number so far.
    pub(super) fn run(mut self, most: usize, deadline: Instant, tell: impl Fn(usize)) -> Found {
        while self.tried < most {
            let generation = self.generation(GENERATION.min(most - self.tried));
            let size = generation.len();
            let candidates = self.tried_in_time(generation, deadline);
            let in_time = candidates.len();
            for candidate in candidates {
                self.tried += 1;
                self.learn(candidate);
            }
            tell(self.tried);
            if in_time < GENERATION || in_time < size {
                break;
            }
        }
        self.simplify();
        let recommended = self.best.as_ref().map(|(rank, _)| *rank);
        let better = |rank: &Rank| recommended.is_none_or(|recommended| *rank < recommended);
        let mut rejected = self.rejected;
        rejected.retain(|(_, rank, _)| better(rank));
        rejected.sort_by_key(|(_, rank, _)| *rank);
        let rejected = rejected.into_iter();
        Found {
            tried: self.tried,
            fronts: self.fronts,
            best: self.best.map(|(_, candidate)| candidate),
            rejected: rejected
                .map(|(why, _, candidate)| (why, candidate))
                .collect(),
        }
    }

    /// Up to the first rule set for which there was no time.
    fn tried_in_time(&self, settings: Vec<(Choice, Setting)>, deadline: Instant) -> Vec<Candidate> {
        let measure = &self.measure;
        let measured: Vec<Option<Measured>> = settings
            .par_iter()
            .map(|(_, setting)| (Instant::now() < deadline).then(|| measure(setting)))
            .collect();
        let both = settings.into_iter().zip(measured);
        both.map_while(|((choice, _), measured)| Some(candidate(self.space, choice, measured?)))
            .collect()
    }

    fn learn(&mut self, candidate: Candidate) {
        if self.judge.unsound(&candidate).is_none() {
            self.fronts.add(&candidate);
        }
        let Some(rank) = self.judge.rank(&candidate) else {
            return;
        };
        let Some(rejection) = self.judge.rejection(&candidate) else {
            if self.best.as_ref().is_none_or(|(best, _)| rank < *best) {
                self.best = Some((rank, candidate));
            }
            return;
        };
        match self
            .rejected
            .iter_mut()
            .find(|(known, _, _)| *known == rejection)
        {
            Some(known) if rank < known.1 => *known = (rejection, rank, candidate),
            Some(_) => {}
            None => self.rejected.push((rejection, rank, candidate)),
        }
    }

    /// The next rule sets to try.
    fn generation(&mut self, size: usize) -> Vec<(Choice, Setting)> {
        let mut generation = Vec::with_capacity(size);
        let mut draws = 0;
        while generation.len() < size && draws < MOST_DRAWS {
            let choice = self.next_single().unwrap_or_else(|| self.draw());
            draws += 1;
            if self.known.insert(hash(&choice))
                && let Some(setting) = self.space.setting(&choice)
            {
                draws = 0;
                generation.push((choice, setting));
            }
        }
        generation
    }

    /// The present values with one change.
    fn next_single(&mut self) -> Option<Choice> {
        let (number, value) = &mut self.single;
        loop {
            let parameter = self.space.parameters.get(*number)?;
            if *value == parameter.len() {
                (*number, *value) = (*number + 1, 0);
                continue;
            }
            *value += 1;
            let index = *value - 1;
            if index != parameter.present {
                let mut choice = self.space.present();
                choice[*number] = index;
                return Some(choice);
            }
        }
    }

    /// A variation of the best rule set, of one on the front or of the present one, or a random one.
    fn draw(&mut self) -> Choice {
        let parameters = &self.space.parameters;
        let on_fronts = self.fronts.candidates().count();
        let (parent, changes) = match (self.random.u8(..10), &self.best) {
            (0..5, Some((_, best))) => (best.choice.clone(), None),
            (0..8, _) if on_fronts > 0 => {
                let chosen = self.fronts.candidates().nth(self.random.usize(..on_fronts));
                let chosen = chosen.map(|candidate| candidate.choice.clone());
                (chosen.unwrap_or_else(|| self.space.present()), None)
            }
            (0..9, _) => (self.space.present(), None),
            _ => (self.space.present(), Some(parameters.len())),
        };
        let mut choice = parent;
        let changes = changes.unwrap_or_else(|| self.random.usize(1..=4));
        for _ in 0..changes {
            let number = self.random.usize(..parameters.len());
            let (value, most) = (&mut choice[number], parameters[number].len() - 1);
            *value = match self.random.u8(..4) {
                0 => value.saturating_sub(1),
                1 => (*value + 1).min(most),
                _ => self.random.u8(..=most),
            };
        }
        choice
    }

    /// Moves each value of the best rule set as near to the present one as possible without a loss.
    fn simplify(&mut self) {
        let mut left = self.tried / 4;
        for number in 0..self.space.parameters.len() {
            let Some((rank, best)) = &self.best else {
                return;
            };
            let present = self.space.parameters[number].present;
            let value = best.choice[number];
            let nearer: Vec<u8> = if value > present {
                (present..value).collect()
            } else {
                (value + 1..=present).rev().collect()
            };
            if nearer.is_empty() || nearer.len() > left {
                continue;
            }
            left -= nearer.len();
            let (space, measure) = (self.space, &self.measure);
            let candidates: Vec<Candidate> = nearer
                .into_par_iter()
                .filter_map(|value| {
                    let mut choice = best.choice.clone();
                    choice[number] = value;
                    let setting = space.setting(&choice)?;
                    Some(candidate(space, choice, measure(&setting)))
                })
                .collect();
            let as_good = candidates.into_iter().find(|candidate| {
                let rank_of = self.judge.rank(candidate);
                self.judge.rejection(candidate).is_none()
                    && rank_of.is_some_and(|other| other <= *rank)
            });
            if let Some(candidate) = as_good
                && let Some(rank) = self.judge.rank(&candidate)
            {
                self.fronts.add(&candidate);
                self.best = Some((rank, candidate));
            }
        }
    }
}

/// The hash is the same in every run.
fn hash(choice: &Choice) -> u64 {
    let mut hasher = DefaultHasher::new();
    choice.hash(&mut hasher);
    hasher.finish()
}

fn candidate(space: &Space<'_>, choice: Choice, measured: Measured) -> Candidate {
    Candidate {
        changes: space.changed(&choice).count(),
        raises_maximum: space.raises_maximum(&choice),
        choice,
        measured,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::judge::Constraints;
    use super::*;

    /// Overload increases with the threshold, cost with the window and the cooldown.
    fn measure(setting: &Setting) -> Measured {
        let rules = &setting.profiles[0].rules;
        let seconds = |of: fn(&autoscale::Rule) -> Duration| rules.iter().map(of).sum::<Duration>();
        Measured {
            overloaded_seconds: rules[0].threshold as u64,
            instance_seconds: seconds(|rule| rule.time_window + rule.cooldown).as_secs(),
            actions: 0,
            flaps: 0,
            overshoots: 0,
        }
    }

    fn found(seed: u64, most: usize, deadline: Duration) -> Found {
        let setting = Setting::built_in();
        let space = Space::of(&setting, &[], 3, false);
        let judge = Judge::new(measure(&setting), Constraints::default());
        Search::new(&space, &judge, seed, measure).run(most, Instant::now() + deadline, |_| {})
    }

    const LONG: Duration = Duration::from_secs(3_600);

    #[test]
    fn the_best_rule_set_is_found() {
        let found = found(1, 3_000, LONG);
        let best = found.best.expect("a better rule set");
        assert_eq!(best.measured.overloaded_seconds, 40);
        let windows = 2 * 300;
        let cooldowns = 2 * 60;
        let cheapest = found.fronts.candidates().last().expect("a front");
        assert_eq!(cheapest.measured.instance_seconds, windows + cooldowns);
    }

    #[test]
    fn only_values_with_an_effect_change() {
        let best = found(1, 3_000, LONG).best.expect("a better rule set");
        let setting = Setting::built_in();
        let space = Space::of(&setting, &[], 3, false);
        let places: Vec<_> = space
            .changed(&best.choice)
            .map(|(_, one)| one.place.as_str())
            .collect();
        assert_eq!(
            places,
            [
                "rules[0].metricTrigger.threshold",
                "rules[0].scaleAction.cooldown",
                // Less than half of the other threshold, because it would otherwise flap.
                "rules[1].metricTrigger.threshold",
                "rules[1].scaleAction.cooldown"
            ]
        );
    }

    #[test]
    fn the_seed_and_the_number_decide_the_result() {
        for most in [1, 64, 100, 500] {
            let (one, other) = (found(7, most, LONG), found(7, most, LONG));
            assert_eq!((one.tried, other.tried), (most, most));
            assert_eq!(one.best, other.best);
            assert!(one.fronts.candidates().eq(other.fronts.candidates()));
        }
    }

    #[test]
    fn without_time_nothing_is_tried() {
        let found = found(1, 100, Duration::ZERO);
        assert_eq!((found.tried, found.best), (0, None));
    }
}

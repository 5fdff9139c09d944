//! The demonstration's story: which load to put on, given what the fleet is. Pure.
//!
//! One instance is loaded until a second one serves, two until a third one does; all three carry that load for a
//! while, so that it can be seen how it spreads; then it falls, until one is left. Loads follow the fleet and not
//! the clock, so that they never exceed what is there.

use std::fmt;

/// Load on one instance, then on two, in percent of one: above the default rule's 70 each, and far enough below 95
/// that nothing is refused.
const PER_INSTANCE: f64 = 80.0;
/// Load while the cost of a visit is learnt, in percent of one instance.
const TRYING: f64 = 40.0;
/// Minutes that it takes.
const LESSONS: u32 = 3;
/// Load in the end, in percent of one instance: below the default rule's 30, on one instance too.
const LITTLE: f64 = 20.0;
/// Azure seconds that all instances carry the load together.
const TOGETHER: f64 = 420.0;
/// Azure seconds after the last scale-in, in which nothing may happen any more.
const AFTERWARDS: f64 = 180.0;

/// Where the story is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Chapter {
    /// So many more minutes show what a visit costs.
    Trying { lessons: u32 },
    /// As many instances as this carry all they can without being overloaded, until one more serves.
    Rising { ready: u32 },
    /// All of them serve, until this Azure second.
    Together { until: f64 },
    /// The load has fallen, until one instance is left.
    Falling,
    /// One instance is left, until this Azure second.
    Afterwards { until: f64 },
    /// It is told.
    Ended,
}

/// What the story needs to know of the fleet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fleet {
    /// Instances that serve.
    pub(super) ready: u32,
    /// Instances wanted.
    pub(super) wanted: u32,
    /// Instances that have not ended, those that drain among them.
    pub(super) alive: u32,
    /// The lab's clock.
    pub(super) azure_seconds: f64,
    /// Minutes from which the cost of a visit was learnt.
    pub(super) lessons: u32,
    /// The least and the most there may be.
    pub(super) minimum: u32,
    pub(super) maximum: u32,
}

impl Chapter {
    pub(super) const FIRST: Self = Self::Trying { lessons: LESSONS };

    /// The chapter that follows from what the fleet is now.
    pub(super) fn next(self, fleet: &Fleet) -> Self {
        match self {
            Self::Trying { .. } if fleet.lessons >= LESSONS => Self::Rising {
                ready: fleet.ready.max(1),
            },
            Self::Trying { .. } => Self::Trying {
                lessons: LESSONS - fleet.lessons,
            },
            Self::Rising { .. } if fleet.ready >= fleet.maximum => Self::Together {
                until: fleet.azure_seconds + TOGETHER,
            },
            // Never less than one: while the only instance is replaced, its load waits.
            Self::Rising { .. } => Self::Rising {
                ready: fleet.ready.max(1),
            },
            Self::Together { until } if fleet.azure_seconds >= until => Self::Falling,
            Self::Falling if fleet.wanted <= fleet.minimum && fleet.alive <= fleet.minimum => {
                Self::Afterwards {
                    until: fleet.azure_seconds + AFTERWARDS,
                }
            }
            Self::Afterwards { until } if fleet.azure_seconds >= until => Self::Ended,
            chapter => chapter,
        }
    }

    /// The load to put on, in percent of one instance of a fleet of at most `maximum`.
    pub(super) fn load(self, maximum: u32) -> f64 {
        match self {
            Self::Trying { .. } => TRYING,
            Self::Rising { ready } => PER_INSTANCE * f64::from(ready),
            Self::Together { .. } => PER_INSTANCE * f64::from(maximum.saturating_sub(1).max(1)),
            Self::Falling | Self::Afterwards { .. } => LITTLE,
            Self::Ended => 0.0,
        }
    }
}

impl fmt::Display for Chapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trying { .. } => f.write_str("a few visitors, to see what a visit costs here"),
            Self::Rising { ready: 1 } => f.write_str(
                "visitors keep one instance busy; a rule that looks back over minutes takes its time",
            ),
            Self::Rising { ready } => write!(f, "more visitors come, as many as {ready} can serve"),
            Self::Together { .. } => f.write_str("all instances share the load"),
            Self::Falling => f.write_str("most visitors leave"),
            Self::Afterwards { .. } => f.write_str("few visitors, and nothing left to take away"),
            Self::Ended => f.write_str("the end"),
        }
    }
}

/// CPU time that a visit costs, learnt from what the fleet measures while it runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    seconds: f64,
    lessons: u32,
}

impl Cost {
    /// A first guess, before anything has been measured.
    pub(super) const fn guess(seconds: f64) -> Self {
        Self {
            seconds,
            lessons: 0,
        }
    }

    /// Learns from a minute in which `per_second` visits made `ready` instances of `cpus` each this busy.
    pub(super) fn learn(&mut self, cpu_percent: f64, ready: u32, cpus: f64, per_second: f64) {
        // At full load the CPU says nothing of what was asked, at very little it says more of the process itself.
        if per_second < 1.0 || !(20.0..97.0).contains(&cpu_percent) {
            return;
        }
        let seen = cpu_percent / 100.0 * f64::from(ready) * cpus / per_second;
        // A minute that was disturbed must not turn everything over.
        let weight = if self.lessons < LESSONS { 0.7 } else { 0.2 };
        let bounds = self.seconds * 0.5..=self.seconds * 3.0;
        self.seconds += weight * (seen.clamp(*bounds.start(), *bounds.end()) - self.seconds);
        self.lessons += 1;
    }

    /// Minutes that were learnt from.
    pub(super) const fn lessons(self) -> u32 {
        self.lessons
    }

    /// Visits a second that make a load of `percent` of an instance of `cpus`.
    pub(super) fn rate(self, percent: f64, cpus: f64) -> f64 {
        percent / 100.0 * cpus / self.seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fleet(ready: u32, wanted: u32, alive: u32, azure_seconds: f64) -> Fleet {
        Fleet {
            ready,
            wanted,
            alive,
            azure_seconds,
            lessons: 3,
            minimum: 1,
            maximum: 3,
        }
    }

    #[test]
    fn the_load_follows_the_fleet() {
        let mut chapter = Chapter::FIRST;
        let mut told = vec![chapter.load(3)];
        let untried = Fleet {
            lessons: 2,
            ..fleet(1, 1, 1, 30.0)
        };
        assert_eq!(chapter.next(&untried).load(3), 40.0);
        for seen in [
            fleet(1, 1, 1, 60.0),
            fleet(1, 2, 2, 300.0),
            fleet(2, 2, 2, 420.0),
            fleet(2, 3, 3, 540.0),
            fleet(3, 3, 3, 660.0),
            fleet(3, 3, 3, 1_079.0),
            fleet(3, 3, 3, 1_080.0),
            fleet(2, 2, 3, 1_500.0),
            // The third one still drains.
            fleet(1, 1, 2, 1_800.0),
            fleet(1, 1, 1, 1_801.0),
            fleet(1, 1, 1, 1_981.0),
        ] {
            chapter = chapter.next(&seen);
            let load = chapter.load(3);
            assert!(
                load <= 95.0 * f64::from(seen.ready),
                "{load} on {} instances",
                seen.ready
            );
            if told.last() != Some(&load) {
                told.push(load);
            }
        }
        assert_eq!(chapter, Chapter::Ended);
        assert_eq!(told, [40.0, 80.0, 160.0, 20.0, 0.0]);
    }

    #[test]
    fn a_lost_instance_takes_its_load_along() {
        let rising = Chapter::Rising { ready: 1 }.next(&fleet(2, 2, 2, 400.0));
        assert_eq!(rising.load(3), 160.0);
        assert_eq!(rising.next(&fleet(1, 2, 2, 410.0)).load(3), 80.0);
        assert_eq!(rising.next(&fleet(0, 2, 2, 410.0)).load(3), 80.0);
    }

    #[test]
    fn the_cost_of_a_visit_is_learnt() {
        let mut cost = Cost::guess(0.010);
        for _ in 0..20 {
            // 32 visits a second really take 12.5 ms each.
            cost.learn(100.0 * 32.0 * 0.0125 / 0.5, 1, 0.5, 32.0);
        }
        assert!((cost.seconds - 0.0125).abs() < 0.0002, "{cost:?}");
        assert!((cost.rate(80.0, 0.5) - 32.0).abs() < 0.5);
        let learnt = cost.seconds;
        cost.learn(100.0, 1, 0.5, 90.0);
        cost.learn(50.0, 1, 0.5, 0.0);
        assert_eq!(
            cost.seconds, learnt,
            "clipped or idle minutes teach nothing"
        );
    }
}

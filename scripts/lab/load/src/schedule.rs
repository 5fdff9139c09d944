//! The plan of a load: when requests start.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::duration;
use super::stages::{Stages, Unit};

/// When requests start.
#[derive(Clone, Debug)]
pub enum Schedule {
    /// Open loop: this many requests per second, whether or not earlier ones have ended.
    Rate(Stages),
    /// Open loop: a request at each of these times since the start, in ascending order.
    Arrivals(Arc<[Duration]>),
    /// Open loop with a rate, in requests per second, that changes during the load. It ends when the sender is
    /// dropped.
    Controlled(watch::Receiver<f64>),
    /// Closed loop: this many users, each of whom waits for the response and pauses before the next request.
    Users {
        /// The number of users over time.
        stages: Stages,
        /// How long each user pauses; all values in the range are equally likely.
        think: RangeInclusive<Duration>,
    },
    /// Closed loop: a number of requests by callers that do not pause.
    Fixed {
        /// The total number.
        requests: u64,
        /// The number of requests in flight at a time.
        callers: u32,
    },
}

impl Schedule {
    /// The duration, if it is known in advance.
    pub fn duration(&self) -> Option<Duration> {
        match self {
            Self::Rate(stages) | Self::Users { stages, .. } => Some(stages.duration()),
            Self::Arrivals(times) => times.last().copied(),
            Self::Controlled(_) | Self::Fixed { .. } => None,
        }
    }

    /// The number of requests; for users, the maximum if responses took no time.
    pub fn requests(&self) -> Option<f64> {
        match self {
            Self::Rate(stages) => Some(stages.area().ceil()),
            Self::Users { stages, think } => {
                let pause = (*think.start() + *think.end()).as_secs_f64() / 2.0;
                Some((stages.area() / pause.max(0.001)).ceil())
            }
            Self::Arrivals(times) => Some(times.len() as f64),
            Self::Fixed { requests, .. } => Some(*requests as f64),
            Self::Controlled(_) => None,
        }
    }

    /// Whether callers wait for their responses, so that a slow server gets less load.
    pub fn is_closed_loop(&self) -> bool {
        matches!(self, Self::Users { .. } | Self::Fixed { .. })
    }

    /// The plan in words.
    pub fn describe(&self) -> String {
        match self {
            Self::Rate(stages) => {
                format!("Open loop: {}", stages.describe(Unit::RequestsPerSecond))
            }
            Self::Arrivals(times) => {
                format!("Open loop: {} requests at given times", times.len())
            }
            Self::Controlled(_) => "Open loop, at a rate that follows the fleet".to_owned(),
            Self::Users { stages, think } => {
                let (shortest, longest) = (think.start(), think.end());
                let think = if shortest == longest {
                    duration::describe(*shortest)
                } else {
                    format!(
                        "{} to {}",
                        duration::describe(*shortest),
                        duration::describe(*longest)
                    )
                };
                let users = stages.describe(Unit::Users);
                format!("Closed loop: {users}; each thinks for {think} between requests")
            }
            Self::Fixed { requests, callers } => {
                format!("Closed loop: {requests} requests, {callers} at a time")
            }
        }
    }
}

/// The level of a [`Schedule::Controlled`] over time, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Controlled {
    since: Duration,
    /// The number of requests that were due until then.
    counted: f64,
    rate: f64,
}

impl Controlled {
    /// Changes the rate. A rate that is not a number counts as zero.
    pub(super) fn change(&mut self, at: Duration, rate: f64) {
        self.counted += self.rate * at.saturating_sub(self.since).as_secs_f64();
        self.since = at;
        self.rate = if rate.is_finite() { rate.max(0.0) } else { 0.0 };
    }

    /// When request number `count` is due at the current rate; `None` if never. A request that a change has made late
    /// is due at once.
    pub(super) fn due(&self, count: u64) -> Option<Duration> {
        let left = (count as f64 - self.counted).max(0.0);
        if left == 0.0 {
            return Some(self.since);
        }
        let wait = Duration::try_from_secs_f64(left / self.rate).ok()?;
        Some((self.since + wait).min(duration::LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_rate_counts_from_its_change() {
        let second = Duration::from_secs;
        let mut controlled = Controlled::default();
        controlled.change(Duration::ZERO, 2.0);
        assert_eq!(controlled.due(0), Some(second(0)));
        assert_eq!(controlled.due(4), Some(second(2)));
        // Ten were due before 5 s, and after that one per second.
        controlled.change(second(5), 1.0);
        assert_eq!(controlled.due(10), Some(second(5)));
        assert_eq!(controlled.due(12), Some(second(7)));
        controlled.change(second(6), 0.0);
        assert_eq!(controlled.due(11), Some(second(6)));
        assert_eq!(controlled.due(12), None);
        controlled.change(second(60), 10.0);
        assert_eq!(controlled.due(12), Some(Duration::from_millis(60_100)));
        controlled.change(second(61), f64::NAN);
        assert_eq!(controlled.due(1_000), None);
    }
}

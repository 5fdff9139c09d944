//! The fleet's activity over a span of time, in points of equal length.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::slice::{SHOWN_INSTANCES, Sum};
use super::{CountChange, Run, Slice, Timestamp};

/// The most points for any span.
pub(super) const MOST_POINTS: u32 = 720;
/// The longest span in minutes: a day.
pub const LONGEST_MINUTES: u16 = 1_440;
/// Up to this span the points come from the fine slices, which are kept for slightly longer. For longer spans they
/// come from the slices of one minute.
pub const FINE_SPAN: Duration = Duration::from_secs(2 * 60 * 60);
/// The length of the coarse slices.
pub const MINUTE: Duration = Duration::from_secs(60);

/// The possible lengths of slices and points, in seconds. They give readable times on an axis.
const STEPS: [u64; 16] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400, 172_800,
];

/// The shortest step of at least this length.
fn step(least: Duration) -> Duration {
    let wanted = |seconds: &u64| Duration::from_secs(*seconds) >= least;
    let longest = STEPS[STEPS.len() - 1];
    Duration::from_secs(STEPS.into_iter().find(wanted).unwrap_or(longest))
}

/// The length of a fine slice: two heartbeat intervals of the slowest instance, so that every running instance has at
/// least one heartbeat in it.
pub fn fine_length(heartbeat: Duration) -> Duration {
    step(heartbeat * 2)
}

/// The points of a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// The beginning of the first point.
    pub start: Timestamp,
    /// The length of each.
    pub bucket: Duration,
    /// How many there are; at least one.
    pub points: u32,
    /// The end of the time with complete data. After it, not every instance has sent its next heartbeat.
    pub until: Timestamp,
}

impl Grid {
    /// The points of the last `span` before `now`, as far as data is complete. The last point may be incomplete.
    pub fn of(span: Duration, heartbeat: Duration, now: Timestamp) -> Self {
        let fine = fine_length(heartbeat);
        let shortest = if span > FINE_SPAN {
            fine.max(MINUTE)
        } else {
            fine
        };
        let bucket = step(shortest.max(span / MOST_POINTS));
        let points = (span.as_millis() / bucket.as_millis()).max(1);
        let points = u32::try_from(points)
            .unwrap_or(MOST_POINTS)
            .min(MOST_POINTS);
        let until = now.floor(fine);
        let last = until.earlier(Duration::from_millis(1)).floor(bucket);
        Self {
            start: last.earlier(bucket * (points - 1)),
            bucket,
            points,
            until,
        }
    }

    fn start_of(&self, point: usize) -> Timestamp {
        let point = u32::try_from(point).unwrap_or(u32::MAX);
        self.start.later(self.bucket * point)
    }

    /// Assigns slices to points. A slice that is longer than a point has the same values in every point that it
    /// covers.
    pub fn fill(&self, slices: &[Slice]) -> Vec<Option<Slice>> {
        let mut sums = vec![Sum::default(); self.points as usize];
        let bucket = self.bucket.as_millis();
        for slice in slices {
            // The first and last point of the slice. Points before the grid are cut off.
            let begin = slice.start.millis() - self.start.millis();
            let covered = if slice.length > self.bucket {
                i64::try_from(slice.length.as_millis()).unwrap_or(i64::MAX)
            } else {
                1
            };
            let point = |millis: i64| usize::try_from(u128::try_from(millis).ok()? / bucket).ok();
            let Some(last) = point(begin.saturating_add(covered - 1)) else {
                continue;
            };
            let first = point(begin).unwrap_or(0);
            for sum in sums.iter_mut().take(last.saturating_add(1)).skip(first) {
                sum.add(slice);
            }
        }
        sums.iter()
            .enumerate()
            .map(|(point, sum)| sum.slice(self.start_of(point), self.bucket))
            .collect()
    }
}

/// An instance was added to the fleet, or is no longer part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// Which instance.
    pub instance_id: String,
}

/// What happened to an instance. At equal times, an end sorts before a start, because that is a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// It ended.
    Left,
    /// It stopped sending heartbeats without draining.
    Lost,
    /// It started.
    Joined,
}

impl EventKind {
    /// The name as it is shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Lost => "lost",
            Self::Joined => "joined",
        }
    }
}

/// The fleet over a span of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// The points in time.
    pub grid: Grid,
    /// The data of each point, if there is any.
    pub points: Vec<Option<Slice>>,
    /// Names of the runs that the points list separately.
    pub names: HashMap<Run, String>,
    /// The events in order of time.
    pub events: Vec<Event>,
    /// The scaler's changes of the count in order of time, if the app sets the number of instances itself.
    pub changes: Vec<CountChange>,
}

/// The most recent of all runs that the points list.
pub fn shown_runs(points: &[Option<Slice>]) -> BTreeSet<Run> {
    let runs = points
        .iter()
        .flatten()
        .flat_map(|slice| &slice.per_instance);
    let mut all: BTreeSet<Run> = runs.map(|(run, _)| *run).collect();
    while all.len() > SHOWN_INSTANCES {
        all.pop_first();
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Latencies;

    const NOW: Timestamp = Timestamp::from_millis(1_795_525_502_120);

    fn minutes(minutes: u32) -> Duration {
        MINUTE * minutes
    }

    #[test]
    fn points_are_as_short_as_heartbeats_and_the_limit_allow() {
        let bucket = |span, heartbeat_ms| {
            let grid = Grid::of(minutes(span), Duration::from_millis(heartbeat_ms), NOW);
            (grid.bucket.as_secs(), grid.points)
        };
        assert_eq!(bucket(5, 500), (1, 300));
        assert_eq!(bucket(30, 500), (5, 360));
        assert_eq!(bucket(5, 5_000), (10, 30));
        assert_eq!(bucket(30, 5_000), (10, 180));
        assert_eq!(bucket(120, 5_000), (10, 720));
        assert_eq!(bucket(121, 5_000), (60, 121));
        assert_eq!(bucket(1_440, 500), (120, 720));
        // The slowest allowed heartbeat, one per day, gives one point.
        assert_eq!(bucket(1, 86_400_000), (172_800, 1));
    }

    #[test]
    fn a_long_slice_fills_every_point_that_it_covers() {
        let grid = Grid {
            start: Timestamp::from_millis(10_000),
            bucket: Duration::from_secs(1),
            points: 5,
            until: Timestamp::from_millis(15_000),
        };
        let slice = |start, seconds| Slice {
            start: Timestamp::from_millis(start),
            length: Duration::from_secs(seconds),
            instances: 1,
            cpu_percent: 50.0,
            requests_per_second: 3.0,
            latencies: Latencies::default(),
            per_instance: Vec::new(),
        };
        let filled = |slices: &[Slice]| -> Vec<bool> {
            grid.fill(slices).iter().map(Option::is_some).collect()
        };
        assert_eq!(
            filled(&[slice(11_000, 1)]),
            [false, true, false, false, false]
        );
        assert_eq!(
            filled(&[slice(8_000, 4)]),
            [true, true, false, false, false]
        );
        assert_eq!(
            filled(&[slice(14_000, 10)]),
            [false, false, false, false, true]
        );
        assert_eq!(filled(&[slice(9_000, 1), slice(15_000, 1)]), [false; 5]);
    }

    proptest! {
        #[test]
        fn there_are_never_more_points_than_allowed(
            span in 1_u32..=1_440,
            heartbeat_ms in 10_u64..=86_400_000,
            now in 0_i64..4_000_000_000_000,
        ) {
            let now = Timestamp::from_millis(now);
            let grid = Grid::of(minutes(span), Duration::from_millis(heartbeat_ms), now);
            prop_assert!((1..=MOST_POINTS).contains(&grid.points));
            let last = grid.start_of(grid.points as usize - 1);
            prop_assert!(last < grid.until && grid.until <= last.later(grid.bucket));
            prop_assert!(grid.until <= now && now.since(grid.until) <= grid.bucket);
            prop_assert!(grid.bucket * grid.points <= minutes(span).max(grid.bucket));
            prop_assert_eq!(grid.fill(&[]).len(), grid.points as usize);
        }
    }
}

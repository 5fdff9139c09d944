//! The fleet's CPU per minute of the rules' clock, computed from slices of the timeline.

use std::collections::BTreeMap;
use std::time::Duration;

use super::slice::Sum;
use super::timeline::MINUTE;
use super::{Latencies, RulesClock, Slice, Timestamp};

/// The fleet's CPU over one minute of the rules' clock, in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CpuMinute {
    /// When it ended, by the rules' clock.
    pub end: Timestamp,
    /// Mean over the instances.
    pub average: f64,
    /// The lowest instance's.
    pub minimum: f64,
    /// The highest instance's.
    pub maximum: f64,
    /// The most instances at once; at least one.
    pub instances: u32,
}

/// The minutes that end at `until` or earlier, in order of time. Minutes without data are left out. A slice that
/// overlaps several minutes counts in each of them in proportion.
pub fn cpu_minutes(slices: &[Slice], clock: RulesClock, until: Timestamp) -> Vec<CpuMinute> {
    let mut sums: BTreeMap<Timestamp, Sum> = BTreeMap::new();
    for slice in slices {
        let end = slice.start.later(slice.length).min(clock.wall(until));
        let mut minute = clock.calendar(slice.start).floor(MINUTE);
        loop {
            let next = minute.later(MINUTE);
            let begin = slice.start.max(clock.wall(minute));
            let share = end.min(clock.wall(next)).since(begin);
            if !share.is_zero() {
                sums.entry(next).or_default().add(&part(slice, share));
            }
            if clock.wall(next) >= end {
                break;
            }
            minute = next;
        }
    }
    let whole = sums.into_iter().filter(|(end, _)| *end <= until);
    whole
        .filter_map(|(end, sum)| minute_of(end, &sum.slice(end.earlier(MINUTE), MINUTE)?))
        .collect()
}

/// The part of a slice that counts.
fn part(slice: &Slice, length: Duration) -> Slice {
    Slice {
        start: slice.start,
        length,
        instances: slice.instances,
        cpu_percent: slice.cpu_percent,
        requests_per_second: 0.0,
        latencies: Latencies::default(),
        per_instance: slice.per_instance.clone(),
    }
}

fn minute_of(end: Timestamp, slice: &Slice) -> Option<CpuMinute> {
    let average = slice.cpu_percent;
    let each = || slice.per_instance.iter().map(|(_, cpu)| *cpu);
    // A slice that another version wrote may not distinguish the instances.
    let is_known = average.is_finite() && slice.instances > 0;
    is_known.then(|| CpuMinute {
        end,
        average,
        minimum: each().reduce(f64::min).unwrap_or(average),
        maximum: each().reduce(f64::max).unwrap_or(average),
        instances: slice.instances,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Run;

    const WALL: i64 = 1_795_525_502_120;

    fn slice(start: i64, millis: u64, cpus: &[f64]) -> Slice {
        let runs = (1..).map(Run::from_number);
        Slice {
            start: Timestamp::from_millis(start),
            length: Duration::from_millis(millis),
            instances: u32::try_from(cpus.len()).expect("few"),
            cpu_percent: cpus.iter().sum::<f64>() / cpus.len() as f64,
            requests_per_second: 1.0,
            latencies: Latencies::default(),
            per_instance: runs.zip(cpus.iter().copied()).collect(),
        }
    }

    #[test]
    fn the_minutes_are_those_of_the_wall_clock() {
        let begin = 60_000_000;
        let slices: Vec<Slice> = (0..18)
            .map(|ten| {
                let cpus: &[f64] = if ten < 6 { &[90.0] } else { &[80.0, 20.0] };
                slice(begin + ten * 10_000, 10_000, cpus)
            })
            .collect();
        // The third minute has not ended.
        let until = Timestamp::from_millis(begin + 120_000);
        let minutes = cpu_minutes(&slices, RulesClock::default(), until);
        let seen: Vec<_> = minutes
            .iter()
            .map(|minute| {
                let bounds = (minute.minimum, minute.maximum);
                (
                    minute.end.millis() - begin,
                    minute.average,
                    bounds,
                    minute.instances,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (60_000, 90.0, (90.0, 90.0), 1),
                (120_000, 50.0, (20.0, 80.0), 2)
            ]
        );
    }

    #[test]
    fn a_fast_clock_has_short_minutes_that_share_slices() {
        // A minute lasts three seconds, and begins 0.12 s after a full second.
        let clock: RulesClock = "2026-01-05T08:00:00Z,2026-11-24T13:05:02.120Z,20"
            .parse()
            .expect("a clock");
        let slices: Vec<Slice> = (0..7)
            .map(|second| {
                let cpu = if second < 3 { 100.0 } else { 0.0 };
                slice(WALL - 120 + second * 1_000, 1_000, &[cpu])
            })
            .collect();
        let until = clock.calendar(Timestamp::from_millis(WALL + 6_000));
        let minutes = cpu_minutes(&slices, clock, until);
        let ends: Vec<_> = minutes.iter().map(|minute| minute.end.rfc3339()).collect();
        assert_eq!(
            ends,
            [
                // From a slice that began 0.12 s before the clock.
                "2026-01-05T08:00:00.000Z",
                "2026-01-05T08:01:00.000Z",
                "2026-01-05T08:02:00.000Z"
            ]
        );
        assert!((minutes[1].average - 96.0).abs() < 1e-9, "{minutes:?}");
        assert_eq!(minutes[2].average, 0.0);
    }

    #[test]
    fn a_slice_longer_than_a_minute_counts_in_each_minute() {
        let slices = [slice(60_000_000, 180_000, &[40.0])];
        let until = Timestamp::from_millis(60_000_000 + 180_000);
        let minutes = cpu_minutes(&slices, RulesClock::default(), until);
        assert_eq!(minutes.len(), 3);
        assert!(minutes.iter().all(|minute| minute.average == 40.0));
    }

    proptest! {
        #[test]
        fn a_constant_load_is_the_same_on_any_clock(
            scale in 0.1..600.0,
            offset in 0_i64..60_000,
            millis in 500_u64..20_000,
            count in 1_i64..20,
        ) {
            let clock: RulesClock = format!("2026-01-05T08:00:00Z,2026-11-24T13:05:02.120Z,{scale}")
                .parse()
                .expect("a clock");
            let length = i64::try_from(millis).expect("short");
            let slices: Vec<Slice> = (0..count)
                .map(|number| slice(WALL + offset + number * length, millis, &[70.0]))
                .collect();
            let end = WALL + offset + count * length;
            let until = clock.calendar(Timestamp::from_millis(end));
            let minutes = cpu_minutes(&slices, clock, until);
            for minute in &minutes {
                prop_assert!(minute.end <= until);
                prop_assert!((minute.average - 70.0).abs() < 1e-6);
                prop_assert_eq!(minute.instances, 1);
            }
        }
    }
}

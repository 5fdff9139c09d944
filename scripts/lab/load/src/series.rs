//! Statistics of all requests, per second.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::stats::{Counts, GROWS, Second, Stats, percentiles};
use run_record::{LoadSecond, Percentiles};

/// How many seconds keep their latencies, so that late responses are added to them. Later responses are still
/// counted, but do not change the percentiles of that second.
const OPEN_SECONDS: u64 = 120;

/// All statistics so far, in total and per second.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    pub(super) total: Stats,
    /// From the first second, without gaps.
    seconds: Vec<Row>,
}

/// A second of the series.
#[derive(Clone, Debug)]
enum Row {
    Open(Second),
    Closed(Counts, Percentiles),
}

impl Series {
    /// Adds a worker's statistics.
    pub(super) fn add(&mut self, stats: Stats) {
        self.total.add(&stats);
        for (number, second) in stats.seconds {
            let place = usize::try_from(number).unwrap_or(usize::MAX - 1);
            while self.seconds.len() <= place {
                self.seconds.push(Row::Open(Second::default()));
            }
            match &mut self.seconds[place] {
                Row::Open(open) => {
                    open.counts.add(second.counts);
                    open.latency.add(&second.latency).expect(GROWS);
                }
                Row::Closed(counts, percentiles) => {
                    counts.add(second.counts);
                    let late = self::percentiles(&second.latency).max;
                    if late > percentiles.max {
                        percentiles.max = late;
                    }
                }
            }
        }
        let open = usize::try_from(OPEN_SECONDS).expect("it is small");
        let old = self.seconds.len().saturating_sub(open);
        for row in self.seconds[..old].iter_mut().rev() {
            let Row::Open(second) = row else {
                break;
            };
            *row = Row::Closed(second.counts, percentiles(&second.latency));
        }
    }

    /// Latency of the requests that should have started in the last seconds before `now`, including the current
    /// second.
    pub(super) fn recent(&self, now: Duration, seconds: u64) -> Percentiles {
        let mut latency: Histogram<u64> = Histogram::new(2).expect("two digits are possible");
        let end = usize::try_from(now.as_secs()).unwrap_or(usize::MAX - 1) + 1;
        let length = usize::try_from(seconds).unwrap_or(usize::MAX);
        let end = end.min(self.seconds.len());
        for row in &self.seconds[end.saturating_sub(length)..end] {
            if let Row::Open(second) = row {
                for step in second.latency.iter_recorded() {
                    let count = u64::from(step.count_at_value());
                    let value = step.value_iterated_to();
                    latency.record_n(value, count).expect(GROWS);
                }
            }
        }
        percentiles(&latency)
    }

    /// The seconds for the record of the run.
    pub(super) fn seconds(&self) -> Vec<LoadSecond> {
        let rows = self.seconds.iter().enumerate();
        let told = rows.map(|(number, row)| {
            let (counts, latency_ms) = match row {
                Row::Open(second) => (second.counts, percentiles(&second.latency)),
                Row::Closed(counts, percentiles) => (*counts, *percentiles),
            };
            LoadSecond {
                at: number as f64,
                sent: counts.sent,
                ok: counts.ok,
                failed: counts.failed,
                busy: counts.busy,
                latency_ms,
            }
        });
        told.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;
    use crate::stats::Outcome;
    use crate::stats::tests::{sample, stats};

    #[test]
    fn workers_add_up() {
        let mut series = Series::default();
        series.add(stats(&[
            sample(100, 10, Outcome::Ok),
            sample(2_001, 20, Outcome::Busy),
        ]));
        series.add(stats(&[
            sample(900, 30, Outcome::Ok),
            sample(901, 5_000, Outcome::Failed(Failure::Status(503))),
        ]));
        let counts = series.total.counts;
        assert_eq!(
            (counts.sent, counts.ok, counts.failed, counts.busy),
            (4, 2, 1, 1)
        );
        assert_eq!(series.total.errors[&Failure::Status(503)], 1);
        assert_eq!(series.total.per_instance["i0"], 2);

        let seconds = series.seconds();
        let counts: Vec<_> = seconds
            .iter()
            .map(|second| (second.at, second.sent, second.ok))
            .collect();
        assert_eq!(counts, [(0.0, 3, 2), (1.0, 0, 0), (2.0, 1, 0)]);
        // Neither a failure nor a busy instance counts as a latency.
        let max = seconds[0].latency_ms.max.expect("answers");
        assert!((max - 30.0).abs() < 0.5, "{max}");
        assert_eq!(seconds[2].latency_ms, Percentiles::default());
    }

    #[test]
    fn old_seconds_are_closed_but_still_count() {
        let mut series = Series::default();
        series.add(stats(&[sample(0, 10, Outcome::Ok)]));
        series.add(stats(&[sample(
            1_000 * (OPEN_SECONDS + 5),
            10,
            Outcome::Ok,
        )]));
        assert!(matches!(series.seconds[0], Row::Closed(..)));
        assert!(matches!(series.seconds[5], Row::Closed(..)));
        assert!(matches!(series.seconds[6], Row::Open(_)));
        series.add(stats(&[sample(0, 90_000, Outcome::Ok)]));
        let first = series.seconds()[0];
        assert_eq!((first.sent, first.ok), (2, 2));
        assert!(first.latency_ms.max > Some(89_000.0), "{first:?}");
        assert!(series.total.latency.max() > 89_000_000);
        let recent = series.recent(Duration::from_secs(OPEN_SECONDS + 5), 10);
        assert!(recent.max < Some(11.0), "{recent:?}");
    }
}

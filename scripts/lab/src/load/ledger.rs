//! What came of all requests, second by second.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::tally::{Counts, GROWS, Second, Tally, percentiles};
use crate::report::run::{LoadSecond, Percentiles};

/// For how many seconds latencies are kept one by one, so that late answers find theirs. Later ones still count,
/// but move no percentile of that second.
const OPEN_SECONDS: u64 = 120;

/// Everything that came in so far, second by second.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    pub(super) total: Tally,
    /// From the first second on, without gaps.
    seconds: Vec<Row>,
}

/// A second of the ledger.
#[derive(Clone, Debug)]
enum Row {
    Open(Second),
    Closed(Counts, Percentiles),
}

impl Ledger {
    /// Adds what a worker handed over.
    pub(super) fn add(&mut self, tally: Tally) {
        self.total.add(&tally);
        for (number, second) in tally.seconds {
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

    /// Latency of the requests that should have started in the last seconds before `now`, in that of `now` too.
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

    /// For the record of the run.
    #[expect(clippy::cast_precision_loss, reason = "seconds of a day at most")]
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
    use std::collections::BTreeMap;

    use super::*;
    use crate::load::failure::Failure;
    use crate::load::mix::Kind;
    use crate::load::tally::{Ending, Sample};

    fn sample(intended: u64, latency: u64, ending: Ending) -> Sample {
        Sample {
            kind: Kind::Visit,
            intended: Duration::from_millis(intended),
            latency: Duration::from_millis(latency),
            ending,
            instance: Some(format!("i{}", intended % 2).into()),
        }
    }

    fn tally(samples: &[Sample]) -> Tally {
        let mut tally = Tally::default();
        for sample in samples {
            tally.note(sample);
        }
        tally
    }

    #[test]
    fn workers_add_up() {
        let mut ledger = Ledger::default();
        ledger.add(tally(&[
            sample(100, 10, Ending::Ok),
            sample(2_001, 20, Ending::Busy),
        ]));
        ledger.add(tally(&[
            sample(900, 30, Ending::Ok),
            sample(901, 5_000, Ending::Failed(Failure::Status(503))),
        ]));
        let requests = ledger.total.requests();
        assert_eq!(
            (requests.sent, requests.ok, requests.failed, requests.busy),
            (4, 2, 1, 1)
        );
        assert_eq!(requests.errors, BTreeMap::from([("503".to_owned(), 1)]));
        assert_eq!(requests.by_kind, BTreeMap::from([("visit".to_owned(), 4)]));
        assert_eq!(ledger.total.per_instance["i0"], 2);

        let seconds = ledger.seconds();
        let counts: Vec<_> = seconds
            .iter()
            .map(|second| (second.at, second.sent, second.ok))
            .collect();
        assert_eq!(counts, [(0.0, 3, 2), (1.0, 0, 0), (2.0, 1, 0)]);
        // A failure is no latency, and neither is a busy instance.
        let max = seconds[0].latency_ms.max.expect("answers");
        assert!((max - 30.0).abs() < 0.5, "{max}");
        assert_eq!(seconds[2].latency_ms, Percentiles::default());
    }

    #[test]
    fn old_seconds_are_closed_and_still_count() {
        let mut ledger = Ledger::default();
        ledger.add(tally(&[sample(0, 10, Ending::Ok)]));
        ledger.add(tally(&[sample(1_000 * (OPEN_SECONDS + 5), 10, Ending::Ok)]));
        assert!(matches!(ledger.seconds[0], Row::Closed(..)));
        assert!(matches!(ledger.seconds[5], Row::Closed(..)));
        assert!(matches!(ledger.seconds[6], Row::Open(_)));
        ledger.add(tally(&[sample(0, 90_000, Ending::Ok)]));
        let first = ledger.seconds()[0];
        assert_eq!((first.sent, first.ok), (2, 2));
        assert!(first.latency_ms.max > Some(89_000.0), "{first:?}");
        assert!(ledger.total.latency.max() > 89_000_000);
        let recent = ledger.recent(Duration::from_secs(OPEN_SECONDS + 5), 10);
        assert!(recent.max < Some(11.0), "{recent:?}");
    }
}

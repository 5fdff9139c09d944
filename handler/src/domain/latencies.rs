//! Latencies counted in fixed buckets, so that those of several instances can be added.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Upper bounds in microseconds, from 0.1 ms to 100 s: ten per decade, the R10 series of ISO 3. A percentile computed
/// from them is off by at most a quarter, and they include the bounds that people usually choose (1, 2.5, 5, 10).
const BOUNDS_US: [u64; 61] = bounds();
/// One more bucket, for requests that took longer than the last bound.
const BUCKETS: usize = BOUNDS_US.len() + 1;

const fn bounds() -> [u64; 61] {
    const DECADE: [u64; 10] = [100, 125, 160, 200, 250, 315, 400, 500, 630, 800];
    let mut bounds = [0; 61];
    let (mut at, mut factor) = (0, 1);
    while at < bounds.len() {
        bounds[at] = DECADE[at % 10] * factor;
        at += 1;
        if at.is_multiple_of(10) {
            factor *= 10;
        }
    }
    bounds
}

/// The number of requests by duration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(u8, u64)>", into = "Vec<(u8, u64)>")]
pub struct Latencies {
    counts: [u64; BUCKETS],
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            counts: [0; BUCKETS],
        }
    }
}

impl Latencies {
    /// Counts a request that took so many microseconds.
    pub fn record(&mut self, us: u64) {
        self.counts[BOUNDS_US.partition_point(|bound| *bound < us)] += 1;
    }

    /// The number of requests.
    pub fn count(&self) -> u64 {
        self.counts
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Requests that took no longer than `bound`, which must be one of the buckets' bounds.
    pub fn within(&self, bound: Duration) -> u64 {
        let us = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
        debug_assert!(BOUNDS_US.contains(&us), "{us} us is no bound");
        let buckets = BOUNDS_US.partition_point(|bound| *bound <= us);
        self.counts[..buckets]
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Adds the requests of another count.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*more);
        }
    }

    /// The requests counted since `earlier`, an earlier state of the same count.
    pub fn since(&self, earlier: &Self) -> Self {
        let mut counts = self.counts;
        for (count, before) in counts.iter_mut().zip(&earlier.counts) {
            *count = count.saturating_sub(*before);
        }
        Self { counts }
    }

    /// The time in milliseconds that this fraction of the requests, 0 to 1, did not exceed. Between two bounds it is
    /// estimated as if the requests were spread evenly. `None` if there are no requests.
    pub fn quantile(&self, part: f64) -> Option<f64> {
        let rank = part * self.count() as f64;
        let mut before = 0.0;
        for (bucket, &count) in self.counts.iter().enumerate() {
            let upto = before + count as f64;
            if count > 0 && upto >= rank {
                let lower = bucket.checked_sub(1).map_or(0, |below| BOUNDS_US[below]) as f64;
                let upper = BOUNDS_US.get(bucket).map_or(lower, |bound| *bound as f64);
                let us = lower + (upper - lower) * ((rank - before) / count as f64);
                return Some(us.round() / 1_000.0);
            }
            before = upto;
        }
        None
    }

    /// The buckets that are not empty, with their numbers.
    fn used(&self) -> impl Iterator<Item = (u8, u64)> + '_ {
        (0_u8..)
            .zip(&self.counts)
            .filter(|(_, count)| **count > 0)
            .map(|(bucket, count)| (bucket, *count))
    }

    /// Encodes the counts in a few bytes for the store: number and count of every bucket that is not empty, with the
    /// count in groups of seven bits (LEB128).
    pub fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (bucket, mut count) in self.used() {
            bytes.push(bucket);
            while count >= 0x80 {
                bytes.push(count as u8 | 0x80);
                count >>= 7;
            }
            bytes.push(count as u8);
        }
        bytes
    }

    /// Decodes the result of [`pack`](Self::pack). Unreadable parts count as no requests.
    pub fn unpack(bytes: &[u8]) -> Self {
        let mut latencies = Self::default();
        let mut bytes = bytes.iter().copied();
        while let Some(bucket) = bytes.next() {
            let mut count: u64 = 0;
            let mut shift = 0;
            for byte in bytes.by_ref() {
                count |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
                shift += 7;
                if byte & 0x80 == 0 {
                    break;
                }
            }
            if let Some(slot) = latencies.counts.get_mut(usize::from(bucket)) {
                *slot = slot.saturating_add(count);
            }
        }
        latencies
    }
}

impl From<Vec<(u8, u64)>> for Latencies {
    fn from(used: Vec<(u8, u64)>) -> Self {
        let mut latencies = Self::default();
        for (bucket, count) in used {
            if let Some(slot) = latencies.counts.get_mut(usize::from(bucket)) {
                *slot = count;
            }
        }
        latencies
    }
}

impl From<Latencies> for Vec<(u8, u64)> {
    fn from(latencies: Latencies) -> Self {
        latencies.used().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(all_us: &[u64]) -> Latencies {
        let mut latencies = Latencies::default();
        for us in all_us {
            latencies.record(*us);
        }
        latencies
    }

    #[test]
    fn bounds_increase_up_to_a_hundred_seconds() {
        assert!(BOUNDS_US.is_sorted());
        assert_eq!(
            (BOUNDS_US[0], BOUNDS_US[10], BOUNDS_US[60]),
            (100, 1_000, 100_000_000)
        );
    }

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let latencies = of(&[0, 999, 1_000, 1_001, 3_600_000_000]);
        assert_eq!(latencies.within(Duration::from_millis(1)), 3);
        assert_eq!(latencies.within(Duration::from_secs(100)), 4);
        assert_eq!(latencies.count(), 5);
    }

    #[test]
    fn percentiles_of_two_instances_are_those_of_all_their_requests() {
        assert_eq!(of(&[]).quantile(0.5), None);
        // One instance has ninety-nine quick requests, the other has one slow request. The mean of their medians
        // would be half a second.
        let mut both = of(&[1_500; 99]);
        both.add(&of(&[1_000_000]));
        let (p50, p95) = (both.quantile(0.50), both.quantile(0.95));
        assert!(p50.is_some_and(|ms| (1.25..=1.6).contains(&ms)), "{p50:?}");
        assert!(p95.is_some_and(|ms| (1.25..=1.6).contains(&ms)), "{p95:?}");
        assert!(both.quantile(1.0).is_some_and(|ms| ms >= 800.0));
    }

    proptest! {
        #[test]
        fn packing_loses_nothing(counts in proptest::collection::vec(0..u64::MAX, BUCKETS)) {
            let counts: [u64; BUCKETS] = counts.try_into().expect("as many as asked for");
            let latencies = Latencies { counts };
            prop_assert_eq!(&Latencies::unpack(&latencies.pack()), &latencies);
            let json = serde_json::to_string(&latencies).expect("numbers only");
            prop_assert_eq!(&serde_json::from_str::<Latencies>(&json).expect("as written"), &latencies);
        }

        #[test]
        fn any_bytes_can_be_unpacked(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Latencies::unpack(&bytes).count();
        }

        #[test]
        fn a_percentile_is_close_to_the_exact_one(mut all in proptest::collection::vec(100_u64..50_000_000, 1..300)) {
            all.sort_unstable();
            let latencies = of(&all);
            for part in [0.5, 0.95, 0.99, 1.0] {
                let rank = ((part * all.len() as f64).ceil() as usize).clamp(1, all.len());
                let truth = all[rank - 1] as f64 / 1_000.0;
                let estimate = latencies.quantile(part).expect("there are requests");
                prop_assert!(estimate >= truth * 0.77 && estimate <= truth * 1.3, "{estimate} for {truth}");
            }
        }
    }
}

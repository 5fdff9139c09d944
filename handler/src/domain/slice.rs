//! The fleet's activity over a span of time, computed from the instances' samples or from shorter spans.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Latencies, Run, Timestamp};

/// The number of instances that a slice lists separately: the most recently started ones. Slices can be combined
/// without losing one: an instance that is among the most recent of a longer time is also among the most recent of
/// every moment in which it ran.
pub(super) const SHOWN_INSTANCES: usize = 20;

/// The activity of one run between two of its heartbeats.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The run.
    pub run: Run,
    /// When it was written.
    pub at: Timestamp,
    /// The time that it covers, which ends when it was written.
    pub length: Duration,
    /// Average over that time.
    pub cpu_percent: f64,
    /// Requests answered in that time.
    pub requests: u64,
    /// Those of them that were timed.
    pub latencies: Latencies,
}

/// The fleet's activity over a span of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// Its beginning.
    pub start: Timestamp,
    /// Its length.
    pub length: Duration,
    /// The number of instances with a heartbeat; over a longer span, the most at one time.
    pub instances: u32,
    /// Average over the instances.
    pub cpu_percent: f64,
    /// Of all instances together.
    pub requests_per_second: f64,
    /// Of all instances together.
    pub latencies: Latencies,
    /// CPU of the most recently started instances, in order of their start.
    pub per_instance: Vec<(Run, f64)>,
}

/// The activity of one run within a slice.
#[derive(Default)]
struct Share {
    seconds: f64,
    cpu_seconds: f64,
    requests: u64,
}

/// Makes slices of this length from samples. Each sample counts in the slice in which it was written.
pub fn slices_of(samples: &[Sample], length: Duration) -> Vec<Slice> {
    let mut starts: BTreeMap<Timestamp, Vec<&Sample>> = BTreeMap::new();
    for sample in samples {
        starts
            .entry(sample.at.floor(length))
            .or_default()
            .push(sample);
    }
    starts
        .into_iter()
        .map(|(start, samples)| slice_of(start, length, &samples))
        .collect()
}

fn slice_of(start: Timestamp, length: Duration, samples: &[&Sample]) -> Slice {
    let mut shares: BTreeMap<Run, Share> = BTreeMap::new();
    let mut latencies = Latencies::default();
    for sample in samples {
        let share = shares.entry(sample.run).or_default();
        let seconds = sample.length.as_secs_f64();
        share.seconds += seconds;
        share.cpu_seconds += seconds * sample.cpu_percent;
        share.requests = share.requests.saturating_add(sample.requests);
        latencies.add(&sample.latencies);
    }
    // A slice is as long as two heartbeats. A final heartbeat right after the previous one covers so little time that
    // its rate would be meaningless.
    let shortest = length.as_secs_f64() / 4.0;
    let cpu: Vec<(Run, f64)> = shares
        .iter()
        .map(|(run, share)| {
            (
                *run,
                share.cpu_seconds / share.seconds.max(f64::MIN_POSITIVE),
            )
        })
        .collect();
    Slice {
        start,
        length,
        instances: u32::try_from(shares.len()).unwrap_or(u32::MAX),
        cpu_percent: cpu.iter().map(|(_, cpu)| cpu).sum::<f64>() / shares.len().max(1) as f64,
        requests_per_second: shares
            .values()
            .map(|share| share.requests as f64 / share.seconds.max(shortest))
            .sum(),
        latencies,
        per_instance: cpu[cpu.len().saturating_sub(SHOWN_INSTANCES)..].to_vec(),
    }
}

/// The sum of several slices.
#[derive(Debug, Clone, Default)]
pub struct Sum {
    instances: u32,
    seconds: f64,
    instance_seconds: f64,
    cpu: f64,
    requests: f64,
    latencies: Latencies,
    per_instance: BTreeMap<Run, (f64, f64)>,
}

impl Sum {
    /// Adds a slice.
    pub fn add(&mut self, slice: &Slice) {
        let seconds = slice.length.as_secs_f64();
        let weight = seconds * f64::from(slice.instances);
        self.instances = self.instances.max(slice.instances);
        self.seconds += seconds;
        self.instance_seconds += weight;
        self.cpu += slice.cpu_percent * weight;
        self.requests += slice.requests_per_second * seconds;
        self.latencies.add(&slice.latencies);
        for (run, cpu) in &slice.per_instance {
            let (sum, time) = self.per_instance.entry(*run).or_default();
            *sum += cpu * seconds;
            *time += seconds;
        }
    }

    /// The sum as one slice; `None` if nothing was added.
    pub fn slice(&self, start: Timestamp, length: Duration) -> Option<Slice> {
        if self.instance_seconds <= 0.0 {
            return None;
        }
        let skipped = self.per_instance.len().saturating_sub(SHOWN_INSTANCES);
        let recent = self.per_instance.iter().skip(skipped);
        Some(Slice {
            start,
            length,
            instances: self.instances,
            cpu_percent: self.cpu / self.instance_seconds,
            requests_per_second: self.requests / self.seconds,
            latencies: self.latencies.clone(),
            per_instance: recent
                .map(|(run, (sum, time))| (*run, sum / time))
                .collect(),
        })
    }
}

/// Bytes per instance in the store: the run's number, then its CPU in tenths of a percent.
const PACKED: usize = 10;

/// Encodes the CPU of the instances in a few bytes for the store.
pub fn pack_per_instance(per_instance: &[(Run, f64)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(per_instance.len() * PACKED);
    for (run, cpu) in per_instance {
        bytes.extend_from_slice(&run.number().to_be_bytes());
        // At most 1000.
        let tenths = (cpu.clamp(0.0, 100.0) * 10.0).round() as u16;
        bytes.extend_from_slice(&tenths.to_be_bytes());
    }
    bytes
}

/// Decodes the result of [`pack_per_instance`]. Unreadable parts are left out.
pub fn unpack_per_instance(bytes: &[u8]) -> Vec<(Run, f64)> {
    let one = |packed: &[u8]| {
        let (run, tenths) = packed.split_first_chunk()?;
        let tenths = tenths.first_chunk()?;
        let run = Run::from_number(i64::from_be_bytes(*run));
        Some((run, f64::from(u16::from_be_bytes(*tenths)) / 10.0))
    };
    bytes.chunks_exact(PACKED).filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn sample(run: i64, at: i64, seconds: u64, cpu_percent: f64, requests: u64) -> Sample {
        Sample {
            run: Run::from_number(run),
            at: Timestamp::from_millis(at),
            length: SECOND * u32::try_from(seconds).expect("short"),
            cpu_percent,
            requests,
            latencies: Latencies::default(),
        }
    }

    #[test]
    fn an_instance_with_two_heartbeats_in_a_slice_counts_once() {
        let samples = [
            sample(1, 11_000, 5, 80.0, 50),
            sample(1, 16_000, 5, 60.0, 150),
            sample(2, 19_999, 5, 10.0, 5),
            sample(2, 20_000, 5, 100.0, 0),
        ];
        let slices = slices_of(&samples, SECOND * 10);
        assert_eq!(slices.len(), 2);
        let first = &slices[0];
        assert_eq!((first.start.millis(), first.instances), (10_000, 2));
        assert_eq!((first.cpu_percent, first.requests_per_second), (40.0, 21.0));
        assert_eq!(
            first.per_instance,
            [(Run::from_number(1), 70.0), (Run::from_number(2), 10.0)]
        );
        assert_eq!((slices[1].instances, slices[1].cpu_percent), (1, 100.0));
    }

    #[test]
    fn a_short_final_sample_does_not_distort_the_average() {
        let mut last = sample(1, 500, 0, 0.0, 3);
        last.length = Duration::from_millis(1);
        let slices = slices_of(&[last], SECOND);
        assert_eq!(slices[0].requests_per_second, 12.0);
    }

    #[test]
    fn slices_add_up_to_a_longer_one() {
        let slice = |start, instances, cpu_percent, per_second, per_instance| Slice {
            start: Timestamp::from_millis(start),
            length: SECOND * 10,
            instances,
            cpu_percent,
            requests_per_second: per_second,
            latencies: Latencies::default(),
            per_instance,
        };
        let (one, two) = (Run::from_number(1), Run::from_number(2));
        let mut sum = Sum::default();
        assert_eq!(sum.slice(Timestamp::from_millis(0), SECOND * 60), None);
        sum.add(&slice(0, 1, 90.0, 10.0, vec![(one, 90.0)]));
        sum.add(&slice(
            10_000,
            2,
            30.0,
            20.0,
            vec![(one, 40.0), (two, 20.0)],
        ));
        let whole = sum
            .slice(Timestamp::from_millis(0), SECOND * 60)
            .expect("two were added");
        // Three instances' slices: 90, 40 and 20.
        assert_eq!((whole.instances, whole.cpu_percent), (2, 50.0));
        assert_eq!(whole.requests_per_second, 15.0);
        assert_eq!(whole.per_instance, [(one, 65.0), (two, 20.0)]);
    }

    #[test]
    fn only_the_most_recent_instances_are_listed_separately() {
        let samples: Vec<Sample> = (1..=1_000).map(|run| sample(run, 0, 1, 50.0, 1)).collect();
        let slices = slices_of(&samples, SECOND);
        assert_eq!(
            (slices[0].instances, slices[0].requests_per_second),
            (1_000, 1_000.0)
        );
        let shown: Vec<i64> = slices[0]
            .per_instance
            .iter()
            .map(|(run, _)| run.number())
            .collect();
        assert_eq!(shown, (981..=1_000).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn packing_keeps_a_tenth_of_a_percent(
            all in proptest::collection::vec((any::<i64>(), 0.0..100.0), 0..20),
        ) {
            let all: Vec<_> = all.into_iter().map(|(run, cpu)| (Run::from_number(run), cpu)).collect();
            let unpacked = unpack_per_instance(&pack_per_instance(&all));
            prop_assert_eq!(unpacked.len(), all.len());
            for ((run, cpu), (wanted, truth)) in unpacked.iter().zip(&all) {
                prop_assert_eq!(run, wanted);
                prop_assert!((cpu - truth).abs() <= 0.050_001);
            }
        }

        #[test]
        fn any_bytes_can_be_unpacked(bytes in proptest::collection::vec(any::<u8>(), 0..50)) {
            let _ = unpack_per_instance(&bytes);
        }
    }
}

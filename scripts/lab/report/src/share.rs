//! How evenly the requests were spread.

use std::collections::BTreeMap;

use run_record::format::total;
use run_record::{InstanceRecord, Run};

/// What each instance answered beside what would have been fair.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Share {
    /// Instances that were compared.
    pub(crate) instances: u32,
    /// Requests that were compared.
    pub(crate) requests: u64,
    /// The instance farthest from its fair share, and how far: 0.1 is a tenth more than fair.
    pub(crate) worst: (String, f64),
    /// Counted while all served; otherwise estimated from the whole run and the time that each served.
    pub(crate) counted: bool,
}

/// With fewer requests than this for each instance, chance alone makes them differ.
const ENOUGH: f64 = 50.0;

/// `None` where never two served at once, or too little is known or was asked.
pub(crate) fn share(run: &Run) -> Option<Share> {
    let highest = run
        .samples
        .iter()
        .map(|sample| sample.ready)
        .max()
        .filter(|highest| *highest > 1)?;
    counted(run, highest).or_else(|| estimated(run, highest))
}

/// From the counts taken while as many served as ever did.
fn counted(run: &Run, highest: u32) -> Option<Share> {
    let records: BTreeMap<&str, &InstanceRecord> = run
        .instances
        .iter()
        .map(|instance| (instance.id.as_str(), instance))
        .collect();
    // What no record names is taken at its word: a target elsewhere may not tell when an instance was ready.
    let serves = |id: &str, at: f64| records.get(id).is_none_or(|instance| serving(instance, at));
    let mut answered: BTreeMap<&str, u64> = BTreeMap::new();
    for pair in run.samples.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        // Those that serve at both ends, so that a newcomer's first and a leaver's last moments do not count.
        if before.ready != highest || after.ready != highest {
            continue;
        }
        for (id, count) in &after.requests {
            if let Some(earlier) = before.requests.get(id)
                && (serves(id, before.at) && serves(id, after.at))
            {
                let answered = answered.entry(id).or_default();
                *answered = total([*answered, count.saturating_sub(*earlier)]);
            }
        }
    }
    let requests = total(answered.values().copied());
    if answered.len() != highest as usize {
        return None;
    }
    let fair = requests as f64 / f64::from(highest);
    let ratios = answered
        .into_iter()
        .map(|(id, count)| (id.to_owned(), count as f64 / fair - 1.0));
    compared(ratios.collect(), requests, fair, true)
}

/// Whether an instance was ready at this time.
pub(crate) fn serving(instance: &InstanceRecord, at: f64) -> bool {
    instance.ready.is_some_and(|ready| ready <= at) && instance.ended.is_none_or(|ended| ended > at)
}

/// From the whole run: each second's requests, split among those that served then.
fn estimated(run: &Run, highest: u32) -> Option<Share> {
    let mut fair: BTreeMap<&str, f64> = BTreeMap::new();
    for second in &run.load {
        let serving: Vec<&str> = run
            .instances
            .iter()
            .filter(|one| serving(one, second.at))
            .map(|one| one.id.as_str())
            .collect();
        for id in &serving {
            *fair.entry(id).or_default() += second.sent as f64 / serving.len() as f64;
        }
    }
    fair.retain(|_, fair| *fair >= ENOUGH);
    if fair.len() < 2 {
        return None;
    }
    let served = fair.keys().map(|id| run.per_instance.get(*id).copied());
    let requests = total(served.flatten());
    if requests == 0 {
        return None;
    }
    let least = fair.values().copied().fold(f64::INFINITY, f64::min);
    let ratios = fair.into_iter().map(|(id, fair)| {
        let answered = run.per_instance.get(id).copied().unwrap_or(0);
        (id.to_owned(), answered as f64 / fair - 1.0)
    });
    let ratios: Vec<(String, f64)> = ratios.collect();
    let instances = highest.min(u32::try_from(ratios.len()).unwrap_or(u32::MAX));
    compared(ratios, requests, least, false).map(|share| Share { instances, ..share })
}

fn compared(ratios: Vec<(String, f64)>, requests: u64, fair: f64, counted: bool) -> Option<Share> {
    let instances = u32::try_from(ratios.len()).unwrap_or(u32::MAX);
    let worst = ratios
        .into_iter()
        .max_by(|one, other| one.1.abs().total_cmp(&other.1.abs()))?;
    (fair >= ENOUGH).then_some(Share {
        instances,
        requests,
        worst,
        counted,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use run_record::{FleetSample, LoadSecond};

    fn sample(at: f64, ready: u32, requests: &[(&str, u64)]) -> FleetSample {
        FleetSample {
            at,
            ready,
            wanted: ready,
            requests: requests
                .iter()
                .map(|(id, count)| ((*id).to_owned(), *count))
                .collect(),
            ..FleetSample::default()
        }
    }

    #[test]
    fn only_the_time_with_all_of_them_up_counts() {
        let run = Run {
            samples: vec![
                sample(0.0, 1, &[("a", 0)]),
                sample(10.0, 2, &[("a", 1000), ("b", 0)]),
                sample(20.0, 2, &[("a", 1110), ("b", 90)]),
                sample(30.0, 1, &[("a", 2000), ("b", 90)]),
            ],
            ..Run::default()
        };
        let share = share(&run).unwrap();
        assert_eq!(
            (share.instances, share.requests, share.counted),
            (2, 200, true)
        );
        assert!((share.worst.1.abs() - 0.1).abs() < 1e-9, "{share:?}");
    }

    #[test]
    fn without_counts_the_time_that_each_served_is_used() {
        let instance = |id: &str, ready, ended| InstanceRecord {
            id: id.to_owned(),
            ready: Some(ready),
            ended,
            ..InstanceRecord::default()
        };
        let run = Run {
            samples: vec![sample(0.0, 1, &[]), sample(10.0, 2, &[])],
            load: (0..20)
                .map(|at| LoadSecond {
                    at: f64::from(at),
                    sent: 100,
                    ..LoadSecond::default()
                })
                .collect(),
            instances: vec![instance("a", -1.0, None), instance("b", 10.0, None)],
            // Fair are 1,500 and 500.
            per_instance: [("a".to_owned(), 1400), ("b".to_owned(), 600)].into(),
            ..Run::default()
        };
        let share = share(&run).unwrap();
        assert_eq!(
            (share.instances, share.requests, share.counted),
            (2, 2000, false)
        );
        assert_eq!(share.worst.0, "b");
        assert!((share.worst.1 - 0.2).abs() < 1e-9, "{share:?}");
    }

    #[test]
    fn one_instance_or_a_handful_of_requests_say_nothing() {
        let alone = Run {
            samples: vec![sample(0.0, 1, &[]), sample(1.0, 1, &[])],
            ..Run::default()
        };
        assert_eq!(share(&alone), None);
        let few = Run {
            samples: vec![
                sample(0.0, 2, &[("a", 0), ("b", 0)]),
                sample(1.0, 2, &[("a", 9), ("b", 1)]),
            ],
            ..Run::default()
        };
        assert_eq!(share(&few), None);
    }
}

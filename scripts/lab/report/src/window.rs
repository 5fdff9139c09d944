//! The average CPU over the window of each rule.

use run_record::format::Clock;
use run_record::{FleetSample, Run};

use crate::rules::Rule;

/// The mean of each rule's window, by sample.
pub(crate) struct WindowMeans {
    pub(crate) rules: Vec<Rule>,
    /// By rule, then by sample; `None` before a whole window was seen.
    of: Vec<Vec<Option<f64>>>,
}

impl WindowMeans {
    pub(crate) fn of(run: &Run, rules: Vec<Rule>, clock: Clock) -> Self {
        let of = rules
            .iter()
            .map(|rule| window_means(&run.samples, rule.window / clock.scale()))
            .collect();
        Self { rules, of }
    }

    fn at(&self, index: usize) -> impl Iterator<Item = (&Rule, Option<f64>)> {
        self.rules
            .iter()
            .zip(self.of.iter().map(move |means| means[index]))
    }

    /// The mean that fires one of the rules.
    pub(crate) fn any(&self, index: usize) -> Option<f64> {
        self.at(index)
            .find_map(|(rule, mean)| mean.filter(|mean| rule.fires(*mean)))
    }

    /// The first rule's mean, if all of them fire.
    pub(crate) fn all(&self, index: usize) -> Option<f64> {
        let fires = self
            .at(index)
            .all(|(rule, mean)| mean.is_some_and(|mean| rule.fires(mean)));
        if fires {
            self.at(index).next()?.1
        } else {
            None
        }
    }

    /// Whether one instance fewer would fire one of the rules: Azure's guard against flapping.
    pub(crate) fn would_fire(&self, index: usize, count: u32) -> bool {
        count > 1
            && self.at(index).any(|(rule, mean)| {
                mean.is_some_and(|mean| rule.fires(mean * f64::from(count) / f64::from(count - 1)))
            })
    }

    pub(crate) fn highest(&self) -> Option<(f64, Rule)> {
        let means = self
            .rules
            .iter()
            .zip(&self.of)
            .flat_map(|(rule, means)| means.iter().flatten().map(move |mean| (*mean, rule)));
        means
            .max_by(|one, other| one.0.total_cmp(&other.0))
            .map(|(mean, rule)| (mean, rule.clone()))
    }
}

/// The mean CPU of the window that ends at each sample.
fn window_means(samples: &[FleetSample], window: f64) -> Vec<Option<f64>> {
    let known: Vec<(f64, f64)> = samples
        .iter()
        .filter_map(|sample| Some((sample.at, sample.cpu_percent?)))
        .collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else {
        return vec![None; samples.len()];
    };
    // A sample stands for the time up to it, so the first one's time belongs to the window too.
    let gap = (last.0 - first.0) / (known.len().max(2) - 1) as f64;
    let (mut begin, mut end, mut sum) = (0, 0, 0.0);
    samples
        .iter()
        .map(|sample| {
            while end < known.len() && known[end].0 <= sample.at {
                sum += known[end].1;
                end += 1;
            }
            while begin < end && known[begin].0 <= sample.at - window {
                sum -= known[begin].1;
                begin += 1;
            }
            (begin < end && sample.at - first.0 >= window - gap * 1.01)
                .then(|| sum / (end - begin) as f64)
        })
        .collect()
}

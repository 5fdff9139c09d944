//! A run with everything that is derived from it for the page.

use std::collections::BTreeSet;

use run_record::{Run, Verdict};

use crate::analysis::Analysis;
use crate::compared::Pair;
use crate::judge::{self, judge};

/// Names of the files with the raw data that lie beside the page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beside {
    pub(crate) json: Option<String>,
    pub(crate) csv: Option<String>,
}

/// A run with what is derived from it once, for every part of the page.
pub(crate) struct Page<'a> {
    pub(crate) run: &'a Run,
    pub(crate) analysis: Analysis,
    pub(crate) verdict: Verdict,
    pub(crate) beside: &'a Beside,
    /// The run and the one that it is compared with.
    pub(crate) pair: Option<Pair<'a>>,
    /// Instance ids in the order of their colours.
    pub(crate) order: Vec<&'a str>,
}

impl<'a> Page<'a> {
    pub(crate) fn of(run: &'a Run, beside: &'a Beside) -> Self {
        // A run that was not judged, such as one that was cut short, is judged here.
        let verdict = if run.verdict.autoscaling.is_empty() {
            judge(run)
        } else {
            run.verdict.clone()
        };
        Self {
            run,
            analysis: Analysis::of(run),
            verdict,
            beside,
            pair: Pair::of(run),
            order: order(run),
        }
    }

    /// The run, or the two that are compared, with the names of their rule files.
    pub(crate) fn runs(&self) -> Vec<(&'a Run, Option<&str>)> {
        match &self.pair {
            Some(pair) => {
                let names = pair.names.iter().map(|name| Some(name.as_str()));
                pair.runs.into_iter().zip(names).collect()
            }
            None => vec![(self.run, None)],
        }
    }

    /// One line: what the page is about.
    pub(crate) fn title(&self) -> String {
        format!("{} · {}", self.headline(), self.run.title)
    }

    pub(crate) fn headline(&self) -> String {
        if let Some(pair) = &self.pair {
            return pair.headline();
        }
        let headline = match self.verdict.autoscaling.as_str() {
            judge::WORKED => "Autoscaling worked",
            judge::DID_NOT_WORK => "Autoscaling did not work",
            judge::NOT_ASKED => "Autoscaling was not needed",
            judge::CANNOT_TELL => "This run does not show whether autoscaling works",
            other => other,
        };
        headline.to_owned()
    }
}

/// By start, so that an instance has the same colour everywhere; those known from samples alone come last.
fn order(run: &Run) -> Vec<&str> {
    let mut records: Vec<_> = run.instances.iter().collect();
    records.sort_by(|one, other| {
        one.started
            .total_cmp(&other.started)
            .then_with(|| one.id.cmp(&other.id))
    });
    let mut order: Vec<&str> = records
        .into_iter()
        .map(|instance| instance.id.as_str())
        .collect();
    let sampled = run
        .samples
        .iter()
        .flat_map(|sample| sample.per_instance.keys())
        .chain(run.per_instance.keys());
    let mut rest: BTreeSet<&str> = sampled.map(String::as_str).collect();
    rest.retain(|id| !order.contains(id));
    order.extend(rest);
    order
}

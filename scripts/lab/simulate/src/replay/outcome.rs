//! The result for a whole log.

use std::collections::BTreeMap;

use ::rules::Rules;
use autoscale::Finding;
use serde::Serialize;

use super::compare::compare;
use super::disagreement::{Comparison, Disagreement, Gap, Kind};
use super::log::{Evaluation, Log};
use super::moment;

/// The most disagreements that are kept with details. All are counted.
const MOST_KEPT: usize = 1_000;

/// How far a log agrees with the engine.
#[derive(Debug, Default, Serialize)]
pub(super) struct Outcome {
    log: String,
    rules: String,
    findings: Vec<Finding>,
    notes: Vec<String>,
    rows: usize,
    evaluations: usize,
    /// Evaluations in which something was compared.
    compared: usize,
    rule_results: usize,
    counts: usize,
    agreeing: usize,
    /// The share of the compared evaluations that agree, from 0 to 1.
    agreement: f64,
    first: Option<Found>,
    /// How many evaluations have each kind of disagreement.
    disagreements: BTreeMap<Kind, usize>,
    not_compared: BTreeMap<Gap, usize>,
    found: Vec<Found>,
    #[serde(skip)]
    from_to: Option<(String, String)>,
}

/// A disagreement and its evaluation.
#[derive(Debug, Clone, Serialize)]
struct Found {
    correlation_id: String,
    at: Option<String>,
    #[serde(flatten)]
    disagreement: Disagreement,
}

impl Outcome {
    pub(super) fn of(log: &Log, name: &str, rules: &Rules) -> Self {
        let mut updates = log.evaluations.iter().filter_map(|one| one.update.as_ref());
        let always_updated = updates.any(|row| row.updates == Some(false));
        let mut evaluations = log.evaluations.iter();
        let without = evaluations.any(|one| one.update.is_none() && one.current().is_some());
        let mut outcome = Self {
            log: name.to_owned(),
            rules: rules.name.clone(),
            findings: rules.findings.clone(),
            notes: notes(log, rules),
            rows: log.rows,
            evaluations: log.evaluations.len(),
            from_to: from_to(log),
            ..Self::default()
        };
        if !always_updated && without {
            outcome.notes.push(
                "Evaluations without a row InstanceUpdateEvaluation are taken to leave the number of instances as it is, because the log has none with ShouldUpdateInstance false.".to_owned(),
            );
        }
        let last = log.evaluations.len() - 1;
        for (index, evaluation) in log.evaluations.iter().enumerate() {
            let mut comparison = compare(evaluation, &rules.setting, always_updated);
            if index == 0 || index == last {
                cut_off(&mut comparison);
            }
            outcome.add(evaluation, comparison);
        }
        if outcome.compared > 0 {
            outcome.agreement = outcome.agreeing as f64 / outcome.compared as f64;
        }
        outcome
    }

    fn add(&mut self, evaluation: &Evaluation, comparison: Comparison) {
        self.rule_results += comparison.rule_results;
        self.counts += usize::from(comparison.count);
        if let Some(gap) = comparison.gap {
            *self.not_compared.entry(gap).or_default() += 1;
        }
        let compared = comparison.count || comparison.rule_results > 0;
        if compared || !comparison.found.is_empty() {
            self.compared += 1;
            self.agreeing += usize::from(comparison.found.is_empty());
        }
        let mut kinds: Vec<Kind> = comparison.found.iter().map(|found| found.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            *self.disagreements.entry(kind).or_default() += 1;
        }
        for disagreement in comparison.found {
            if self.found.len() >= MOST_KEPT {
                break;
            }
            let found = Found {
                correlation_id: evaluation.id.clone(),
                at: evaluation.evaluated_at().map(moment::shown),
                disagreement,
            };
            self.first.get_or_insert_with(|| found.clone());
            self.found.push(found);
        }
    }

    /// Whether anything could be compared.
    pub(super) fn compared_something(&self) -> bool {
        let only_incomplete = self
            .disagreements
            .keys()
            .all(|kind| *kind == Kind::Incomplete);
        self.counts > 0 || self.rule_results > 0 || !only_incomplete
    }

    pub(super) fn agrees(&self) -> bool {
        self.disagreements.is_empty()
    }

    /// For people.
    pub(super) fn describe(&self) -> String {
        let Self {
            evaluations,
            compared,
            agreeing,
            ..
        } = self;
        let mut text = format!(
            "log         {}: {} in {}",
            self.log,
            counted(*evaluations, "evaluation"),
            counted(self.rows, "row"),
        );
        if let Some((from, to)) = &self.from_to {
            text += &format!(", {from} to {to}");
        }
        text += &format!("\nrules       {}\n", self.rules);
        for note in &self.notes {
            text += &format!("note        {note}\n");
        }
        for finding in &self.findings {
            text += &format!("finding     {finding}\n");
        }
        text += &format!(
            "compared    {} of rules, {} of instances\n",
            counted(self.rule_results, "result"),
            counted(self.counts, "number"),
        );
        // If anything differs, never 100%.
        let tenths = (self.agreement * 1_000.0).floor() / 10.0;
        text += &format!(
            "agreement   {tenths:.1}%: {agreeing} of {}\n",
            counted(*compared, "evaluation")
        );
        for (gap, number) in &self.not_compared {
            text += &format!("left out    {number}: {}\n", gap.describe());
        }
        if let Some(found) = &self.first {
            let at = found.at.as_deref().unwrap_or("at an unknown time");
            let Disagreement {
                kind,
                about,
                log,
                lab,
            } = &found.disagreement;
            text += &format!(
                "\nFirst disagreement: {at}, evaluation {}\n  {}: {about}\n  log   {log}\n  lab   {lab}\n",
                found.correlation_id,
                kind.describe()
            );
            text += "\nevaluations   disagreement\n";
            for (kind, number) in &self.disagreements {
                text += &format!("{number:>11}   {}\n", kind.describe());
            }
        }
        text
    }
}

/// The first and the last evaluation of an export may lack rows.
fn cut_off(comparison: &mut Comparison) {
    let before = comparison.found.len();
    comparison
        .found
        .retain(|found| found.kind != Kind::Incomplete);
    if comparison.found.len() < before {
        comparison.gap = Some(Gap::CutOff);
    }
}

fn notes(log: &Log, rules: &Rules) -> Vec<String> {
    let mut notes = Vec::new();
    let own = &rules.setting.name;
    if let Some(name) = &log.setting
        && !own.is_empty()
        && !name.eq_ignore_ascii_case(own)
    {
        notes.push(format!(
            "The log is of the setting {}, and the rules are those of {own}.",
            terminal::printable(name)
        ));
    }
    if log.others > 0 {
        notes.push(format!(
            "Not part of an evaluation: {}.",
            counted(log.others, "row")
        ));
    }
    notes
}

fn from_to(log: &Log) -> Option<(String, String)> {
    let mut times = log.evaluations.iter().filter_map(Evaluation::evaluated_at);
    let first = times.next()?;
    let last = times.next_back().unwrap_or(first);
    Some((moment::shown(first), moment::shown(last)))
}

fn counted(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

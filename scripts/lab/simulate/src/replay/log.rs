//! The log: its rows, and their evaluations.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use csv::{ReaderBuilder, StringRecord, Trim};
use recorded_load::text;

use super::column::{Cells, key};
use super::row::{CooldownRow, CountRow, Entry, ProfileRow, Row, RuleRow, SamplesRow, UpdateRow};
use super::rows::Rows;
use super::{LONGEST_LOG, json};

/// A log of one autoscale setting.
#[derive(Debug)]
pub(super) struct Log {
    /// Rows that belong to an evaluation.
    pub(super) rows: usize,
    /// Other rows.
    pub(super) others: usize,
    /// The setting's name, if the log contains it.
    pub(super) setting: Option<String>,
    /// In chronological order.
    pub(super) evaluations: Vec<Evaluation>,
}

/// The rows of one evaluation.
#[derive(Debug, Default)]
pub(super) struct Evaluation {
    pub(super) id: String,
    /// The time of the evaluation, since 1970 in UTC.
    pub(super) at: Option<Duration>,
    pub(super) profiles: Vec<ProfileRow>,
    pub(super) cooldowns: Vec<CooldownRow>,
    pub(super) rules: Vec<RuleRow>,
    pub(super) samples: Vec<SamplesRow>,
    pub(super) count: Option<CountRow>,
    pub(super) skipped: bool,
    pub(super) update: Option<UpdateRow>,
}

impl Log {
    /// Reads a file. If it contains several settings, reads the rows of the setting with this name.
    ///
    /// # Errors
    /// One sentence.
    pub(super) fn read(path: &Path, setting: &str) -> anyhow::Result<Self> {
        let name = terminal::printable(&path.display().to_string());
        let read = || {
            let file = File::open(path).context("it cannot be read")?;
            Self::parse(&text(file, LONGEST_LOG)?, setting)
        };
        read().with_context(|| format!("the log {name} cannot be used"))
    }

    pub(super) fn parse(text: &str, setting: &str) -> anyhow::Result<Self> {
        let text = text.trim_start_matches('\u{feff}');
        let mut rows = Rows::default();
        match text.trim_start().as_bytes() {
            [b'[' | b'{', ..] => json::read(text, &mut rows)?,
            _ => table(text, &mut rows)?,
        }
        ensure!(
            !rows.of_evaluations.is_empty(),
            "it has no row of an evaluation (OperationName such as ScaleRuleEvaluation, CorrelationId, and the columns of that operation): export the table AutoscaleEvaluationsLog, or the records of the category AutoscaleEvaluations"
        );
        let (name, of_setting) = of_one_setting(rows.of_evaluations, setting)?;
        Ok(Self {
            rows: of_setting.len(),
            others: rows.others,
            setting: name,
            evaluations: evaluations(of_setting),
        })
    }
}

/// The rows of a table in text form.
fn table(text: &str, rows: &mut Rows) -> anyhow::Result<()> {
    let header = text.lines().find(|line| !line.trim().is_empty());
    let header = header.context("it is empty")?;
    let delimiters = [b',', b';', b'\t'];
    let delimiter = delimiters
        .into_iter()
        .max_by_key(|delimiter| header.bytes().filter(|byte| byte == delimiter).count());
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .trim(Trim::All)
        .delimiter(delimiter.unwrap_or(b','))
        .from_reader(text.as_bytes());
    let headings = reader.headers().context("it is neither JSON nor CSV")?;
    let columns: Vec<String> = headings.iter().map(key).collect();
    let has = |name: &str| columns.contains(&key(name));
    ensure!(
        has("OperationName") && has("CorrelationId"),
        "it is neither JSON nor CSV whose first line names the columns OperationName and CorrelationId"
    );
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).context("it is not CSV")? {
        let mut cells = Cells::default();
        for (column, text) in columns.iter().zip(&record) {
            cells.add(column.clone(), text.into());
        }
        rows.add(&cells).map_err(anyhow::Error::msg)?;
    }
    Ok(())
}

/// The rows of the selected setting, and its name.
fn of_one_setting(mut rows: Vec<Row>, setting: &str) -> anyhow::Result<(Option<String>, Vec<Row>)> {
    let name = |resource: &str| resource.rsplit('/').next().unwrap_or_default().to_owned();
    let resources: BTreeSet<&String> = rows
        .iter()
        .filter_map(|row| row.resource.as_ref())
        .collect();
    let mut meant: Vec<String> = resources.iter().copied().cloned().collect();
    if meant.len() > 1 {
        meant.retain(|resource| name(resource).eq_ignore_ascii_case(setting));
    }
    let one = match (resources.is_empty(), meant.as_slice()) {
        (true, _) => return Ok((None, rows)),
        (false, [one]) => one.clone(),
        (false, _) => {
            const SHOWN: usize = 5;
            let shown: Vec<&str> = resources
                .iter()
                .map(|one| one.as_str())
                .take(SHOWN)
                .collect();
            bail!(
                "it has the evaluations of {} settings ({}), and {} of them has the name of the rules' setting, {setting:?}: export those of one with | where _ResourceId =~ \"ID\"",
                resources.len(),
                shown.join(", "),
                if meant.is_empty() {
                    "none"
                } else {
                    "more than one"
                },
            )
        }
    };
    rows.retain(|row| {
        row.resource
            .as_ref()
            .is_none_or(|resource| *resource == one)
    });
    Ok((Some(name(&one)).filter(|name| !name.is_empty()), rows))
}

/// Groups the rows by evaluation.
fn evaluations(rows: Vec<Row>) -> Vec<Evaluation> {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut evaluations: Vec<Evaluation> = Vec::new();
    for row in rows {
        let new = evaluations.len();
        let number = *numbers.entry(row.correlation).or_insert_with_key(|id| {
            evaluations.push(Evaluation {
                id: id.clone(),
                ..Evaluation::default()
            });
            new
        });
        evaluations[number].add(row.at, row.entry);
    }
    evaluations.sort_by_key(|evaluation| evaluation.at);
    evaluations
}

impl Evaluation {
    fn add(&mut self, at: Option<Duration>, entry: Entry) {
        self.at = match (self.at, at) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        match entry {
            Entry::Profile(row) => self.profiles.push(row),
            Entry::Cooldown(row) => self.cooldowns.push(row),
            Entry::Rule(row) => self.rules.push(row),
            Entry::Samples(row) => self.samples.push(row),
            Entry::Count(row) => self.count = Some(row),
            Entry::Operation(skips) => self.skipped |= skips,
            Entry::Update(row) => self.update = Some(row),
        }
    }

    /// The time of the check of the cooldowns, or else of the profiles, or else of the rows.
    pub(super) fn evaluated_at(&self) -> Option<Duration> {
        let of_cooldown = self.cooldowns.iter().find_map(|row| row.at);
        let of_profile = || self.profiles.iter().find_map(|row| row.at);
        of_cooldown.or_else(of_profile).or(self.at)
    }

    /// When a rule last changed the count.
    pub(super) fn last_action(&self) -> Option<Duration> {
        self.cooldowns
            .iter()
            .filter_map(|row| row.last_action)
            .max()
    }

    /// The count before the evaluation, according to the log.
    pub(super) fn current(&self) -> Option<u32> {
        let of_count = self.count.as_ref().and_then(|row| row.current);
        of_count.or_else(|| self.update.as_ref()?.current)
    }
}

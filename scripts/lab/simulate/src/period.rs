//! The load of a simulation with its start time and the model: what all rule sets share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use autoscale::{Finding, Kind, Setting};
use recorded_load::{Load, ReadOptions, Source, metric_column};
use rules::Rules;

use crate::model::Model;
use crate::outcome::Scenario;
use crate::start::Start;

/// Limits a simulation to some seconds: two months of evaluations every second.
const MOST_EVALUATIONS: u64 = 5_300_000;

/// The options of all commands that simulate.
#[derive(clap::Args)]
pub(crate) struct SimulationOptions {
    /// Time of the load's first second, such as 2026-01-05T08:00, for profiles with a calendar [default: the load's first
    /// time, or else Monday 2026-01-05]
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// Time zone of times without an offset, such as Europe/Berlin [default: that of the first profile with a calendar,
    /// or else UTC]
    #[arg(long, value_name = "NAME")]
    timezone: Option<String>,
    #[command(flatten)]
    model: Model,
    /// Price file for the cost estimate [default: infra/prices.json, built in]
    #[arg(long, value_name = "FILE")]
    pub(crate) prices: Option<PathBuf>,
}

/// A load, its start time, and the assumptions about the platform.
pub(crate) struct Period {
    pub(crate) load: Load,
    pub(crate) start: Start,
    pub(crate) model: Model,
}

impl Period {
    /// Reads a load for all of these settings.
    pub(crate) fn read(
        options: &SimulationOptions,
        path: &Path,
        settings: &[&Setting],
    ) -> anyhow::Result<Self> {
        let model = options.model;
        let zone = rules::zone(options.timezone.as_deref(), settings)?;
        let source = Source::open(path)?;
        let metrics = settings.iter().flat_map(|setting| &setting.metrics);
        let rule_metrics: Vec<&str> = metrics.map(|metric| metric.name.as_str()).collect();
        let read = |instances| {
            source.read(&ReadOptions {
                instances,
                rule_metrics: &rule_metrics,
                metrics_only: false,
                local: Some(&|local_seconds| zone.unix_seconds(local_seconds)),
            })
        };
        // Without recorded counts, the load is calculated with the default count, which depends on the start.
        let first = settings[0];
        let instances = first.profiles[0].capacity.default;
        let mut load = read(instances)?;
        let start = Start::of(options.start.as_deref(), &zone, &load)?;
        let active = first.active(start.unix_seconds).unwrap_or_default();
        let at_start = first.profiles[active].capacity.default;
        if at_start != instances {
            load = read(at_start)?;
        }
        let evaluations = load.seconds() / model.evaluate_seconds;
        ensure!(
            evaluations <= MOST_EVALUATIONS,
            "{evaluations} evaluations are more than can be simulated at once: raise --evaluate-seconds to {} or shorten the load",
            load.seconds().div_ceil(MOST_EVALUATIONS),
        );
        Ok(Self { load, start, model })
    }

    /// These rules under this load.
    pub(crate) fn scenario<'a>(&'a self, setting: &'a Setting) -> Scenario<'a> {
        Scenario {
            setting,
            load: &self.load,
            model: self.model,
            start: self.start.unix_seconds,
        }
    }

    /// Lines about the load, its start if that matters to any of the settings, and the model.
    pub(crate) fn describe(&self, settings: &[&Setting]) -> String {
        let Self { load, start, model } = self;
        let mut text = format!("load    {}\n", load.describe());
        if settings.iter().any(|setting| start.matters(setting)) {
            text += &start.describe();
        }
        text += &format!(
            "model   metric lag {} s, {} s to be ready, evaluated every {} s; before the start, the first load applies\n",
            model.metric_lag_seconds, model.provision_seconds, model.evaluate_seconds
        );
        for note in load.notes() {
            text += &format!("note    {}\n", note.text);
        }
        text
    }

    /// The findings of the reader of the rules, and those about the rules with this load.
    pub(crate) fn findings(&self, rules: &Rules) -> Vec<Finding> {
        let mut findings = rules.findings.clone();
        findings.extend(without_data(&rules.setting, &self.load));
        findings.extend(self.start.finding(&rules.setting));
        findings
    }
}

/// Metrics that the rules use but the load does not contain.
fn without_data(setting: &Setting, load: &Load) -> Vec<Finding> {
    let metrics = setting.metrics.iter();
    let missing = metrics
        .filter(|metric| !metric.fleet_cpu && metric_column::of(load, metric).is_none())
        .map(|metric| (metric_column::name(metric), metric));
    // Rules with dimensions have a separate metric in the same column.
    let missing: BTreeMap<_, _> = missing.collect();
    missing
        .into_values()
        .map(|metric| Finding {
            kind: Kind::CannotBeSimulated,
            code: "no_data",
            place: metric.name.clone(),
            message: "is a metric that the load has no data for. Rules on it see nothing.".to_owned(),
            remedy: format!(
                "Add a column {:?} to the file of --load, or export it: az monitor metrics list --metric {:?}",
                metric_column::name(metric),
                metric.name
            ),
        })
        .collect()
}

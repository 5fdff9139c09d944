//! The options of `lab up` for its fleet.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use autoscale::time_zone::TimeZone;
use autoscale::{Minute, Profile, Setting};
use rules::{RuleOptions, Rules};
use serde::Serialize;
use time::OffsetDateTime;

use super::elastic_premium::{Configuration, PLAN_MAXIMUM, Site};
use super::replayed::{MetricFile, Replayed};
use super::share;

/// The shortest real time between two evaluations, and between two samples.
const SHORTEST: f64 = 0.05;
/// The usual age of Azure Monitor's metrics, in seconds.
const METRIC_LAG: f64 = 180.0;
/// The years in which the calendar may start, so that it never reaches a year with five digits.
const YEARS: RangeInclusive<i32> = 1970..=2999;
/// A fleet without an instance could not respond.
const NEVER_EMPTY: &str =
    "The minimum of 0 instances is raised to 1: without an instance, nothing responds here";

/// The Azure plan of the function app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum HostingPlan {
    /// A dedicated plan: Azure Monitor applies the rules
    #[default]
    PremiumV3,
    /// Elastic Premium: the app applies the rules itself with the function Autoscale, and HTTP requests scale it within its
    /// limits
    ElasticPremium,
}

/// The command line options for the fleet.
#[derive(clap::Args)]
#[command(next_help_heading = "Autoscaling")]
pub struct FleetArgs {
    #[command(flatten)]
    rules: RuleOptions,

    /// Azure's plan to emulate
    #[arg(long, value_enum, default_value_t, value_name = "PLAN")]
    plan: HostingPlan,

    /// On elastic-premium: restart every instance at each change of the site's configuration. Whether Azure does this
    /// is unknown
    #[arg(long)]
    restart_on_patch: bool,

    /// Minimum number of instances, instead of the one in the rules
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    min: Option<u32>,

    /// Maximum number of instances, instead of the one in the rules. With 1, a single instance runs, as in func start
    /// [default: the maximum in the rules for an app that lab assemble created; 1 for any other app, unless --min,
    /// --autoscale, or --plan elastic-premium is given]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    max: Option<u32>,

    /// Azure seconds per second: with 60, an Azure minute lasts one second; 1 is real time
    // scripts/run passes a value, which the user's own value replaces.
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = time_scale, overrides_with = "time_scale")]
    time_scale: f64,

    /// Time at which the calendar of the rules starts, such as 2026-01-05T08:00. It runs at the speed of --time-scale
    /// [default: the current time]
    #[arg(long, value_name = "TIME")]
    start: Option<String>,

    /// Time zone for times without an offset, such as Europe/Berlin [default: that of the first profile with a
    /// calendar, or else UTC]
    #[arg(long, value_name = "NAME")]
    timezone: Option<String>,

    /// Replay a metric that is not measured here, such as memory or a queue, from a file in a format of lab simulate
    /// --load; repeatable. Its first sample begins at the start. After its last sample, rules on it have no samples
    #[arg(long, value_name = "NAME=FILE", value_parser = MetricFile::parse)]
    metric: Vec<MetricFile>,

    /// Age of the latest sample in an evaluation, in Azure seconds [default: 180; 0 on elastic-premium, where the app
    /// measures its CPU itself]
    #[arg(long, value_name = "SECONDS", value_parser = span)]
    metric_lag: Option<f64>,

    /// Azure seconds from the decision to add an instance until it can take requests
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0, value_parser = span)]
    provision_seconds: f64,

    /// Azure seconds between two evaluations of the rules
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = span)]
    evaluate_seconds: f64,

    /// CPUs of each instance, such as 0.4 [default: no limit for a single instance; with --max 2 or more, 0.6 of the
    /// machine's CPUs divided by the maximum, from 0.1 to 1]
    #[arg(long, value_name = "CPUS", value_parser = cpus)]
    instance_cpus: Option<f64>,

    /// Write the events to this file, one JSON object per line
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

/// The checked options.
pub struct Options {
    pub(crate) plan: HostingPlan,
    /// Only on Elastic Premium.
    pub(crate) restart_on_patch: bool,
    /// `--max`.
    most: Option<u32>,
    /// The setting, with the active limits.
    pub(crate) setting: Setting,
    /// The source of the rules, for people.
    pub(crate) rules: String,
    /// Remarks about the rules, one sentence each.
    pub(crate) remarks: Vec<String>,
    pub(crate) calendar: Calendar,
    /// The samples from files, for each of the setting's metrics.
    pub(super) replayed: Vec<Vec<Minute>>,
    pub(crate) time_scale: f64,
    pub(super) metric_lag: Duration,
    pub(super) provision: Duration,
    pub(super) evaluate: Duration,
    pub(super) instance_cpus: Option<f64>,
    pub(super) events: Option<PathBuf>,
}

/// The calendar of the rules.
pub(crate) struct Calendar {
    /// Its time at the start; `None` for the current time.
    pub(crate) start: Option<OffsetDateTime>,
    /// For people.
    pub(crate) zone: TimeZone,
}

impl FleetArgs {
    /// Reads the rules, and checks what the parser cannot check. With `is_single`, one instance runs unless an option
    /// requests a fleet.
    ///
    /// # Errors
    /// One sentence for the user.
    pub fn options(&self, is_single: bool) -> anyhow::Result<Options> {
        let is_single = is_single && !self.asks_for_fleet();
        let Rules {
            mut setting,
            source: rules,
            findings,
            ..
        } = if is_single {
            // The rules do not matter, and a file with this name in another project may be something else.
            Rules::built_in()?
        } else {
            self.rules.read()?
        };
        let calendar = self.calendar(&setting)?;
        let replayed = Replayed::read(&self.metric, &setting, &calendar.zone)?;
        // The finding about zero instances does not apply here.
        let findings = findings
            .iter()
            .filter(|finding| finding.code != "minimum_zero");
        let mut remarks: Vec<String> = findings.map(ToString::to_string).collect();
        if self.min.is_none() && setting.minimum() == 0 {
            remarks.push(NEVER_EMPTY.to_owned());
        }
        remarks.extend(replayed.remarks);
        for profile in &mut setting.profiles {
            let capacity = &mut profile.capacity;
            if is_single {
                capacity.minimum = 1;
                capacity.maximum = 1;
            }
            capacity.minimum = self.min.unwrap_or(capacity.minimum.max(1));
            capacity.maximum = self.max.unwrap_or(capacity.maximum);
            if capacity.minimum > capacity.maximum {
                let limit = |flag: &str, name: &str, given: Option<u32>, value: u32| match given {
                    Some(_) => format!("{flag} {value}"),
                    None => format!("the {name} {value} of the rules ({flag} changes it)"),
                };
                let minimum = limit("--min", "minimum", self.min, capacity.minimum);
                let maximum = limit("--max", "maximum", self.max, capacity.maximum);
                bail!("{minimum} is more than {maximum}");
            }
            capacity.default = capacity.default.clamp(capacity.minimum, capacity.maximum);
        }
        let metric_lag = self.metric_lag()?;
        let shortest = SHORTEST * self.time_scale;
        if self.evaluate_seconds < shortest {
            bail!(
                "--evaluate-seconds {} would be less than {SHORTEST} s at time scale {}; the minimum for this scale is {shortest}",
                self.evaluate_seconds,
                self.time_scale
            );
        }
        Ok(Options {
            plan: self.plan,
            restart_on_patch: self.restart_on_patch,
            most: self.max,
            remarks,
            calendar,
            replayed: replayed.minutes,
            setting,
            rules,
            time_scale: self.time_scale,
            metric_lag: Duration::from_secs_f64(metric_lag),
            provision: Duration::from_secs_f64(self.provision_seconds),
            evaluate: Duration::from_secs_f64(self.evaluate_seconds),
            instance_cpus: self.instance_cpus,
            events: self.events.clone(),
        })
    }

    /// Whether an option concerns several instances.
    fn asks_for_fleet(&self) -> bool {
        self.min.is_some()
            || self.max.is_some()
            || self.plan == HostingPlan::ElasticPremium
            || self.rules.is_given()
    }

    /// Checks the options that depend on the plan. Returns the age of the samples.
    fn metric_lag(&self) -> anyhow::Result<f64> {
        match (self.plan, self.metric_lag) {
            (HostingPlan::PremiumV3, _) if self.restart_on_patch => bail!(
                "--restart-on-patch needs --plan elastic-premium: on other plans the app changes no configuration"
            ),
            (HostingPlan::PremiumV3, lag) => Ok(lag.unwrap_or(METRIC_LAG)),
            (HostingPlan::ElasticPremium, None) if self.metric.is_empty() => Ok(0.0),
            (HostingPlan::ElasticPremium, _) => bail!(
                "--metric and --metric-lag are for the plan premium-v3: on elastic-premium the app itself measures its CPU, \
                 and nothing else"
            ),
        }
    }

    fn calendar(&self, setting: &Setting) -> anyhow::Result<Calendar> {
        let zone = rules::zone(self.timezone.as_deref(), &[setting])?;
        let start = self.start.as_deref().map(|text| {
            let time = OffsetDateTime::from_unix_timestamp(rules::start(text, &zone)?).ok();
            time.filter(|time| YEARS.contains(&time.year()))
                .with_context(|| {
                    format!(
                        "--start: {text} is not from {} to {}",
                        YEARS.start(),
                        YEARS.end()
                    )
                })
        });
        Ok(Calendar {
            start: start.transpose()?,
            zone,
        })
    }
}

impl Options {
    /// The profile that applies when the lab starts.
    pub(crate) fn now(&self) -> &Profile {
        let start = self.calendar.start.unwrap_or_else(OffsetDateTime::now_utc);
        let active = self
            .setting
            .active(start.unix_timestamp())
            .unwrap_or_default();
        &self.setting.profiles[active]
    }

    /// The site on Elastic Premium, with the configuration that the stack in `infra` deploys.
    pub(super) fn site(&self) -> Option<Site> {
        let capacity = self.now().capacity;
        let plan_maximum = self.most.unwrap_or(PLAN_MAXIMUM);
        let configuration = Configuration {
            minimum: capacity.minimum,
            limit: capacity.maximum,
            plan_maximum,
        };
        (self.plan == HostingPlan::ElasticPremium)
            .then(|| Site::new(configuration, self.provision, self.restart_on_patch))
    }

    /// Whether there is never more than one instance. In that case the host restarts its handler.
    pub fn single(&self) -> bool {
        self.setting.maximum() == 1
    }
}

fn number(text: &str, least: f64, most: f64) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("must be a number from {least} to {most}"))
}

fn time_scale(text: &str) -> Result<f64, String> {
    number(text, 0.1, 600.0)
}

fn span(text: &str) -> Result<f64, String> {
    number(text, 0.0, 3_600.0)
}

fn cpus(text: &str) -> Result<f64, String> {
    // With more than the machine has, the CPU of an instance would never look high to the rules.
    number(text, share::LEAST, share::machine())
        .map_err(|wanted| format!("{wanted}; this machine has {}", share::machine()))
}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;

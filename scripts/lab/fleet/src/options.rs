//! What `lab up` is told about its fleet.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use autoscale::{Finding, Profile, Setting};
use rules::{RuleOptions, Rules};
use time::OffsetDateTime;

use super::share;

/// The shortest real time between two evaluations, and between two samples.
const SHORTEST: f64 = 0.05;

/// Arguments about the fleet.
#[derive(clap::Args)]
#[command(next_help_heading = "Autoscaling")]
pub struct FleetArgs {
    #[command(flatten)]
    rules: RuleOptions,

    /// Fewest instances, instead of what the rules say
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    min: Option<u32>,

    /// Most instances, instead of what the rules say; with 1 a single instance runs, as in func start
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    max: Option<u32>,

    /// Azure seconds that pass in a second: with 60 an Azure minute lasts one second; 1 is Azure's pace
    // scripts/run gives one, which another one given to it replaces.
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = time_scale, overrides_with = "time_scale")]
    time_scale: f64,

    /// Age in Azure seconds of the newest sample that an evaluation sees
    #[arg(long, value_name = "SECONDS", default_value_t = 180.0, value_parser = span)]
    metric_lag: f64,

    /// Azure seconds from the decision for a new instance until it takes requests at the soonest
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0, value_parser = span)]
    provision_seconds: f64,

    /// Azure seconds between two evaluations of the rules
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = span)]
    evaluate_seconds: f64,

    /// CPUs of each instance, such as 0.4 [default: 0.6 of the machine's over the most instances, from 0.1 to 1; no
    /// limit for a single one]
    #[arg(long, value_name = "CPUS", value_parser = cpus)]
    instance_cpus: Option<f64>,

    /// Write what happens to this file, a JSON object a line
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

/// The arguments, checked.
pub struct Options {
    /// With the limits that are in force.
    pub(crate) setting: Setting,
    /// Where the rules come from, for people.
    pub(crate) rules: String,
    /// What people should know about the rules, a sentence each.
    pub(crate) remarks: Vec<String>,
    pub(crate) time_scale: f64,
    pub(super) metric_lag: Duration,
    pub(super) provision: Duration,
    pub(super) evaluate: Duration,
    pub(super) instance_cpus: Option<f64>,
    pub(super) events: Option<PathBuf>,
}

impl FleetArgs {
    /// Reads the rules and checks what the parser could not.
    ///
    /// # Errors
    /// One sentence for the user.
    pub fn options(&self) -> anyhow::Result<Options> {
        let Rules {
            mut setting,
            source: rules,
            findings,
            ..
        } = self.rules.read()?;
        for profile in &mut setting.profiles {
            let capacity = &mut profile.capacity;
            // A fleet without an instance could not answer.
            capacity.minimum = self.min.unwrap_or(capacity.minimum.max(1));
            capacity.maximum = self.max.unwrap_or(capacity.maximum);
            if capacity.minimum > capacity.maximum {
                let (minimum, maximum) = (capacity.minimum, capacity.maximum);
                let source = |given: Option<u32>, flag: &str| match given {
                    Some(_) => flag.to_owned(),
                    None => format!("of the rules ({flag} changes it)"),
                };
                bail!(
                    "the fewest instances, {minimum} {}, are more than the most, {maximum} {}",
                    source(self.min, "--min"),
                    source(self.max, "--max")
                );
            }
            capacity.default = capacity.default.clamp(capacity.minimum, capacity.maximum);
        }
        let shortest = SHORTEST * self.time_scale;
        if self.evaluate_seconds < shortest {
            bail!(
                "--evaluate-seconds {} would be less than {SHORTEST} s at time scale {}; the least there is {shortest}",
                self.evaluate_seconds,
                self.time_scale
            );
        }
        Ok(Options {
            remarks: remarks(&setting, &findings),
            setting,
            rules,
            time_scale: self.time_scale,
            metric_lag: Duration::from_secs_f64(self.metric_lag),
            provision: Duration::from_secs_f64(self.provision_seconds),
            evaluate: Duration::from_secs_f64(self.evaluate_seconds),
            instance_cpus: self.instance_cpus,
            events: self.events.clone(),
        })
    }
}

/// What the reader noticed, and which metrics nobody measures here.
fn remarks(setting: &Setting, findings: &[Finding]) -> Vec<String> {
    let findings = findings.iter().map(ToString::to_string);
    let metrics = setting.metrics.iter().filter(|metric| !metric.fleet_cpu);
    let unmeasured = metrics.map(|metric| {
        format!(
            "{} is not measured here: rules on it see no samples; lab simulate replays recorded ones",
            metric.name
        )
    });
    findings.chain(unmeasured).collect()
}

impl Options {
    /// The profile that applies when the lab starts.
    pub(crate) fn now(&self) -> &Profile {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let active = self.setting.active(now).unwrap_or_default();
        &self.setting.profiles[active]
    }

    /// Whether there is never more than one instance: then it is the host that starts its handler again.
    pub fn single(&self) -> bool {
        self.setting.maximum() == 1
    }
}

fn number(text: &str, least: f64, most: f64) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("a number from {least} to {most} is wanted"))
}

fn time_scale(text: &str) -> Result<f64, String> {
    number(text, 0.1, 600.0)
}

fn span(text: &str) -> Result<f64, String> {
    number(text, 0.0, 3_600.0)
}

fn cpus(text: &str) -> Result<f64, String> {
    number(text, share::LEAST, 1_024.0)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use autoscale::BUILT_IN;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        fleet: FleetArgs,
    }

    fn read(arguments: &[&str]) -> Result<Options, String> {
        let line = Line::try_parse_from([&["lab"], arguments].concat())
            .map_err(|error| error.to_string())?;
        line.fleet.options().map_err(|error| format!("{error:#}"))
    }

    fn capacity(arguments: &[&str]) -> (u32, u32, u32) {
        let setting = read(arguments).expect("valid").setting;
        let capacity = setting.profiles[0].capacity;
        (capacity.minimum, capacity.default, capacity.maximum)
    }

    #[test]
    fn limits_override_the_rules() {
        assert_eq!(capacity(&[]), (1, 1, 3));
        assert_eq!(capacity(&["--min", "2"]), (2, 2, 3));
        assert_eq!(capacity(&["--min", "3", "--max", "5"]), (3, 3, 5));
        assert!(read(&["--max", "1"]).expect("valid").single());
        assert!(!read(&[]).expect("valid").single());
    }

    #[test]
    fn metrics_that_nobody_measures_are_named() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let rules = BUILT_IN.replace("CpuPercentage", "MemoryPercentage");
        std::fs::write(file.path(), rules).expect("a file");
        let path = file.path().to_str().expect("a path in UTF-8");
        let remarks = read(&["--autoscale", path]).expect("valid").remarks;
        assert_eq!(remarks.len(), 1, "{remarks:?}");
        assert!(remarks[0].starts_with("MemoryPercentage is not measured here"));
        assert_eq!(read(&[]).expect("valid").remarks, [""; 0]);
    }

    #[test]
    fn what_cannot_be_is_refused_in_a_sentence() {
        let refused = |arguments: &[&str], part: &str| {
            let error = read(arguments).err().expect("refused");
            assert!(error.contains(part), "{error}");
        };
        refused(
            &["--min", "3", "--max", "2"],
            "3 --min, are more than the most, 2 --max",
        );
        refused(&["--min", "4"], "3 of the rules (--max changes it)");
        refused(&["--min", "0"], "0 is not in 1..=1000");
        refused(&["--time-scale", "601"], "a number from 0.1 to 600");
        refused(&["--time-scale", "NaN"], "a number from 0.1 to 600");
        refused(&["--instance-cpus", "0.05"], "a number from 0.1 to");
        refused(
            &["--time-scale", "600", "--evaluate-seconds", "20"],
            "the least there is 30",
        );
        refused(
            &["--autoscale", "/nonexistent/rules.json"],
            "cannot read the rule file /nonexistent/rules.json",
        );
    }
}

//! Metrics that are not measured here: their samples come from files.
//!
//! A file has a format of `lab simulate --load`. Its first sample begins when the lab starts, regardless of its time.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use autoscale::time_zone::TimeZone;
use autoscale::{Metric, Minute, Setting, duration_in_words};
use recorded_load::metric_column;

/// `NAME=FILE`: the file with the samples of the metric with this name.
#[derive(Clone, Debug)]
pub(super) struct MetricFile {
    name: String,
    path: PathBuf,
}

impl MetricFile {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        // Metrics of other resources have names such as METRIC@RESOURCE, and no such name contains an equals sign.
        let (name, path) = text.split_once('=').unwrap_or_default();
        match (name.trim(), path) {
            ("", _) | (_, "") => {
                Err("write NAME=FILE, such as MemoryPercentage=memory.csv".to_owned())
            }
            (name, path) => Ok(Self {
                name: name.to_owned(),
                path: path.into(),
            }),
        }
    }
}

/// The content of the files.
pub(super) struct Replayed {
    /// The samples of each of the setting's metrics; empty for metrics without a file.
    pub(super) minutes: Vec<Vec<Minute>>,
    /// Remarks about the metrics, one sentence each.
    pub(super) remarks: Vec<String>,
}

impl Replayed {
    /// Reads the files. Times without an offset are in `zone`.
    ///
    /// # Errors
    /// One sentence if a file cannot be used, or belongs to no metric of the rules.
    pub(super) fn read(
        files: &[MetricFile],
        setting: &Setting,
        zone: &TimeZone,
    ) -> anyhow::Result<Self> {
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let mut used = vec![false; files.len()];
        let mut minutes = Vec::new();
        let mut remarks = Vec::new();
        for (index, metric) in setting.metrics.iter().enumerate() {
            let position = metric_column::position(metric, &names).filter(|_| !metric.fleet_cpu);
            let (samples, about) = match position {
                Some(position) => {
                    used[position] = true;
                    replay(&files[position], setting, index, zone)?
                }
                None => (Vec::new(), unmeasured(metric)),
            };
            minutes.push(samples);
            // Rules with dimensions have a separate metric with the same column.
            for remark in about {
                if !remarks.contains(&remark) {
                    remarks.push(remark);
                }
            }
        }
        let unused = used.iter().position(|used| !used);
        match unused.map(|position| &files[position].name) {
            None => Ok(Self { minutes, remarks }),
            Some(name) => bail!(without_rule(name, setting)),
        }
    }
}

/// The samples in a file, and the remark about them.
fn replay(
    file: &MetricFile,
    setting: &Setting,
    index: usize,
    zone: &TimeZone,
) -> anyhow::Result<(Vec<Minute>, Vec<String>)> {
    let metric = &setting.metrics[index];
    let read = || {
        let load = recorded_load::metrics(&file.path, &|local| zone.unix_seconds(local))?;
        let others: Vec<&str> = load.metrics().keys().map(String::as_str).take(5).collect();
        ensure!(
            metric_column::of(&load, metric).is_some(),
            "it does not contain the metric {}, only {}",
            metric_column::name(metric),
            others.join(", ")
        );
        let minutes = metric_column::minutes_of(setting, index, &load, 0);
        ensure!(!minutes.is_empty(), "it contains less than a minute");
        Ok((minutes, load))
    };
    let (minutes, load) = read().with_context(|| {
        format!(
            "the file of --metric {}={} cannot be used",
            file.name,
            file.path.display()
        )
    })?;
    let lasts = duration_in_words(Duration::from_secs(load.seconds()));
    let mut remarks = vec![format!(
        "{} is replayed from {} for {lasts}; after that, rules on it have no samples",
        metric_column::name(metric),
        load.name(),
    )];
    remarks.extend(load.notes().iter().map(|note| note.text.clone()));
    Ok((minutes, remarks))
}

/// The remark about a metric without a file.
fn unmeasured(metric: &Metric) -> Vec<String> {
    if metric.fleet_cpu {
        return Vec::new();
    }
    let name = metric_column::name(metric);
    vec![format!(
        "{name} is not measured here: rules on it have no samples; replay recorded ones with --metric {name}=FILE"
    )]
}

/// Why a file belongs to no metric of the rules.
fn without_rule(name: &str, setting: &Setting) -> String {
    let mut metrics = setting.metrics.iter();
    let named = metrics.find(|metric| metric_column::position(metric, &[name]).is_some());
    let why = match named {
        Some(metric) if metric.fleet_cpu => "is the CPU of the instances, which is measured",
        Some(_) => "is given twice",
        None => "is a metric that no rule uses",
    };
    let metrics = setting.metrics.iter().filter(|metric| !metric.fleet_cpu);
    let known: BTreeSet<String> = metrics.map(metric_column::name).collect();
    let known = match known.is_empty() {
        true => "the rules use only the CPU of the instances".to_owned(),
        false => format!(
            "metrics of the rules without a measurement: {}",
            Vec::from_iter(known).join(", ")
        ),
    };
    format!("--metric {name}: it {why}; {known}")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use autoscale::{ReadOptions, RuleFile};
    use serde_json::{Value, json};
    use tempfile::NamedTempFile;

    use super::*;

    fn setting(metrics: &[(&str, Option<&str>)]) -> Setting {
        let rule = |(name, resource): &(&str, Option<&str>)| {
            let mut rule = json!({
                "metricTrigger": {
                    "metricName": name, "statistic": "Average", "timeGrain": "PT1M", "timeWindow": "PT5M",
                    "timeAggregation": "Average", "operator": "GreaterThan", "threshold": 80,
                },
                "scaleAction": {"direction": "Increase", "type": "ChangeCount", "value": "1", "cooldown": "PT5M"},
            });
            if let Some(resource) = resource {
                let uri =
                    format!("/subscriptions/0/resourceGroups/g/providers/Microsoft.X/y/{resource}");
                rule["metricTrigger"]["metricResourceUri"] = json!(uri);
            }
            rule
        };
        let rules: Vec<Value> = metrics.iter().map(rule).collect();
        let file = json!({
            "name": "setting", "targetResourceUri": "/subscriptions/0/resourceGroups/g/providers/Microsoft.Web/serverfarms/p",
            "profiles": [{"name": "a", "capacity": {"minimum": "1", "maximum": "3", "default": "1"}, "rules": rules}],
        });
        let read = RuleFile::read(
            &json!({"properties": file}).to_string(),
            ReadOptions::default(),
        );
        read.expect("a setting").setting
    }

    fn file(text: &str) -> NamedTempFile {
        let mut file = NamedTempFile::new().expect("a file");
        file.write_all(text.as_bytes()).expect("a file");
        file
    }

    fn read(files: &[(&str, &NamedTempFile)], setting: &Setting) -> Result<Replayed, String> {
        let files = files.iter().map(|(name, file)| {
            MetricFile::parse(&format!("{name}={}", file.path().display())).expect("name and file")
        });
        let files: Vec<MetricFile> = files.collect();
        Replayed::read(&files, setting, &TimeZone::UTC).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn samples_begin_at_the_start_and_end_with_the_file() {
        let setting = setting(&[("CpuPercentage", None), ("MemoryPercentage", None)]);
        let by_seconds = file("seconds,memory percentage\n0,85\n120,40\n180,40\n");
        let by_time = file(
            "timestamp,Memory Percentage (Avg)\n2026-01-05T08:00:00Z,85\n2026-01-05T08:01:00Z,85\n\
             2026-01-05T08:02:00Z,40\n",
        );
        let by_az = file(
            &json!({"value": [{
                "name": {"value": "MemoryPercentage"},
                "timeseries": [{"data": [
                    {"timeStamp": "2026-01-05T08:00:00Z", "average": 85.0},
                    {"timeStamp": "2026-01-05T08:01:00Z", "average": 85.0},
                    {"timeStamp": "2026-01-05T08:02:00Z", "average": 40.0},
                ]}],
            }]})
            .to_string(),
        );
        for file in [by_seconds, by_time, by_az] {
            let replayed = read(&[("MemoryPercentage", &file)], &setting).expect("a metric");
            let [cpu, memory] = replayed.minutes.as_slice() else {
                panic!("two metrics")
            };
            assert!(cpu.is_empty());
            let seen: Vec<_> = memory
                .iter()
                .map(|minute| (minute.end.as_secs(), minute.average))
                .collect();
            assert_eq!(seen, [(60, 85.0), (120, 85.0), (180, 40.0)]);
            let remark = &replayed.remarks[0];
            assert!(
                remark.starts_with("MemoryPercentage is replayed from ")
                    && remark.ends_with(" for 3 minutes; after that, rules on it have no samples"),
                "{remark}"
            );
        }
    }

    #[test]
    fn a_metric_of_another_resource_has_its_own_file() {
        let setting = setting(&[
            ("CpuPercentage", None),
            ("CpuPercentage", Some("database")),
            ("Queue", Some("orders")),
            ("Queue", Some("mails")),
        ]);
        let high = file("seconds,CpuPercentage,Queue\n0,90,7\n60,90,7\n");
        let low = file("seconds,Queue\n0,1\n60,1\n");
        let files = [
            ("cpupercentage@database", &high),
            ("Queue@mails", &low),
            ("Queue", &high),
        ];
        let replayed = read(&files, &setting).expect("three metrics");
        let seen: Vec<Option<f64>> = replayed
            .minutes
            .iter()
            .map(|minutes| minutes.first().map(|minute| minute.average))
            .collect();
        assert_eq!(seen, [None, Some(90.0), Some(7.0), Some(1.0)]);
    }

    #[test]
    fn metrics_without_a_file_are_named() {
        let setting = setting(&[("CpuPercentage", None), ("MemoryPercentage", None)]);
        let replayed = read(&[], &setting).expect("no file");
        assert_eq!(replayed.remarks.len(), 1);
        assert!(
            replayed.remarks[0].starts_with("MemoryPercentage is not measured here"),
            "{:?}",
            replayed.remarks
        );
    }

    #[test]
    fn unusable_files_are_refused_in_a_sentence() {
        let setting = setting(&[
            ("CpuPercentage", None),
            ("MemoryPercentage", None),
            ("Requests", None),
        ]);
        let memory = file("seconds,MemoryPercentage\n0,85\n60,85\n");
        let refused = |files: &[(&str, &NamedTempFile)], part: &str| {
            let error = read(files, &setting).err().expect("refused");
            assert!(
                error.contains(part) && error.lines().count() == 1,
                "{error}"
            );
        };
        refused(
            &[("Disk", &memory)],
            "--metric Disk: it is a metric that no rule uses; metrics of the rules without a measurement: \
             MemoryPercentage, Requests",
        );
        refused(
            &[("CpuPercentage", &memory)],
            "is the CPU of the instances, which is measured",
        );
        let twice = [
            ("MemoryPercentage", &memory),
            ("Memory Percentage", &memory),
        ];
        refused(&twice, "--metric Memory Percentage: it is given twice");
        refused(
            &[("Requests", &memory)],
            "it does not contain the metric Requests, only MemoryPercentage",
        );
        refused(
            &[("Requests", &file("seconds,Requests\n0,85\n"))],
            "it needs at least two rows",
        );
        refused(
            &[("Requests", &file("seconds,Requests\n0,85\n30,85\n"))],
            "it contains less than a minute",
        );
        refused(&[("Requests", &file(""))], "it is empty");
        for text in ["Requests", "Requests=", "=file.csv", ""] {
            assert!(MetricFile::parse(text).is_err(), "{text}");
        }
    }
}

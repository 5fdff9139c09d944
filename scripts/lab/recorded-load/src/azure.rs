//! Reads the JSON of `az monitor metrics list`, which is that of Azure Monitor's REST API (Metrics - List).

use anyhow::{Context as _, anyhow, bail, ensure};
use autoscale::Statistic;
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};

use super::name::{Role, STATISTICS};
use super::recorded::Note;
use super::recording::{Recording, Times};
use super::series::Series;
use super::timestamp::{self, Timestamp};
use super::{MOST_STEPS, quoted};

/// The content of a JSON file.
pub(super) enum Document {
    /// Metrics.
    Metrics(Recording),
    /// A run saved by `lab load` or `lab demo`.
    Run,
}

/// A response, or one of its metrics: both are objects whose fields are all optional.
#[derive(Deserialize)]
struct Entry {
    /// The metrics of a response.
    value: Option<Vec<Entry>>,
    /// The name of a metric.
    name: Option<Name>,
    timeseries: Option<Vec<Timeseries>>,
    /// The samples of a run.
    samples: Option<IgnoredAny>,
    started: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Name {
    value: String,
}

#[derive(Deserialize)]
struct Timeseries {
    #[serde(default, rename = "metadatavalues", alias = "metadataValues")]
    dimensions: Option<Vec<Dimension>>,
    #[serde(default)]
    data: Option<Vec<Sample>>,
}

#[derive(Deserialize)]
struct Dimension {
    name: Name,
    value: String,
}

#[derive(Deserialize)]
struct Sample {
    #[serde(
        rename = "timeStamp",
        alias = "timestamp",
        deserialize_with = "timestamp"
    )]
    at: i64,
    average: Option<f64>,
    total: Option<f64>,
    maximum: Option<f64>,
    minimum: Option<f64>,
    count: Option<f64>,
}

/// Azure's times are UTC.
fn timestamp<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let text = String::deserialize(from)?;
    match timestamp::parse_utc(&text).map_err(D::Error::custom)? {
        Timestamp::Utc(seconds) | Timestamp::Local(seconds) => Ok(seconds),
    }
}

impl Sample {
    fn value(&self, statistic: Statistic) -> Option<f64> {
        match statistic {
            Statistic::Average => self.average,
            Statistic::Sum => self.total,
            Statistic::Max => self.maximum,
            Statistic::Min => self.minimum,
            Statistic::Count => self.count,
        }
    }
}

/// Reads one response or metric, a list of them, or several documents one after the other.
///
/// # Errors
/// One sentence if it is not JSON, or JSON of another kind.
pub(super) fn parse(text: &str) -> anyhow::Result<Document> {
    let mut entries = Vec::new();
    if text.trim_start().starts_with('[') {
        entries = serde_json::from_str(text).map_err(|error| wrong(&error))?;
    } else {
        for entry in serde_json::Deserializer::from_str(text).into_iter::<Entry>() {
            entries.push(entry.map_err(|error| wrong(&error))?);
        }
    }
    if let [
        Entry {
            samples: Some(_),
            started: Some(_),
            ..
        },
    ] = *entries
    {
        return Ok(Document::Run);
    }
    let mut recording = Recording {
        times: Times::Utc,
        series: Vec::new(),
        header: None,
        notes: Vec::new(),
    };
    let mut samples = 0;
    for entry in entries {
        // A list contains metrics, or responses with metrics.
        let metrics = match entry.value {
            Some(metrics) => metrics,
            None => vec![entry],
        };
        for metric in metrics {
            add(metric, &mut recording, &mut samples)?;
        }
    }
    ensure!(!recording.series.is_empty(), "no metric in it has samples");
    Ok(Document::Metrics(recording))
}

fn wrong(error: &serde_json::Error) -> anyhow::Error {
    if error.is_data() {
        anyhow!("{OTHER}: {error}")
    } else {
        anyhow!("it is not valid JSON: {error}")
    }
}

const OTHER: &str = "this JSON is neither the output of az monitor metrics list (without --query) nor a run saved by lab load";

fn add(metric: Entry, recording: &mut Recording, samples: &mut usize) -> anyhow::Result<()> {
    let (Some(name), Some(timeseries)) = (metric.name, metric.timeseries) else {
        bail!("{OTHER}");
    };
    let name = name.value;
    let role = Role::of(&name);
    let before = recording.series.len();
    for one in timeseries {
        let data = one.data.unwrap_or_default();
        *samples += data.len();
        ensure!(
            *samples <= MOST_STEPS,
            "it contains more than {MOST_STEPS} samples; leave some out"
        );
        let dimensions = one.dimensions.unwrap_or_default();
        let part = |part: fn(&Dimension) -> &str| {
            let parts: Vec<&str> = dimensions.iter().map(part).collect();
            parts.join(", ")
        };
        for statistic in present(&data) {
            let mut points = Vec::with_capacity(data.len());
            for sample in &data {
                let value = sample.value(statistic);
                if let Some(value) = value {
                    let place = || format!("the sample of {}", timestamp::shown(sample.at));
                    role.check(&name, value).with_context(place)?;
                }
                points.push((sample.at, value));
            }
            recording.series.push(Series {
                name: name.clone(),
                statistic,
                split: (!dimensions.is_empty())
                    .then(|| format!("values of {}", part(|dimension| &dimension.name.value))),
                member: part(|dimension| &dimension.value),
                points,
            });
        }
    }
    if recording.series.len() == before {
        let text = format!("{} has no samples in the file.", quoted(&name));
        recording.notes.push(Note::warning(text));
    }
    Ok(())
}

/// The statistics that have a value. If none has one, the average, because the times are known nevertheless.
fn present(data: &[Sample]) -> Vec<Statistic> {
    let mut present: Vec<Statistic> = STATISTICS
        .into_iter()
        .filter(|one| data.iter().any(|sample| sample.value(*one).is_some()))
        .collect();
    if present.is_empty() && !data.is_empty() {
        present.push(Statistic::Average);
    }
    present
}

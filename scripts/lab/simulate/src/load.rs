//! The load that a simulation puts on the fleet, over time.

use anyhow::{Context as _, bail, ensure};

use run_record::format::{exact_span, things};

/// More rows than a year of minutes have.
const MOST_STEPS: usize = 1_000_000;
/// A leap year.
const LONGEST_SECONDS: u64 = 366 * 86_400;
/// What ten thousand instances can do; a mistyped unit is found so.
const MOST_PERCENT: f64 = 1_000_000.0;

/// From a moment on, this load.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Step {
    /// Seconds from the start of the simulation.
    pub at_seconds: u64,
    /// In percent of what one instance can do: 250 keeps two and a half instances busy.
    pub percent: f64,
}

/// A load over time: constant from each step to the next. The last step only ends it.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    name: String,
    /// Whether the name says what the load is.
    described: bool,
    steps: Vec<Step>,
}

impl Load {
    /// A load of these steps, the first at second 0.
    ///
    /// # Errors
    /// One sentence, where the steps do not make a load.
    pub fn new(name: impl Into<String>, steps: Vec<Step>) -> anyhow::Result<Self> {
        for (index, step) in steps.iter().enumerate() {
            let before = index.checked_sub(1).map(|before| steps[before]);
            follows(before, *step).with_context(|| format!("step {}", index + 1))?;
        }
        finished(name.into(), steps)
    }

    /// Reads comma-separated values: `seconds,load`, one row a step, with or without that heading. Empty lines and
    /// those that begin with `#` are passed over.
    ///
    /// # Errors
    /// One sentence with the line's number.
    pub fn parse(name: impl Into<String>, text: &str) -> anyhow::Result<Self> {
        let mut steps: Vec<Step> = Vec::new();
        let mut headed = false;
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let cells: Vec<&str> = line
                .split(',')
                .map(|cell| cell.trim().trim_matches('"').trim())
                .collect();
            let is_heading = matches!(*cells, [seconds, load]
                if seconds.eq_ignore_ascii_case("seconds") && load.eq_ignore_ascii_case("load"));
            if is_heading && steps.is_empty() && !headed {
                headed = true;
                continue;
            }
            let place = || format!("line {}", index + 1);
            let step = row(&cells).with_context(place)?;
            follows(steps.last().copied(), step).with_context(place)?;
            ensure!(
                steps.len() < MOST_STEPS,
                "line {}: more than {MOST_STEPS} rows; leave some out",
                index + 1
            );
            steps.push(step);
        }
        finished(name.into(), steps)
    }

    /// A load whose name already says what it is.
    pub(crate) fn described(name: &str, steps: Vec<Step>) -> Self {
        Self {
            name: name.to_owned(),
            described: true,
            steps,
        }
    }

    /// What it is called in the output.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is, in a few words.
    pub fn describe(&self) -> String {
        if self.described {
            return self.name.clone();
        }
        // The last step puts nothing on.
        let loads = self.steps.iter().rev().skip(1).map(|step| step.percent);
        let (lowest, highest) = loads.fold((f64::INFINITY, 0.0_f64), |(lowest, highest), load| {
            (lowest.min(load), highest.max(load))
        });
        let length = exact_span(self.seconds());
        if lowest == highest {
            format!("{}: {length}, {lowest:.0} %", self.name)
        } else {
            format!(
                "{}: {length}, between {lowest:.0} and {highest:.0} %",
                self.name
            )
        }
    }

    /// Its steps, in order; two at least.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// When it ends.
    pub fn seconds(&self) -> u64 {
        self.steps.last().map_or(0, |last| last.at_seconds)
    }
}

fn finished(name: String, steps: Vec<Step>) -> anyhow::Result<Load> {
    ensure!(
        steps.len() >= 2,
        "a load needs two rows at least, as the last one only says when it ends, such as 0,80 and 3600,80"
    );
    Ok(Load {
        name,
        described: false,
        steps,
    })
}

fn row(cells: &[&str]) -> anyhow::Result<Step> {
    let [seconds, load] = cells else {
        bail!(
            "{} where two are wanted: seconds,load, such as 60,80",
            things(cells.len() as u64, "value")
        );
    };
    let at_seconds = seconds
        .parse()
        .with_context(|| format!("{} is not a whole number of seconds", quoted(seconds)))?;
    let percent = load
        .parse()
        .with_context(|| format!("{} is not a load in percent of one instance", quoted(load)))?;
    Ok(Step {
        at_seconds,
        percent,
    })
}

/// Whether a step is sound and may come after the one before.
fn follows(before: Option<Step>, step: Step) -> anyhow::Result<()> {
    let Step {
        at_seconds,
        percent,
    } = step;
    ensure!(
        percent.is_finite() && (0.0..=MOST_PERCENT).contains(&percent),
        "a load of {percent} is not between 0 and {MOST_PERCENT} percent of one instance"
    );
    match before {
        None => ensure!(
            at_seconds == 0,
            "the first row must be for second 0, as the simulation begins there, not {at_seconds}"
        ),
        Some(before) => ensure!(
            at_seconds > before.at_seconds,
            "second {at_seconds} does not come after {}, the one before",
            before.at_seconds
        ),
    }
    ensure!(
        at_seconds <= LONGEST_SECONDS,
        "second {at_seconds} is more than 366 days after the start"
    );
    Ok(())
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.chars().take(40).collect::<String>())
}

//! Numbers and times in the form of the report and the simulator.

use std::time::Duration;

/// Writes times of a run: in its own seconds, and in Azure minutes if its clock runs faster.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// The number of Azure seconds per second.
    scale: f64,
}

impl Clock {
    /// Creates the clock. A scale that is not a positive number counts as 1.
    pub fn new(time_scale: f64) -> Self {
        let scale = if time_scale.is_finite() && time_scale > 0.0 {
            time_scale
        } else {
            1.0
        };
        Self { scale }
    }

    /// The number of Azure seconds per second.
    pub fn scale(self) -> f64 {
        self.scale
    }

    /// Whether the run's seconds differ from Azure's.
    pub fn is_scaled(self) -> bool {
        (self.scale - 1.0).abs() > 1e-9
    }

    /// A time of the run: `14.2 s (Azure minute 14)`.
    pub fn time(self, at: f64) -> String {
        self.beside(at, |minutes| format!("Azure minute {minutes}"))
    }

    /// A length of time: `9.2 s (9.2 Azure minutes)`.
    pub fn length(self, seconds: f64) -> String {
        self.beside(seconds, |minutes| {
            let end = if minutes == "1" { "" } else { "s" };
            format!("{minutes} Azure minute{end}")
        })
    }

    /// A time for a cell of a table: `14.2 s (14 min)`.
    pub fn short_time(self, at: f64) -> String {
        self.beside(at, |minutes| format!("{minutes} min"))
    }

    /// The run's seconds, with Azure's minutes beside them if they differ.
    fn beside(self, seconds: f64, told: fn(&str) -> String) -> String {
        let shown = span(seconds);
        if !self.is_scaled() {
            return shown;
        }
        let minutes = decimal(self.minutes(seconds));
        format!("{shown} ({})", told(&minutes))
    }

    /// A time in Azure minutes.
    pub fn minutes(self, at: f64) -> f64 {
        at * self.scale / 60.0
    }
}

/// Spans of this length and longer are written in days.
const TOLD_IN_DAYS: u64 = 2 * 86_400;

/// A length of time in its most readable unit: `0.4 s`, `74 s`, `6 min 12 s`, `2 h 5 min`, `14 days`, `3 days 4 h`.
pub fn span(seconds: f64) -> String {
    let sign = if seconds < 0.0 { "-" } else { "" };
    let size = seconds.abs();
    if size < 99.95 {
        return format!("{sign}{} s", decimal(size));
    }
    let whole = size.round() as u64;
    if whole >= TOLD_IN_DAYS {
        // Next to days, minutes are irrelevant.
        let hours = whole.saturating_add(1_800) / 3_600;
        return match hours % 24 {
            0 => format!("{sign}{} days", count(hours / 24)),
            rest => format!("{sign}{} days {rest} h", count(hours / 24)),
        };
    }
    // Next to hours, seconds are irrelevant.
    let whole = if whole < 3_600 {
        whole
    } else {
        whole - whole % 60
    };
    format!("{sign}{}", exact_span(whole))
}

/// For example `5 min`, `1 min 30 s`, `2 h 5 min 3 s`.
pub fn exact_span(seconds: u64) -> String {
    let parts = [
        (seconds / 3_600, "h"),
        (seconds % 3_600 / 60, "min"),
        (seconds % 60, "s"),
    ];
    let shown: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number} {unit}"))
        .collect();
    if shown.is_empty() {
        "0 s".to_owned()
    } else {
        shown.join(" ")
    }
}

/// Minutes and seconds: `02:05`.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

/// A count with thousands separators: `12,345`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count of things, singular or plural by an `s`: `1 request`, `3 requests`.
pub fn things(number: u64, thing: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{} {thing}{end}", count(number))
}

/// A number with only significant digits: `0.34`, `8.1`, `81.3`, `1,234`.
pub fn decimal(value: f64) -> String {
    let size = value.abs();
    let sign = if value < 0.0 { "-" } else { "" };
    if !size.is_finite() {
        "–".to_owned()
    } else if size >= 99.95 {
        format!("{sign}{}", count(size.round() as u64))
    } else {
        let digits = if size >= 0.995 { 1 } else { 2 };
        let text = format!("{size:.digits$}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        if text == "0" {
            "0".to_owned()
        } else {
            format!("{sign}{text}")
        }
    }
}

/// `81%`, `0.03%`; a value above zero is never shown as zero.
pub fn percent(value: f64) -> String {
    if value > 0.0 && value < 0.005 {
        "< 0.01%".to_owned()
    } else {
        format!("{}%", decimal(value))
    }
}

/// A part of a whole in percent; 0 if the whole is 0.
pub fn part(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 * 100.0 / whole as f64
    }
}

/// The sum of counts, limited to the largest number, because counts in a file may have any value.
pub fn total(counts: impl IntoIterator<Item = u64>) -> u64 {
    counts.into_iter().fold(0, u64::saturating_add)
}

/// A latency: `3.1 ms`, `1.2 s`, or a dash if there is none.
pub fn latency(milliseconds: Option<f64>) -> String {
    match milliseconds {
        None => "–".to_owned(),
        Some(ms) if ms >= 999.5 => format!("{} s", decimal(ms / 1000.0)),
        Some(ms) => format!("{} ms", decimal(ms)),
    }
}

/// `1`, `1 and 2`, `1, 2 and 3`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

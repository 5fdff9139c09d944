//! Durations in the forms of Azure Resource Manager: ISO 8601, or the `h:mm:ss` of its command line tools, with days
//! as Python (`1 day, 0:00:00`) or .NET (`1.00:00:00`) writes them.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;

/// Reads `PT5M`, `P1DT12H`, `P1W`, `0:05:00`, `1 day, 0:00:00`, or `1.00:00:00`, in whole seconds. Years and months
/// are refused, because they have no fixed length.
pub fn parse(text: &str) -> Option<Duration> {
    let seconds = match text.strip_prefix('P') {
        Some(rest) => iso_8601(rest),
        None => clock(text),
    };
    seconds.map(Duration::from_secs)
}

fn iso_8601(text: &str) -> Option<u64> {
    let (days, time) = match text.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return None,
        None if !text.is_empty() => (text, ""),
        None => return None,
    };
    let days = designated(days, &[('W', WEEK), ('D', DAY)])?;
    let time = designated(time, &[('H', HOUR), ('M', MINUTE), ('S', 1)])?;
    days.checked_add(time)
}

/// Reads numbers with these designators, each at most once and in this order.
fn designated(mut text: &str, designators: &[(char, u64)]) -> Option<u64> {
    let mut total: u64 = 0;
    for &(designator, unit) in designators {
        if let Some((number, rest)) = text.split_once(designator) {
            total = total.checked_add(digits(number)?.checked_mul(unit)?)?;
            text = rest;
        }
    }
    text.is_empty().then_some(total)
}

fn clock(text: &str) -> Option<u64> {
    let (days, time) = match text.split_once(" day") {
        Some((days, rest)) => {
            let rest = rest.strip_prefix('s').unwrap_or(rest);
            (digits(days)?, rest.strip_prefix(", ")?)
        }
        None => match text.split_once('.') {
            Some((days, time)) => (digits(days)?, time),
            None => (0, text),
        },
    };
    let mut parts = time.split(':').map(digits);
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let whole = parts.next().is_none() && minutes < 60 && seconds < 60;
    whole.then(|| {
        let hours = days.checked_mul(24)?.checked_add(hours)?;
        hours
            .checked_mul(HOUR)?
            .checked_add(minutes * MINUTE + seconds)
    })?
}

fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

/// The shortest ISO 8601 form: `PT5M`, `PT1H30M`, `P7D`.
pub(super) fn format(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let mut text = String::from("P");
    if seconds >= DAY {
        text.push_str(&format!("{}D", seconds / DAY));
    }
    let parts = [
        (seconds % DAY / HOUR, 'H'),
        (seconds % HOUR / MINUTE, 'M'),
        (seconds % MINUTE, 'S'),
    ];
    if parts.iter().any(|(number, _)| *number > 0) || seconds == 0 {
        text.push('T');
        for (number, designator) in parts {
            if number > 0 || (seconds == 0 && designator == 'S') {
                text.push_str(&format!("{number}{designator}"));
            }
        }
    }
    text
}

/// For people to read: `5 minutes`, `1 hour 30 minutes`, `45 s`.
pub fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds == 0 || !seconds.is_multiple_of(MINUTE) {
        return format!("{} s", duration.as_secs_f64().ceil());
    }
    let counted = |number: u64, noun: &str| match number {
        0 => String::new(),
        1 => format!("1 {noun} "),
        _ => format!("{number} {noun}s "),
    };
    let words = counted(seconds / HOUR, "hour") + &counted(seconds % HOUR / MINUTE, "minute");
    words.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, seconds) in [
            ("PT5M", 300),
            ("PT90S", 90),
            ("PT1H30M", 5_400),
            ("PT1H1S", 3_601),
            ("P1D", 86_400),
            ("P1W", 604_800),
            ("P1DT12H", 129_600),
            ("0:05:00", 300),
            ("00:05:00", 300),
            ("12:00:00", 43_200),
            ("1 day, 0:00:00", 86_400),
            ("7 days, 0:05:00", 605_100),
            ("1.00:00:00", 86_400),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn invalid_durations_are_refused() {
        for text in [
            "",
            "P",
            "PT",
            "5M",
            "PTM",
            "PT5",
            "P5M",
            "PT5M3H",
            "PT5M5M",
            "PT-5M",
            "PT1.5M",
            "PT5m",
            "P1Y",
            "P1M",
            "5",
            "0:60:00",
            "0:00:60",
            "1:2",
            "1 day",
            "1 day,0:00:00",
            "0:00:00.5",
            "1:2:3:4",
            "PT99999999999999999999S",
            "PT18446744073709551615H",
            "P1DT",
            "١:٠:٠",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_written_duration_reads_back() {
        for seconds in [0, 1, 59, 60, 61, 300, 3_600, 3_661, 86_400, 86_401, 604_800] {
            let duration = Duration::from_secs(seconds);
            assert_eq!(parse(&format(duration)), Some(duration));
        }
        assert_eq!(format(Duration::from_secs(5_400)), "PT1H30M");
    }
}

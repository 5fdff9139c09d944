//! Spans of time as people write them: `500ms`, `90s`, `2m`, `1m30s`, `1h`.

use std::time::Duration;

/// Longer than any load test should be.
pub(super) const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The span that `text` names.
///
/// # Errors
/// One sentence for the user.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("'{text}' is no span of time; write it as 500ms, 90s, 2m, 1m30s or 1h");
    let mut rest = text.trim();
    let mut span = Duration::ZERO;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let (number, unit) = rest.split_at(digits.ok_or_else(wrong)?);
        let end = unit.find(|letter: char| !letter.is_ascii_alphabetic());
        let (unit, left) = unit.split_at(end.unwrap_or(unit.len()));
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            _ => return Err(wrong()),
        };
        let number: f64 = number.parse().map_err(|_| wrong())?;
        span += Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())?;
        if span > LONGEST {
            return Err(format!("'{text}' is longer than 24 hours"));
        }
        rest = left;
    }
    Ok(span)
}

/// The span in words, to the second where it is longer than one.
pub fn describe(span: Duration) -> String {
    if span < Duration::from_secs(1) {
        return format!("{} ms", span.as_millis());
    }
    let seconds = (span + Duration::from_millis(500)).as_secs();
    let parts = [
        (seconds / 3600, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let told: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    told.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read() {
        for (text, milliseconds) in [
            ("0s", 0),
            ("500ms", 500),
            ("1.5s", 1_500),
            ("2m", 120_000),
            ("1m30s", 90_000),
            (" 2min ", 120_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(
                parse(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        for text in [
            "",
            "5",
            "s",
            "1d",
            "-1s",
            "1.2.3s",
            "1e9s",
            "2m 30",
            "25h",
            "99999999999h",
            "2µs",
        ] {
            let said = parse(text).expect_err(text);
            assert!(said.contains(&format!("'{text}'")), "{said}");
        }
    }

    #[test]
    fn spans_are_told() {
        for (text, told) in [
            ("250ms", "250 ms"),
            ("90s", "1 min 30 s"),
            ("1h", "1 h"),
            ("1h1s", "1 h 1 s"),
            ("1.6s", "2 s"),
        ] {
            assert_eq!(describe(parse(text).expect(text)), told);
        }
    }
}

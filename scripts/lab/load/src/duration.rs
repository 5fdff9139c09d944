//! Durations in the form that people write: `500ms`, `90s`, `2m`, `1m30s`, `1h`.

use std::time::Duration;

use run_record::format::exact_span;

/// Longer than any load test needs.
pub(super) const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Reads a duration.
///
/// # Errors
/// One sentence for the user.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text.trim()).map_err(|_| {
        format!("'{text}' is not a duration; write it as 500ms, 90s, 2m, 1m30s or 1h")
    })?;
    if duration > LONGEST {
        return Err(format!("'{text}' is longer than 24 hours"));
    }
    Ok(duration)
}

/// The duration in words, rounded to seconds if it is longer than one.
pub(super) fn describe(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        return format!("{} ms", duration.as_millis());
    }
    exact_span((duration + Duration::from_millis(500)).as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
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
    fn anything_else_is_refused_with_its_text() {
        for text in [
            "",
            "5",
            "s",
            "2d",
            "-1s",
            "1.2.3s",
            "1e9s",
            "2m 30",
            "25h",
            "99999999999h",
            "2 minutos",
        ] {
            let said = parse(text).expect_err(text);
            assert!(said.contains(&format!("'{text}'")), "{said}");
        }
    }

    #[test]
    fn durations_are_described() {
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

//! Times in the forms of the log.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Reads `2018-09-10T18:12:00.6132593Z`, the same without `Z` or with a space, and the portal's `9/10/2018,
/// 6:12:00.613 PM`. Times without an offset are in UTC. Returns the time since 1970. `None` for other texts, and for
/// earlier times: the service writes the first day of the year 1 if there is no time.
pub(super) fn read(text: &str) -> Option<Duration> {
    const OF_THE_PORTAL: &str = "%m/%d/%Y, %I:%M:%S%.f %p";
    let text = text.trim();
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    let utc = |local: DateTime| TimeZone::UTC.to_timestamp(local).ok();
    let at = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| utc(text.parse().ok()?))
        .or_else(|| utc(DateTime::strptime(OF_THE_PORTAL, text).ok()?))?;
    Duration::try_from(at.as_duration()).ok()
}

/// The time for people, to the second.
pub(super) fn shown(at: Duration) -> String {
    let seconds = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{read, shown};

    #[test]
    fn times_of_the_table_the_records_and_the_portal_are_read() {
        let at = Duration::new(1_536_603_120, 613_000_000);
        for text in [
            "2018-09-10T18:12:00.613Z",
            "2018-09-10T18:12:00.6130000Z",
            "2018-09-10 18:12:00.6130000",
            "2018-09-10T20:12:00.613+02:00",
            "9/10/2018, 6:12:00.613 PM",
            "09/10/2018, 06:12:00.613 pm",
        ] {
            assert_eq!(read(text), Some(at), "{text}");
        }
        assert_eq!(shown(at), "2018-09-10 18:12:00 UTC");
        assert_eq!(
            read("9/10/2018, 6:12:00 AM"),
            Some(Duration::from_secs(1_536_559_920))
        );
    }

    #[test]
    fn other_texts_are_not_times() {
        for text in [
            "",
            "0001-01-01T00:00:00Z",
            "yesterday",
            "2018-02-30T00:00:00Z",
            "13/10/2018, 6:12:00 PM",
            "99999999999999999999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}

//! The clock that the autoscale rules use: the wall clock, or in the emulator a calendar that runs faster.

use std::str::FromStr;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Timestamp;
use super::timeline::MINUTE;

/// How many times as fast as the wall clock the calendar may run.
const SCALES: std::ops::RangeInclusive<f64> = 0.1..=600.0;

/// The calendar of the autoscale rules. It shows a given time at a given moment of the wall clock, and runs a given
/// number of times as fast. By default it is the wall clock itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RulesClock {
    calendar: Timestamp,
    wall: Timestamp,
    scale: f64,
}

impl Default for RulesClock {
    fn default() -> Self {
        Self {
            calendar: Timestamp::from_millis(0),
            wall: Timestamp::from_millis(0),
            scale: 1.0,
        }
    }
}

impl RulesClock {
    /// The calendar's time at a moment of the wall clock.
    pub fn calendar(self, wall: Timestamp) -> Timestamp {
        let passed = wall.millis().saturating_sub(self.wall.millis());
        shifted(self.calendar, passed as f64 * self.scale)
    }

    /// The time on the wall clock at a moment of the calendar.
    pub fn wall(self, calendar: Timestamp) -> Timestamp {
        let passed = calendar.millis().saturating_sub(self.calendar.millis());
        shifted(self.wall, passed as f64 / self.scale)
    }

    /// The calendar's time at a moment of the wall clock, in seconds since 1970.
    pub fn unix_seconds(self, wall: Timestamp) -> i64 {
        self.calendar(wall).millis().div_euclid(1_000)
    }

    /// The full minute of the calendar that is nearest to a moment of the wall clock.
    pub fn nearest_minute(self, wall: Timestamp) -> Timestamp {
        self.calendar(wall).later(MINUTE / 2).floor(MINUTE)
    }

    /// The length of a span of the calendar on the wall clock.
    pub fn wall_span(self, span: Duration) -> Duration {
        span.div_f64(self.scale)
    }
}

/// Milliseconds are far from the limits of both types, and the float conversion saturates.
fn shifted(from: Timestamp, millis: f64) -> Timestamp {
    Timestamp::from_millis(from.millis().saturating_add(millis.round() as i64))
}

impl FromStr for RulesClock {
    type Err = String;

    /// Reads `CALENDAR,WALL,SCALE`.
    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || {
            "must be CALENDAR,WALL,SCALE: two times such as 2026-01-05T08:00:00Z, from 1970 on, and a number from 0.1 to \
             600"
                .to_owned()
        };
        let mut parts = text.split(',').map(str::trim);
        let mut next = || parts.next().ok_or_else(refused);
        let (calendar, wall, scale) = (next()?, next()?, next()?);
        if parts.next().is_some() {
            return Err(refused());
        }
        let timestamp = |text: &str| {
            let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
            let millis = i64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()?;
            (millis >= 0).then(|| Timestamp::from_millis(millis))
        };
        let scale: f64 = scale.parse().map_err(|_| refused())?;
        if !SCALES.contains(&scale) {
            return Err(refused());
        }
        Ok(Self {
            calendar: timestamp(calendar).ok_or_else(refused)?,
            wall: timestamp(wall).ok_or_else(refused)?,
            scale,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clock(text: &str) -> RulesClock {
        text.parse().expect("a clock")
    }

    #[test]
    fn the_calendar_runs_at_the_given_scale() {
        let clock = clock("2026-01-05T08:00:00Z,2026-11-29T17:20:00.123Z,60");
        let origin = clock.wall(clock.calendar);
        assert_eq!(origin.rfc3339(), "2026-11-29T17:20:00.123Z");
        let later = origin.later(Duration::from_millis(1_500));
        assert_eq!(clock.calendar(later).rfc3339(), "2026-01-05T08:01:30.000Z");
        let earlier = origin.earlier(Duration::from_secs(60));
        assert_eq!(
            clock.calendar(earlier).rfc3339(),
            "2026-01-05T07:00:00.000Z"
        );
        assert_eq!(clock.unix_seconds(origin), 1_767_600_000);
        assert_eq!(clock.wall_span(MINUTE), Duration::from_secs(1));
        let minute = |millis| {
            let at = origin.later(Duration::from_millis(millis));
            clock.nearest_minute(at).rfc3339()
        };
        assert_eq!(minute(1_499), "2026-01-05T08:01:00.000Z");
        assert_eq!(minute(1_500), "2026-01-05T08:02:00.000Z");
    }

    #[test]
    fn the_default_is_the_wall_clock() {
        let at = Timestamp::from_millis(1_795_525_502_120);
        assert_eq!(RulesClock::default().calendar(at), at);
        assert_eq!(RulesClock::default().wall(at), at);
    }

    #[test]
    fn invalid_clocks_are_refused() {
        for bad in [
            "",
            "2026-01-05T08:00:00Z",
            "2026-01-05T08:00:00Z,2026-11-29T17:20:00Z",
            "2026-01-05T08:00:00Z,2026-11-29T17:20:00Z,60,1",
            "2026-01-05T08:00:00,2026-11-29T17:20:00Z,60",
            "2026-01-05T08:00:00Z,soon,60",
            "1969-12-31T23:59:59Z,2026-11-29T17:20:00Z,60",
            "2026-01-05T08:00:00Z,2026-11-29T17:20:00Z,0",
            "2026-01-05T08:00:00Z,2026-11-29T17:20:00Z,601",
            "2026-01-05T08:00:00Z,2026-11-29T17:20:00Z,NaN",
        ] {
            let sentence = RulesClock::from_str(bad).expect_err(bad);
            assert!(sentence.contains("CALENDAR,WALL,SCALE"), "{sentence}");
        }
    }

    proptest! {
        #[test]
        fn converting_to_the_calendar_and_back_keeps_the_time(
            calendar in 0_i64..4_000_000_000_000,
            wall in 0_i64..4_000_000_000_000,
            scale in 0.1..600.0,
            at in 0_i64..4_000_000_000_000,
        ) {
            let clock = RulesClock {
                calendar: Timestamp::from_millis(calendar),
                wall: Timestamp::from_millis(wall),
                scale,
            };
            let at = Timestamp::from_millis(at);
            let back = clock.wall(clock.calendar(at)).millis();
            // Half a millisecond of a slower calendar can be up to five milliseconds of the wall clock.
            prop_assert!((back - at.millis()).abs() <= 6, "{back}");
        }
    }
}

//! Azure's time, which may pass faster than this machine's time: several Azure seconds per second. The calendar of
//! the rules runs at the same speed.

use std::time::Duration;

use functions_host::timestamp;
use time::OffsetDateTime;
use time::PrimitiveDateTime;
use time::macros::format_description;
use tokio::time::Instant;

/// Far enough in the future for a wait that never ends.
const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    origin: Instant,
    pub(super) started_at: OffsetDateTime,
    /// The calendar's time at the start.
    calendar: OffsetDateTime,
    pub(super) scale: f64,
}

impl Clock {
    /// A clock that starts now. Its calendar starts at `calendar`, or at the current time.
    pub(super) fn start(scale: f64, calendar: Option<OffsetDateTime>) -> Self {
        let started_at = OffsetDateTime::now_utc();
        Self {
            origin: Instant::now(),
            started_at,
            calendar: calendar.unwrap_or(started_at),
            scale,
        }
    }

    /// The Azure time that has passed at `at`.
    pub(super) fn azure(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.origin)
            .mul_f64(self.scale)
    }

    /// The calendar's time after this much Azure time.
    pub(super) fn calendar(&self, azure: Duration) -> OffsetDateTime {
        let last = PrimitiveDateTime::MAX.assume_utc();
        let azure = time::Duration::try_from(azure).unwrap_or(time::Duration::MAX);
        self.calendar.checked_add(azure).unwrap_or(last)
    }

    /// The calendar for the handlers, as `CALENDAR,WALL,SCALE`: at the time WALL it shows CALENDAR, and it runs SCALE
    /// times as fast.
    pub(super) fn variable(&self) -> (&'static str, String) {
        let (calendar, wall) = (timestamp(self.calendar), timestamp(self.started_at));
        let value = format!("{calendar},{wall},{}", self.scale);
        ("AUTOSCALE_CLOCK", value)
    }

    /// The moment at which this much Azure time will have passed.
    pub(super) fn instant(&self, azure: Duration) -> Instant {
        let real = Duration::try_from_secs_f64(azure.as_secs_f64() / self.scale);
        self.origin + real.unwrap_or(FAR).min(FAR)
    }
}

/// The timers of functions use the calendar of the rules.
impl functions_host::Calendar for Clock {
    fn now(&self) -> OffsetDateTime {
        self.calendar(self.azure(Instant::now()))
    }

    fn instant(&self, at: OffsetDateTime) -> Instant {
        let passed = Duration::try_from(at - self.calendar);
        // Times before the start have passed.
        Clock::instant(self, passed.unwrap_or_default())
    }
}

/// The time of day at a moment in the past, computed from the current time. After the machine slept or its clock was
/// set, it is correct again at once.
pub(super) fn wall(at: Instant) -> OffsetDateTime {
    OffsetDateTime::now_utc() - at.elapsed()
}

/// The time of day now, in UTC.
pub(super) fn time_of_day() -> String {
    let format = format_description!("[hour]:[minute]:[second]Z");
    OffsetDateTime::now_utc().format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[tokio::test(start_paused = true)]
    async fn an_azure_minute_lasts_sixty_seconds_divided_by_the_scale() {
        let clock = Clock::start(60.0, None);
        tokio::time::advance(Duration::from_millis(2_500)).await;
        let now = Instant::now();
        assert_eq!(clock.azure(now), Duration::from_secs(150));
        assert_eq!(clock.instant(Duration::from_secs(150)), now);
        assert_eq!(clock.instant(Duration::MAX), clock.origin + FAR);
    }

    #[tokio::test]
    async fn the_calendar_starts_at_the_given_time_and_handlers_receive_it() {
        let monday = datetime!(2026-01-05 07:58 UTC);
        let clock = Clock::start(60.0, Some(monday));
        assert_eq!(
            clock.calendar(Duration::from_secs(150)),
            datetime!(2026-01-05 08:00:30 UTC)
        );
        assert_eq!(clock.calendar(Duration::MAX).year(), 9999);
        let wall = timestamp(clock.started_at);
        let (name, value) = clock.variable();
        assert_eq!(name, "AUTOSCALE_CLOCK");
        assert_eq!(value, format!("2026-01-05T07:58:00.000Z,{wall},60"));
        // Without a given time, it is the current time.
        let clock = Clock::start(0.5, None);
        let wall = timestamp(clock.started_at);
        assert_eq!(clock.variable().1, format!("{wall},{wall},0.5"));
    }
}

//! Azure's time, which may pass faster than this machine's: so many Azure seconds a second.

use std::time::Duration;

use time::OffsetDateTime;
use time::macros::format_description;
use tokio::time::Instant;

/// Far enough away for a wait that never ends.
const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    origin: Instant,
    pub(super) started_at: OffsetDateTime,
    pub(super) scale: f64,
}

impl Clock {
    /// A clock that starts now.
    pub(super) fn start(scale: f64) -> Self {
        Self {
            origin: Instant::now(),
            started_at: OffsetDateTime::now_utc(),
            scale,
        }
    }

    /// The Azure time that has passed at `at`.
    pub(super) fn azure(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.origin)
            .mul_f64(self.scale)
    }

    /// The time of day after so much Azure time, as the calendar of the rules has it: it starts with the lab and runs at
    /// the same pace.
    pub(super) fn unix_seconds(&self, azure: Duration) -> i64 {
        let passed = i64::try_from(azure.as_secs()).unwrap_or(i64::MAX);
        self.started_at.unix_timestamp().saturating_add(passed)
    }

    /// When so much Azure time will have passed.
    pub(super) fn instant(&self, azure: Duration) -> Instant {
        let real = Duration::try_from_secs_f64(azure.as_secs_f64() / self.scale);
        self.origin + real.unwrap_or(FAR).min(FAR)
    }
}

/// The time of day at a moment in the past, by the present one: a machine that slept, or whose clock was set, is
/// right again at once.
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

    #[tokio::test(start_paused = true)]
    async fn an_azure_minute_lasts_sixty_seconds_over_the_scale() {
        let clock = Clock::start(60.0);
        tokio::time::advance(Duration::from_millis(2_500)).await;
        let now = Instant::now();
        assert_eq!(clock.azure(now), Duration::from_secs(150));
        assert_eq!(clock.instant(Duration::from_secs(150)), now);
        assert_eq!(clock.instant(Duration::MAX), clock.origin + FAR);
    }
}

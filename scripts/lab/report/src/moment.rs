//! Moments of a long simulation: by the date where it has one, else by the day of the run.

use run_record::Run;
use run_record::format::{Clock, span};
use run_record::simulation::ClockReading;
use time::OffsetDateTime;
use time::macros::format_description;

/// A longer simulation is told in days.
const LONG_SECONDS: f64 = 48.0 * 3_600.0;
const DAY: f64 = 86_400.0;

/// Writes the moments of a run.
#[derive(Clone, Copy)]
pub(crate) struct Moments<'a> {
    clock: Clock,
    /// What the local clock shows from these seconds on; empty where the run has no date.
    pub(crate) local: &'a [ClockReading],
    /// Whether the run is so long that days tell more than hours, and that its tables are folded.
    pub(crate) is_long: bool,
}

impl<'a> Moments<'a> {
    pub(crate) fn of(run: &'a Run) -> Self {
        Self {
            clock: Clock::new(run.time_scale),
            local: run
                .simulation
                .as_ref()
                .map_or(&[], |simulation| &simulation.clock),
            is_long: run.simulated && run.seconds > LONG_SECONDS,
        }
    }

    /// A moment: `Mon 5 Jan 08:00`, `day 3, 08:00`, or the time since the start of a short run.
    pub(crate) fn at(&self, at: f64) -> String {
        if !self.is_long {
            return self.clock.short_time(at);
        }
        self.date(at).unwrap_or_else(|| {
            let minutes = (at / 60.0).max(0.0) as u64;
            let (day, hour, minute) = (minutes / 1_440 + 1, minutes / 60 % 24, minutes % 60);
            format!("day {day}, {hour:02}:{minute:02}")
        })
    }

    /// The same, with the date of a short run where it has one.
    pub(crate) fn dated(&self, at: f64) -> String {
        self.date(at).unwrap_or_else(|| self.at(at))
    }

    /// A span of time between two moments: `Mon 5 Jan 08:00 to 09:00` is left to two cells; this is its length.
    pub(crate) fn length(&self, from: f64, to: f64) -> String {
        span((to - from).max(0.0))
    }

    fn date(&self, at: f64) -> Option<String> {
        let before = self.local.iter().rev();
        let reading = before.clone().find(|reading| reading.at <= at);
        let reading = reading.or(self.local.first())?;
        // A file may hold any number; one outside the calendar has no date.
        let since = (at - reading.at).clamp(-4_000.0 * DAY, 4_000.0 * DAY) as i64;
        let local = reading.local_seconds.checked_add(since)?;
        let form = format_description!(
            "[weekday repr:short] [day padding:none] [month repr:short] [hour]:[minute]"
        );
        OffsetDateTime::from_unix_timestamp(local)
            .ok()?
            .format(form)
            .ok()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use run_record::simulation::SimulationRecord;

    fn run(seconds: f64, clock: Vec<ClockReading>) -> Run {
        Run {
            simulated: true,
            seconds,
            simulation: Some(SimulationRecord {
                clock,
                ..SimulationRecord::default()
            }),
            ..Run::default()
        }
    }

    #[test]
    fn a_long_run_is_told_in_days_and_with_a_date_where_it_has_one() {
        let short = run(7_200.0, Vec::new());
        assert_eq!(Moments::of(&short).at(600.0), "10 min");
        let long = run(14.0 * DAY, Vec::new());
        assert_eq!(Moments::of(&long).at(2.0 * DAY + 3_660.0), "day 3, 01:01");
        // Monday 2026-03-23; six days later the clock goes forward at 02:00.
        let reading = |at: f64, local_seconds| ClockReading { at, local_seconds };
        let monday = 1_774_224_000;
        let change = 6.0 * DAY + 7_200.0;
        let dated = run(
            14.0 * DAY,
            vec![
                reading(0.0, monday),
                reading(change, monday + change as i64 + 3_600),
            ],
        );
        assert_eq!(Moments::of(&dated).at(28_800.0), "Mon 23 Mar 08:00");
        assert_eq!(Moments::of(&dated).at(change - 60.0), "Sun 29 Mar 01:59");
        assert_eq!(Moments::of(&dated).at(change), "Sun 29 Mar 03:00");
    }

    #[test]
    fn a_clock_of_any_numbers_stops_nothing() {
        for local_seconds in [i64::MIN, 0, i64::MAX] {
            for at in [-1e300, 0.0, 1e300, f64::NAN] {
                let wrong = run(1e300, vec![ClockReading { at, local_seconds }]);
                let _ = (
                    Moments::of(&wrong).at(1e300),
                    Moments::of(&wrong).at(-1e300),
                );
            }
        }
    }
}

//! The local clock of a simulation, and the times at which each profile was active.

use autoscale::Setting;
use autoscale::schedule;
use autoscale::time_zone::TimeZone;
use run_record::simulation::{AppliedProfile, ClockReading};

/// A hostile setting could change its profile every minute of a year. More spans would be of no use to a reader.
const MOST_SPANS: usize = 2_000;

/// The local clock at second 0, and at each later change of its offset.
pub(super) fn clock(start: i64, seconds: u64, zone: &TimeZone) -> Vec<ClockReading> {
    let offsets = zone.offsets(start, start.saturating_add(seconds as i64));
    let readings = offsets.into_iter().map(|(time, offset)| ClockReading {
        at: (time - start) as f64,
        local_seconds: time + offset,
    });
    readings.collect()
}

/// The spans of the active profiles, in order.
pub(super) fn applied(setting: &Setting, start: i64, seconds: u64) -> Vec<AppliedProfile> {
    let schedules = || setting.profiles.iter().map(|profile| &profile.schedule);
    let end = start.saturating_add(seconds as i64);
    let mut spans: Vec<AppliedProfile> = Vec::new();
    let mut from = start;
    while from < end && spans.len() < MOST_SPANS {
        let to = schedule::next_change(schedules(), from).map_or(end, |next| next.min(end));
        let profile = schedule::active(schedules(), from);
        let span = AppliedProfile {
            from: (from - start) as f64,
            to: (to - start) as f64,
            profile,
        };
        match spans.last_mut() {
            Some(last) if last.profile == profile => last.to = span.to,
            _ => spans.push(span),
        }
        from = to;
    }
    spans
}

#[cfg(test)]
mod tests {
    use autoscale::time_zone;

    use super::*;

    const HOUR: u64 = 3_600;
    const DAY: u64 = 24 * HOUR;

    fn berlin() -> TimeZone {
        TimeZone::named("Europe/Berlin").expect("a zone")
    }

    #[test]
    fn the_clock_follows_daylight_saving_to_the_second() {
        // Saturday 2026-03-28 in Berlin; the clocks go forward on Sunday at 02:00, after 26 hours.
        let start = time_zone::parse_start("2026-03-28T00:00:30", &berlin()).expect("a time");
        let readings = clock(start, 3 * DAY, &berlin());
        let of: Vec<(f64, i64)> = readings
            .iter()
            .map(|reading| {
                (
                    reading.at,
                    reading.local_seconds - readings[0].local_seconds,
                )
            })
            .collect();
        let change = (26 * HOUR - 30) as f64;
        assert_eq!(of, [(0.0, 0), (change, change as i64 + HOUR as i64)]);
    }

    #[test]
    fn a_setting_without_a_calendar_has_one_span() {
        let spans = applied(&Setting::built_in(), 0, DAY);
        let whole = AppliedProfile {
            from: 0.0,
            to: DAY as f64,
            profile: Some(0),
        };
        assert_eq!(spans, [whole]);
    }
}

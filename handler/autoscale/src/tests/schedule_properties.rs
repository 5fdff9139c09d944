//! Properties of any schedules at any time, compared with a model that steps through the local time.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone as Zone, TimeZoneDatabase};
use proptest::prelude::*;

use super::*;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Zones whose clocks change by an hour, half an hour, two hours, or a day; at midnight; twice around Ramadan; or
/// never.
const ZONES: [&str; 13] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Apia",
    "Africa/Cairo",
    "America/Santiago",
    "Africa/Casablanca",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "UTC",
];

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The input from which a schedule was made.
#[derive(Debug, Clone)]
enum Written {
    Default,
    Dates(i64, i64),
    Weekly {
        zone: &'static str,
        days: Vec<usize>,
        hours: Vec<i64>,
        minutes: Vec<i64>,
    },
}

impl Written {
    fn schedule(&self) -> Schedule {
        match self {
            Self::Default => Schedule::Default,
            Self::Dates(start, end) => {
                let text = |at: i64| Timestamp::from_second(at).expect("it is valid").to_string();
                Schedule::FixedDate(
                    FixedDate::new(None, &text(*start), &text(*end)).expect("it is valid"),
                )
            }
            Self::Weekly {
                zone,
                days,
                hours,
                minutes,
            } => {
                let zone = TimeZone::named(zone).expect("it is valid");
                let days: Vec<&str> = days.iter().map(|day| DAYS[*day]).collect();
                Schedule::Recurring(
                    Recurrence::new("Week", zone, &days, hours, minutes).expect("it is valid"),
                )
            }
        }
    }

    /// Whether a recurring profile starts at exactly this moment.
    fn starts_at(&self, zone: &Zone, at: i64) -> bool {
        let Self::Weekly {
            days,
            hours,
            minutes,
            ..
        } = self
        else {
            return false;
        };
        let at = Timestamp::from_second(at).expect("it is valid");
        let shown = zone.to_datetime(at);
        let is_start = |local: DateTime| {
            days.contains(&(local.weekday().to_monday_zero_offset() as usize))
                && hours.contains(&local.hour().into())
                && minutes.contains(&local.minute().into())
                && local.second() == 0
                && zone
                    .to_ambiguous_timestamp(local)
                    .compatible()
                    .expect("it is valid")
                    == at
        };
        // The time that clocks show, or that they skipped.
        [0, 30, 60, 120, 24 * 60].iter().any(|skipped| {
            is_start(shown.saturating_sub(jiff::SignedDuration::from_mins(*skipped)))
        })
    }
}

/// The active profile according to the wording of the rules alone.
fn model(written: &[Written], at: i64) -> Option<usize> {
    let zones: Vec<Zone> = written
        .iter()
        .map(|written| match written {
            Written::Weekly { zone, .. } => bundled(zone),
            _ => Zone::UTC,
        })
        .collect();
    let fixed = |written: &Written| matches!(written, Written::Dates(start, end) if (*start..*end).contains(&at));
    let minute = at - at.rem_euclid(MINUTE);
    let recurring = || {
        (0..9 * 24 * 60).find_map(|back| {
            let starts =
                |index: &usize| written[*index].starts_at(&zones[*index], minute - back * MINUTE);
            (0..written.len()).find(starts)
        })
    };
    let default = || {
        written
            .iter()
            .position(|written| matches!(written, Written::Default))
    };
    written
        .iter()
        .position(fixed)
        .or_else(recurring)
        .or_else(default)
}

fn bundled(name: &str) -> Zone {
    TimeZoneDatabase::bundled()
        .get(name)
        .expect("it is in the database")
}

/// A zone and a time: usually near a change of its clocks, otherwise any time from 2011 to 2039.
fn any_place() -> impl Strategy<Value = (&'static str, i64)> {
    let near = prop_oneof![3 => -3 * HOUR..3 * HOUR, 1 => -2 * DAY..8 * DAY];
    let any_zone = || (0..ZONES.len()).prop_map(|index| ZONES[index]);
    let near_change = (any_zone(), 1_300_000_000..2_200_000_000_i64, near.clone());
    let near_change = near_change.prop_map(|(name, from, shift)| {
        let zone = bundled(name);
        let from = Timestamp::from_second(from).expect("it is valid");
        let change = zone.following(from).next();
        let change = change.map_or(from, |change| change.timestamp());
        (name, change.as_second() + shift)
    });
    // Samoa had no 2011-12-30.
    let samoa = near.prop_map(|shift| ("Pacific/Apia", 1_325_239_200 + shift));
    let anywhere = (any_zone(), 1_300_000_000..2_200_000_000_i64);
    prop_oneof![4 => near_change, 1 => samoa, 1 => anywhere]
}

/// Usually starts in the hours around `at`, in the same zone, where a change of the clocks matters.
fn any_schedule(zone: &'static str, at: i64) -> impl Strategy<Value = Written> {
    let moment = Timestamp::from_second(at).expect("it is valid");
    let hour = i64::from(bundled(zone).to_datetime(moment).hour());
    let few = |range: std::ops::Range<i64>, most: usize| prop::collection::vec(range, 1..=most);
    let near_hours = few(hour - 2..hour + 3, 3)
        .prop_map(|hours| hours.into_iter().map(|hour| hour.rem_euclid(24)).collect());
    let weekly = (
        prop_oneof![3 => Just(zone), 1 => (0..ZONES.len()).prop_map(|index| ZONES[index])],
        prop_oneof![
            Just((0..7).collect()),
            prop::collection::vec(0..7_usize, 1..=7)
        ],
        prop_oneof![3 => near_hours, 1 => few(0..24, 3)],
        prop_oneof![Just(vec![0]), Just(vec![0, 30]), few(0..60, 5)],
    );
    let weekly = weekly.prop_map(|(zone, days, hours, minutes)| Written::Weekly {
        zone,
        days,
        hours,
        minutes,
    });
    let dates = (-3 * DAY..3 * DAY, 1..3 * DAY)
        .prop_map(move |(shift, length)| Written::Dates(at + shift, at + shift + length));
    prop_oneof![12 => weekly, 1 => dates, 1 => Just(Written::Default)]
}

fn any_case() -> impl Strategy<Value = (i64, Vec<Written>)> {
    any_place().prop_flat_map(|(zone, at)| {
        (
            Just(at),
            prop::collection::vec(any_schedule(zone, at), 0..5),
        )
    })
}

fn schedules(written: &[Written]) -> Vec<Schedule> {
    written.iter().map(Written::schedule).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_active_profile_is_the_one_of_the_model((at, written) in any_case()) {
        prop_assert_eq!(active(&schedules(&written), at), model(&written, at));
    }

    /// This is checked with the model too, so that a change which both functions miss is found.
    #[test]
    fn nothing_changes_before_the_next_change((at, written) in any_case(), parts in prop::collection::vec(0.0..1.0_f64, 3)) {
        let schedules = schedules(&written);
        let present = active(&schedules, at);
        let next = next_change(&schedules, at);
        prop_assert!(next.is_none_or(|next| next > at));
        let last = next.map_or(at + 30 * DAY, |next| next - 1);
        for part in parts {
            let between = at + ((last - at) as f64 * part) as i64;
            prop_assert_eq!(active(&schedules, between), present);
            prop_assert_eq!(model(&written, between), present);
        }
        prop_assert_eq!(active(&schedules, last), present);
    }

    /// With one recurring profile alone, the next change is its next start in the model.
    #[test]
    fn the_next_change_of_one_recurring_profile_is_its_start((at, written) in any_case()) {
        for written in &written {
            let Written::Weekly { zone, .. } = written else { continue };
            let zone = bundled(zone);
            let next = next_change(&[written.schedule()], at).expect("it is valid");
            prop_assert!(written.starts_at(&zone, next), "{next} is not a start");
            let first = at - at.rem_euclid(MINUTE) + MINUTE;
            let earlier = (first..next).step_by(60).find(|earlier| written.starts_at(&zone, *earlier));
            prop_assert_eq!(earlier, None);
        }
    }

    #[test]
    fn no_moment_makes_it_panic(at in any::<i64>(), (_, written) in any_case()) {
        let schedules = schedules(&written);
        let present = active(&schedules, at);
        match next_change(&schedules, at) {
            Some(next) => {
                prop_assert!(next > at);
                prop_assert_eq!(active(&schedules, next - 1), present);
            }
            None => prop_assert_eq!(active(&schedules, i64::MAX), present),
        }
    }
}

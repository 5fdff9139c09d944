//! A simple calendar of Berlin in the year 2026: the active profile, without the engine's code.
//!
//! Days are counted from 1970-01-01, a Thursday. Clocks skip 02:00 to 03:00 on 29 March, and show it twice on 25 October.

pub(super) const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;
/// The days on which clocks change, both a Sunday.
pub(super) const SPRING: i64 = 20_541;
pub(super) const AUTUMN: i64 = 20_751;

/// A time on the clocks of Berlin, in seconds since 1970-01-01T00:00 on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Local(pub(super) i64);

/// When a profile is active.
#[derive(Debug, Clone)]
pub(super) enum When {
    Default,
    Dates(Local, Local),
    /// Days (Monday is 0), hours and minutes of its starts.
    Weekly {
        days: Vec<i64>,
        hours: Vec<i64>,
        minutes: Vec<i64>,
    },
}

impl Local {
    /// Unix seconds. A skipped time has the offset before the change, and a repeated one is the first of both.
    pub(super) fn unix(self) -> i64 {
        let summer = self.0 >= SPRING * DAY + 3 * HOUR && self.0 < AUTUMN * DAY + 3 * HOUR;
        self.0 - if summer { 2 * HOUR } else { HOUR }
    }

    /// The form in a setting.
    pub(super) fn text(self) -> String {
        let (day, second) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        // 1 March is the day 20513, 1 October the day 20727; other months are not used.
        let (month, first) = if day < 20_600 {
            (3, 20_513)
        } else {
            (10, 20_727)
        };
        format!(
            "2026-{month:02}-{:02}T{:02}:{:02}:{:02}",
            day - first + 1,
            second / HOUR,
            second % HOUR / 60,
            second % 60
        )
    }
}

/// The active profile: a date that contains the moment, or else the last start of a week, or else the default; the
/// first one of several.
pub(super) fn applies(profiles: &[&When], now: i64) -> Option<usize> {
    let contains = |when: &&When| match when {
        When::Dates(from, to) => from.unix() <= now && now < to.unix(),
        _ => false,
    };
    if let Some(index) = profiles.iter().position(contains) {
        return Some(index);
    }
    let mut latest: Option<(i64, usize)> = None;
    for (index, when) in profiles.iter().enumerate() {
        let When::Weekly {
            days,
            hours,
            minutes,
        } = when
        else {
            continue;
        };
        let today = now.div_euclid(DAY);
        // A week and one more day, because the local day may differ.
        for day in (today - 8..=today + 1).filter(|day| days.contains(&((day + 3) % 7))) {
            for hour in hours {
                for minute in minutes {
                    let start = Local(day * DAY + hour * HOUR + minute * 60).unix();
                    if start <= now && latest.is_none_or(|(other, _)| start > other) {
                        latest = Some((start, index));
                    }
                }
            }
        }
    }
    let default = || {
        profiles
            .iter()
            .position(|when| matches!(when, When::Default))
    };
    latest.map(|(_, index)| index).or_else(default)
}

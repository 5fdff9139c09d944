//! Profiles that never apply, recurring profiles without an end, and times at which no profile applies.
//!
//! Source: "Autoscale with multiple profiles" in the Azure Monitor documentation. A recurring profile has no end: it
//! applies until the next recurring profile starts. So beside a recurring profile the default never applies, unless a
//! companion profile repeats it, as the portal does.

use autoscale::schedule::{FixedDate, Schedule, active, companion, next_change};
use autoscale::{Profile, ProfilePlace};

use super::{MOST_PROFILES, Remark, Remarks};
use crate::Rules;

const DAY: i64 = 24 * 60 * 60;
/// Two weeks contain every start, even if the clocks change.
const WALKED: i64 = 2 * 7 * DAY;

struct Calendar<'a> {
    profiles: &'a [Profile],
    places: &'a [ProfilePlace],
    now: i64,
}

pub(super) fn check(rules: &Rules, now: i64, remarks: &mut Remarks) {
    let profiles = &rules.setting.profiles;
    let most = profiles.len().min(rules.places.len()).min(MOST_PROFILES);
    let calendar = Calendar {
        profiles: &profiles[..most],
        places: &rules.places[..most],
        now,
    };
    let (faults, hints) = (&mut remarks.faults, &mut remarks.hints);
    faults.extend(calendar.default_never_applies());
    faults.extend(calendar.never_starts());
    hints.extend(calendar.without_end());
    hints.extend(calendar.stale_companions());
    hints.extend(calendar.ended());
    hints.extend(calendar.gaps());
}

impl Calendar<'_> {
    fn place(&self, index: usize) -> &str {
        &self.places[index].profile
    }

    fn recurring(&self) -> impl Iterator<Item = (usize, &Profile)> {
        let all = self.profiles.iter().enumerate();
        all.filter(|(_, profile)| matches!(profile.schedule, Schedule::Recurring(_)))
    }

    fn fixed(&self) -> impl Iterator<Item = (usize, &FixedDate)> {
        let all = self.profiles.iter().enumerate();
        all.filter_map(|(index, profile)| match &profile.schedule {
            Schedule::FixedDate(dates) => Some((index, dates)),
            _ => None,
        })
    }

    fn default(&self) -> Option<usize> {
        self.profiles
            .iter()
            .position(|profile| profile.schedule == Schedule::Default)
    }

    /// A default with recurring profiles, none of which repeats it.
    fn default_never_applies(&self) -> Option<Remark> {
        let index = self.default()?;
        let (_, first) = self.recurring().next()?;
        let default = &self.profiles[index];
        let repeats = |profile: &Profile| {
            let is_named =
                companion(&profile.name).is_some_and(|companion| companion.name == default.name);
            is_named || (profile.capacity == default.capacity && profile.rules == default.rules)
        };
        if self.recurring().any(|(_, profile)| repeats(profile)) {
            return None;
        }
        let message = format!(
            "never applies: {} recurs, a recurring profile lasts until the next recurring one starts, and none of them has \
             the limits and rules of this default.",
            first.title(),
        );
        let remedy = "Add a recurring profile with these limits and rules that starts when the other one should end; the \
                      portal does so when you give the profile an end time.";
        let place = self.place(index);
        Some(Remark::new("never_applies", place, message, remedy))
    }

    /// Profiles with a calendar that never apply because another profile always takes precedence.
    fn never_starts(&self) -> Vec<Remark> {
        let mut applies = vec![false; self.profiles.len()];
        let schedules = || self.profiles.iter().map(|profile| &profile.schedule);
        let ends = self
            .fixed()
            .flat_map(|(_, dates)| [dates.span().start, dates.span().end]);
        for index in ends.filter_map(|end| active(schedules(), end)) {
            applies[index] = true;
        }
        // Fixed dates would hide a recurring profile while they apply.
        let recurring: Vec<usize> = self.recurring().map(|(index, _)| index).collect();
        let schedules = || {
            recurring
                .iter()
                .map(|index| &self.profiles[*index].schedule)
        };
        let mut time = Some(self.now);
        while let Some(now) = time.filter(|time| *time <= self.now.saturating_add(WALKED)) {
            if let Some(position) = active(schedules(), now) {
                applies[recurring[position]] = true;
            }
            time = next_change(schedules(), now);
        }
        let has_calendar = |index: &usize| self.profiles[*index].schedule != Schedule::Default;
        let never = (0..applies.len())
            .filter(|index| !applies[*index])
            .filter(has_calendar);
        never
            .map(|index| {
                let message = match self.profiles[index].schedule {
                    Schedule::FixedDate(_) => {
                        "never applies: fixed-date profiles before it in the file cover its time."
                    }
                    _ => "never applies: another recurring profile starts whenever this one does, and comes first.",
                };
                let remedy = "Change its calendar, or remove it.";
                Remark::new("never_applies", self.place(index), message, remedy)
            })
            .collect()
    }

    /// Recurring profiles that no companion ends, if there are companions; and the only recurring profile, if there
    /// is no default whose absence would be reported.
    fn without_end(&self) -> Vec<Remark> {
        let companions: Vec<_> = self
            .recurring()
            .filter_map(|(_, profile)| companion(&profile.name))
            .collect();
        let is_only = self.recurring().count() == 1 && self.default().is_none();
        let lasts = self.recurring().filter(|(_, profile)| {
            let is_ended = companions
                .iter()
                .any(|companion| companion.for_profile == profile.name);
            is_only || (!companions.is_empty() && !is_ended && companion(&profile.name).is_none())
        });
        lasts
            .map(|(index, profile)| {
                let starts = profile.schedule.describe();
                let lasts = match is_only {
                    true => "no other recurring profile ends it, so it always applies",
                    false => "no companion profile is for it, so it lasts until the next recurring profile starts",
                };
                let message = format!("has no end: it starts {starts}, and {lasts}.");
                let remedy = "Add a recurring profile that starts when this one should end.";
                Remark::new("no_end", self.place(index), message, remedy)
            })
            .collect()
    }

    /// Companions that differ from their default: an edit of the default does not change them.
    fn stale_companions(&self) -> Vec<Remark> {
        let Some(default) = self.default().map(|index| &self.profiles[index]) else {
            return Vec::new();
        };
        let differs = |profile: &Profile| {
            companion(&profile.name).is_some_and(|companion| companion.name == default.name)
                && (profile.capacity != default.capacity || profile.rules != default.rules)
        };
        self.recurring()
            .filter(|(_, profile)| differs(profile))
            .map(|(index, _)| {
                let message = format!(
                    "has other limits or rules than {}, which it repeats. Azure uses those written here.",
                    default.title()
                );
                let remedy = "Copy the limits and rules of the default into it.";
                Remark::new("stale_companion", self.place(index), message, remedy)
            })
            .collect()
    }

    fn ended(&self) -> Vec<Remark> {
        let past = self
            .fixed()
            .filter(|(_, dates)| dates.span().end <= self.now);
        past.map(|(index, _)| {
            let applied = self.profiles[index].schedule.describe();
            let message = format!("has ended: it applied {applied}.");
            let remedy = "Remove it, or change its dates.";
            Remark::new("ended", self.place(index), message, remedy)
        })
        .collect()
    }

    /// If there is neither a default nor a recurring profile, no profile applies outside the fixed dates.
    fn gaps(&self) -> Option<Remark> {
        let (first, _) = self.fixed().next()?;
        let is_covered = self.default().is_some() || self.recurring().next().is_some();
        let list = self.place(first).rsplit_once('[');
        (!is_covered).then(|| {
            Remark::new(
                "no_profile",
                list.map_or("", |(list, _)| list),
                "leave times at which no profile applies: there is no default profile and no recurring one. The count \
                 then stays as it is.",
                "Add a profile without a calendar.",
            )
        })
    }
}

//! Faults and hints of a setting, found without a load.
//!
//! | module | finds |
//! | --- | --- |
//! | [`flapping`] | rules that undo each other under a constant load |
//! | [`conditions`] | conditions that can never be true, or never together |
//! | [`calendar`] | profiles that never apply, and times without a profile |
//! | [`habits`] | cooldowns, defaults and missing rules |

use std::time::Duration;

use autoscale::{Finding, Profile, Setting};
use serde::Serialize;

use crate::Rules;
use crate::view::View;

mod calendar;
mod conditions;
mod flapping;
mod habits;

pub use flapping::flapping;

/// Azure accepts no more in a setting.
pub(crate) const MOST_PROFILES: usize = 20;

/// Codes of the reader's findings that are faults.
const FAULTS: [&str; 2] = ["wrong_target", "second_default"];

/// Something about a setting that its owner should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Remark {
    /// Names the sort for programs, such as `flapping`.
    pub(crate) code: &'static str,
    /// Such as `profiles[0].rules[1]`; empty where the whole file is meant.
    pub(crate) place: String,
    /// What is there, and what follows from it.
    pub(crate) message: String,
    /// The edit that resolves it.
    pub(crate) remedy: String,
}

/// How long it takes until an action shows.
#[derive(Debug, Clone, Copy)]
pub struct Delays {
    /// How long after a minute's end its sample can be seen.
    pub metric_lag: Duration,
    /// From the order of an instance to its first request.
    pub provision: Duration,
}

/// What the check found.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    /// The setting cannot work as it was meant.
    pub(crate) faults: Vec<Remark>,
    /// The setting works, but maybe not as it was meant.
    pub(crate) hints: Vec<Remark>,
}

/// A profile, and where it and its rules stand in the file.
#[derive(Clone, Copy)]
struct Placed<'a> {
    setting: &'a Setting,
    profile: &'a Profile,
    place: &'a autoscale::ProfilePlace,
}

impl Placed<'_> {
    /// A rule's place within the profile, such as `rules[1]`.
    fn short(&self, rule: usize) -> &str {
        let place = &self.place.rules[rule];
        place.rsplit('.').next().unwrap_or(place)
    }

    /// A rule's condition in words.
    fn condition(&self, rule: usize) -> String {
        self.profile.rules[rule].condition(&self.setting.metrics)
    }
}

/// Checks a setting at a time, in Unix seconds.
pub(crate) fn check(rules: &Rules, delays: Delays, now: i64) -> Remarks {
    let setting = &rules.setting;
    let mut remarks = Remarks::default();
    for finding in &rules.findings {
        let list = match FAULTS.contains(&finding.code) {
            true => &mut remarks.faults,
            false => &mut remarks.hints,
        };
        list.push(Remark::from(finding));
    }
    for (profile, place) in setting
        .profiles
        .iter()
        .zip(&rules.places)
        .take(MOST_PROFILES)
    {
        let placed = Placed {
            setting,
            profile,
            place,
        };
        for view in View::all(&setting.metrics, profile) {
            remarks.faults.extend(flapping::faults(&placed, &view));
        }
        conditions::check(&placed, &mut remarks);
        habits::check(&placed, delays, &mut remarks.hints);
    }
    calendar::check(rules, now, &mut remarks);
    remarks
}

impl From<&Finding> for Remark {
    fn from(finding: &Finding) -> Self {
        Self {
            code: finding.code,
            place: finding.place.clone(),
            message: finding.message.clone(),
            remedy: finding.remedy.clone(),
        }
    }
}

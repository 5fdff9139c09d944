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

/// The most profiles that Azure accepts in a setting.
pub(crate) const MOST_PROFILES: usize = 20;

/// Codes of the reader's findings that are faults.
const FAULTS: [&str; 2] = ["wrong_target", "second_default"];

/// A fault or hint for the owner of the setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Remark {
    /// Identifies the kind for programs, such as `flapping`.
    pub(crate) code: &'static str,
    /// Such as `profiles[0].rules[1]`; empty for the whole file.
    pub(crate) place: String,
    /// The problem and its consequence.
    pub(crate) message: String,
    /// The edit that resolves it.
    pub(crate) remedy: String,
}

impl Remark {
    fn new(
        code: &'static str,
        place: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            code,
            place: place.to_owned(),
            message: message.into(),
            remedy: remedy.into(),
        }
    }
}

/// The time until an action has an effect.
#[derive(Debug, Clone, Copy)]
pub struct Delays {
    /// The time from the end of a minute until its sample is available.
    pub metric_lag: Duration,
    /// The time from the request for an instance to its first response.
    pub provision: Duration,
}

/// The results of the check.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    /// The setting cannot work as intended.
    pub(crate) faults: Vec<Remark>,
    /// The setting works, but maybe not as intended.
    pub(crate) hints: Vec<Remark>,
}

/// A profile with its place and the places of its rules in the file.
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
        let Finding {
            place,
            message,
            remedy,
            ..
        } = finding;
        list.push(Remark::new(finding.code, place, message, remedy));
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

//! The recommended rules, and the effect of each change.

use autoscale::Setting;

use super::judge::{Candidate, Measured};
use super::space::Space;

/// The most changes for which the effect of each one is simulated.
const MOST_SINGLE: usize = 100;

/// Rules that are better than the present ones.
pub(super) struct Proposal {
    pub(super) setting: Setting,
    pub(super) measured: Measured,
    pub(super) changes: Vec<Change>,
}

/// A value that differs from the present one.
pub(super) struct Change {
    /// Its place in the file.
    pub(super) place: String,
    /// The same in words.
    pub(super) label: String,
    pub(super) present: f64,
    pub(super) proposed: f64,
    pub(super) present_shown: String,
    pub(super) proposed_shown: String,
    /// The result of the proposed rules with the present value; `None` if that contradicts another value, or if there
    /// are too many changes.
    pub(super) without: Option<Measured>,
}

impl Proposal {
    pub(super) fn of(
        best: &Candidate,
        space: &Space<'_>,
        measure: impl Fn(&Setting) -> Measured,
    ) -> Option<Self> {
        let changed = space.changed(&best.choice).enumerate();
        let changes = changed.map(|(before, (number, parameter))| {
            let mut without = best.choice.clone();
            without[number] = parameter.present;
            let (present, proposed) = (parameter.present, best.choice[number]);
            Change {
                place: parameter.place.clone(),
                label: parameter.label.clone(),
                present: parameter.value(present),
                proposed: parameter.value(proposed),
                present_shown: parameter.show(present),
                proposed_shown: parameter.show(proposed),
                without: space
                    .setting(&without)
                    .filter(|_| before < MOST_SINGLE)
                    .map(|setting| measure(&setting)),
            }
        });
        Some(Self {
            setting: space.setting(&best.choice)?,
            measured: best.measured,
            changes: changes.collect(),
        })
    }
}

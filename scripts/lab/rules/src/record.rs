//! The output of `lab rules --json`.

use autoscale::{Capacity, Profile};
use serde::Serialize;

use crate::Rules;
use crate::bands::{Band, Range};
use crate::check::{MOST_PROFILES, Remark, Remarks};
use crate::explain;

/// The setting in words, and the results of the check.
#[derive(Serialize)]
pub(crate) struct Record<'a> {
    rules: &'a str,
    profiles: Vec<ProfileRecord>,
    faults: &'a [Remark],
    hints: &'a [Remark],
}

#[derive(Serialize)]
struct ProfileRecord {
    name: String,
    schedule: String,
    capacity: Capacity,
    rules: Vec<String>,
    bands: Vec<BandRecord>,
    /// Why the rules have no bands.
    without_bands: Option<String>,
}

#[derive(Serialize)]
struct BandRecord {
    load: String,
    count: u32,
    /// The loads at which the count stays. Both are null if there are none; `to` is also null if they have no upper
    /// limit.
    from: Option<f64>,
    to: Option<f64>,
    /// The count that follows at a lower load.
    below: Option<u32>,
    /// The count that follows at the highest load.
    above: Option<u32>,
    /// All ranges.
    ranges: Vec<Range>,
}

impl<'a> Record<'a> {
    pub(crate) fn new(rules: &'a Rules, remarks: &'a Remarks) -> Self {
        let profiles = rules.setting.profiles.iter().take(MOST_PROFILES);
        Self {
            rules: &rules.name,
            profiles: profiles
                .map(|profile| ProfileRecord::new(rules, profile))
                .collect(),
            faults: &remarks.faults,
            hints: &remarks.hints,
        }
    }
}

impl ProfileRecord {
    fn new(rules: &Rules, profile: &Profile) -> Self {
        let (tables, without_bands) = explain::tables(&rules.setting, profile);
        let bands = tables.into_iter().flat_map(|table| {
            let load = table.load;
            let bands = table.bands.into_iter();
            bands.map(move |band| BandRecord::new(load.clone(), band))
        });
        Self {
            name: profile.title(),
            schedule: profile.schedule.describe(),
            capacity: profile.capacity,
            rules: profile
                .rules
                .iter()
                .map(|rule| rule.describe(&rules.setting.metrics))
                .collect(),
            bands: bands.collect(),
            without_bands,
        }
    }
}

impl BandRecord {
    fn new(load: String, band: Band) -> Self {
        let stable = band.stable();
        Self {
            load,
            count: band.count,
            from: stable.map(|span| span.from),
            to: stable.and_then(|span| span.to),
            below: band.below(),
            above: band.above(),
            ranges: band.ranges,
        }
    }
}

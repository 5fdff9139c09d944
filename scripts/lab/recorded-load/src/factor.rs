//! The instance counts by which the average CPU is multiplied to get the load.

use run_record::format::{decimal, things};

use super::options::ReadOptions;
use super::recorded::Note;
use super::series::Group;

/// The factor for the average CPU: the last of these counts before or at each time; before the first one, the first.
pub(super) struct Factor(Vec<(i64, f64)>);

impl Factor {
    /// The counts in the file, or else the rules' default count with a note.
    pub(super) fn of(
        cpu: &Group,
        counts: Option<&Group>,
        options: &ReadOptions<'_>,
        notes: &mut Vec<Note>,
    ) -> Self {
        let name = &cpu.name;
        if let Some((split, counts)) = &cpu.split {
            let counts: Vec<(i64, f64)> = counts
                .iter()
                .map(|(at, count)| (*at, f64::from(*count)))
                .collect();
            notes.push(Note::assumed(format!(
                "The load is the mean {name} times the number of {split} with a sample, each counted as one instance: {}.",
                range(&counts)
            )));
            return Self(counts);
        }
        let known: Vec<(i64, f64)> = counts.into_iter().flat_map(Group::known).collect();
        if let (Some(counts), false) = (counts, known.is_empty()) {
            let of = &counts.name;
            notes.push(Note::assumed(format!(
                "The load is {name} times {of}: {}.",
                range(&known)
            )));
            let missing = counts.points.len() - known.len();
            if missing > 0 {
                notes.push(Note::warning(format!(
                    "{of} is missing in {}: its last value is used there.",
                    things(missing as u64, "sample")
                )));
            }
            return Self(known);
        }
        let instances = things(u64::from(options.instances), "instance");
        notes.push(Note::assumed(format!(
            "The load is {name} times {instances}, the rules' default, as no instance counts are recorded; add a column \
             instances, or download the metric for each instance (az monitor metrics list ... --dimension Instance)."
        )));
        Self(vec![(0, f64::from(options.instances))])
    }

    pub(super) fn at(&self, time: i64) -> f64 {
        let after = self.0.partition_point(|(at, _)| *at <= time);
        let count = self.0.get(after.saturating_sub(1));
        count.map_or(1.0, |(_, count)| *count)
    }
}

fn range(counts: &[(i64, f64)]) -> String {
    let all = counts.iter().map(|(_, count)| *count);
    let lowest = all.clone().fold(f64::INFINITY, f64::min);
    let highest = all.fold(0.0, f64::max);
    if lowest < highest {
        format!("{} to {} instances", decimal(lowest), decimal(highest))
    } else {
        format!(
            "{} instance{}",
            decimal(highest),
            if highest == 1.0 { "" } else { "s" }
        )
    }
}

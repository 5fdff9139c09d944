//! A setting in words: its profiles, when they apply, their rules, and the loads at which each count stays.

use autoscale::{Profile, Setting};
use run_record::format::things;

use crate::bands::{Band, bands};
use crate::check::MOST_PROFILES;
use crate::view::{Load, MOST_RULES, View};

/// What one load does to a profile.
#[derive(Debug)]
pub(crate) struct Table {
    /// What the loads are, for a heading.
    pub(crate) load: String,
    /// Behind a load.
    pub(crate) unit: &'static str,
    pub(crate) bands: Vec<Band>,
    /// So many counts have no band, because they are too many.
    pub(crate) left_out: u32,
}

/// The tables of a profile, and why there is none for some of its rules.
pub(crate) fn tables(setting: &Setting, profile: &Profile) -> (Vec<Table>, Option<String>) {
    let views = View::all(&setting.metrics, profile);
    let shown: Vec<usize> = views
        .iter()
        .flat_map(|view| view.rules.iter().copied())
        .collect();
    let tables = views.iter().map(|view| {
        let (bands, left_out) = bands(view);
        let (load, unit) = match view.load {
            Load::Cpu => (
                "CPU, in percent of what one instance can do".to_owned(),
                "%",
            ),
            Load::Divided(metric) => (setting.metrics[metric].name.clone(), ""),
        };
        let others = if view.has_others {
            ", if rules on other metrics do not interfere"
        } else {
            ""
        };
        Table {
            load: load + others,
            unit,
            bands,
            left_out,
        }
    });
    let why = match profile.rules.len() > MOST_RULES {
        true => Some(format!("Azure accepts {MOST_RULES} rules in a profile")),
        false => without_table(setting, profile, &shown),
    };
    (tables.collect(), why)
}

/// Why rules that are in no table are in none.
fn without_table(setting: &Setting, profile: &Profile, shown: &[usize]) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for (index, rule) in profile.rules.iter().enumerate() {
        let name = setting.metrics[rule.metric].name.as_str();
        if !shown.contains(&index) && !names.contains(&name) {
            names.push(name);
        }
    }
    (!names.is_empty()).then(|| {
        format!(
            "how {} depends on the number of instances is not known. Simulate it with lab simulate --load",
            names.join(", ")
        )
    })
}

/// The setting in words, a paragraph for each profile.
pub(crate) fn text(setting: &Setting) -> String {
    let mut text = String::new();
    let profiles = &setting.profiles;
    for (index, profile) in profiles.iter().take(MOST_PROFILES).enumerate() {
        text += &format!("\n{}, {}\n", profile.title(), profile.schedule.describe());
        let alike =
            |other: &&Profile| other.capacity == profile.capacity && other.rules == profile.rules;
        if let Some(same) = profiles[..index].iter().find(alike) {
            text += &format!("  limits and rules as in {}\n", same.title());
            continue;
        }
        text += &format!("  {}\n", limits(profile));
        for rule in &profile.rules {
            text += &format!("  {}\n", rule.describe(&setting.metrics));
        }
        let (tables, why_not) = tables(setting, profile);
        for table in tables {
            text += &format!("\n  At a constant load ({}):\n", table.load);
            for band in &table.bands {
                let count = things(band.count.into(), "instance");
                text += &format!("    {count:<14}{}\n", band.describe(table.unit));
            }
            if table.left_out > 0 {
                text += &format!("    {} more counts are not shown\n", table.left_out);
            }
        }
        if let Some(why) = why_not {
            text += &format!("\n  No table for some rules: {why}.\n");
        }
    }
    if profiles.len() > MOST_PROFILES {
        text += &format!(
            "\n{} more profiles are neither shown nor checked: Azure accepts {MOST_PROFILES}.\n",
            profiles.len() - MOST_PROFILES
        );
    }
    text
}

fn limits(profile: &Profile) -> String {
    let capacity = profile.capacity;
    match capacity.minimum == capacity.maximum {
        true => format!("always {} instances", capacity.minimum),
        false => format!(
            "{} to {} instances, {} by default",
            capacity.minimum, capacity.maximum, capacity.default
        ),
    }
}

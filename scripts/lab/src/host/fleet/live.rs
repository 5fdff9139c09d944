//! The fleet in words: for the banner, and as a line on the terminal that is rewritten as things change.

use super::options::Options;
use super::share::Share;

/// For the banner, a line each: instances, rules, time and CPU.
pub(super) fn words(options: &Options, share: &Share) -> Vec<(&'static str, String)> {
    if options.single() {
        let mut lines = vec![("Instances", "one".to_owned())];
        if share.wanted() {
            lines.push(("CPU", cpu(share)));
        }
        return lines;
    }
    let capacity = options.profile.capacity;
    let count = if capacity.minimum == capacity.maximum {
        format!("{}, always", capacity.minimum)
    } else {
        format!(
            "{} to {}, {} at the start",
            capacity.minimum, capacity.maximum, capacity.default
        )
    };
    vec![
        ("Instances", count),
        ("Rules", options.rules.clone()),
        ("Time", time(options.time_scale)),
        ("CPU", cpu(share)),
    ]
}

fn cpu(share: &Share) -> String {
    let cpus = share.cpus;
    if share.enforced() {
        format!(
            "{cpus} of a CPU for each instance, enforced by {}",
            share.how()
        )
    } else {
        format!(
            "100 % means {cpus} of a CPU for each instance, but nothing holds it to that ({})",
            share.how()
        )
    }
}

fn time(scale: f64) -> String {
    let minute = 60.0 / scale;
    let lasts = if minute < 1.0 {
        format!("{:.0} ms", minute * 1e3)
    } else {
        format!("{} s", (minute * 10.0).round() / 10.0)
    };
    if scale == 1.0 {
        "Azure's pace (--time-scale 60 makes an Azure minute last 1 s)".to_owned()
    } else {
        format!("one Azure minute lasts {lasts}")
    }
}

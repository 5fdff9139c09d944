//! Descriptions of the fleet: for the banner, and for the status line on the terminal.

use std::time::Duration;

use autoscale::{Direction, time_zone};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::clock::time_of_day;
use super::options::{Calendar, HostingPlan, Options};
use super::scaler::Scaler;
use super::share::Share;
use super::snapshot::Snapshot;

/// Lines for the banner: instances, rules, time, and CPU.
pub(super) fn words(options: &Options, share: &Share) -> Vec<(&'static str, String)> {
    if options.single() {
        let mut lines = vec![("Instances", "one".to_owned())];
        // Timers use the calendar.
        if options.calendar.start.is_some() {
            lines.extend(calendar(options).map(|calendar| ("Calendar", calendar)));
        }
        if share.wanted() {
            lines.push(("CPU", cpu(share)));
        }
        return lines;
    }
    let capacity = options.now().capacity;
    let count = if capacity.minimum == capacity.maximum {
        format!("{}, always", capacity.minimum)
    } else {
        format!(
            "{} to {}, {} at the start",
            capacity.minimum, capacity.maximum, capacity.default
        )
    };
    let mut lines = vec![("Instances", count), ("Rules", options.rules.clone())];
    if options.plan == HostingPlan::ElasticPremium {
        let mut plan = "Elastic Premium: the app applies the rules and sets the count through the emulated ARM; HTTP \
             requests scale it within its limits"
            .to_owned();
        if options.restart_on_patch {
            plan.push_str("; each change restarts the app");
        }
        lines.insert(0, ("Plan", plan));
    }
    let remarks = options.remarks.iter();
    lines.extend(remarks.map(|remark| ("", remark.clone())));
    lines.push(("Time", time(options.time_scale)));
    lines.extend(calendar(options).map(|calendar| ("Calendar", calendar)));
    lines.push(("CPU", cpu(share)));
    lines
}

/// The start of the calendar, if it is relevant.
fn calendar(options: &Options) -> Option<String> {
    let Calendar { start, zone } = &options.calendar;
    let starts = |at: OffsetDateTime| {
        let local = time_zone::format_local(at.unix_timestamp(), zone);
        format!("{local}, {zone}, at the start")
    };
    match start {
        Some(start) => Some(starts(*start)),
        None => rules::has_calendar(&options.setting).then(|| starts(OffsetDateTime::now_utc())),
    }
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
            "100% means {cpus} of a CPU for each instance, but this limit is not enforced ({})",
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
        "real time, as in Azure (with --time-scale 60, an Azure minute lasts 1 s)".to_owned()
    } else {
        format!("one Azure minute lasts {lasts}")
    }
}

/// The thresholds of the CPU rules, such as `out > 70, in < 30`.
pub(super) fn thresholds(scaler: &Scaler) -> String {
    let metrics = &scaler.setting.metrics;
    let rules = scaler.profile().rules.iter();
    let rules = rules
        .filter(|rule| metrics[rule.metric].fleet_cpu)
        .map(|rule| {
            let direction = match rule.direction {
                Direction::Increase => "out",
                Direction::Decrease => "in",
                Direction::None => "to",
            };
            format!("{direction} {} {}", rule.operator.symbol(), rule.threshold)
        });
    rules.collect::<Vec<_>>().join(", ")
}

/// The status line. Less important parts are at the end, where a narrow terminal cuts them off.
pub(super) fn line(snapshot: &Snapshot, thresholds: &str, cooldown_left: Duration) -> String {
    let now = Instant::now();
    let time = time_of_day();
    let azure = snapshot.constants.clock.azure(now).as_secs();
    let (ready, count) = (snapshot.ready, snapshot.count);
    let metric = snapshot.metric.as_ref();
    let cpu = metric
        .and_then(|metric| metric.cpu_percent)
        .map_or("-".to_owned(), |percent| format!("{percent:.1}%"));
    let rate = snapshot.requests_per_second;
    let p95 = snapshot
        .latency_ms
        .p95
        .map_or(String::new(), |p95| format!(", p95 {p95:.1} ms"));
    let mut parts = vec![
        format!("{time} +{azure} s"),
        format!("{ready} of {count} ready"),
        format!("CPU {cpu} ({thresholds})"),
        format!("{rate:.0} requests/s{p95}"),
    ];
    if snapshot.paused {
        parts.push("autoscaler paused".to_owned());
    } else if !cooldown_left.is_zero() {
        parts.push(format!("cooldown {} s", cooldown_left.as_secs()));
    }
    if let Some(decision) = &snapshot.last_decision {
        parts.push(decision.reason.clone());
    }
    parts.join(" | ")
}

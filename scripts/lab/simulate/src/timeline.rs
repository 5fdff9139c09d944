//! The events of a simulation, as a table for the terminal.

use std::fmt::Write as _;

use recorded_load::Load;

use crate::outcome::{Action, Simulation};
use crate::shortage::is_short;
use crate::standstill::{Obstacle, Standstill};

/// Longer tables are cut in the middle. The JSON file contains all rows.
const MOST_ROWS: usize = 60;
/// The steps of a load with more steps are not listed.
const MOST_LOAD_ROWS: usize = 24;

/// One line of the table.
struct Row {
    at_seconds: u64,
    event: String,
    ready: u32,
    count: u32,
    load: f64,
}

/// The table: time, event, instances, CPU.
pub(crate) fn render(simulation: &Simulation, load: &Load) -> String {
    let rows = rows(simulation, load);
    let mut text = String::from("    time   instances     CPU    event\n");
    let cut = rows.len().saturating_sub(MOST_ROWS);
    let kept_first = if cut > 0 { MOST_ROWS / 2 } else { rows.len() };
    for (index, row) in rows.iter().enumerate() {
        if index == kept_first && cut > 0 {
            let _ = writeln!(
                text,
                "         ...   {cut} more rows; --json writes all of them"
            );
        }
        if index < kept_first || index >= kept_first + cut {
            let _ = writeln!(text, "{}", line(row));
        }
    }
    text
}

fn line(row: &Row) -> String {
    let instances = if row.ready == row.count {
        row.count.to_string()
    } else {
        format!("{} of {} ready", row.ready, row.count)
    };
    let (cpu, mark) = match is_short(row.load, row.ready) {
        true => (100.0, '!'),
        false if row.ready == 0 => (0.0, ' '),
        false => (row.load / f64::from(row.ready), ' '),
    };
    format!(
        "{:>8}   {instances:<12} {cpu:>3.0}%{mark}   {}",
        clock(row.at_seconds),
        row.event
    )
}

/// Events in chronological order. At the same time, as in the model: arrivals, then decisions, then a new load.
fn rows(simulation: &Simulation, load: &Load) -> Vec<Row> {
    let start = simulation.initial;
    let steps = load.steps();
    let told = if steps.len() <= MOST_LOAD_ROWS {
        &steps[1..steps.len() - 1]
    } else {
        &[]
    };
    let arrivals = simulation
        .arrivals
        .iter()
        .map(|arrival| (arrival.at_seconds, 0, Event::Ready(arrival.ready)));
    let actions = simulation
        .actions
        .iter()
        .map(|action| (action.at_seconds, 1, Event::Action(action)));
    let loads = told
        .iter()
        .map(|step| (step.at_seconds, 2, Event::Load(step.percent)));
    // It is not worth a row that no rule fires.
    let stills = simulation.stood_still.iter();
    let stills = stills
        .filter(|still| still.cause != Obstacle::NoRuleFires)
        .map(|still| (still.at_seconds, 1, Event::Still(still)));
    let mut events: Vec<_> = arrivals.chain(actions).chain(stills).chain(loads).collect();
    events.sort_by_key(|(at_seconds, order, _)| (*at_seconds, *order));

    let load_at = |at_seconds: u64| {
        let begun = steps.partition_point(|step| step.at_seconds <= at_seconds);
        // The last step only marks the end of the load.
        steps[begun.min(steps.len() - 1) - 1].percent
    };
    let (mut ready, mut count) = (start, start);
    let mut rows = Vec::new();
    let mut push = |at_seconds, event, ready, count| {
        rows.push(Row {
            at_seconds,
            event,
            ready,
            count,
            load: load_at(at_seconds),
        });
    };
    let first = format!("start with {start}, load {:.0}%", load_at(0));
    push(0, first, ready, count);
    for (at_seconds, _, event) in events {
        let event = match event {
            Event::Ready(now) => {
                ready = now;
                format!("{now} ready")
            }
            Event::Action(action) => {
                count = action.to;
                ready = action.ready;
                action.reason.clone()
            }
            Event::Still(still) => still.reason.clone(),
            Event::Load(percent) => format!("load {percent:.0}%"),
        };
        push(at_seconds, event, ready, count);
    }
    push(simulation.seconds, "end".to_owned(), ready, count);
    rows
}

enum Event<'a> {
    Ready(u32),
    Action(&'a Action),
    Still(&'a Standstill),
    Load(f64),
}

/// Such as `1:02:03`.
pub(crate) fn clock(seconds: u64) -> String {
    format!(
        "{}:{:02}:{:02}",
        seconds / 3_600,
        seconds % 3_600 / 60,
        seconds % 60
    )
}

//! The section with the charts, and the same data as a table.

use maud::{Markup, html};
use run_record::format::{count, decimal, latency, percent, span, total};
use run_record::{LoadSecond, Run};

use crate::bands;
use crate::markup::{Cell, table};
use crate::moment::Moments;
use crate::page::Page;

/// Rows of the table over time at most.
const ROWS: usize = 40;

/// One sentence below the title.
pub(crate) fn about(page: &Page<'_>) -> String {
    if page.run.simulated {
        let simulation = page.run.simulation.as_ref();
        let dated = simulation.filter(|simulation| !simulation.clock.is_empty());
        return match dated {
            Some(simulation) if Moments::of(page.run).is_long => {
                format!("Times are in {}.", simulation.time_zone)
            }
            _ => "Times are in Azure time.".to_owned(),
        };
    }
    let scaled = if page.analysis.clock.is_scaled() {
        "Times are seconds of the run. One Azure minute lasts "
    } else {
        return "Times are seconds of the run.".to_owned();
    };
    format!("{scaled}{}.", span(60.0 / page.analysis.clock.scale()))
}

/// The charts, and the same as a table.
pub(crate) fn content(page: &Page<'_>) -> Markup {
    let run = page.run;
    if run.load.is_empty() && run.samples.is_empty() {
        return html! { p { "No requests were sent, and the fleet was not sampled." } };
    }
    let mut rows = rows(run);
    let seconds = row_seconds(run);
    let caption = format!("Load and fleet, {} per row", span(seconds as f64));
    let mut columns = vec![
        "Time",
        "Sent/s",
        "Successful/s",
        "Failed",
        "p50",
        "p95",
        "p99",
        "Instances",
        "CPU",
    ];
    if run.simulated {
        // There were no requests, so the columns between the time and the fleet say nothing.
        columns.drain(1..7);
        for row in &mut rows {
            row.drain(1..7);
        }
    }
    // Both fleets in one table: the columns of the other one follow, each with its name.
    let named: Vec<String>;
    if let Some(pair) = &page.pair {
        let [first, other] = &pair.names;
        named = [
            ("Instances", first),
            ("CPU", first),
            ("Instances", other),
            ("CPU", other),
        ]
        .map(|(column, name)| format!("{column}, {name}"))
        .into();
        columns.truncate(1);
        columns.extend(named.iter().map(String::as_str));
        for (row, others) in rows.iter_mut().zip(self::rows(pair.runs[1])) {
            row.extend(others.into_iter().skip(7));
        }
    }
    let table = html! {
        (table(&caption, &columns, &rows))
        @if seconds > 1 && !run.simulated {
            p.remark { "Latency is the worst second of each row." }
        }
    };
    html! {
        div #charts { noscript { p { "The charts need JavaScript; the following table has the same data." } } }
        @if run.simulated { div.bands { (bands::bands(page)) } }
        details { summary { "Show as a table" } div { (table) } }
    }
}

/// Seconds to a row, such that there are not too many.
fn row_seconds(run: &Run) -> u64 {
    let whole = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400,
    ];
    let end = end(run);
    let mut fitting = whole
        .into_iter()
        .filter(|seconds| end / (*seconds as f64) < ROWS as f64);
    fitting.next().unwrap_or(604_800)
}

/// The last second with load or a sample.
fn end(run: &Run) -> f64 {
    let load = run.load.last().map_or(0.0, |second| second.at);
    load.max(run.samples.last().map_or(0.0, |sample| sample.at))
}

fn rows(run: &Run) -> Vec<Vec<Cell>> {
    let moments = Moments::of(run);
    let long = row_seconds(run) as f64;
    let rows = ((end(run) / long).max(0.0) as usize)
        .saturating_add(1)
        .min(ROWS);
    let mut load = run.load.iter().peekable();
    let mut samples = run.samples.iter().peekable();
    (0..rows)
        .map(|row| {
            let (from, until) = (row as f64 * long, (row + 1) as f64 * long);
            let mut seconds: Vec<&LoadSecond> = Vec::new();
            while let Some(second) = load.next_if(|second| second.at < until) {
                seconds.push(second);
            }
            let mut fleet = Vec::new();
            while let Some(sample) = samples.next_if(|sample| sample.at < until) {
                fleet.push(sample);
            }
            let sum = |of: fn(&LoadSecond) -> u64| total(seconds.iter().map(|second| of(second)));
            let rate =
                |number: u64| Cell::Number(decimal(number as f64 / (seconds.len().max(1)) as f64));
            // Percentiles cannot be averaged; the worst second is what is certain.
            let worst = |of: fn(&LoadSecond) -> Option<f64>| {
                Cell::Number(latency(
                    seconds
                        .iter()
                        .filter_map(|second| of(second))
                        .reduce(f64::max),
                ))
            };
            let cpu: Vec<f64> = fleet
                .iter()
                .filter_map(|sample| sample.cpu_percent)
                .collect();
            let cpu = (!cpu.is_empty()).then(|| cpu.iter().sum::<f64>() / cpu.len() as f64);
            let ready: Vec<u32> = fleet.iter().map(|sample| sample.ready).collect();
            let ready = match (ready.iter().min(), ready.iter().max()) {
                (Some(fewest), Some(most)) if fewest == most => fewest.to_string(),
                (Some(fewest), Some(most)) => format!("{fewest}–{most}"),
                _ => "–".to_owned(),
            };
            vec![
                Cell::Number(moments.at(from)),
                rate(sum(|second| second.sent)),
                rate(sum(|second| second.ok)),
                Cell::Number(count(sum(|second| second.failed))),
                worst(|second| second.latency_ms.p50),
                worst(|second| second.latency_ms.p95),
                worst(|second| second.latency_ms.p99),
                Cell::Number(ready),
                Cell::Number(cpu.map_or("–".to_owned(), percent)),
            ]
        })
        .collect()
}

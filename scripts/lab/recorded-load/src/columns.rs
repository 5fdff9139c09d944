//! The columns of a table according to its header, and their rows.

use std::collections::HashMap;

use anyhow::{Context as _, anyhow, bail, ensure};
use autoscale::Statistic;
use run_record::format::things;

use super::name::{Role, key, split, statistic_named};
use super::recorded::Note;
use super::recording::{Recording, Times};
use super::series::{Point, Series};
use super::time_column::TimeColumn;
use super::timestamp::{Clock, parse, parse_utc};
use super::{MOST_STEPS, check_order, quoted};

/// One time column and 50 metrics, each with its columns of statistics.
const MOST_COLUMNS: usize = 256;
/// The number of values of nine metrics in a leap year of minutes.
const MOST_VALUES: usize = 5_000_000;

/// The meaning of a column.
enum Column {
    /// The time, or a column that is ignored.
    None,
    /// A metric, which is the next one in `series`.
    Metric(Role),
    /// Only text so far, with the reason why it is not a metric, and whether a number follows.
    Text {
        reason: String,
        has_number: bool,
    },
    /// In a table with one row per metric: its name, a dimension, or a value.
    Name,
    Dimension,
    Value(Statistic),
}

/// A table that is being read.
pub(super) struct Columns {
    headings: Vec<String>,
    columns: Vec<Column>,
    time: usize,
    kind: TimeColumn,
    /// Whether each row has one metric at one time, as `az --output table` writes it.
    is_long: bool,
    series: Vec<Series>,
    /// In such a table: the index of a series for a row's name and dimensions, for the first statistic.
    places: HashMap<String, usize>,
    clock: Clock,
    before: Option<u64>,
    rows: usize,
    values: usize,
    notes: Vec<Note>,
    /// Whether numbers have a decimal comma.
    decimal_comma: bool,
}

impl Columns {
    /// Reads the columns of a header.
    ///
    /// # Errors
    /// One sentence if it has no time column, too many columns, or two with the same name.
    pub(super) fn new(headings: Vec<String>, decimal_comma: bool) -> anyhow::Result<Self> {
        ensure!(
            headings.len() <= MOST_COLUMNS,
            "{} columns are more than {MOST_COLUMNS}",
            headings.len()
        );
        let kinds: Vec<Option<TimeColumn>> = headings
            .iter()
            .map(|heading| TimeColumn::of(heading))
            .collect();
        let absolute =
            |kind: &Option<TimeColumn>| kind.is_some_and(|kind| kind != TimeColumn::Seconds);
        let time = kinds
            .iter()
            .position(absolute)
            .or_else(|| kinds.iter().position(Option::is_some));
        let (Some(time), Some(kind)) = (time, time.and_then(|time| kinds[time])) else {
            bail!("no column contains the time");
        };
        let is_name = |heading: &String| matches!(key(heading).as_str(), "name" | "metricname");
        let is_long = headings.iter().any(is_name)
            && headings
                .iter()
                .any(|heading| statistic_named(heading).is_some());
        let mut table = Self {
            columns: Vec::with_capacity(headings.len()),
            time,
            kind,
            is_long,
            series: Vec::new(),
            places: HashMap::new(),
            clock: Clock::default(),
            before: None,
            rows: 0,
            values: 0,
            notes: Vec::new(),
            decimal_comma,
            headings: Vec::new(),
        };
        let mut seen: Vec<String> = Vec::new();
        for (heading, kind) in headings.iter().zip(&kinds) {
            let column = if kind.is_some() || heading.is_empty() {
                Column::None
            } else if is_long {
                match statistic_named(heading) {
                    Some(statistic) => Column::Value(statistic),
                    None if is_name(heading) => Column::Name,
                    None => Column::Dimension,
                }
            } else {
                let lower = heading.to_lowercase();
                ensure!(
                    !seen.contains(&lower),
                    "two columns are called {}",
                    quoted(heading)
                );
                seen.push(lower);
                table.metric(heading)
            };
            table.columns.push(column);
        }
        table.headings = headings;
        Ok(table)
    }

    fn metric(&mut self, heading: &str) -> Column {
        let (name, statistic) = split(heading);
        let statistic = statistic.unwrap_or(Statistic::Average);
        let others = self
            .series
            .iter_mut()
            .filter(|other| other.statistic == statistic && key(&other.name) == key(name));
        // Columns of the same metric, such as one per instance.
        let mut columns = None;
        for other in others {
            other.split = Some("columns".to_owned());
            columns.clone_from(&other.split);
        }
        self.series.push(Series {
            name: name.to_owned(),
            statistic,
            split: columns,
            member: heading.to_owned(),
            points: Vec::new(),
        });
        Column::Metric(Role::of(name))
    }

    /// Reads a row, which is at `place`. Empty cells beyond the header are ignored.
    ///
    /// # Errors
    /// One sentence without the place.
    pub(super) fn row(&mut self, cells: &[&str], place: &dyn Fn() -> String) -> anyhow::Result<()> {
        let wanted = self.headings.len();
        let excess = cells.iter().skip(wanted).any(|cell| !cell.is_empty());
        if cells.len() < wanted || excess {
            bail!(
                "{} instead of {}: {}",
                things(cells.len() as u64, "value"),
                if wanted == 2 {
                    "two".to_owned()
                } else {
                    wanted.to_string()
                },
                self.example()
            );
        }
        self.rows += 1;
        ensure!(
            self.rows <= MOST_STEPS,
            "more than {MOST_STEPS} rows; leave some out"
        );
        self.values += wanted;
        ensure!(
            self.values <= MOST_VALUES,
            "more than {MOST_VALUES} values; leave some rows or columns out"
        );
        let time = self.time(cells[self.time])?;
        if self.is_long {
            self.long_row(time, cells)
        } else {
            self.wide_row(time, cells, place)
        }
    }

    fn example(&self) -> String {
        let all: Vec<&str> = self.headings.iter().map(String::as_str).collect();
        let all = all.join(",");
        if all == "seconds,load" {
            return format!("{all}, such as 60,80");
        }
        quoted(&all)
    }

    fn time(&mut self, cell: &str) -> anyhow::Result<i64> {
        if self.kind == TimeColumn::Seconds {
            let seconds: u64 = cell
                .parse()
                .map_err(|_| anyhow!("{} is not a whole number of seconds", quoted(cell)))?;
            return i64::try_from(seconds)
                .map_err(|_| anyhow!("second {seconds} is more than 366 days after the start"));
        }
        let time = match self.kind {
            TimeColumn::Utc => parse_utc(cell),
            _ => parse(cell),
        };
        let time = time.with_context(|| {
            let heading = &self.headings[self.time];
            format!("the column {} contains no time", quoted(heading))
        });
        self.clock.seconds(time?)
    }

    fn wide_row(
        &mut self,
        time: i64,
        cells: &[&str],
        place: &dyn Fn() -> String,
    ) -> anyhow::Result<()> {
        let mut next = 0;
        for (index, column) in self.columns.iter_mut().enumerate() {
            let cell = cells[index];
            let role = match column {
                Column::Metric(role) => role,
                Column::Text { has_number, .. } => {
                    *has_number |= matches!(number(cell, self.decimal_comma), Ok(Some(_)));
                    continue;
                }
                _ => continue,
            };
            let series = &mut self.series[next];
            next += 1;
            let value = match number(cell, self.decimal_comma) {
                Ok(value) => value,
                // It may be a column of text, which is not a metric.
                Err(error)
                    if *role == Role::Other
                        && series.points.iter().rev().all(|(_, value)| value.is_none()) =>
                {
                    let heading = quoted(&self.headings[index]);
                    *column = Column::Text {
                        reason: format!("{}: column {heading}: {error}", place()),
                        has_number: false,
                    };
                    next -= 1;
                    self.series.remove(next);
                    continue;
                }
                Err(_) if *role == Role::Load => {
                    bail!("{} is not a load in percent of one instance", quoted(cell))
                }
                Err(error) => {
                    return Err(error.context(format!("column {}", quoted(&self.headings[index]))));
                }
            };
            if let Some(value) = value {
                role.check(&series.name, value)?;
            }
            series.points.push((time, value));
        }
        self.in_order(time)
    }

    /// Seconds must increase from 0. Timestamps may have any order.
    fn in_order(&mut self, time: i64) -> anyhow::Result<()> {
        if self.kind != TimeColumn::Seconds {
            return Ok(());
        }
        let second = time.unsigned_abs();
        check_order(self.before, second)?;
        self.before = Some(second);
        Ok(())
    }

    fn long_row(&mut self, time: i64, cells: &[&str]) -> anyhow::Result<()> {
        let part = |wanted: fn(&Column) -> bool| {
            let all = self.columns.iter().zip(cells);
            all.filter(|(column, _)| wanted(column))
                .map(|(_, cell)| *cell)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let name = part(|column| matches!(column, Column::Name));
        let member = part(|column| matches!(column, Column::Dimension));
        ensure!(!name.is_empty(), "the metric has no name");
        let statistics: Vec<(Statistic, &str)> = self
            .columns
            .iter()
            .zip(cells)
            .filter_map(|(column, cell)| match column {
                Column::Value(statistic) => Some((*statistic, *cell)),
                _ => None,
            })
            .collect();
        let first = *self
            .places
            .entry(format!("{name}\n{member}"))
            .or_insert(self.series.len());
        if first == self.series.len() {
            let dimensions: Vec<&str> = self
                .columns
                .iter()
                .zip(&self.headings)
                .filter(|(column, _)| matches!(column, Column::Dimension))
                .map(|(_, heading)| heading.as_str())
                .collect();
            for (statistic, _) in &statistics {
                self.series.push(Series {
                    name: name.clone(),
                    statistic: *statistic,
                    split: (!dimensions.is_empty())
                        .then(|| format!("values of {}", dimensions.join(", "))),
                    member: member.clone(),
                    points: Vec::new(),
                });
            }
        }
        let role = Role::of(&name);
        for (index, (_, cell)) in statistics.iter().enumerate() {
            let value = number(cell, self.decimal_comma)?;
            if let Some(value) = value {
                role.check(&name, value)?;
            }
            let point: Point = (time, value);
            self.series[first + index].points.push(point);
        }
        self.in_order(time)
    }

    /// The result.
    ///
    /// # Errors
    /// One sentence with a line's number if a column contains both text and numbers, or if there is only text.
    pub(super) fn finish(mut self, header: usize) -> anyhow::Result<Recording> {
        for (column, heading) in self.columns.iter().zip(&self.headings) {
            let Column::Text { reason, has_number } = column else {
                continue;
            };
            ensure!(!has_number && !self.series.is_empty(), "{reason}");
            self.notes.push(Note::warning(format!(
                "The column {} contains text, not numbers: it is left out.",
                quoted(heading)
            )));
        }
        if self.is_long {
            // It may belong to another metric's statistic, in a table with several metrics.
            let has_value = |one: &Series| one.points.iter().any(|(_, value)| value.is_some());
            let known: Vec<String> = self
                .series
                .iter()
                .filter(|one| has_value(one))
                .map(|one| one.name.clone())
                .collect();
            self.series
                .retain(|one| has_value(one) || !known.contains(&one.name));
        }
        Ok(Recording {
            times: match self.kind {
                TimeColumn::Seconds => Times::Seconds,
                _ if self.clock.is_local() => Times::Local,
                _ => Times::Utc,
            },
            series: self.series,
            header: Some(header),
            notes: self.notes,
        })
    }
}

/// Reads a number. An empty cell is a missing sample.
fn number(cell: &str, decimal_comma: bool) -> anyhow::Result<Option<f64>> {
    if cell.is_empty() || cell.eq_ignore_ascii_case("null") {
        return Ok(None);
    }
    let number = if decimal_comma {
        cell.replace(',', ".").parse()
    } else {
        cell.parse()
    };
    let number = number.map_err(|_| anyhow!("{} is not a number", quoted(cell)))?;
    Ok(Some(number))
}

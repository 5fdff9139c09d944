//! The rows of a log during reading.

use super::MOST_ROWS;
use super::column::Cells;
use super::row::Row;

/// Rows as they are read.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Rows of evaluations.
    pub(super) of_evaluations: Vec<Row>,
    /// How many other rows there are.
    pub(super) others: usize,
}

impl Rows {
    /// Adds a row. A row that belongs to no evaluation is only counted.
    ///
    /// # Errors
    /// One sentence if there are too many rows.
    pub(super) fn add(&mut self, cells: &Cells) -> Result<(), String> {
        match Row::read(cells) {
            Some(row) => self.of_evaluations.push(row),
            None => self.others += 1,
        }
        self.few_enough()
    }

    /// Adds rows, with the same limit.
    pub(super) fn append(&mut self, mut other: Self) -> Result<(), String> {
        self.of_evaluations.append(&mut other.of_evaluations);
        self.others += other.others;
        self.few_enough()
    }

    fn few_enough(&self) -> Result<(), String> {
        match self.of_evaluations.len() + self.others {
            0..=MOST_ROWS => Ok(()),
            _ => Err(format!(
                "it has more than {MOST_ROWS} rows, the most that are read; export a shorter time"
            )),
        }
    }
}

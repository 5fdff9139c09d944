//! Checks that each database contains all acknowledged visits, and nothing else.

use serde::Serialize;

/// One database of the benchmark.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Database {
    #[serde(rename = "database")]
    pub(crate) name: String,
    /// Rows before the first request.
    pub(crate) filled: u64,
    /// Visits answered with 201.
    pub(crate) acknowledged: u64,
    /// Requests without a response, which may or may not be recorded.
    pub(crate) unanswered: u64,
    /// Rows and total at the end; `None` until they are counted.
    pub(crate) rows: Option<u64>,
    pub(crate) total: Option<u64>,
}

impl Database {
    /// Whether rows and total equal each other and the acknowledged visits.
    pub(crate) fn is_exact(&self) -> bool {
        let expected = self.filled + self.acknowledged;
        let possible = expected..=expected + self.unanswered;
        self.rows == self.total && self.rows.is_some_and(|rows| possible.contains(&rows))
    }
}

/// All databases.
#[derive(Debug, Default)]
pub(crate) struct Databases(pub(crate) Vec<Database>);

impl Databases {
    pub(crate) fn open(&mut self, name: &str, filled: u64) {
        self.0.push(Database {
            name: name.to_owned(),
            filled,
            ..Database::default()
        });
    }

    pub(crate) fn knows(&self, name: &str) -> bool {
        self.0.iter().any(|database| database.name == name)
    }

    pub(crate) fn add(&mut self, name: &str, acknowledged: u64, unanswered: u64) {
        let database = self.named(name);
        database.acknowledged += acknowledged;
        database.unanswered += unanswered;
    }

    pub(crate) fn count(&mut self, name: &str, (rows, total): (u64, u64)) {
        let database = self.named(name);
        database.rows = Some(rows);
        database.total = Some(total);
    }

    fn named(&mut self, name: &str) -> &mut Database {
        let mut databases = self.0.iter_mut();
        let named = databases.find(|database| database.name == name);
        named.expect("a database is opened before visits go to it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_lost_nor_a_doubled_visit_is_exact() {
        for (unanswered, rows, total, exact) in [
            (0, 1_050, 1_050, true),
            (0, 1_049, 1_049, false),
            (0, 1_051, 1_051, false),
            (0, 1_050, 1_049, false),
            (2, 1_052, 1_052, true),
            (2, 1_053, 1_053, false),
        ] {
            let mut databases = Databases::default();
            databases.open("visits", 1_000);
            databases.add("visits", 50, unanswered);
            assert!(!databases.0[0].is_exact(), "it is not counted yet");
            databases.count("visits", (rows, total));
            assert_eq!(
                databases.0[0].is_exact(),
                exact,
                "{unanswered} {rows} {total}"
            );
        }
    }
}

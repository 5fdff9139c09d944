//! Whether every acknowledged visit is in its register, and nothing else.

use serde::Serialize;

use super::closed_loop::Tally;

/// One register of the benchmark.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Account {
    pub(crate) database: String,
    /// Rows that were there before the first request.
    pub(crate) filled: u64,
    /// Visits answered with 201.
    pub(crate) acknowledged: u64,
    /// Requests without an answer: nobody knows whether they were recorded.
    pub(crate) unanswered: u64,
    /// Rows and total at the end; `None` until they are counted.
    pub(crate) rows: Option<u64>,
    pub(crate) total: Option<u64>,
}

impl Account {
    /// Rows and total equal each other and what was acknowledged.
    pub(crate) fn is_exact(&self) -> bool {
        let expected = self.filled + self.acknowledged;
        let possible = expected..=expected + self.unanswered;
        self.rows == self.total && self.rows.is_some_and(|rows| possible.contains(&rows))
    }
}

/// All registers.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) accounts: Vec<Account>,
}

impl Ledger {
    pub(crate) fn open(&mut self, database: &str, filled: u64) {
        self.accounts.push(Account {
            database: database.to_owned(),
            filled,
            acknowledged: 0,
            unanswered: 0,
            rows: None,
            total: None,
        });
    }

    pub(crate) fn knows(&self, database: &str) -> bool {
        self.accounts
            .iter()
            .any(|account| account.database == database)
    }

    pub(crate) fn add(&mut self, database: &str, tally: &Tally) {
        self.add_counts(database, tally.created, tally.unanswered);
    }

    pub(crate) fn add_counts(&mut self, database: &str, acknowledged: u64, unanswered: u64) {
        let account = self.account(database);
        account.acknowledged += acknowledged;
        account.unanswered += unanswered;
    }

    pub(crate) fn count(&mut self, database: &str, rows: u64, total: u64) {
        let account = self.account(database);
        account.rows = Some(rows);
        account.total = Some(total);
    }

    fn account(&mut self, database: &str) -> &mut Account {
        self.accounts
            .iter_mut()
            .find(|account| account.database == database)
            .expect("a register is opened before visits go to it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(unanswered: u64, rows: u64, total: u64) -> Account {
        Account {
            database: "visits".to_owned(),
            filled: 1_000,
            acknowledged: 50,
            unanswered,
            rows: Some(rows),
            total: Some(total),
        }
    }

    #[test]
    fn neither_a_lost_nor_a_doubled_visit_is_exact() {
        assert!(account(0, 1_050, 1_050).is_exact());
        assert!(!account(0, 1_049, 1_049).is_exact());
        assert!(!account(0, 1_051, 1_051).is_exact());
        assert!(!account(0, 1_050, 1_049).is_exact());
        assert!(account(2, 1_052, 1_052).is_exact());
        assert!(!account(2, 1_053, 1_053).is_exact());
        let uncounted = Account {
            rows: None,
            total: None,
            ..account(0, 0, 0)
        };
        assert!(!uncounted.is_exact());
    }
}

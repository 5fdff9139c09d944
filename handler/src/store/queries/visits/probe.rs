//! The write probe: writes everything that a visit writes, and rolls it back.

use sqlx::Connection as _;

use super::{postgres, sqlite};
use crate::domain::{Arrival, IdempotencyKey};
use crate::store::Error;
use crate::store::connection::session::Session;

/// The instance id in the rows of a probe. Nobody ever reads it.
const INSTANCE: &str = "write-probe";

/// Every row's id comes from the sequence. An id above its value means that the sequence was set back, or not set
/// after a copy, so the next visits would collide with existing ids.
///
/// The rows that are read are older than the sequence's value, so a visit that is written in the meantime does not
/// matter.
const SEQUENCE_IS_BEHIND: &str = "
    select (
        select 'visits_id_seq is behind the ids of visits'
        where (select max(id) from visits) > coalesce(pg_sequence_last_value('visits_id_seq'), 0)
    )::bigint";

impl Session {
    /// Writes a visit and rolls it back. The total does not change, and no id is used up.
    ///
    /// `number` differs between probes and between instances, so that no two probes wait for each other.
    ///
    /// # Errors
    /// When a visit could not be written now.
    pub(in crate::store) async fn probe_write(&mut self, number: u32) -> Result<(), Error> {
        match self {
            Self::Postgres(session) => Ok(session.run_alone(on_postgres(number)).await?),
            Self::Sqlite(lease) => {
                let key = IdempotencyKey::parse(format!("{INSTANCE}-{number}").as_bytes());
                let arrival = Arrival {
                    ip_address: None,
                    key: Some(key.expect("short and visible")),
                };
                // The write lock is taken first, as for a visit.
                let connection = lease.begin();
                let mut transaction = connection.begin_with("begin immediate").await?;
                sqlite::write(&mut transaction, INSTANCE, &[arrival]).await?;
                transaction.rollback().await?;
                lease.done();
                Ok(())
            }
        }
    }
}

/// One message from `begin` to `rollback`. The server processes it without waiting for this process, so it locks a
/// slot of the counter only briefly, even if the connection breaks. The slot is locked last, so a probe that waits
/// for something else does not block visits.
///
/// The statement without keys is only planned, because its row would take an id from the sequence. It is planned as for
/// visits: prepared, with parameters, so that the probe fails if the server cannot make such a plan. The statement with
/// keys writes to the same tables.
fn on_postgres(number: u32) -> String {
    let slot = number % 16;
    // Ids and digests that no visit has.
    let id = format!(
        "case when has_sequence_privilege('visits_id_seq', 'usage, update') then -1 - {number}::bigint \
         else nextval('visits_id_seq') end"
    );
    // The number makes the name unique in the session, even if an earlier probe failed before `deallocate`.
    let name = format!("write_probe_{number}");
    let prepared = postgres::RECORD_WITHOUT_KEYS;
    let planned = format!(
        "prepare {name} as {prepared}; \
         explain execute {name} (array[null], '{INSTANCE}', {slot}); \
         deallocate {name}"
    );
    let written = filled(
        &postgres::RECORD.replace("nextval('visits_id_seq')", &id),
        &[
            "array[null]",
            &format!("array['{INSTANCE}-{number}']"),
            &format!("'{INSTANCE}'"),
            "0",
            &slot.to_string(),
        ],
    );
    format!("begin; {SEQUENCE_IS_BEHIND}; {planned}; {written}; rollback")
}

/// A statement with literals instead of parameters, because a message with several statements cannot have parameters.
fn filled(statement: &str, literals: &[&str]) -> String {
    let numbered = literals.iter().zip(1..);
    numbered.fold(statement.to_owned(), |text, (literal, number)| {
        text.replace(&format!("${number}"), literal)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_uses_up_no_id_and_has_no_parameter_left() {
        let sql = on_postgres(7);
        let (_, written) = sql.split_once("deallocate").expect("it is prepared before");
        assert!(!written.contains('$'), "{sql}");
        // It is only used if the role may not use the sequence, so that the statement is refused.
        assert_eq!(sql.matches("nextval").count(), 1, "{sql}");
        assert!(
            sql.contains("else nextval('visits_id_seq') end as id"),
            "{sql}"
        );
    }
}

//! Deletes old rows of the fleet in chunks; one instance at a time does this.

use std::time::Duration;

use sqlx::Connection as _;

use crate::domain::{FINE_SPAN, Timestamp};
use crate::store::Error;
use crate::store::connection::pools::Store;
use crate::store::connection::session::Session;

/// Rows per statement.
const CHUNK: i64 = 1_000;
/// The extra time for which rows are kept after no timeline shows them any more.
const MARGIN: Duration = Duration::from_secs(60 * 60);
/// The longest timeline. Instances are kept this long for its names and events.
const LONGEST_SPAN: Duration = Duration::from_secs(24 * 60 * 60);

/// Locks the timeline against changes by other instances, and waits for changes in progress.
const HOLD_MARK: &str = "select position from progress where task = 'roll_up' for update";

/// Samples are deleted when they are rolled up. These were not.
const SAMPLES: &str = "
    delete from samples
    where (at_ms, run) in (
        select at_ms, run from samples where at_ms < $1 order by at_ms limit $2
    )";

const FINE: &str = "
    delete from timeline
    where grain = 0 and start_ms in (
        select start_ms from timeline where grain = 0 and start_ms < $1 order by start_ms limit $2
    )";

const MINUTES: &str = "
    delete from timeline
    where grain = 1 and start_ms in (
        select start_ms from timeline where grain = 1 and start_ms < $1 order by start_ms limit $2
    )";

/// Rows with an impossible heartbeat interval are deleted by the time of their last heartbeat alone.
const INSTANCES: &str = "
    delete from instances
    where run in (
        select run
        from instances
        where last_seen_ms < $1
            and (heartbeat_ms not between 1 and 86400000 or last_seen_ms < $1 - 4.0 * heartbeat_ms)
        limit $2
    )";

/// The last evaluation and the last change stay at any age, because the next evaluation continues from them.
const EVALUATIONS: &str = "
    delete from scale_actions
    where id in (
        select id
        from scale_actions
        where at_ms < $1
            and id < (select max(id) from scale_actions where wanted is not null)
            and id <> coalesce((select max(id) from scale_actions where from_count <> wanted), 0)
        order by id
        limit $2
    )";

/// Deletes a chunk from each table. Returns the largest number of rows that one statement deleted.
macro_rules! delete_chunks {
    ($connection:expr, $chunks:expr) => {{
        let mut most = 0;
        for (sql, before) in $chunks {
            let before: Timestamp = before;
            let deleted = sqlx::query(sql)
                .persistent(false)
                .bind(before.millis())
                .bind(CHUNK)
                .execute(&mut *$connection)
                .await?;
            most = deleted.rows_affected().max(most);
        }
        most
    }};
}

/// Deletes what no timeline shows any more, and minutes and evaluations older than `keep`. Returns whether there may
/// be more.
pub(in crate::store) async fn prune(store: &Store, keep: Duration) -> Result<bool, Error> {
    let mut session = store.writer().await?;
    let now = session.clock().await?;
    let chunks = [
        (SAMPLES, now.earlier(MARGIN)),
        (FINE, now.earlier(FINE_SPAN + MARGIN)),
        (MINUTES, now.earlier(keep.max(LONGEST_SPAN))),
        (INSTANCES, now.earlier(LONGEST_SPAN + MARGIN)),
        (EVALUATIONS, now.earlier(keep.max(LONGEST_SPAN))),
    ];
    let deleted = match &mut session {
        Session::Postgres(session) => {
            session.begin(true).await?;
            let connection = session.connection();
            sqlx::query(HOLD_MARK)
                .persistent(false)
                .execute(&mut *connection)
                .await?;
            let deleted = delete_chunks!(connection, chunks);
            session.end().await?;
            deleted
        }
        Session::Sqlite(lease) => {
            let writer = lease.begin();
            let mut transaction = writer.begin_with("begin immediate").await?;
            let connection = &mut *transaction;
            let deleted = delete_chunks!(connection, chunks);
            transaction.commit().await?;
            lease.done();
            deleted
        }
    };
    Ok(i64::try_from(deleted).unwrap_or(CHUNK) >= CHUNK)
}

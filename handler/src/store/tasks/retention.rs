//! Deletes expired keys, old fleet commands, and old rows of the fleet, and blanks old addresses.

use std::time::Duration;

use sqlx::{Connection as _, Row};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::prune;
use crate::domain::{KEY_LIFETIME, Timestamp};
use crate::store::Error;
use crate::store::connection::database::Database;
use crate::store::connection::deadline::{STATEMENT_DEADLINE, within};
use crate::store::connection::pools::Store;
use crate::store::connection::session::{Session, on_either};

/// The delay before an instance's first turn, so that it does not compete with its first visitors.
const FIRST: Duration = Duration::from_secs(60);
/// How often each instance checks whether there is something to delete.
const EVERY: Duration = Duration::from_secs(10 * 60);
/// Rows per transaction, few enough not to delay visits.
const CHUNK: i64 = 1_000;
/// Fleet commands are kept for a day, so that an operator can see what happened.
const ORDER_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Deletes the oldest keys.
const DELETE_KEYS: &str = "
    delete from idempotency_keys
    where key_hash in (
        select key_hash from idempotency_keys where recorded_ms <= $1 order by recorded_ms limit $2
    )";

/// The same for PostgreSQL, where visits use keys at the same time. Keys that a visit has locked are left to the next
/// turn. If a deletion waited for a key while it held others, it could deadlock with that visit, which takes its keys
/// in another order. The lock is taken before the deletion, and only on keys that are still old enough then.
const DELETE_UNLOCKED_KEYS: &str = "
    with expired as materialized (
        select key_hash
        from idempotency_keys
        where recorded_ms <= $1
        order by recorded_ms
        limit $2
        for update skip locked
    )
    delete from idempotency_keys
    where recorded_ms <= $1 and key_hash in (select key_hash from expired)";

/// The newest command stays at any age, so that a new instance sees that it has expired.
const DELETE_ORDERS: &str = "
    delete from stress_orders
    where ordered_ms <= $1 and ends_ms <= $1 and id < (select max(id) from stress_orders)";

/// Up to which visit addresses have been blanked.
const MARK: &str = "select position from progress where task = 'blank_addresses'";

/// The same for PostgreSQL, where several instances may do this at the same time.
const HOLD_MARK: &str = "
    select position
    from progress
    where task = 'blank_addresses'
    for update skip locked";

/// The next visits after the mark. They are read by key, because ids and times increase together, so no index on the
/// time is needed. Visits dated in the future are skipped. They are as old as the visits around them.
const NEXT_VISITS: &str = "
    select id, recorded_ms
    from visits
    where id > $1 and recorded_ms <= $2
    order by id
    limit $3";

/// Blanks a chunk, whatever the number of skipped visits.
const BLANK: &str = "
    update visits
    set ip_address = null
    where id in (
        select id
        from visits
        where id > $1 and id <= $2 and ip_address is not null
        order by id
        limit $3
    )";

const MOVE_MARK: &str = "update progress set position = $1 where task = 'blank_addresses'";

/// Deletes expired data in the background.
#[derive(Debug)]
pub struct Retention {
    /// The store to work on.
    pub database: Database,
    /// How long addresses and the minutes of the timeline are kept.
    pub keep_addresses: Duration,
}

impl Retention {
    /// Works until it is stopped. A failure is logged and retried in the next turn.
    pub async fn run(self, stop: CancellationToken) {
        let mut turn = tokio::time::interval_at(Instant::now() + FIRST, EVERY);
        turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = turn.tick() => {}
            }
            // Every chunk is a transaction, so a turn may end anywhere.
            let Some(done) = stop.run_until_cancelled(self.turn()).await else {
                return;
            };
            if let Err(error) = done {
                tracing::warn!(%error, "retention not done, trying again later");
            }
        }
    }

    /// Deletes everything that has expired by the database's clock, chunk by chunk.
    ///
    /// # Errors
    /// When the database cannot be used. What was done until then stays done.
    pub async fn turn(&self) -> Result<(), Error> {
        let store = self.database.store().await?;
        let now = within(STATEMENT_DEADLINE, async {
            store.reader().await?.clock().await
        })
        .await?;
        let expired_keys = now.earlier(KEY_LIFETIME).millis();
        while within(STATEMENT_DEADLINE, delete_keys(store, expired_keys)).await? {}
        let old_orders = now.earlier(ORDER_LIFETIME).millis();
        within(STATEMENT_DEADLINE, delete_orders(store, old_orders)).await?;
        let old_visits = now.earlier(self.keep_addresses);
        while within(STATEMENT_DEADLINE, blank_addresses(store, old_visits, now)).await? {}
        while within(STATEMENT_DEADLINE, prune::prune(store, self.keep_addresses)).await? {}
        Ok(())
    }
}

/// Deletes one chunk of keys. Returns whether there may be more.
async fn delete_keys(store: &Store, expired: i64) -> Result<bool, Error> {
    let mut session = store.writer().await?;
    let sql = match store {
        Store::Postgres(_) => DELETE_UNLOCKED_KEYS,
        Store::Sqlite(_) => DELETE_KEYS,
    };
    on_either!(&mut session, connection => {
        let deleted = sqlx::query(sql).persistent(false).bind(expired).bind(CHUNK).execute(connection).await;
        deleted.map(|deleted| is_chunk(deleted.rows_affected()))
    })
}

/// Whether this number of rows is a whole chunk, so that there may be more.
fn is_chunk(rows: u64) -> bool {
    i64::try_from(rows).unwrap_or(i64::MAX) >= CHUNK
}

async fn delete_orders(store: &Store, old: i64) -> Result<(), Error> {
    let mut session = store.writer().await?;
    on_either!(&mut session, connection => {
        sqlx::query(DELETE_ORDERS).persistent(false).bind(old).execute(connection).await.map(|_| ())
    })
}

/// Blanks the visits after the mark, once the transaction holds the mark alone. Returns whether there may be more.
macro_rules! blank_after {
    ($connection:expr, $mark:expr, $old:expr, $now:expr) => {{
        let rows = sqlx::query(NEXT_VISITS)
            .persistent(false)
            .bind($mark)
            .bind($now.millis())
            .bind(CHUNK)
            .fetch_all(&mut *$connection)
            .await?;
        match chunk_end(&rows, $old)? {
            None => false,
            Some((end, more)) => {
                let blanked = sqlx::query(BLANK)
                    .persistent(false)
                    .bind($mark)
                    .bind(end)
                    .bind(CHUNK)
                    .execute(&mut *$connection)
                    .await?;
                let unfinished = is_chunk(blanked.rows_affected());
                if !unfinished {
                    sqlx::query(MOVE_MARK)
                        .persistent(false)
                        .bind(end)
                        .execute(&mut *$connection)
                        .await?;
                }
                unfinished || more
            }
        }
    }};
}

/// Blanks one chunk of addresses and moves the mark behind it. Returns whether there may be more.
async fn blank_addresses(store: &Store, old: Timestamp, now: Timestamp) -> Result<bool, Error> {
    match store.writer().await? {
        Session::Postgres(mut session) => {
            session.begin(true).await?;
            let connection = session.connection();
            // The row lock admits one instance at a time. The others find nothing to do.
            let mark: Option<i64> = sqlx::query_scalar(HOLD_MARK)
                .persistent(false)
                .fetch_optional(&mut *connection)
                .await?;
            let more = match mark {
                Some(mark) => blank_after!(connection, mark, old, now),
                None => false,
            };
            session.end().await?;
            Ok(more)
        }
        Session::Sqlite(mut lease) => {
            let writer = lease.begin();
            let mut transaction = writer.begin_with("begin immediate").await?;
            let connection = &mut *transaction;
            let mark: i64 = sqlx::query_scalar(MARK)
                .persistent(false)
                .fetch_one(&mut *connection)
                .await?;
            let more = blank_after!(connection, mark, old, now);
            transaction.commit().await?;
            lease.done();
            Ok(more)
        }
    }
}

/// The last id of the leading rows that are old enough, and whether all rows are; `None` if the first row is not.
fn chunk_end<R>(rows: &[R], old: Timestamp) -> Result<Option<(i64, bool)>, sqlx::Error>
where
    R: Row,
    for<'r> i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    &'static str: sqlx::ColumnIndex<R>,
{
    let mut end = None;
    for row in rows {
        if row.try_get::<i64, _>("recorded_ms")? > old.millis() {
            return Ok(end.map(|id| (id, false)));
        }
        end = Some(row.try_get("id")?);
    }
    let more = is_chunk(rows.len() as u64);
    Ok(end.map(|id| (id, more)))
}

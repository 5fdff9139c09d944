//! Writes a batch of visits in one transaction.

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Row};

use crate::domain::{Arrival, KEY_LIFETIME, Receipt, Timestamp};
use crate::store::Error;

/// The total, and the time by SQLite's clock.
const TOTAL: &str = "
    select coalesce(sum(visits), 0) as total, cast(unixepoch('subsec') * 1000 as integer) as now_ms
    from visit_counter";

const KNOWN_KEY: &str = "
    select visit_id, recorded_ms, instance_id
    from idempotency_keys
    where key_hash = $1 and recorded_ms > $2";

const INSERT_VISIT: &str = "
    insert into visits (recorded_ms, ip_address, instance_id)
    values ($1, $2, $3)
    returning id";

const REMEMBER_KEY: &str = "
    insert or replace into idempotency_keys (key_hash, visit_id, recorded_ms, instance_id)
    values ($1, $2, $3, $4)";

const COUNT: &str = "update visit_counter set visits = visits + $1 where slot = 0";

/// See [`crate::store::connection::session::Session::record`].
pub(super) async fn record(
    writer: &mut SqliteConnection,
    instance_id: &str,
    arrivals: &[Arrival],
) -> Result<Vec<Option<Receipt>>, Error> {
    // The write lock is taken first, so that nobody else can use a key between the check and the insert.
    let mut transaction = writer.begin_with("begin immediate").await?;
    let receipts = write(&mut transaction, instance_id, arrivals).await?;
    transaction.commit().await?;
    Ok(receipts)
}

/// The part of [`record`] within its transaction.
pub(super) async fn write(
    transaction: &mut SqliteConnection,
    instance_id: &str,
    arrivals: &[Arrival],
) -> Result<Vec<Option<Receipt>>, Error> {
    let row = sqlx::query(TOTAL).fetch_one(&mut *transaction).await?;
    let before: i64 = row.try_get("total")?;
    let now = Timestamp::from_millis(row.try_get("now_ms")?);
    let mut receipts = Vec::with_capacity(arrivals.len());
    let mut counted = 0;
    for arrival in arrivals {
        let receipt = match earlier_visit(transaction, arrival, now).await? {
            Some(earlier) => Receipt {
                total_visits: before + counted,
                ..earlier
            },
            None => {
                counted += 1;
                let id = insert(transaction, instance_id, arrival, now).await?;
                Receipt {
                    id,
                    recorded: now,
                    instance_id: instance_id.to_owned(),
                    total_visits: before + counted,
                    replayed: false,
                }
            }
        };
        receipts.push(Some(receipt));
    }
    if counted > 0 {
        let updated = sqlx::query(COUNT)
            .bind(counted)
            .execute(&mut *transaction)
            .await?;
        // Every visit must be counted, so the transaction is rolled back.
        if updated.rows_affected() == 0 {
            let reason = "visit_counter has no such slot".to_owned();
            return Err(Error::Other(Some(sqlx::Error::InvalidArgument(reason))));
        }
    }
    Ok(receipts)
}

async fn earlier_visit(
    connection: &mut SqliteConnection,
    arrival: &Arrival,
    now: Timestamp,
) -> Result<Option<Receipt>, Error> {
    let Some(key) = &arrival.key else {
        return Ok(None);
    };
    let row = sqlx::query(KNOWN_KEY)
        .bind(&key.digest()[..])
        .bind(now.earlier(KEY_LIFETIME).millis())
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Receipt {
        id: row.try_get("visit_id")?,
        recorded: Timestamp::from_millis(row.try_get("recorded_ms")?),
        instance_id: row.try_get("instance_id")?,
        total_visits: 0,
        replayed: true,
    }))
}

async fn insert(
    connection: &mut SqliteConnection,
    instance_id: &str,
    arrival: &Arrival,
    now: Timestamp,
) -> Result<i64, Error> {
    let id: i64 = sqlx::query_scalar(INSERT_VISIT)
        .bind(now.millis())
        .bind(&arrival.ip_address)
        .bind(instance_id)
        .fetch_one(&mut *connection)
        .await?;
    if let Some(key) = &arrival.key {
        sqlx::query(REMEMBER_KEY)
            .bind(&key.digest()[..])
            .bind(id)
            .bind(now.millis())
            .bind(instance_id)
            .execute(connection)
            .await?;
    }
    Ok(id)
}

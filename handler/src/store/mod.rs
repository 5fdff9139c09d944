//! The register's store: PostgreSQL, or SQLite when no database is configured.
//!
//! - [`Database`]: opens the store in the background and tells whether it can be used
//! - [`Recorder`]: group commit, the only way a visit is written
//! - [`SharedReads`]: concurrent reads of the same page share a query
//! - [`Store`]: one method per operation, over both engines
//! - [`Retention`]: deletes expired keys and blanks old addresses

use std::time::Duration;

use sqlx::{PgPool, Row};

use crate::domain::{Arrival, Listing, Moment, OrderKind, Receipt, StressOrder, Visit};

/// Runs the same call on the pool of either engine.
macro_rules! on_either {
    ($store:expr, $pool:ident => $call:expr) => {
        match $store {
            Store::Postgres($pool) => $call,
            Store::Sqlite($crate::store::sqlite::Sqlite { readers: $pool, .. }) => $call,
        }
    };
}

/// The same for a statement that writes.
macro_rules! write_on_either {
    ($store:expr, $pool:ident => $call:expr) => {
        match $store {
            Store::Postgres($pool) => $call,
            Store::Sqlite($crate::store::sqlite::Sqlite { writer: $pool, .. }) => $call,
        }
    };
}

mod database;
mod error;
mod postgres;
mod recorder;
mod retention;
mod schema;
mod shared_reads;
mod sqlite;

pub use database::{Database, Health, Migrate, PoolUse, Target};
pub use error::Error;
pub use recorder::Recorder;
pub use retention::Retention;
pub use shared_reads::SharedReads;

/// How long a statement of an ordinary request may take before it is answered 503.
pub const STATEMENT_DEADLINE: Duration = Duration::from_secs(5);

/// Both engines take the same statements wherever their dialects agree.
#[derive(Debug, Clone)]
pub enum Store {
    /// Shared by all instances.
    Postgres(PgPool),
    /// One file, for one machine.
    Sqlite(sqlite::Sqlite),
}

/// The total and one page, of one snapshot. The page is read by key, the total from the counter's slots.
const LIST_VISITS: &str = "
    select total.visits as total_visits, page.id, page.recorded_ms, page.ip_address, page.instance_id
    from (select cast(coalesce(sum(visits), 0) as bigint) as visits from visit_counter) as total
    left join (
        select id, recorded_ms, ip_address, instance_id
        from visits
        where id < $1
        order by id desc
        limit $2
    ) as page on true
    order by page.id desc";

const PLACE_ORDER: &str = "
    insert into stress_orders (ordered_ms, ends_ms, intensity)
    values ($1, $2, $3)
    returning id";

const NEWEST_ORDER: &str = "
    select id, ordered_ms, ends_ms, intensity
    from stress_orders
    order by id desc
    limit 1";

const ORDERS_AFTER: &str = "
    select id, ordered_ms, ends_ms, intensity
    from stress_orders
    where id > $1
    order by id
    limit 100";

impl Store {
    /// `postgresql` or `sqlite`, as `/health` names them.
    pub const fn db_type(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "postgresql",
            Self::Sqlite(_) => "sqlite",
        }
    }

    /// Writes all arrivals in one transaction and moves the total; answers in the same order.
    ///
    /// A key that was used within its lifetime gives the earlier visit, also when both arrive in the same
    /// batch.
    ///
    /// # Errors
    /// Nothing of the batch is known to be durable; a replay with the same keys is safe.
    async fn record(&self, instance_id: &str, arrivals: &[Arrival]) -> Result<Vec<Receipt>, Error> {
        match self {
            Self::Postgres(pool) => postgres::record(pool, instance_id, arrivals).await,
            Self::Sqlite(sqlite) => sqlite::record(&sqlite.writer, instance_id, arrivals).await,
        }
    }

    /// A page of at most `limit` visits with ids below `before`, newest first, and the total.
    ///
    /// # Errors
    /// When the database cannot be used.
    async fn list(&self, limit: u8, before: Option<i64>) -> Result<Listing, Error> {
        let before = before.unwrap_or(i64::MAX);
        // One more than asked for tells whether there is another page.
        let wanted = i64::from(limit) + 1;
        on_either!(self, pool => {
            let rows = sqlx::query(LIST_VISITS).bind(before).bind(wanted).fetch_all(pool).await?;
            let total_visits = rows.first().map_or(Ok(0), |row| row.try_get("total_visits"))?;
            let mut visits = Vec::with_capacity(rows.len());
            for row in &rows {
                let Some(id) = row.try_get("id")? else { continue };
                visits.push(Visit {
                    id,
                    recorded: Moment::from_millis(row.try_get("recorded_ms")?),
                    ip_address: row.try_get("ip_address")?,
                    instance_id: row.try_get("instance_id")?,
                });
            }
            let more = visits.len() > usize::from(limit);
            visits.truncate(usize::from(limit));
            let next_before = more.then(|| visits.last().map(|visit| visit.id)).flatten();
            Ok(Listing { total_visits, visits, next_before })
        })
    }

    /// Answers once the database has run a statement.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn ping(&self) -> Result<(), Error> {
        on_either!(self, pool => {
            sqlx::query("select 1").execute(pool).await?;
        });
        Ok(())
    }

    /// Gives the fleet an order; it is in force until the next one.
    ///
    /// # Errors
    /// When the database cannot be used; the order is then not given.
    pub async fn place_order(&self, ordered: Moment, kind: OrderKind) -> Result<i64, Error> {
        let (ends, intensity) = match kind {
            OrderKind::Run { ends, intensity } => (ends, intensity),
            OrderKind::Stop => (ordered, None),
        };
        let intensity = intensity.map(|rate| i64::try_from(rate).unwrap_or(i64::MAX));
        write_on_either!(self, pool => Ok(sqlx::query_scalar(PLACE_ORDER)
            .bind(ordered.millis())
            .bind(ends.millis())
            .bind(intensity)
            .fetch_one(pool)
            .await?))
    }

    /// The order in force, if one was ever given.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn newest_order(&self) -> Result<Option<StressOrder>, Error> {
        on_either!(self, pool => {
            let row = sqlx::query(NEWEST_ORDER).fetch_optional(pool).await?;
            Ok(row.as_ref().map(order_in).transpose()?)
        })
    }

    /// The orders given after the one with this id, the oldest first; a hundred at most.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn orders_after(&self, id: i64) -> Result<Vec<StressOrder>, Error> {
        on_either!(self, pool => {
            let rows = sqlx::query(ORDERS_AFTER).bind(id).fetch_all(pool).await?;
            Ok(rows.iter().map(order_in).collect::<Result<_, _>>()?)
        })
    }

    /// Ends all connections; statements under way finish first.
    async fn close(&self) {
        match self {
            Self::Postgres(pool) => pool.close().await,
            Self::Sqlite(sqlite) => {
                sqlite.readers.close().await;
                sqlite.writer.close().await;
            }
        }
    }
}

/// Reads a row of `stress_orders`.
fn order_in<R>(row: &R) -> Result<StressOrder, sqlx::Error>
where
    R: Row,
    for<'r> i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    for<'r> Option<i64>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    &'static str: sqlx::ColumnIndex<R>,
{
    let ordered = Moment::from_millis(row.try_get("ordered_ms")?);
    let ends = Moment::from_millis(row.try_get("ends_ms")?);
    let intensity: Option<i64> = row.try_get("intensity")?;
    let intensity = intensity.and_then(|rate| u64::try_from(rate).ok());
    let kind = if ends > ordered {
        OrderKind::Run { ends, intensity }
    } else {
        OrderKind::Stop
    };
    Ok(StressOrder {
        id: row.try_get("id")?,
        ordered,
        kind,
    })
}

/// Gives up on a statement that takes longer than a caller may wait.
///
/// # Errors
/// [`Error::Slow`] at the deadline; the statement is dropped with its connection.
pub async fn within<T>(
    deadline: Duration,
    statement: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(deadline, statement)
        .await
        .unwrap_or(Err(Error::Slow(deadline)))
}

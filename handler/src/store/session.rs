//! A connection in use, on either engine, and the operations on it.

use sqlx::Row;
use sqlx::Sqlite;

use super::heartbeat::{Heard, ORDERS};
use super::{Error, Lease, postgres, sqlite};
use crate::domain::{Arrival, Listing, Moment, OrderKind, Receipt, StressOrder, StressPlan, Visit};

/// Runs one operation on the connection of either engine.
macro_rules! on_either {
    ($session:expr, $connection:ident => $call:expr) => {
        match $session {
            $crate::store::session::Session::Postgres(session) => {
                session.begin(false).await?;
                let $connection = session.connection();
                let outcome = $call?;
                session.end().await?;
                Ok::<_, Error>(outcome)
            }
            $crate::store::session::Session::Sqlite(lease) => {
                let $connection = lease.begin();
                let outcome = $call?;
                lease.done();
                Ok(outcome)
            }
        }
    };
}
pub(super) use on_either;

/// A connection of one of the pools; several operations may use it, one after the other.
#[derive(Debug)]
pub(super) enum Session {
    Postgres(postgres::Session),
    Sqlite(Lease<Sqlite>),
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

/// The order before this one, if it is a stop: whoever has not followed it yet follows the later one instead.
const DELETE_EARLIER_STOP: &str = "
    delete from stress_orders
    where id = (select max(id) from stress_orders where id < $1) and ends_ms <= ordered_ms";

impl Session {
    /// Writes all arrivals in one transaction and moves the total; answers in the same order, with `None`
    /// for a replayed key that expired and was deleted in this very moment.
    ///
    /// A key that was used within its lifetime gives the earlier visit, also when both arrive in the same
    /// batch. `turn` differs from one batch to the next and chooses the counter's slot.
    ///
    /// # Errors
    /// Nothing of the batch is known to be durable, but after [`Error::Other`] nothing of it is.
    pub(super) async fn record(
        &mut self,
        instance_id: &str,
        turn: u64,
        arrivals: &[Arrival],
    ) -> Result<Vec<Option<Receipt>>, Error> {
        match self {
            Self::Postgres(session) => {
                session.begin(false).await?;
                let receipts = postgres::record(session, instance_id, turn, arrivals).await?;
                session.end().await?;
                Ok(receipts)
            }
            Self::Sqlite(lease) => {
                let receipts = sqlite::record(lease.begin(), instance_id, arrivals).await?;
                lease.done();
                Ok(receipts)
            }
        }
    }

    /// Whether a statement that comes again and again may be prepared by name; the others never are.
    pub(super) fn names_statements(&self) -> bool {
        match self {
            Self::Postgres(session) => session.names_statements(),
            Self::Sqlite(_) => true,
        }
    }

    /// A page of at most `limit` visits with ids below `before`, newest first, and the total.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub(super) async fn list(&mut self, limit: u8, before: Option<i64>) -> Result<Listing, Error> {
        let before = before.unwrap_or(i64::MAX);
        // One more than asked for tells whether there is another page.
        let wanted = i64::from(limit) + 1;
        let named = self.names_statements();
        on_either!(self, connection => {
            let rows = sqlx::query(LIST_VISITS).persistent(named).bind(before).bind(wanted).fetch_all(connection).await?;
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
            Ok::<_, Error>(Listing { total_visits, visits, next_before })
        })
    }

    /// See [`super::Store::ping`].
    pub(super) async fn ping(&mut self) -> Result<(), Error> {
        on_either!(self, connection => sqlx::raw_sql("select 1").execute(connection).await.map(|_| ()))
    }

    /// See [`super::Store::place_order`].
    pub(super) async fn place_order(&mut self, plan: Option<StressPlan>) -> Result<i64, Error> {
        let ordered = self.clock().await?;
        let ends = plan.map_or(ordered, |plan| ordered.later(plan.duration));
        let intensity = plan.and_then(|plan| plan.intensity);
        let intensity = intensity.map(|rate| i64::try_from(rate).unwrap_or(i64::MAX));
        let id = on_either!(self, connection => sqlx::query_scalar(PLACE_ORDER)
            .persistent(false)
            .bind(ordered.millis())
            .bind(ends.millis())
            .bind(intensity)
            .fetch_one(connection)
            .await)?;
        if plan.is_none() {
            // Only now: had the later stop not been written, the earlier one would still be needed.
            on_either!(self, connection => sqlx::query(DELETE_EARLIER_STOP)
                .persistent(false)
                .bind(id)
                .execute(connection)
                .await
                .map(|_| ()))?;
        }
        Ok(id)
    }

    /// See [`super::Store::orders`].
    pub(super) async fn orders(&mut self, after: Option<i64>) -> Result<Heard, Error> {
        let now = self.clock().await?;
        on_either!(self, connection => {
            let rows = sqlx::query(ORDERS).persistent(false).bind(after).fetch_all(connection).await?;
            let orders = rows.iter().map(order_in).collect::<Result<_, _>>()?;
            Ok::<_, Error>(Heard { now, orders })
        })
    }
}

/// Reads a row of `stress_orders`.
pub(super) fn order_in<R>(row: &R) -> Result<StressOrder, sqlx::Error>
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

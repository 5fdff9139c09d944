//! Orders to the fleet: to start a stress run, or to stop it.

use sqlx::Row;

use crate::domain::{OrderKind, StressOrder, StressPlan, Timestamp};
use crate::store::Error;
use crate::store::connection::pools::Store;
use crate::store::connection::session::{Session, on_either};

/// Orders that an instance has not read yet. Their times are by the database's clock.
#[derive(Debug)]
pub struct NewOrders {
    /// The database's time when it was asked.
    pub now: Timestamp,
    /// What counts of the orders after the last one known: the last stop and the last order, the oldest first. The
    /// others were replaced by these two. An instance that knows none gets only the last order.
    pub orders: Vec<StressOrder>,
}

const PLACE_ORDER: &str = "
    insert into stress_orders (ordered_ms, ends_ms, intensity)
    values ($1, $2, $3)
    returning id";

/// The order before this one, if it is a stop: an instance that has not followed it yet follows the later one instead.
const DELETE_EARLIER_STOP: &str = "
    delete from stress_orders
    where id = (select max(id) from stress_orders where id < $1) and ends_ms <= ordered_ms";

/// What [`NewOrders`] contains.
pub(super) const ORDERS: &str = "
    select id, ordered_ms, ends_ms, intensity
    from stress_orders
    where id > coalesce($1, 0)
        and id in (
            (select max(id) from stress_orders),
            (select max(id) from stress_orders where id > $1 and ends_ms <= ordered_ms)
        )
    order by id";

impl Store {
    /// Gives the fleet an order that is active until the next one: to run this plan, or without a plan to stop. A stop
    /// takes the place of the stop before it, so that repeated stops do not add rows.
    ///
    /// # Errors
    /// When the database cannot be used; the order is then not given.
    pub async fn place_order(&self, plan: Option<StressPlan>) -> Result<i64, Error> {
        self.writer().await?.place_order(plan).await
    }

    /// What counts of the orders after the one with this id; see [`NewOrders`]. Without an id only the last order.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn orders(&self, after: Option<i64>) -> Result<NewOrders, Error> {
        self.reader().await?.orders(after).await
    }
}

impl Session {
    /// See [`Store::place_order`].
    pub(in crate::store) async fn place_order(
        &mut self,
        plan: Option<StressPlan>,
    ) -> Result<i64, Error> {
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

    /// See [`Store::orders`].
    pub(in crate::store) async fn orders(
        &mut self,
        after: Option<i64>,
    ) -> Result<NewOrders, Error> {
        let now = self.clock().await?;
        on_either!(self, connection => {
            let rows = sqlx::query(ORDERS).persistent(false).bind(after).fetch_all(connection).await?;
            let orders = rows.iter().map(order_in).collect::<Result<_, _>>()?;
            Ok::<_, Error>(NewOrders { now, orders })
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
    let ordered = Timestamp::from_millis(row.try_get("ordered_ms")?);
    let ends = Timestamp::from_millis(row.try_get("ends_ms")?);
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

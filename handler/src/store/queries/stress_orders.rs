//! Fleet commands: start a stress run, or stop it.

use sqlx::Row;

use crate::domain::{OrderKind, StressOrder, StressPlan, Timestamp};
use crate::store::Error;
use crate::store::connection::pools::Store;
use crate::store::connection::session::{Session, on_either};

/// Fleet commands that an instance has not read yet. Their times use the database's clock.
#[derive(Debug)]
pub struct NewOrders {
    /// The database's time of the query.
    pub now: Timestamp,
    /// The relevant commands after the last known one: the last stop and the last command, in order. Both replace all
    /// others. An instance that knows no command receives only the last one.
    pub orders: Vec<StressOrder>,
}

const PLACE_ORDER: &str = "
    insert into stress_orders (ordered_ms, ends_ms, intensity)
    values ($1, $2, $3)
    returning id";

/// Deletes the command before this one if it is a stop. An instance that has not followed it yet follows the later
/// stop instead.
const DELETE_EARLIER_STOP: &str = "
    delete from stress_orders
    where id = (select max(id) from stress_orders where id < $1) and ends_ms <= ordered_ms";

/// The query for [`NewOrders`].
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
    /// Gives a command to the fleet, which is active until the next one: run this plan, or stop if there is no plan.
    /// A stop replaces the stop before it, so that repeated stops do not add rows.
    ///
    /// # Errors
    /// When the database cannot be used. The command is then not given.
    pub async fn place_order(&self, plan: Option<StressPlan>) -> Result<i64, Error> {
        self.writer().await?.place_order(plan).await
    }

    /// The relevant commands after the one with this id; see [`NewOrders`]. Without an id, only the last command.
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
            // The earlier stop is deleted only after the later one is written, because until then it is still needed.
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

//! Heartbeats: one statement writes a heartbeat and reads what the instance needs.

use sqlx::{Connection as _, Row, SqliteConnection};

use super::stress_orders::{NewOrders, ORDERS, order_in};
use crate::domain::{Heartbeat, Timestamp};
use crate::store::Error;
use crate::store::connection::pools::Store;
use crate::store::connection::postgres;
use crate::store::connection::session::Session;

/// What an instance reads when it writes a heartbeat.
#[derive(Debug)]
pub struct Reply {
    /// The fleet commands after the last one that the instance knew.
    pub new_orders: NewOrders,
    /// Earlier samples are already in the timeline.
    pub rolled_up: Timestamp,
}

/// One statement, and so one transaction. Only this run writes these rows. The condition on `beats` prevents a
/// delayed heartbeat, which its instance gave up, from overwriting later ones.
const ON_POSTGRES: &str = "
    with clock as (
        select cast(extract(epoch from clock_timestamp()) * 1000 as bigint) as now_ms
    ),
    beat as (
        insert into instances as known
            (run, instance_id, version, state, started_ms, last_seen_ms, heartbeat_ms, beats, report)
        select $1, $2, $3, $4, now_ms - $5, now_ms, $6, $7, $8
        from clock
        on conflict (run) do update
        set state = excluded.state,
            last_seen_ms = excluded.last_seen_ms,
            beats = excluded.beats,
            report = excluded.report
        where known.beats < excluded.beats
        returning last_seen_ms
    ),
    sample as (
        insert into samples (at_ms, run, length_ms, cpu_percent, requests, latencies)
        select last_seen_ms, $1, $9, $10, $11, $12
        from beat
        where $9 is not null
        on conflict do nothing
    )
    select beat.last_seen_ms, progress.position, o.id, o.ordered_ms, o.ends_ms, o.intensity
    from beat
    join progress on progress.task = 'roll_up'
    left join (
        select id, ordered_ms, ends_ms, intensity
        from stress_orders
        where id > coalesce($13, 0)
            and id in (
                (select max(id) from stress_orders),
                (select max(id) from stress_orders where id > $13 and ends_ms <= ordered_ms)
            )
    ) as o on true
    order by o.id";

const SQLITE_CLOCK: &str = "
    select cast(unixepoch('subsec') * 1000 as integer) as now_ms, position
    from progress
    where task = 'roll_up'";

const SQLITE_BEAT: &str = "
    insert into instances as known
        (run, instance_id, version, state, started_ms, last_seen_ms, heartbeat_ms, beats, report)
    values ($1, $2, $3, $4, $9 - $5, $9, $6, $7, $8)
    on conflict (run) do update
    set state = excluded.state,
        last_seen_ms = excluded.last_seen_ms,
        beats = excluded.beats,
        report = excluded.report
    where known.beats < excluded.beats";

const SQLITE_SAMPLE: &str = "
    insert into samples (at_ms, run, length_ms, cpu_percent, requests, latencies)
    values ($1, $2, $3, $4, $5, $6)
    on conflict do nothing";

/// Converts to the integers that the databases have.
fn whole(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// A report of numbers always serialises.
fn json(beat: &Heartbeat) -> String {
    serde_json::to_string(&beat.report).unwrap_or_default()
}

impl Store {
    /// Writes a heartbeat, and reads the fleet commands after the one with this id, or only the last one if there is
    /// no id.
    ///
    /// # Errors
    /// When the database cannot be used. The heartbeat may have been written nevertheless.
    pub async fn beat(&self, beat: &Heartbeat, last_order: Option<i64>) -> Result<Reply, Error> {
        self.heartbeat_writer().await?.beat(beat, last_order).await
    }
}

impl Session {
    /// See [`Store::beat`].
    pub(super) async fn beat(
        &mut self,
        beat: &Heartbeat,
        last_order: Option<i64>,
    ) -> Result<Reply, Error> {
        match self {
            Self::Postgres(session) => on_postgres(session, beat, last_order).await,
            Self::Sqlite(lease) => {
                let reply = on_sqlite(lease.begin(), beat, last_order).await?;
                lease.done();
                Ok(reply)
            }
        }
    }
}

async fn on_postgres(
    session: &mut postgres::Session,
    beat: &Heartbeat,
    last_order: Option<i64>,
) -> Result<Reply, Error> {
    session.begin(false).await?;
    let named = session.names_statements();
    let since = beat.since.as_ref();
    let rows = sqlx::query(ON_POSTGRES)
        .persistent(named)
        .bind(beat.run.number())
        .bind(&beat.instance_id)
        .bind(env!("CARGO_PKG_VERSION"))
        .bind(beat.state.as_str())
        .bind(whole(beat.up.as_millis()))
        .bind(whole(beat.interval.as_millis()))
        .bind(whole(beat.number))
        .bind(json(beat))
        .bind(since.map(|since| whole(since.length.as_millis())))
        .bind(since.map(|since| since.cpu_percent))
        .bind(since.map(|since| whole(since.requests)))
        .bind(since.map(|since| since.latencies.pack()))
        .bind(last_order)
        .fetch_all(session.connection())
        .await?;
    session.end().await?;
    // Without a row, this heartbeat arrived after a later one. Its instance gave it up, so nobody waits for the
    // result.
    let first = rows.first().ok_or(Error::Unavailable(None))?;
    let mut orders = Vec::new();
    for row in &rows {
        if row.try_get::<Option<i64>, _>("id")?.is_some() {
            orders.push(order_in(row)?);
        }
    }
    let now = Timestamp::from_millis(first.try_get("last_seen_ms")?);
    Ok(Reply {
        new_orders: NewOrders { now, orders },
        rolled_up: Timestamp::from_millis(first.try_get("position")?),
    })
}

async fn on_sqlite(
    connection: &mut SqliteConnection,
    beat: &Heartbeat,
    last_order: Option<i64>,
) -> Result<Reply, Error> {
    let mut transaction = connection.begin_with("begin immediate").await?;
    let clock = sqlx::query(SQLITE_CLOCK)
        .fetch_one(&mut *transaction)
        .await?;
    let now: i64 = clock.try_get("now_ms")?;
    let written = sqlx::query(SQLITE_BEAT)
        .bind(beat.run.number())
        .bind(&beat.instance_id)
        .bind(env!("CARGO_PKG_VERSION"))
        .bind(beat.state.as_str())
        .bind(whole(beat.up.as_millis()))
        .bind(whole(beat.interval.as_millis()))
        .bind(whole(beat.number))
        .bind(json(beat))
        .bind(now)
        .execute(&mut *transaction)
        .await?;
    if written.rows_affected() == 0 {
        return Err(Error::Unavailable(None));
    }
    if let Some(since) = &beat.since {
        sqlx::query(SQLITE_SAMPLE)
            .bind(now)
            .bind(beat.run.number())
            .bind(whole(since.length.as_millis()))
            .bind(since.cpu_percent)
            .bind(whole(since.requests))
            .bind(since.latencies.pack())
            .execute(&mut *transaction)
            .await?;
    }
    let rows = sqlx::query(ORDERS)
        .bind(last_order)
        .fetch_all(&mut *transaction)
        .await?;
    let orders = rows.iter().map(order_in).collect::<Result<_, _>>()?;
    transaction.commit().await?;
    let now = Timestamp::from_millis(now);
    Ok(Reply {
        new_orders: NewOrders { now, orders },
        rolled_up: Timestamp::from_millis(clock.try_get("position")?),
    })
}

//! Writes a batch of visits in one statement.

use std::collections::{HashMap, HashSet};

use sqlx::Row;

use super::counter_slot::CounterSlot;
use crate::domain::{Arrival, IdempotencyKey, KEY_LIFETIME, Receipt, Timestamp};
use crate::store::Error;
use crate::store::connection::postgres::Session;

/// One statement is one transaction and one round trip.
///
/// Every part reads the same snapshot, so `before` is the total without this batch. Keys are claimed in the order of
/// their digests, so two instances with overlapping batches cannot deadlock. If another transaction holds a key, this
/// one waits. After the other one commits, the key is not claimed here, and its visit is not inserted.
///
/// If the counter has no row for the slot, the last cast fails, and the whole statement with it, so that every visit
/// is counted. The error message then contains the text. `coalesce` evaluates it only in that case.
pub(super) const RECORD: &str = "
    with clock as materialized (
        select cast(extract(epoch from now()) * 1000 as bigint) as now_ms
    ),
    arrived as materialized (
        select place, ip_address, key_hash, nextval('visits_id_seq') as id
        from (
            select *
            from unnest($1::text[], $2::bytea[])
                with ordinality as batch (ip_address, key_hash, place)
            order by place
        ) as ordered
    ),
    claimed as (
        insert into idempotency_keys as known (key_hash, visit_id, recorded_ms, instance_id)
        select key_hash, id, (select now_ms from clock), $3
        from arrived
        where key_hash is not null
        order by key_hash
        on conflict (key_hash) do update
        set visit_id = excluded.visit_id,
            recorded_ms = excluded.recorded_ms,
            instance_id = excluded.instance_id
        where known.recorded_ms <= excluded.recorded_ms - $4
        returning visit_id
    ),
    inserted as (
        insert into visits (id, recorded_ms, ip_address, instance_id)
        select id, (select now_ms from clock), ip_address, $3
        from arrived
        where key_hash is null or id in (select visit_id from claimed)
        returning id
    ),
    counted as (
        update visit_counter
        set visits = visits + (select count(*) from inserted)
        where slot = $5
        returning visits
    )
    select arrived.id, inserted.id is not null as inserted, total.before, clock.now_ms,
        coalesce(
            (select visits from counted),
            (select 'visit_counter has no such slot' where not exists (select from counted))::bigint
        ) as slot_visits
    from arrived
    left join inserted on inserted.id = arrived.id
    cross join (select coalesce(sum(visits), 0)::bigint as before from visit_counter) as total
    cross join clock
    order by arrived.place";

const EARLIER_VISITS: &str = "
    select key_hash, visit_id, recorded_ms, instance_id
    from idempotency_keys
    where key_hash = any($1)";

/// The same for a batch without keys. This is the usual case, and costs a third less.
///
/// The rows are inserted in the order of the array, so the ids are returned in that order.
pub(super) const RECORD_WITHOUT_KEYS: &str = "
    with counted as (
        update visit_counter
        set visits = visits + cardinality($1::text[])
        where slot = $3
        returning visits
    )
    insert into visits (recorded_ms, ip_address, instance_id)
    select (select cast(extract(epoch from now()) * 1000 as bigint)), ip_address, $2
    from unnest($1::text[]) as batch (ip_address)
    returning id, recorded_ms, (select coalesce(sum(visits), 0)::bigint from visit_counter) as before,
        coalesce(
            (select visits from counted),
            (select 'visit_counter has no such slot' where not exists (select from counted))::bigint
        ) as slot_visits";

/// See [`crate::store::connection::session::Session::record`].
pub(super) async fn record(
    session: &mut Session,
    instance_id: &str,
    slot: &mut CounterSlot,
    arrivals: &[Arrival],
) -> Result<Vec<Option<Receipt>>, Error> {
    if arrivals.iter().all(|arrival| arrival.key.is_none()) {
        record_without_keys(session, instance_id, slot, arrivals).await
    } else {
        record_with_keys(session, instance_id, slot, arrivals).await
    }
}

async fn record_without_keys(
    session: &mut Session,
    instance_id: &str,
    slot: &mut CounterSlot,
    arrivals: &[Arrival],
) -> Result<Vec<Option<Receipt>>, Error> {
    let addresses: Vec<Option<&str>> = arrivals
        .iter()
        .map(|one| one.ip_address.as_deref())
        .collect();
    let rows = sqlx::query(RECORD_WITHOUT_KEYS)
        .persistent(session.names_statements())
        .bind(addresses)
        .bind(instance_id)
        .bind(slot.number())
        .fetch_all(session.connection())
        .await?;
    if let Some(row) = rows.first() {
        slot.added(arrivals.len() as i64, row.try_get("slot_visits")?);
    }
    rows.iter()
        .zip(1..)
        .map(|(row, place)| {
            let before: i64 = row.try_get("before")?;
            Ok(Some(Receipt {
                id: row.try_get("id")?,
                recorded: Timestamp::from_millis(row.try_get("recorded_ms")?),
                instance_id: instance_id.to_owned(),
                total_visits: before + place,
                replayed: false,
            }))
        })
        .collect()
}

async fn record_with_keys(
    session: &mut Session,
    instance_id: &str,
    slot: &mut CounterSlot,
    arrivals: &[Arrival],
) -> Result<Vec<Option<Receipt>>, Error> {
    // A key that occurs more than once in the batch is sent once. The other occurrences are replays of it.
    let mut seen = HashSet::new();
    let is_first: Vec<bool> = arrivals
        .iter()
        .map(|arrival| digest(arrival).is_none_or(|key| seen.insert(key)))
        .collect();
    let sent = || {
        let numbered = arrivals.iter().zip(&is_first);
        numbered
            .filter(|(_, first)| **first)
            .map(|(arrival, _)| arrival)
    };
    let addresses: Vec<Option<&str>> = sent().map(|one| one.ip_address.as_deref()).collect();
    let keys: Vec<Option<&[u8]>> = sent().map(digest).collect();
    let rows = sqlx::query(RECORD)
        .persistent(session.names_statements())
        .bind(addresses)
        .bind(keys)
        .bind(instance_id)
        .bind(KEY_LIFETIME.as_millis() as i64)
        .bind(slot.number())
        .fetch_all(session.connection())
        .await?;

    let first = rows.first();
    let before: i64 = first.map_or(Ok(0), |row| row.try_get("before"))?;
    let now = first.map_or(Ok(0), |row| row.try_get("now_ms"))?;
    let mut rows = rows.iter();
    let mut counted = 0;
    let mut receipts = Vec::with_capacity(arrivals.len());
    for first in &is_first {
        let row = if *first { rows.next() } else { None };
        let inserted = row.map_or(Ok(false), |row| row.try_get("inserted"))?;
        counted += i64::from(inserted);
        receipts.push(Some(Receipt {
            id: row.map_or(Ok(0), |row| row.try_get("id"))?,
            recorded: Timestamp::from_millis(now),
            instance_id: instance_id.to_owned(),
            total_visits: before + counted,
            replayed: !inserted,
        }));
    }
    if let Some(row) = first {
        slot.added(counted, row.try_get("slot_visits")?);
    }
    // The batch may be durable now. So any error from here on must not look as if nothing had been written.
    let filled = fill_in_replays(session, arrivals, &mut receipts).await;
    filled.map_err(|error| match error {
        Error::Other(cause) => Error::Unavailable(cause),
        other => other,
    })?;
    Ok(receipts)
}

/// Puts the earlier visit into the receipt of every replayed key. Removes the receipt if there is no earlier visit
/// any more, because the key expired between the two statements.
async fn fill_in_replays(
    session: &mut Session,
    arrivals: &[Arrival],
    receipts: &mut [Option<Receipt>],
) -> Result<(), Error> {
    let replayed = |receipt: &Option<Receipt>| receipt.as_ref().is_some_and(|one| one.replayed);
    let keys: Vec<&[u8]> = arrivals
        .iter()
        .zip(&*receipts)
        .filter(|(_, receipt)| replayed(receipt))
        .filter_map(|(arrival, _)| digest(arrival))
        .collect();
    if keys.is_empty() {
        return Ok(());
    }
    // A separate statement, because the statement above does not see what another transaction committed in the
    // meantime.
    let rows = sqlx::query(EARLIER_VISITS)
        .persistent(session.names_statements())
        .bind(keys)
        .fetch_all(session.connection())
        .await?;
    let mut earlier = HashMap::with_capacity(rows.len());
    for row in &rows {
        earlier.insert(row.try_get::<&[u8], _>("key_hash")?, row);
    }
    for (arrival, receipt) in arrivals.iter().zip(receipts) {
        let Some(replay) = receipt.as_mut().filter(|one| one.replayed) else {
            continue;
        };
        let Some(row) = digest(arrival).and_then(|key| earlier.get(key)) else {
            *receipt = None;
            continue;
        };
        replay.id = row.try_get("visit_id")?;
        replay.recorded = Timestamp::from_millis(row.try_get("recorded_ms")?);
        replay.instance_id = row.try_get("instance_id")?;
    }
    Ok(())
}

fn digest(arrival: &Arrival) -> Option<&[u8]> {
    arrival
        .key
        .as_ref()
        .map(IdempotencyKey::digest)
        .map(<[u8; 32]>::as_slice)
}

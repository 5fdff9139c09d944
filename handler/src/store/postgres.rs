//! What only PostgreSQL does its own way.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use sqlx::{PgPool, Row};

use super::Error;
use crate::domain::{Arrival, IdempotencyKey, KEY_LIFETIME, Moment, Receipt};

/// Slots of `visit_counter`, as the migration fills it.
const COUNTER_SLOTS: u64 = 64;

/// One statement is one transaction and one round trip.
///
/// Every part sees the same snapshot, so `before` is the total without this batch. Keys are claimed in the
/// order of their digests: two instances with overlapping batches then wait for each other in one
/// direction only. A key that another transaction holds makes this one wait; when that one commits the key
/// is not claimed here and its visit is not inserted.
const RECORD: &str = "
    with arrived as materialized (
        select place, recorded_ms, ip_address, key_hash, sealed_ip, nextval('visits_id_seq') as id
        from (
            select *
            from unnest($1::bigint[], $2::text[], $3::bytea[], $4::bytea[])
                with ordinality as batch (recorded_ms, ip_address, key_hash, sealed_ip, place)
            order by place
        ) as ordered
    ),
    claimed as (
        insert into idempotency_keys as known (key_hash, visit_id, recorded_ms, sealed_ip, instance_id)
        select key_hash, id, recorded_ms, sealed_ip, $5
        from arrived
        where key_hash is not null
        order by key_hash
        on conflict (key_hash) do update
        set visit_id = excluded.visit_id,
            recorded_ms = excluded.recorded_ms,
            sealed_ip = excluded.sealed_ip,
            instance_id = excluded.instance_id
        where known.recorded_ms <= $6
        returning visit_id
    ),
    inserted as (
        insert into visits (id, recorded_ms, ip_address, instance_id)
        select id, recorded_ms, ip_address, $5
        from arrived
        where key_hash is null or id in (select visit_id from claimed)
        returning id
    ),
    counted as (
        update visit_counter
        set visits = visits + (select count(*) from inserted)
        where slot = $7
    )
    select arrived.id, inserted.id is not null as inserted, total.before
    from arrived
    left join inserted on inserted.id = arrived.id
    cross join (select coalesce(sum(visits), 0)::bigint as before from visit_counter) as total
    order by arrived.place";

const EARLIER_VISITS: &str = "
    select key_hash, visit_id, recorded_ms, sealed_ip, instance_id
    from idempotency_keys
    where key_hash = any($1)";

/// See [`super::Store::record`].
pub(super) async fn record(
    pool: &PgPool,
    instance_id: &str,
    arrivals: &[Arrival],
) -> Result<Vec<Receipt>, Error> {
    // A key that stands in the batch more than once is sent once; the others are replays of it.
    let mut seen = HashSet::new();
    let is_first: Vec<bool> = arrivals
        .iter()
        .map(|arrival| digest(arrival).is_none_or(|key| seen.insert(key)))
        .collect();
    let sent = || {
        arrivals
            .iter()
            .zip(&is_first)
            .filter(|(_, first)| **first)
            .map(|(arrival, _)| arrival)
    };

    let rows = sqlx::query(RECORD)
        .bind(
            sent()
                .map(|arrival| arrival.recorded.millis())
                .collect::<Vec<_>>(),
        )
        .bind(
            sent()
                .map(|arrival| arrival.ip_address.as_deref())
                .collect::<Vec<_>>(),
        )
        .bind(sent().map(digest).collect::<Vec<_>>())
        .bind(
            sent()
                .map(|arrival| arrival.sealed_ip.as_deref())
                .collect::<Vec<_>>(),
        )
        .bind(instance_id)
        .bind(Moment::now().earlier(KEY_LIFETIME).millis())
        .bind(slot(instance_id))
        .fetch_all(pool)
        .await?;

    let before: i64 = rows.first().map_or(Ok(0), |row| row.try_get("before"))?;
    let mut rows = rows.iter();
    let mut counted = 0;
    let mut receipts = Vec::with_capacity(arrivals.len());
    for (arrival, first) in arrivals.iter().zip(&is_first) {
        let row = if *first { rows.next() } else { None };
        let inserted = row.map_or(Ok(false), |row| row.try_get("inserted"))?;
        counted += i64::from(inserted);
        receipts.push(Receipt {
            id: row.map_or(Ok(0), |row| row.try_get("id"))?,
            recorded: arrival.recorded,
            instance_id: instance_id.to_owned(),
            total_visits: before + counted,
            replayed: !inserted,
            sealed_ip: None,
        });
    }
    fill_in_replays(pool, arrivals, &mut receipts).await?;
    Ok(receipts)
}

/// Puts the earlier visit into the receipt of every replayed key.
async fn fill_in_replays(
    pool: &PgPool,
    arrivals: &[Arrival],
    receipts: &mut [Receipt],
) -> Result<(), Error> {
    let replayed: Vec<&[u8]> = arrivals
        .iter()
        .zip(receipts.iter())
        .filter(|(_, receipt)| receipt.replayed)
        .filter_map(|(arrival, _)| digest(arrival))
        .collect();
    if replayed.is_empty() {
        return Ok(());
    }
    // A statement of its own: the claim above did not see what another transaction committed meanwhile.
    let rows = sqlx::query(EARLIER_VISITS)
        .bind(&replayed)
        .fetch_all(pool)
        .await?;
    for (arrival, receipt) in arrivals
        .iter()
        .zip(receipts)
        .filter(|(_, receipt)| receipt.replayed)
    {
        let row = rows
            .iter()
            .find(|row| row.try_get::<&[u8], _>("key_hash").ok() == digest(arrival));
        // The key expired and was deleted between the two statements: the client may simply try again.
        let row = row.ok_or(Error::Unavailable(None))?;
        receipt.id = row.try_get("visit_id")?;
        receipt.recorded = Moment::from_millis(row.try_get("recorded_ms")?);
        receipt.sealed_ip = row.try_get("sealed_ip")?;
        receipt.instance_id = row.try_get("instance_id")?;
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

/// The counter's slot of an instance; instances that share one wait for each other but count right.
fn slot(instance_id: &str) -> i16 {
    let mut hasher = DefaultHasher::new();
    instance_id.hash(&mut hasher);
    i16::try_from(hasher.finish() % COUNTER_SLOTS).expect("a remainder of 64 fits")
}

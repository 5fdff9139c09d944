//! Visits: written in batches, read in pages.

use sqlx::Row;

use crate::domain::{Arrival, Listing, Receipt, Timestamp, Visit};
use crate::store::Error;
use crate::store::connection::session::{Session, on_either};

mod counter_slot;
mod postgres;
mod probe;
mod sqlite;

pub(in crate::store) use counter_slot::CounterSlot;

/// The total and one page, from one snapshot. The page is read by key, the total from the counter's slots.
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

impl Session {
    /// Writes all arrivals in one transaction and updates the total. Returns receipts in the same order, with `None`
    /// for a replayed key that expired and was deleted in the meantime.
    ///
    /// A key that was used within its lifetime returns the earlier visit, also if both are in the same batch. `slot`
    /// is the slot of the counter to which this instance adds.
    ///
    /// # Errors
    /// After [`Error::Other`], nothing of the batch was written. After any other error, it may have been.
    pub(in crate::store) async fn record(
        &mut self,
        instance_id: &str,
        slot: &mut CounterSlot,
        arrivals: &[Arrival],
    ) -> Result<Vec<Option<Receipt>>, Error> {
        match self {
            Self::Postgres(session) => {
                session.begin(false).await?;
                let receipts = postgres::record(session, instance_id, slot, arrivals).await?;
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

    /// A page of at most `limit` visits with ids below `before`, newest first, and the total.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub(in crate::store) async fn list(
        &mut self,
        limit: u8,
        before: Option<i64>,
    ) -> Result<Listing, Error> {
        let before = before.unwrap_or(i64::MAX);
        // One more row than requested shows whether there is another page.
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
                    recorded: Timestamp::from_millis(row.try_get("recorded_ms")?),
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
}

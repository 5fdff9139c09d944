//! Combines samples into slices of the timeline. Any instance may do so, one at a time.

use std::time::Duration;

use sqlx::{Connection as _, Row};

use crate::domain::{
    Latencies, MINUTE, MOST_PER_SECOND, Run, Sample, Slice, Sum, Timestamp, fine_length,
    pack_per_instance, slices_of, unpack_per_instance, within_bounds,
};
use crate::store::Error;
use crate::store::connection::pools::Store;
use crate::store::connection::session::Session;
use crate::store::queries::instances::millis;

/// A heartbeat takes its time before it commits. If the commit takes longer than this, the timeline lacks the
/// heartbeat.
const LATE: Duration = Duration::from_secs(2);
/// The most fine slices per transaction. With a thousand instances they combine 20,000 samples.
const CHUNK: u32 = 10;

/// How far the samples have been rolled up.
const MARK: &str = "select position from progress where task = 'roll_up'";
/// The same for PostgreSQL, where several instances may do this at the same time.
const HOLD_MARK: &str = "
    select position
    from progress
    where task = 'roll_up'
    for update skip locked";
const MOVE_MARK: &str = "update progress set position = $1 where task = 'roll_up'";

/// The longest heartbeat interval of the instances that may still run, whatever their state. Rows with an impossible
/// interval, or with a time in the future, are skipped; `4.0` prevents an overflow of the product.
const SLOWEST: &str = "
    select coalesce(max(heartbeat_ms), 0)
    from instances
    where heartbeat_ms between 1 and 86400000
        and last_seen_ms >= $1 - 4.0 * heartbeat_ms
        and last_seen_ms <= $1 + 60000
        and state <> 'gone'";

const OLDEST_SAMPLE: &str = "select min(at_ms) from samples where at_ms >= $1";

const SAMPLES: &str = "
    select at_ms, run, length_ms, cpu_percent, requests, latencies
    from samples
    where at_ms >= $1 and at_ms < $2";

const FINE_SLICES: &str = "
    select start_ms, length_ms, instances, cpu_percent, requests_per_second, latencies, per_instance
    from timeline
    where grain = 0 and start_ms >= $1 and start_ms < $2";

const WRITE_SLICE: &str = "
    insert into timeline
        (grain, start_ms, length_ms, instances, cpu_percent, requests_per_second, latencies, per_instance)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (grain, start_ms) do update
    set length_ms = excluded.length_ms,
        instances = excluded.instances,
        cpu_percent = excluded.cpu_percent,
        requests_per_second = excluded.requests_per_second,
        latencies = excluded.latencies,
        per_instance = excluded.per_instance";

/// Also deletes samples that arrived too late.
const DELETE_SAMPLES: &str = "delete from samples where at_ms < $1";

/// Whether it is time to roll up, as far as an instance with this heartbeat interval can tell. A mark in the future
/// was written before the clock was set back, and must be set back too.
pub fn is_due(now: Timestamp, rolled_up: Timestamp, heartbeat: Duration) -> bool {
    now.earlier(LATE).floor(fine_length(heartbeat)) > rolled_up || rolled_up > now
}

/// Rolls up, once the transaction holds the mark alone. Returns the new position of the mark.
macro_rules! roll_up_after {
    ($connection:expr, $mark:expr, $now:expr) => {{
        let (mark, now): (Timestamp, Timestamp) = ($mark, $now);
        let slowest: i64 = sqlx::query_scalar(SLOWEST)
            .persistent(false)
            .bind(now.millis())
            .fetch_one(&mut *$connection)
            .await?;
        let length = fine_length(millis(slowest));
        let oldest: Option<i64> = sqlx::query_scalar(OLDEST_SAMPLE)
            .persistent(false)
            .bind(mark.millis())
            .fetch_one(&mut *$connection)
            .await?;
        let end = end_of(mark, oldest.map(Timestamp::from_millis), now, length);
        if end != mark {
            let rows = sqlx::query(SAMPLES)
                .persistent(false)
                .bind(mark.millis())
                .bind(end.millis())
                .fetch_all(&mut *$connection)
                .await?;
            let mut samples = Vec::with_capacity(rows.len());
            for row in &rows {
                samples.push(sample_in!(row));
            }
            for slice in slices_of(&samples, length) {
                write_slice!($connection, 0_i16, &slice);
            }
            // The minutes that are complete now, from the slices just made and from earlier slices.
            let rows = sqlx::query(FINE_SLICES)
                .persistent(false)
                .bind(mark.floor(MINUTE).millis())
                .bind(end.floor(MINUTE).millis())
                .fetch_all(&mut *$connection)
                .await?;
            let mut slices = Vec::with_capacity(rows.len());
            for row in &rows {
                slices.push(slice_in!(row));
            }
            for minute in minutes_of(&slices) {
                write_slice!($connection, 1_i16, &minute);
            }
            sqlx::query(DELETE_SAMPLES)
                .persistent(false)
                .bind(end.millis())
                .execute(&mut *$connection)
                .await?;
            sqlx::query(MOVE_MARK)
                .persistent(false)
                .bind(end.millis())
                .execute(&mut *$connection)
                .await?;
        }
        end
    }};
}

macro_rules! write_slice {
    ($connection:expr, $grain:expr, $slice:expr) => {{
        let slice: &Slice = $slice;
        sqlx::query(WRITE_SLICE)
            .persistent(false)
            .bind($grain)
            .bind(slice.start.millis())
            .bind(i64::try_from(slice.length.as_millis()).unwrap_or(i64::MAX))
            .bind(i64::from(slice.instances))
            .bind(slice.cpu_percent)
            .bind(slice.requests_per_second)
            .bind(slice.latencies.pack())
            .bind(pack_per_instance(&slice.per_instance))
            .execute(&mut *$connection)
            .await?;
    }};
}

/// Reads a row of `samples`, of either engine.
macro_rules! sample_in {
    ($row:expr) => {
        Sample {
            run: Run::from_number($row.try_get("run")?),
            at: Timestamp::from_millis($row.try_get("at_ms")?),
            length: millis($row.try_get("length_ms")?),
            cpu_percent: within_bounds($row.try_get("cpu_percent")?, 100.0),
            requests: u64::try_from($row.try_get::<i64, _>("requests")?).unwrap_or(0),
            latencies: Latencies::unpack($row.try_get("latencies")?),
        }
    };
}

/// Reads a row of `timeline`, of either engine.
macro_rules! slice_in {
    ($row:expr) => {
        Slice {
            start: Timestamp::from_millis($row.try_get("start_ms")?),
            length: millis($row.try_get("length_ms")?),
            instances: u32::try_from($row.try_get::<i64, _>("instances")?).unwrap_or(0),
            cpu_percent: within_bounds($row.try_get("cpu_percent")?, 100.0),
            requests_per_second: within_bounds(
                $row.try_get("requests_per_second")?,
                MOST_PER_SECOND,
            ),
            latencies: Latencies::unpack($row.try_get("latencies")?),
            per_instance: unpack_per_instance($row.try_get("per_instance")?),
        }
    };
}

impl Store {
    /// Makes slices of the timeline from some of the samples that are due. Returns whether there may be more. Does
    /// nothing while another instance rolls up.
    ///
    /// # Errors
    /// When the database cannot be used. In that case nothing was changed.
    pub async fn roll_up(&self) -> Result<bool, Error> {
        roll_up(self).await
    }
}

/// Rolls up some of what is due. Returns whether there may be more.
async fn roll_up(store: &Store) -> Result<bool, Error> {
    let mut session = store.heartbeat_writer().await?;
    let now = session.clock().await?;
    match &mut session {
        Session::Postgres(session) => {
            session.begin(true).await?;
            let connection = session.connection();
            let mark: Option<i64> = sqlx::query_scalar(HOLD_MARK)
                .persistent(false)
                .fetch_optional(&mut *connection)
                .await?;
            let more = match mark.map(Timestamp::from_millis) {
                Some(mark) => roll_up_after!(connection, mark, now) != mark,
                // Another instance is rolling up.
                None => false,
            };
            session.end().await?;
            Ok(more)
        }
        Session::Sqlite(lease) => {
            let writer = lease.begin();
            let mut transaction = writer.begin_with("begin immediate").await?;
            let connection = &mut *transaction;
            let mark: i64 = sqlx::query_scalar(MARK)
                .persistent(false)
                .fetch_one(&mut *connection)
                .await?;
            let mark = Timestamp::from_millis(mark);
            let more = roll_up_after!(connection, mark, now) != mark;
            transaction.commit().await?;
            lease.done();
            Ok(more)
        }
    }
}

/// The end of the next roll-up that begins at `mark`: whole slices to which no heartbeat can be added any more. A
/// time without samples is skipped.
fn end_of(
    mark: Timestamp,
    oldest: Option<Timestamp>,
    now: Timestamp,
    length: Duration,
) -> Timestamp {
    let due = now.earlier(LATE).floor(length);
    // The clock was set back. New samples must not wait until it reaches the old mark again.
    if mark > now {
        return due;
    }
    let Some(oldest) = oldest else { return mark };
    let begin = mark.max(oldest.floor(length));
    due.min(begin.floor(length).later(length * CHUNK)).max(mark)
}

/// Combines fine slices into minutes. A fine slice may be longer than a minute.
fn minutes_of(slices: &[Slice]) -> Vec<Slice> {
    let mut minutes: Vec<(Timestamp, Duration, Sum)> = Vec::new();
    for slice in slices {
        let start = slice.start.floor(MINUTE);
        if minutes.last().is_none_or(|(last, ..)| *last != start) {
            minutes.push((start, MINUTE, Sum::default()));
        }
        if let Some((_, length, sum)) = minutes.last_mut() {
            *length = slice.length.max(*length);
            sum.add(slice);
        }
    }
    let whole = |(start, length, sum): (Timestamp, Duration, Sum)| sum.slice(start, length);
    minutes.into_iter().filter_map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u32) -> Timestamp {
        Timestamp::from_millis(0).later(SECOND * seconds)
    }

    #[test]
    fn only_complete_slices_are_rolled_up() {
        let ten = SECOND * 10;
        assert_eq!(end_of(at(100), Some(at(101)), at(111), ten), at(100));
        assert_eq!(end_of(at(100), Some(at(101)), at(112), ten), at(110));
        // There was no sample for an hour, and then there was one.
        assert_eq!(end_of(at(100), None, at(3_700), ten), at(100));
        assert_eq!(end_of(at(100), Some(at(3_705)), at(3_706), ten), at(3_700));
        assert_eq!(end_of(at(100), Some(at(3_705)), at(3_713), ten), at(3_710));
        // There is a large backlog, of which a part is rolled up at a time.
        assert_eq!(end_of(at(100), Some(at(103)), at(3_700), ten), at(200));
        // The clock was set back by an hour.
        assert_eq!(end_of(at(7_200), None, at(3_605), ten), at(3_600));
    }

    #[test]
    fn an_instance_can_tell_when_it_is_time() {
        assert!(!is_due(at(111), at(100), SECOND * 5));
        assert!(is_due(at(112), at(100), SECOND * 5));
        assert!(is_due(at(103), at(100), SECOND / 2));
        assert!(is_due(at(103), at(3_700), SECOND / 2));
    }
}

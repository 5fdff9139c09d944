//! The app's own evaluations of the autoscale rules: what each decided, and its result.
//!
//! A run begins an evaluation, calls the platform, and settles the evaluation. Beginning takes a lease. Without the
//! lease, a run neither calls the platform nor settles.

use std::time::Duration;

use sqlx::{Connection as _, Row};

use crate::domain::{Evaluation, ScalingState, Settled, Slice, Timestamp};
use crate::store::Error;
use crate::store::connection::pools::Store;
use crate::store::connection::session::{POSTGRES_CLOCK, SQLITE_CLOCK, Session, on_either};

/// What a run reads before it begins an evaluation.
#[derive(Debug)]
pub struct ScalingInputs {
    /// The database's time.
    pub now: Timestamp,
    /// The fleet's activity over the requested span.
    pub slices: Vec<Slice>,
    /// Whether no earlier evaluation wanted a count.
    pub is_first: bool,
}

/// The right to call the platform, for a limited time.
#[derive(Debug, Clone, Copy)]
pub struct ScalingLease {
    /// The run's random number.
    pub holder: i64,
    /// The time from the beginning of the evaluation.
    pub length: Duration,
}

/// The result of trying to begin an evaluation.
#[derive(Debug)]
pub enum Turn {
    /// The run evaluated and holds the lease. The number is the evaluation's id.
    Taken(i64, Evaluation),
    /// Another run has already evaluated this minute.
    AlreadyEvaluated,
    /// Another run is still setting the count of an earlier evaluation.
    Leased,
}

/// On PostgreSQL, runs wait for each other here. On SQLite the transaction itself excludes others.
const HOLD_LEASE: &str = "select holder from scale_lease for update";
const LEASE: &str = "select holder, ends_ms from scale_lease";
const TAKE_LEASE: &str = "update scale_lease set holder = $1, ends_ms = $2";
const RETURN_LEASE: &str = "update scale_lease set ends_ms = $2 where holder = $1 and ends_ms > $2";

const STATE: &str = "
    select
        (select minute_ms from scale_actions order by id desc limit 1) as last_minute_ms,
        (select wanted from scale_actions where wanted is not null order by id desc limit 1) as wanted,
        (
            select minute_ms
            from scale_actions
            where from_count <> wanted and decision in ('scaled_out', 'scaled_in')
            order by id desc
            limit 1
        ) as last_action_ms";

const WANTED: &str = "
    select wanted from scale_actions where wanted is not null order by id desc limit 1";

/// After the clock was set back: evaluations dated in the future count as evaluations of this minute.
const BRING_BACK: &str = "update scale_actions set minute_ms = $1 where minute_ms > $1";

const RECORD: &str = "
    insert into scale_actions
        (minute_ms, at_ms, from_count, wanted, decision, rule, observed, reason, cooldown_ms)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    returning id";

const SETTLE: &str = "
    update scale_actions set outcome = $2, actual = $3, problem = $4 where id = $1";

const COUNT: &str = "
    insert into scale_totals as known (kind, name, total)
    values ($1, $2, 1)
    on conflict (kind, name) do update
    set total = known.total + 1";

/// The kinds of totals.
pub(super) const DECISION: &str = "decision";
pub(super) const OUTCOME: &str = "outcome";

/// The time within a transaction that has begun.
macro_rules! clock {
    ($connection:expr, $sql:expr) => {
        Timestamp::from_millis(
            sqlx::query_scalar($sql)
                .persistent(false)
                .fetch_one(&mut *$connection)
                .await?,
        )
    };
}

/// What follows after the clock was read, once the transaction excludes other runs.
macro_rules! begin_evaluation {
    ($connection:expr, $now:expr, $minute:expr, $lease:expr, $decide:expr) => {{
        let (now, minute, lease): (Timestamp, Timestamp, ScalingLease) = ($now, $minute, $lease);
        let row = sqlx::query(LEASE)
            .persistent(false)
            .fetch_one(&mut *$connection)
            .await?;
        let ends = Timestamp::from_millis(row.try_get("ends_ms")?);
        let row = sqlx::query(STATE)
            .persistent(false)
            .fetch_one(&mut *$connection)
            .await?;
        let last_minute: Option<i64> = row.try_get("last_minute_ms")?;
        if last_minute.is_some_and(|last| last >= minute.millis()) {
            let later = now.later(lease.length * 2).millis();
            if last_minute.is_some_and(|last| last > later) {
                sqlx::query(BRING_BACK)
                    .persistent(false)
                    .bind(minute.millis())
                    .execute(&mut *$connection)
                    .await?;
            }
            Turn::AlreadyEvaluated
        } else if ends > now && ends <= now.later(lease.length) {
            Turn::Leased
        } else {
            let evaluation: Evaluation = $decide(ScalingState {
                wanted: row.try_get::<Option<i64>, _>("wanted")?.map(instances),
                last_action: row
                    .try_get::<Option<i64>, _>("last_action_ms")?
                    .map(Timestamp::from_millis),
            });
            let id: i64 = sqlx::query_scalar(RECORD)
                .persistent(false)
                .bind(minute.millis())
                .bind(now.millis())
                .bind(evaluation.from.map(i64::from))
                .bind(evaluation.wanted.map(i64::from))
                .bind(evaluation.decision.as_str())
                .bind(evaluation.rule.map(i64::from))
                .bind(evaluation.observed)
                .bind(&evaluation.reason)
                .bind(i64::try_from(evaluation.cooldown_left.as_millis()).unwrap_or(i64::MAX))
                .fetch_one(&mut *$connection)
                .await?;
            sqlx::query(TAKE_LEASE)
                .persistent(false)
                .bind(lease.holder)
                .bind(now.later(lease.length).millis())
                .execute(&mut *$connection)
                .await?;
            count_one!($connection, DECISION, evaluation.decision.as_str());
            Turn::Taken(id, evaluation)
        }
    }};
}

/// Adds one to a total.
macro_rules! count_one {
    ($connection:expr, $kind:expr, $name:expr) => {
        sqlx::query(COUNT)
            .persistent(false)
            .bind($kind)
            .bind($name)
            .execute(&mut *$connection)
            .await?
    };
}

/// Settles an evaluation if the lease is still held. Returns whether it did.
macro_rules! settle {
    ($connection:expr, $now:expr, $id:expr, $holder:expr, $settled:expr) => {{
        let settled: &Settled = $settled;
        let returned = sqlx::query(RETURN_LEASE)
            .persistent(false)
            .bind($holder)
            .bind($now.millis())
            .execute(&mut *$connection)
            .await?;
        let is_held = returned.rows_affected() > 0;
        if is_held {
            sqlx::query(SETTLE)
                .persistent(false)
                .bind($id)
                .bind(settled.outcome.as_str())
                .bind(settled.actual.map(i64::from))
                .bind(&settled.problem)
                .execute(&mut *$connection)
                .await?;
            count_one!($connection, OUTCOME, settled.outcome.as_str());
        }
        is_held
    }};
}

impl Store {
    /// What a run reads about the fleet over the last `span`.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn scaling_inputs(&self, span: Duration) -> Result<ScalingInputs, Error> {
        let mut session = self.reader().await?;
        let (now, slices) = session.recent_slices(span).await?;
        let wanted: Option<i64> = on_either!(&mut session, connection => {
            sqlx::query_scalar(WANTED).persistent(false).fetch_optional(connection).await
        })?;
        Ok(ScalingInputs {
            now,
            slices,
            is_first: wanted.is_none(),
        })
    }

    /// Begins the evaluation of a minute, which is a time of the wall clock. Takes the lease, calls `decide` with the
    /// results of earlier evaluations, and records the decision. Either all of it happens or nothing.
    ///
    /// # Errors
    /// When the database cannot be used. The evaluation may have been recorded nevertheless.
    pub async fn begin_evaluation(
        &self,
        minute: Timestamp,
        lease: ScalingLease,
        decide: impl FnOnce(ScalingState) -> Evaluation,
    ) -> Result<Turn, Error> {
        let mut session = self.writer().await?;
        match &mut session {
            Session::Postgres(session) => {
                session.begin(true).await?;
                let connection = session.connection();
                // This is before the clock is read, so that a run that waited here does not evaluate with an old
                // time.
                let held = sqlx::query(HOLD_LEASE).persistent(false);
                held.fetch_one(&mut *connection).await?;
                let now = clock!(connection, POSTGRES_CLOCK);
                let turn = begin_evaluation!(connection, now, minute, lease, decide);
                session.end().await?;
                Ok(turn)
            }
            Session::Sqlite(lease_of_writer) => {
                let writer = lease_of_writer.begin();
                let mut transaction = writer.begin_with("begin immediate").await?;
                let connection = &mut *transaction;
                let now = clock!(connection, SQLITE_CLOCK);
                let turn = begin_evaluation!(connection, now, minute, lease, decide);
                transaction.commit().await?;
                lease_of_writer.done();
                Ok(turn)
            }
        }
    }

    /// Whether a run still holds the lease.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn holds_scaling_lease(&self, holder: i64) -> Result<bool, Error> {
        let mut session = self.writer().await?;
        let now = session.clock().await?;
        let held: (i64, i64) = on_either!(&mut session, connection => {
            sqlx::query_as(LEASE).persistent(false).fetch_one(connection).await
        })?;
        Ok(held.0 == holder && held.1 > now.millis())
    }

    /// Records the result of an evaluation and returns the lease. Returns `false`, and records nothing, if the run no
    /// longer holds the lease.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn settle_evaluation(
        &self,
        id: i64,
        holder: i64,
        settled: &Settled,
    ) -> Result<bool, Error> {
        let mut session = self.writer().await?;
        match &mut session {
            Session::Postgres(session) => {
                session.begin(true).await?;
                let connection = session.connection();
                let now = clock!(connection, POSTGRES_CLOCK);
                let is_held = settle!(connection, now, id, holder, settled);
                session.end().await?;
                Ok(is_held)
            }
            Session::Sqlite(lease_of_writer) => {
                let writer = lease_of_writer.begin();
                let mut transaction = writer.begin_with("begin immediate").await?;
                let connection = &mut *transaction;
                let now = clock!(connection, SQLITE_CLOCK);
                let is_held = settle!(connection, now, id, holder, settled);
                transaction.commit().await?;
                lease_of_writer.done();
                Ok(is_held)
            }
        }
    }
}

/// A stored number of instances, or the number of a rule.
pub(super) fn instances(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

//! The instances of the fleet, and their runs.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::time::Duration;

use sqlx::Row;

use crate::domain::{InstanceState, MINUTE, Member, Report, Run, ScalerReport, Timestamp};
use crate::store::Error;
use crate::store::connection::pools::Store;
use crate::store::connection::session::{Session, on_either};

/// How long instances that have ended stay listed.
const ENDED_SHOWN: Duration = Duration::from_secs(10 * 60);
/// The most listed instances. If there are more, those seen longest ago are left out.
const MOST_MEMBERS: i64 = 5_000;
/// The most runs whose names and events a timeline reads, the most recent ones.
const MOST_RUNS: i64 = 20_000;
/// The longest slice, which occurs with one heartbeat per day.
const LONGEST: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// Rows with times in the future were written before the clock was set back. This and the following statements skip
/// rows whose heartbeat interval no setting allows; `4.0` prevents an overflow of the product.
const MEMBERS: &str = "
    select run, instance_id, version, state, started_ms, last_seen_ms, heartbeat_ms, beats, report
    from instances
    where heartbeat_ms between 1 and 86400000
        and last_seen_ms >= $1 - 4.0 * heartbeat_ms
        and last_seen_ms <= $2
    order by last_seen_ms desc
    limit $3";

const RUNS: &str = "
    select run, instance_id, version, state, started_ms, last_seen_ms, heartbeat_ms, beats, '{}' as report
    from instances
    where heartbeat_ms between 1 and 86400000
        and last_seen_ms >= $1 - 4.0 * heartbeat_ms
    order by run desc
    limit $2";

/// Reads a row of `instances`, of either engine.
macro_rules! member_in {
    ($row:expr) => {
        Member {
            run: Run::from_number($row.try_get("run")?),
            instance_id: $row.try_get("instance_id")?,
            version: $row.try_get("version")?,
            state: InstanceState::parse($row.try_get("state")?),
            started: Timestamp::from_millis($row.try_get("started_ms")?),
            last_seen: Timestamp::from_millis($row.try_get("last_seen_ms")?),
            heartbeat: millis($row.try_get("heartbeat_ms")?),
            beats: u64::try_from($row.try_get::<i64, _>("beats")?).unwrap_or(0),
            report: Report::read($row.try_get("report")?),
        }
    };
}

const NAMESAKES: &str = "
    select count(*)
    from instances
    where instance_id = $1
        and run <> $2
        and state <> 'gone'
        and heartbeat_ms between 1 and 86400000
        and last_seen_ms >= $3 - 3.0 * heartbeat_ms
        and last_seen_ms <= $3 + 60000";

/// The running instances, and those that ended a short time ago.
#[derive(Debug)]
pub struct FleetListing {
    /// The database's time.
    pub now: Timestamp,
    /// One per name: if there are several runs, the live one, or else the last one.
    pub members: Vec<Member>,
    /// The app's own scaler; `None` if the app does not set the number of instances itself.
    pub scaler: Option<ScalerReport>,
}

impl Store {
    /// Whether another run sends heartbeats under this name, which must be unique.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn has_namesake(&self, instance_id: &str, run: Run) -> Result<bool, Error> {
        self.heartbeat_writer()
            .await?
            .has_namesake(instance_id, run)
            .await
    }
}

impl Session {
    /// The instances of the fleet, those seen most recently first, and the state of the app's own scaler if it has
    /// one.
    pub(in crate::store) async fn fleet_listing(
        &mut self,
        scales_itself: bool,
    ) -> Result<FleetListing, Error> {
        let now = self.clock().await?;
        let from = now.earlier(ENDED_SHOWN).millis();
        let to = now.later(MINUTE).millis();
        let named = self.names_statements();
        let members: Vec<Member> = on_either!(self, connection => {
            let rows = sqlx::query(MEMBERS)
                .persistent(named)
                .bind(from)
                .bind(to)
                .bind(MOST_MEMBERS)
                .fetch_all(connection)
                .await?;
            rows.iter().map(|row| Ok::<_, Error>(member_in!(row))).collect::<Result<_, _>>()
        })?;
        let members = one_per_name(members, now);
        let scaler = match scales_itself {
            true => Some(self.scaler_report().await?),
            false => None,
        };
        Ok(FleetListing {
            now,
            members,
            scaler,
        })
    }

    /// The runs that were seen since `earliest`, the most recent first.
    pub(super) async fn runs_since(&mut self, earliest: Timestamp) -> Result<Vec<Member>, Error> {
        let named = self.names_statements();
        on_either!(self, connection => {
            let rows = sqlx::query(RUNS)
                .persistent(named)
                .bind(earliest.millis())
                .bind(MOST_RUNS)
                .fetch_all(connection)
                .await?;
            rows.iter().map(|row| Ok::<_, Error>(member_in!(row))).collect::<Result<_, _>>()
        })
    }

    /// Whether another run sends heartbeats under this name.
    pub(super) async fn has_namesake(
        &mut self,
        instance_id: &str,
        run: Run,
    ) -> Result<bool, Error> {
        let now = self.clock().await?.millis();
        on_either!(self, connection => {
            let others = sqlx::query_scalar(NAMESAKES)
                .persistent(false)
                .bind(instance_id)
                .bind(run.number())
                .bind(now)
                .fetch_one(connection)
                .await;
            others.map(|others: i64| others > 0)
        })
    }
}

/// Reduces the list to one run per name. Two runs with the same name are a restart, or a mistake.
fn one_per_name(mut members: Vec<Member>, now: Timestamp) -> Vec<Member> {
    members.retain(|member| member.ended_for(now).is_none_or(|time| time <= ENDED_SHOWN));
    members.sort_by_key(|member| (member.state_at(now).has_ended(), Reverse(member.run)));
    let mut names = HashSet::new();
    members.retain(|member| names.insert(member.instance_id.clone()));
    members
}

/// A stored length of time, limited to the longest slice.
pub(in crate::store) fn millis(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0)).min(LONGEST)
}

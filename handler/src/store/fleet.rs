//! What the store tells of the fleet: who is there, and what it did over time.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use sqlx::Row;

use super::roll_up::millis;
use super::session::on_either;
use super::{Error, Session};
use crate::domain::{
    Event, EventKind, FINE_SPAN, Grid, InstanceState, Latencies, MINUTE, MOST_PER_SECOND, Member,
    Moment, Report, Run, Sample, Slice, Timeline, fine_length, shown_runs, slices_of,
    unpack_per_instance, within_bounds,
};

/// Instances that have ended stay listed so long.
const ENDED_SHOWN: Duration = Duration::from_secs(10 * 60);
/// The most instances listed: of those beyond, the ones seen longest ago are left out.
const MOST_MEMBERS: i64 = 5_000;
/// The most runs that a timeline looks at for names and events, the most recent ones.
const MOST_RUNS: i64 = 20_000;
/// The most events of a timeline, the newest ones.
const MOST_EVENTS: usize = 1_000;

const POSTGRES_CLOCK: &str =
    "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint) as now_ms";
const SQLITE_CLOCK: &str = "select cast(unixepoch('subsec') * 1000 as integer) as now_ms";

/// Rows seen in the future were written before the clock was set back. Rows whose heartbeat no setting allows are left
/// out, here and below; `4.0` keeps their product from overflowing.
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

/// Slices of the timeline; those that are not yet part of one of this grain; and the samples that are in none. One
/// statement sees one state, in which nothing is missing or there twice. `number` counts instances, or a sample's
/// requests.
const SLICES: &str = "
    select start_ms, length_ms, cast(null as bigint) as run, instances as number, cpu_percent,
        requests_per_second, latencies, per_instance
    from timeline
    where grain = $1 and start_ms >= $2 and start_ms < $3
    union all
    select start_ms, length_ms, cast(null as bigint), instances, cpu_percent,
        requests_per_second, latencies, per_instance
    from timeline
    where grain = 0
        and $1 = 1
        and start_ms >= (select position - position % 60000 from progress where task = 'roll_up')
        and start_ms < $3
    union all
    select at_ms, length_ms, run, requests, cpu_percent,
        cast(0 as double precision), latencies, null
    from samples
    where at_ms >= (select position from progress where task = 'roll_up') and at_ms < $3";

/// Reads a row of `instances`, of either engine.
macro_rules! member_in {
    ($row:expr) => {
        Member {
            run: Run::from_number($row.try_get("run")?),
            instance_id: $row.try_get("instance_id")?,
            version: $row.try_get("version")?,
            state: InstanceState::parse($row.try_get("state")?),
            started: Moment::from_millis($row.try_get("started_ms")?),
            last_seen: Moment::from_millis($row.try_get("last_seen_ms")?),
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

/// Everybody who is there, and who was until lately.
#[derive(Debug)]
pub struct RollCall {
    /// The database's time.
    pub now: Moment,
    /// One per name: of several runs the one that lives, or else the last one.
    pub members: Vec<Member>,
}

impl Session {
    /// The database's time. All times of the fleet are by this one clock.
    pub(super) async fn clock(&mut self) -> Result<Moment, Error> {
        let sql = match self {
            Self::Postgres(_) => POSTGRES_CLOCK,
            Self::Sqlite(_) => SQLITE_CLOCK,
        };
        on_either!(self, connection => {
            let now = sqlx::query_scalar(sql).persistent(false).fetch_one(connection).await;
            now.map(Moment::from_millis)
        })
    }

    /// Who is there, the most recent first.
    pub(super) async fn roll_call(&mut self) -> Result<RollCall, Error> {
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
        Ok(RollCall { now, members })
    }

    /// Whether somebody else has heartbeats under this name.
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

    /// The fleet over the last `span`.
    pub(super) async fn timeline(&mut self, span: Duration) -> Result<Timeline, Error> {
        let now = self.clock().await?;
        let named = self.names_statements();
        // The first point may begin a little earlier than the span.
        let earliest = now.earlier(span * 2).millis();
        let runs: Vec<Member> = on_either!(self, connection => {
            let rows = sqlx::query(RUNS)
                .persistent(named)
                .bind(earliest)
                .bind(MOST_RUNS)
                .fetch_all(connection)
                .await?;
            rows.iter().map(|row| Ok::<_, Error>(member_in!(row))).collect::<Result<_, _>>()
        })?;
        let slowest = slowest_heartbeat(&runs, now);
        let grid = Grid::of(span, slowest, now);
        let fine = fine_length(slowest);
        let slices = self.slices(span > FINE_SPAN, &grid, fine).await?;
        let points = grid.fill(&slices);
        let names = names_of(&shown_runs(&points), &runs);
        Ok(Timeline {
            events: events_of(&runs, grid.start, now),
            grid,
            points,
            names,
        })
    }

    /// The slices of a grid, with those made now of what is not in the timeline yet.
    async fn slices(
        &mut self,
        coarse: bool,
        grid: &Grid,
        fine: Duration,
    ) -> Result<Vec<Slice>, Error> {
        let named = self.names_statements();
        on_either!(self, connection => {
            let rows = sqlx::query(SLICES)
                .persistent(named)
                .bind(i64::from(coarse))
                .bind(grid.start.millis())
                .bind(grid.until.millis())
                .fetch_all(connection)
                .await?;
            let (mut slices, mut samples) = (Vec::with_capacity(rows.len()), Vec::new());
            for row in &rows {
                let start = Moment::from_millis(row.try_get("start_ms")?);
                let length = millis(row.try_get("length_ms")?);
                let cpu_percent = within_bounds(row.try_get("cpu_percent")?, 100.0);
                let number = u64::try_from(row.try_get::<i64, _>("number")?).unwrap_or(0);
                let latencies = Latencies::unpack(row.try_get("latencies")?);
                match row.try_get::<Option<i64>, _>("run")? {
                    Some(run) => samples.push(Sample {
                        run: Run::from_number(run),
                        at: start,
                        length,
                        cpu_percent,
                        requests: number,
                        latencies,
                    }),
                    None => slices.push(Slice {
                        start,
                        length,
                        instances: u32::try_from(number).unwrap_or(u32::MAX),
                        cpu_percent,
                        requests_per_second: within_bounds(row.try_get("requests_per_second")?, MOST_PER_SECOND),
                        latencies,
                        per_instance: unpack_per_instance(row.try_get("per_instance")?),
                    }),
                }
            }
            slices.extend(slices_of(&samples, fine));
            Ok::<_, Error>(slices)
        })
    }
}

/// Two runs of the same name are a restart, or a mistake; names are told apart, runs are not.
fn one_per_name(mut members: Vec<Member>, now: Moment) -> Vec<Member> {
    members.retain(|member| member.ended_for(now).is_none_or(|time| time <= ENDED_SHOWN));
    members.sort_by_key(|member| (member.state_at(now).has_ended(), Reverse(member.run)));
    let mut names = HashSet::new();
    members.retain(|member| names.insert(member.instance_id.clone()));
    members
}

/// Of those who live; where nobody seems to, because the database was away, of the last one who did.
fn slowest_heartbeat(runs: &[Member], now: Moment) -> Duration {
    let living = runs.iter().filter(|run| !run.state_at(now).has_ended());
    let slowest = living.map(|run| run.heartbeat).max();
    let last = runs.first().map(|run| run.heartbeat);
    slowest.or(last).unwrap_or_default()
}

fn names_of(shown: &BTreeSet<Run>, runs: &[Member]) -> HashMap<Run, String> {
    let shown = runs.iter().filter(|member| shown.contains(&member.run));
    shown
        .map(|member| (member.run, member.instance_id.clone()))
        .collect()
}

fn events_of(runs: &[Member], from: Moment, now: Moment) -> Vec<Event> {
    let event = |at, kind, member: &Member| Event {
        at,
        kind,
        instance_id: member.instance_id.clone(),
    };
    let mut events = Vec::new();
    for member in runs {
        events.push(event(member.started, EventKind::Joined, member));
        let end = match member.state_at(now) {
            InstanceState::Gone => EventKind::Left,
            InstanceState::Lost => EventKind::Lost,
            _ => continue,
        };
        events.push(event(member.last_seen, end, member));
    }
    events.retain(|event| from <= event.at && event.at <= now);
    events.sort_unstable();
    let skipped = events.len().saturating_sub(MOST_EVENTS);
    events.split_off(skipped)
}

//! Reads the fleet's activity over time.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use sqlx::Row;

use super::instances::millis;
use crate::domain::{
    Event, EventKind, FINE_SPAN, Grid, InstanceState, Latencies, MOST_PER_SECOND, Member, Run,
    Sample, Slice, Timeline, Timestamp, fine_length, shown_runs, slices_of, unpack_per_instance,
    within_bounds,
};
use crate::store::Error;
use crate::store::connection::session::{Session, on_either};

/// The most events in a timeline, the newest ones.
const MOST_EVENTS: usize = 1_000;

/// Slices of the timeline, finer slices that are not yet part of a slice of this grain, and samples that are not yet
/// part of any slice. One statement reads one state, in which nothing is missing or counted twice. `number` is the
/// number of instances, or the requests of a sample.
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

impl Session {
    /// The fleet's activity over the last `span`, with the changes by the app's own scaler if it has one.
    pub(in crate::store) async fn timeline(
        &mut self,
        span: Duration,
        scales_itself: bool,
    ) -> Result<Timeline, Error> {
        let now = self.clock().await?;
        // The first point may begin slightly before the span.
        let earliest = now.earlier(span * 2);
        let runs = self.runs_since(earliest).await?;
        let slowest = slowest_heartbeat(&runs, now);
        let grid = Grid::of(span, slowest, now);
        let fine = fine_length(slowest);
        let slices = self
            .slices(span > FINE_SPAN, (grid.start, grid.until), fine)
            .await?;
        let points = grid.fill(&slices);
        let names = names_of(&shown_runs(&points), &runs);
        let mut changes = match scales_itself {
            true => self.count_changes((grid.start, now), MOST_EVENTS).await?,
            false => Vec::new(),
        };
        changes.reverse();
        Ok(Timeline {
            changes,
            events: events_of(&runs, grid.start, now),
            grid,
            points,
            names,
        })
    }

    /// The slices of the last `span` up to the database's time, and that time.
    pub(super) async fn recent_slices(
        &mut self,
        span: Duration,
    ) -> Result<(Timestamp, Vec<Slice>), Error> {
        let now = self.clock().await?;
        let runs = self.runs_since(now.earlier(span)).await?;
        let fine = fine_length(slowest_heartbeat(&runs, now));
        // A slice that begins before the span may extend into it.
        let from = now.earlier(span + fine);
        let until = now.later(Duration::from_millis(1));
        let slices = self.slices(span > FINE_SPAN, (from, until), fine).await?;
        Ok((now, slices))
    }

    /// The slices that begin in this time. Samples that are not in the timeline yet are combined into slices here.
    async fn slices(
        &mut self,
        coarse: bool,
        (from, until): (Timestamp, Timestamp),
        fine: Duration,
    ) -> Result<Vec<Slice>, Error> {
        let named = self.names_statements();
        on_either!(self, connection => {
            let rows = sqlx::query(SLICES)
                .persistent(named)
                .bind(i64::from(coarse))
                .bind(from.millis())
                .bind(until.millis())
                .fetch_all(connection)
                .await?;
            let (mut slices, mut samples) = (Vec::with_capacity(rows.len()), Vec::new());
            for row in &rows {
                let start = Timestamp::from_millis(row.try_get("start_ms")?);
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

/// The longest heartbeat interval of the live runs. If no run seems to be live, because the database was unavailable,
/// it is the interval of the last run.
fn slowest_heartbeat(runs: &[Member], now: Timestamp) -> Duration {
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

fn events_of(runs: &[Member], from: Timestamp, now: Timestamp) -> Vec<Event> {
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

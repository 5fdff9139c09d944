//! The report about the app's own scaler: its last evaluation, totals, and changes of the count.

use std::time::Duration;

use sqlx::Row;

use super::scale_actions::{DECISION, OUTCOME, instances};
use crate::domain::{
    CountChange, Evaluation, ScalerReport, ScalingDecision, ScalingOutcome, Settled, Timestamp,
};
use crate::store::Error;
use crate::store::connection::session::{Session, on_either};

const LAST: &str = "
    select at_ms, from_count, wanted, decision, rule, observed, reason, cooldown_ms, outcome, actual, problem
    from scale_actions
    order by id desc
    limit 1";

const TOTALS: &str = "select kind, name, total from scale_totals";

const CHANGES: &str = "
    select at_ms, from_count, wanted, reason
    from scale_actions
    where from_count <> wanted and at_ms >= $1 and at_ms <= $2
    order by id desc
    limit $3";

/// Reads a row of `scale_actions`, of either engine.
macro_rules! last_in {
    ($row:expr) => {{
        let row = $row;
        let number = |name| row.try_get::<Option<i64>, _>(name);
        let decision: &str = row.try_get("decision")?;
        let evaluation = Evaluation {
            from: number("from_count")?.map(instances),
            wanted: number("wanted")?.map(instances),
            // A later version may have written another decision.
            decision: ScalingDecision::parse(decision).unwrap_or(ScalingDecision::Steady),
            rule: number("rule")?.map(instances),
            observed: row.try_get("observed")?,
            reason: row.try_get("reason")?,
            cooldown_left: Duration::from_millis(
                u64::try_from(row.try_get::<i64, _>("cooldown_ms")?).unwrap_or(0),
            ),
        };
        let outcome: Option<&str> = row.try_get("outcome")?;
        let settled = match outcome.and_then(ScalingOutcome::parse) {
            Some(outcome) => Some(Settled {
                outcome,
                actual: number("actual")?.map(instances),
                problem: row.try_get("problem")?,
            }),
            None => None,
        };
        let at = Timestamp::from_millis(row.try_get("at_ms")?);
        ((at, evaluation), settled)
    }};
}

/// Reads a change of the count from such a row.
macro_rules! change_in {
    ($row:expr) => {
        CountChange {
            at: Timestamp::from_millis($row.try_get("at_ms")?),
            from: instances($row.try_get("from_count")?),
            to: instances($row.try_get("wanted")?),
            reason: $row.try_get("reason")?,
        }
    };
}

impl Session {
    /// The scaler's last evaluation and its totals.
    pub(in crate::store) async fn scaler_report(&mut self) -> Result<ScalerReport, Error> {
        let last = on_either!(self, connection => {
            let row = sqlx::query(LAST).persistent(false).fetch_optional(connection).await?;
            row.map(|row| Ok::<_, Error>(last_in!(&row))).transpose()
        })?;
        let totals: Vec<(String, String, i64)> = on_either!(self, connection => {
            sqlx::query_as(TOTALS).persistent(false).fetch_all(connection).await
        })?;
        let total = |kind: &str, name: &str| {
            let mut all = totals.iter();
            let found = all.find(|(of, named, _)| of == kind && named == name);
            found.map_or(0, |(_, _, total)| u64::try_from(*total).unwrap_or(0))
        };
        let (last, settled) = last.unzip();
        Ok(ScalerReport {
            last,
            settled: settled.flatten(),
            decisions: ScalingDecision::ALL
                .iter()
                .map(|decision| (*decision, total(DECISION, decision.as_str())))
                .collect(),
            outcomes: ScalingOutcome::ALL
                .iter()
                .map(|outcome| (*outcome, total(OUTCOME, outcome.as_str())))
                .collect(),
        })
    }

    /// The last changes of the wanted count within a time span, up to a maximum number, the newest first.
    pub(super) async fn count_changes(
        &mut self,
        (from, until): (Timestamp, Timestamp),
        most: usize,
    ) -> Result<Vec<CountChange>, Error> {
        on_either!(self, connection => {
            let rows = sqlx::query(CHANGES)
                .persistent(false)
                .bind(from.millis())
                .bind(until.millis())
                .bind(i64::try_from(most).unwrap_or(i64::MAX))
                .fetch_all(connection)
                .await?;
            rows.iter().map(|row| Ok::<_, Error>(change_in!(row))).collect::<Result<_, _>>()
        })
    }
}

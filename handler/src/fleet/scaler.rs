//! The app's own scaler on Elastic Premium, where the platform does not apply CPU rules. The Functions host calls it
//! once a minute, on one instance. Additional calls do nothing.
//!
//! A run has these steps:
//!
//! 1. It reads the fleet's CPU per minute (`rules` turns it into the engine's history).
//! 2. In one transaction, it takes a lease, decides with the rule engine, and records the evaluation.
//! 3. It compares the wanted count with the count in Azure Resource Manager, and sets it if they differ.
//! 4. It records the result.
//!
//! It compares in every run, because each deployment resets the platform's count. If Azure Resource Manager does not
//! respond or refuses, the next run tries again.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use crate::azure::arm::{Arm, Failure, InstanceCounts};
use crate::domain::{
    Evaluation, MINUTE, RulesClock, ScalingOutcome, ScalingState, Settled, cpu_minutes,
};
use crate::store::{Database, Error, STATEMENT_DEADLINE, ScalingLease, Turn, within};

mod rules;

pub use rules::Rules;

/// By the rules' clock. The host's timer may fire slightly before its minute, and its clock is not the database's
/// clock.
const EARLY: Duration = Duration::from_secs(5);
/// The shortest lease, because a database statement takes time even if a minute is short.
const SHORTEST_LEASE: Duration = Duration::from_secs(1);

/// Evaluates the rules and sets the number of instances.
#[derive(Debug)]
pub struct Scaler {
    database: Database,
    clock: RulesClock,
    rules: Rules,
    arm: Arm,
}

/// The result of a run.
#[derive(Debug)]
pub enum Run {
    /// It evaluated the rules, with this result.
    Evaluated(Evaluation, Settled),
    /// Another run has already evaluated this minute.
    AlreadyEvaluated,
    /// Another run is in progress.
    UnderWay,
    /// It took so long that another run may have begun, so it did not set the count.
    LeaseLost(Evaluation),
}

impl Run {
    /// One sentence for a log.
    pub fn describe(&self) -> String {
        match self {
            Self::Evaluated(evaluation, settled) => {
                let count = settled.actual.unwrap_or_default();
                let told = match (settled.outcome, settled.problem.as_str()) {
                    (ScalingOutcome::AsWanted, _) => format!("the count is already {count}"),
                    (ScalingOutcome::Set, _) => format!("{count} is set"),
                    (outcome, "") => format!("not set: {}", outcome.as_str()),
                    (outcome, problem) => format!("not set: {}, {problem}", outcome.as_str()),
                };
                format!("{}; {told}", evaluation.reason)
            }
            Self::AlreadyEvaluated => "this minute has already been evaluated".to_owned(),
            Self::UnderWay => "another run is in progress".to_owned(),
            Self::LeaseLost(evaluation) => {
                format!(
                    "{}; the run took too long to set the count",
                    evaluation.reason
                )
            }
        }
    }
}

impl Scaler {
    /// Creates the scaler. It does nothing until it is run.
    pub const fn new(database: Database, clock: RulesClock, rules: Rules, arm: Arm) -> Self {
        Self {
            database,
            clock,
            rules,
            arm,
        }
    }

    /// Runs once. A run takes less time than a minute of the rules' clock.
    ///
    /// # Errors
    /// When the database cannot be used. The next run continues from what is recorded.
    pub async fn run(&self) -> Result<Run, Error> {
        let begun = Instant::now();
        let lease = ScalingLease {
            // The low bits of a random UUID are random.
            holder: i64::from_ne_bytes((Uuid::new_v4().as_u128() as u64).to_ne_bytes()),
            length: (self.clock.wall_span(MINUTE) * 3 / 4).max(SHORTEST_LEASE),
        };
        // All calls to the platform end well before the lease does.
        let deadline = begun + lease.length * 4 / 5;
        let store = self.database.store().await?;
        let span = self.clock.wall_span(self.rules.longest_window());
        let inputs = within(STATEMENT_DEADLINE, store.scaling_inputs(span)).await?;
        let counts = match inputs.is_first {
            true => Some(self.arm.counts(begun + lease.length / 3).await),
            false => None,
        };
        let present = counts.as_ref().and_then(|counts| counts.as_ref().ok());
        let minute = self.clock.calendar(inputs.now).later(EARLY).floor(MINUTE);
        let minutes = cpu_minutes(&inputs.slices, self.clock, minute);
        let decide = |state: ScalingState| {
            let count = state.wanted.or(present.map(|counts| counts.minimum));
            let last_action = state.last_action.map(|at| self.clock.nearest_minute(at));
            self.rules.evaluate(&minutes, count, last_action, minute)
        };
        let begin = store.begin_evaluation(self.clock.wall(minute), lease, decide);
        let (id, evaluation) = match within(STATEMENT_DEADLINE, begin).await? {
            Turn::Taken(id, evaluation) => (id, evaluation),
            Turn::AlreadyEvaluated => return Ok(Run::AlreadyEvaluated),
            Turn::Leased => return Ok(Run::UnderWay),
        };
        let counts = match counts {
            Some(counts) => counts,
            None => self.arm.counts(deadline).await,
        };
        let settled = match (counts, evaluation.wanted) {
            (Ok(counts), Some(wanted)) if !counts.are(wanted) => {
                let held = store.holds_scaling_lease(lease.holder);
                if !within(STATEMENT_DEADLINE, held).await? || Instant::now() >= deadline {
                    return Ok(Run::LeaseLost(evaluation));
                }
                match self.arm.set_count(wanted, deadline).await {
                    Ok(_) => done(ScalingOutcome::Set, Some(wanted)),
                    Err(failure) => failed(&failure, Some(counts)),
                }
            }
            (Ok(counts), _) => done(ScalingOutcome::AsWanted, Some(counts.minimum)),
            (Err(failure), _) => failed(&failure, None),
        };
        let settle = store.settle_evaluation(id, lease.holder, &settled);
        match within(STATEMENT_DEADLINE, settle).await? {
            true => Ok(Run::Evaluated(evaluation, settled)),
            false => Ok(Run::LeaseLost(evaluation)),
        }
    }
}

const fn done(outcome: ScalingOutcome, actual: Option<u32>) -> Settled {
    Settled {
        outcome,
        actual,
        problem: String::new(),
    }
}

/// The full reason goes to the log. Anybody may read the record, so it contains only status and code.
fn failed(failure: &Failure, counts: Option<InstanceCounts>) -> Settled {
    tracing::warn!(reason = %failure, "the number of instances was not set; the next run tries again");
    let (outcome, problem) = match failure {
        Failure::NoToken(_) => (ScalingOutcome::NoToken, String::new()),
        Failure::Refused { status, code, .. } => {
            (ScalingOutcome::Refused, format!("{status} {code}"))
        }
        Failure::Throttled { .. } => (ScalingOutcome::Throttled, "429".to_owned()),
        Failure::Failed { status, code, .. } => {
            (ScalingOutcome::Failed, format!("{status} {code}"))
        }
        Failure::Malformed => (
            ScalingOutcome::Failed,
            "not a site configuration".to_owned(),
        ),
        Failure::Unreachable => (ScalingOutcome::Unreachable, String::new()),
        Failure::Slow => (ScalingOutcome::TimedOut, String::new()),
    };
    Settled {
        outcome,
        actual: counts.map(|counts| counts.minimum),
        problem: problem.trim_end().to_owned(),
    }
}

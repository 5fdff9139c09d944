//! The app's own scaler on Elastic Premium, where the platform honours no CPU rules. The Functions host calls it once a
//! minute, on one instance; whatever calls it more often does nothing.
//!
//! A run, in this order:
//!
//! 1. reads the fleet's CPU by minutes (`rules` makes the engine's history of it);
//! 2. in one transaction takes a lease, decides with the rule engine, and records the evaluation;
//! 3. compares the wanted count with the one that Azure Resource Manager tells, and sets it where they differ;
//! 4. records what became of it.
//!
//! It compares in every run, because each deployment resets the platform's count. Where Azure Resource Manager does not
//! answer or refuses, the next run tries again.

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

/// By the rules' clock. A host's timer may fire a little before its minute, and its clock is not the database's.
const EARLY: Duration = Duration::from_secs(5);
/// The shortest lease: a statement of the database's may take its time even where a minute is short.
const SHORTEST_LEASE: Duration = Duration::from_secs(1);

/// Evaluates the rules and sets the number of instances.
#[derive(Debug)]
pub struct Scaler {
    database: Database,
    clock: RulesClock,
    rules: Rules,
    arm: Arm,
}

/// What a run came to.
#[derive(Debug)]
pub enum Run {
    /// It evaluated the rules, and this became of it.
    Evaluated(Evaluation, Settled),
    /// Another run has evaluated this minute.
    AlreadyEvaluated,
    /// Another run is under way.
    UnderWay,
    /// It took so long that another run may have begun, so it did not act any more.
    LeaseLost(Evaluation),
}

impl Run {
    /// One sentence for a log.
    pub fn describe(&self) -> String {
        match self {
            Self::Evaluated(evaluation, settled) => {
                let count = settled.actual.unwrap_or_default();
                let told = match (settled.outcome, settled.problem.as_str()) {
                    (ScalingOutcome::AsWanted, _) => format!("{count} is the count already"),
                    (ScalingOutcome::Set, _) => format!("{count} is set"),
                    (outcome, "") => format!("not set: {}", outcome.as_str()),
                    (outcome, problem) => format!("not set: {}, {problem}", outcome.as_str()),
                };
                format!("{}; {told}", evaluation.reason)
            }
            Self::AlreadyEvaluated => "this minute has been evaluated".to_owned(),
            Self::UnderWay => "another run is under way".to_owned(),
            Self::LeaseLost(evaluation) => {
                format!("{}; took too long to act on it", evaluation.reason)
            }
        }
    }
}

impl Scaler {
    /// Does nothing before it is run.
    pub const fn new(database: Database, clock: RulesClock, rules: Rules, arm: Arm) -> Self {
        Self {
            database,
            clock,
            rules,
            arm,
        }
    }

    /// One run. It takes less time than a minute of the rules' clock.
    ///
    /// # Errors
    /// When the database cannot be used. The next run goes on from what is recorded.
    pub async fn run(&self) -> Result<Run, Error> {
        let begun = Instant::now();
        let lease = ScalingLease {
            // The low bits of a random UUID are random.
            holder: i64::from_ne_bytes((Uuid::new_v4().as_u128() as u64).to_ne_bytes()),
            length: (self.clock.wall_span(MINUTE) * 3 / 4).max(SHORTEST_LEASE),
        };
        // Whatever waits for the platform ends well before the lease does.
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

/// The log tells everything; anybody may read what is recorded, so that is status and code only.
fn failed(failure: &Failure, counts: Option<InstanceCounts>) -> Settled {
    tracing::warn!(reason = %failure, "the number of instances was not set, trying again at the next run");
    let (outcome, problem) = match failure {
        Failure::NoToken(_) => (ScalingOutcome::NoToken, String::new()),
        Failure::Refused { status, code, .. } => {
            (ScalingOutcome::Refused, format!("{status} {code}"))
        }
        Failure::Throttled { .. } => (ScalingOutcome::Throttled, "429".to_owned()),
        Failure::Failed { status, code, .. } => {
            (ScalingOutcome::Failed, format!("{status} {code}"))
        }
        Failure::Malformed => (ScalingOutcome::Failed, "no site configuration".to_owned()),
        Failure::Unreachable => (ScalingOutcome::Unreachable, String::new()),
        Failure::Slow => (ScalingOutcome::TimedOut, String::new()),
    };
    Settled {
        outcome,
        actual: counts.map(|counts| counts.minimum),
        problem: problem.trim_end().to_owned(),
    }
}

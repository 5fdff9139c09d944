//! Azure Monitor's autoscale rules, and what they decide.
//!
//! - [`profile`]: what a rule file says, in Azure's own terms
//! - [`arm`]: rule files read and written; [`place`] names the place of a mistake
//! - [`engine`]: one evaluation, a pure function; [`window`] is what one rule sees
//! - [`schedule`]: when a profile applies; [`time_zone`] reads the names that a setting uses
//! - [`describe`], [`summary`]: decisions and rules for people
//!
//! The app shows the active rules, `lab up` and `lab simulate` apply them. Nothing here reads a clock, a file or
//! the network.

mod arm;
mod describe;
mod duration;
mod engine;
mod parse_error;
mod place;
mod profile;
mod schedule;
mod summary;
mod time_zone;
mod window;

#[cfg(test)]
mod tests;

pub use duration::parse as parse_duration;
pub use engine::{Decision, LastAction, Outcome, Reading, decide, evaluate, read};
pub use parse_error::ParseError;
pub use profile::{
    Aggregation, BUILT_IN, Capacity, Change, Direction, MOST_INSTANCES, Operator, Profile, Rule,
    Statistic,
};
pub use schedule::{Companion, FixedDate, Recurrence, Schedule, active, companion, next_change};
pub use summary::RuleSummary;
pub use time_zone::{TimeZone, default_start, format_local, parse_start};
pub use window::{History, Minute};

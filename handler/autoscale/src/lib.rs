//! Azure Monitor's autoscale rules, and what they decide.
//!
//! - [`profile`]: what a rule file says, in Azure's own terms
//! - [`arm`]: rule files read and written; [`place`] names the place of a mistake
//! - [`json`] reads a text, [`document`] finds the settings in it, [`template`] evaluates their expressions with the
//!   values of [`parameters`]; [`language`] knows what has to be compiled to JSON first
//! - [`engine`]: one evaluation, a pure function; [`window`] is what one rule sees
//! - [`describe`], [`summary`]: decisions and rules for people
//!
//! The app shows the active rules, `lab up` and `lab simulate` apply them. Nothing here reads a clock, a file or
//! the network.

mod arm;
mod describe;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the reader of settings will use it")
)]
mod document;
mod duration;
mod engine;
mod json;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the reader of settings will use it")
)]
mod language;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the reader of settings will use it")
)]
mod parameters;
mod parse_error;
mod place;
mod profile;
mod summary;
mod template;
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
pub use summary::RuleSummary;
pub use window::{History, Minute};

//! Azure Monitor's autoscale rules, and what they decide.
//!
//! - [`profile`]: what a rule file says, in Azure's own terms
//! - [`engine`]: one evaluation, a pure function
//!
//! The app shows the rules in force, `lab up` and `lab simulate` run them. Nothing here reads a clock, a file or
//! the network.

mod engine;
mod profile;

pub use engine::{Decision, History, LastAction, Minute, Outcome, Reading, evaluate};
pub use profile::{Aggregation, Capacity, Change, Direction, Operator, Profile, Rule, Statistic};

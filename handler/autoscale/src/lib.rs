//! Azure Monitor's autoscale rules, and the decisions that follow from them.
//!
//! A rule file passes through the modules in this order:
//!
//! | module | does |
//! | --- | --- |
//! | `json` | reads JSON with comments and trailing commas |
//! | `document`, `template`, `parameters` | find the settings in files of any form, and evaluate template expressions |
//! | `reader`, `place` | read a setting; [`finding`] has what the reader reports |
//! | [`profile`], [`schedule`] | the content of a setting, with Azure's terms, and when each profile applies |
//! | `writer` | writes a setting back |
//! | [`engine`], [`window`] | one evaluation as a pure function, and the input of a rule |
//! | `describe`, `summary` | decisions and rules in words |
//!
//! The app shows the active rules; `lab up` and `lab simulate` apply them. This crate reads no clock, no file, and no
//! network.

mod describe;
mod document;
mod duration;
pub mod engine;
pub mod finding;
mod json;
mod language;
mod parameters;
mod place;
pub mod profile;
mod reader;
mod resource_type;
pub mod schedule;
mod summary;
mod template;
pub mod time_zone;
pub mod window;
mod writer;

#[cfg(test)]
mod tests;

pub use duration::{in_words as duration_in_words, parse as parse_duration};
pub use engine::{Decision, Outcome, Reading, decide, evaluate, read};
pub use finding::{Finding, Kind, Problem, Refusal};
pub use profile::{
    Aggregation, BUILT_IN, Capacity, Change, Dimension, Direction, MOST_INSTANCES, Metric,
    Operator, Profile, Rule, Setting, Statistic,
};
pub use reader::{ProfilePlace, ReadOptions, RuleFile};
pub use summary::RuleSummary;
pub use window::{History, Minute};

//! Why a rule file is refused.

use std::fmt;

/// Why a rule file is refused: one sentence with the place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Such as `profiles[0].rules[1].metricTrigger.metricName`; empty where the whole file is meant.
    pub path: String,
    /// What is wrong there, and what would be accepted.
    pub problem: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(formatter, "{}", self.problem)
        } else {
            write!(formatter, "{}: {}", self.path, self.problem)
        }
    }
}

impl std::error::Error for ParseError {}

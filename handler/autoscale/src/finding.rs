//! What the reader of a rule file reports, and why it refuses a file.

use std::fmt;

use serde::Serialize;

/// Something in a rule file that the user should know. The file is used nevertheless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it means for the result.
    pub kind: Kind,
    /// The kind of finding for programs, such as `wrong_target`.
    pub code: &'static str,
    /// For example `profiles[0].rules[1].metricTrigger.metricName`; empty if it is about the whole file.
    pub place: String,
    /// What was found, and how it is treated.
    pub message: String,
    /// The command or the edit that resolves it.
    pub remedy: String,
}

/// What a finding means for the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Part of the setting has no effect on the result.
    CannotBeSimulated,
    /// Azure's documentation does not say how this works, or the file leaves it out.
    Assumed,
    /// The file contains something that is not applied.
    Ignored,
}

impl Kind {
    /// The name in the output.
    pub fn name(self) -> &'static str {
        match self {
            Self::CannotBeSimulated => "cannot be simulated",
            Self::Assumed => "assumed",
            Self::Ignored => "ignored",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.kind.name())?;
        if !self.place.is_empty() {
            write!(formatter, "{}: ", self.place)?;
        }
        write!(formatter, "{}", self.message)?;
        if !self.remedy.is_empty() {
            write!(formatter, " {}", self.remedy)?;
        }
        Ok(())
    }
}

/// Why a rule file cannot be used: every problem in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// At least one.
    pub problems: Vec<Problem>,
}

/// One reason why a rule file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// For example `profiles[0].rules[1].metricTrigger.threshold`; empty if it is about the whole file.
    pub place: String,
    /// What is wrong, and what is accepted.
    pub message: String,
}

impl Refusal {
    /// A problem of the whole file.
    pub(super) fn whole(message: impl Into<String>) -> Self {
        Self {
            problems: vec![Problem {
                place: String::new(),
                message: message.into(),
            }],
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.is_empty() {
            true => write!(formatter, "{}", self.message),
            false => write!(formatter, "{}: {}", self.place, self.message),
        }
    }
}

impl fmt::Display for Refusal {
    /// One problem is a sentence. Several problems are one line each.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [problem] = self.problems.as_slice() {
            return write!(formatter, "{problem}");
        }
        write!(formatter, "{} problems:", self.problems.len())?;
        self.problems
            .iter()
            .try_for_each(|problem| write!(formatter, "\n  {problem}"))
    }
}

impl std::error::Error for Refusal {}

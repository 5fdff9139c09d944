//! What a reader notices in a rule file, and why it refuses one.

use std::fmt;

use serde::Serialize;

/// Something in a rule file that the user should know about. The file is used all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it means for the result.
    pub kind: Kind,
    /// Names the sort of finding for programs, such as `wrong_target`.
    pub code: &'static str,
    /// Such as `profiles[0].rules[1].metricTrigger.metricName`; empty where the whole file is meant.
    pub place: String,
    /// What is there, and how it is treated.
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
    /// The file says something that is not followed.
    Ignored,
}

impl Kind {
    /// As the output names it.
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

/// Why a rule file cannot be used: every problem that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// At least one.
    pub problems: Vec<Problem>,
}

/// One reason why a rule file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Such as `profiles[0].rules[1].metricTrigger.threshold`; empty where the whole file is meant.
    pub place: String,
    /// What is wrong there, and what would be accepted.
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
    /// A problem is a sentence; several are a line each.
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

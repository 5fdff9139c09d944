//! Differences between a log and the engine, and parts that were not compared.

use serde::Serialize;

/// A difference between the log and the engine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Disagreement {
    pub(super) kind: Kind,
    /// The subject, such as a rule.
    pub(super) about: String,
    /// The log's value.
    pub(super) log: String,
    /// The engine's value.
    pub(super) lab: String,
}

/// The subject of a disagreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// The profile that applies.
    Profile,
    /// The log names a profile that the setting does not have.
    UnknownProfile,
    /// The limits of the profile.
    Limits,
    /// Whether rules wait for their cooldown.
    Cooldown,
    /// The log names a rule that the setting does not have.
    UnknownRule,
    /// The observed value differs from the value of the samples.
    ObservedValue,
    /// Whether the rule fires.
    RuleResult,
    /// The number of instances from then on.
    Count,
    /// Rows are missing.
    Incomplete,
}

impl Kind {
    /// For people.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Profile => "another profile applies",
            Self::UnknownProfile => "a profile that the setting does not have",
            Self::Limits => "other limits than the setting's",
            Self::Cooldown => "cooldown",
            Self::UnknownRule => "a rule that the setting does not have",
            Self::ObservedValue => "an observed value that differs from the samples",
            Self::RuleResult => "result of a rule",
            Self::Count => "number of instances",
            Self::Incomplete => "an evaluation without all of its rows",
        }
    }
}

/// Why an evaluation is not compared completely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Gap {
    /// Azure skipped it, because an operation was still in progress.
    Skipped,
    /// The first or the last evaluation of the log, which lacks rows.
    CutOff,
    /// A rule of the setting waits, and the log does not contain its value after a scale-in.
    Unobserved,
    /// The results of rules differ, and the number of instances follows from them.
    FollowsFromRules,
}

impl Gap {
    /// For people.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Skipped => "Azure skipped it because an operation was in progress",
            Self::CutOff => "the log begins or ends within it",
            Self::Unobserved => {
                "it depends on the value of a rule in its cooldown, which the log does not contain"
            }
            Self::FollowsFromRules => {
                "the number of instances, because results of rules already differ"
            }
        }
    }
}

/// The result for one evaluation.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) found: Vec<Disagreement>,
    /// The number of rule results that were compared.
    pub(super) rule_results: usize,
    /// Whether the number of instances was compared.
    pub(super) count: bool,
    pub(super) gap: Option<Gap>,
}

impl Comparison {
    /// Adds a disagreement.
    pub(super) fn add(
        &mut self,
        kind: Kind,
        about: impl Into<String>,
        log: impl Into<String>,
        lab: impl Into<String>,
    ) {
        self.found.push(Disagreement {
            kind,
            about: about.into(),
            log: log.into(),
            lab: lab.into(),
        });
    }

    /// Notes that rows are missing.
    pub(super) fn incomplete(&mut self, missing: &str) {
        self.add(
            Kind::Incomplete,
            "rows",
            format!("has no {missing}"),
            "needs it to compare the number of instances",
        );
    }

    /// Whether a disagreement of one of these kinds was found.
    pub(super) fn has(&self, kinds: &[Kind]) -> bool {
        self.found.iter().any(|found| kinds.contains(&found.kind))
    }
}

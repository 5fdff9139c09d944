//! Where a log and the engine differ, and what was not compared.

use serde::Serialize;

/// Where the log and the engine differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Disagreement {
    pub(super) kind: Kind,
    /// What it is about, such as a rule.
    pub(super) about: String,
    /// What the log says.
    pub(super) log: String,
    /// What the engine says.
    pub(super) lab: String,
}

/// What a disagreement is about.
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
    /// The observed value is not what the samples make.
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
            Self::ObservedValue => "an observed value that the samples do not make",
            Self::RuleResult => "result of a rule",
            Self::Count => "number of instances",
            Self::Incomplete => "an evaluation without all of its rows",
        }
    }
}

/// Why an evaluation is not compared to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Gap {
    /// Azure left it out, because an operation was still under way.
    Skipped,
    /// The first or the last evaluation of the log, and not all of its rows are there.
    CutOff,
    /// A rule of the setting waits, and the log does not say what it would see after scale-in.
    Unobserved,
    /// Results of rules differ, and the number of instances follows from them.
    FollowsFromRules,
}

impl Gap {
    /// For people.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Skipped => "Azure left it out, because an operation was under way",
            Self::CutOff => "the log begins or ends within it",
            Self::Unobserved => {
                "it depends on the value of a rule that waits, which the log does not have"
            }
            Self::FollowsFromRules => "the number of instances, where the rules already differ",
        }
    }
}

/// What comes of one evaluation.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) found: Vec<Disagreement>,
    /// Results of rules that were compared.
    pub(super) rule_results: usize,
    /// Whether the number of instances was.
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

    /// Adds that rows are missing.
    pub(super) fn incomplete(&mut self, missing: &str) {
        self.add(
            Kind::Incomplete,
            "rows",
            format!("has no {missing}"),
            "needs it to compare the number of instances",
        );
    }

    /// Whether a disagreement of one of these kinds is among those found.
    pub(super) fn has(&self, kinds: &[Kind]) -> bool {
        self.found.iter().any(|found| kinds.contains(&found.kind))
    }
}

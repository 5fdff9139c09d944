//! Evaluations of the autoscale rules by the app itself, as they are recorded.

use std::time::Duration;

use super::Timestamp;

/// An enumeration that is stored and shown by name.
macro_rules! named {
    ($(#[$about:meta])* $type:ident { $($(#[$variant_about:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $type {
            $($(#[$variant_about])* $variant,)+
        }

        impl $type {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Reads a stored name; `None` for one that another version wrote.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == name)
            }
        }
    };
}

named! {
    /// What an evaluation of the rules came to.
    ScalingDecision {
        /// A rule adds instances.
        ScaledOut = "scaled_out",
        /// A rule removes instances.
        ScaledIn = "scaled_in",
        /// The count was outside the limits.
        Limited = "limited",
        /// No metric can be read, and the default is larger.
        MetricMissing = "metric_missing",
        /// A rule's condition holds, but its cooldown is not over.
        CoolingDown = "cooling_down",
        /// A rule would add instances, but the maximum is reached.
        AtMaximum = "at_maximum",
        /// The rules would remove instances, but the minimum is reached.
        AtMinimum = "at_minimum",
        /// Fewer instances would soon be more again.
        Flapping = "flapping",
        /// Not all rules that remove instances agree.
        HeldBack = "held_back",
        /// No rule asks for a change.
        Steady = "steady",
        /// No metric can be read.
        Unknown = "unknown",
        /// No profile applies at this time, or the setting is not enabled.
        NoProfile = "no_profile",
        /// The present count is not known, so nothing can be decided.
        CountUnknown = "count_unknown",
    }
}

named! {
    /// What became of the wanted count.
    ScalingOutcome {
        /// The platform has it already.
        AsWanted = "as_wanted",
        /// The platform was told, and took it.
        Set = "set",
        /// The platform refused; trying again alone does not mend it.
        Refused = "refused",
        /// Too many calls; the next run tries again.
        Throttled = "throttled",
        /// The platform failed.
        Failed = "failed",
        /// The platform did not answer in time.
        TimedOut = "timed_out",
        /// The platform cannot be reached.
        Unreachable = "unreachable",
        /// There is no access token.
        NoToken = "no_token",
    }
}

impl ScalingOutcome {
    /// Whether the platform has the wanted count.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::AsWanted | Self::Set)
    }
}

/// One evaluation of the rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The instances wanted before; `None` if that was not known.
    pub from: Option<u32>,
    /// The instances wanted from now on.
    pub wanted: Option<u32>,
    /// What it came to.
    pub decision: ScalingDecision,
    /// The rule that decided, by its place in the profile.
    pub rule: Option<u32>,
    /// What that rule saw, or else the first rule with a value.
    pub observed: Option<f64>,
    /// One sentence with the figures.
    pub reason: String,
    /// What is left of the cooldown of the rule that decided, or else of the one that waits longest; by the rules' clock.
    pub cooldown_left: Duration,
}

/// What became of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// In one word.
    pub outcome: ScalingOutcome,
    /// Always-ready instances that the platform keeps, if it said so.
    pub actual: Option<u32>,
    /// Such as `403 AuthorizationFailed`; empty for a success.
    pub problem: String,
}

/// What an evaluation begins from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScalingState {
    /// The instances that the last evaluation wanted; `None` before the first one.
    pub wanted: Option<u32>,
    /// The minute, by the wall clock, in which a rule last changed the count.
    pub last_action: Option<Timestamp>,
}

/// The last evaluation, and totals since the first one.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalerReport {
    /// The last one, and when it was.
    pub last: Option<(Timestamp, Evaluation)>,
    /// What became of it; `None` while that is not known.
    pub settled: Option<Settled>,
    /// Evaluations by decision.
    pub decisions: Vec<(ScalingDecision, u64)>,
    /// Evaluations by outcome.
    pub outcomes: Vec<(ScalingOutcome, u64)>,
}

/// An evaluation that changed the wanted count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountChange {
    /// When.
    pub at: Timestamp,
    /// The count before.
    pub from: u32,
    /// The count from then on; another one.
    pub to: u32,
    /// One sentence with the figures.
    pub reason: String,
}

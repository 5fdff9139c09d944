//! Records of the app's own evaluations of the autoscale rules.

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
            /// All variants.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name as it is stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Reads a stored name; `None` if another version wrote it and this version does not know it.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == name)
            }
        }
    };
}

named! {
    /// The result of an evaluation of the rules.
    ScalingDecision {
        /// A rule adds instances.
        ScaledOut = "scaled_out",
        /// A rule removes instances.
        ScaledIn = "scaled_in",
        /// The count was outside the limits.
        Limited = "limited",
        /// No metric can be read, and the default count is larger than the current one.
        MetricMissing = "metric_missing",
        /// A rule's condition holds, but its cooldown is not over.
        CoolingDown = "cooling_down",
        /// A rule would add instances, but the maximum is reached.
        AtMaximum = "at_maximum",
        /// The rules would remove instances, but the minimum is reached.
        AtMinimum = "at_minimum",
        /// With fewer instances, the rules would soon add instances again.
        Flapping = "flapping",
        /// Not all rules that remove instances agree.
        HeldBack = "held_back",
        /// No rule requires a change.
        Steady = "steady",
        /// No metric can be read.
        Unknown = "unknown",
        /// No profile applies at this time, or the setting is not enabled.
        NoProfile = "no_profile",
        /// The current count is not known, so the rules cannot be evaluated.
        CountUnknown = "count_unknown",
    }
}

named! {
    /// What happened to the wanted count.
    ScalingOutcome {
        /// The platform already has this count.
        AsWanted = "as_wanted",
        /// The platform accepted the count.
        Set = "set",
        /// The platform refused. A retry alone does not help.
        Refused = "refused",
        /// There were too many calls. The next run tries again.
        Throttled = "throttled",
        /// The platform failed.
        Failed = "failed",
        /// The platform did not respond in time.
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
    /// The number of instances wanted before; `None` if it was not known.
    pub from: Option<u32>,
    /// The number of instances wanted from now on.
    pub wanted: Option<u32>,
    /// The result.
    pub decision: ScalingDecision,
    /// The rule that decided, by its position in the profile.
    pub rule: Option<u32>,
    /// The metric's value for that rule, or else for the first rule with a value.
    pub observed: Option<f64>,
    /// One sentence with the numbers.
    pub reason: String,
    /// The time left of the cooldown of the rule that decided, or else the longest time left of any rule; by the
    /// rules' clock.
    pub cooldown_left: Duration,
}

/// What happened after an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The result in one word.
    pub outcome: ScalingOutcome,
    /// The number of always-ready instances that the platform keeps, if it reported it.
    pub actual: Option<u32>,
    /// The error, such as `403 AuthorizationFailed`; empty for a success.
    pub problem: String,
}

/// The state before an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScalingState {
    /// The number of instances that the last evaluation wanted; `None` before the first one.
    pub wanted: Option<u32>,
    /// The minute of the wall clock in which a rule last changed the count.
    pub last_action: Option<Timestamp>,
}

/// The last evaluation, and the totals since the first one.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalerReport {
    /// The last evaluation and its time.
    pub last: Option<(Timestamp, Evaluation)>,
    /// What happened after it; `None` while that is not known.
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
    /// The count after it, which differs.
    pub to: u32,
    /// One sentence with the numbers.
    pub reason: String,
}

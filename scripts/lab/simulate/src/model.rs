//! What a simulation assumes of the platform.

use serde::Serialize;

/// What a simulation assumes of the platform, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Model {
    /// How long after a minute's end its sample can be seen.
    pub metric_lag_seconds: u64,
    /// From the order of an instance to its first request.
    pub provision_seconds: u64,
    /// From one evaluation of the rules to the next; more than none.
    pub evaluate_seconds: u64,
}

impl Model {
    /// An App Service plan: samples are seen three to four minutes late (issue 40998 of MicrosoftDocs/azure-docs), the
    /// rules are evaluated every 30 to 60 seconds (the page on autoscale settings). Two minutes to provision are an
    /// assumption; it is the figure to measure first on an app of one's own.
    pub const DEFAULT: Self = Self {
        metric_lag_seconds: 180,
        provision_seconds: 120,
        evaluate_seconds: 60,
    };
}

impl Default for Model {
    fn default() -> Self {
        Self::DEFAULT
    }
}

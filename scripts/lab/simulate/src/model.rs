//! The assumptions about the platform in a simulation.

use serde::Serialize;

/// The assumptions about the platform, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Model {
    /// The time from the end of a minute until its sample is available.
    pub metric_lag_seconds: u64,
    /// The time from the request for an instance to its first response.
    pub provision_seconds: u64,
    /// The time between two evaluations of the rules; must not be 0.
    pub evaluate_seconds: u64,
}

impl Model {
    /// The values for an App Service plan: samples are available after three to four minutes (issue 40998 of
    /// MicrosoftDocs/azure-docs), and the rules are evaluated every 30 to 60 seconds (the page on autoscale
    /// settings). Two minutes to provision are an assumption. This is the first value that you should measure on your
    /// own app.
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

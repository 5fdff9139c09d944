//! The assumptions about the platform in a simulation.

use clap::builder::RangedU64ValueParser;
use serde::Serialize;

/// The assumptions about the platform, which are options of all commands that simulate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::Args)]
pub struct Model {
    /// Seconds from the end of a minute until its sample is available
    #[arg(long = "metric-lag", value_name = "S", default_value_t = Model::DEFAULT.metric_lag_seconds, allow_negative_numbers = true, value_parser = up_to_a_day(0))]
    pub metric_lag_seconds: u64,
    /// Seconds from the request for an instance to its first response
    #[arg(long, value_name = "S", default_value_t = Model::DEFAULT.provision_seconds, allow_negative_numbers = true, value_parser = up_to_a_day(0))]
    pub provision_seconds: u64,
    /// Seconds between two evaluations of the rules
    #[arg(long, value_name = "S", default_value_t = Model::DEFAULT.evaluate_seconds, allow_negative_numbers = true, value_parser = up_to_a_day(1))]
    pub evaluate_seconds: u64,
}

fn up_to_a_day(least: u64) -> RangedU64ValueParser {
    clap::value_parser!(u64).range(least..=86_400)
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

//! The scaling part of the command line. The comments are the help text, which is not Markdown.
#![allow(clippy::doc_markdown)]

use clap::{Args, ValueEnum};

use crate::domain::RulesClock;

/// The flags, before they are checked.
#[derive(Args)]
pub struct ScalingArguments {
    /// The autoscale rules to show: JSON as Azure exports it, @FILE, or none [default: the built-in infra/autoscale.json]
    ///
    /// The program that scales the instances passes the active rules. The app shows them, and applies them only if
    /// SCALER is set. Without SCALER, a file is read again at each heartbeat.
    #[arg(
        long,
        env,
        value_name = "RULES",
        global = true,
        help_heading = "Scaling"
    )]
    pub(super) autoscale_profile: Option<String>,

    /// For the emulator: the clock that the autoscale rules use, as CALENDAR,WALL,SCALE [default: the wall clock]
    ///
    /// At the time WALL, the calendar of the rules shows CALENDAR. It runs SCALE (0.1 to 600) times as fast as the
    /// wall clock. The times are UTC, such as 2026-01-05T08:00:00Z,2026-11-29T17:20:00Z,60.
    #[arg(
        long,
        env,
        value_name = "CLOCK",
        global = true,
        help_heading = "Scaling"
    )]
    pub(super) autoscale_clock: Option<RulesClock>,

    /// Whether the app sets the number of instances itself, and on which plan [default: it does not]
    ///
    /// Elastic Premium does not apply CPU rules. If this is set, the function Autoscale applies AUTOSCALE_PROFILE
    /// once a minute. The app's identity then needs permission to read and write the app's configuration.
    #[arg(
        long,
        env,
        value_enum,
        value_name = "PLAN",
        global = true,
        help_heading = "Scaling"
    )]
    pub(super) scaler: Option<ScalerKind>,

    /// Resource id of the app, for SCALER: /subscriptions/.../providers/Microsoft.Web/sites/APP
    #[arg(long, env, value_name = "ID", global = true, help_heading = "Scaling")]
    pub(super) scaler_site_id: Option<String>,

    /// Address of Azure Resource Manager, for SCALER; https, or http on this machine
    #[arg(
        long,
        env,
        value_name = "URL",
        default_value = "https://management.azure.com",
        global = true,
        help_heading = "Scaling"
    )]
    pub(super) scaler_endpoint: String,
}

/// The plan on which the app sets the number of instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScalerKind {
    /// Elastic Premium, through its always-ready instances.
    ElasticPremium,
}

//! The things that are created before anything runs: the event log, control groups, the handlers' rule file, the
//! emulated platform.

use std::sync::Arc;

use anyhow::Context as _;
use autoscale::Setting;
use functions_host::{Calendar, Console};
use tempfile::NamedTempFile;

use super::elastic_premium::{Faults, Platform};
use super::events::Events;
use super::live;
use super::options::{HostingPlan, Options};
use super::share::Share;

/// The things that are created before anything runs.
pub struct Fixtures {
    pub(super) options: Options,
    pub(super) share: Share,
    pub(super) events: Events,
    /// The rule file for the handlers. It is deleted when this is dropped.
    pub(super) rules: NamedTempFile,
    /// Only on Elastic Premium.
    platform: Option<Platform>,
    /// The variables with which the handlers find the platform.
    platform_variables: Vec<(&'static str, String)>,
}

impl Fixtures {
    /// Opens the event log, creates the control groups, and on Elastic Premium listens for requests to the emulated
    /// ARM. If the app is restarted, its calendar continues from the previous one.
    ///
    /// # Errors
    /// When the event log or the rule file cannot be created, or no port is available.
    pub async fn new(
        mut options: Options,
        before: Option<&dyn Calendar>,
        console: &Console,
    ) -> anyhow::Result<Self> {
        if let Some(calendar) = before {
            options.calendar.start = Some(calendar.now());
        }
        let events = Events::open(options.events.as_deref(), console.clone())?;
        let share = Share::new(options.instance_cpus, options.setting.maximum());
        let rules =
            rules_file(&options.setting).context("cannot write the rules for the handler")?;
        let platform = match options.plan {
            HostingPlan::PremiumV3 => None,
            HostingPlan::ElasticPremium => Some(Platform::listen(options.time_scale).await?),
        };
        Ok(Self {
            options,
            share,
            events,
            rules,
            platform_variables: platform
                .as_ref()
                .map(Platform::variables)
                .unwrap_or_default(),
            platform,
        })
    }

    /// Lines for the banner: instances, rules, time, and CPU.
    pub fn words(&self) -> Vec<(&'static str, String)> {
        live::words(&self.options, &self.share)
    }

    /// The emulated platform, which the caller must serve. Returns `None` at the second call.
    pub fn take_platform(&mut self) -> Option<Platform> {
        self.platform.take()
    }

    /// Faults of the emulated platform.
    pub(super) fn faults(&self) -> Option<Arc<Faults>> {
        self.platform.as_ref().map(Platform::faults)
    }

    /// The variables of every handler of the fleet, in addition to its id.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        let heartbeat = (5.0 / self.options.time_scale).max(0.5);
        let rules = format!("@{}", self.rules.path().display());
        let mut variables = self.platform_variables.clone();
        variables.push(("HEARTBEAT_SECONDS", heartbeat.to_string()));
        variables.push(("AUTOSCALE_PROFILE", rules));
        if self.share.wanted() {
            variables.push(("INSTANCE_CPUS", self.share.cpus.to_string()));
        }
        variables
    }
}

/// Writes the rules to a separate file, because they may be longer than an environment variable.
pub(super) fn rules_file(setting: &Setting) -> anyhow::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix("autoscale-")
        .suffix(".json")
        .tempfile()?;
    serde_json::to_writer(&mut file, &setting.to_arm())?;
    Ok(file)
}

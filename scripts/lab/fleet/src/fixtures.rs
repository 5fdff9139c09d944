//! What is made before anything runs: the event log, control groups, the rule file of the handlers, the emulated platform.

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

/// What is made before anything runs.
pub struct Fixtures {
    pub(super) options: Options,
    pub(super) share: Share,
    pub(super) events: Events,
    /// The rules as the handlers read them; deleted with this.
    pub(super) rules: NamedTempFile,
    /// On Elastic Premium only.
    platform: Option<Platform>,
    /// Where the handlers find it.
    platform_variables: Vec<(String, String)>,
}

impl Fixtures {
    /// Opens the event log, makes the control groups and, on Elastic Premium, listens for requests to the emulated ARM.
    /// Where the app starts again, its calendar goes on from the one before.
    ///
    /// # Errors
    /// When the event log or the rule file cannot be made, or no port can be listened on.
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

    /// For the banner, a line each: instances, rules, time and CPU.
    pub fn words(&self) -> Vec<(&'static str, String)> {
        live::words(&self.options, &self.share)
    }

    /// The emulated platform, to be served by the caller. The second call has nothing.
    pub fn take_platform(&mut self) -> Option<Platform> {
        self.platform.take()
    }

    /// Faults of the emulated platform.
    pub(super) fn faults(&self) -> Option<Arc<Faults>> {
        self.platform.as_ref().map(Platform::faults)
    }

    /// What every handler of the fleet is told beyond its own id.
    pub(super) fn variables(&self) -> Vec<(String, String)> {
        let heartbeat = (5.0 / self.options.time_scale).max(0.5);
        let mut variables = vec![
            ("HEARTBEAT_SECONDS".to_owned(), heartbeat.to_string()),
            (
                "AUTOSCALE_PROFILE".to_owned(),
                format!("@{}", self.rules.path().display()),
            ),
        ];
        if self.share.wanted() {
            variables.push(("INSTANCE_CPUS".to_owned(), self.share.cpus.to_string()));
        }
        variables.extend(self.platform_variables.iter().cloned());
        variables
    }
}

/// The rules in a file of their own, which may be longer than an environment variable.
pub(super) fn rules_file(setting: &Setting) -> anyhow::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix("autoscale-")
        .suffix(".json")
        .tempfile()?;
    serde_json::to_writer(&mut file, &setting.to_arm())?;
    Ok(file)
}

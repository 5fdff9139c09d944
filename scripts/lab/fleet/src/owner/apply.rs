//! Changes the rules of a running fleet.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use autoscale::Setting;
use serde_json::json;
use tokio::time::Instant;

use super::Owner;
use crate::fixtures::rules_file;
use crate::meter::Use;
use crate::snapshot::ActiveRules;

impl Owner {
    /// Uses other rules from the next evaluation on. That evaluation also corrects the count to their limits.
    pub(super) fn apply(&mut self, setting: Arc<Setting>) -> anyhow::Result<()> {
        // A handler may read the file at any time, so the new file replaces it in one step.
        rules_file(&setting)
            .and_then(|file| Ok(file.persist(self.rules_file.path())?))
            .context("the rules cannot be written for the app")?;
        let azure = self.clock.azure(Instant::now());
        let unix_seconds = self.clock.calendar(azure).unix_timestamp();
        self.scaler.replace(setting, unix_seconds);
        Arc::make_mut(&mut self.constants).rules = ActiveRules::of(&self.scaler);
        let arm = self.scaler.setting.to_arm();
        let text = "the rules have changed; the next evaluation uses them";
        self.record
            .ordered("rules", text, &json!({ "setting": arm }));
        self.publish();
        Ok(())
    }

    /// The CPU that all instances used together since the last sample, up to `end`, in percent of one instance's CPU.
    pub(super) fn load_percent(&self, used: &[Use], end: Duration) -> Option<f64> {
        let begin = self.record.samples.back();
        let begin = begin.map_or(0.0, |sample| sample.azure_seconds);
        let span = (end.as_secs_f64() - begin) / self.clock.scale;
        let cpus = self.instances.share.cpus;
        let part =
            |used: &Use| Some(used.percent(cpus)? * (used.span.as_secs_f64() / span).min(1.0));
        (!used.is_empty() && span > 0.0).then(|| used.iter().filter_map(part).sum())
    }
}

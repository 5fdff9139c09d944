//! The number of rule sets that `lab tune` simulates on a day of load.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use super::results::Metric;
use super::server::{clean, output};
use super::{Bench, Group, names};

/// The length of a search, in whole seconds.
pub(super) fn window(bench: &Bench) -> Duration {
    Duration::from_secs(bench.window.as_secs().max(1))
}

impl Bench {
    pub(super) async fn tune(&mut self) -> anyhow::Result<()> {
        let seconds = window(self).as_secs();
        let rules = self.root.join("infra/autoscale.json");
        let mut command = clean(&self.programs.lab);
        command
            .args(["tune", "--load", "daily", "--json", "-"])
            .args(["--seconds", &seconds.to_string()])
            .args([Path::new("--autoscale"), &rules]);
        let record: Value = serde_json::from_str(&output(command, "lab tune").await?)?;
        let tried = record["candidates"].as_f64();
        let tried = tried.context("lab tune does not say how many rule sets it tried")?;
        let values = [(Metric::Rate, tried / seconds as f64)];
        self.record(Group::Tune, names::RULE_SETS, None, &values);
        Ok(())
    }
}

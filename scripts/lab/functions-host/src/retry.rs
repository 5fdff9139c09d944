//! The `retry` section of a function.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use serde_json::Value;

use super::configuration::timespan;

/// The number of repetitions of a failed invocation, and their pauses.
#[derive(Clone, Debug)]
pub(crate) struct Retry {
    pub(crate) limit: u32,
    first_delay: Duration,
    /// Equal to the first for `fixedDelay`.
    last_delay: Duration,
}

impl Retry {
    /// The pause before attempt `count` (1 for the first repetition).
    pub(crate) fn delay(&self, count: u32) -> Duration {
        let factor = 2_u32.saturating_pow(count.saturating_sub(1));
        self.first_delay.saturating_mul(factor).min(self.last_delay)
    }
}

/// The section in the form of `function.json`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RetryDocument {
    strategy: String,
    #[serde(default)]
    max_retry_count: i64,
    delay_interval: Option<Value>,
    minimum_interval: Option<Value>,
    maximum_interval: Option<Value>,
}

/// Checks the section.
pub(super) fn retry(document: RetryDocument) -> anyhow::Result<Retry> {
    let interval = |value: Option<Value>, name: &str| {
        timespan(&value.ok_or_else(|| anyhow!("retry.{name} is missing"))?)
            .with_context(|| format!("retry.{name}"))
    };
    let (first_delay, last_delay) = match document.strategy.as_str() {
        "fixedDelay" => {
            let delay = interval(document.delay_interval, "delayInterval")?;
            (delay, delay)
        }
        "exponentialBackoff" => (
            interval(document.minimum_interval, "minimumInterval")?,
            interval(document.maximum_interval, "maximumInterval")?,
        ),
        other => bail!("retry.strategy {other:?} is unknown; use fixedDelay or exponentialBackoff"),
    };
    Ok(Retry {
        // In the host, -1 means no limit.
        limit: u32::try_from(document.max_retry_count).unwrap_or(u32::MAX),
        first_delay,
        last_delay,
    })
}

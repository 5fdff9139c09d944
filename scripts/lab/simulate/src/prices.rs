//! The price file, and the cost of a fleet.

use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, ensure};
use recorded_load::text;
use serde::{Deserialize, Serialize};

/// The built-in prices, `infra/prices.json`.
pub(crate) const BUILT_IN: &str = include_str!("../../../../infra/prices.json");
/// In bytes.
const LONGEST_FILE: u64 = 1 << 20;

/// List prices, which users can edit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prices {
    /// When they were last checked.
    pub(crate) as_of: String,
    /// Their source, and how reliable they are.
    pub(crate) source: String,
    /// Such as `USD`.
    pub(crate) currency: String,
    /// The region of the fleet.
    pub(crate) region: String,
    /// The hours of a month on the bill.
    pub(crate) hours_per_month: f64,
    /// The plans to compare.
    pub(crate) plans: Vec<Plan>,
}

/// The price of one kind of instance.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    /// Such as `P0v3`.
    pub(crate) name: String,
    /// A description of the plan.
    pub(crate) about: String,
    /// The price of one instance for one hour.
    pub(crate) per_instance_hour: f64,
}

/// The cost of a fleet on one plan, in the currency of the price file, for a month of the simulated load.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Cost {
    /// Such as `P0v3`.
    pub(crate) plan: String,
    /// The cost with the simulated scaling.
    pub(crate) per_month: f64,
    /// The cost of the minimum of instances all the time.
    pub(crate) always_minimum: f64,
    /// The cost of the maximum of instances all the time.
    pub(crate) always_maximum: f64,
}

impl Prices {
    /// Reads a price file, or else the built-in one.
    pub(crate) fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Self::parse(BUILT_IN);
        };
        let read = File::open(path)
            .context("it cannot be read")
            .and_then(|file| text(file, LONGEST_FILE));
        read.and_then(|text| Self::parse(&text))
            .with_context(|| format!("the price file {} cannot be used", path.display()))
    }

    /// Reads the text of a price file.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let prices: Self = serde_json::from_str(text).context("this is not a price file")?;
        let sound = |number: f64| number.is_finite() && number >= 0.0;
        ensure!(
            sound(prices.hours_per_month) && prices.hours_per_month > 0.0,
            "hours_per_month: is {}; accepted: a number above 0, such as 730",
            prices.hours_per_month
        );
        ensure!(
            !prices.plans.is_empty(),
            "plans: is empty; accepted: one plan at least"
        );
        for (index, plan) in prices.plans.iter().enumerate() {
            let price = plan.per_instance_hour;
            ensure!(
                sound(price),
                "plans[{index}].per_instance_hour: is {price}; accepted: a number from 0"
            );
        }
        Ok(prices)
    }

    /// The cost of a fleet of `average` instances on each plan, and of fleets that are always at a limit.
    pub(crate) fn costs(&self, average: f64, minimum: u32, maximum: u32) -> Vec<Cost> {
        let cost = |plan: &Plan| {
            let per_instance = plan.per_instance_hour * self.hours_per_month;
            Cost {
                plan: plan.name.clone(),
                per_month: per_instance * average,
                always_minimum: per_instance * f64::from(minimum),
                always_maximum: per_instance * f64::from(maximum),
            }
        };
        self.plans.iter().map(cost).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_prices_can_be_read() {
        let prices = Prices::parse(BUILT_IN).expect("a price file");
        let names: Vec<&str> = prices.plans.iter().map(|plan| plan.name.as_str()).collect();
        assert_eq!(names, ["P0v3", "EP1"]);
        let costs = prices.costs(2.0, 1, 3);
        let [plan, ..] = costs.as_slice() else {
            panic!("costs")
        };
        assert!((plan.per_month - 2.0 * plan.always_minimum).abs() < 1e-9);
        assert!((plan.always_maximum - 3.0 * plan.always_minimum).abs() < 1e-9);
    }

    #[test]
    fn an_invalid_price_file_is_refused() {
        for (from, to, complaint) in [
            ("\"currency\"", "\"money\"", "unknown field `money`"),
            (
                "\"hours_per_month\": 730",
                "\"hours_per_month\": 0",
                "hours_per_month: is 0",
            ),
            ("0.101", "-0.101", "plans[0].per_instance_hour: is -0.101"),
        ] {
            let error = Prices::parse(&BUILT_IN.replace(from, to)).expect_err("must be refused");
            assert!(format!("{error:#}").contains(complaint), "{error:#}");
        }
    }
}

//! The arguments of `lab demo`.

use std::path::PathBuf;

use fleet::HostingPlan;
use run_record::comparison::InstancePrice;
use simulate::fixed::instance_price;

/// Arguments of `lab demo`.
#[derive(clap::Args)]
#[command(after_help = "\
The load first fills one instance, then two, and then falls. The fleet scales to 1, 2, 3, 2 and 1 instances, all of them
real processes. Their database is deleted afterwards.

It writes into the output folder:
  report.html   the run as a page, with the answer to: did autoscaling work?
  run.json      the same as data: actions, requests, instances with their processes, samples
  run.csv       one row per second
  load.csv      the measured load, for lab simulate --load
  lab.log       the output of lab up
  events.jsonl  the decisions of lab up, with their reasons
  fixed-1/, fixed-3/  with --compare: the output and the decisions of lab up in the other two runs

The report and the last line say what autoscaling bought. Without --compare, the simulator estimates it from the measured load.

Exit codes: 0 autoscaling worked; 1 it did not; 2 the demonstration could not run, or with --compare not all three runs could
be made; 130 interrupted with Ctrl+C.")]
pub struct DemoArgs {
    /// Folder with host.json and the function folders
    #[arg(long, default_value = "target/app", value_name = "FOLDER")]
    pub(super) script_root: PathBuf,

    /// Folder to write into
    #[arg(long, default_value = "target/demo", value_name = "FOLDER")]
    pub(super) out: PathBuf,

    /// Azure's plan: premium-v3, where Azure Monitor's rules act, or elastic-premium, where the app scales itself
    #[arg(long, value_enum, default_value_t, value_name = "PLAN")]
    pub(super) plan: HostingPlan,

    /// On elastic-premium: restart every instance at each change of the site's configuration
    #[arg(long)]
    pub(super) restart_on_patch: bool,

    /// Azure seconds per second [default: 60, or 20 on elastic-premium, where each minute needs several heartbeats]
    #[arg(long, value_name = "N", value_parser = pace)]
    time_scale: Option<f64>,

    /// Use a private PostgreSQL server instead of a SQLite file
    #[arg(long)]
    pub(super) postgres: bool,

    /// Afterwards send the same requests to one fixed instance and to three, and show what autoscaling bought; takes three
    /// times as long
    #[arg(long)]
    pub(super) compare: bool,
}

impl DemoArgs {
    pub(super) fn time_scale(&self) -> f64 {
        self.time_scale.unwrap_or(match self.plan {
            HostingPlan::PremiumV3 => 60.0,
            HostingPlan::ElasticPremium => 20.0,
        })
    }

    /// The arguments of `lab up` for its fleet.
    pub(super) fn fleet(&self) -> Vec<String> {
        let mut arguments = vec![format!("--time-scale={}", self.time_scale())];
        if self.plan == HostingPlan::ElasticPremium {
            arguments.push("--plan=elastic-premium".to_owned());
        }
        if self.restart_on_patch {
            arguments.push("--restart-on-patch".to_owned());
        }
        arguments
    }

    /// The price of an instance of the plan.
    pub(super) fn price(&self) -> Option<InstancePrice> {
        instance_price(match self.plan {
            HostingPlan::PremiumV3 => 0,
            HostingPlan::ElasticPremium => 1,
        })
    }

    /// The part that changes the number of instances.
    pub(super) fn source(&self) -> &'static str {
        match self.plan {
            HostingPlan::PremiumV3 => "autoscaler",
            HostingPlan::ElasticPremium => "app",
        }
    }
}

fn pace(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (1.0..=120.0).contains(&number) {
        Ok(number)
    } else {
        Err("it must be from 1 to 120".to_owned())
    }
}

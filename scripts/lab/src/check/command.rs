//! The command `lab check`: arguments, waiting, output.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use clap::Args;
use serde_json::json;

use super::caller::Caller;
use super::checks::{self, Rules};
use load::target::{LOCAL, Target, advice};

/// The pause between two checks of an app that is not healthy yet.
const PAUSE: Duration = Duration::from_secs(2);

/// Arguments of `lab check`.
#[derive(Args)]
#[command(
    after_help = "The check records one real visit, which stays in the database. It requires no key.\n\
                  Exit codes: 0 all checks passed; 1 a check failed; 2 the app could not be checked."
)]
pub struct CheckArgs {
    #[arg(
        value_name = "URL",
        default_value = LOCAL,
        help = "Address of the app, such as https://NAME.azurewebsites.net"
    )]
    url: String,
    /// Wait up to this long until the app is healthy
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    wait: u64,
    /// Fail if no autoscale rules are active
    #[arg(long, conflicts_with = "expect_no_rules")]
    expect_rules: bool,
    /// Fail if autoscale rules are active
    #[arg(long)]
    expect_no_rules: bool,
    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
    /// Also trust the CA certificates in this PEM file
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// One sentence for the user if the check is not possible.
#[tokio::main(flavor = "current_thread")]
pub async fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let target = Target::parse(&args.url).map_err(|sentence| anyhow!(sentence))?;
    let rules = match (args.expect_rules, args.expect_no_rules) {
        (true, _) => Rules::Expected,
        (_, true) => Rules::Unexpected,
        _ => Rules::Either,
    };
    let mut caller = Caller::new(target.clone(), args.cacert.as_deref()).await?;
    wait_until_healthy(&mut caller, Duration::from_secs(args.wait)).await;
    // If there is no response at all, the list would contain the same failure nine times.
    caller.get("/health/live").await.map_err(|reason| {
        let advice = advice(&[caller.address()]);
        anyhow!("{target} does not respond: {reason}; {advice}")
    })?;
    if !args.json {
        println!("{target}");
    }
    let outcomes = checks::all(&mut caller, rules, |outcome| {
        if !args.json {
            println!("{}", outcome.line());
        }
    })
    .await;
    let failed = outcomes.iter().filter(|outcome| !outcome.passed).count();
    if args.json {
        let all = json!({ "url": target.to_string(), "passed": failed == 0, "checks": outcomes });
        println!("{all:#}");
    } else if failed == 0 {
        println!("All {} checks passed.", outcomes.len());
    } else {
        println!("{failed} of {} checks failed.", outcomes.len());
    }
    Ok(ExitCode::from(u8::from(failed > 0)))
}

/// Waits until the app is healthy or the time is over, and prints the reason for the wait.
async fn wait_until_healthy(caller: &mut Caller, limit: Duration) {
    let end = Instant::now() + limit;
    let mut said = String::new();
    while Instant::now() < end {
        let Err(reason) = checks::health(caller).await else {
            return;
        };
        if reason != said {
            eprintln!("lab: waiting: /health: {reason}");
            said = reason;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

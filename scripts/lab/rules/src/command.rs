//! `lab rules`: explains a setting and checks it, without a load.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use run_record::write_whole;
use serde::Serialize;

use crate::check::{Delays, Remark, Remarks, check};
use crate::record::Record;
use crate::{RuleOptions, Rules, explain, print_result, written};

/// Arguments of `lab rules`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
FILE is any autoscale setting: the output of az monitor autoscale show or list, REST, an ARM template, the portal's JSON, \
terraform show -json, or a bare profile.

It prints each profile, when it applies, and its rules in words. For each number of instances it shows the constant loads \
at which that number stays, and the number that follows below and above them. 150% keeps one and a half instances busy.

With a fault, the exit code is 1, so that you can use the command in CI:
  flapping         a scale-out that makes all scale-in rules true under the same load
  never_true       a condition that can't be true for the metric, such as CPU above 100%
  never_scales_in  scale-in rules that can never all be true; Azure requires all of them
  never_applies    a profile that other profiles always come before
  second_default   a second profile without a calendar
  wrong_target     a target that does not have the rules' metric
Everything else is a hint: short or unequal cooldowns, a default equal to the minimum, missing rules, fields that are \
missing, assumed or ignored.

Examples:
  lab rules
  lab rules infra/autoscale.fast.json --json -
  az monitor autoscale show --name NAME --resource-group GROUP --output json > SETTING.json
  lab rules SETTING.json
  lab rules TEMPLATE.json --parameters PARAMETERS.json --out infra/autoscale.NAME.json

Exit codes: 0 no fault, with or without hints; 1 faults; 2 invalid input.")]
pub struct RulesArgs {
    /// Rules to explain [default: infra/autoscale.json]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Parameters of the template in FILE: an ARM parameter file, or plain JSON
    #[arg(long, value_name = "FILE", requires = "file")]
    parameters: Option<PathBuf>,
    /// Name of the setting, if FILE contains several
    #[arg(long, value_name = "NAME", requires = "file")]
    setting: Option<String>,
    /// Write the setting in the form for the stack in infra: template expressions evaluated, names in Azure's spelling
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the result as JSON; - prints only the JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Explains and checks the rules; the exit code says whether they have faults.
///
/// # Errors
/// One sentence for the user, where the file cannot be used or another one cannot be written.
pub fn run(args: &RulesArgs, delays: Delays) -> anyhow::Result<ExitCode> {
    let options = RuleOptions {
        autoscale: args.file.clone(),
        parameters: args.parameters.clone(),
        setting: args.setting.clone(),
    };
    let rules = options.read()?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let remarks = check(
        &rules,
        delays,
        i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
    );
    if let Some(path) = &args.out {
        write_whole(path, written(&rules.setting)?.as_bytes())?;
    }
    let text = || {
        let mut text = text(&rules, &remarks);
        if let Some(path) = &args.out {
            text += &format!("\nWrote these rules to {}.\n", path.display());
        }
        text
    };
    print_result(args.json.as_deref(), || Record::new(&rules, &remarks), text)?;
    Ok(match remarks.faults.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// What the command says of rules.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// As the command prints it.
    text: String,
    faults: Vec<Remark>,
    hints: Vec<Remark>,
}

impl Explanation {
    /// Explains rules at a time, in Unix seconds.
    pub fn of(rules: &Rules, delays: Delays, now: i64) -> Self {
        let remarks = check(rules, delays, now);
        Self {
            text: text(rules, &remarks),
            faults: remarks.faults,
            hints: remarks.hints,
        }
    }
}

fn text(rules: &Rules, Remarks { faults, hints }: &Remarks) -> String {
    let name = match rules.setting.name.as_str() {
        "" => String::new(),
        name => format!(" ({name})"),
    };
    let mut text = format!(
        "{}{name}: {}, {}\n",
        rules.source,
        counted(faults.len(), "fault"),
        counted(hints.len(), "hint"),
    );
    text += &explain::text(&rules.setting);
    for (kind, remarks) in [("fault", faults), ("hint", hints)] {
        for (remark, places) in together(remarks) {
            let place = match places.as_slice() {
                ["", ..] => "the file".to_owned(),
                [first, others @ ..] if !others.is_empty() => {
                    format!("{first} and {}", counted(others.len(), "more place"))
                }
                places => places.concat(),
            };
            text += &format!("\n{kind} {}\n  {place}: {}\n", remark.code, remark.message);
            if !remark.remedy.is_empty() {
                text += &format!("  {}\n", remark.remedy);
            }
        }
    }
    text
}

/// The remarks that say the same, with their places.
fn together(remarks: &[Remark]) -> Vec<(&Remark, Vec<&str>)> {
    let mut seen = HashMap::new();
    let mut together: Vec<(&Remark, Vec<&str>)> = Vec::new();
    for remark in remarks {
        let index = *seen
            .entry((remark.code, &remark.message, &remark.remedy))
            .or_insert(together.len());
        match together.get_mut(index) {
            Some((_, places)) => places.push(&remark.place),
            None => together.push((remark, vec![&remark.place])),
        }
    }
    together
}

/// Such as `no faults`, `1 fault` or `2 faults`.
fn counted(number: usize, noun: &str) -> String {
    match number {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

//! Runs the cases of the Functions host on the real one, and prints for each whether it agrees with `lab up`.
//!
//! Exit codes: 0 the host agrees in every case that applies, 1 it differs in one, 2 usage error, or the host does not run.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

#[path = "../cases/mod.rs"]
mod cases;
#[path = "../suite/support/mod.rs"]
mod support;

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use cases::{Case, ELSEWHERE};
use support::program::Program;

/// Compares the real Functions host with `lab up`, case by case.
#[derive(Parser)]
#[command(
    after_help = "Exit codes: 0 the host agrees in every case that applies; 1 it differs; 2 usage error."
)]
struct Arguments {
    /// Run the cases with this func of the Azure Functions Core Tools: a path, or a name in PATH
    #[arg(
        long,
        value_name = "PROGRAM",
        required_unless_present = "image",
        conflicts_with = "image"
    )]
    func: Option<PathBuf>,
    /// Run the cases with Docker, in this image of the host
    #[arg(long, value_name = "NAME", requires = "probe")]
    image: Option<String>,
    /// The probe handler for the image: a static binary
    #[arg(long, value_name = "FILE")]
    probe: Option<PathBuf>,
    /// Run only the cases whose name contains this text
    #[arg(value_name = "CASE")]
    only: Option<String>,
}

thread_local! {
    /// The place and the message of the last panic, which describe a difference.
    static DIFFERENCE: RefCell<String> = const { RefCell::new(String::new()) };
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let program = match (arguments.func, arguments.image, arguments.probe) {
        (Some(func), ..) => Program::Func(func),
        (None, Some(name), Some(probe)) => Program::Image {
            name,
            probe: probe.canonicalize().unwrap_or(probe),
        },
        _ => unreachable!("clap requires one of them"),
    };
    panic::set_hook(Box::new(|difference| {
        let place = difference.location().map(|place| place.line());
        let said = difference.payload_as_str().unwrap_or("no message");
        DIFFERENCE.set(format!("line {}: {said}", place.unwrap_or_default()));
    }));

    let is_wanted = |name: &str| {
        arguments
            .only
            .as_deref()
            .is_none_or(|part| name.contains(part))
    };
    let mut count = [0_usize; 3];
    for case in cases::all().filter(|case| is_wanted(case.name)) {
        let outcome = outcome(case, &program);
        count[outcome as usize] += 1;
    }
    for case in ELSEWHERE.iter().filter(|_| arguments.only.is_none()) {
        println!(
            "not applicable  {}: {}\n                {}",
            case.numbers, case.source, case.why
        );
        for test in case.tests {
            println!("                tested by host::{test}");
        }
        count[Outcome::NotApplicable as usize] += 1;
    }
    let [agree, differ, rest] = count;
    println!(
        "\n{} and lab up: {agree} cases agree, {differ} differ, {rest} are not applicable",
        program.name()
    );
    if agree + differ == 0 {
        eprintln!("real_host: no case was run");
        return ExitCode::from(2);
    }
    if differ > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

#[derive(Clone, Copy)]
enum Outcome {
    Agrees,
    Differs,
    NotApplicable,
}

/// Runs a case, and prints the result.
fn outcome(case: &Case, program: &Program) -> Outcome {
    let title = format!(
        "{} {}\n                {}",
        case.numbers,
        case.name,
        case.source.trim()
    );
    if let Some(why) = case.not_applicable(program) {
        println!("not applicable  {title}\n                {why}");
        return Outcome::NotApplicable;
    }
    // No case leaves anything behind that another one uses.
    if panic::catch_unwind(AssertUnwindSafe(|| (case.run)(program))).is_ok() {
        println!("agrees          {title}");
        return Outcome::Agrees;
    }
    println!("differs         {title}");
    let name = program.name();
    println!("                | left: what {name} does; right: what lab up does");
    for line in DIFFERENCE.take().lines() {
        println!("                | {line}");
    }
    Outcome::Differs
}

//! The table of `lab doctor`: 80 columns, except for long commands.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};

use super::probe::Finding;
use super::{Need, Verdict};

const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

pub(crate) fn print(findings: &[Finding], verdict: &Verdict) {
    let mut stdout = std::io::stdout();
    let coloured =
        stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // It is not an error if the reader, such as `head`, stops reading.
    let _ = stdout.write_all(render(findings, verdict, coloured).as_bytes());
}

fn render(findings: &[Finding], verdict: &Verdict, coloured: bool) -> String {
    let paint = |colour: &str, text: &str| {
        if coloured {
            format!("{colour}{text}{PLAIN}")
        } else {
            text.to_owned()
        }
    };
    let heading = format!("  {:<19}{:<24}{}", "what", "found", "lost without it");
    let mut text = paint(DIM, &heading) + "\n";
    for finding in findings {
        let (mark, state, without) = match &finding.state {
            Ok(version) => (paint(GREEN, "✓"), version, paint(DIM, finding.without)),
            Err(fault) => (
                mark_missing(finding.need, &paint),
                fault,
                finding.without.to_owned(),
            ),
        };
        let _ = writeln!(text, "{mark} {:<19}{state:<24}{without}", finding.name);
        if finding.state.is_err() {
            let _ = writeln!(text, "      {}", finding.remedy);
        }
    }

    let (lacks, installs) = if verdict.run_lacks.is_empty() {
        (&verdict.test_lacks, verdict.test_installs)
    } else {
        (&verdict.run_lacks, false)
    };
    let _ = writeln!(
        text,
        "\nscripts/run    {}",
        answer(&verdict.run_lacks, false)
    );
    let _ = writeln!(text, "scripts/test   {}", answer(lacks, installs));
    text
}

fn mark_missing(need: Need, paint: &dyn Fn(&str, &str) -> String) -> String {
    match need {
        Need::Build | Need::Test => paint(RED, "✗"),
        Need::Optional => paint(DIM, "–"),
    }
}

fn answer(lacks: &[&str], installs: bool) -> String {
    match (lacks, installs) {
        ([], _) => "can work".to_owned(),
        (lacks, true) => format!("can work; it installs {} itself", lacks.join(", ")),
        (lacks, false) => format!("cannot work without {}", lacks.join(", ")),
    }
}

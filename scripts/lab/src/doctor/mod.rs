//! `lab doctor`: shows the tools of this machine, and how to install the missing ones.
//!
//! | module | does |
//! | --- | --- |
//! | [`probe`] | looks for one tool, for at most two seconds |
//! | [`table`] | prints the table |

use std::process::ExitCode;

use anyhow::Context as _;

mod probe;
mod table;

use probe::Finding;

/// Arguments of `lab doctor`.
#[derive(clap::Args)]
#[command(after_help = "\
Exit codes: 0 scripts/run and scripts/test work on this machine; 1 a tool is missing. On Debian and Ubuntu as root, \
scripts/test installs its missing tools, so they do not count there.")]
pub struct DoctorArgs {}

/// Which of the two main commands requires a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// `scripts/run` and everything else.
    Build,
    /// `scripts/test`, which installs it if possible.
    Test,
    /// Neither, but a feature is missing without it.
    Optional,
}

/// Shows the tools of this machine, and how to install the missing ones. The exit code shows whether `lab up` can
/// run.
///
/// # Errors
/// One sentence for the user if this is not possible.
pub fn run(_: DoctorArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.context("cannot start the runtime")?;
    let findings = runtime.block_on(probe::all());
    // Programs that have not responded in time are not waited for.
    runtime.shutdown_background();

    let verdict = Verdict::on(&findings, probe::installs_by_itself());
    table::print(&findings, &verdict);
    Ok(ExitCode::from(u8::from(!verdict.good())))
}

/// Whether the two main commands can run, and what prevents them.
pub(crate) struct Verdict {
    run_lacks: Vec<&'static str>,
    test_lacks: Vec<&'static str>,
    test_installs: bool,
}

impl Verdict {
    fn on(findings: &[Finding], installs: bool) -> Self {
        let lacking = |need: Need| {
            let missing = findings
                .iter()
                .filter(|finding| finding.need == need && finding.state.is_err());
            missing.map(|finding| finding.name).collect()
        };
        Self {
            run_lacks: lacking(Need::Build),
            test_lacks: lacking(Need::Test),
            test_installs: installs,
        }
    }

    fn good(&self) -> bool {
        self.run_lacks.is_empty() && (self.test_lacks.is_empty() || self.test_installs)
    }
}

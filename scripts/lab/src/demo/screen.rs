//! The display during the demonstration.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::snapshot::CpuLimit;
use load::fleet::Fleet;
use load::generator::Progress;
use run_record::format::latency;

/// A line for each event, and on a terminal a line with the current state.
pub(super) struct Screen {
    begun: Instant,
    bar: ProgressBar,
}

impl Screen {
    pub(super) fn open(begun: Instant) -> Self {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{wide_msg}").expect("the template is right");
        bar.set_style(style);
        Self { begun, bar }
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| println!("{line}"));
    }

    pub(super) fn limit(&self, limit: &CpuLimit) {
        self.say(&format!(
            "Each instance has {:.2} CPUs ({}).",
            limit.cpus,
            if limit.enforced {
                limit.how.as_str()
            } else {
                "not enforced on this machine; CPU percentages still refer to it"
            }
        ));
    }

    pub(super) fn phase(&self, phase: &str) {
        self.say(&format!(
            "\n{:>5.1} s  {phase}",
            self.begun.elapsed().as_secs_f64()
        ));
    }

    /// Shows the state, and the actions after the first `shown`. Returns the number of actions.
    pub(super) fn fleet(&self, fleet: &Fleet, progress: &Progress, shown: usize) -> usize {
        for action in fleet.actions().skip(shown) {
            self.say(&format!(
                "{:>5.1} s  {} -> {}  {}",
                action.at, action.from, action.to, action.reason
            ));
        }
        if let Some(state) = fleet.state() {
            self.bar.set_message(format!(
                "{:>5.1} s  minute {:.0}, {} of {} instances ready, CPU {}, {:.0} visits/s, p95 {}, {} failed",
                self.begun.elapsed().as_secs_f64(),
                state.azure_seconds / 60.0,
                state.ready,
                state.wanted,
                state
                    .cpu_percent
                    .map_or("-".to_owned(), |cpu| format!("{cpu:.0}%")),
                progress.rate,
                latency(progress.latency_ms.p95),
                progress.requests.failed
            ));
            self.bar.tick();
        }
        fleet.actions().count()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

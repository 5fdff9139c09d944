//! CPU and memory of this instance, read in the background.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};
use tokio_util::sync::CancellationToken;

use super::cgroup::Cgroup;

/// CPU use is the difference of two readings, and a dashboard needs one per second at most. Shorter heartbeat
/// intervals need a reading each, but readings that are too close together are meaningless.
const EVERY: Duration = Duration::from_secs(1);
const OFTEN: Duration = Duration::from_millis(200);

/// The part of a CPU quota that a stress run uses.
const BELOW_QUOTA: f64 = 0.95;

/// One reading.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Reading {
    /// CPU of the instance over its share, 0 to 100.
    pub cpu_percent: f64,
    /// Memory of the same scope, 0 to 100.
    pub memory_percent: f64,
    /// CPU of this process over the instance's share, 0 to 100.
    pub process_cpu_percent: f64,
    /// CPU time this process has used.
    pub process_cpu: Duration,
    /// Resident memory of this process.
    pub rss_bytes: u64,
    /// Threads of this process.
    pub threads: usize,
    /// All readings so far.
    pub sum: CpuSum,
}

/// A running sum of CPU readings. Two sums give the average of the time between them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CpuSum {
    /// Percent times seconds.
    percent_seconds: f64,
    seconds: f64,
}

impl CpuSum {
    /// The average since `earlier`, in percent; `None` if there was no reading since then.
    pub fn mean_since(self, earlier: Self) -> Option<f64> {
        let seconds = self.seconds - earlier.seconds;
        (seconds > 0.0).then(|| round((self.percent_seconds - earlier.percent_seconds) / seconds))
    }
}

/// Holds the last reading. Reading it costs almost nothing.
#[derive(Debug, Clone, Default)]
pub struct Gauge(Arc<Mutex<Reading>>);

impl Gauge {
    /// The last reading.
    pub fn read(&self) -> Reading {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, reading: Reading) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = reading;
    }
}

/// What counts as 100% CPU, and whose CPU is counted.
#[derive(Debug)]
enum Scope {
    /// The control group with the quota.
    Cgroup(Cgroup),
    /// This process, over the share from the settings.
    Process,
    /// The whole machine.
    Machine,
}

/// Reads the system.
#[derive(Debug)]
pub struct Sampler {
    system: System,
    pid: Pid,
    scope: Scope,
    cpus: f64,
    last: Option<Counters>,
    sum: CpuSum,
}

/// CPU time used since a common start.
#[derive(Debug, Clone, Copy)]
struct Counters {
    at: Instant,
    process: Duration,
    cgroup: Duration,
}

impl Sampler {
    /// Determines the share of this instance; `instance_cpus` overrides it.
    ///
    /// # Errors
    /// When the system cannot be read at all.
    pub fn new(instance_cpus: Option<f64>) -> Result<Self, sysinfo::Error> {
        let system = System::new()?;
        let machine = std::thread::available_parallelism().map_or(1.0, |cpus| cpus.get() as f64);
        let (scope, cpus) = match (Cgroup::with_quota(), instance_cpus) {
            (Some(cgroup), share) => {
                let quota = cgroup.quota_cpus();
                (Scope::Cgroup(cgroup), share.unwrap_or(quota))
            }
            (None, Some(share)) => (Scope::Process, share),
            (None, None) => (Scope::Machine, machine),
        };
        Ok(Self {
            system,
            pid: Pid::from_u32(std::process::id()),
            scope,
            cpus,
            last: None,
            sum: CpuSum::default(),
        })
    }

    /// The number of CPUs that counts as 100%.
    pub const fn cpus(&self) -> f64 {
        self.cpus
    }

    /// The number of CPUs that a stress run may use. If it used up the whole quota, every thread of the instance
    /// would stop until the next period, including those that respond to probes. So it leaves a small part of the
    /// quota.
    pub fn stress_cpus(&self) -> f64 {
        match &self.scope {
            Scope::Cgroup(cgroup) => self.cpus.min(cgroup.quota_cpus()) * BELOW_QUOTA,
            Scope::Process | Scope::Machine => self.cpus,
        }
    }

    /// Whether a stress run uses only CPU time that nothing else needs. This is not the case if the instance has a
    /// share without a quota that enforces it: the run limits itself to that share, and below normal priority it
    /// would get nothing on a busy machine.
    pub fn stress_yields(&self) -> bool {
        !matches!(self.scope, Scope::Process)
    }

    /// Takes a reading every second until it is stopped, or more often if the heartbeat interval is shorter.
    pub async fn run(mut self, gauge: Gauge, heartbeat: Duration, stop: CancellationToken) {
        let mut turn = tokio::time::interval(heartbeat.clamp(OFTEN, EVERY));
        turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = turn.tick() => gauge.set(self.sample(Instant::now())),
            }
        }
    }

    fn sample(&mut self, now: Instant) -> Reading {
        let kind = ProcessRefreshKind::nothing()
            .with_cpu()
            .with_memory()
            .with_tasks();
        self.system
            .refresh_processes_specifics(ProcessesToUpdate::Some(&[self.pid]), true, kind);
        self.system.refresh_memory();
        self.system.refresh_cpu_usage();
        let process = self.system.process(self.pid);
        let rss_bytes = process.map_or(0, sysinfo::Process::memory);
        let counters = Counters {
            at: now,
            process: Duration::from_millis(
                process.map_or(0, sysinfo::Process::accumulated_cpu_time),
            ),
            cgroup: match &self.scope {
                Scope::Cgroup(cgroup) => cgroup.cpu_time().unwrap_or_default(),
                Scope::Process | Scope::Machine => Duration::ZERO,
            },
        };
        let threads = process
            .and_then(sysinfo::Process::tasks)
            .map_or(1, |tasks| tasks.len());
        let last = self.last.replace(counters);
        let share = |used: fn(&Counters) -> Duration| {
            last.map_or(0.0, |last| {
                let span = counters.at.saturating_duration_since(last.at);
                percent_of_share(used(&counters).saturating_sub(used(&last)), span, self.cpus)
            })
        };
        let process_cpu_percent = share(|counters| counters.process);
        let total = self.system.total_memory();
        let (cpu_percent, memory_percent) = match &self.scope {
            Scope::Cgroup(cgroup) => {
                let limit = cgroup
                    .memory_limit()
                    .map_or(total, |limit| limit.min(total));
                let used = cgroup.memory_used().unwrap_or(rss_bytes);
                (
                    share(|counters| counters.cgroup),
                    percent(used as f64, limit as f64),
                )
            }
            Scope::Process => (process_cpu_percent, percent(rss_bytes as f64, total as f64)),
            Scope::Machine => {
                let used = total.saturating_sub(self.system.available_memory());
                // The first reading has no previous one, so the difference would be everything since boot.
                let cpu = if last.is_some() {
                    f64::from(self.system.global_cpu_usage())
                } else {
                    0.0
                };
                (
                    round(cpu.clamp(0.0, 100.0)),
                    percent(used as f64, total as f64),
                )
            }
        };
        if let Some(last) = last {
            let seconds = now.saturating_duration_since(last.at).as_secs_f64();
            self.sum.seconds += seconds;
            self.sum.percent_seconds += cpu_percent * seconds;
        }
        Reading {
            cpu_percent,
            memory_percent,
            process_cpu_percent,
            process_cpu: counters.process,
            rss_bytes,
            threads,
            sum: self.sum,
        }
    }
}

/// CPU time `used` in `span`, over `cpus` CPUs, in percent.
fn percent_of_share(used: Duration, span: Duration, cpus: f64) -> f64 {
    percent(used.as_secs_f64(), span.as_secs_f64() * cpus)
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 {
        round((100.0 * part / whole).clamp(0.0, 100.0))
    } else {
        0.0
    }
}

/// Rounds to one decimal; more would be noise.
fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fully_used_share_is_one_hundred_percent() {
        let second = Duration::from_secs(1);
        assert_eq!(
            percent_of_share(Duration::from_millis(250), second, 0.5),
            50.0
        );
        assert_eq!(percent_of_share(Duration::from_secs(3), second, 2.0), 100.0);
        assert_eq!(percent_of_share(second, Duration::ZERO, 2.0), 0.0);
    }

    #[test]
    fn reads_this_process() {
        let mut sampler = Sampler::new(Some(1.0)).expect("the system can be read");
        let first = sampler.sample(Instant::now());
        assert_eq!(first.sum.mean_since(CpuSum::default()), None);
        crate::stress::burn_cpu(Duration::from_millis(100));
        let reading = sampler.sample(Instant::now());
        assert_eq!(reading.sum.mean_since(first.sum), Some(reading.cpu_percent));
        assert!(reading.process_cpu_percent > 0.0, "{reading:?}");
        assert!(
            reading.rss_bytes > 1_000_000 && reading.threads >= 1,
            "{reading:?}"
        );
        assert!(
            (0.0..=100.0).contains(&reading.memory_percent),
            "{reading:?}"
        );
    }
}

//! What the fleet stores about one instance.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Latencies, Timestamp};

/// Heartbeats that may be missed before an instance counts as lost.
const BEATS_MISSED: u32 = 3;
/// A heartbeat counts as missed this long after it was due, because writing takes time and the instance may be busy.
const LATENESS: Duration = Duration::from_millis(500);

/// One run of an instance's process. Its number increases with the start time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Run(i64);

impl Run {
    /// The low bits, which are random.
    const CHANCE_BITS: u32 = 21;

    /// A number for a run that began at `started`. `chance` distinguishes runs that began in the same millisecond.
    pub fn new(started: Timestamp, chance: u32) -> Self {
        let chance = i64::from(chance) & ((1 << Self::CHANCE_BITS) - 1);
        // 42 bits of milliseconds last beyond the year 2100.
        let time = started.millis().clamp(0, (1 << 42) - 1);
        Self((time << Self::CHANCE_BITS) | chance)
    }

    /// A run that was read from the store.
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// The number as it is stored.
    pub const fn number(self) -> i64 {
        self.0
    }
}

/// The state of an instance in its life cycle. Later states are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceState {
    /// It has joined, but it has not responded to a request or sent its second heartbeat.
    Starting,
    /// It serves.
    Live,
    /// It was told to stop, and completes its requests in flight.
    Draining,
    /// It has ended: it reported its end, or stopped sending heartbeats while it was draining.
    Gone,
    /// It stopped sending heartbeats without draining. Other instances conclude this; an instance never reports it.
    Lost,
}

impl InstanceState {
    /// The name as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Live => "live",
            Self::Draining => "draining",
            Self::Gone => "gone",
            Self::Lost => "lost",
        }
    }

    /// Whether the instance no longer serves.
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Gone | Self::Lost)
    }

    /// Reads a stored state. An unknown state was written by a later version, for an instance that runs.
    pub fn parse(text: &str) -> Self {
        match text {
            "starting" => Self::Starting,
            "draining" => Self::Draining,
            "gone" => Self::Gone,
            _ => Self::Live,
        }
    }
}

/// Percentiles of latency, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Half of the requests took no longer.
    pub p50: f64,
    /// 95% took no longer.
    pub p95: f64,
    /// 99% took no longer.
    pub p99: f64,
}

/// Connections to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Connections {
    /// Open now.
    pub size: u32,
    /// Open and not in use.
    pub idle: u32,
    /// The most there may be.
    pub max: u32,
}

/// The minimum and maximum number of instances that the active rules allow, according to one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The fewest.
    pub minimum: u32,
    /// The most.
    pub maximum: u32,
}

/// What an instance reports with a heartbeat. Totals count from its start.
///
/// It is stored as JSON, and members that another version does not know are omitted or ignored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// CPU over its share since the last heartbeat, 0 to 100.
    pub cpu_percent: f64,
    /// Memory of the same scope, 0 to 100.
    pub memory_percent: f64,
    /// The value that `/api/metrics` showed at that time.
    pub requests_per_second: f64,
    /// The same.
    pub latency: Option<Latency>,
    /// Visits that it has written.
    pub visits_recorded: u64,
    /// The time left of its stress run, if there is one.
    pub stress_remaining_ms: Option<u64>,
    /// Requests answered, by the first digit of their status: 1xx to 5xx.
    pub requests: [u64; 5],
    /// Those of them that were refused because too many requests were in flight.
    pub refused: u64,
    /// Requests in flight.
    pub in_flight: u64,
    /// Timed requests.
    pub latencies: Latencies,
    /// The total time of these requests.
    pub latency_sum_us: u64,
    /// CPU time its process has used.
    pub process_cpu_ms: u64,
    /// Resident memory of its process.
    pub rss_bytes: u64,
    /// Threads of its process.
    pub threads: u64,
    /// Its connections to the database.
    pub connections: Connections,
    /// The limits in its rules; `None` if no rules are active.
    pub limits: Option<Limits>,
    /// Why it could not record visits, in one sentence; `None` if it could.
    pub write_problem: Option<String>,
}

/// More requests per second than any instance can serve.
pub const MOST_PER_SECOND: f64 = 1e9;
/// Longer than any request takes, in milliseconds: a day.
const LONGEST_LATENCY_MS: f64 = 86_400_000.0;

impl Report {
    /// Reads a stored report. An unreadable report counts as empty, because another version may have written it.
    /// Numbers that no instance can measure are replaced with the nearest possible value.
    pub fn read(json: &str) -> Self {
        let mut report: Self = serde_json::from_str(json).unwrap_or_default();
        report.cpu_percent = within_bounds(report.cpu_percent, 100.0);
        report.memory_percent = within_bounds(report.memory_percent, 100.0);
        report.requests_per_second = within_bounds(report.requests_per_second, MOST_PER_SECOND);
        if let Some(Latency { p50, p95, p99 }) = &mut report.latency {
            for part in [p50, p95, p99] {
                *part = within_bounds(*part, LONGEST_LATENCY_MS);
            }
        }
        report
    }
}

/// Limits a stored number to the range from 0 to `most`; 0 if it is not a number.
pub fn within_bounds(number: f64, most: f64) -> f64 {
    if number.is_nan() {
        0.0
    } else {
        number.clamp(0.0, most)
    }
}

/// What an instance stores with each heartbeat.
#[derive(Debug, Clone, PartialEq)]
pub struct Heartbeat {
    /// The run of the instance.
    pub run: Run,
    /// Its name.
    pub instance_id: String,
    /// Its state.
    pub state: InstanceState,
    /// How long its process has been up.
    pub up: Duration,
    /// Time between two of its heartbeats.
    pub interval: Duration,
    /// 1 for the first heartbeat. A delayed heartbeat never overwrites a later one.
    pub number: u64,
    /// Its report.
    pub report: Report,
    /// Its activity since the last stored heartbeat; `None` if there was none.
    pub since: Option<Interval>,
}

/// The activity of an instance between two heartbeats.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// The time between them.
    pub length: Duration,
    /// CPU over its share, the average of that time.
    pub cpu_percent: f64,
    /// Requests answered.
    pub requests: u64,
    /// Those of them that were timed.
    pub latencies: Latencies,
}

/// An instance as of its last heartbeat.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The run of the instance.
    pub run: Run,
    /// Its name.
    pub instance_id: String,
    /// The program's version.
    pub version: String,
    /// The state that it reported itself; see [`state_at`](Self::state_at).
    pub state: InstanceState,
    /// When its process began.
    pub started: Timestamp,
    /// When its last heartbeat was written.
    pub last_seen: Timestamp,
    /// Time between two of its heartbeats.
    pub heartbeat: Duration,
    /// Heartbeats so far.
    pub beats: u64,
    /// Its report.
    pub report: Report,
}

impl Member {
    /// Its state at `now`, by the clock of `last_seen`.
    ///
    /// A heartbeat in the future was written before the clock was set back. A running instance soon writes another
    /// one.
    pub fn state_at(&self, now: Timestamp) -> InstanceState {
        let patience = self.patience();
        let is_silent =
            now.since(self.last_seen) > patience || self.last_seen.since(now) > patience;
        match self.state {
            InstanceState::Starting | InstanceState::Live if is_silent => InstanceState::Lost,
            InstanceState::Draining if is_silent => InstanceState::Gone,
            state => state,
        }
    }

    /// How long before `now` it ended; `None` if it has not.
    pub fn ended_for(&self, now: Timestamp) -> Option<Duration> {
        let end = match self.state {
            InstanceState::Gone => self.last_seen,
            _ => self.last_seen.later(self.patience()),
        };
        self.state_at(now).has_ended().then(|| now.since(end))
    }

    /// The time without heartbeats in which three heartbeats are missed.
    fn patience(&self) -> Duration {
        self.heartbeat * BEATS_MISSED + LATENESS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_runs_have_larger_numbers() {
        let start = Timestamp::from_millis(1_795_525_502_120);
        let later = start.later(Duration::from_millis(1));
        assert!(Run::new(start, u32::MAX) < Run::new(later, 0));
        assert_ne!(Run::new(start, 1), Run::new(start, 2));
        assert!(Run::new(Timestamp::from_millis(-5), 7).number() >= 0);
    }

    #[test]
    fn an_instance_counts_as_ended_after_three_missed_heartbeats() {
        let seen = Timestamp::from_millis(1_000_000);
        let mut member = Member {
            run: Run::from_number(1),
            instance_id: "one".to_owned(),
            version: "1".to_owned(),
            state: InstanceState::Draining,
            started: seen,
            last_seen: seen,
            heartbeat: Duration::from_secs(5),
            beats: 1,
            report: Report::default(),
        };
        let after = |ms| seen.later(Duration::from_millis(ms));
        assert_eq!(member.state_at(after(15_400)), InstanceState::Draining);
        assert_eq!(member.ended_for(after(15_400)), None);
        assert_eq!(member.state_at(after(15_600)), InstanceState::Gone);
        assert_eq!(
            member.ended_for(after(15_600)),
            Some(Duration::from_millis(100))
        );
        // The clock was set back, a little and then by an hour, so the heartbeat is in the future.
        let before = |seconds| seen.earlier(Duration::from_secs(seconds));
        assert_eq!(member.state_at(before(2)), InstanceState::Draining);
        assert_eq!(member.state_at(before(3_600)), InstanceState::Gone);
        assert_eq!(member.ended_for(before(3_600)), Some(Duration::ZERO));
        // An instance that was not draining is lost.
        for state in [InstanceState::Starting, InstanceState::Live] {
            member.state = state;
            assert_eq!(member.state_at(after(15_400)), state);
            assert_eq!(member.state_at(after(15_600)), InstanceState::Lost);
        }
        // The instance itself reported that it is gone.
        member.state = InstanceState::Gone;
        assert_eq!(member.state_at(after(15_600)), InstanceState::Gone);
        assert_eq!(
            member.ended_for(after(100)),
            Some(Duration::from_millis(100))
        );
    }

    #[test]
    fn reports_of_other_versions_can_be_read() {
        let older = Report::read(r#"{"cpu_percent": 12.5}"#);
        assert_eq!((older.cpu_percent, older.threads), (12.5, 0));
        let newer = Report::read(r#"{"threads": 3, "mood": "good"}"#);
        assert_eq!(newer.threads, 3);
        for other in ["", "[]", "null", "{", r#"{"threads": -1}"#] {
            assert_eq!(Report::read(other), Report::default(), "{other}");
        }
    }

    #[test]
    fn impossible_numbers_are_bounded() {
        let report = Report::read(
            r#"{"cpu_percent": 1e308, "memory_percent": -5, "requests_per_second": 1e308,
                "latency": {"p50": -1, "p95": 2.5, "p99": 1e308}}"#,
        );
        assert_eq!((report.cpu_percent, report.memory_percent), (100.0, 0.0));
        assert_eq!(report.requests_per_second, MOST_PER_SECOND);
        let latency = report.latency.expect("it is told");
        assert_eq!(
            (latency.p50, latency.p95, latency.p99),
            (0.0, 2.5, LONGEST_LATENCY_MS)
        );
        assert_eq!(within_bounds(f64::NAN, 100.0), 0.0);
        assert_eq!(within_bounds(f64::INFINITY, 100.0), 100.0);
    }
}

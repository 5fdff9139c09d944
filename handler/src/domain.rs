//! The types and rules of the visit log. This module uses neither HTTP nor SQL.

mod address;
mod cpu_minutes;
mod idempotency;
mod instance;
mod latencies;
mod rules_clock;
mod scaling;
mod slice;
mod stress;
mod timeline;
mod timestamp;
mod visit;

pub use address::{AddressPolicy, TrustedProxies, client_address};
pub use cpu_minutes::{CpuMinute, cpu_minutes};
pub use idempotency::{IdempotencyKey, KEY_LIFETIME};
pub use instance::{
    Connections, Heartbeat, InstanceState, Interval, Latency, Limits, MOST_PER_SECOND, Member,
    Report, Run, within_bounds,
};
pub use latencies::Latencies;
pub use rules_clock::RulesClock;
pub use scaling::{
    CountChange, Evaluation, ScalerReport, ScalingDecision, ScalingOutcome, ScalingState, Settled,
};
pub use slice::{Sample, Slice, Sum, pack_per_instance, slices_of, unpack_per_instance};
pub use stress::{
    MAX_INTENSITY, MIN_SECONDS, OrderKind, StressOrder, StressPlan, UNWAITED_MAX_SECONDS,
};
pub use timeline::{
    Event, EventKind, FINE_SPAN, Grid, LONGEST_MINUTES, MINUTE, Timeline, fine_length, shown_runs,
};
pub use timestamp::Timestamp;
pub use visit::{Arrival, Listing, Receipt, Visit};

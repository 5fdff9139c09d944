//! What the reader of a load expects, and its options.

/// The required content of a table.
pub(super) const EXPECTED: &str = "the header must name seconds or timestamp, and load, or CpuPercentage with instances, \
     such as the line timestamp,CpuPercentage,instances before 2026-01-05T08:00:00Z,62.5,2";

/// Information for the reader of a load that is not in its file.
#[derive(Clone, Copy)]
pub struct ReadOptions<'a> {
    /// The instance count if the file has an average CPU and no counts: the rules' default.
    pub instances: u32,
    /// The metrics of the rules. A file without a load is accepted if it has one of these.
    pub rule_metrics: &'a [&'a str],
    /// Whether only metrics are needed. In that case the file needs no load, and its CPU and counts are ordinary
    /// metrics.
    pub metrics_only: bool,
    /// Converts a time without an offset, given as seconds since 1970-01-01T00:00 on a local clock, to Unix seconds.
    /// If it is `None`, such times stay local ([`Start::Local`](super::Start::Local)).
    pub local: Option<&'a dyn Fn(i64) -> i64>,
}

impl Default for ReadOptions<'_> {
    fn default() -> Self {
        Self {
            instances: 1,
            rule_metrics: &[],
            metrics_only: false,
            local: None,
        }
    }
}

//! What the reader of a load expects, and what it is told.

/// What a table of a load must have.
pub(super) const EXPECTED: &str = "the header must name seconds or timestamp, and load, or CpuPercentage with instances, \
     such as the line timestamp,CpuPercentage,instances before 2026-01-05T08:00:00Z,62.5,2";

/// What the reader of a load cannot know from its file.
#[derive(Clone, Copy)]
pub struct ReadOptions<'a> {
    /// The instance count where the file has a mean CPU and no counts: the rules' default.
    pub instances: u32,
    /// The metrics of the rules: a file without any load is read where it has one of these.
    pub rule_metrics: &'a [&'a str],
    /// Whether only metrics are wanted: then the file needs no load, and its CPU and its counts are metrics like others.
    pub metrics_only: bool,
    /// The Unix seconds of a time without an offset, which is given as seconds since 1970-01-01T00:00 on a local clock.
    /// `None`: such times stay local ([`Start::Local`](super::Start::Local)).
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

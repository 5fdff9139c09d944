//! What the instance reports while it runs: log lines always, and trace spans if a collector is set.

mod collector;
mod ids;
mod lines;
mod spans;

pub use collector::{Collector, parse_headers};
pub use ids::{LONGEST, RequestIds};
pub use lines::{LogFormat, start as log};
pub use spans::{Spans, end};

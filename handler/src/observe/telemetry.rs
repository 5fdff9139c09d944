//! What the instance tells of its work while it works: log lines always, spans of traces where a collector is set.

mod collector;
mod ids;
mod lines;
mod spans;

pub use collector::{Collector, parse_headers};
pub use ids::{LONGEST, RequestIds};
pub use lines::{LogFormat, start as log};
pub use spans::{Spans, end};

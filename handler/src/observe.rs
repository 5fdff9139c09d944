//! What the instance measures and reports about its own work.
//!
//! - [`cpu_and_memory`]: CPU and memory, read in the background
//! - [`traffic`]: requests, counted and timed
//! - [`telemetry`]: log lines, and spans of traces

mod cgroup;
pub mod cpu_and_memory;
pub mod telemetry;
pub mod traffic;

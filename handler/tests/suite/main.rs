//! The handler as a whole, in the test's own process or as the real binary, with real databases.
//!
//! All tests are one program, because each separate program would be compiled and linked with all dependencies.
#![allow(clippy::unwrap_used, missing_docs)]

#[macro_use]
mod support;

mod batches;
mod binary;
mod entra;
mod fleet;
mod fleet_at_scale;
mod load;
mod operations;
mod outage;
mod overload;
mod prometheus;
mod provision;
mod reads;
mod retention;
mod role_step;
mod scaler;
mod timeline;
mod traces;
mod visits;
mod write_probe;

//! Reads and writes of the database, in one file per subject.

pub(super) mod heartbeats;
pub(super) mod instances;
pub(super) mod scale_actions;
mod scaler_report;
pub(super) mod stress_orders;
mod timeline;
pub(super) mod visits;

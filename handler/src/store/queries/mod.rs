//! What is read from the database and written to it, a file for each subject.

pub(super) mod heartbeats;
pub(super) mod instances;
pub(super) mod scale_actions;
mod scaler_report;
pub(super) mod stress_orders;
mod timeline;
pub(super) mod visits;

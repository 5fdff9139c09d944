//! `lab up` with several instances: real processes, at up to 600 times Azure's pace.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

#[path = "../support/mod.rs"]
mod support;

mod balancing;
mod deaths;
mod ends;
mod refusals;
mod scaling;
mod view;

//! The lab as its users call it, and the handler with faults and kills: everything except the end-to-end tests, which
//! need the package.
//!
//! One program for all tests, because separate ones would each be compiled and linked with all dependencies.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

#[path = "../cases/mod.rs"]
mod cases;
mod check;
mod demo;
mod doctor;
mod faults;
mod fleet;
mod host;
mod kills;
mod load;
mod moving;
mod outage;
mod package;
mod postgres;
mod postgres_server;
mod replay;
mod report;
mod rules_command;
mod scratch;
mod scripts;
mod simulate;
mod support;
mod tune;

//! `lab simulate`: through the binary as a user calls it, and its model against a plain second-by-second one.
#![allow(clippy::unwrap_used)]

mod command;
mod model;
#[path = "../scratch/mod.rs"]
mod scratch;

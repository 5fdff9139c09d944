//! The record of a run and its files.
#![allow(clippy::unwrap_used)]

mod file;
mod format;
mod hours;
mod table;

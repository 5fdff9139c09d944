//! The verdict and the page of runs of every kind.
#![allow(clippy::unwrap_used)]

mod azure;
mod extremes;
mod judge;
mod page;
mod samples;
mod simulated;
mod too_short;

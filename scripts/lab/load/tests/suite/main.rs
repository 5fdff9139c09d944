//! Tests of the load engine through its public interface.

mod fleet;
mod mix;
mod schedule;
mod stages;
mod target;

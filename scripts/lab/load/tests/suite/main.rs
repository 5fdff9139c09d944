//! The load engine by its public interface.

mod fleet;
mod mix;
mod schedule;
mod stages;
mod target;

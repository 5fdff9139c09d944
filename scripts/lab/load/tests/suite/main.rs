//! The load engine by its public interface.

mod fleet;
mod stages;

//! What works on the store in the background.
//!
//! - `recorder`: group commit, the only way a visit is written
//! - `shared_reads`: concurrent reads of the same page share a query
//! - `roll_up`: samples become slices of the timeline
//! - `write_probe`: whether visits can be recorded
//! - `retention`: deletes expired rows and blanks old addresses; `prune` does so for the fleet's rows

mod prune;
pub(super) mod recorder;
pub(super) mod retention;
pub(super) mod roll_up;
pub(super) mod shared_reads;
pub(super) mod write_probe;

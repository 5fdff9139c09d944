//! Background work on the store.
//!
//! - `recorder`: group commit, the only way to write visits
//! - `shared_reads`: concurrent reads of the same data share a query
//! - `roll_up`: turns samples into slices of the timeline
//! - `write_probe`: tests whether visits can be recorded
//! - `retention`: deletes expired rows and blanks old addresses; `prune` deletes the fleet's old rows

mod prune;
pub(super) mod recorder;
pub(super) mod retention;
pub(super) mod roll_up;
pub(super) mod shared_reads;
pub(super) mod write_probe;

//! What the handler answers while the database, the disk or the network fails, and how soon it is back.
//!
//! In every case callers keep asking. Meanwhile each answer is right or a 503, and in time; afterwards
//! everything works again without a restart, and the register holds what was acknowledged.

mod case;
mod disk;
mod network;
mod resources;
mod server;

//! The handler's responses while the database, the disk or the network fails, and the time until it works again.
//!
//! In every case, callers send requests all the time. During the fault, each response is correct or a 503, and in
//! time. After it, everything works again without a restart, and the database contains the acknowledged visits.

mod case;
mod disk;
mod network;
mod resources;
mod server;

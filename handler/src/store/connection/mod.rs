//! The connections to the database.
//!
//! - `database`: opens the store in the background and reports whether it can be used
//! - `schema`: the migrations
//! - `pools`: the connection pools of either engine
//! - `session`: a connection in use
//! - `postgres`, `sqlite`: what only one of the engines needs
//! - `lease`: a connection taken from its pool
//! - `deadline`: how long the database may take

pub(super) mod database;
pub(super) mod deadline;
mod lease;
pub(super) mod pools;
pub(super) mod postgres;
pub(super) mod schema;
pub(super) mod session;
mod sqlite;

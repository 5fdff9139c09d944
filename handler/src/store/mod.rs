//! The store for visits: PostgreSQL, or SQLite if PostgreSQL is not configured.
//!
//! - `connection`: pools, connections in use, the schema; uses neither of the others
//! - `queries`: reads and writes, one method per operation, on the store or on a connection in use
//! - `tasks`: background work on the store; uses both
//!
//! Both engines run the same statements where their dialects agree.

mod connection;
mod error;
mod queries;
mod tasks;

pub use connection::database::{Database, Health, Migrate, Target};
pub use connection::deadline::{STATEMENT_DEADLINE, within};
pub use connection::pools::Store;
pub use connection::postgres::{Auth, Pooler, PostgresTarget};
pub(crate) use connection::schema::migrate_postgres;
pub use error::Error;
pub use queries::heartbeats::Reply;
pub use queries::instances::FleetListing;
pub use queries::scale_actions::{ScalingInputs, ScalingLease, Turn};
pub use queries::stress_orders::NewOrders;
pub use tasks::recorder::Recorder;
pub use tasks::retention::Retention;
pub use tasks::roll_up::is_due as is_roll_up_due;
pub use tasks::shared_reads::{Shared, SharedReads};
pub use tasks::write_probe::WriteProbe;

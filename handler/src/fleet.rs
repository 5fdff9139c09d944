//! An instance's part in the fleet: what it tells with each heartbeat, and the orders it hears in return.

mod heartbeats;
mod lifecycle;
mod orders;

pub use heartbeats::HeartbeatTask;
pub use lifecycle::Lifecycle;
pub use orders::Orders;

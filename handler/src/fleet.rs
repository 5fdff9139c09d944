//! An instance's part in the fleet: what it tells with each heartbeat, and the orders it hears in return.

mod heart;
mod orders;
mod pulse;

pub use heart::Heart;
pub use orders::Orders;
pub use pulse::Pulse;

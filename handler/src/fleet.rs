//! An instance's part in the fleet: what it tells with each heartbeat, and the orders it hears in return; and the scaler
//! of the whole fleet, where the app sets the number of instances itself.

mod heartbeats;
mod lifecycle;
mod orders;
mod scaler;
mod shown_rules;

pub use heartbeats::HeartbeatTask;
pub use lifecycle::Lifecycle;
pub use orders::Orders;
pub use scaler::{Rules, Run as ScalerRun, Scaler};
pub use shown_rules::ShownRules;

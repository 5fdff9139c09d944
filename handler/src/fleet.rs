//! An instance's part in the fleet: its heartbeats, and the fleet commands that it reads with them. And the scaler of
//! the whole fleet, if the app sets the number of instances itself.

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

//! Types and rules of the visit register. Knows neither HTTP nor SQL.

mod address;
mod idempotency;
mod moment;
mod stress;
mod visit;

pub use address::{AddressPolicy, TrustedProxies, client_address};
pub use idempotency::{IdempotencyKey, KEY_LIFETIME};
pub use moment::Moment;
pub use stress::{
    MAX_INTENSITY, MIN_SECONDS, OrderKind, StressOrder, StressPlan, UNWAITED_MAX_SECONDS,
};
pub use visit::{Arrival, Listing, Receipt, Visit};

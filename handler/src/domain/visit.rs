use super::{IdempotencyKey, Timestamp};

/// A visit as it arrives, before it has an id and a time.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The visitor's address as it may be stored; `None` if it is not stored.
    pub ip_address: Option<String>,
    /// The client's `Idempotency-Key`, if it sent one.
    pub key: Option<IdempotencyKey>,
}

/// The data of a visit that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Increases with every visit; gaps are possible.
    pub id: i64,
    /// When the visit was recorded, by the database's clock. For a replayed key, the time of the first visit.
    pub recorded: Timestamp,
    /// The instance that recorded it.
    pub instance_id: String,
    /// The total: visits committed when the transaction began, plus those before this one in its batch.
    pub total_visits: i64,
    /// The key was used before. This is the earlier visit, and it was not counted again.
    pub replayed: bool,
}

/// A stored visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The visit's id.
    pub id: i64,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// The stored address: truncated, full, or none, as the setting of the recording instance required.
    pub ip_address: Option<String>,
    /// The instance that recorded it.
    pub instance_id: String,
}

/// One page of visits and the total, from the same snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// All visits committed at the time of the snapshot.
    pub total_visits: i64,
    /// Newest first.
    pub visits: Vec<Visit>,
    /// The id at which the next page begins; `None` on the last page.
    pub next_before: Option<i64>,
}

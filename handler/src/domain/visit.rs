use super::{IdempotencyKey, Timestamp};

/// A visit as it arrives, before it has an id and a time.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The visitor's address as it may be stored; `None` stores none.
    pub ip_address: Option<String>,
    /// The client's `Idempotency-Key`, if it sent one.
    pub key: Option<IdempotencyKey>,
}

/// What is known of an arrival once it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Grows with every visit; gaps are possible.
    pub id: i64,
    /// When the visit was recorded, by the database's clock; for a replayed key, the first time.
    pub recorded: Timestamp,
    /// The instance that recorded it.
    pub instance_id: String,
    /// All visits: those committed when the transaction began, and those before this one in its batch.
    pub total_visits: i64,
    /// The key had been used before: this is that earlier visit, and nothing was counted.
    pub replayed: bool,
}

/// A stored visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The visit's id.
    pub id: i64,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// The stored address: truncated, full or none, as the instance that recorded it was set.
    pub ip_address: Option<String>,
    /// The instance that recorded it.
    pub instance_id: String,
}

/// One page of visits and the total, both of one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// All visits committed at the snapshot.
    pub total_visits: i64,
    /// Newest first.
    pub visits: Vec<Visit>,
    /// Where the next page begins; `None` on the last one.
    pub next_before: Option<i64>,
}

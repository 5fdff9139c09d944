//! Names of rows that other code refers to.

use run_record::format::things;

/// The two sizes of the database, in rows, that are always measured.
pub(crate) const SMALL: u64 = 1_000;
pub(crate) const LARGE: u64 = 1_000_000;

pub(crate) const SINGLE_INSERTS: &str = "pgbench single inserts, 64 clients";
pub(crate) const SQLX_INSERT: &str = "single insert through sqlx, 1 connection";
pub(crate) const MEMORY_IDLE: &str = "memory idle";
pub(crate) const START_SQLITE: &str = "start to first listing, SQLite";
pub(crate) const START_POSTGRES: &str = "start to first listing, PostgreSQL";
pub(crate) const PROBES_IDLE: &str = "GET /health/live, 8 conn, idle";
pub(crate) const VISITS: &str = "POST /api/visit";
pub(crate) const LISTING: &str = "GET /api/visits";
pub(crate) const DIRECT: &str = "direct";
pub(crate) const LAB_UP: &str = "lab up";
pub(crate) const ACCEPTED: &str = "accepted";
pub(crate) const SHED: &str = "answered 503";
pub(crate) const NEITHER: &str = "neither";
pub(crate) const PROBES_OVERLOAD: &str = "GET /health/live meanwhile, 20/s";
pub(crate) const RULE_SETS: &str = "rule sets tried on a day";
pub(crate) const RECOVERY: &str = "until normal service afterwards";

/// A request at 64 connections that reaches the handler on a way, such as [`LAB_UP`].
pub(crate) fn on_way(endpoint: &str, way: &str) -> String {
    format!("{endpoint}, 64 conn, {way}")
}

pub(crate) fn empty_route(connections: u32) -> String {
    format!("empty axum route, {connections} conn")
}

pub(crate) fn visits(connections: u32, rows: u64) -> String {
    format!("{VISITS}, {connections} conn, {} rows", size(rows))
}

pub(crate) fn listing(connections: u32, rows: u64) -> String {
    format!("{LISTING}, {connections} conn, {} rows", size(rows))
}

pub(crate) fn instances(count: usize) -> String {
    on_way(VISITS, &things(count as u64, "instance"))
}

pub(crate) fn limited_instances(count: usize) -> String {
    format!("{}, CPU limited", instances(count))
}

/// `1k`, `10M`; the exact number if neither unit fits.
pub(crate) fn size(rows: u64) -> String {
    match rows {
        _ if rows > 0 && rows.is_multiple_of(1_000_000) => format!("{}M", rows / 1_000_000),
        _ if rows > 0 && rows.is_multiple_of(1_000) => format!("{}k", rows / 1_000),
        _ => rows.to_string(),
    }
}

/// The reverse, for arguments.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => match text.strip_suffix('M') {
            Some(digits) => (digits, 1_000_000),
            None => (text, 1),
        },
    };
    let rows = digits.parse::<u64>().ok();
    rows.and_then(|rows| rows.checked_mul(factor))
        .filter(|rows| (1..=100_000_000).contains(rows))
        .ok_or_else(|| "it must be a number of rows up to 100M, such as 10M".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_the_form_in_which_they_are_written() {
        for rows in [7, SMALL, 1_500, 100_000, LARGE, 10_000_000] {
            assert_eq!(parse_size(&size(rows)), Ok(rows));
        }
        for bad in ["", "M", "-1", "0", "10G", "1000M", "99999999999999999999"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }
}

//! The lower limit for a single visit: only the insert, through sqlx, repeated on one connection.
//!
//! Usage: `DATABASE_URL=... single_insert SECONDS`, on a database with the table that `lab bench` creates. Prints the
//! number of inserts and the quantiles of their latency as JSON.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use hdrhistogram::Histogram;
use sqlx::{Connection as _, PgConnection};

const INSERT: &str = "
    insert into limit_visits (recorded_ms, ip_address, instance_id)
    values ($1, $2, $3)
    returning id";

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
    let seconds = std::env::args()
        .nth(1)
        .context("usage: single_insert SECONDS")?;
    let window = Duration::from_secs_f64(seconds.parse()?);

    let mut connection = PgConnection::connect(&url).await?;
    let mut latency: Histogram<u64> = Histogram::new_with_bounds(1, 120_000_000, 3)?;
    let begun = Instant::now();
    while begun.elapsed() < window {
        let sent = Instant::now();
        sqlx::query_scalar::<_, i64>(INSERT)
            .bind(1_764_000_000_000_i64)
            .bind("203.0.113.0")
            .bind("bench")
            .fetch_one(&mut connection)
            .await?;
        latency.saturating_record(u64::try_from(sent.elapsed().as_micros())?);
    }
    let took = begun.elapsed();
    connection.close().await?;
    let report = serde_json::json!({
        "inserts": latency.len(),
        "seconds": took.as_secs_f64(),
        "p50_us": latency.value_at_quantile(0.5),
        "p99_us": latency.value_at_quantile(0.99),
    });
    println!("{report}");
    Ok(())
}

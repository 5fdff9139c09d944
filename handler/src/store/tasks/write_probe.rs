//! Tests at each heartbeat interval whether visits can be recorded, for `/health`.

use std::time::Duration;

use tokio::time;
use tokio_util::sync::CancellationToken;

use crate::store::Error;
use crate::store::connection::database::Database;
use crate::store::connection::deadline::{STATEMENT_DEADLINE, within};

/// While visits cannot be recorded, the next probe follows after this time at the latest.
const RETRY: Duration = Duration::from_secs(1);

/// Repeatedly writes a visit and rolls it back, and reports the result to the [`Database`].
#[derive(Debug)]
pub struct WriteProbe {
    /// The database that all instances share.
    pub database: Database,
    /// The time between two probes, which is the heartbeat interval.
    pub interval: Duration,
    /// The first probe's number, which other instances are unlikely to use.
    pub first: u32,
}

impl WriteProbe {
    /// Probes until it is stopped.
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.probe_on() => {}
        }
    }

    async fn probe_on(&self) {
        self.database.ready().await;
        let mut number = self.first;
        loop {
            let outcome = within(STATEMENT_DEADLINE, self.probe(number)).await;
            self.database.note_probe(&outcome);
            number = number.wrapping_add(1);
            time::sleep(match outcome {
                Ok(()) => self.interval,
                Err(_) => self.interval.min(RETRY),
            })
            .await;
        }
    }

    async fn probe(&self, number: u32) -> Result<(), Error> {
        let mut session = self.database.store().await?.writer().await?;
        session.probe_write(number).await
    }
}

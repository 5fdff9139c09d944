//! Visits and listing, on PostgreSQL at several sizes and on SQLite.

use anyhow::Context as _;
use serde::Deserialize;
use tokio::process::Command;

use super::measure::{Measurement, call, listing, visit};
use super::results::Limit;
use super::server::{Server, clean, client, output};
use super::{Bench, Group, names};

const CONNECTIONS: [u32; 3] = [1, 64, 512];

/// Smaller databases are created anew for every round, so that they are small when it begins.
const KEPT_FROM: u64 = 100_000;

/// The part of a page that is needed for counting.
#[derive(Deserialize)]
struct Page {
    total_visits: u64,
    recent_visits: Vec<serde::de::IgnoredAny>,
    next_before: Option<i64>,
}

impl Bench {
    pub(super) async fn visits(&mut self) -> anyhow::Result<()> {
        for rows in self.sizes.clone() {
            let mut database = format!("visits_{}", names::size(rows)).to_lowercase();
            if rows < KEPT_FROM {
                database = format!("{database}_{}", self.round);
            }
            self.database(&database, rows).await?;
            let server = self.on_postgres(&database).await?;
            // Listing comes first, while the database still has its named size.
            let listings = CONNECTIONS.map(|connections| {
                let limit = Limit::rate(names::empty_route(connections));
                (
                    names::listing(connections, rows),
                    limit,
                    listing(),
                    connections,
                )
            });
            let visits = CONNECTIONS.map(|connections| {
                let limit = match connections {
                    1 => Limit::p50(names::SQLX_INSERT),
                    _ => Limit::rate(names::SINGLE_INSERTS),
                };
                (
                    names::visits(connections, rows),
                    limit,
                    visit(),
                    connections,
                )
            });
            for (name, limit, call, connections) in listings.into_iter().chain(visits) {
                let measurement = Measurement::new(Group::Visits, &name, &call, connections);
                self.load(measurement.beside(limit), &[&server], Some(&database))
                    .await?;
            }
            server.stop().await?;
        }
        Ok(())
    }

    pub(super) async fn sqlite(&mut self) -> anyhow::Result<()> {
        let database = format!("SQLite, round {}", self.round);
        self.databases.open(&database, 0);
        let server = self.on_sqlite(&format!("visits_{}.db", self.round)).await?;
        let (visit, listing) = (visit(), listing());
        let measurement = Measurement::new(Group::Sqlite, "POST /api/visit, 64 conn", &visit, 64);
        self.load(measurement, &[&server], Some(&database)).await?;
        let limit = Limit::rate(names::empty_route(64));
        let measurement = Measurement::new(Group::Sqlite, "GET /api/visits, 64 conn", &listing, 64);
        self.load(measurement.beside(limit), &[&server], None)
            .await?;
        self.databases.count(&database, count_pages(&server).await?);
        server.stop().await
    }

    /// Creates a database of this many rows, unless it exists.
    pub(super) async fn database(&mut self, name: &str, rows: u64) -> anyhow::Result<()> {
        if self.databases.knows(name) {
            return Ok(());
        }
        self.postgres.create(name).await?;
        let mut migrate = self.handler_on(name);
        migrate.arg("migrate");
        output(migrate, "handler migrate").await?;
        if rows > 0 {
            let size = names::size(rows);
            self.say(&format!("filling a database with {size} rows"));
            self.postgres.fill(name, rows).await?;
        }
        self.databases.open(name, rows);
        Ok(())
    }

    /// A handler with its default settings.
    pub(super) fn handler_on(&self, database: &str) -> Command {
        let mut command = clean(&self.programs.handler);
        command.env("DATABASE_URL", self.postgres.url(database));
        command
    }

    pub(super) async fn on_postgres(&self, database: &str) -> anyhow::Result<Server> {
        self.start_handler(self.handler_on(database)).await
    }

    pub(super) async fn on_sqlite(&self, file: &str) -> anyhow::Result<Server> {
        let mut command = clean(&self.programs.handler);
        command.env("SQLITE_PATH", self.folder.join(file));
        self.start_handler(command).await
    }

    pub(super) async fn start_handler(&self, command: Command) -> anyhow::Result<Server> {
        Server::start(command, &listing().request, &self.log("handler")).await
    }

    /// Counts the rows of all databases that are not counted yet.
    pub(super) async fn count_databases(&mut self) -> anyhow::Result<()> {
        let databases = self.databases.0.iter();
        let uncounted = databases.filter(|database| database.rows.is_none());
        let uncounted: Vec<String> = uncounted.map(|database| database.name.clone()).collect();
        for database in uncounted {
            let counts = self.postgres.counts(&database).await?;
            self.databases.count(&database, counts);
        }
        Ok(())
    }
}

/// The rows on the pages of the list, and its total.
async fn count_pages(server: &Server) -> anyhow::Result<(u64, u64)> {
    let mut client = client(server.address);
    let mut rows = 0;
    let mut before = String::new();
    loop {
        let request = call(&format!("/api/visits?limit=100{before}")).request;
        let reply = client.send(&request).await;
        let reply = reply.map_err(|(_, reason)| anyhow::anyhow!(reason))?;
        let page: Page = serde_json::from_slice(&reply.body)
            .with_context(|| format!("a page of visits returned {}", reply.status()))?;
        rows += page.recent_visits.len() as u64;
        match page.next_before {
            Some(id) => before = format!("&before={id}"),
            None => return Ok((rows, page.total_visits)),
        }
    }
}

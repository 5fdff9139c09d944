//! Elastic Visits: a visit register that runs as an Azure Functions custom handler.
//!
//! The modules, in the order in which a start, and then a request, meets them:
//!
//! - [`config`]: every setting
//! - [`telemetry`]: log lines, and spans of traces
//! - [`shutdown`]: SIGTERM and SIGINT
//! - [`service`]: the running instance; starts and stops everything below
//! - [`tasks`]: background tasks, none of which ends unnoticed
//! - [`http`]: routes, layers, handlers, errors
//! - [`domain`]: types and rules; knows none of the others
//! - [`store`]: the register in PostgreSQL or SQLite, and group commit
//! - [`identity`]: Entra access tokens, the database's password in Azure
//! - [`stress`]: CPU load on demand
//! - [`fleet`]: follows the orders that the store holds for all instances
//! - [`system`]: CPU and memory, read in the background
//! - [`traffic`]: requests counted and timed

pub mod config;
pub mod domain;
pub mod fleet;
pub mod http;
pub mod identity;
pub mod service;
pub mod shutdown;
pub mod store;
pub mod stress;
pub mod system;
pub mod tasks;
pub mod telemetry;
pub mod traffic;

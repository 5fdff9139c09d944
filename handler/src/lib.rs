//! Elastic Visits: a visit log that runs as an Azure Functions custom handler.
//!
//! The modules, in the order in which they are used at the start and then by a request:
//!
//! - [`config`]: every setting
//! - [`shutdown`]: SIGTERM and SIGINT
//! - [`service`]: the running instance; starts and stops everything below
//! - [`tasks`]: background tasks; one that ends unexpectedly ends the instance
//! - [`http`]: routes, layers, handlers, errors
//! - [`domain`]: types and rules; uses none of the others
//! - [`store`]: the visits in PostgreSQL or SQLite: connections, queries, and background tasks
//! - [`azure`]: access tokens of the app's identity, Azure Resource Manager, and the database's provisioning
//! - [`stress`]: CPU load on demand
//! - [`fleet`]: heartbeats, life cycle, the fleet's commands, and the scaler of Elastic Premium
//! - [`observe`]: CPU and memory, traffic, log lines, and traces

pub mod azure;
pub mod config;
pub mod domain;
pub mod fleet;
pub mod http;
pub mod observe;
pub mod service;
pub mod shutdown;
pub mod store;
pub mod stress;
pub mod tasks;

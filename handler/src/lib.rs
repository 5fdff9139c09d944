//! Elastic Visits: a visit register that runs as an Azure Functions custom handler.

pub mod config;
pub mod domain;
pub mod fleet;
pub mod http;
pub mod service;
pub mod shutdown;
pub mod store;
pub mod stress;
pub mod system;
pub mod telemetry;
pub mod traffic;

//! `lab load` and the load engine: sends requests to an app, here or in Azure, and records how it and its fleet respond.
//!
//! | module | does |
//! | --- | --- |
//! | [`target`], [`mix`], [`schedule`], [`stages`], [`duration`] | where to, what, when: as the user writes it |
//! | [`load_test`] | a load on a target, from the first request to the record of the run |
//! | [`scale_test`], [`cost`] | a load that follows the fleet: finds the rate that makes it scale, and holds it |
//! | [`generator`], [`worker`], [`workload`] | the threads that send, and what they send |
//! | [`open_loop`], [`closed_loop`], [`timer`] | requests when they are due; callers who wait for responses |
//! | [`dispatcher`] | one request of a worker: takes a connection, sends, counts |
//! | [`client`], [`connection`], [`request`], [`response`], [`failure`] | the lab's HTTP client: connections, TLS, HTTP/1.1, what can go wrong |
//! | [`stats`], [`series`] | counts and latencies, in total and by second |
//! | [`fleet`], [`poller`] | the instances behind the target |
//! | [`arguments`], [`custom_request`], [`command`], [`console`], [`advice`], [`expect`], [`files`] | `lab load` itself: arguments, display, conditions, what it writes |

mod advice;
mod arguments;
pub mod client;
mod closed_loop;
mod command;
pub mod connection;
mod console;
mod cost;
mod custom_request;
mod dispatcher;
mod duration;
mod expect;
pub mod failure;
mod files;
pub mod fleet;
pub mod generator;
pub mod load_test;
pub mod mix;
mod open_loop;
mod poller;
pub mod request;
mod response;
pub mod scale_test;
pub mod schedule;
mod series;
pub mod stages;
pub mod stats;
pub mod target;
mod timer;

mod worker;
pub mod workload;

pub use arguments::LoadArgs;
pub use command::{Analysis, run};

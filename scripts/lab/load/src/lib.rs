//! `lab load` and the load engine: sends requests to an app, here or in Azure, and records how it and its fleet respond.
//!
//! | module | does |
//! | --- | --- |
//! | [`target`], [`mix`], [`schedule`], [`stages`], [`duration`] | the target, the requests, and the schedule, in the user's notation |
//! | [`load_test`] | a load on a target, from the first request to the record of the run |
//! | [`scale_test`], [`cost`] | a load that follows the fleet: finds and holds the rate that makes it scale |
//! | [`generator`], [`worker`], [`workload`] | the threads that send, and what they send |
//! | [`open_loop`], [`closed_loop`], [`timer`] | requests that start when they are due; callers that wait for responses |
//! | [`dispatcher`] | one request of a worker: takes a connection, sends, counts |
//! | [`client`], [`connection`], [`request`], [`response`], [`failure`] | the lab's HTTP client: connections, TLS, HTTP/1.1, failures |
//! | [`stats`], [`series`] | counts and latencies, in total and per second |
//! | [`fleet`], [`poller`] | the instances behind the target |
//! | [`arguments`], [`custom_request`], [`command`], [`console`], [`advice`], [`expect`], [`files`] | `lab load` itself: options, display, conditions, output files |

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

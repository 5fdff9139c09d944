//! `lab load`: puts load on the app, here or in Azure, and records how it and its fleet took it.
//!
//! | module | does |
//! | --- | --- |
//! | [`target`], [`mix`], [`schedule`], [`stages`], [`duration`] | where to, what, when: as the user writes it |
//! | [`trial`] | a load on a target, from the first look to the record of the run; what `lab demo` uses |
//! | [`generator`], [`worker`] | the threads that send, and what they hand over |
//! | [`open_loop`], [`closed_loop`], [`timer`] | requests when they are due; callers who wait for answers |
//! | [`desk`], [`connection`], [`request`], [`answer`], [`failure`] | one request: connections, TLS, HTTP/1.1, what can go wrong |
//! | [`tally`], [`ledger`] | counts and latencies, added up |
//! | [`fleet`], [`look`] | the instances behind the target |
//! | [`command`], [`console`], [`expect`], [`files`], [`signals`] | `lab load` itself: arguments, display, conditions, what it writes |

mod answer;
mod closed_loop;
pub mod command;
pub(crate) mod connection;
mod console;
mod desk;
pub mod duration;
pub mod expect;
pub(crate) mod failure;
mod files;
pub mod fleet;
pub mod generator;
mod ledger;
mod look;
pub mod mix;
mod open_loop;
pub(crate) mod request;
pub mod schedule;
mod signals;
pub mod stages;
mod tally;
pub mod target;
mod timer;
pub mod trial;
mod worker;

pub use command::{LoadArgs, load};

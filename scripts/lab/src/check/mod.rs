//! `lab check`: checks whether an app, here or in Azure, works correctly. It is the smoke test after a deployment.
//!
//! | module | does |
//! | --- | --- |
//! | [`command`] | arguments, waiting for an app that starts, what is printed |
//! | [`caller`] | the requests of the checks |
//! | [`checks`] | what is requested, and what a right response is |

mod caller;
mod checks;
pub mod command;

pub use command::{CheckArgs, run};

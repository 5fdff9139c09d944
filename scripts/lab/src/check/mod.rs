//! `lab check`: checks whether an app, here or in Azure, works correctly. It is the smoke test after a deployment.
//!
//! | module | does |
//! | --- | --- |
//! | [`command`] | arguments, the wait for the app, output |
//! | [`caller`] | the requests of the checks |
//! | [`checks`] | the requests, and the correct responses |

mod caller;
mod checks;
pub mod command;

pub use command::{CheckArgs, run};

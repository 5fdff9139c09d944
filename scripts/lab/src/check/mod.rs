//! `lab check`: looks whether an app, here or in Azure, does what it should; the smoke test after a deployment.
//!
//! | module | does |
//! | --- | --- |
//! | [`command`] | arguments, waiting for an app that starts, what is printed |
//! | [`caller`] | one request after the other to the app |
//! | [`checks`] | what is asked, and what a right answer is |

mod caller;
mod checks;
pub mod command;

pub use command::{CheckArgs, run};

//! Emulates the Azure Functions host and Azure autoscale on one machine; the parts of the `lab` command.
//!
//! | command | module | does |
//! | --- | --- | --- |
//! | `lab up` | [`up`] | runs the handler behind an emulator of the Azure Functions host |
//! | `lab assemble`, `lab package` | [`package`] | creates the function app folder and the deployable zip |
//! | `lab check` | [`check`] | checks whether an app works correctly |
//! | `lab demo` | [`demo`] | scales to one, two, three, two, and one instances, and verifies the run |
//! | `lab doctor` | [`doctor`] | shows the installed and the missing tools |
//!
//! Other commands are separate crates:
//!
//! | command | crate | does |
//! | --- | --- | --- |
//! | `lab load` | [`load`] | loads the app, here or in Azure, and records the run |
//! | `lab bench` | [`bench`] | compares the performance of the handler with the limits of this machine |
//! | `lab simulate` | [`simulate`] | simulates the autoscale rules in virtual time |
//! | `lab rules` | [`rules`] | explains the autoscale rules and checks them |
//! | `lab report` | [`report`] | creates the page of a saved run |
//! | `lab postgres` | [`postgres`] | runs a command together with a private PostgreSQL server |
//!
//! `lab up` combines the crates [`functions_host`] (the host) and [`fleet`] (instances, autoscaler).

pub mod check;
pub mod demo;
pub mod doctor;
pub mod package;
pub mod up;

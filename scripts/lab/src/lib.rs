//! Emulates the Azure Functions host and Azure autoscale on one machine; the parts of the `lab` command.
//!
//! | command | module | does |
//! | --- | --- | --- |
//! | `lab up` | [`up`] | runs the handler behind an emulator of the Azure Functions host |
//! | `lab assemble`, `lab package` | [`package`] | lays out the function app; makes the deployable zip |
//! | `lab check` | [`check`] | looks whether an app does what it should |
//! | `lab demo` | [`demo`] | plays the whole story of scaling, and proves it |
//! | `lab doctor` | [`doctor`] | tells what this machine has and what is missing |
//!
//! Other commands are crates of their own, beside this one:
//!
//! | command | crate | does |
//! | --- | --- | --- |
//! | `lab load` | [`load`] | puts load on the app, here or in Azure, and records how it went |
//! | `lab bench` | [`bench`] | measures the handler beside what this machine can do at best |
//! | `lab simulate` | [`simulate`] | runs the autoscale rules in virtual time |
//! | `lab rules` | [`rules`] | explains the autoscale rules and checks them |
//! | `lab report` | [`report`] | creates the page of a saved run |
//! | `lab postgres` | [`postgres`] | runs a command beside a private PostgreSQL server |
//!
//! `lab up` is the crates [`functions_host`] (the host) and [`fleet`] (instances, autoscaler) put together.

pub mod check;
pub mod demo;
pub mod doctor;
pub mod package;
pub mod up;

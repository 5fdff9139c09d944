//! Run, rehearse and package Elastic Visits on one machine; the parts of the `lab` command.
//!
//! | command | module | does |
//! | --- | --- | --- |
//! | `lab up` | [`host`] | stands in for the Azure Functions host and runs the handler |
//! | `lab assemble`, `lab package` | [`package`] | lays out the function app; makes the deployable zip |
//! | `lab postgres` | [`postgres`] | runs a command beside a private PostgreSQL server |
//! | `lab doctor` | [`doctor`] | tells what this machine has and what is missing |

pub mod doctor;
pub mod host;
pub mod package;
pub mod postgres;

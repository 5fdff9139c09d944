//! Processes on this machine.
//!
//! | module | does |
//! | --- | --- |
//! | [`proc`] | CPU and memory of processes, from `/proc` |
//! | [`signals`] | the signals that end a program |

pub mod proc;
pub mod signals;

//! `lab up --plan elastic-premium`.

mod endpoints;
mod faults;
mod platform;
mod rehearsal;
mod restarts;
mod visitors;

//! `lab up --plan elastic-premium`.

mod endpoints;
mod platform;

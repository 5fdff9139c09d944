//! `lab up` from outside: the checkable cases of the host's protocol, each test named by its number.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

#[path = "../support/mod.rs"]
mod support;

mod admin;
mod authorisation;
mod configuration;
mod json_protocol;
mod lifecycle;
mod proxying;
mod routing;

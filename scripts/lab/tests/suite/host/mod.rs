//! `lab up` from outside: the checkable cases of the host's protocol, each test named by its number.

mod admin;
mod authorisation;
mod configuration;
mod cors;
mod cross_site;
mod forwarding;
mod json_protocol;
mod lifecycle;
mod offline;
mod profiles;
mod proxying;
mod routing;
mod starting;
mod timers;
mod unsupported;
mod watching;

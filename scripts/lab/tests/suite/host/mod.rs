//! `lab up` from outside. What the real Functions host does as well are the cases in `tests/cases`.

mod admin;
mod authorisation;
mod configuration;
mod cors;
mod cross_site;
mod forwarding;
mod json_protocol;
mod lifecycle;
mod profiles;
mod proxying;
mod real_host;
mod routing;
mod starting;
mod timers;
mod unsupported;
mod watching;

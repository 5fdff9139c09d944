//! `lab up` from outside. What the real Functions host does as well are the cases in `tests/cases`.

mod admin;
mod authorisation;
mod by_hand;
mod configuration;
mod cors;
mod cross_site;
mod executables;
mod extension_bundles;
mod forwarding;
mod json_protocol;
mod lifecycle;
mod local_settings;
mod offline;
mod profiles;
mod proxying;
mod real_host;
mod routing;
mod starting;
mod timers;
mod trace_context;
mod unsupported;
mod watching;

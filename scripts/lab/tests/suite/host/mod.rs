//! `lab up` from the outside. The behavior that it shares with the real Functions host is in `tests/cases`.

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
mod limits;
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

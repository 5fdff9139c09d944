//! `lab up` from outside: the checkable cases of the host's protocol, each test named by its number.

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
mod offline;
mod local_settings;
mod profiles;
mod proxying;
mod routing;
mod starting;
mod timers;
mod trace_context;
mod unsupported;
mod watching;

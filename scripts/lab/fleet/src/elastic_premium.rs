//! The plan Elastic Premium, emulated: the app sets the count of its instances through Azure Resource Manager (ARM).
//!
//! | module | does |
//! | --- | --- |
//! | [`configuration`] | the site configuration that limits the count, and changes of it |
//! | [`event_driven`] | the model of scale-out by HTTP requests |
//! | [`site`] | the count that follows from both, and when instances are ready; part of the fleet's owner |
//! | [`credentials`], [`faults`] | the secret and the token; failures on demand |
//! | [`identity`], [`arm`], [`reply`] | the two endpoints, and how they reply |
//! | [`platform`] | the listener of both endpoints, and what the handlers are told about it |
//!
//! A request to ARM becomes a command to the fleet's owner, which alone changes the configuration.

mod arm;
mod configuration;
mod credentials;
mod event_driven;
mod faults;
mod identity;
mod platform;
mod reply;
mod site;

pub(crate) use configuration::{Change, Configuration, PLAN_MAXIMUM, Refused};
pub(crate) use faults::{Fault, Faults};
pub use platform::Platform;
pub(crate) use site::{Site, SiteView};

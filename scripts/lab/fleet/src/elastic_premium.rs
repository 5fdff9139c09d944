//! The plan Elastic Premium, emulated: the app sets its number of instances through Azure Resource Manager (ARM).
//!
//! | module | does |
//! | --- | --- |
//! | [`configuration`] | the site configuration that limits the count, and its changes |
//! | [`event_driven`] | the model of scale-out by HTTP requests |
//! | [`site`] | the count that follows from both, and when instances are ready; part of the fleet's owner task |
//! | [`credentials`], [`faults`] | the secret and the token; failures on demand |
//! | [`identity`], [`arm`], [`reply`] | the two endpoints, and how they reply |
//! | [`platform`] | the listener of both endpoints, and the variables of the handlers |
//!
//! A request to ARM becomes a command to the fleet's owner task, which alone changes the configuration.

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

//! What only Azure needs.
//!
//! - [`arm`]: Azure Resource Manager, which reads and sets the number of instances on Elastic Premium
//! - [`identity`]: Entra access tokens of the app's managed identity
//! - [`provisioning`]: `handler provision`, which creates the app's role and database on an Azure server
//! - [`role_step`]: the same under the Functions host, where it serves its progress

pub mod arm;
pub mod identity;
pub mod provisioning;
pub mod role_step;

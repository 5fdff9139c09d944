//! What only Azure has.
//!
//! - [`identity`]: Entra access tokens of the app's managed identity
//! - [`provisioning`]: `handler provision`, which creates the app's role and database on an Azure server

pub mod identity;
pub mod provisioning;

//! Entra access tokens, which the database accepts instead of a password.
//!
//! - `endpoint`: the platform's token endpoint, and one request to it
//! - `token`: a token, and the JSON that contains it
//! - `renewal`: the active token, renewed in time
//! - `cache`: a token that is fetched when it is needed, and kept until it expires
//!
//! This module uses neither the store nor the HTTP routes: a caller passes a function that receives each new token.

mod cache;
mod endpoint;
mod renewal;
mod token;

pub use cache::CachedToken;
pub use endpoint::{Endpoint, Resource};
pub use renewal::{Refusal, Tokens};
pub use token::Token;

/// Why there is no token. `/health` may show each sentence: none reveals the endpoint's address or its response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The first request is in progress.
    #[error("none has been received yet")]
    NotFetchedYet,
    /// The app has no identity, so the platform sets no endpoint.
    #[error("there is no identity endpoint: give the app a managed identity and start it again")]
    NoEndpoint,
    /// The connection could not be opened, or it ended early.
    #[error("the identity endpoint cannot be reached")]
    Unreachable,
    /// No response in time.
    #[error("the identity endpoint does not answer in time")]
    Slow,
    /// A status other than 200.
    #[error(
        "the identity endpoint answers {0}: check AZURE_CLIENT_ID, and that this identity is the app's"
    )]
    Status(u16),
    /// The response is not the documented JSON.
    #[error("the identity endpoint returns a response without a token")]
    Malformed,
    /// The token has expired.
    #[error("the identity endpoint returns a token that has expired: check the clock")]
    Expired,
}

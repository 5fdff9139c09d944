//! Entra access tokens: what the database takes in place of a password.
//!
//! - `endpoint`: where the platform hands tokens out, and one request to it
//! - `token`: a token, and what its JSON looks like
//! - `renewal`: the active token, renewed in time
//! - `cache`: a token fetched when it is needed, and kept until its end
//!
//! Knows neither the store nor HTTP's routes: a caller passes a function that receives each new token.

mod cache;
mod endpoint;
mod renewal;
mod token;

pub use cache::CachedToken;
pub use endpoint::{Endpoint, Resource};
pub use renewal::{Refusal, Tokens};
pub use token::Token;

/// Why there is no token. Each sentence is fit for `/health`: it tells nothing of the endpoint's address or answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The first request is in progress.
    #[error("none has come yet")]
    NotFetchedYet,
    /// The platform sets no endpoint where the app has no identity.
    #[error("there is no identity endpoint: give the app a managed identity and start it again")]
    NoEndpoint,
    /// No connection, or one that ended early.
    #[error("the identity endpoint cannot be reached")]
    Unreachable,
    /// No answer in time.
    #[error("the identity endpoint does not answer in time")]
    Slow,
    /// Another status than 200.
    #[error(
        "the identity endpoint answers {0}: check AZURE_CLIENT_ID, and that this identity is the app's"
    )]
    Status(u16),
    /// Not the JSON that is documented.
    #[error("the identity endpoint gives an answer that holds no token")]
    Malformed,
    /// Its end is past.
    #[error("the identity endpoint gives a token that has expired: check the clock")]
    Expired,
}

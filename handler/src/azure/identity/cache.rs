use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::{Endpoint, Reason, Token};

/// A token that expires sooner than this is not used, because the call that needs it takes time.
const MARGIN: Duration = Duration::from_secs(60);

/// A token that is fetched when it is needed, for callers that rarely need one.
#[derive(Debug)]
pub struct CachedToken {
    /// `None` if the platform sets no endpoint.
    endpoint: Option<Endpoint>,
    /// The lock is never held over an await.
    token: Mutex<Option<Token>>,
}

impl CachedToken {
    /// Creates the cache. Nothing is fetched yet.
    pub const fn new(endpoint: Option<Endpoint>) -> Self {
        Self {
            endpoint,
            token: Mutex::new(None),
        }
    }

    /// The cached token, or a new one if the cached token is about to expire.
    ///
    /// # Errors
    /// The reason why there is no token.
    pub async fn get(&self) -> Result<Token, Reason> {
        let held = self.held().clone();
        if let Some(token) = held.filter(|token| token.left(SystemTime::now()) > MARGIN) {
            return Ok(token);
        }
        let endpoint = self.endpoint.as_ref().ok_or(Reason::NoEndpoint)?;
        let token = endpoint.token().await?;
        *self.held() = Some(token.clone());
        Ok(token)
    }

    /// Discards a token that was refused, so that the next call fetches another one.
    pub fn forget(&self) {
        *self.held() = None;
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Token>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::{Endpoint, Reason, Token};

/// A token that ends sooner is not used: the call that it is for takes time.
const MARGIN: Duration = Duration::from_secs(60);

/// A token that is fetched when it is needed, for a caller that needs one once in a while.
#[derive(Debug)]
pub struct CachedToken {
    /// `None` where the platform sets none.
    endpoint: Option<Endpoint>,
    /// Never locked over an await.
    token: Mutex<Option<Token>>,
}

impl CachedToken {
    /// Nothing is fetched yet.
    pub const fn new(endpoint: Option<Endpoint>) -> Self {
        Self {
            endpoint,
            token: Mutex::new(None),
        }
    }

    /// The token of the last call, or a new one if that one is about to end.
    ///
    /// # Errors
    /// Why there is none.
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

    /// Forgets the token, because it was refused: the next call fetches another.
    pub fn forget(&self) {
        *self.held() = None;
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Token>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

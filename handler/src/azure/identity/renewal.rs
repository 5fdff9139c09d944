use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Endpoint, Reason, Token};

/// A token is renewed this long before it expires.
const MARGIN: Duration = Duration::from_secs(5 * 60);
/// Two successful requests are at least this far apart, even if the tokens are valid only briefly.
const CLOSEST: Duration = Duration::from_secs(1);
/// The longest sleep between two looks at the wall clock. While a machine is suspended, only the wall clock advances.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// The waits after failures. They double, and stay short enough to recover within 2 s after the endpoint is available
/// again.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(1);
/// The waits between requests while the server refuses the tokens. They double until a token is renewed on time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long a caller waits for a token that is being fetched.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// The active token; clones share it.
#[derive(Debug, Clone)]
pub struct Tokens {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// `None` if the platform sets no endpoint.
    endpoint: Option<Endpoint>,
    held: watch::Sender<Held>,
    /// The number of the latest token that the server refused.
    refused: watch::Sender<u64>,
}

#[derive(Debug)]
struct Held {
    /// Counts the tokens; 0 before the first.
    number: u64,
    token: Option<Token>,
    /// Why the last request returned no token.
    failure: Option<Reason>,
    /// Until this time a refused token is not replaced, because it was itself fetched after a refusal.
    rests_until: Option<Instant>,
}

/// Why a token that the server refused cannot be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no other token.
    NoToken(Reason),
    /// The other token was refused too.
    TokenRefused,
}

impl Tokens {
    /// Creates the tokens. None is fetched before [`run`](Self::run).
    pub fn new(endpoint: Option<Endpoint>) -> Self {
        let failure = endpoint.is_none().then_some(Reason::NoEndpoint);
        Self {
            shared: Arc::new(Shared {
                endpoint,
                held: watch::Sender::new(Held {
                    number: 0,
                    token: None,
                    failure,
                    rests_until: None,
                }),
                refused: watch::Sender::new(0),
            }),
        }
    }

    /// Fetches a token and renews it on time, until `stop`. `take` receives each token before any other code sees it.
    pub async fn run(self, stop: CancellationToken, take: impl Fn(&Token)) {
        let Some(endpoint) = &self.shared.endpoint else {
            tracing::error!(reason = %Reason::NoEndpoint, "no access token for the database");
            return;
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.renew(endpoint, take) => {}
        }
    }

    async fn renew(&self, endpoint: &Endpoint, take: impl Fn(&Token)) {
        let mut refused = self.shared.refused.subscribe();
        let mut pause = FIRST_PAUSE;
        let mut was_refused = false;
        loop {
            let token = until_fetched(self, endpoint).await;
            take(&token);
            let rests_until = was_refused.then(|| Instant::now() + pause);
            let number = self.hold(token.clone(), rests_until);
            let refusal = async {
                // The wait cannot fail: the sender is part of `self`.
                let _ = refused.wait_for(|refused| *refused == number).await;
                if let Some(rest) = rests_until {
                    tokio::time::sleep_until(rest).await;
                }
            };
            tokio::select! {
                () = until_due(&token) => {
                    was_refused = false;
                    pause = FIRST_PAUSE;
                }
                () = refusal => {
                    if was_refused {
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    } else {
                        tracing::warn!("the database refuses the access token, fetching another one");
                    }
                    was_refused = true;
                }
            }
        }
    }

    fn hold(&self, token: Token, rests_until: Option<Instant>) -> u64 {
        let mut number = 0;
        self.shared.held.send_modify(|held| {
            held.number += 1;
            held.token = Some(token);
            held.failure = None;
            held.rests_until = rests_until;
            number = held.number;
        });
        number
    }

    /// Fetches one token, for a command that runs only briefly.
    ///
    /// # Errors
    /// The reason why there is no token.
    pub async fn fetch(&self, take: impl Fn(&Token)) -> Result<(), Reason> {
        let endpoint = self.shared.endpoint.as_ref().ok_or(Reason::NoEndpoint)?;
        let token = endpoint.token().await?;
        take(&token);
        self.hold(token, None);
        Ok(())
    }

    /// The number of the active token. Waits briefly for the first one.
    ///
    /// # Errors
    /// The reason why there is no token.
    pub async fn ready(&self) -> Result<u64, Reason> {
        let mut held = self.shared.held.subscribe();
        let there = held.wait_for(|held| held.number > 0 || held.failure.is_some());
        match tokio::time::timeout(PATIENCE, there).await {
            Ok(Ok(held)) if held.number > 0 => Ok(held.number),
            Ok(Ok(held)) => Err(held.failure.clone().unwrap_or(Reason::NotFetchedYet)),
            _ => Err(Reason::NotFetchedYet),
        }
    }

    /// The number of the active token, without waiting.
    pub fn number(&self) -> u64 {
        self.shared.held.borrow().number
    }

    /// Why there has been no token yet; `None` once there is one.
    pub fn missing(&self) -> Option<Reason> {
        let held = self.shared.held.borrow();
        (held.number == 0).then(|| held.failure.clone().unwrap_or(Reason::NotFetchedYet))
    }

    /// The active token.
    pub fn current(&self) -> Option<Token> {
        self.shared.held.borrow().token.clone()
    }

    /// Reports that the server refused the token with this number, and waits briefly for another one.
    ///
    /// # Errors
    /// When there is no other token to try.
    pub async fn another(&self, number: u64) -> Result<(), Refusal> {
        self.note_refusal(number);
        let mut held = self.shared.held.subscribe();
        let settled =
            held.wait_for(|held| held.number != number || held.failure.is_some() || held.rests());
        match tokio::time::timeout(PATIENCE, settled).await {
            Ok(Ok(held)) if held.number != number => Ok(()),
            Ok(Ok(held)) => Err(held
                .failure
                .clone()
                .map_or(Refusal::TokenRefused, Refusal::NoToken)),
            _ => Err(Refusal::NoToken(Reason::Slow)),
        }
    }

    /// Reports that the server refused the token with this number.
    pub fn note_refusal(&self, number: u64) {
        self.shared.refused.send_if_modified(|refused| {
            let newer = number > *refused;
            *refused = number.max(*refused);
            newer
        });
    }
}

impl Held {
    fn rests(&self) -> bool {
        self.rests_until.is_some_and(|rest| Instant::now() < rest)
    }
}

/// Requests a token until there is one. Logs the first failure and each change of the reason, but not every failure.
async fn until_fetched(tokens: &Tokens, endpoint: &Endpoint) -> Token {
    let mut wait = FIRST_RETRY;
    let mut logged = None;
    loop {
        let reason = match endpoint.token().await {
            Ok(token) => {
                let seconds = token.left(SystemTime::now()).as_secs();
                if logged.is_some() || tokens.number() == 0 {
                    tracing::info!(seconds, "access token for the database fetched");
                } else {
                    tracing::debug!(seconds, "access token for the database renewed");
                }
                return token;
            }
            Err(reason) => reason,
        };
        if logged.as_ref() != Some(&reason) {
            tracing::warn!(%reason, "no access token for the database, trying again");
            logged = Some(reason.clone());
        }
        tokens
            .shared
            .held
            .send_modify(|held| held.failure = Some(reason));
        // A random factor, so that instances that lost the endpoint together do not all retry together.
        let jitter = 0.5 + f64::from(Uuid::new_v4().as_u128() as u16) / 131_072.0;
        tokio::time::sleep(wait.mul_f64(jitter)).await;
        wait = (wait * 2).min(LONGEST_RETRY);
    }
}

/// Waits until it is time to renew this token.
async fn until_due(token: &Token) {
    let first = token.left(SystemTime::now());
    let wait = pause_before_renewal(first);
    let begun = Instant::now();
    while begun.elapsed() < wait {
        let left = wait.saturating_sub(begun.elapsed());
        tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
        let used = first.saturating_sub(token.left(SystemTime::now()));
        if used >= wait {
            return;
        }
    }
}

/// How long to keep a token that is valid for `left` before it is renewed.
fn pause_before_renewal(left: Duration) -> Duration {
    let pause = left.checked_sub(MARGIN).unwrap_or(left / 2);
    pause.max(CLOSEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_five_minutes_before_its_end() {
        let seconds = Duration::from_secs;
        assert_eq!(pause_before_renewal(seconds(3_600)), seconds(3_300));
        assert_eq!(pause_before_renewal(seconds(301)), seconds(1));
        assert_eq!(pause_before_renewal(seconds(300)), seconds(1));
        // Tokens that are valid for less than the margin are renewed at half their time, never at once.
        assert_eq!(pause_before_renewal(seconds(100)), seconds(50));
        assert_eq!(pause_before_renewal(seconds(0)), seconds(1));
    }
}

//! The kinds of requests, and their shares.

use http::{HeaderName, HeaderValue, StatusCode};

/// The largest weight of a kind. A mix is processed in order, so it must not be long.
const HEAVIEST: u32 = 1_000;

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `POST /api/visit`
    Visit,
    /// `GET /api/metrics`
    Metrics,
    /// `POST /api/stress` for one second, not waited for
    Stress,
    /// `GET /api/visits`
    Listing,
}

impl Kind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Visit, Self::Metrics, Self::Stress, Self::Listing];

    /// The name in a record.
    pub fn name(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::Metrics => "metrics",
            Self::Stress => "stress",
            Self::Listing => "listing",
        }
    }

    /// The name in `--mix`.
    fn option(self) -> &'static str {
        match self {
            Self::Visit => "visits",
            other => other.name(),
        }
    }

    /// The path below the address of the app.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Visit => "/api/visit",
            Self::Metrics => "/api/metrics",
            Self::Stress => "/api/stress",
            Self::Listing => "/api/visits",
        }
    }

    /// The status of a success.
    pub(super) fn expected(self) -> StatusCode {
        match self {
            Self::Visit => StatusCode::CREATED,
            Self::Stress => StatusCode::ACCEPTED,
            Self::Metrics | Self::Listing => StatusCode::OK,
        }
    }
}

/// The sequence of kinds, such that any part of it has nearly the given shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mix {
    weights: [u32; 4],
    /// The repeated sequence, with one entry for each unit of weight.
    order: Vec<Kind>,
}

impl Mix {
    /// The mix of the Locust file: visits 3, metrics 2, stress 1.
    pub fn usual() -> Self {
        Self::of([3, 2, 1, 0]).expect("it has weights")
    }

    /// Visits only.
    pub fn visits() -> Self {
        Self::of([1, 0, 0, 0]).expect("it has weights")
    }

    /// Reads `visits=3,metrics=2,stress=1,listing=1`. Kinds that are not named are left out.
    ///
    /// # Errors
    /// One sentence for the user.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut weights = [0; 4];
        let mut named = [false; 4];
        for part in text.split(',').map(str::trim) {
            let (name, weight) = part.split_once('=').ok_or_else(|| {
                format!("'{part}' is not a share; write visits=3,metrics=2,stress=1")
            })?;
            let kind = Kind::ALL
                .into_iter()
                .find(|kind| kind.option() == name.trim());
            let kind = kind.ok_or_else(|| {
                format!(
                    "'{name}' is not a kind of request; the kinds are visits, metrics, stress and listing"
                )
            })?;
            if std::mem::replace(&mut named[kind as usize], true) {
                return Err(format!("'{name}' occurs twice"));
            }
            let weight = weight
                .trim()
                .parse()
                .ok()
                .filter(|weight| *weight <= HEAVIEST);
            weights[kind as usize] = weight.ok_or_else(|| {
                format!("'{part}': a share is a whole number from 0 to {HEAVIEST}")
            })?;
        }
        Self::of(weights).ok_or_else(|| "every share is 0".to_owned())
    }

    /// `None` if no weight is left. Each step chooses the kind that is furthest behind its share.
    fn of(weights: [u32; 4]) -> Option<Self> {
        let total: u32 = weights.iter().sum();
        let shares = weights.map(i64::from);
        let mut behind = [0_i64; 4];
        let order = (0..total).map(|_| {
            for (debt, share) in behind.iter_mut().zip(shares) {
                *debt += share;
            }
            // The first of those that are equally far behind.
            let kind = Kind::ALL
                .into_iter()
                .rev()
                .max_by_key(|kind| behind[*kind as usize])
                .expect("there are four");
            behind[kind as usize] -= i64::from(total);
            kind
        });
        let order: Vec<Kind> = order.collect();
        (!order.is_empty()).then_some(Self { weights, order })
    }

    /// The kind of request number `count`.
    pub fn kind(&self, count: u64) -> Kind {
        let length = self.order.len() as u64;
        let place = usize::try_from(count % length).expect("smaller than a length");
        self.order[place]
    }

    /// Whether any request is of this kind.
    pub fn has(&self, kind: Kind) -> bool {
        self.weights[kind as usize] > 0
    }

    /// The same mix without a kind; `None` if nothing is left.
    pub fn without(&self, kind: Kind) -> Option<Self> {
        let mut weights = self.weights;
        weights[kind as usize] = 0;
        Self::of(weights)
    }

    /// For example `visits 3 : metrics 2 : stress 1`.
    pub fn describe(&self) -> String {
        let told = Kind::ALL.into_iter().filter(|kind| self.has(*kind));
        let told = told.map(|kind| format!("{} {}", kind.option(), self.weights[kind as usize]));
        told.collect::<Vec<_>>().join(" : ")
    }
}

/// The key of an app that requires one.
#[derive(Clone, Debug)]
pub struct Key(HeaderValue);

impl Key {
    /// `None` if it cannot be a key, because a header accepts only visible ASCII characters.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let visible = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let mut value = HeaderValue::from_str(text).ok().filter(|_| visible)?;
        // So that Debug does not show it.
        value.set_sensitive(true);
        Some(Self(value))
    }

    /// The header with the key.
    pub(super) fn header(&self) -> (HeaderName, HeaderValue) {
        (HeaderName::from_static("x-functions-key"), self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        let key = Key::new(" secret== ").expect("a key");
        assert_eq!(key.header().1, "secret==");
        assert!(!format!("{key:?}").contains("secret"));
        for bad in ["", "  ", "a b", "a\nb", "schlüssel"] {
            assert!(Key::new(bad).is_none(), "{bad:?}");
        }
    }
}

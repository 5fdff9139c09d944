//! Access keys.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use http::HeaderMap;
use subtle::{Choice, ConstantTimeEq as _};

use super::cross_site::Policy;
use super::function::{Function, Level, Trigger};
use super::lock::lock;
use super::query::parameter;

/// How requests are authorised.
pub(crate) enum Access {
    /// Every request has the admin level, as with `func start` without `--enableAuth`, except those that the policy
    /// refuses.
    Open(Policy),
    Keyed(Keys),
}

/// Random keys by their names, which stay the same when the app restarts.
#[derive(Clone, Default)]
pub struct KeyRing(Arc<Mutex<BTreeMap<String, String>>>);

impl KeyRing {
    /// The key with this name, which is created at its first use.
    fn key(&self, name: &str) -> String {
        let mut keys = lock(&self.0);
        keys.entry(name.to_owned()).or_insert_with(random).clone()
    }
}

/// The keys of an app.
pub(crate) struct Keys {
    pub(crate) master: String,
    /// The host's default key, for all functions.
    pub(crate) host: String,
    /// By function name, for the functions of level `function`.
    pub(crate) functions: Vec<(String, String)>,
}

impl Keys {
    pub(crate) fn new(ring: &KeyRing, functions: &[Function]) -> Self {
        Self {
            // No function can have this name.
            master: ring.key("_master"),
            host: ring.key("_host"),
            functions: functions
                .iter()
                .filter(|function| matches!(&function.trigger, Trigger::Http(http) if http.level == Level::Function))
                .map(|function| (function.name.clone(), ring.key(&function.name)))
                .collect(),
        }
    }

    /// Compares with all keys, so that the time reveals nothing.
    fn level(&self, presented: &str, function: Option<&str>) -> Level {
        let is = |key: &str| key.as_bytes().ct_eq(presented.as_bytes());
        let master = is(&self.master);
        let mut key = is(&self.host);
        for (name, own) in &self.functions {
            key |= is(own) & Choice::from(u8::from(function == Some(name.as_str())));
        }
        match (master.into(), key.into()) {
            (true, _) => Level::Admin,
            (false, true) => Level::Function,
            (false, false) => Level::Anonymous,
        }
    }
}

impl Access {
    /// The level of a request for a function (`None`: for the host itself). The header takes precedence over the
    /// query, even if it is wrong (`AuthenticationLevelHandler.cs`).
    pub(crate) fn level(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        function: Option<&str>,
    ) -> Level {
        let keys = match self {
            Self::Open(_) => return Level::Admin,
            Self::Keyed(keys) => keys,
        };
        match headers.get("x-functions-key") {
            Some(header) => header
                .to_str()
                .map_or(Level::Anonymous, |key| keys.level(key, function)),
            None => match query.and_then(|query| parameter(query, "code")) {
                Some(key) => keys.level(&key, function),
                None => Level::Anonymous,
            },
        }
    }
}

/// 244 random bits in hexadecimal.
fn random() -> String {
    format!(
        "{}{}",
        uuid::Uuid::new_v4().simple(),
        uuid::Uuid::new_v4().simple()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_takes_precedence_and_each_key_has_its_level() {
        let access = Access::Keyed(Keys {
            master: "m".repeat(8),
            host: "h".repeat(8),
            functions: vec![
                ("Stress".into(), "s".repeat(8)),
                ("Other".into(), "o".repeat(8)),
            ],
        });
        let level = |header: Option<&str>, query: Option<&str>, function: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert("x-functions-key", header.parse().expect("a header value"));
            }
            access.level(&headers, query, function)
        };
        assert_eq!(level(None, None, Some("Stress")), Level::Anonymous);
        assert_eq!(
            level(Some("ssssssss"), None, Some("Stress")),
            Level::Function
        );
        assert_eq!(
            level(Some("oooooooo"), None, Some("Stress")),
            Level::Anonymous
        );
        assert_eq!(
            level(None, Some("a=1&Code=%73sssssss"), Some("Stress")),
            Level::Function
        );
        assert_eq!(
            level(Some("wrong"), Some("code=mmmmmmmm"), Some("Stress")),
            Level::Anonymous
        );
        assert_eq!(
            level(Some("hhhhhhhh"), None, Some("Stress")),
            Level::Function
        );
        assert_eq!(level(Some("mmmmmmmm"), None, None), Level::Admin);
        assert_eq!(level(Some("mmmmmmm"), None, None), Level::Anonymous);
        assert_eq!(level(Some(""), None, None), Level::Anonymous);
        assert_eq!(level(Some("ssssssss"), None, None), Level::Anonymous);
    }

    #[test]
    fn every_key_is_new_and_long() {
        assert_ne!(random(), random());
        assert_eq!(random().len(), 64);
    }
}

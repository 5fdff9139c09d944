//! The rules that the app shows.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use autoscale::Setting;

use crate::domain::Limits;

/// The rules that scale the fleet, as the app shows them. Rules from a file are read again at each heartbeat, because
/// what scales the instances may change them.
#[derive(Debug, Clone)]
pub struct ShownRules(Arc<Shown>);

#[derive(Debug)]
struct Shown {
    file: Option<PathBuf>,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    /// What the file held when it was last read again.
    text: String,
    setting: Option<Arc<Setting>>,
}

impl ShownRules {
    /// Rules, `None` where nothing scales the fleet, and the file that may change them.
    pub fn new(setting: Option<Setting>, file: Option<PathBuf>) -> Self {
        let current = RwLock::new(Current {
            text: String::new(),
            setting: setting.map(Arc::new),
        });
        Self(Arc::new(Shown { file, current }))
    }

    /// The rules as they are now.
    pub fn setting(&self) -> Option<Arc<Setting>> {
        let current = self.0.current.read();
        let current = current.unwrap_or_else(PoisonError::into_inner);
        current.setting.clone()
    }

    /// What the rules allow in all of their profiles.
    pub(super) fn limits(&self) -> Option<Limits> {
        self.setting().map(|setting| Limits {
            minimum: setting.minimum(),
            maximum: setting.maximum(),
        })
    }

    /// Reads the file again. If that is not possible, the rules stay as they are.
    pub(super) async fn refresh(&self) {
        let Some(file) = &self.0.file else { return };
        let text = match tokio::fs::read_to_string(file).await {
            Ok(text) => text,
            Err(error) => return tracing::debug!(%error, "the rule file was not read again"),
        };
        let current = self.0.current.write();
        let mut current = current.unwrap_or_else(PoisonError::into_inner);
        if current.text == text {
            return;
        }
        match Setting::parse(&text) {
            Ok(setting) => current.setting = Some(Arc::new(setting)),
            Err(reason) => {
                tracing::warn!(%reason, "the rule file has changed and cannot be used; the rules stay as they were");
            }
        }
        current.text = text;
    }
}

//! The rules that the app shows.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use autoscale::Setting;

use crate::domain::Limits;

/// The rules that scale the fleet, for display. If they are from a file, the app reads the file again at each heartbeat,
/// because the program that scales the instances may change it.
#[derive(Debug, Clone)]
pub struct ShownRules(Arc<Shown>);

#[derive(Debug)]
struct Shown {
    file: Option<PathBuf>,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    /// The content of the file when it was last read again.
    text: String,
    setting: Option<Arc<Setting>>,
}

impl ShownRules {
    /// Shows these rules (`None` if nothing scales the fleet), and reads them again from `file`, if there is one.
    pub fn new(setting: Option<Setting>, file: Option<PathBuf>) -> Self {
        let current = RwLock::new(Current {
            text: String::new(),
            setting: setting.map(Arc::new),
        });
        Self(Arc::new(Shown { file, current }))
    }

    /// The present rules.
    pub fn setting(&self) -> Option<Arc<Setting>> {
        let current = self.0.current.read();
        let current = current.unwrap_or_else(PoisonError::into_inner);
        current.setting.clone()
    }

    /// The limits over all profiles of the rules.
    pub(super) fn limits(&self) -> Option<Limits> {
        self.setting().map(|setting| Limits {
            minimum: setting.minimum(),
            maximum: setting.maximum(),
        })
    }

    /// Reads the file again. If that fails, the rules do not change.
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

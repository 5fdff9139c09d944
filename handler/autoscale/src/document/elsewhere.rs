//! Settings in files of other programs: Terraform's JSON and Azure's activity log.
//!
//! Sources: <https://developer.hashicorp.com/terraform/internals/json-format>,
//! <https://learn.microsoft.com/azure/azure-monitor/autoscale/autoscale-diagnostics>

use serde_json::{Map, Value};

use super::{Candidate, Search, item_path, name_path, object};
use crate::json::{self, cut, entry, field};

const SETTING: &str = "azurerm_monitor_autoscale_setting";
const PROFILE: &str = "ActiveAutoscaleProfile";

impl<'a> Search<'a> {
    /// Reads the state or plan of `terraform show -json`, or a state file. Returns false for other files.
    pub(super) fn terraform(&mut self, fields: &'a Map<String, Value>, path: &str) -> bool {
        for values in ["planned_values", "values"] {
            if let Some((key, values)) = object(fields, values)
                && let Some((module, root)) = object(values, "root_module")
            {
                self.module(root, &name_path(&name_path(path, key), module));
                return true;
            }
        }
        if field(fields, "terraform_version").is_none() {
            return false;
        }
        each(fields, "resources", path, |resource, path| {
            if is_setting(resource) {
                each(resource, "instances", path, |instance, path| {
                    self.values(instance, "attributes", path);
                });
            }
        });
        true
    }

    fn module(&mut self, module: &'a Map<String, Value>, path: &str) {
        each(module, "resources", path, |resource, path| {
            if is_setting(resource) {
                self.values(resource, "values", path);
            }
        });
        each(module, "child_modules", path, |module, path| {
            self.module(module, path);
        });
    }

    fn values(&mut self, resource: &Map<String, Value>, key: &str, path: &str) {
        if let Some((key, values)) = object(resource, key) {
            self.push(Candidate {
                name: field(values, "name")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
                path: name_path(path, key),
                value: Value::Object(values.clone()),
                is_setting: true,
                unresolved: Vec::new(),
            });
        }
    }

    /// Reads an event of the activity log, or its properties. Returns false for other objects. A log repeats the same
    /// profile in many events; it is read once.
    pub(super) fn activity(&mut self, fields: &'a Map<String, Value>, path: &str) -> bool {
        let event = entry(fields, PROFILE).map(|(key, profile)| (path.to_owned(), key, profile));
        let below = || {
            let (properties, inner) = object(fields, "properties")?;
            let (key, profile) = entry(inner, PROFILE)?;
            Some((name_path(path, properties), key, profile))
        };
        let Some((path, key, profile)) = event.or_else(below) else {
            return false;
        };
        let path = name_path(&path, key);
        let value = match profile {
            Value::String(text) => match json::parse(text) {
                Ok(value) => value,
                Err(problem) => {
                    self.note(
                        path,
                        format!("is not the JSON text of a profile: {}", cut(&problem)),
                    );
                    return true;
                }
            },
            other => other.clone(),
        };
        if value.is_object()
            && !self
                .found
                .candidates
                .iter()
                .any(|known| known.value == value)
        {
            self.push(Candidate {
                name: None,
                path,
                value,
                is_setting: false,
                unresolved: Vec::new(),
            });
        }
        true
    }
}

fn is_setting(resource: &Map<String, Value>) -> bool {
    field(resource, "type").and_then(Value::as_str) == Some(SETTING)
}

/// Calls `act` for each object of a list.
fn each<'a>(
    fields: &'a Map<String, Value>,
    list: &str,
    path: &str,
    mut act: impl FnMut(&'a Map<String, Value>, &str),
) {
    if let Some((key, Value::Array(items))) = entry(fields, list) {
        let path = name_path(path, key);
        for (index, item) in items.iter().enumerate() {
            if let Value::Object(item) = item {
                act(item, &item_path(&path, index));
            }
        }
    }
}

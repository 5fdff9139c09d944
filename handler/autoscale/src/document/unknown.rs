//! Describes a file without a setting.

use serde_json::{Map, Value};

use super::{SETTING, object};
use crate::json::{cut, field};

/// A sentence with the file as its subject.
pub(super) fn sentence(root: &Value) -> String {
    let seems = match root {
        Value::Array(items) if items.is_empty() => "is an empty list".to_owned(),
        Value::Array(_) => "is a list without an autoscale setting".to_owned(),
        Value::Object(fields) => seems(fields),
        _ => "is not an object or a list".to_owned(),
    };
    format!(
        "{seems}; accepted: a profile (name, capacity, rules), a setting with `profiles`, the output of \
         `az monitor autoscale show` or `list`, a template with {SETTING}, the output of `terraform show -json`, or \
         an event of the activity log with `ActiveAutoscaleProfile`"
    )
}

fn seems(fields: &Map<String, Value>) -> String {
    let has = |name| field(fields, name).is_some();
    let schema = field(fields, "$schema")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if schema.to_ascii_lowercase().contains("deploymentparameters")
        || has("parameters") && !has("resources") && !has("properties")
    {
        return "is a parameter file: pass its template as the setting, and this file with --parameters".to_owned();
    }
    if has("terraform_version") || has("planned_values") {
        return "is Terraform's state or plan without azurerm_monitor_autoscale_setting".to_owned();
    }
    if has("resource") || has("terraform") {
        return "seems to be a Terraform configuration: pass the output of `terraform show -json`"
            .to_owned();
    }
    if let Some(kind) = field(fields, "type").and_then(Value::as_str) {
        return format!("is a resource of the type {}, not {SETTING}", cut(kind));
    }
    if has("resources") || has("template") {
        return format!("is a template without a resource of the type {SETTING} that is deployed");
    }
    if let Some(Value::Array(items)) = field(fields, "value") {
        let metrics = items.iter().any(|item| {
            item.as_object()
                .is_some_and(|item| field(item, "timeseries").is_some())
        });
        return if metrics {
            "is the output of `az monitor metrics list`, which is a load: pass it with --load"
                .to_owned()
        } else if items.is_empty() {
            "is an empty list".to_owned()
        } else {
            "is a list without an autoscale setting".to_owned()
        };
    }
    if has("metricTrigger") || has("scaleAction") {
        return "is a single rule: put it into the `rules` of a profile".to_owned();
    }
    if let Some((_, properties)) = object(fields, "properties")
        && field(properties, "template").is_none()
    {
        return "is a resource without `profiles`".to_owned();
    }
    "is not an autoscale setting".to_owned()
}

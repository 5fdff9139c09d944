//! Templates: resources as a list or with symbolic names, resources inside resources, and nested deployments.
//!
//! Sources: <https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax>,
//! <https://learn.microsoft.com/azure/azure-resource-manager/templates/linked-templates>

use serde_json::{Map, Value};

use super::{SETTING, Search, item_path, name_path, object};
use crate::json::{entry, field};
use crate::template::Scope;

const DEPLOYMENT: &str = "Microsoft.Resources/deployments";

/// How to show the deployed settings without a template.
const SHOW: &str =
    "for a deployed setting, pass the output of `az monitor autoscale show --output json`";

impl<'a> Search<'a> {
    /// Reads the resources of a template, or those inside a resource.
    pub(super) fn resources(
        &mut self,
        template: &'a Map<String, Value>,
        path: &str,
        scope: &Scope<'_>,
    ) {
        let Some((key, resources)) = entry(template, "resources") else {
            return;
        };
        let path = name_path(path, key);
        match resources {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if let Value::Object(resource) = item {
                        self.resource(resource, &item_path(&path, index), scope);
                    }
                }
            }
            Value::Object(symbols) => {
                for (symbol, resource) in symbols {
                    if let Value::Object(resource) = resource {
                        self.resource(resource, &name_path(&path, symbol), scope);
                    }
                }
            }
            Value::Null => {}
            _ => self.note(
                path,
                format!("is not a list of resources that can be read here; {SHOW}"),
            ),
        }
    }

    pub(super) fn resource(
        &mut self,
        resource: &'a Map<String, Value>,
        path: &str,
        scope: &Scope<'_>,
    ) {
        let kind = field(resource, "type").and_then(|kind| scope.value(kind).ok());
        let kind = kind.as_ref().and_then(Value::as_str).unwrap_or_default();
        if is_setting(kind) {
            if self.deployed(resource, path, scope) {
                self.setting(resource, path, scope);
            }
        } else if kind.eq_ignore_ascii_case(DEPLOYMENT)
            && let Some((key, properties)) = object(resource, "properties")
            && self.deployed(resource, path, scope)
        {
            self.deployment(properties, &name_path(path, key), scope, true);
        }
        // The condition does not apply to the resources inside.
        self.resources(resource, path, scope);
    }

    /// Whether the template creates the resource. If this cannot be determined, it is assumed.
    fn deployed(&mut self, resource: &Map<String, Value>, path: &str, scope: &Scope<'_>) -> bool {
        if field(resource, "existing") == Some(&Value::Bool(true)) {
            self.note(
                path.to_owned(),
                format!("exists outside the template; {SHOW}"),
            );
            return false;
        }
        if let Some((key, condition)) = entry(resource, "condition") {
            match scope.value(condition) {
                Ok(Value::Bool(false)) => {
                    self.note(
                        path.to_owned(),
                        "is not deployed, because its condition is false",
                    );
                    return false;
                }
                Ok(Value::String(text)) if text.eq_ignore_ascii_case("false") => {
                    self.note(
                        path.to_owned(),
                        "is not deployed, because its condition is false",
                    );
                    return false;
                }
                Ok(_) => {}
                Err(reason) => self.note(
                    name_path(path, key),
                    format!("{reason}; the condition is assumed to be true"),
                ),
            }
        }
        if let Some((key, _)) = object(resource, "copy") {
            self.note(
                name_path(path, key),
                format!(
                    "is a copy loop, which is not expanded here: its content is read once; {SHOW}"
                ),
            );
        }
        true
    }

    /// Reads a deployment's properties: its template and parameters. The deployment is nested, or it is the whole
    /// file.
    pub(super) fn deployment(
        &mut self,
        properties: &'a Map<String, Value>,
        path: &str,
        scope: &Scope<'_>,
        nested: bool,
    ) {
        let Some((key, template)) = object(properties, "template") else {
            let other = ["templateLink", "template"];
            if let Some((key, _)) = other.iter().find_map(|name| entry(properties, name)) {
                let linked =
                    format!("is a template outside the file, which is not read here; {SHOW}");
                self.note(name_path(path, key), linked);
            }
            return;
        };
        let path = name_path(path, key);
        self.declares(template);
        let inner = object(properties, "expressionEvaluationOptions")
            .and_then(|(_, options)| field(options, "scope"))
            .and_then(Value::as_str)
            .is_some_and(|scope| scope.eq_ignore_ascii_case("inner"));
        if nested && !inner {
            return self.resources(template, &path, scope);
        }
        let parameters = object(properties, "parameters").map(|(_, parameters)| parameters);
        let inner =
            Scope::new(template, self.given, self.work).of_deployment(parameters, scope, nested);
        self.resources(template, &path, &inner);
    }
}

/// The type may be shortened to `providers/autoscaleSettings` in an extension resource inside another resource.
fn is_setting(kind: &str) -> bool {
    const INSIDE: &str = "providers/autoscalesettings";
    kind.eq_ignore_ascii_case(SETTING) || kind.to_ascii_lowercase().ends_with(INSIDE)
}

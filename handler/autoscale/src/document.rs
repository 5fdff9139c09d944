//! Autoscale settings in the files that people have: profiles, settings, resources, lists, templates, and what
//! Terraform and the activity log write.
//!
//! - [`resources`]: templates and their nested deployments
//! - [`elsewhere`]: Terraform and the activity log
//! - [`unknown`]: what a file without a setting seems to be

mod elsewhere;
mod resources;
mod unknown;

use serde_json::{Map, Value};

use crate::json::{cut, entry, field, push_index, push_name};
use crate::template::{Scope, Unresolved, Work};

/// The resource type of autoscale settings; Azure compares types in any case.
const SETTING: &str = "Microsoft.Insights/autoscaleSettings";

/// So many settings of one file are read; a subscription has at most a hundred in each region.
const MOST_CANDIDATES: usize = 1_000;
const MOST_NOTES: usize = 100;

/// A setting or profile in a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Candidate {
    /// The name of the setting, where it has one that can be known.
    pub(crate) name: Option<String>,
    /// The place of `value` in the file, such as `resources[0].properties`; empty for the whole file.
    pub(crate) path: String,
    /// The setting with `profiles`, or the profile, with its expressions evaluated. It is no object where the file has
    /// something else in its place. Keys are as written; those of Terraform are its own snake case.
    pub(crate) value: Value,
    /// Whether `value` is a setting; otherwise it is a profile.
    pub(crate) is_setting: bool,
    /// Expressions without a value, in `value` and in the name of the resource.
    pub(crate) unresolved: Vec<Unresolved>,
}

/// All settings of a file.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In the order of the file; those of objects by their keys.
    pub(crate) candidates: Vec<Candidate>,
    /// What was passed over or assumed: its place, and a sentence that has the place as its subject. Without any
    /// candidate, the last one says what the file seems to be and what is accepted.
    pub(crate) notes: Vec<(String, String)>,
}

/// Finds the settings of a file. `given` are the values of `--parameters`.
pub(crate) fn candidates(root: &Value, given: &Map<String, Value>) -> Found {
    let work = Work::default();
    let mut search = Search {
        found: Found::default(),
        declared: Vec::new(),
        given,
        work: &work,
    };
    search.any(root, "");
    let Search {
        mut found,
        declared,
        ..
    } = search;
    if found.candidates.is_empty() {
        found.notes.push((String::new(), unknown::sentence(root)));
        return found;
    }
    for name in given.keys() {
        // Azure refuses a deployment with such a parameter; a part of a template declares none.
        let is_known = declared
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name));
        if !is_known && !work.is_used(name) {
            let sentence =
                "is in the parameter file, and no template declares it; check its spelling"
                    .to_owned();
            found
                .notes
                .push((format!("parameters.{}", cut(name)), sentence));
        }
    }
    found
}

struct Search<'a> {
    found: Found,
    /// Names of the parameters of all templates.
    declared: Vec<&'a str>,
    /// The values of `--parameters`.
    given: &'a Map<String, Value>,
    work: &'a Work,
}

impl<'a> Search<'a> {
    /// A file, or an item of a list, whose form is not known yet.
    fn any(&mut self, value: &'a Value, path: &str) {
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.any(item, &item_path(path, index));
                }
            }
            Value::Object(fields) => self.object(fields, path),
            _ => {}
        }
    }

    fn object(&mut self, fields: &'a Map<String, Value>, path: &str) {
        if self.terraform(fields, path) || self.activity(fields, path) {
            return;
        }
        let scope = Scope::new(fields, self.given, self.work);
        self.declares(fields);
        let properties = object(fields, "properties");
        if object(fields, "template").is_some() {
            return self.deployment(fields, path, &scope, false);
        }
        if let Some((key, inner)) = properties
            && object(inner, "template").is_some()
        {
            return self.deployment(inner, &name_path(path, key), &scope, false);
        }
        if field(fields, "type").is_some() {
            self.resource(fields, path, &scope);
        } else if field(fields, "resources").is_some() {
            self.resources(fields, path, &scope);
        } else if properties.is_some_and(|(_, inner)| field(inner, "profiles").is_some())
            || field(fields, "profiles").is_some()
        {
            self.setting(fields, path, &scope);
        } else if let Some((key, list @ Value::Array(_))) = entry(fields, "value") {
            self.any(list, &name_path(path, key));
        } else if field(fields, "capacity").is_some() || field(fields, "rules").is_some() {
            let (value, unresolved) = scope.resolve_object(fields, path);
            self.push(Candidate {
                name: None,
                path: path.to_owned(),
                value,
                is_setting: false,
                unresolved,
            });
        }
    }

    /// Notes the parameters of a template, or of a file that is none.
    fn declares(&mut self, template: &'a Map<String, Value>) {
        let parameters = object(template, "parameters").into_iter();
        let names = parameters.flat_map(|(_, parameters)| parameters.keys());
        self.declared.extend(names.map(String::as_str));
    }

    /// A resource with `properties`, or the same without that level, as `az` writes it.
    fn setting(&mut self, resource: &Map<String, Value>, path: &str, scope: &Scope<'_>) {
        let (mut name, mut unnamed) = (None, None);
        if let Some((key, value)) = entry(resource, "name") {
            match scope.value(value) {
                Ok(Value::String(text)) => {
                    // The name of a child resource starts with that of its parent.
                    name = text.rsplit('/').next().map(str::to_owned);
                }
                Ok(_) => {}
                Err(reason) => {
                    unnamed = Some(Unresolved {
                        path: name_path(path, key),
                        expression: value.as_str().unwrap_or_default().to_owned(),
                        reason,
                    });
                }
            }
        }
        let (value, mut unresolved, path) = match entry(resource, "properties") {
            Some((key, properties)) if !properties.is_null() => {
                let path = name_path(path, key);
                let (value, unresolved) = scope.resolve(properties, &path);
                (value, unresolved, path)
            }
            _ => {
                let (value, unresolved) = scope.resolve_object(resource, path);
                (value, unresolved, path.to_owned())
            }
        };
        let inner = value.as_object().and_then(|setting| entry(setting, "name"));
        if let Some((key, Value::String(text))) = inner
            && name.is_none()
            && !unresolved
                .iter()
                .any(|one| one.path == name_path(&path, key))
        {
            name = Some(text.clone());
        }
        if let Some(unnamed) = unnamed.filter(|unnamed| !unresolved.contains(unnamed)) {
            unresolved.insert(0, unnamed);
        }
        self.push(Candidate {
            name,
            path,
            value,
            is_setting: true,
            unresolved,
        });
    }

    fn push(&mut self, candidate: Candidate) {
        let candidates = &mut self.found.candidates;
        if candidates.len() < MOST_CANDIDATES {
            return candidates.push(candidate);
        }
        let sentence =
            format!("holds more than {MOST_CANDIDATES} settings; the others are not read");
        if self
            .found
            .notes
            .first()
            .is_none_or(|(_, first)| *first != sentence)
        {
            self.found.notes.insert(0, (String::new(), sentence));
        }
    }

    fn note(&mut self, path: String, sentence: impl Into<String>) {
        if self.found.notes.len() < MOST_NOTES {
            self.found.notes.push((path, sentence.into()));
        }
    }
}

/// A field that is an object, with its key as written.
fn object<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
) -> Option<(&'a str, &'a Map<String, Value>)> {
    let (key, value) = entry(fields, name)?;
    Some((key, value.as_object()?))
}

fn item_path(path: &str, index: usize) -> String {
    let mut path = path.to_owned();
    push_index(&mut path, index);
    path
}

fn name_path(path: &str, name: &str) -> String {
    let mut path = path.to_owned();
    push_name(&mut path, name);
    path
}

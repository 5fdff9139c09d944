//! Finds autoscale settings in files of different forms: profiles, settings, resources, lists, templates, and the
//! output of Terraform and of the activity log.
//!
//! - [`resources`]: templates and their nested deployments
//! - [`elsewhere`]: Terraform and the activity log
//! - [`unknown`]: describes a file without a setting

mod elsewhere;
mod resources;
mod unknown;

use serde_json::{Map, Value};

use crate::json::{cut, entry, field, push_index, push_name};
use crate::template::{Scope, Unresolved, Work};

/// The resource type of autoscale settings. Azure compares types without regard to case.
const SETTING: &str = "Microsoft.Insights/autoscaleSettings";

/// The most settings that are read from one file. A subscription has at most a hundred in each region.
const MOST_CANDIDATES: usize = 1_000;
const MOST_NOTES: usize = 100;

/// A setting or profile in a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Candidate {
    /// The name of the setting, if it has one without unresolved expressions.
    pub(crate) name: Option<String>,
    /// The place of `value` in the file, such as `resources[0].properties`; empty for the whole file.
    pub(crate) path: String,
    /// The setting with `profiles`, or the profile, with its expressions evaluated. It may be something other than an
    /// object if the file contains something else there. Keys keep their spelling; Terraform's are in snake case.
    pub(crate) value: Value,
    /// Whether `value` is a setting; otherwise it is a profile.
    pub(crate) is_setting: bool,
    /// Expressions that have no value, in `value` and in the name of the resource.
    pub(crate) unresolved: Vec<Unresolved>,
}

/// All settings of a file.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In the order of the file. Settings in objects follow the order of the keys.
    pub(crate) candidates: Vec<Candidate>,
    /// What was skipped or assumed: its place, and a sentence with the place as its subject. If there is no
    /// candidate, the last note describes the file and lists what is accepted.
    pub(crate) notes: Vec<(String, String)>,
}

/// Finds the settings in a file. `given` are the values from `--parameters`.
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
        // Azure refuses a deployment with an undeclared parameter. A part of a template declares none.
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
    /// The names of the parameters of all templates.
    declared: Vec<&'a str>,
    /// The values from `--parameters`.
    given: &'a Map<String, Value>,
    work: &'a Work,
}

impl<'a> Search<'a> {
    /// Reads a file, or an item of a list, whose form is not known yet.
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

    /// Notes the parameters of a template, or of a file that is not a template.
    fn declares(&mut self, template: &'a Map<String, Value>) {
        let parameters = object(template, "parameters").into_iter();
        let names = parameters.flat_map(|(_, parameters)| parameters.keys());
        self.declared.extend(names.map(String::as_str));
    }

    /// Reads a resource with `properties`, or one without that level, as `az` writes it.
    fn setting(&mut self, resource: &Map<String, Value>, path: &str, scope: &Scope<'_>) {
        let (mut name, mut unnamed) = (None, None);
        if let Some((key, value)) = entry(resource, "name") {
            match scope.value(value) {
                Ok(Value::String(text)) => {
                    // The name of a child resource begins with its parent's name.
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
            format!("contains more than {MOST_CANDIDATES} settings; the others are not read");
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

/// The field if it is an object, with its key as written.
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

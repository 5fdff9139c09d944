//! Evaluates expressions of Azure Resource Manager templates, as far as autoscale settings use them.
//!
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions>. This is not a
//! general interpreter: it supports a fixed list of functions, and does not expand copy loops. An expression that has
//! no value here keeps its text, and is listed with its place and the reason.
//!
//! - [`parser`]: the grammar
//! - [`reference`]: parameters and variables
//! - [`functions`], [`texts`], [`values`]: the supported functions
//! - [`work`]: the limit of time and memory

mod functions;
mod parser;
mod reference;
mod texts;
mod values;
mod work;

use std::cell::RefCell;

use serde_json::{Map, Value};

use crate::json::{cut, field, push_index, push_name};
use parser::{Access, Base, Expression, Text};
use values::{COPY, Key, boolean, copy_loops, descend};
pub(crate) use work::Work;

/// The most levels of values, calls, and references together. Each uses stack.
const DEEPEST: usize = 200;

/// The most expressions without a value that are listed. A setting in Azure has fewer fields.
const MOST_UNRESOLVED: usize = 5_000;

/// An expression that has no value here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unresolved {
    /// Its place in the file, or the place of its value: `resources[0].properties.name`.
    pub(crate) path: String,
    /// The text in the template.
    pub(crate) expression: String,
    /// What is missing, with the expression as the subject: `uses the function ...`.
    pub(crate) reason: String,
}

/// The parameters and variables of one template.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    /// Values from outside the file.
    given: &'a Map<String, Value>,
    /// Whether this is the template of a deployment inside another template.
    nested: bool,
    /// `{"name": {"value": ...}}` of a deployment. The expressions in it belong to the outer scope.
    passed: Option<(Option<&'a Map<String, Value>>, &'a Scope<'a>)>,
    declared: Option<&'a Map<String, Value>>,
    variables: Option<&'a Map<String, Value>>,
    work: &'a Work,
    /// The parameters and variables that are being evaluated.
    open: RefCell<Vec<(Kind, String)>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Parameter,
    Variable,
}

/// Collects expressions without a value.
#[derive(Default)]
struct Sink {
    path: String,
    unresolved: Vec<Unresolved>,
}

impl Sink {
    fn push(&mut self, expression: &str, reason: String) {
        if self.unresolved.len() < MOST_UNRESOLVED {
            self.unresolved.push(Unresolved {
                path: self.path.clone(),
                expression: expression.to_owned(),
                reason,
            });
        }
    }

    /// Runs `act` one level deeper.
    fn below<T>(&mut self, add: impl FnOnce(&mut String), act: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        add(&mut self.path);
        let result = act(self);
        self.path.truncate(length);
        result
    }
}

impl<'a> Scope<'a> {
    /// The scope of a template, or of a file that is not a template.
    pub(crate) fn new(
        template: &'a Map<String, Value>,
        given: &'a Map<String, Value>,
        work: &'a Work,
    ) -> Self {
        let object = |name| field(template, name).and_then(Value::as_object);
        Self {
            given,
            nested: false,
            passed: None,
            declared: object("parameters"),
            variables: object("variables"),
            work,
            open: RefCell::default(),
        }
    }

    /// The scope of a deployment's template. Its parameters are evaluated in the outer scope.
    pub(crate) fn of_deployment(
        self,
        parameters: Option<&'a Map<String, Value>>,
        around: &'a Scope<'a>,
        nested: bool,
    ) -> Self {
        Self {
            passed: Some((parameters, around)),
            nested,
            ..self
        }
    }

    /// Returns the value with its expressions evaluated, and the expressions that have no value, which keep their
    /// text. `path` is the place of the value in the file.
    pub(crate) fn resolve(&self, value: &Value, path: &str) -> (Value, Vec<Unresolved>) {
        let mut sink = Sink {
            path: path.to_owned(),
            ..Sink::default()
        };
        let resolved = self.fill(value, 0, &mut sink);
        (resolved, sink.unresolved)
    }

    /// The same for the fields of an object.
    pub(crate) fn resolve_object(
        &self,
        fields: &Map<String, Value>,
        path: &str,
    ) -> (Value, Vec<Unresolved>) {
        let mut sink = Sink {
            path: path.to_owned(),
            ..Sink::default()
        };
        let resolved = self.fill_object(fields, 0, &mut sink);
        (resolved, sink.unresolved)
    }

    /// Returns the value with all its expressions evaluated.
    ///
    /// # Errors
    /// The first reason why an expression has no value.
    pub(crate) fn value(&self, value: &Value) -> Result<Value, String> {
        whole(|sink| Ok(self.fill(value, 0, sink)))
    }

    fn fill(&self, value: &Value, depth: usize, sink: &mut Sink) -> Value {
        match value {
            Value::String(text) => match Text::of(text) {
                Text::Plain => value.clone(),
                Text::Escaped(rest) => Value::String(rest.to_owned()),
                Text::Expression(inner) => {
                    let known = sink.unresolved.len();
                    self.parse_and_evaluate(inner, &[], depth, sink)
                        .unwrap_or_else(|reason| {
                            sink.unresolved.truncate(known);
                            sink.push(text, reason);
                            value.clone()
                        })
                }
            },
            Value::Array(_) | Value::Object(_) if depth >= DEEPEST => {
                sink.push("", "is nested too deeply".to_owned());
                Value::Null
            }
            Value::Array(items) => {
                let items = items.iter().enumerate().map(|(index, item)| {
                    sink.below(
                        |path| push_index(path, index),
                        |sink| self.fill(item, depth + 1, sink),
                    )
                });
                Value::Array(items.collect())
            }
            Value::Object(fields) => self.fill_object(fields, depth, sink),
            other => other.clone(),
        }
    }

    fn fill_object(&self, fields: &Map<String, Value>, depth: usize, sink: &mut Sink) -> Value {
        let copies = copy_loops(fields).is_some();
        let fields = fields.iter().map(|(name, field)| {
            let filled = sink.below(
                |path| push_name(path, name),
                |sink| {
                    if copies && name.eq_ignore_ascii_case("copy") {
                        sink.push("copy", COPY.to_owned());
                        return field.clone();
                    }
                    self.fill(field, depth + 1, sink)
                },
            );
            (name.clone(), filled)
        });
        Value::Object(fields.collect())
    }

    fn parse_and_evaluate(
        &self,
        text: &str,
        keys: &[Key],
        depth: usize,
        sink: &mut Sink,
    ) -> Result<Value, String> {
        self.work.charge(text.len())?;
        self.evaluate(&parser::parse(text)?, keys, depth, sink)
    }

    /// The value of an expression, or the part of it that the keys select.
    fn evaluate(
        &self,
        expression: &Expression,
        keys: &[Key],
        depth: usize,
        sink: &mut Sink,
    ) -> Result<Value, String> {
        self.work.step()?;
        if depth >= DEEPEST {
            return Err("refers to other expressions through too many levels".to_owned());
        }
        let depth = depth + 1;
        let mut all = Vec::with_capacity(expression.accesses.len() + keys.len());
        for access in &expression.accesses {
            all.push(match access {
                Access::Property(name) => Key::Name(name.clone()),
                Access::Index(index) => Key::of(&self.argument(index, depth)?)?,
            });
        }
        all.extend_from_slice(keys);
        match &expression.base {
            Base::Text(text) => descend(&Value::String(text.clone()), &all, self.work),
            Base::Integer(number) => descend(&Value::from(*number), &all, self.work),
            Base::Call { name, arguments } => self.call(name, arguments, &all, depth, sink),
        }
    }

    fn call(
        &self,
        written: &str,
        arguments: &[Expression],
        keys: &[Key],
        depth: usize,
        sink: &mut Sink,
    ) -> Result<Value, String> {
        let name = written.to_ascii_lowercase();
        match (name.as_str(), arguments) {
            ("parameters", [of]) => self.reference(
                Kind::Parameter,
                &self.argument(of, depth)?,
                keys,
                depth,
                sink,
            ),
            ("variables", [of]) => self.reference(
                Kind::Variable,
                &self.argument(of, depth)?,
                keys,
                depth,
                sink,
            ),
            ("if", [condition, yes, no]) => {
                let holds = boolean("if", &self.argument(condition, depth)?)?;
                self.evaluate(if holds { yes } else { no }, keys, depth, sink)
            }
            ("and" | "or", [_, _, ..]) => {
                // The value that decides the result, whatever the other arguments are.
                let decisive = name == "or";
                for argument in arguments {
                    if boolean(&name, &self.argument(argument, depth)?)? == decisive {
                        return descend(&Value::Bool(decisive), keys, self.work);
                    }
                }
                descend(&Value::Bool(!decisive), keys, self.work)
            }
            ("coalesce", [_, ..]) => {
                for argument in arguments {
                    let value = self.argument(argument, depth)?;
                    if !value.is_null() {
                        return descend(&value, keys, self.work);
                    }
                }
                descend(&Value::Null, keys, self.work)
            }
            (known, _) if functions::NAMES.contains(&known) => {
                let arguments = arguments
                    .iter()
                    .map(|argument| self.argument(argument, depth))
                    .collect::<Result<Vec<_>, _>>()?;
                let value = functions::call(known, arguments, self.work)?;
                self.work.charge_value(&value)?;
                descend(&value, keys, self.work)
            }
            ("parameters" | "variables" | "if" | "and" | "or" | "coalesce", _) => Err(format!(
                "uses the function {name} with {} arguments, which it does not accept",
                arguments.len()
            )),
            _ => Err(format!(
                "uses the function {}, which is not evaluated here",
                cut(written)
            )),
        }
    }

    /// Every part of an argument must have a value.
    fn argument(&self, expression: &Expression, depth: usize) -> Result<Value, String> {
        whole(|sink| self.evaluate(expression, &[], depth, sink))
    }
}

/// Evaluates a value, every part of which must have a value.
fn whole(create: impl FnOnce(&mut Sink) -> Result<Value, String>) -> Result<Value, String> {
    let mut sink = Sink::default();
    let value = create(&mut sink)?;
    match sink.unresolved.into_iter().next() {
        None => Ok(value),
        Some(first) => Err(first.reason),
    }
}

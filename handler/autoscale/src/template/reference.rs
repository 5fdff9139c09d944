//! Parameters and variables.

use serde_json::Value;

use super::parser::Text;
use super::values::{Key, descend, find, missing, same, step};
use super::{Kind, Scope, Sink};
use crate::json::{cut, entry, field};

/// How to provide a value from outside the file.
const HINT: &str = "with --parameters FILE";

impl<'a> Scope<'a> {
    /// The part of a parameter or variable that the keys select. Only this part is evaluated, so the rest need not
    /// have a value.
    pub(super) fn reference(
        &self,
        kind: Kind,
        name: &Value,
        keys: &[Key],
        depth: usize,
        sink: &mut Sink,
    ) -> Result<Value, String> {
        let Value::String(name) = name else {
            return Err("names a parameter or variable by something other than a text".to_owned());
        };
        if kind == Kind::Parameter {
            return self.parameter(name, keys, depth, sink);
        }
        let lacks = |why: &str| format!("uses the variable `{}`, which {why}", cut(name));
        let variables = self.variables.ok_or_else(|| lacks("is missing"))?;
        let value =
            find(variables, name, self.work)?.ok_or_else(|| lacks(missing(variables, name)))?;
        self.enter(
            kind,
            name,
            |sink| self.below(value, keys, depth, sink),
            sink,
        )
    }

    /// A value from outside the file takes precedence over the default value. In a nested deployment it comes last,
    /// because it belongs to the outer template.
    fn parameter(
        &self,
        name: &str,
        keys: &[Key],
        depth: usize,
        sink: &mut Sink,
    ) -> Result<Value, String> {
        let given = find(self.given, name, self.work)?;
        if given.is_some() {
            self.work.uses(name);
        }
        if let Some(value) = given
            && !self.nested
        {
            return descend(value, keys, self.work);
        }
        let passed = match self.passed {
            Some((Some(passed), around)) => {
                find(passed, name, self.work)?.map(|passed| (passed, around))
            }
            _ => None,
        };
        let value = if let Some((passed, around)) = passed {
            match passed.as_object().and_then(|passed| entry(passed, "value")) {
                Some((_, value)) => around.below(value, keys, depth, sink),
                None => Err("uses a secret of a key vault".to_owned()),
            }
        } else if let Some(value) = self.default_of(name)? {
            self.enter(
                Kind::Parameter,
                name,
                |sink| self.below(value, keys, depth, sink),
                sink,
            )
        } else {
            Err(format!(
                "uses the parameter `{}`, which has no value",
                cut(name)
            ))
        };
        match (value, given) {
            (Err(_), Some(value)) => descend(value, keys, self.work),
            (Err(reason), None) if !reason.contains(HINT) => Err(format!(
                "{reason}; pass the parameter `{}` {HINT}",
                cut(name)
            )),
            (value, _) => value,
        }
    }

    /// Evaluates a parameter or variable, unless this is already in progress.
    fn enter(
        &self,
        kind: Kind,
        name: &str,
        evaluate: impl FnOnce(&mut Sink) -> Result<Value, String>,
        sink: &mut Sink,
    ) -> Result<Value, String> {
        let opened = (kind, name.to_ascii_lowercase());
        if self.open.borrow().contains(&opened) {
            return Err(format!(
                "uses `{}`, whose value refers to itself",
                cut(name)
            ));
        }
        self.open.borrow_mut().push(opened);
        let result = evaluate(sink);
        self.open.borrow_mut().pop();
        result
    }

    fn default_of(&self, name: &str) -> Result<Option<&'a Value>, String> {
        let Some(declared) = self.declared else {
            return Ok(None);
        };
        let Some(declared) = find(declared, name, self.work)?.and_then(Value::as_object) else {
            return Ok(None);
        };
        // Exported templates have null for a parameter without a default value.
        let nullable =
            || field(declared, "nullable").filter(|nullable| same(nullable, &Value::Bool(true)));
        Ok(field(declared, "defaultValue").or_else(|| nullable().map(|_| &Value::Null)))
    }

    /// The part that the keys select of a value whose expressions belong to this scope.
    fn below(
        &self,
        value: &Value,
        keys: &[Key],
        depth: usize,
        sink: &mut Sink,
    ) -> Result<Value, String> {
        let (mut value, mut keys) = (value, keys);
        loop {
            if let Value::String(text) = value
                && let Text::Expression(inner) = Text::of(text)
            {
                return self.parse_and_evaluate(inner, keys, depth, sink);
            }
            let Some((key, rest)) = keys.split_first() else {
                self.work.charge_value(value)?;
                return Ok(self.fill(value, depth, sink));
            };
            value = step(value, key, self.work)?;
            keys = rest;
        }
    }
}

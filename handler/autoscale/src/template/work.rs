//! Limits the work for the expressions of one file.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use serde_json::Value;

/// The cost of one evaluation step.
const STEP: usize = 256;

/// The most that all expressions of one file may cost together, in bytes of their results and steps. Real templates
/// need about a hundredth of it. A template whose variables double each other would need more memory than any machine
/// has.
const MOST: usize = 32 << 20;

/// The longest string that an expression may return, in bytes.
pub(super) const LONGEST_TEXT: usize = 1 << 20;

/// The work that is left for one file, and the values from outside the file that were used.
#[derive(Debug)]
pub(crate) struct Work {
    left: Cell<usize>,
    used: RefCell<BTreeSet<String>>,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            left: Cell::new(MOST),
            used: RefCell::default(),
        }
    }
}

impl Work {
    /// Subtracts from the work that is left.
    ///
    /// # Errors
    /// When too little is left. In that case nothing else is evaluated.
    pub(super) fn charge(&self, cost: usize) -> Result<(), String> {
        if let Some(left) = self.left.get().checked_sub(cost) {
            self.left.set(left);
            return Ok(());
        }
        self.left.set(0);
        Err(
            "takes too much work: the expressions of this file reached their common limit"
                .to_owned(),
        )
    }

    /// Notes that an expression uses the value with this name.
    pub(super) fn uses(&self, name: &str) {
        self.used.borrow_mut().insert(name.to_ascii_lowercase());
    }

    /// Whether an expression used the value with this name, without regard to case.
    pub(crate) fn is_used(&self, name: &str) -> bool {
        self.used.borrow().contains(&name.to_ascii_lowercase())
    }

    pub(super) fn step(&self) -> Result<(), String> {
        self.charge(STEP)
    }

    /// Charges for a copy of this value.
    pub(super) fn charge_value(&self, value: &Value) -> Result<(), String> {
        // Without this check, values would be weighed again and again after the limit was reached.
        self.step()?;
        self.charge(weight(value))
    }
}

/// Refuses a string before it is created.
pub(super) fn check_length(length: usize) -> Result<(), String> {
    if length > LONGEST_TEXT {
        return Err(format!(
            "results in a text longer than {} MiB",
            LONGEST_TEXT >> 20
        ));
    }
    Ok(())
}

/// The approximate size of a value in bytes.
fn weight(value: &Value) -> usize {
    const EACH: usize = 16;
    EACH + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| name.len() + EACH + weight(value))
            .sum(),
        _ => 0,
    }
}

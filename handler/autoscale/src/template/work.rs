//! How much work the expressions of one file may take.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use serde_json::Value;

/// What one evaluation step costs.
const STEP: usize = 256;

/// What all expressions of one file may cost together, in bytes of their results and steps. Real templates need
/// about a hundredth; a template whose variables double each other needs more than any machine has.
const MOST: usize = 32 << 20;

/// The longest text that an expression may result in, in bytes.
pub(super) const LONGEST_TEXT: usize = 1 << 20;

/// What is left of the work for one file, and which values from outside the file it used.
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
    /// Takes from what is left.
    ///
    /// # Errors
    /// When too little is left; then nothing else is evaluated.
    pub(super) fn charge(&self, cost: usize) -> Result<(), String> {
        if let Some(left) = self.left.get().checked_sub(cost) {
            self.left.set(left);
            return Ok(());
        }
        self.left.set(0);
        Err(
            "takes too much work: the expressions of this file have a bound together, and reached it"
                .to_owned(),
        )
    }

    /// Notes that an expression uses the value of this name.
    pub(super) fn uses(&self, name: &str) {
        self.used.borrow_mut().insert(name.to_ascii_lowercase());
    }

    /// Whether an expression used the value of this name, in any case.
    pub(crate) fn is_used(&self, name: &str) -> bool {
        self.used.borrow().contains(&name.to_ascii_lowercase())
    }

    pub(super) fn step(&self) -> Result<(), String> {
        self.charge(STEP)
    }

    /// Charges for a copy of this value.
    pub(super) fn charge_value(&self, value: &Value) -> Result<(), String> {
        // Without this, a value would be weighed again and again after the bound was reached.
        self.step()?;
        self.charge(weight(value))
    }
}

/// Refuses a text before it is created.
pub(super) fn check_length(length: usize) -> Result<(), String> {
    if length > LONGEST_TEXT {
        return Err(format!(
            "results in a text longer than {} MiB",
            LONGEST_TEXT >> 20
        ));
    }
    Ok(())
}

/// About the bytes that a value takes.
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

//! Spans of time in which the load was more than the ready instances could carry.

use serde::Serialize;

/// A span in which the load was above 100 % of every ready instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Shortage {
    /// When it began.
    pub from_seconds: u64,
    /// When it was over.
    pub to_seconds: u64,
    /// What ended it.
    pub ended_by: Ending,
}

/// What ended a shortage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Instances enough became ready.
    Capacity,
    /// The load fell.
    Load,
    /// Nothing: the simulation ended.
    Nothing,
}

/// Watches for shortages while time passes.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    began: Option<u64>,
    /// The load so far, to tell what ended a shortage.
    load: f64,
    found: Vec<Shortage>,
}

/// Whether `load` is more than `ready` instances can carry.
pub(crate) fn is_short(load: f64, ready: u32) -> bool {
    load > f64::from(ready) * 100.0
}

impl Watch {
    /// What holds from `now` on.
    pub(crate) fn see(&mut self, now: u64, load: f64, ready: u32) {
        match (self.began, is_short(load, ready)) {
            (None, true) => self.began = Some(now),
            (Some(from_seconds), false) => {
                let ended_by = if is_short(self.load, ready) {
                    Ending::Load
                } else {
                    Ending::Capacity
                };
                self.found.push(Shortage {
                    from_seconds,
                    to_seconds: now,
                    ended_by,
                });
                self.began = None;
            }
            _ => {}
        }
        self.load = load;
    }

    pub(crate) fn finish(mut self, now: u64) -> Vec<Shortage> {
        if let Some(from_seconds) = self.began.filter(|began| *began < now) {
            self.found.push(Shortage {
                from_seconds,
                to_seconds: now,
                ended_by: Ending::Nothing,
            });
        }
        self.found
    }
}

//! Each instance's share of the CPUs, and how it is held to it.

use processes::cgroup::{Group, Groups};

/// Of this machine, for the whole fleet; the rest is for the database and whoever makes the load.
const FLEET_PART: f64 = 0.6;
/// A P0v3 instance has one CPU.
const MOST: f64 = 1.0;
/// The smallest quota that the kernel grants.
pub(super) const LEAST: f64 = 0.1;

/// What 100 % of an instance's CPU means.
pub(super) struct Share {
    pub(super) cpus: f64,
    limit: Limit,
}

enum Limit {
    Enforced(Groups),
    /// Wanted, but not possible here.
    Impossible(String),
    /// A single instance may use the whole machine.
    Unwanted,
}

impl Share {
    /// The share that was asked for; without one, a fleet's instances get an equal part of the machine, and a single
    /// instance all of it.
    pub(super) fn new(asked: Option<f64>, maximum: u32) -> Self {
        let cpus = match (asked, maximum) {
            (Some(cpus), _) => cpus,
            (None, 1) => {
                return Self {
                    cpus: machine(),
                    limit: Limit::Unwanted,
                };
            }
            (None, maximum) => default(machine(), maximum),
        };
        let limit = match Groups::create(cpus) {
            Ok(groups) => Limit::Enforced(groups),
            Err(why) => Limit::Impossible(why),
        };
        Self { cpus, limit }
    }

    /// So many instances of this share fill the machine; no fewer than a fleet was started with.
    pub(super) fn most_instances(&self, maximum: u32) -> u32 {
        let fit = (machine() / self.cpus) as u32;
        fit.max(maximum)
    }

    /// A group for an instance; `None` where nothing is enforced.
    pub(super) fn group(&self, id: &str) -> std::io::Result<Option<Group>> {
        match &self.limit {
            Limit::Enforced(groups) => groups.group(id, self.cpus).map(Some),
            Limit::Impossible(_) | Limit::Unwanted => Ok(None),
        }
    }

    /// Whether instances are to know their share.
    pub(super) fn wanted(&self) -> bool {
        !matches!(self.limit, Limit::Unwanted)
    }

    pub(super) fn enforced(&self) -> bool {
        matches!(self.limit, Limit::Enforced(_))
    }

    /// How it is enforced, or why not.
    pub(super) fn how(&self) -> String {
        match &self.limit {
            Limit::Enforced(groups) => groups.version().to_owned(),
            Limit::Impossible(why) => why.clone(),
            Limit::Unwanted => "no limit asked for".to_owned(),
        }
    }
}

fn machine() -> f64 {
    std::thread::available_parallelism().map_or(1.0, |cpus| cpus.get() as f64)
}

fn default(machine: f64, maximum: u32) -> f64 {
    let part = (machine * FLEET_PART / f64::from(maximum)).clamp(LEAST, MOST);
    // People read it.
    (part * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fleet_database_and_load_fit_one_machine() {
        assert_eq!(default(2.0, 3), 0.4);
        assert_eq!(default(16.0, 3), MOST);
        assert_eq!(default(2.0, 20), LEAST);
    }
}

//! Each instance's share of the CPUs, and how it is enforced.

use processes::cgroup::{Group, Groups};

/// The fleet's part of this machine. The rest is for the database and the load generator.
const FLEET_PART: f64 = 0.6;
/// A P0v3 instance has one CPU.
const MOST: f64 = 1.0;
/// The smallest quota that the kernel grants.
pub(super) const LEAST: f64 = 0.1;

/// The CPU that counts as 100% for an instance.
pub(super) struct Share {
    pub(super) cpus: f64,
    limit: Limit,
}

enum Limit {
    Enforced(Groups),
    /// Requested, but not possible here.
    Impossible(String),
    /// A single instance may use the whole machine.
    Unwanted,
}

impl Share {
    /// The requested share. By default, the instances of a fleet get equal parts of the machine, and a single
    /// instance gets all of it.
    pub(super) fn new(asked: Option<f64>, maximum: u32) -> Self {
        if asked.is_none() && maximum == 1 {
            return Self {
                cpus: machine(),
                limit: Limit::Unwanted,
            };
        }
        let cpus = asked.unwrap_or_else(|| default(machine(), maximum));
        let limit = Groups::create(cpus).map_or_else(Limit::Impossible, Limit::Enforced);
        Self { cpus, limit }
    }

    /// The number of instances of this share that the machine has room for, and at least `maximum`.
    pub(super) fn most_instances(&self, maximum: u32) -> u32 {
        let fit = (machine() / self.cpus) as u32;
        fit.max(maximum)
    }

    /// Creates a group for an instance; `None` if nothing is enforced.
    pub(super) fn group(&self, id: &str) -> std::io::Result<Option<Group>> {
        match &self.limit {
            Limit::Enforced(groups) => groups.group(id, self.cpus).map(Some),
            Limit::Impossible(_) | Limit::Unwanted => Ok(None),
        }
    }

    /// Whether instances get their share as a setting.
    pub(super) fn wanted(&self) -> bool {
        !matches!(self.limit, Limit::Unwanted)
    }

    pub(super) fn enforced(&self) -> bool {
        matches!(self.limit, Limit::Enforced(_))
    }

    /// How it is enforced, or why it is not.
    pub(super) fn how(&self) -> String {
        match &self.limit {
            Limit::Enforced(groups) => groups.version().to_owned(),
            Limit::Impossible(why) => why.clone(),
            Limit::Unwanted => "no limit requested".to_owned(),
        }
    }
}

/// The CPUs of this machine.
pub(super) fn machine() -> f64 {
    std::thread::available_parallelism().map_or(1.0, |cpus| cpus.get() as f64)
}

fn default(machine: f64, maximum: u32) -> f64 {
    let part = (machine * FLEET_PART / f64::from(maximum)).clamp(LEAST, MOST);
    // Rounded, because people read it.
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

//! Control groups, version 1 and 2: one group for the lab, and in it one per instance that limits and counts its CPU
//! (kernel: Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::launch::{self, write};
use super::proc;

mod home;

use home::{Home, homes};

/// The name of the lab's group is this prefix and its process id.
const PREFIX: &str = "elastic-visits-lab-";
/// The period of a quota. It is short, so that a throttled instance is delayed only by milliseconds.
const PERIOD_MICROS: u64 = 10_000;
/// The smallest quota that the kernel accepts (`min_cfs_quota_period`).
const MIN_QUOTA_MICROS: u64 = 1_000;
/// The weight of the lab's group, as a multiple of an ordinary program's. A quota is only an upper limit. With this
/// weight, the instances also get their CPU time while other programs, such as a compiler or the load generator, are
/// busy.
const WEIGHT: u64 = 10;
/// The number of attempts to remove a group whose last process is just ending, and the pause between them.
const REMOVALS: u32 = 40;
const REMOVAL_PAUSE: Duration = Duration::from_millis(25);

/// The version of control groups with which this user can limit CPU, or why there is none. This is tested, because
/// permissions alone do not show it.
pub fn cpu_control() -> Result<String, String> {
    Groups::create(MIN_QUOTA_MICROS as f64 / PERIOD_MICROS as f64)
        .map(|groups| groups.version().to_owned())
}

/// The lab's own group. It is removed when this is dropped.
#[derive(Debug)]
pub struct Groups {
    home: Home,
}

impl Groups {
    /// Creates the lab's group, if instances can have this number of CPUs.
    ///
    /// # Errors
    /// The reason why CPU time cannot be limited here, in a few words.
    pub fn create(cpus: f64) -> Result<Self, String> {
        let read = |file| fs::read_to_string(file).map_err(|_| "not Linux".to_owned());
        let homes = homes(&read("/proc/self/cgroup")?, &read("/proc/self/mountinfo")?);
        if homes.is_empty() {
            return Err("no CPU controller is mounted".to_owned());
        }
        let mut why = String::new();
        for home in homes {
            let parents: Vec<_> = home.folders().map(Path::to_path_buf).collect();
            for parent in &parents {
                remove_orphans(parent);
            }
            let groups = Self { home: home.own() };
            match groups.prepare(cpus) {
                Ok(()) => return Ok(groups),
                Err(error) => why = format!("{} takes no limit: {error}", parents[0].display()),
            }
        }
        Err(why)
    }

    /// For example `cgroup v2`.
    pub fn version(&self) -> &'static str {
        match self.home {
            Home::V1 { .. } => "cgroup v1",
            Home::V2(_) => "cgroup v2",
        }
    }

    /// Tries everything that an instance will need.
    fn prepare(&self, cpus: f64) -> io::Result<()> {
        // These folders belong to another lab that had this process id, in a container that was restarted.
        for folder in self.home.folders() {
            remove_tree(folder);
        }
        for folder in self.home.folders() {
            fs::create_dir(folder)?;
        }
        if let Home::V2(home) = &self.home {
            // The lab's group contains no process itself, so it may enable controllers for its children.
            let parent = home.parent().unwrap_or(home);
            if !home.join("cpu.max").exists() {
                write(&parent.join("cgroup.subtree_control"), "+cpu")?;
            }
            write(&home.join("cgroup.subtree_control"), "+cpu")?;
        }
        self.weigh();
        let trial = self.group("trial", cpus)?;
        // Only moving a process shows whether it may move there.
        let moved = launch::command(&trial.folders)?
            .stdin(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()?;
        for folder in &trial.folders {
            fs::remove_dir(folder)?;
        }
        if moved.success() {
            Ok(())
        } else {
            Err(io::Error::other("no process can be moved there"))
        }
    }

    /// If the kernel accepts no weight, instances share the CPU with other programs, but their limits still apply.
    fn weigh(&self) {
        let _ = match &self.home {
            Home::V1 { cpu, .. } => write(&cpu.join("cpu.shares"), &(WEIGHT * 1_024).to_string()),
            Home::V2(home) => write(&home.join("cpu.weight"), &(WEIGHT * 100).to_string()),
        };
    }

    /// Creates a group that limits an instance to this number of CPUs.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn group(&self, name: &str, cpus: f64) -> io::Result<Group> {
        let folders: Vec<PathBuf> = self.home.folders().map(|home| home.join(name)).collect();
        for folder in &folders {
            fs::create_dir(folder)?;
        }
        let quota = quota_micros(cpus);
        let usage = match &self.home {
            Home::V1 { cpu, accounting } => {
                let folder = cpu.join(name);
                // The period is written first, because the quota must never exceed the limits of the parent groups.
                let period = PERIOD_MICROS.to_string();
                write(&folder.join("cpu.cfs_period_us"), &period)?;
                write(&folder.join("cpu.cfs_quota_us"), &quota.to_string())?;
                accounting.join(name).join("cpuacct.usage")
            }
            Home::V2(home) => {
                let folder = home.join(name);
                let limit = format!("{quota} {PERIOD_MICROS}");
                write(&folder.join("cpu.max"), &limit)?;
                folder.join("cpu.stat")
            }
        };
        Ok(Group { folders, usage })
    }
}

impl Drop for Groups {
    /// Also removes what instances left behind, if it contains no process.
    fn drop(&mut self) {
        for folder in self.home.folders() {
            remove_tree(folder);
        }
    }
}

/// The control group of an instance.
#[derive(Debug)]
pub struct Group {
    /// The folders that its processes join.
    pub folders: Vec<PathBuf>,
    /// The file in which the kernel reports the CPU time.
    usage: PathBuf,
}

impl Group {
    /// The CPU time of all processes that were ever in the group.
    pub fn cpu_time(&self) -> Option<Duration> {
        let text = fs::read_to_string(&self.usage).ok()?;
        let mut lines = text.lines();
        Some(
            match lines.find_map(|line| line.strip_prefix("usage_usec ")) {
                // Version 2: one of several lines.
                Some(micros) => Duration::from_micros(micros.trim().parse().ok()?),
                None => Duration::from_nanos(text.trim().parse().ok()?),
            },
        )
    }

    /// Removes the group as soon as its last process has ended.
    pub async fn remove(self) {
        for folder in &self.folders {
            for _ in 0..REMOVALS {
                match fs::remove_dir(folder) {
                    Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                        tokio::time::sleep(REMOVAL_PAUSE).await;
                    }
                    _ => break,
                }
            }
        }
    }
}

/// The quota for this number of CPUs, in microseconds per period.
fn quota_micros(cpus: f64) -> u64 {
    ((cpus * PERIOD_MICROS as f64).round() as u64).max(MIN_QUOTA_MICROS)
}

/// Removes the groups of labs that were killed.
fn remove_orphans(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let lab = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX)?.parse::<u32>().ok());
        if lab.is_some_and(proc::has_ended) {
            remove_tree(&entry.path());
        }
    }
}

/// Removes a group and its subgroups. A group with a process stays.
fn remove_tree(group: &Path) {
    if let Ok(entries) = fs::read_dir(group) {
        for entry in entries.flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let _ = fs::remove_dir(entry.path());
            }
        }
    }
    let _ = fs::remove_dir(group);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_have_a_period_of_ten_milliseconds() {
        assert_eq!(quota_micros(0.4), 4_000);
        assert_eq!(quota_micros(1.0), 10_000);
        assert_eq!(quota_micros(2.5), 25_000);
        assert_eq!(quota_micros(0.01), MIN_QUOTA_MICROS);
    }
}

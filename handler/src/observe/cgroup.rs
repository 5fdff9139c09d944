//! The control group in which this process runs, version 1 and 2 (kernel: Documentation/admin-guide/cgroup-v1 and
//! cgroup-v2.rst).

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A version 1 limit of this size or more means no limit (`PAGE_COUNTER_MAX` in bytes).
const NO_LIMIT: u64 = 1 << 60;

/// The nearest group that limits this process's CPU.
#[derive(Debug)]
pub(super) struct Cgroup {
    /// The version of the hierarchy, with the folder of `cpu.max` or `cpu.cfs_quota_us`.
    version: Version,
    quota_cpus: f64,
}

#[derive(Debug)]
enum Version {
    V1 {
        cpu_time: PathBuf,
        memory: Option<PathBuf>,
    },
    V2 {
        group: PathBuf,
    },
}

impl Cgroup {
    /// The group whose quota limits this process; `None` if there is no quota.
    pub(super) fn with_quota() -> Option<Self> {
        let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        Self::find(&groups, &mounts)
    }

    fn find(groups: &str, mounts: &str) -> Option<Self> {
        let v2 = || {
            upwards(&locate(groups, mounts, None)?)
                .into_iter()
                .find_map(|group| {
                    let quota_cpus =
                        parse_cpu_max(&fs::read_to_string(group.join("cpu.max")).ok()?)?;
                    Some(Self {
                        version: Version::V2 { group },
                        quota_cpus,
                    })
                })
        };
        let v1 = || {
            let own = locate(groups, mounts, Some("cpu"))?;
            let (depth, quota_cpus) =
                upwards(&own)
                    .iter()
                    .enumerate()
                    .find_map(|(depth, group)| {
                        let quota: i64 = number(&group.join("cpu.cfs_quota_us"))?;
                        let period: i64 = number(&group.join("cpu.cfs_period_us"))?;
                        (quota > 0 && period > 0).then(|| (depth, quota as f64 / period as f64))
                    })?;
            // The same group in the hierarchies for CPU time and memory.
            let beside = |controller| {
                let own = locate(groups, mounts, Some(controller))?;
                upwards(&own).into_iter().nth(depth)
            };
            let cpu_time = beside("cpuacct")?.join("cpuacct.usage");
            let memory = locate(groups, mounts, Some("memory"));
            Some(Self {
                version: Version::V1 { cpu_time, memory },
                quota_cpus,
            })
        };
        v2().or_else(v1)
    }

    /// The number of CPUs that the quota allows.
    pub(super) const fn quota_cpus(&self) -> f64 {
        self.quota_cpus
    }

    /// CPU time that the whole group has used since its start.
    pub(super) fn cpu_time(&self) -> Option<Duration> {
        match &self.version {
            Version::V1 { cpu_time, .. } => number(cpu_time).map(Duration::from_nanos),
            Version::V2 { group } => {
                let stat = fs::read_to_string(group.join("cpu.stat")).ok()?;
                field(&stat, "usage_usec").map(Duration::from_micros)
            }
        }
    }

    /// Memory of the group that the kernel cannot simply drop: without inactive file pages.
    pub(super) fn memory_used(&self) -> Option<u64> {
        let (folder, usage, inactive) = match &self.version {
            Version::V1 { memory, .. } => (
                memory.as_deref()?,
                "memory.usage_in_bytes",
                "total_inactive_file",
            ),
            Version::V2 { group } => (group.as_path(), "memory.current", "inactive_file"),
        };
        let used: u64 = number(&folder.join(usage))?;
        let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
        Some(used.saturating_sub(field(&stat, inactive).unwrap_or(0)))
    }

    /// The group's memory limit, if it has one.
    pub(super) fn memory_limit(&self) -> Option<u64> {
        let limit: u64 = match &self.version {
            Version::V1 { memory, .. } => {
                number(&memory.as_deref()?.join("memory.limit_in_bytes"))?
            }
            // `max` is not a number.
            Version::V2 { group } => number(&group.join("memory.max"))?,
        };
        (limit < NO_LIMIT).then_some(limit)
    }
}

/// The folder of this process's group for a version 1 controller, or in the version 2 hierarchy.
///
/// In a container the mount shows only a part of the hierarchy, so the path of that part is removed from the group's
/// path.
fn locate(groups: &str, mounts: &str, controller: Option<&str>) -> Option<PathBuf> {
    let path = groups.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (id, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let matches = match controller {
            None => id == "0" && controllers.is_empty(),
            Some(wanted) => controllers.split(',').any(|one| one == wanted),
        };
        matches.then_some(path)
    })?;
    mounts.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let mut left = left.split(' ').skip(3);
        let (root, mount_point) = (left.next()?, left.next()?);
        let mut right = right.split(' ');
        let (kind, options) = (right.next()?, right.nth(1)?);
        let matches = match controller {
            None => kind == "cgroup2",
            Some(wanted) => kind == "cgroup" && options.split(',').any(|one| one == wanted),
        };
        let below = Path::new(path).strip_prefix(root).unwrap_or(Path::new(""));
        matches.then(|| Path::new(mount_point).join(below))
    })
}

/// The group itself and its parents, nearest first.
fn upwards(group: &Path) -> Vec<PathBuf> {
    group.ancestors().map(Path::to_path_buf).collect()
}

/// `"50000 100000"` is half a CPU; `"max 100000"` means no quota.
fn parse_cpu_max(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    let (quota, period): (f64, f64) = (quota.parse().ok()?, period.parse().ok()?);
    (quota > 0.0 && period > 0.0).then(|| quota / period)
}

fn number<N: std::str::FromStr>(file: &Path) -> Option<N> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn field(stat: &str, name: &str) -> Option<u64> {
    stat.lines().find_map(|line| {
        line.strip_prefix(name)?
            .strip_prefix(' ')?
            .trim()
            .parse()
            .ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const V2_MOUNT: &str =
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn finds_the_group_in_the_unified_hierarchy() {
        let found = locate("0::/system.slice/app.service\n", V2_MOUNT, None);
        assert_eq!(
            found.as_deref(),
            Some(Path::new("/sys/fs/cgroup/system.slice/app.service"))
        );
    }

    #[test]
    fn finds_the_group_from_inside_a_container() {
        let groups = "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/docker/abc\n";
        let mounts = "31 30 0:27 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n\
                      32 30 0:28 / /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
        assert_eq!(
            locate(groups, mounts, Some("cpu")).as_deref(),
            Some(Path::new("/sys/fs/cgroup/cpu,cpuacct"))
        );
        assert_eq!(
            locate(groups, mounts, Some("memory")).as_deref(),
            Some(Path::new("/sys/fs/cgroup/memory/docker/abc"))
        );
        assert_eq!(locate(groups, mounts, None), None);
    }

    #[test]
    fn reads_quotas() {
        assert_eq!(parse_cpu_max("50000 100000\n"), Some(0.5));
        assert_eq!(parse_cpu_max("max 100000\n"), None);
        assert_eq!(
            field("usage_usec 12\nuser_usec 7\n", "usage_usec"),
            Some(12)
        );
    }

    #[test]
    fn a_quota_of_a_parent_group_counts() {
        let root =
            std::env::temp_dir().join(format!("elastic-visits-cgroup-{}", std::process::id()));
        let group = root.join("limited/inner");
        fs::create_dir_all(&group).expect("a temporary folder");
        fs::write(root.join("limited/cpu.max"), "25000 100000\n").expect("a file");
        fs::write(root.join("limited/cpu.stat"), "usage_usec 1500000\n").expect("a file");
        fs::write(root.join("limited/memory.current"), "3000\n").expect("a file");
        fs::write(root.join("limited/memory.stat"), "inactive_file 1000\n").expect("a file");
        fs::write(root.join("limited/memory.max"), "8000\n").expect("a file");
        let mounts = format!("30 23 0:26 / {} rw - cgroup2 cgroup2 rw\n", root.display());
        let found = Cgroup::find("0::/limited/inner\n", &mounts).expect("a quota");
        assert_eq!(found.quota_cpus(), 0.25);
        assert_eq!(found.cpu_time(), Some(Duration::from_millis(1_500)));
        assert_eq!(found.memory_used(), Some(2_000));
        assert_eq!(found.memory_limit(), Some(8_000));
        fs::remove_dir_all(&root).expect("the folder is ours");
    }
}

//! Finds possible places for the lab's groups in the kernel's description of this process and of its mounts. Pure.

use std::path::{Path, PathBuf};

use super::PREFIX;

/// A possible place for the lab's groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// The lab's group in the hierarchies that limit and that count CPU time.
    V1 { cpu: PathBuf, accounting: PathBuf },
    /// The lab's group in the unified hierarchy.
    V2(PathBuf),
}

impl Home {
    /// In version 1, both controllers may share a hierarchy, and so a folder.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        let (first, second) = match self {
            Self::V1 { cpu, accounting } if cpu != accounting => (cpu, Some(accounting)),
            Self::V1 { cpu, .. } => (cpu, None),
            Self::V2(home) => (home, None),
        };
        [Some(first), second]
            .into_iter()
            .flatten()
            .map(AsRef::as_ref)
    }

    /// The lab's group in these parent folders.
    pub(super) fn own(self) -> Self {
        let name = format!("{PREFIX}{}", std::process::id());
        match self {
            Self::V1 { cpu, accounting } => Self::V1 {
                cpu: cpu.join(&name),
                accounting: accounting.join(&name),
            },
            Self::V2(parent) => Self::V2(parent.join(&name)),
        }
    }
}

/// The possible places for the lab's group, the best ones first: below this process's own group, and then above it,
/// as far as the mount shows. In the unified hierarchy, a group that contains processes may not enable controllers
/// for its children, so there it is usually a sibling.
pub(super) fn homes(groups: &str, mounts: &str) -> Vec<Home> {
    let ancestors = |controller| {
        locate(groups, mounts, controller)
            .map(|(mount, own)| {
                let levels = own
                    .ancestors()
                    .take_while(|folder| folder.starts_with(&mount));
                levels.map(Path::to_path_buf).collect::<Vec<_>>()
            })
            .unwrap_or_default()
    };
    let cpu = ancestors(Some("cpu"));
    if !cpu.is_empty() {
        // Both at the same depth, because the handler expects one next to the other.
        let accounting = ancestors(Some("cpuacct"));
        return cpu
            .into_iter()
            .zip(accounting)
            .map(|(cpu, accounting)| Home::V1 { cpu, accounting })
            .collect();
    }
    ancestors(None).into_iter().map(Home::V2).collect()
}

/// The mount of a version 1 controller, or of the unified hierarchy, and this process's group in it. In a container
/// the mount shows only a part of the hierarchy, so the path of that part is removed from the group's path.
fn locate(groups: &str, mounts: &str, controller: Option<&str>) -> Option<(PathBuf, PathBuf)> {
    let has = |list: &str, wanted: &str| list.split(',').any(|one| one == wanted);
    let path = groups.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        match controller {
            None => controllers.is_empty(),
            Some(wanted) => has(controllers, wanted),
        }
        .then_some(path)
    })?;
    mounts.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let mut left = left.split(' ').skip(3);
        let (root, mount) = (left.next()?, left.next()?);
        let mut right = right.split(' ');
        let (kind, options) = (right.next()?, right.nth(1)?);
        let matches = match controller {
            None => kind == "cgroup2",
            Some(wanted) => kind == "cgroup" && has(options, wanted),
        };
        let below = Path::new(path).strip_prefix(root).unwrap_or(Path::new(""));
        // Joining an empty path would leave a slash at the end.
        let own = Path::new(mount).components().chain(below.components());
        matches.then(|| (PathBuf::from(mount), own.collect()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const V2: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn in_the_unified_hierarchy_every_parent_group_is_a_candidate() {
        let homes = homes("0::/user.slice/app.slice/term.scope\n", V2);
        let expected = [
            "/sys/fs/cgroup/user.slice/app.slice/term.scope",
            "/sys/fs/cgroup/user.slice/app.slice",
            "/sys/fs/cgroup/user.slice",
            "/sys/fs/cgroup",
        ];
        assert_eq!(
            homes,
            expected.map(|folder| Home::V2(PathBuf::from(folder)))
        );
    }

    #[test]
    fn in_version_1_both_groups_are_at_the_same_depth() {
        let groups = "3:cpuacct:/a\n2:cpu:/a\n1:name=systemd:/\n0::/a\n";
        let mounts = "31 30 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
                      32 30 0:28 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n\
                      33 30 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let found = homes(groups, mounts);
        let home = |below: &str| Home::V1 {
            cpu: Path::new("/sys/fs/cgroup/cpu").join(below),
            accounting: Path::new("/sys/fs/cgroup/cpuacct").join(below),
        };
        assert_eq!(found[0], home("a"));
        assert_eq!(found.len(), 2);

        let shared = "4:cpu,cpuacct:/docker/abc\n";
        let mounts =
            "31 30 0:27 /docker/abc /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n";
        let found = homes(shared, mounts);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].folders().collect::<Vec<_>>(),
            [Path::new("/sys/fs/cgroup/cpu,cpuacct")]
        );
    }

    #[test]
    fn without_a_controller_there_is_no_place() {
        assert_eq!(homes("0::/\n", ""), []);
        assert_eq!(homes("", V2), []);
    }
}

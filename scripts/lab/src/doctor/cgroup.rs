//! Whether this user may limit the CPU of a group of processes.
//!
//! It is tried with an empty group, which is removed again: permissions alone do not tell, since a container may
//! mount the tree read-only.

use std::fs;
use std::path::{Path, PathBuf};

/// The version of control groups that lets this user limit CPU, or why none does.
pub(crate) fn cpu_control() -> Result<String, String> {
    let membership =
        fs::read_to_string("/proc/self/cgroup").map_err(|_| "not on this system".to_owned())?;
    for line in membership.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(own)) = (fields.next(), fields.next()) else {
            continue;
        };
        let own = own.trim_start_matches('/');
        if controllers.split(',').any(|controller| controller == "cpu") {
            let roots = [controllers, "cpu"].map(|name| Path::new("/sys/fs/cgroup").join(name));
            let can = roots
                .iter()
                .any(|root| tried(root, own, "cpu.cfs_quota_us", "-1"));
            return if can {
                Ok("cgroup v1".to_owned())
            } else {
                Err("cgroup v1, not writable".to_owned())
            };
        }
    }
    let own = membership
        .lines()
        .find_map(|line| line.strip_prefix("0::/"));
    match own {
        Some(own) if tried(Path::new("/sys/fs/cgroup"), own, "cpu.max", "max") => {
            Ok("cgroup v2".to_owned())
        }
        Some(_) => Err("cgroup v2, not writable".to_owned()),
        None => Err("no CPU controller".to_owned()),
    }
}

/// Tries it below this process's own group, and below the root, which is what a container sees of its own.
fn tried(root: &Path, own: &str, setting: &str, unlimited: &str) -> bool {
    let parents: [PathBuf; 2] = [root.join(own), root.to_owned()];
    parents
        .iter()
        .filter(|parent| parent.is_dir())
        .any(|parent| {
            let group = parent.join(format!("elastic-visits-doctor-{}", std::process::id()));
            if fs::create_dir(&group).is_err() {
                return false;
            }
            // No creation: in a folder that is no control group, writing would make a file.
            let written = fs::File::options()
                .write(true)
                .open(group.join(setting))
                .and_then(|mut file| std::io::Write::write_all(&mut file, unlimited.as_bytes()));
            let removed = fs::remove_dir(&group);
            written.is_ok() && removed.is_ok()
        })
}

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{Access, access};

use super::view::{events, fleet, fleet_when, pids, ready};
use crate::support::{Root, alive, eventually, signal};

/// The control groups of a lab, in all places.
pub fn groups(lab: u32) -> Vec<PathBuf> {
    fn search(folder: &Path, name: &str, depth: u32, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_name() == *name {
                found.push(entry.path());
            } else if depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                search(&entry.path(), name, depth - 1, found);
            }
        }
    }
    let mut found = Vec::new();
    let name = format!("elastic-visits-lab-{lab}");
    search(Path::new("/sys/fs/cgroup"), &name, 5, &mut found);
    found
}

/// Whether no thread runs in the groups of a lab's instances.
pub fn is_empty(group: &Path) -> bool {
    let instances = std::fs::read_dir(group).into_iter().flatten().flatten();
    instances
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .all(|instance| {
            // Version 2 and version 1 of control groups.
            ["cgroup.threads", "tasks"].iter().all(|file| {
                std::fs::read_to_string(instance.path().join(file))
                    .map_or(true, |threads| threads.is_empty())
            })
        })
}

#[test]
fn nothing_is_left_after_ctrl_c() {
    let root = Root::new();
    let log = root.files().join("events.jsonl");
    let mut host = root.up(&["--min", "3", "--events", log.to_str().unwrap()]);
    let view = ready(&host, 3);
    let handlers = pids(&view, "ready");
    let groups = groups(host.id());
    assert_eq!(view["cpu_limit"]["enforced"], !groups.is_empty());
    host.signal("INT");
    let (status, printed) = host.end();
    assert_eq!(status.code(), Some(0), "{printed}");
    for handler in handlers {
        assert!(!alive(handler));
    }
    for group in groups {
        assert!(!group.exists(), "{group:?}");
    }
    let events = events(&log);
    let names: Vec<_> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(names.iter().filter(|name| **name == "ready").count(), 3);
    assert_eq!(names.last(), Some(&"stop"));
}

#[test]
fn ctrl_c_ends_a_fleet_that_is_just_starting() {
    let mut root = Root::new();
    root.variable("PROBE_START", "deaf");
    let mut host = root.start(&["--min", "3"]);
    host.listening();
    let handlers: Vec<_> = (1..=3).map(|number| host.handler(number)).collect();
    host.signal("INT");
    let (status, printed) = host.end();
    assert_eq!(status.code(), Some(0), "{printed}");
    for handler in handlers {
        assert!(!alive(handler));
    }
}

#[test]
fn each_instance_is_limited_to_its_share() {
    let host = Root::new().up(&["--min", "2", "--instance-cpus", "0.2"]);
    let view = ready(&host, 2);
    if view["cpu_limit"]["enforced"] != true {
        // For a user without write access to control groups. If there is access, there must be a limit.
        let writable = ["/sys/fs/cgroup", "/sys/fs/cgroup/cpu"]
            .into_iter()
            .find(|folder| access(*folder, Access::WRITE_OK).is_ok());
        assert_eq!(writable, None, "{}", view["cpu_limit"]["how"]);
        host.line("but this limit is not enforced");
        return;
    }
    let mine = groups(host.id());
    for (process, id) in pids(&view, "ready")
        .into_iter()
        .zip(super::view::ids(&view, "ready"))
    {
        let within = mine.iter().any(|group| {
            std::fs::read_to_string(group.join(&id).join("cgroup.procs"))
                .is_ok_and(|processes| processes.lines().any(|line| line == process.to_string()))
        });
        assert!(within, "{id} is not in its group");
    }
    let limits = mine.iter().filter_map(|group| {
        let folder = group.join(&super::view::ids(&view, "ready")[0]);
        std::fs::read_to_string(folder.join("cpu.cfs_quota_us"))
            .or_else(|_| std::fs::read_to_string(folder.join("cpu.max")))
            .ok()
    });
    let limits: Vec<_> = limits.collect();
    assert_eq!(limits.len(), 1);
    assert_eq!(limits[0].split_whitespace().next(), Some("2000"));
}

/// Hides the control groups with an empty file system, for a start without them.
#[test]
#[ignore = "mounts over the control groups, which takes root"]
fn without_control_groups_the_lab_reports_it_and_runs() {
    let root = Root::new();
    let covered = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script, "sh"]);
        command
    };
    let cover = "mount -t tmpfs none /sys/fs/cgroup";
    let script = format!("{cover} && exec \"$@\"");
    let mut host = root.start_by(covered(&script), &["--min", "2", "--time-scale", "60"]);
    host.listening();
    host.line("Ready: ");
    host.line("but this limit is not enforced");
    let view = ready(&host, 2);
    assert_eq!(view["cpu_limit"]["enforced"], false);
    let how = view["cpu_limit"]["how"].as_str().unwrap();
    assert!(how.contains("takes no limit"), "{how}");
    // The CPU is still measured.
    fleet_when(&host, "a minute is measured", |fleet| {
        fleet["metric"]["cpu_percent"].is_f64()
    });
}

#[test]
fn minutes_missed_while_stopped_are_not_repeated() {
    let root = Root::new();
    let log = root.files().join("events.jsonl");
    let host = root.up(&["--time-scale", "600", "--events", log.to_str().unwrap()]);
    let decisions = || {
        let all = events(&log).into_iter();
        all.filter(|event| event["event"] == "decision")
            .collect::<Vec<_>>()
    };
    eventually("the rules are evaluated", || {
        (decisions().len() > 2).then_some(())
    });
    signal(host.id(), "STOP");
    let before = decisions().len();
    // At this scale 600 Azure seconds a second: ten evaluations.
    std::thread::sleep(std::time::Duration::from_secs(1));
    signal(host.id(), "CONT");
    let after = eventually("they are evaluated again", || {
        Some(decisions()).filter(|decisions| decisions.len() > before + 2)
    });
    let seconds: Vec<f64> = after
        .iter()
        .map(|decision| decision["azure_seconds"].as_f64().unwrap())
        .collect();
    let gap = seconds
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .fold(0.0, f64::max);
    assert!(gap >= 500.0, "{seconds:?}");
    assert!(fleet(&host)["azure_seconds"].as_f64().unwrap() >= *seconds.last().unwrap());
}

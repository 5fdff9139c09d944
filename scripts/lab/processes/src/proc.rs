//! CPU and memory of processes, from Linux' `/proc`.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::time::Duration;

use anyhow::Context as _;

/// The CPU time that a process has used since it began.
pub fn cpu(pid: u32) -> anyhow::Result<Duration> {
    Ok(stat(pid)?.own)
}

/// The CPU time of a process and its children, including children that have ended and that it has waited for.
pub fn family_cpu(parent: u32) -> anyhow::Result<Duration> {
    let members = family(parent)?;
    // A child that has just ended is included in its parent's time.
    let used = members.filter_map(|pid| stat(pid).ok());
    Ok(used.map(|stat| stat.own + stat.waited_for).sum())
}

/// A process and its children.
pub fn family(parent: u32) -> anyhow::Result<impl Iterator<Item = u32>> {
    let pids = pids().context("cannot read /proc")?;
    Ok(
        pids.filter(move |pid| {
            *pid == parent || stat(*pid).is_ok_and(|stat| stat.parent == parent)
        }),
    )
}

/// The CPU time of each process group, by its id: of the processes in it and of those that they have waited for.
pub fn cpu_by_group() -> HashMap<u32, Duration> {
    let mut groups: HashMap<u32, Duration> = HashMap::new();
    let processes = pids().into_iter().flatten();
    for stat in processes.filter_map(|pid| stat(pid).ok()) {
        *groups.entry(stat.group).or_default() += stat.own + stat.waited_for;
    }
    groups
}

/// The processes of this machine.
fn pids() -> io::Result<impl Iterator<Item = u32>> {
    let entries = fs::read_dir("/proc")?.flatten();
    Ok(entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()))
}

/// Whether a process has ended, even if nothing has waited for it yet.
pub fn has_ended(pid: u32) -> bool {
    stat(pid).map_or(true, |stat| stat.ended)
}

/// The process that started this one.
pub fn parent(pid: u32) -> anyhow::Result<u32> {
    Ok(stat(pid)?.parent)
}

/// The memory that a process uses, in megabytes.
pub fn memory(pid: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    resident(&text).with_context(|| format!("{path} has no VmRSS"))
}

/// The number of processes that needed a CPU, on average over the last minute.
pub fn load_average() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// A megabyte is a million bytes; the kernel's kB is 1,024 bytes.
fn resident(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1_024.0 / 1e6)
}

struct Stat {
    ended: bool,
    parent: u32,
    group: u32,
    own: Duration,
    waited_for: Duration,
}

fn stat(pid: u32) -> anyhow::Result<Stat> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let ticks_a_second = rustix::param::clock_ticks_per_second();
    parse_stat(&text, ticks_a_second).with_context(|| format!("cannot understand {path}"))
}

/// The second field is the program's name in parentheses, which may contain spaces and parentheses.
fn parse_stat(text: &str, ticks_a_second: u64) -> Option<Stat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    // proc(5) numbers these fields from 3: state 3, ppid 4, pgrp 5, utime 14, stime 15, cutime 16, cstime 17.
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let time = |ticks: u64| Duration::from_millis(ticks * 1_000 / ticks_a_second);
    Some(Stat {
        ended: matches!(*fields.first()?, "Z" | "X"),
        parent: u32::try_from(number(4)?).ok()?,
        group: u32::try_from(number(5)?).ok()?,
        own: time(number(14)? + number(15)?),
        waited_for: time(number(16)? + number(17)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_contain_anything() {
        let text = "42 (a) b) c) S 7 41 42 0 -1 4194560 1 2 3 4 100 50 20 30 20 0 9 0 1";
        let stat = parse_stat(text, 100).expect("all fields");
        assert!(!stat.ended);
        assert_eq!(stat.parent, 7);
        assert_eq!(stat.group, 41);
        assert_eq!(stat.own, Duration::from_millis(1_500));
        assert_eq!(stat.waited_for, Duration::from_millis(500));
        assert!(parse_stat("42 (short) S 7", 100).is_none());
    }

    #[test]
    fn memory_is_resident_memory() {
        let status = "Name:\thandler\nVmRSS:\t   10000 kB\nThreads:\t3\n";
        assert_eq!(resident(status), Some(10.24));
        assert_eq!(resident("Name:\tkthreadd\n"), None);
    }
}

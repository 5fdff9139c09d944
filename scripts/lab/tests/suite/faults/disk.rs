//! The disk with the register on it is full.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::case::Case;
use crate::outage::server::Postgres;
use crate::scratch::Scratch;

/// How long the disk is full.
const FULL: Duration = Duration::from_secs(3);

/// A small disk of the test's own.
struct Disk {
    scratch: Scratch,
}

impl Disk {
    /// `None`, and a sentence, where mounting is not allowed.
    fn mount(megabytes: u32) -> Option<Self> {
        let scratch = Scratch::new();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o"])
            .arg(format!("size={megabytes}m,mode=755"))
            .arg("tmpfs")
            .arg(scratch.path())
            .output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            eprintln!(
                "SKIPPED: a small disk cannot be mounted here; root may, outside most containers"
            );
            return None;
        }
        Some(Self { scratch })
    }

    fn path(&self) -> &Path {
        self.scratch.path()
    }

    fn ballast(&self) -> PathBuf {
        self.scratch.join("ballast")
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.ballast());
        let mut file = file.unwrap();
        while file.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
    }

    /// Keeps it full: a database may give room back.
    fn stay_full(&self, case: &Case) {
        self.fill();
        case.endures(Duration::ZERO);
        for _ in 0..10 {
            self.fill();
            std::thread::sleep(FULL / 10);
        }
    }

    fn free(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[test]
fn the_servers_disk_is_full() {
    let Some(disk) = Disk::mount(160) else { return };
    let data = disk.path().join("data");
    let settings = ["min_wal_size=32MB", "max_wal_size=48MB"];
    let Some(mut postgres) = Postgres::start(Some(&data), &settings) else {
        return;
    };
    let mut case = Case::in_service("server's disk full", &[("DATABASE_URL", &postgres.url())]);
    disk.stay_full(&case);
    disk.free();
    // Without room for its log of changes it ends, and whoever freed the disk starts it again.
    postgres.resume_if_ended();
    case.recovers();
    case.closes();
}

#[test]
fn the_sqlite_files_disk_is_full() {
    let Some(disk) = Disk::mount(8) else { return };
    let path = disk.path().join("visits.db");
    let path = path.to_str().unwrap();
    let mut case = Case::in_service("SQLite's disk full", &[("SQLITE_PATH", path)]);
    disk.stay_full(&case);
    disk.free();
    case.recovers();
    case.closes();
}

//! The disk with the database is full.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::case::Case;
use crate::outage::server::Postgres;
use crate::scratch::Scratch;

/// How long the disk is full.
const FULL: Duration = Duration::from_secs(3);

/// A small disk for the test.
struct Disk {
    scratch: Scratch,
}

impl Disk {
    fn mount(megabytes: u32) -> Self {
        let scratch = Scratch::new();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o"])
            .arg(format!("size={megabytes}m,mode=755"))
            .arg("tmpfs")
            .arg(scratch.path())
            .output()
            .unwrap();
        assert!(mounted.status.success(), "{mounted:?}");
        Self { scratch }
    }

    fn path(&self) -> &Path {
        self.scratch.path()
    }

    fn ballast(&self) -> PathBuf {
        self.scratch.join("ballast")
    }

    /// Uses all the free space.
    fn fill(&self) {
        let file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.ballast());
        let mut file = file.unwrap();
        while file.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
    }

    /// Keeps it full, because a database may release space.
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
#[ignore = "mounts a small disk, which takes root"]
fn the_servers_disk_is_full() {
    let disk = Disk::mount(160);
    let data = disk.path().join("data");
    let settings = ["min_wal_size=32MB", "max_wal_size=48MB"];
    let mut postgres = Postgres::start(Some(&data), &settings);
    let mut case = Case::in_service("server's disk full", &[("DATABASE_URL", &postgres.url())]);
    disk.stay_full(&case);
    disk.free();
    // Without space for its write-ahead log the server ends. The operator who frees the disk starts it again.
    postgres.resume_if_ended();
    case.recovers();
    case.closes();
}

#[test]
#[ignore = "mounts a small disk, which takes root"]
fn the_sqlite_files_disk_is_full() {
    let disk = Disk::mount(8);
    let path = disk.path().join("visits.db");
    let path = path.to_str().unwrap();
    let mut case = Case::in_service("SQLite's disk full", &[("SQLITE_PATH", path)]);
    disk.stay_full(&case);
    disk.free();
    case.recovers();
    case.closes();
}

//! Files are written completely or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use run_record::write_whole;

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("report-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_file_is_replaced_and_no_temporary_file_is_left() {
    let folder = folder("replaced");
    let path = folder.join("run.json");
    write_whole(&path, b"old").unwrap();
    write_whole(&path, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_mistake_is_reported_in_one_sentence() {
    let folder = folder("mistakes");
    let missing = write_whole(&folder.join("none/run.json"), b"").unwrap_err();
    assert!(
        missing.to_string().starts_with("there is no folder "),
        "{missing}"
    );
    let taken = write_whole(&folder, b"").unwrap_err();
    assert!(
        taken
            .to_string()
            .ends_with("is a folder: give a file name in it"),
        "{taken}"
    );
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    fs::remove_dir_all(folder).unwrap();
}

#[cfg(unix)]
#[test]
fn a_link_stays_and_a_device_is_not_replaced() {
    let folder = folder("links");
    let (file, link) = (folder.join("run.json"), folder.join("latest.json"));
    write_whole(&file, b"old").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    write_whole(&link, b"new").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    let device = write_whole(Path::new("/dev/null"), b"").unwrap_err();
    assert_eq!(
        device.to_string(),
        "/dev/null is not a file: give the name of a file"
    );
    fs::remove_dir_all(folder).unwrap();
}

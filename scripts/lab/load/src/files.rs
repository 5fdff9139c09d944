//! The files to which a run is written. They are checked before the load starts.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;

use run_record::{Run, write_csv, write_json};
use tempfile::NamedTempFile;

/// Space for the parts of a file that do not depend on the length of the run.
const ROOM: u64 = 256 * 1024;
/// Space for every second of the run.
const ROOM_PER_SECOND: u64 = 1_024;

/// Writes a run to a file.
type Write = fn(&Run, &Path) -> anyhow::Result<()>;

/// The options for the record of the run.
#[derive(Args)]
#[command(next_help_heading = "Record of the run")]
pub(super) struct Files {
    /// Write the record, from which lab report can create the page again
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write one row per second as comma-separated values
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write a report page; it links to the other two files if they have the same name with another extension
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Mark Azure's own scale actions: an activity log exported as JSON, which is read after the load. lab report can
    /// add it later
    #[arg(long, value_name = "FILE")]
    azure_events: Option<PathBuf>,
}

impl Files {
    /// Reserves space for a run of this length, if it is known. The page comes last, because it links to the others.
    ///
    /// # Errors
    /// One sentence for the user.
    pub(super) fn reserve(
        &self,
        length: Option<Duration>,
        write_html: Write,
    ) -> anyhow::Result<Vec<Place>> {
        let room = ROOM + ROOM_PER_SECOND * length.unwrap_or_default().as_secs();
        let files: [(_, Write); 3] = [
            (&self.json, write_json),
            (&self.csv, write_csv),
            (&self.html, write_html),
        ];
        let mut places: Vec<Place> = Vec::new();
        for (path, write) in files {
            let Some(path) = path else { continue };
            ensure!(
                places.iter().all(|place| place.path != *path),
                "two of --json, --csv and --html name the same file"
            );
            places.push(Place::reserve(path, room, write)?);
        }
        Ok(places)
    }

    /// Adds Azure's scale actions to the record, if a file with them is given.
    ///
    /// # Errors
    /// One sentence for the user. The record is then unchanged.
    pub(super) fn add_events(
        &self,
        run: &mut Run,
        add_events: fn(&mut Run, &str) -> anyhow::Result<usize>,
    ) -> anyhow::Result<()> {
        let Some(path) = &self.azure_events else {
            return Ok(());
        };
        let shown = path.display();
        let unusable = || format!("{shown} cannot be used (lab report can add it later)");
        let text = fs::read_to_string(path).with_context(unusable)?;
        add_events(run, &text).with_context(unusable)?;
        Ok(())
    }
}

/// The place for a file that is written later. The space is reserved until then, so that a full disk or a read-only
/// folder is found before the load and not after it.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    /// Deleted when it is dropped.
    reserved: NamedTempFile,
    write: Write,
}

impl Place {
    /// # Errors
    /// One sentence for the user.
    fn reserve(path: &Path, bytes: u64, write: Write) -> anyhow::Result<Self> {
        if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
            bail!(
                "cannot write {}: it exists and is not a regular file",
                path.display()
            );
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let reserve = || {
            let mut file = tempfile::Builder::new()
                .prefix("lab.")
                .suffix(".reserved")
                .tempfile_in(folder)?;
            io::copy(&mut io::repeat(0).take(bytes), &mut file)?;
            file.as_file().sync_all()?;
            io::Result::Ok(file)
        };
        Ok(Self {
            path: path.to_owned(),
            reserved: reserve().with_context(|| format!("cannot write {}", path.display()))?,
            write,
        })
    }

    /// Releases the space, writes the file, and returns its path.
    ///
    /// # Errors
    /// One sentence for the user.
    pub(super) fn write(self, run: &Run) -> anyhow::Result<PathBuf> {
        // If it cannot be deleted, an empty file stays in the user's folder.
        let _ = self.reserved.close();
        (self.write)(run, &self.path)?;
        Ok(self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_is_reserved_and_released() {
        let folder = std::env::temp_dir().join(format!("lab-files-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let count = || fs::read_dir(&folder).expect("the folder").count();
        let path = folder.join("run.json");
        let write: Write = |_, path| Ok(fs::write(path, "{}")?);
        let place = Place::reserve(&path, 100_000, write).expect("room");
        assert!(!path.exists());
        assert_eq!(
            fs::metadata(place.reserved.path()).expect("it").len(),
            100_000
        );
        let written = place.write(&Run::default()).expect("written");
        assert_eq!((written, count()), (path.clone(), 1));

        // A file that is not written leaves nothing behind, and an existing file stays unchanged.
        drop(Place::reserve(&path, 10, write).expect("room"));
        assert_eq!(fs::read_to_string(&path).expect("it"), "{}");
        for wrong in [
            folder.clone(),
            folder.join("no/such/run.json"),
            "/dev/null".into(),
            "/".into(),
        ] {
            let refused = Place::reserve(&wrong, 10, write).expect_err("no place");
            let said = format!("{refused:#}");
            assert!(said.starts_with("cannot write"), "{said}");
        }
        assert_eq!(count(), 1);
        fs::remove_dir_all(&folder).expect("gone");
    }
}

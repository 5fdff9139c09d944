//! The files that a run is written to: found fit before the load starts.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;

use run_record::Run;
use run_record::{write_csv, write_json};

/// Room for the parts of a file whose size does not depend on the length of the run.
const ROOM: u64 = 256 * 1024;
/// Room for every second of it.
const ROOM_PER_SECOND: u64 = 1_024;

/// Writes a run to a file.
type Write = fn(&Run, &Path) -> anyhow::Result<()>;

/// Where the run goes.
#[derive(Args)]
#[command(next_help_heading = "Record of the run")]
pub(super) struct Files {
    /// Write the record, from which lab report makes the page again
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write one row a second as comma-separated values
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write a page to look at; it links to the two other files if they have its name but for the ending
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Mark Azure's own scale actions: an activity log exported as JSON, read when the load is over. lab report adds
    /// it later
    #[arg(long, value_name = "FILE")]
    azure_events: Option<PathBuf>,
}

impl Files {
    /// Sets room aside for a run that lasts so long, where that is known.
    ///
    /// # Errors
    /// One sentence for the user.
    pub(super) fn reserve(&self, length: Option<Duration>) -> anyhow::Result<Places> {
        let room = ROOM + ROOM_PER_SECOND * length.unwrap_or_default().as_secs();
        let named = [&self.json, &self.csv, &self.html].map(Option::as_ref);
        for (number, path) in named.iter().enumerate() {
            let twice = path.is_some() && named[..number].contains(path);
            ensure!(!twice, "two of --json, --csv and --html name the same file");
        }
        let reserve =
            |path: Option<&PathBuf>| path.map(|path| Place::reserve(path, room)).transpose();
        Ok(Places {
            json: reserve(named[0])?,
            csv: reserve(named[1])?,
            html: reserve(named[2])?,
        })
    }

    /// Puts Azure's scale actions into the record, where a file of them was named.
    ///
    /// # Errors
    /// One sentence for the user; the record is then as it was.
    pub(super) fn add_events(
        &self,
        run: &mut Run,
        add_events: fn(&mut Run, &str) -> anyhow::Result<usize>,
    ) -> anyhow::Result<()> {
        let Some(path) = &self.azure_events else {
            return Ok(());
        };
        let text = fs::read_to_string(path);
        let added = text
            .map_err(anyhow::Error::from)
            .and_then(|text| add_events(run, &text));
        added.map(|_| ()).with_context(|| {
            format!(
                "{} cannot be used (lab report can add it later)",
                path.display()
            )
        })
    }
}

/// The files of a run, with room for them.
#[derive(Debug, Default)]
pub(super) struct Places {
    json: Option<Place>,
    csv: Option<Place>,
    html: Option<Place>,
}

impl Places {
    /// Writes the run and gives the paths. The page comes last, as it links to the others.
    ///
    /// # Errors
    /// One sentence for the user; what was written before stays.
    pub(super) fn write(self, run: &Run, write_html: Write) -> anyhow::Result<Vec<PathBuf>> {
        let mut written = Vec::new();
        let writers: [(_, Write); 3] = [
            (self.json, write_json),
            (self.csv, write_csv),
            (self.html, write_html),
        ];
        for (place, write) in writers {
            if let Some(place) = place {
                written.push(place.write(|path| write(run, path))?);
            }
        }
        Ok(written)
    }
}

/// A place for a file that is written later. What is needed is set aside until then, so that a disk that is full, or
/// a folder that may not be written, is known before the load and not after it.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    /// Gone when this is dropped.
    set_aside: PathBuf,
}

impl Place {
    /// # Errors
    /// One sentence for the user.
    fn reserve(path: &Path, bytes: u64) -> anyhow::Result<Self> {
        match fs::symlink_metadata(path) {
            Ok(there) if !there.is_file() => {
                bail!(
                    "cannot write {}: it is there and is no plain file",
                    path.display()
                )
            }
            Ok(_) | Err(_) => {}
        }
        let name = path.file_name();
        let name =
            name.with_context(|| format!("cannot write {}: it names no file", path.display()))?;
        let mut reserve = name.to_owned();
        reserve.push(format!(".{}.reserved", std::process::id()));
        let place = Self {
            path: path.to_owned(),
            set_aside: path.with_file_name(reserve),
        };
        place
            .fill(bytes)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(place)
    }

    fn fill(&self, bytes: u64) -> std::io::Result<()> {
        let mut file = File::create_new(&self.set_aside)?;
        let zeros = [0; 64 * 1024];
        let mut left = bytes;
        while left > 0 {
            let part = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
            file.write_all(&zeros[..part])?;
            left -= part as u64;
        }
        file.sync_all()
    }

    /// Gives the room back and has the file written.
    fn write(self, write: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<PathBuf> {
        let path = self.path.clone();
        drop(self);
        write(&path)?;
        Ok(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // It may never have come to be.
        let _ = fs::remove_file(&self.set_aside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_set_aside_and_given_back() {
        let folder = std::env::temp_dir().join(format!("lab-files-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let count = || fs::read_dir(&folder).expect("the folder").count();
        let path = folder.join("run.json");
        let place = Place::reserve(&path, 100_000).expect("room");
        assert!(!path.exists());
        assert_eq!(fs::metadata(&place.set_aside).expect("it").len(), 100_000);
        let written = place
            .write(|path| Ok(fs::write(path, "{}")?))
            .expect("written");
        assert_eq!((written, count()), (path.clone(), 1));

        // What is not written leaves nothing behind, and what was there stays as it was.
        drop(Place::reserve(&path, 10).expect("room"));
        assert_eq!(fs::read_to_string(&path).expect("it"), "{}");
        for wrong in [
            folder.clone(),
            folder.join("no/such/run.json"),
            "/dev/null".into(),
            "/".into(),
        ] {
            let said = format!("{:#}", Place::reserve(&wrong, 10).expect_err("no place"));
            assert!(said.starts_with("cannot write"), "{said}");
        }
        assert_eq!(count(), 1);
        fs::remove_dir_all(&folder).expect("gone");
    }
}

//! The files that a run is written to: found fit before the load starts.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// A place for a file that is written later. What is needed is set aside until then, so that a disk that is full, or
/// a folder that may not be written, is known before the load and not after it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// Gone when this is dropped.
    set_aside: PathBuf,
}

impl Place {
    /// # Errors
    /// One sentence for the user.
    pub(super) fn reserve(path: &Path, bytes: u64) -> anyhow::Result<Self> {
        match fs::symlink_metadata(path) {
            Ok(there) if !there.is_file() => {
                bail!(
                    "cannot write {}: it is there and is no file",
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
    pub(super) fn write(
        self,
        write: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
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

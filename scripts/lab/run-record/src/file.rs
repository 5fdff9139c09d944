//! Writes a file completely or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};

/// Writes a temporary file next to the target, makes it durable, and only then renames it. A full disk or a kill
/// leaves the old file, or none.
///
/// # Errors
/// One sentence with the file's name and what to do.
pub fn write_whole(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    // If the path is a link, its target is replaced, not the link.
    let resolved = fs::canonicalize(path);
    let path = resolved.as_deref().unwrap_or(path);
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => {
            bail!("{} is a folder: give a file name in it", path.display())
        }
        // A device or a pipe must not be replaced by a file.
        Ok(there) if !there.is_file() => {
            bail!("{} is not a file: give the name of a file", path.display())
        }
        Ok(_) | Err(_) => {}
    }
    let Some(name) = path.file_name() else {
        bail!(
            "{} is not the name of a file: give a file name",
            path.display()
        );
    };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        bail!(
            "there is no folder {} to write {} into: create it first",
            folder.display(),
            name.display()
        );
    }
    let replace = || {
        // With the permissions of any new file. If it is not renamed, it is removed.
        let mut new = tempfile::Builder::new()
            .prefix(name)
            .suffix(".new")
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder)?;
        new.write_all(content)?;
        new.as_file().sync_all()?;
        new.persist(path).map_err(io::Error::from)
    };
    replace()
        .map_err(|error| anyhow!("{} cannot be written: {}", path.display(), cause(&error)))?;
    settle(folder).with_context(|| {
        format!(
            "{} was written, but may not survive a power cut",
            path.display()
        )
    })
}

/// Makes the new name durable, if folders can be synchronised.
fn settle(folder: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};

    let synchronized = File::open(folder).and_then(|folder| folder.sync_all());
    synchronized.or_else(|error| match error.kind() {
        // The last one: a folder that may be written to but not read.
        InvalidInput | Unsupported | PermissionDenied => Ok(()),
        _ => Err(error),
    })
}

fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full; free some space or name another place".to_owned()
        }
        io::ErrorKind::PermissionDenied => "you may not write there".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_reported() {
        assert_eq!(
            cause(&io::Error::from(io::ErrorKind::StorageFull)),
            "the disk is full; free some space or name another place"
        );
    }
}

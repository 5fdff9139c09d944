//! Whether the handler's file can be started. Says before the start what the system reports in a few words, if at all.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What is read of a file: more than the first line of a script.
const BEGINNING: u64 = 512;

/// Checks a path, or a bare name that is looked for on the search path.
///
/// # Errors
/// A sentence about the cause, and what to do.
pub(super) fn check(executable: &Path) -> io::Result<()> {
    let file = find(executable)?;
    let mut beginning = Vec::new();
    // One that cannot be read may still be started.
    let read = File::open(&file).and_then(|file| file.take(BEGINNING).read_to_end(&mut beginning));
    match read {
        Ok(_) => check_beginning(&file, &beginning),
        Err(_) => Ok(()),
    }
}

fn find(executable: &Path) -> io::Result<PathBuf> {
    if executable.components().count() > 1 {
        if !executable.exists() {
            return Err(failure(
                ErrorKind::NotFound,
                format!("{} does not exist", executable.display()),
            ));
        }
        if !is_executable(executable) {
            // On Premium and Dedicated plans the host does not set the bit either.
            return Err(failure(
                ErrorKind::PermissionDenied,
                format!(
                    "{0} is not executable; run chmod +x {0}",
                    executable.display()
                ),
            ));
        }
        return Ok(executable.to_owned());
    }
    let found = std::env::var_os("PATH").and_then(|paths| {
        std::env::split_paths(&paths)
            .map(|folder| folder.join(executable))
            .find(|file| is_executable(file))
    });
    found.ok_or_else(|| {
        failure(
            ErrorKind::NotFound,
            format!(
                "{:?} is neither a file in the script root nor a command on the search path",
                executable.display().to_string()
            ),
        )
    })
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Text is a script, and a script needs a first line that names its interpreter: the host starts the file itself, not by
/// way of a shell, which would take one without it.
fn check_beginning(file: &Path, beginning: &[u8]) -> io::Result<()> {
    let name = file.display();
    let invalid = |text| Err(failure(ErrorKind::InvalidInput, text));
    if beginning.is_empty() {
        return invalid(format!("{name} is empty"));
    }
    let Some(rest) = beginning.strip_prefix(b"#!") else {
        if beginning.contains(&0) {
            // A program; the system knows whether it is one for this machine.
            return Ok(());
        }
        return invalid(format!(
            "{name} is a text without an interpreter: its first line must name one, for example #!/bin/sh; or set defaultExecutablePath to the interpreter and name the file in arguments"
        ));
    };
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    if line.ends_with('\r') {
        return invalid(format!(
            "{name} has Windows line endings (CRLF), so the system looks for an interpreter whose name ends with a carriage return and does not find it; convert the file to LF, for example with sed -i 's/\\r$//' {name}"
        ));
    }
    let interpreter = line.split_whitespace().next().unwrap_or_default();
    if Path::new(interpreter).exists() {
        return Ok(());
    }
    invalid(format!(
        "{name} names the interpreter {interpreter:?} in its first line, which does not exist on this machine; install it, or correct the line"
    ))
}

fn failure(kind: ErrorKind, text: String) -> io::Error {
    io::Error::new(kind, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_cannot_start_is_explained() {
        for (beginning, part) in [
            (&b""[..], "is empty"),
            (b"echo hello\n", "a text without an interpreter"),
            (b"\xef\xbb\xbf#!/bin/sh\n", "a text without an interpreter"),
            (b"#!/bin/sh\r\nexit\r\n", "Windows line endings (CRLF)"),
            (b"#! /nonexistent/sh -e\n", "\"/nonexistent/sh\""),
            (b"#!\n", "\"\""),
        ] {
            let error = check_beginning(Path::new("run"), beginning).expect_err(part);
            assert!(error.to_string().contains(part), "{error}");
        }
        for beginning in [
            &b"#!/bin/sh\n"[..],
            b"#! /bin/sh -e",
            b"\x7fELF\x02\0",
            b"MZ\0",
        ] {
            assert!(check_beginning(Path::new("run"), beginning).is_ok());
        }
    }
}

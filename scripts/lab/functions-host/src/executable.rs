//! Checks whether the handler's file can be started. Gives clear messages before the start, because the system's are
//! brief or missing.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The bytes read of a file: more than the first line of a script.
const BEGINNING: u64 = 512;

/// The setting that replaces `defaultExecutablePath`.
const SETTING: &str = "AzureFunctionsJobHost__customHandler__description__defaultExecutablePath";

/// Checks a path, or a bare name that is looked for on the search path.
///
/// # Errors
/// A sentence about the cause, and how to solve it.
pub(super) fn check(executable: &Path, script_root: &Path) -> io::Result<()> {
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&search_path).collect();
    let file = find(executable, script_root, &folders)?;
    let mut beginning = Vec::new();
    // A file that cannot be read may still be startable.
    let read = File::open(&file).and_then(|file| file.take(BEGINNING).read_to_end(&mut beginning));
    match read {
        Ok(_) => check_beginning(&file, &beginning),
        Err(_) => Ok(()),
    }
}

fn find(executable: &Path, script_root: &Path, folders: &[PathBuf]) -> io::Result<PathBuf> {
    let is_path = executable.components().count() > 1;
    if is_path && executable.exists() {
        if !is_executable(executable) {
            // On Premium and Dedicated plans, the host does not set the bit either.
            return Err(io::Error::new(
                ErrorKind::PermissionDenied,
                format!(
                    "{0} is not executable; run chmod +x {0}",
                    executable.display()
                ),
            ));
        }
        return Ok(executable.to_owned());
    }
    if !is_path && let Some(command) = command(executable, folders) {
        return Ok(command);
    }
    let name = executable.display().to_string();
    let missing = if executable.is_absolute() {
        format!("{name} does not exist")
    } else if is_path {
        format!("the script root has no file {name}")
    } else {
        format!("{name:?} is neither a file in the script root nor a command on the search path")
    };
    let advice = advice(executable, script_root, folders);
    Err(io::Error::new(
        ErrorKind::NotFound,
        format!("{missing}; {advice}"),
    ))
}

/// The path of the command with this name.
fn command(name: &Path, folders: &[PathBuf]) -> Option<PathBuf> {
    let mut files = folders.iter().map(|folder| folder.join(name));
    files.find(|file| is_executable(file))
}

/// Suggestions for a file that does not exist.
fn advice(executable: &Path, script_root: &Path, folders: &[PathBuf]) -> String {
    let instead = |found: &str, name: &str| {
        format!(
            "{found}: set defaultExecutablePath to \"{name}\" in host.json or, for this machine alone, {SETTING} in \
             local.settings.json"
        )
    };
    let name = executable.file_name().unwrap_or_default();
    let text = name.to_string_lossy();
    if text.contains('\\') {
        let path = executable.display().to_string().replace('\\', "/");
        return instead(
            "only Windows separates folders by \\, and / works there, too",
            &path,
        );
    }
    if text.to_ascii_lowercase().ends_with(".exe") {
        let without = executable.with_extension("");
        let shown = without.display();
        return if script_root.join(&without).is_file() {
            instead(&format!("there is {shown}"), &shown.to_string())
        } else {
            let found = format!("only Windows adds .exe to programs, so build {shown} first");
            instead(&found, &shown.to_string())
        };
    }
    if executable.is_absolute()
        && let Some(found) = command(Path::new(name), folders)
    {
        return instead(&format!("there is {}", found.display()), &text);
    }
    if let Some(found) = similar(&text, folders) {
        return instead(&format!("there is the command {found}"), &found);
    }
    "build or install it first, or correct customHandler.description.defaultExecutablePath in host.json"
        .to_owned()
}

/// A command whose name differs only in case, or has the language's version at its end.
fn similar(name: &str, folders: &[PathBuf]) -> Option<String> {
    let is_similar = |found: &str| {
        found.eq_ignore_ascii_case(name) || found.strip_prefix(name).is_some_and(|end| end == "3")
    };
    let entries = folders.iter().filter_map(|folder| folder.read_dir().ok());
    entries
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .find(|found| is_similar(found) && command(Path::new(found), folders).is_some())
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// A text file is a script, and needs a first line with its interpreter: the host starts the file itself, not through
/// a shell, which would not need this line.
fn check_beginning(file: &Path, beginning: &[u8]) -> io::Result<()> {
    let name = file.display();
    let invalid = |text| Err(io::Error::new(ErrorKind::InvalidInput, text));
    if beginning.is_empty() {
        return invalid(format!("{name} is empty"));
    }
    let Some(rest) = beginning.strip_prefix(b"#!") else {
        if let Some(kind) = foreign(beginning)
            && (kind == MACOS || !runs_other_formats())
        {
            return invalid(format!(
                "{name} is a program for {kind}; build it for this machine ({} on {})",
                std::env::consts::OS,
                std::env::consts::ARCH
            ));
        }
        if beginning.contains(&0) {
            // A program. The system reports it if it is not one for this machine.
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

/// A system whose programs run only there.
const MACOS: &str = "macOS";

/// The system of a program that Linux does not start by itself. Without this check, a shell would be started for it,
/// because the C library does so for files that are not programs of the system.
fn foreign(beginning: &[u8]) -> Option<&'static str> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    match beginning {
        [b'M', b'Z', ..] => Some("Windows"),
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => Some(MACOS),
        // The machine is the tenth word (e_machine of the ELF header).
        [0x7f, b'E', b'L', b'F', ..] => match (beginning.get(18..20), std::env::consts::ARCH) {
            (Some([0x3e, 0]), "aarch64") => Some("x86-64"),
            (Some([0xb7, 0]), "x86_64") => Some("ARM64"),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the system starts programs of other formats through an interpreter such as qemu or WSL's.
fn runs_other_formats() -> bool {
    let entries = std::fs::read_dir("/proc/sys/fs/binfmt_misc");
    entries.is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            !["register", "status"]
                .iter()
                .any(|own| entry.file_name() == *own)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_the_system_cannot_start_are_explained() {
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
        for beginning in [&b"#!/bin/sh\n"[..], b"#! /bin/sh -e", b"\x7fELF\x02\0"] {
            assert!(check_beginning(Path::new("run"), beginning).is_ok());
        }
    }

    #[test]
    fn programs_of_other_systems_are_recognized() {
        let elf = |machine: u8| {
            let mut header = [0; 20];
            header[..4].copy_from_slice(b"\x7fELF");
            header[18] = machine;
            header
        };
        let (own, other) = match std::env::consts::ARCH {
            "aarch64" => (0xb7, 0x3e),
            _ => (0x3e, 0xb7),
        };
        assert_eq!(foreign(b"MZ\x90\0"), Some("Windows"));
        assert_eq!(foreign(&[0xcf, 0xfa, 0xed, 0xfe, 7]), Some("macOS"));
        assert!(foreign(&elf(other)).is_some());
        assert_eq!(foreign(&elf(own)), None);
        assert_eq!(foreign(b"\x7fELF"), None);
    }
}

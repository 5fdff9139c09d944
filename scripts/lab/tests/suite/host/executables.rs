//! A handler's file that cannot be started: what is missing, what may be meant, and what to do.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::Root;

/// What a host prints whose handler is to be `executable`.
fn printed(root: Root, executable: &str) -> String {
    root.host_with(|host| {
        host["customHandler"]["description"]["defaultExecutablePath"] = executable.into();
    });
    let (status, printed) = root.start(&["--max", "1"]).end();
    assert_eq!(status.code(), Some(3), "{printed}");
    printed
}

fn program(path: &Path, content: &[u8]) {
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// Apps that were written on Windows, whose build has another name here.
#[test]
fn the_name_of_a_windows_build_is_recognized() {
    let text = printed(Root::new(), "handler.exe");
    assert!(
        text.contains("handler.exe is neither a file in the script root nor a command")
            && text.contains("there is handler: set defaultExecutablePath to \"handler\"")
            && text.contains("in local.settings.json"),
        "{text}"
    );
    let text = printed(Root::new(), "target/debug/server.EXE");
    assert!(
        text.contains("the script root has no file target/debug/server.EXE")
            && text.contains("so build target/debug/server first"),
        "{text}"
    );
    let text = printed(Root::new(), "bin\\server.exe");
    assert!(
        text.contains("only Windows separates folders by \\")
            && text.contains("to \"bin/server.exe\""),
        "{text}"
    );
}

/// The setting that the message names.
#[test]
fn a_setting_replaces_the_executable_on_this_machine() {
    let mut root = Root::new();
    root.host_with(|host| {
        host["customHandler"]["description"]["defaultExecutablePath"] = "handler.exe".into();
    });
    root.variable(
        "AzureFunctionsJobHost__customHandler__description__defaultExecutablePath",
        "handler",
    );
    assert_eq!(root.up(&["--max", "1"]).get("/x").status, 200);
}

#[test]
fn a_command_that_may_be_meant_is_named() {
    let with_commands = |names: &[&str]| {
        let mut root = Root::new();
        let folder = root.files().join("commands");
        std::fs::create_dir(&folder).unwrap();
        for name in names {
            program(&folder.join(name), b"#!/bin/sh\n");
        }
        root.variable("PATH", folder.to_str().unwrap());
        root
    };
    let text = printed(with_commands(&["Rscript"]), "RScript");
    assert!(text.contains("there is the command Rscript: set"), "{text}");
    let text = printed(with_commands(&["python3"]), "python");
    assert!(text.contains("there is the command python3: set"), "{text}");
    let text = printed(with_commands(&["java"]), "/opt/none/bin/java");
    assert!(
        text.contains("/opt/none/bin/java does not exist; there is ")
            && text.contains("/commands/java: set defaultExecutablePath to \"java\""),
        "{text}"
    );
    let text = printed(with_commands(&[]), "server");
    assert!(text.contains("; build or install it first"), "{text}");
}

#[test]
fn a_program_of_another_system_is_named() {
    // The first bytes of a program for a processor that does not exist.
    let mut elf = [0; 64];
    elf[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    elf[16..20].copy_from_slice(&[2, 0, 0xff, 0xff]);
    for (content, part) in [
        (&[0xcf, 0xfa, 0xed, 0xfe, 0, 0, 0, 0][..], "a macOS program"),
        (&elf, "a program for another processor"),
        (b"\x01\0\0\0", "no program of this system"),
    ] {
        let root = Root::new();
        program(&root.path.join("server"), content);
        let text = printed(root, "server");
        assert!(
            text.contains(&format!("it is {part}; build it for this machine")),
            "{text}"
        );
    }
}

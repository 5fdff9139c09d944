//! A handler's file that cannot be started: the missing part, the suggestion, and the solution.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::Root;

/// The output of a host whose handler should be `executable`.
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
        text.contains("\"handler.exe\" is neither a file in the script root nor a command")
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

/// The setting in the message.
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
fn a_similar_command_is_suggested() {
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

/// Public repositories contain programs that were built on a Mac.
#[test]
fn a_program_of_another_system_is_named() {
    let root = Root::new();
    program(&root.path.join("server"), &[0xcf, 0xfa, 0xed, 0xfe, 0, 0]);
    let text = printed(root, "server");
    assert!(
        text.contains("/server is a program for macOS; build it for this machine (linux on "),
        "{text}"
    );
}

//! `lab assemble` and `lab package`: the folder and the zip, exactly.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::scratch::{Scratch, text};

const HOST: &str =
    r#"{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}}}"#;

/// A project with two functions, in a folder with a space.
fn project() -> Scratch {
    let project = Scratch::new();
    project.write("host.json", HOST);
    project.write("functions/Live/function.json", "{}");
    project.write("functions/Live/notes.txt", "no part of the app");
    project.write("functions/warmup/function.json", r#"{"bindings":[]}"#);
    project.write("functions/local.settings.json", r#"{"IsEncrypted":false}"#);
    project.write("static", elf(62, 2, None));
    project
}

/// The header of a 64-bit ELF file and, for a dynamic one, the program header that names its loader.
fn elf(machine: u16, kind: u16, loader: Option<&str>) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend(kind.to_le_bytes());
    file.extend(machine.to_le_bytes());
    file.extend(1_u32.to_le_bytes());
    file.extend(0x40_1000_u64.to_le_bytes()); // entry
    file.extend(64_u64.to_le_bytes()); // where the program headers are
    file.extend([0; 14]);
    file.extend(56_u16.to_le_bytes()); // their size
    file.extend(u16::from(loader.is_some()).to_le_bytes()); // their count
    file.resize(64, 0);
    if let Some(loader) = loader {
        file.extend(3_u32.to_le_bytes());
        file.extend(0_u32.to_le_bytes());
        file.extend(120_u64.to_le_bytes()); // where the name is
        file.extend([0; 16]);
        file.extend((loader.len() as u64).to_le_bytes());
        file.resize(120, 0);
        file.extend(loader.as_bytes());
    }
    file
}

fn lab(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn succeeds(folder: &Path, arguments: &[&str]) {
    let output = lab(folder, arguments);
    assert!(output.status.success(), "{output:?}");
}

/// Every file below a folder with its mode, sorted.
fn files(folder: &Path) -> Vec<(String, u32)> {
    fn walk(folder: &Path, root: &Path, found: &mut Vec<(String, u32)>) {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                let mode = path.metadata().unwrap().permissions().mode() & 0o777;
                found.push((
                    path.strip_prefix(root)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                    mode,
                ));
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

fn listed(entries: &[(&str, u32)]) -> Vec<(String, u32)> {
    entries
        .iter()
        .map(|(name, mode)| ((*name).to_owned(), *mode))
        .collect()
}

#[test]
fn assembles_exactly_the_function_app() {
    let project = project();
    succeeds(project.path(), &["assemble", "--handler", "static"]);

    let app = project.join("target/app");
    let expected = [
        (".lab-assembled", 0o644),
        ("Live/function.json", 0o644),
        ("handler", 0o755),
        ("host.json", 0o644),
        ("local.settings.json", 0o600),
        ("warmup/function.json", 0o644),
    ];
    assert_eq!(files(&app), listed(&expected));
    assert_eq!(fs::read_to_string(app.join("host.json")).unwrap(), HOST);
    assert_eq!(fs::read(app.join("handler")).unwrap(), elf(62, 2, None));
    assert_eq!(
        fs::read_to_string(app.join("warmup/function.json")).unwrap(),
        r#"{"bindings":[]}"#
    );
}

#[test]
fn the_app_scales_itself_on_elastic_premium_only() {
    let project = project();
    project.write("functions/Autoscale/function.json", r#"{"bindings":[]}"#);
    let has_scaler = || project.join("target/app/Autoscale/function.json").is_file();
    let assemble = ["assemble", "--handler", "static"];
    succeeds(project.path(), &assemble);
    assert!(!has_scaler());
    succeeds(
        project.path(),
        &[&assemble[..], &["--plan", "elastic-premium"]].concat(),
    );
    assert!(has_scaler());
    // Another plan removes it again.
    succeeds(project.path(), &assemble);
    assert!(!has_scaler());
    for (plan, functions) in [
        ("premium-v3", "2 functions"),
        ("elastic-premium", "3 functions"),
    ] {
        let package = ["package", "--binary", "static", "--plan", plan];
        let output = lab(project.path(), &package);
        assert!(output.status.success(), "{output:?}");
        assert!(text(&output.stdout).contains(functions), "{output:?}");
    }
}

#[test]
fn the_root_and_the_folder_can_be_anywhere() {
    let (project, elsewhere) = (project(), Scratch::new());
    let (root, binary) = (project.path().to_str().unwrap(), project.join("static"));
    let arguments = [
        "assemble",
        "--root",
        root,
        "--handler",
        binary.to_str().unwrap(),
        "--into",
        "my app",
    ];
    succeeds(elsewhere.path(), &arguments);
    assert!(elsewhere.join("my app/Live/function.json").is_file());
    assert!(!project.join("target").exists());
}

#[test]
fn removes_functions_that_are_gone_and_nothing_else() {
    let project = project();
    succeeds(project.path(), &["assemble", "--handler", "static"]);
    project.write("target/app/mine/note.txt", "a user's");
    project.write("target/app/Former/function.json", "{}");
    fs::remove_dir_all(project.join("functions/Live")).unwrap();
    succeeds(project.path(), &["assemble", "--handler", "static"]);

    let names: Vec<String> = files(&project.join("target/app"))
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        names,
        [
            ".lab-assembled",
            "handler",
            "host.json",
            "local.settings.json",
            "mine/note.txt",
            "warmup/function.json"
        ]
    );
    assert!(!project.join("target/app/Former").exists());
}

#[test]
fn unchanged_files_are_not_written() {
    let project = project();
    succeeds(project.path(), &["assemble", "--handler", "static"]);
    let time = |name: &str| project.join(name).metadata().unwrap().modified().unwrap();
    let before = [time("target/app/handler"), time("target/app/host.json")];
    succeeds(project.path(), &["assemble", "--handler", "static"]);
    assert_eq!(
        [time("target/app/handler"), time("target/app/host.json")],
        before
    );
}

/// Ends the test's own process.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn replaces_a_handler_that_is_being_run() {
    let project = project();
    let sleep = ["/bin/sleep", "/usr/bin/sleep"]
        .map(Path::new)
        .into_iter()
        .find(|path| path.exists())
        .unwrap();
    succeeds(
        project.path(),
        &["assemble", "--handler", sleep.to_str().unwrap()],
    );
    let handler = project.join("target/app/handler");
    let mut running = Running(
        Command::new(&handler)
            .arg("60")
            .stdin(Stdio::null())
            .spawn()
            .unwrap(),
    );

    succeeds(project.path(), &["assemble", "--handler", "static"]);
    assert_eq!(fs::read(&handler).unwrap(), elf(62, 2, None));
    assert!(
        running.0.try_wait().unwrap().is_none(),
        "the running one goes on"
    );
}

#[test]
fn errors_in_the_project_are_reported() {
    let project = project();
    let fails = |arguments: &[&str], expected: &str| {
        let output = lab(project.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = text(&output.stderr);
        assert!(
            said.contains(expected) && said.lines().count() == 1,
            "{said}"
        );
    };
    fails(
        &["assemble", "--handler", "static", "--root", "functions"],
        "has no host.json and functions/",
    );
    fails(
        &["assemble", "--handler", "nothing"],
        "there is no handler binary at nothing",
    );
    project.write("functions/Live/function.json", "{");
    fails(
        &["assemble", "--handler", "static"],
        "Live/function.json is not valid JSON",
    );
    fs::remove_file(project.join("functions/Live/function.json")).unwrap();
    fails(
        &["assemble", "--handler", "static"],
        "cannot read ./functions/Live/function.json",
    );
    project.write("host.json", HOST.replace("\"handler\"", "\"./handler\""));
    fails(
        &["assemble", "--handler", "static"],
        "defaultExecutablePath \"handler\"",
    );
}

#[test]
fn follows_no_symbolic_link() {
    let outside = Scratch::new();
    let file = outside.write("secret.json", r#"{"secret":true}"#);
    outside.write("folder/function.json", "{}");
    let folder = outside.join("folder");
    for (link, to) in [
        ("host.json", &file),
        ("functions", &folder),
        ("functions/Live", &folder),
        ("functions/Other", &folder),
        ("functions/Live/function.json", &file),
        ("functions/local.settings.json", &file),
        ("target/app/Live", &folder),
    ] {
        for arguments in [
            ["assemble", "--handler", "static"],
            ["package", "--binary", "static"],
        ] {
            let project = project();
            let path = project.join(link);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let kept = outside.join(&format!("kept {}", link.replace('/', " ")));
            if path.exists() {
                fs::rename(&path, &kept).unwrap();
            }
            // The target of the link is valid in all other respects.
            let to = if kept.exists() { &kept } else { to };
            std::os::unix::fs::symlink(to, &path).unwrap();
            let output = lab(project.path(), &arguments);
            assert_eq!(output.status.code(), Some(2), "{link}: {output:?}");
            let said = text(&output.stderr);
            assert!(
                said.contains(&format!("{link} is a symbolic link")),
                "{said}"
            );
            assert!(!project.join("target/elastic-visits.zip").exists());
            let _ = fs::remove_dir_all(&kept).or_else(|_| fs::remove_file(&kept));
        }
    }
}

#[test]
fn replaces_a_link_in_the_folder_by_the_file() {
    let (project, outside) = (project(), Scratch::new());
    let kept = outside.write("host.json", HOST);
    fs::create_dir_all(project.join("target/app")).unwrap();
    std::os::unix::fs::symlink(&kept, project.join("target/app/host.json")).unwrap();
    succeeds(project.path(), &["assemble", "--handler", "static"]);
    assert!(!project.join("target/app/host.json").is_symlink());
    assert_eq!(fs::read_to_string(kept).unwrap(), HOST);
}

/// Entry names and modes of a zip.
fn packed(zip: &Path) -> Vec<(String, u32)> {
    let mut archive = zip::ZipArchive::new(fs::File::open(zip).unwrap()).unwrap();
    (0..archive.len())
        .map(|index| {
            let entry = archive.by_index(index).unwrap();
            let name = entry.name().unwrap().into_owned();
            (name, entry.unix_mode().unwrap() & 0o777)
        })
        .collect()
}

#[test]
fn packs_the_role_step_beside_the_app() {
    let project = project();
    let host = r#"{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler","arguments":["provision"]}}}"#;
    project.write("infra/role-step/host.json", host);
    project.write("infra/role-step/Health/function.json", "{}");
    succeeds(project.path(), &["package", "--binary", "static"]);
    let expected = listed(&[
        ("Health/function.json", 0o644),
        ("handler", 0o755),
        ("host.json", 0o644),
    ]);
    let zip = project.join("target/elastic-visits-role-step.zip");
    assert_eq!(packed(&zip), expected);
    let folder = project.join("target/role-step");
    assert_eq!(files(&folder), expected);
    assert_eq!(fs::read_to_string(folder.join("host.json")).unwrap(), host);
    // The app's zip contains nothing of it.
    let app = packed(&project.join("target/elastic-visits.zip"));
    assert!(app.iter().all(|(name, _)| name != "Health/function.json"));
}

#[test]
fn zips_what_is_deployed_and_nothing_else() {
    let project = project();
    succeeds(project.path(), &["package", "--binary", "static"]);
    let zip = project.join("target/elastic-visits.zip");
    let mut archive = zip::ZipArchive::new(fs::File::open(&zip).unwrap()).unwrap();
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let name = entry.name().unwrap().into_owned();
        let source = project.join("target/app").join(&name);
        assert_eq!(content, fs::read(source).unwrap(), "{name}");
        entries.push((name, entry.unix_mode().unwrap()));
    }
    let expected = [
        ("Live/function.json", 0o100_644),
        ("handler", 0o100_755),
        ("host.json", 0o100_644),
        ("warmup/function.json", 0o100_644),
    ];
    assert_eq!(entries, listed(&expected));
    assert!(project.join("target/app/local.settings.json").is_file());

    succeeds(
        project.path(),
        &[
            "package",
            "--binary",
            "static",
            "--output",
            "again.zip",
            "--into",
            "again",
        ],
    );
    assert_eq!(
        fs::read(&zip).unwrap(),
        fs::read(project.join("again.zip")).unwrap(),
        "not the same bytes"
    );
}

#[test]
fn packs_a_static_pie() {
    let project = project();
    project.write("pie", elf(62, 3, None));
    succeeds(project.path(), &["package", "--binary", "pie"]);
}

#[test]
fn binaries_that_azure_cannot_run_are_refused_by_name() {
    let project = project();
    project.write("dynamic", elf(62, 3, Some("/lib64/ld-linux-x86-64.so.2\0")));
    project.write("arm", elf(183, 2, None));
    project.write("riscv", elf(243, 2, None));
    project.write("object.o", elf(62, 1, None));
    project.write("short", &elf(62, 2, None)[..40]);
    project.write("script.sh", "#!/bin/sh\n");
    for (binary, fault) in [
        (
            "dynamic",
            "is dynamically linked (it needs /lib64/ld-linux-x86-64.so.2)",
        ),
        ("arm", "is built for ARM64, not for x86-64"),
        ("riscv", "is built for another processor (ELF machine 243)"),
        (
            "object.o",
            "is an object file or a library, not an executable",
        ),
        ("short", "is truncated"),
        ("script.sh", "is not a 64-bit Linux (ELF) binary"),
    ] {
        let output = lab(project.path(), &["package", "--binary", binary]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = text(&output.stderr);
        assert!(
            said.contains(&format!("{binary} {fault}; Azure needs a static")),
            "{said}"
        );
    }
    assert!(
        !project.join("target").exists(),
        "nothing is written for a refused binary"
    );
}

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn refuses_a_real_dynamic_binary() {
    let output = lab(
        project().path(),
        &["package", "--binary", env!("CARGO_BIN_EXE_lab")],
    );
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        text(&output.stderr).contains("is dynamically linked"),
        "{output:?}"
    );
}

#[test]
fn the_command_that_installs_the_musl_target_is_shown() {
    let project = project();
    let nothing = project.write_executable("bin/rustc", "#!/bin/sh\nexit 1\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command
        .arg("package")
        .current_dir(project.path())
        .env_remove("RUSTC");
    let output = command
        .env("PATH", nothing.parent().unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        text(&output.stderr).contains("rustup target add x86_64-unknown-linux-musl"),
        "{output:?}"
    );
}

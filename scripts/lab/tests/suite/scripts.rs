//! `scripts/run`, `scripts/load` and `scripts/test`, with stubs for cargo and `func`; and the repository's top level.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::scratch::{Scratch, text};

mod install;
mod suite;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// A built clone in a folder with a space, and a `bin` folder at the beginning of PATH.
struct Project(Scratch);

impl Project {
    fn new() -> Self {
        let project = Self(Scratch::new());
        let (from, to) = (repository(), project.0.path());
        let mut copy = Command::new("cp");
        copy.args(["-R", "--"])
            .args(["host.json", "functions"].map(|name| from.join(name)))
            .arg(to);
        assert!(copy.status().unwrap().success());
        for script in
            ["run", "load", "dashboard", "preamble.sh"].map(|name| format!("scripts/{name}"))
        {
            let content = std::fs::read_to_string(from.join(&script)).unwrap();
            project.0.write_executable(&script, &content);
        }
        project.0.write("target/quick/handler", "a binary");
        // The real one, except that it does not run anything.
        let lab = format!(
            "#!/bin/sh\ncase $1 in\nassemble) exec '{}' \"$@\" ;;\n*) {} ;;\nesac\n",
            env!("CARGO_BIN_EXE_lab"),
            Self::RECORD
        );
        project.0.write_executable("target/quick/lab", &lab);
        project.stub(
            "cargo",
            "printf '%s\\n' \"$@\" > \"${0%/*}/cargo.log\"; pwd >> \"${0%/*}/cargo.log\"",
        );
        project.stub("rustc", "echo 'rustc 1.95.0 (0000000 2026-01-01)'");
        project.stub("cc", "");
        let dashboard = "handler/dashboard";
        for file in [
            "package.json",
            "package-lock.json",
            "index.html",
            "src/main.ts",
            "build/template.ts",
        ] {
            project.0.write(&format!("{dashboard}/{file}"), file);
        }
        project
            .0
            .write(&format!("{dashboard}/dist/page/index.html"), "built before");
        let source = project.sh("dashboard_source");
        project.0.write(&format!("{dashboard}/dist/source"), source);
        project
    }

    /// The output of a shell line after the preamble.
    fn sh(&self, line: &str) -> String {
        let mut shell = Command::new("sh");
        shell.args([
            "-c",
            &format!(". scripts/preamble.sh; {line}"),
            "scripts/sh",
        ]);
        text(&shell.current_dir(self.0.path()).output().unwrap().stdout)
    }

    /// The data that a stub records: its arguments, and then its environment.
    const RECORD: &str = "{ printf '%s\\n' \"$@\"; echo --; env; } > \"$RECORD_TO\"";

    fn stub(&self, name: &str, script: &str) {
        self.0
            .write_executable(&format!("bin/{name}"), &format!("#!/bin/sh\n{script}\n"));
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_answering("", arguments)
    }

    fn run_answering(&self, answer: &str, arguments: &[&str]) -> Output {
        self.script("run", answer, arguments)
    }

    /// Runs a script and types `answer` as its input.
    fn script(&self, name: &str, answer: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.0.join("scripts").join(name));
        command.args(arguments).env_clear();
        let path = format!("{}:/usr/bin:/bin", self.0.join("bin").display());
        self.finish(command.env("PATH", path), answer)
    }

    /// Runs a command, types `answer`, and waits for its end.
    fn finish(&self, command: &mut Command, answer: &str) -> Output {
        command.env("HOME", self.0.path());
        command
            .env("XDG_DATA_HOME", self.0.join("my data"))
            .env("SQLITE_PATH", "kept.db");
        command
            .env("CARGO_TARGET_DIR", "/nonexistent")
            .env("RECORD_TO", self.0.join("record"));
        command
            .current_dir(self.0.join("functions"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A script without questions may have ended already.
        let _ = child.stdin.take().unwrap().write_all(answer.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// The arguments and the environment of the last command.
    fn record(&self) -> (Vec<String>, BTreeSet<String>) {
        let record = std::fs::read_to_string(self.0.join("record")).unwrap();
        let (arguments, environment) = record.rsplit_once("\n--\n").unwrap();
        (
            arguments.lines().map(str::to_owned).collect(),
            environment.lines().map(str::to_owned).collect(),
        )
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

#[test]
fn run_builds_assembles_and_starts_lab_up() {
    let project = Project::new();
    let output = project.run(&["--port", "7080", "--enable-auth"]);
    assert!(output.status.success(), "{output:?}");

    let (arguments, environment) = project.record();
    let app = project.path("target/app");
    assert_eq!(
        arguments,
        [
            "up",
            "--script-root",
            &app,
            "--time-scale=60",
            "--port",
            "7080",
            "--enable-auth"
        ]
    );
    let database = format!("SQLITE_PATH={}", project.path("functions/kept.db"));
    assert!(
        environment.contains(&database),
        "a relative path means the user's folder: {environment:?}"
    );
    assert!(project.0.join("target/app/handler").is_file());

    let cargo = std::fs::read_to_string(project.0.join("bin/cargo.log")).unwrap();
    let expected = [
        "build",
        "--profile",
        "quick",
        "--package",
        "handler",
        "--package",
        "lab",
    ];
    let said: Vec<&str> = cargo.lines().collect();
    assert_eq!(said[..7], expected);
    assert_eq!(
        said[7],
        project.0.path().to_str().unwrap(),
        "cargo runs in the project"
    );
}

#[test]
fn what_a_build_prints_is_shown_only_if_it_fails() {
    let project = Project::new();
    let printed = "printf '   Compiling a v1.0.0\\nerror: no\\n' >&2";
    project.stub("cargo", printed);
    let output = project.run(&[]);
    assert!(output.status.success(), "{output:?}");
    assert!(!text(&output.stderr).contains("Compiling"), "{output:?}");

    std::fs::remove_file(project.0.join("record")).unwrap();
    project.stub("cargo", &format!("{printed}; exit 101"));
    let output = project.run(&[]);
    assert_eq!(output.status.code(), Some(101), "{output:?}");
    let shown = text(&output.stderr);
    assert!(
        shown.ends_with("   Compiling a v1.0.0\nerror: no\n"),
        "{shown}"
    );
    assert!(!project.0.join("record").exists(), "nothing is run");
}

#[test]
fn run_accepts_the_time_scale() {
    for given in [&["--time-scale", "1"][..], &["--time-scale=600"]] {
        let project = Project::new();
        assert!(project.run(given).status.success());
        let arguments = project.record().0;
        assert_eq!(arguments[3..], *given);
    }
}

#[test]
fn fresh_deletes_the_database_after_a_confirmation() {
    let project = Project::new();
    let files = ["kept.db", "kept.db-wal", "kept.db-shm"];
    let put = || {
        for file in files {
            project.0.write(&format!("functions/{file}"), "visits");
        }
    };
    let left = || files.map(|file| project.0.join("functions").join(file).exists());

    for no in ["", "n\n", "maybe\n"] {
        put();
        let output = project.run_answering(no, &["--fresh"]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = text(&output.stderr);
        assert!(said.contains("kept.db contains visits"), "{said}");
        assert!(said.contains("nothing was deleted"), "{said}");
        assert_eq!(left(), [true; 3]);
        assert!(!project.0.join("record").exists(), "nothing is run");
    }
    let output = project.run_answering("y\n", &["--fresh"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(left(), [false; 3]);
    assert!(!project.record().0.contains(&"--fresh".to_owned()));

    let output = project.run(&["--fresh"]);
    assert!(output.status.success(), "nothing to ask about: {output:?}");
}

#[test]
fn fresh_leaves_a_running_server_alone() {
    let project = Project::new();
    let data = "my data/elastic-visits/postgres";
    project.0.write(&format!("{data}/postmaster.pid"), "1");
    let output = project.run_answering("y\n", &["--fresh", "--postgres"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("stop it first"), "{output:?}");

    std::fs::remove_file(project.0.join(&format!("{data}/postmaster.pid"))).unwrap();
    let output = project.run_answering("y\n", &["--fresh", "--postgres"]);
    assert!(output.status.success(), "{output:?}");
    assert!(!project.0.join(data).exists());
}

#[test]
fn run_on_postgres_keeps_its_data_in_the_users_data_folder() {
    let project = Project::new();
    let output = project.run(&["--port", "7080", "--postgres"]);
    assert!(output.status.success(), "{output:?}");
    let (data, lab) = (
        project.path("my data/elastic-visits/postgres"),
        project.path("target/quick/lab"),
    );
    let app = project.path("target/app");
    let expected = [
        "postgres",
        "--data",
        &data,
        "--",
        &lab,
        "up",
        "--script-root",
        &app,
        "--time-scale=60",
        "--port",
        "7080",
    ];
    assert_eq!(project.record().0, expected);
}

#[test]
fn run_with_func_starts_it_in_the_same_folder() {
    let project = Project::new();
    project.stub("func", Project::RECORD);
    let output = project.run(&["--func", "--port", "7080"]);
    assert!(output.status.success(), "{output:?}");

    let (arguments, environment) = project.record();
    let app = project.path("target/app");
    assert_eq!(
        arguments,
        ["start", "--script-root", &app, "--port", "7080"]
    );
    let database = format!("SQLITE_PATH={}", project.path("functions/kept.db"));
    assert!(environment.contains(&database), "{environment:?}");

    // The settings that func reads: without these two, it would not start an app with HTTP and warm-up.
    let settings = std::fs::read(project.0.join("target/app/local.settings.json")).unwrap();
    let settings: serde_json::Value = serde_json::from_slice(&settings).unwrap();
    assert_eq!(settings["Values"]["FUNCTIONS_WORKER_RUNTIME"], "custom");
    assert_eq!(
        settings["Values"]["AzureWebJobsStorage"],
        "UseDevelopmentStorage=true"
    );
    for name in ["host.json", "handler", "WebApp/function.json"] {
        assert!(project.0.join("target/app").join(name).is_file(), "{name}");
    }
}

#[test]
fn run_with_func_says_what_to_install_without_it() {
    let output = Project::new().run(&["--func"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(
        said.contains("npm install --global azure-functions-core-tools@4"),
        "{said}"
    );
    assert!(said.contains("4.14 or\nlater"), "{said}");
}

#[test]
fn load_writes_the_report_below_target_by_default() {
    let project = Project::new();
    let url = "http://127.0.0.1:7071";
    let output = project.script("load", "", &[url, "500", "50"]);
    assert!(output.status.success(), "{output:?}");
    let arguments = project.record().0;
    assert_eq!(arguments[..4], ["load", url, "500", "50"]);
    let folder = project.path("target/load/");
    for (place, (option, ending)) in [("--json", ".json"), ("--csv", ".csv"), ("--html", ".html")]
        .into_iter()
        .enumerate()
    {
        assert_eq!(arguments[4 + 2 * place], option);
        let path = &arguments[5 + 2 * place];
        assert!(
            path.starts_with(&folder) && path.ends_with(ending),
            "{path}"
        );
    }
    assert!(project.0.join("target/load").is_dir());

    let output = project.script("load", "", &["--rate", "5"]);
    assert!(output.status.success(), "{output:?}");
    let arguments = project.record().0;
    assert_eq!(
        arguments[..3],
        ["load", "--rate", "5"],
        "to the app of scripts/run"
    );

    let output = project.script("load", "", &[url, "--json", "my run.json"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        project.record().0,
        ["load", url, "--json", "my run.json"],
        "relative to the user's folder"
    );
}

/// A script on a machine with nothing but a shell.
fn bare(script: &str, arguments: &[&str]) -> Output {
    let nothing = Scratch::new();
    let mut command = Command::new(repository().join("scripts").join(script));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", nothing.path())
        .env("HOME", nothing.path());
    command.output().unwrap()
}

#[test]
fn the_commands_explain_themselves_without_cargo() {
    for script in ["run", "load", "test"] {
        let output = bare(script, &["--help"]);
        assert!(output.status.success(), "{output:?}");
        assert!(
            text(&output.stdout).contains(&format!("Usage: scripts/{script}")),
            "{output:?}"
        );
    }
}

#[test]
fn the_commands_report_missing_programs_at_once() {
    for script in ["run", "load", "test"] {
        let output = bare(script, &[]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = text(&output.stderr);
        assert!(
            said.contains("Rust 1.95 or later:  curl") && said.contains("a C compiler:  "),
            "{said}"
        );
    }
}

#[test]
fn an_older_rust_is_named_with_the_command_that_updates_it() {
    let project = Project::new();
    project.stub("rustc", "echo 'rustc 1.94.1 (0000000 2026-01-01)'");
    project.stub("rustup", "");
    let output = project.run(&[]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(
        said.contains("Rust 1.95 or later (this is 1.94.1):  rustup update stable"),
        "{said}"
    );
    assert!(!project.0.join("record").exists(), "nothing is run");
}

#[test]
fn the_top_level_contains_only_the_agreed_names() {
    let output = Command::new("git")
        .args(["ls-files"])
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git must list the files: {output:?}"
    );
    let listed = text(&output.stdout);
    let present: BTreeSet<&str> = listed
        .lines()
        .map(|path| path.split('/').next().unwrap())
        .collect();
    let agreed = BTreeSet::from([
        ".ci",
        ".clippy.toml",
        ".deny.toml",
        ".funcignore",
        ".github",
        ".gitignore",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "SECURITY.md",
        "docs",
        "functions",
        "handler",
        "host.json",
        "infra",
        "scripts",
    ]);
    let strangers: Vec<&&str> = present.difference(&agreed).collect();
    assert!(
        strangers.is_empty(),
        "not agreed at the top level: {strangers:?}"
    );
    let not_yet = BTreeSet::from([".github", "docs", "infra"]);
    let lost: Vec<&&str> = agreed
        .difference(&present)
        .filter(|name| !not_yet.contains(*name))
        .collect();
    assert!(lost.is_empty(), "missing at the top level: {lost:?}");
}

/// Records each call. `npm run build` writes the pages, like the real one.
const NPM: &str = "echo \"$1\" >> npm.log
case $1 in ci) mkdir -p node_modules ;; run) mkdir -p dist/page; echo new > dist/page/index.html ;; esac";

#[test]
fn run_builds_the_dashboard_only_when_its_source_has_changed() {
    let project = Project::new();
    project.stub("node", "");
    project.stub("npm", NPM);
    let dashboard = project.0.join("handler/dashboard");
    assert!(project.run(&[]).status.success());
    assert!(
        !dashboard.join("npm.log").exists(),
        "the committed build will do"
    );

    project
        .0
        .write("handler/dashboard/src/main.test.ts", "a test");
    project.0.write("handler/dashboard/src/main.ts", "changed");
    for _ in 0..2 {
        let output = project.run(&[]);
        assert!(output.status.success(), "{output:?}");
        let calls = std::fs::read_to_string(dashboard.join("npm.log")).unwrap();
        assert_eq!(calls, "ci\nrun\n");
    }
}

#[test]
fn run_serves_the_previous_dashboard_if_a_new_one_cannot_be_built() {
    let project = Project::new();
    project.0.write("handler/dashboard/src/main.ts", "changed");
    for (node, said) in [
        (
            "exit 1",
            "a new build requires Node.js 20.19 or later, with npm.",
        ),
        ("exit 0", "npm failed, see "),
    ] {
        project.stub("node", node);
        project.stub("npm", "echo 'no network'; exit 1");
        let output = project.run(&[]);
        assert!(output.status.success(), "{output:?}");
        assert!(text(&output.stderr).contains(said), "{output:?}");
        let page = project.0.join("handler/dashboard/dist/page/index.html");
        assert_eq!(std::fs::read_to_string(page).unwrap(), "built before");
    }
    let log = std::fs::read_to_string(project.0.join("target/dashboard.log")).unwrap();
    assert_eq!(log, "no network\n");
}

//! The programs that `scripts/run` installs if they are missing.

use std::path::Path;
use std::process::{Command, Output};

use super::{Project, text};

/// A new Debian: git, a shell and its basic commands. `apt-get install` adds the compiler and curl, and curl
/// downloads rustup's installer. All of them are stubs that record their calls.
struct Fresh(Project);

impl Fresh {
    fn new(user: u32) -> Self {
        let project = Project::new();
        for stub in ["cargo", "rustc", "cc"] {
            let from = project.0.join("bin").join(stub);
            project.0.write("later/empty", "");
            std::fs::rename(from, project.0.join("later").join(stub)).unwrap();
        }
        let basic = [
            "cat", "chmod", "cksum", "cmp", "cp", "date", "env", "find", "ln", "ls", "mkdir", "mv",
            "rm", "sh", "sort",
        ];
        for name in basic {
            let found = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(name));
            let found = found.iter().find(|path| path.exists()).unwrap();
            std::os::unix::fs::symlink(found, project.0.join("bin").join(name)).unwrap();
        }
        project.stub("id", &format!("echo {user}"));
        project.stub(
            "apt-get",
            "echo apt-get \"$@\" >> \"$HOME/log\"
             case \"$*\" in *build-essential*) mv \"$HOME/later/cc\" \"$HOME/bin/cc\" ;;
             *curl*) mv \"$HOME/later/curl\" \"$HOME/bin/curl\" ;; esac",
        );
        project.0.write_executable(
            "later/curl",
            "#!/bin/sh
             echo curl \"$@\" >> \"$HOME/log\"
             echo 'echo installer \"$@\" >> \"$HOME/log\"; mkdir -p \"$HOME/.cargo/bin\"
             mv \"$HOME/later/cargo\" \"$HOME/later/rustc\" \"$HOME/.cargo/bin\"'",
        );
        Self(project)
    }

    fn install(&self, stub: &str) {
        let name = |folder: &str| self.0.0.join(folder).join(stub);
        std::fs::rename(name("later"), name("bin")).unwrap();
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", self.0.0.join("bin"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let script = self.0.0.join("scripts/run");
        self.0.finish(self.command(&script).args(arguments), "")
    }

    /// On a terminal, with this answer.
    fn run_on_a_terminal(&self, answer: &str) -> Output {
        let script = format!("'{}'", self.0.path("scripts/run"));
        let mut command = self.command(Path::new("/usr/bin/script"));
        command
            .args(["-qec", &script, "/dev/null"])
            .env("SHELL", "/bin/sh");
        self.0.finish(&mut command, answer)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.0.0.join("log")).unwrap_or_default()
    }
}

const WHAT_IS_INSTALLED: [&str; 5] = [
    "apt-get update",
    "install -y -qq --no-install-recommends build-essential",
    "install -y -qq --no-install-recommends curl ca-certificates",
    "curl --proto =https --tlsv1.2 -sSf https://sh.rustup.rs",
    "installer -y --profile minimal",
];

#[test]
fn root_on_debian_gets_a_compiler_without_a_question() {
    let fresh = Fresh::new(0);
    for stub in ["cargo", "rustc"] {
        fresh.install(stub);
    }
    let output = fresh.run(&[]);
    assert!(output.status.success(), "{output:?}");
    assert!(
        fresh.log().contains(WHAT_IS_INSTALLED[1]),
        "{}",
        fresh.log()
    );
    assert!(!fresh.log().contains("curl"), "{}", fresh.log());
}

#[test]
fn root_on_debian_gets_rust_once_the_user_agrees() {
    let fresh = Fresh::new(0);
    let output = fresh.run(&["--yes", "--port", "7080"]);
    assert!(output.status.success(), "{output:?}");
    for line in WHAT_IS_INSTALLED {
        assert!(fresh.log().contains(line), "{line}: {}", fresh.log());
    }
    assert!(!fresh.0.record().0.contains(&"--yes".to_owned()));

    let fresh = Fresh::new(0);
    let output = fresh.run_on_a_terminal("y\n");
    assert!(output.status.success(), "{output:?}");
    assert!(
        text(&output.stdout).contains("Install it now?"),
        "{output:?}"
    );
    for line in WHAT_IS_INSTALLED {
        assert!(fresh.log().contains(line), "{line}: {}", fresh.log());
    }
}

#[test]
fn nothing_is_installed_without_consent_or_root() {
    let refused = |fresh: &Fresh, output: Output| {
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = text(&output.stdout) + &text(&output.stderr);
        let rust = "Rust 1.95 or later:  apt-get install curl ca-certificates && curl --proto";
        assert!(said.contains(rust), "{said}");
        assert!(
            said.contains("a C compiler:  apt-get install build-essential"),
            "{said}"
        );
        assert_eq!(fresh.log(), "", "nothing was installed");
    };
    let fresh = Fresh::new(0);
    refused(&fresh, fresh.run(&[]));
    refused(&fresh, fresh.run_on_a_terminal("n\n"));
    let ordinary = Fresh::new(1000);
    refused(&ordinary, ordinary.run(&["--yes"]));
    refused(&ordinary, ordinary.run_on_a_terminal("y\n"));
}

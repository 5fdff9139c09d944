//! Looks for one tool, for at most two seconds.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::Need;
use ::postgres::Binaries;
use processes::cgroup;

/// The Rust target of the package for Azure.
const MUSL: &str = crate::package::TARGET;
const LIMIT: Duration = Duration::from_secs(2);
const SLOW: &str = "no answer in 2 s";
const MISSING: &str = "missing";
const BROKEN: &str = "does not work";
/// The number of programs that run at the same time. More would slow each other down.
static PROGRAMS: Semaphore = Semaphore::const_new(6);
/// The default port of `func start` and `lab up`.
const PORT: u16 = 7071;

/// One row of the table.
pub(crate) struct Finding {
    pub(crate) name: &'static str,
    pub(crate) need: Need,
    /// The version, or the problem.
    pub(crate) state: Result<String, String>,
    /// The feature that is missing without it.
    pub(crate) without: &'static str,
    /// The command that installs it.
    pub(crate) remedy: String,
}

/// Looks for all tools.
pub(crate) async fn all() -> Vec<Finding> {
    // Each row: name, the commands that need it, the test, the missing feature, the command that installs it.
    macro_rules! table {
        ($($name:literal, $need:ident, $probe:expr, $without:literal, $remedy:expr;)*) => {
            [$(($name, Need::$need, tokio::spawn($probe), $without, String::from($remedy))),*]
        };
    }
    let table = table! {
        "Rust", Build, rust(), "nothing can be built", rust_remedy();
        "C compiler", Build, version(&["cc", "--version"]), "nothing can be built", package("build-essential", "gcc");
        "PostgreSQL server", Test, blocking(postgres), "--postgres, tests on PostgreSQL",
            package("postgresql", "postgresql@17");
        "musl", Test, musl(), "the package for Azure", musl_remedy();
        "Python", Test, python(), "the schema fuzz", package("python3 python3-venv", "python");
        "shellcheck", Test, version(&["shellcheck", "--version"]), "checks of the scripts",
            package("shellcheck", "shellcheck");
        "cargo-nextest", Optional, version(&["cargo", "nextest", "--version"]), "time: cargo test is slower",
            "cargo install --locked cargo-nextest";
        "Node.js", Optional, at_least(&["node", "--version"], (20, 19)), "building the dashboard", node_remedy();
        "npm", Optional, version(&["npm", "--version"]), "building the dashboard", package("npm", "node");
        "Chromium", Optional, chromium(), "tests in a browser", package("chromium", "--cask chromium");
        "CPU control", Optional, blocking(cgroup::cpu_control), "CPU limits per instance",
            "run as root, or in a container that may write to its cgroup";
        "port 7071", Optional, blocking(port_free), "the usual address", "./scripts/run --port 7080";
        "func", Optional, version(&["func", "--version"]), "running on the real host",
            "npm install --global azure-functions-core-tools@4";
        "az", Optional, version(&["az", "version", "--output", "tsv"]), "deploying by hand", azure_cli();
        "Pulumi", Optional, version(&["pulumi", "version"]), "deploying to Azure",
            "curl -fsSL https://get.pulumi.com | sh";
        "Docker engine", Optional, docker(), "the container image", docker_remedy();
    };
    let mut findings = Vec::with_capacity(table.len());
    for (name, need, probe, without, remedy) in table {
        findings.push(Finding {
            name,
            need,
            state: probe.await.unwrap_or_else(|_| Err(BROKEN.to_owned())),
            without,
            remedy,
        });
    }
    findings
}

fn postgres() -> Result<String, String> {
    let found = Binaries::find(None).map_err(|_| MISSING.to_owned())?;
    Ok(found.version)
}

/// Whether `scripts/test` can install missing tools: as root, if there is apt.
pub(crate) fn installs_by_itself() -> bool {
    rustix::process::geteuid().is_root() && in_path("apt-get")
}

async fn rust() -> Result<String, String> {
    // rustc may exist without cargo.
    tokio::try_join!(
        at_least(&["rustc", "--version"], (1, 95)),
        version(&["cargo", "--version"])
    )
    .map(|(rust, _)| rust)
}

fn rust_remedy() -> String {
    if in_path("rustup") {
        return "rustup update stable".to_owned();
    }
    "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh".to_owned()
}

/// The Node.js package of Debian 12 is too old.
fn node_remedy() -> String {
    if cfg!(target_os = "macos") {
        return "brew install node".to_owned();
    }
    let install = package("nodejs", "node");
    format!("curl -fsSL https://deb.nodesource.com/setup_22.x | bash && {install}")
}

async fn musl() -> Result<String, String> {
    let print = ["rustc", "--print", "target-libdir", "--target", MUSL];
    let library = output(&print).await?;
    if !std::path::Path::new(library.trim()).is_dir() {
        return Err("no Rust target".to_owned());
    }
    output(&["musl-gcc", "--version"])
        .await
        .map_err(|_| "no musl-gcc".to_owned())?;
    Ok("target, musl-gcc".to_owned())
}

fn musl_remedy() -> String {
    let target = format!("rustup target add {MUSL}");
    if cfg!(target_os = "macos") {
        // musl-gcc is not available there, but a binary from another machine can be packed.
        return format!("{target}; then pack a Linux build with lab package --binary");
    }
    format!("{target} && {}", package("musl-tools", "musl-cross"))
}

async fn python() -> Result<String, String> {
    let found = at_least(&["python3", "--version"], (3, 11)).await?;
    let venv = output(&["python3", "-c", "import venv, ensurepip"]).await;
    venv.map(|_| found).map_err(|_| "no venv module".to_owned())
}

async fn chromium() -> Result<String, String> {
    for program in ["chromium", "chromium-browser", "google-chrome"] {
        if in_path(program) {
            return version(&[program, "--version"]).await;
        }
    }
    Err(MISSING.to_owned())
}

async fn docker() -> Result<String, String> {
    let engine = output(&["docker", "version", "--format", "{{.Server.Version}}"]).await;
    engine
        .map(|text| text.trim().to_owned())
        .map_err(|fault| match in_path("docker") {
            true => "engine does not answer".to_owned(),
            false => fault,
        })
}

fn docker_remedy() -> String {
    if in_path("docker") && !cfg!(target_os = "macos") {
        return "systemctl start docker".to_owned();
    }
    package("docker.io", "--cask docker")
}

fn port_free() -> Result<String, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, PORT))
        .map(|_| "free".to_owned())
        .map_err(|_| "in use".to_owned())
}

async fn at_least(command: &[&str], (major, minor): (u32, u32)) -> Result<String, String> {
    let found = version(command).await?;
    let mut numbers = found.split('.').map_while(|part| part.parse::<u32>().ok());
    if (numbers.next(), numbers.next()) >= (Some(major), Some(minor)) {
        Ok(found)
    } else {
        Err(format!("{found}, not {major}.{minor}"))
    }
}

/// The first text in a program's output that has the form of a version.
async fn version(command: &[&str]) -> Result<String, String> {
    let text = output(command).await?;
    let mut words = text.split(|c: char| c.is_whitespace() || matches!(c, '"' | ','));
    let version = words.find_map(|word| {
        let word = word.trim_start_matches('v');
        let word = word
            .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')))
            .next()?;
        (word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'))
            .then(|| word.to_owned())
    });
    Ok(version.unwrap_or_else(|| "found".to_owned()))
}

async fn output(command: &[&str]) -> Result<String, String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(MISSING.to_owned());
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    // A version query must not use the network.
    command
        .env("PULUMI_SKIP_UPDATE_CHECK", "true")
        .env("FUNCTIONS_CORE_TOOLS_TELEMETRY_OPTOUT", "1");
    let _place = PROGRAMS.acquire().await;
    match timeout(LIMIT, command.output()).await {
        Ok(Ok(output)) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(Ok(_)) if in_path(program) => Err(BROKEN.to_owned()),
        Ok(_) => Err(MISSING.to_owned()),
        Err(_) => Err(SLOW.to_owned()),
    }
}

async fn blocking(
    probe: impl FnOnce() -> Result<String, String> + Send + 'static,
) -> Result<String, String> {
    match timeout(LIMIT, spawn_blocking(probe)).await {
        Ok(Ok(state)) => state,
        Ok(Err(_)) | Err(_) => Err(SLOW.to_owned()),
    }
}

fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn package(debian: &str, homebrew: &str) -> String {
    if cfg!(target_os = "macos") {
        format!("brew install {homebrew}")
    } else {
        let is_root = rustix::process::geteuid().is_root();
        let sudo = if is_root { "" } else { "sudo " };
        format!("{sudo}apt-get install {debian}")
    }
}

fn azure_cli() -> String {
    if cfg!(target_os = "macos") {
        "brew install azure-cli".to_owned()
    } else {
        "pipx install azure-cli".to_owned()
    }
}

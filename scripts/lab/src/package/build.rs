//! The handler as a static binary, built by cargo.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// Static with musl, so that it runs on every Functions base image, whatever its C library.
pub(crate) const TARGET: &str = "x86_64-unknown-linux-musl";
/// The variable that tells cargo's build scripts the C compiler for [`TARGET`].
const COMPILER: &str = "CC_x86_64_unknown_linux_musl";
const MUSL_GCC: &str = "musl-gcc";

/// Builds the handler, and returns the path of the binary. Cargo prints only what is wrong.
pub(crate) fn static_handler(root: &Path, profile: &str) -> anyhow::Result<PathBuf> {
    check_toolchain(root)?;
    eprintln!("Building the static handler; the first time, this takes some minutes.");
    // If cargo runs `lab`, this variable is set, so that the same toolchain builds.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = Command::new(cargo);
    cargo.current_dir(root).args(["build", "--quiet"]);
    cargo.args(["--package", "handler", "--bin", "handler"]);
    cargo.args(["--target", TARGET, "--profile", profile]);
    // The target folder may be anywhere, so the path of the binary is read from cargo's messages.
    cargo.args(["--message-format", "json-render-diagnostics"]);
    if std::env::var_os(COMPILER).is_none() {
        cargo.env(COMPILER, MUSL_GCC);
    }
    let mut child = cargo
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let messages = BufReader::new(child.stdout.take().context("cargo has no output")?);
    let binary = messages
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| executable(&line))
        .last();
    let status = child.wait().context("cannot wait for cargo")?;
    if !status.success() {
        bail!("cargo could not build the static handler ({status}); its messages are above");
    }
    binary.context("cargo built no executable named handler")
}

/// The path of an executable in a message of cargo.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_handler = message.pointer("/target/name")?.as_str()? == "handler";
    is_handler.then(|| message.get("executable")?.as_str().map(PathBuf::from))?
}

fn check_toolchain(root: &Path) -> anyhow::Result<()> {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc
        .current_dir(root)
        .args(["--print", "target-libdir", "--target", TARGET])
        .stderr(Stdio::null());
    let output = rustc
        .output()
        .context("cannot run rustc; install Rust with rustup")?;
    let library = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if !output.status.success() || !library.is_dir() {
        bail!(
            "the Rust library for {TARGET} is missing; install it with: rustup target add {TARGET}"
        );
    }
    if std::env::var_os(COMPILER).is_none() && !runs(MUSL_GCC) {
        bail!(
            "the C compiler musl-gcc is missing; install it with: apt-get install musl-tools (or name another one \
             for {TARGET} in {COMPILER})"
        );
    }
    Ok(())
}

fn runs(program: &str) -> bool {
    let version = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    version.is_ok_and(|status| status.success())
}

# shellcheck shell=sh
# What scripts/run and scripts/test check before they can use cargo. Sourced, and content with the shell alone:
# on a bare machine it must still be able to say what to install.

rust_needed=1.95

have() {
    command -v "$1" >/dev/null 2>&1
}

# Puts `sudo` before a command where it takes root and the user is not.
as_root() {
    if have sudo && [ "$(id -u)" != 0 ]; then
        printf 'sudo %s' "$*"
    else
        printf '%s' "$*"
    fi
}

# The command that installs a C compiler here.
install_compiler() {
    if have apt-get; then
        as_root apt-get install build-essential
    elif have dnf; then
        as_root dnf install gcc
    elif have pacman; then
        as_root pacman -S base-devel
    elif have apk; then
        as_root apk add build-base
    elif have xcode-select; then
        printf 'xcode-select --install'
    else
        printf 'apt-get install build-essential   (or the like on this system)'
    fi
}

install_rust() {
    if have rustup; then
        printf 'rustup update stable'
    else
        # A fresh Debian has no curl.
        have curl || ! have apt-get || printf '%s && ' "$(as_root apt-get install curl)"
        printf "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
    fi
}

# "1.95.0" is enough for "1.95".
rust_is_new_enough() {
    major=${1%%.*}
    minor=${1#*.}
    minor=${minor%%.*}
    [ "$major" -gt "${rust_needed%%.*}" ] ||
        { [ "$major" -eq "${rust_needed%%.*}" ] && [ "$minor" -ge "${rust_needed#*.}" ]; }
}

# Says everything that is missing at once, each with the command that installs it, and ends the script.
check_toolchain() {
    missing=
    # A fresh rustup is in PATH only from the next login on.
    if ! have cargo && [ -x "${CARGO_HOME:-${HOME:-}/.cargo}/bin/cargo" ]; then
        PATH=${CARGO_HOME:-${HOME:-}/.cargo}/bin:$PATH
        export PATH
    fi
    if ! have cargo || ! have rustc; then
        missing="$missing
  Rust $rust_needed or newer:  $(install_rust)"
    else
        version=$(rustc --version 2>/dev/null) || version='rustc 0.0 '
        version=${version#rustc }
        version=${version%% *}
        rust_is_new_enough "$version" || missing="$missing
  Rust $rust_needed or newer (this is $version):  $(install_rust)"
    fi
    if ! have cc && ! have "${CC:-cc}"; then
        missing="$missing
  a C compiler:  $(install_compiler)"
    fi
    [ -z "$missing" ] && return
    printf '%s\n' "Elastic Visits cannot be built yet. Missing, each with the command that installs it:
$missing

Then run this again." >&2
    exit 2
}

# Builds always go to the project's own target folder, whatever the user's settings say, so that it is known where
# the binaries are. Expects $root.
use_own_target_folder() {
    CARGO_TARGET_DIR=${root:?}/target
    export CARGO_TARGET_DIR
    unset CARGO_BUILD_TARGET CARGO_BUILD_TARGET_DIR
}

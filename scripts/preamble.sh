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

# --- The dashboard, and the report page on the same charts --------------------------------------------------

node_needed='Node 20.19 or newer, with npm'

# Vite takes Node 20 from 20.19 on, and 22 from 22.12 on.
have_node() {
    have node && have npm && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22 ? 0 : 1)
    ' 2>/dev/null
}

# Installs what the package.json of the current folder names, unless it is there. A machine that is offline is told so at once.
install_node_packages() {
    cmp -s package-lock.json node_modules/.installed && return
    npm ci --ignore-scripts --no-audit --no-fund --prefer-offline --fetch-retries=0 --fetch-timeout=30000 &&
        cp package-lock.json node_modules/.installed
}

# One number for everything that the pages are made of.
dashboard_source() {
    find package.json package-lock.json tsconfig.json ./*.html ./vite*.config.ts src build -type f \
        -exec cksum {} + | LC_ALL=C sort | cksum
}

# Builds the dashboard and the report page where Node is, and only when their source changed; what goes wrong there
# does not stop anything, because the handler has a plain page, and the lab one without charts. Comes before both are
# built. Expects $root.
build_dashboard() (
    cd -- "${root:?}/handler/dashboard" 2>/dev/null || return 0
    source=$(dashboard_source)
    [ -s dist/report.html ] && [ -s dist/page/index.html ] &&
        [ "$source" = "$(cat dist/source 2>/dev/null)" ] && return 0
    # Pages of another version would not understand the handler and the lab.
    rm -rf dist/page dist/report.html dist/source
    without='The page will be a plain one, and reports will have no charts'
    if ! have_node; then
        printf '%s\n' "$without: those need $node_needed." >&2
        return 0
    fi
    printf '%s\n' "Building the dashboard ..." >&2
    log=${root:?}/target/dashboard.log
    mkdir -p "${root:?}/target"
    if { install_node_packages && npm run build; } >"$log" 2>&1; then
        printf '%s\n' "$source" >dist/source
    else
        rm -rf dist/page dist/report.html
        printf '%s\n' "$without: npm failed, see $log" >&2
    fi
    return 0
)

# --- What several scripts need besides ----------------------------------------------------------------------

have_chromium() { [ -n "${CHROMIUM:-}" ] || have chromium || have chromium-browser || have google-chrome; }

have_venv() {
    have python3 && python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# install_python_packages NAME LIST...: installs what the lists (default: scripts/NAME/requirements.txt) name into
# target/NAME-venv, unless it is there, and adds to $missing what could not be had. The requirements that were installed are
# kept beside them, so that a new pin is noticed.
install_python_packages() {
    venv=target/$1-venv
    list=${2:-scripts/$1/requirements.txt}
    shift
    [ $# -gt 0 ] || set -- "$list"
    if cat "$@" | cmp -s - "$venv/installed" && "$venv/bin/python" -c '' 2>/dev/null; then
        return
    fi
    printf '%s\n' "Installing what $list names into $venv ..." >&2
    rm -rf "$venv"
    # Where a list includes another, it is given here as well, only to be compared.
    if python3 -m venv "$venv" && "$venv/bin/python" -m pip install --quiet --requirement "$list"; then
        cat "$@" >"$venv/installed"
    else
        missing="$missing
  what $list names, from PyPI, into $venv; the message is above"
    fi
}

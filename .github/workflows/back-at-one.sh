#!/bin/sh
# Watches until the fleet at TARGET_URL is back at one instance: with the default rules a quarter of an hour after the load.
set -eu

before=
end=$(($(date +%s) + 40 * 60))
while [ "$(date +%s)" -lt "$end" ]; do
    live=$(curl --silent --show-error --max-time 20 "${TARGET_URL%/}/api/instances" | jq --raw-output '.live // empty') || live=
    if [ "$live" != "$before" ]; then
        echo "$(date -u +%H:%M:%S) ${live:-no answer, so an unknown number of} instances"
        before=$live
    fi
    if [ "$live" = 1 ]; then
        exit 0
    fi
    sleep 15
done
echo "::error::${before:-an unknown number of} instances were left 40 minutes after the load"
exit 1

#!/bin/sh
# Puts the load of the workflow load-test on the app: TARGET_URL, LOAD and EXPECT come by the environment.
set -eu

case $TARGET_URL in
    https://*.azurewebsites.net | https://*.azurewebsites.net/) ;;
    *)
        echo "::error::target_url must be https://NAME.azurewebsites.net"
        exit 2
        ;;
esac
host=${TARGET_URL#https://}
host=${host%/}

# The key is only in this process; whatever prints it prints asterisks.
app=$(az functionapp list --query "[?defaultHostName=='$host'].[name, resourceGroup]" --output tsv)
name=$(printf '%s' "$app" | cut -f 1)
group=$(printf '%s' "$app" | cut -f 2)
if [ -z "$name" ]; then
    echo "::error::this login sees no function app with the address $host"
    exit 2
fi
FUNCTIONS_KEY=$(az functionapp keys list --resource-group "$group" --name "$name" --query functionKeys.default --output tsv)
echo "::add-mask::$FUNCTIONS_KEY"
export FUNCTIONS_KEY

case $LOAD in
    *:*) set -- --stages "$LOAD" ;;
    *[!0-9\ ]* | '')
        echo "::error::load is neither '2000 100' nor stages such as 1m:20/s,20m:20/s"
        exit 2
        ;;
    *)
        # Two words, requests and callers.
        # shellcheck disable=SC2086
        set -- $LOAD
        ;;
esac
for condition in $EXPECT; do
    set -- "$@" --expect "$condition"
done
folder=target/load
mkdir -p "$folder"
exec ./scripts/load "$TARGET_URL" "$@" --yes --json "$folder/run.json" --csv "$folder/run.csv" --html "$folder/run.html"

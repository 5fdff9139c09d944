#!/bin/sh
# The role step: what the container runs that `scripts/deploy` starts inside the virtual network, once per deployment.
#
# It is the administrator of the database for about a minute: it fetches the very handler that is being deployed and has it
# make the app's role, the database, the schema and the grants. The image has az and a shell; the handler is one static file.
# Everything it is given comes by the environment, and nothing of it is secret; the token never leaves this process.
set -eu

: "${PROVISIONER_CLIENT_ID:?}" "${STORAGE_ACCOUNT:?}" "${PACKAGE_CONTAINER:?}" "${HANDLER_BLOB:?}" "${HANDLER_SHA256:?}"
: "${APP_ROLE:?}" "${APP_OBJECT_ID:?}" "${PGHOST:?}" "${PGUSER:?}" "${PGDATABASE:?}"

# A role or an administrator that was just assigned is known only after some minutes.
patiently() {
    attempt=1
    until "$@"; do
        [ "$attempt" -lt 20 ] || return 1
        attempt=$((attempt + 1))
        echo "again in 15 s (attempt $attempt of 20)"
        sleep 15
    done
}

login() {
    az login --identity --client-id "$PROVISIONER_CLIENT_ID" --allow-no-subscriptions --output none
}

fetch() {
    az storage blob download --auth-mode login --account-name "$STORAGE_ACCOUNT" \
        --container-name "$PACKAGE_CONTAINER" --name "$HANDLER_BLOB" --file "$handler" --overwrite --output none
}

provision() {
    # A new token each time: one that was given before the administrator was known may not be of use.
    PGPASSWORD=$(az account get-access-token --resource-type oss-rdbms --query accessToken --output tsv) || return 1
    export PGPASSWORD
    PGSSLMODE=verify-full "$handler" provision --app-role "$APP_ROLE" --app-object-id "$APP_OBJECT_ID"
}

folder=$(mktemp -d)
handler=$folder/handler
echo "role step: logging in as the provisioner"
patiently login
echo "role step: fetching the handler"
patiently fetch
# What was uploaded, and nothing that somebody put in its place.
echo "$HANDLER_SHA256  $handler" | sha256sum -c - >/dev/null
chmod 0755 "$handler"
echo "role step: preparing the database"
patiently provision
echo "role step: done"

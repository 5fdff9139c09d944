"""Azure's responses to the preflight of a deployment, in the documented form, and a simulated role step."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PERMISSIONS = "az rest --method get --url https://management.azure.com/subscriptions/{subscriptionId}/providers/Microsoft.Authorization/permissions"
GROUP_PERMISSIONS = (
    "az rest --method get --url https://management.azure.com/subscriptions/{subscriptionId}/resourcegroups/ev-dev-rg"
    "/providers/Microsoft.Authorization/permissions"
)
POSTGRES = "az rest --method get --url https://management.azure.com/subscriptions/{subscriptionId}/providers/Microsoft.DBforPostgreSQL/locations/"
CAPABILITIES = POSTGRES + "swedencentral/capabilities"
USAGES = POSTGRES + "swedencentral/resourceType/flexibleServers/usages"
GEO_REGIONS = "az rest --method get --url https://management.azure.com/subscriptions/{subscriptionId}/providers/Microsoft.Web/geoRegions"
CHECK_SITE = "az rest --method post --url https://management.azure.com/subscriptions/{subscriptionId}/providers/Microsoft.Web/checknameavailability"
CHECK_SERVER = "az rest --method post --url https://management.azure.com/subscriptions/{subscriptionId}/providers/Microsoft.DBforPostgreSQL/checkNameAvailability"

# learn.microsoft.com/azure/role-based-access-control/built-in-roles
OWNER = {"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}
CONTRIBUTOR = {
    "actions": ["*"],
    "notActions": [
        "Microsoft.Authorization/*/Delete",
        "Microsoft.Authorization/*/Write",
        "Microsoft.Authorization/elevateAccess/Action",
        "Microsoft.Blueprint/blueprintAssignments/write",
        "Microsoft.Blueprint/blueprintAssignments/delete",
        "Microsoft.Compute/galleries/share/action",
        "Microsoft.Purview/consents/write",
        "Microsoft.Purview/consents/delete",
        "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
    ],
}
RBAC_ADMINISTRATOR = {
    "actions": [
        "Microsoft.Authorization/roleAssignments/write",
        "Microsoft.Authorization/roleAssignments/delete",
        "*/read",
        "Microsoft.Support/*",
    ],
    "notActions": [],
}
READER = {"actions": ["*/read"], "notActions": []}

REGISTERED = [
    "Microsoft.Authorization", "Microsoft.Consumption", "Microsoft.DBforPostgreSQL", "Microsoft.Insights",
    "Microsoft.ManagedIdentity", "Microsoft.Network", "Microsoft.OperationalInsights", "Microsoft.Storage", "Microsoft.Web",
]

Answer = Callable[..., None]

SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/ev-dev-rg"


def permissions(*roles: dict[str, Any]) -> str:
    """The response of the permissions API for a user with these roles."""
    return json.dumps({"value": list(roles), "nextLink": None})


def capabilities(*, restricted: bool = False, sizes: tuple[str, ...] = ("standard_b1ms", "standard_b2s")) -> str:
    """The capabilities of PostgreSQL in a region."""
    value = {
        "name": "FlexibleServerCapabilities",
        "restricted": "Enabled" if restricted else "Disabled",
        "reason": "Subscriptions are restricted from provisioning in this location." if restricted else None,
        "supportedServerEditions": [
            {"name": "Burstable", "supportedServerSkus": [{"name": size, "vCores": 1} for size in sizes]},
            {"name": "GeneralPurpose", "supportedServerSkus": [{"name": "standard_d2ds_v5", "vCores": 2}]},
        ],
    }
    return json.dumps({"value": [value]})


def usages(*, limit: int, used: int) -> str:
    """The quota for PostgreSQL."""
    of = {"unit": "Count", "limit": limit, "currentValue": used, "id": ""}
    named = [{"name": {"value": name, "localizedValue": name}, **of} for name in ("cores", "standardBSFamily")]
    return json.dumps({"value": named})


def geo_regions(*names: str) -> str:
    """The regions that offer a plan: learn.microsoft.com/rest/api/appservice/list-geo-regions."""
    return json.dumps({"value": [{"name": name, "properties": {"displayName": name}} for name in names]})


def allows_everything(answer: Answer) -> None:
    """A deployment by the owner of the subscription, in a region that offers everything."""
    answer("az version", json.dumps({"azure-cli": "2.77.0", "azure-cli-core": "2.77.0", "extensions": {}}))
    answer("pulumi version", "v3.207.0")
    answer(PERMISSIONS, permissions(OWNER))
    answer(GROUP_PERMISSIONS, permissions(OWNER))
    answer("az provider list", json.dumps(REGISTERED))
    answer("az appservice list-locations", json.dumps(["Sweden Central", "East US", "West Europe"]))
    answer(GEO_REGIONS, geo_regions("Sweden Central", "East US", "West Europe"))
    answer(CAPABILITIES, capabilities())
    answer(USAGES, usages(limit=10, used=0))
    for prefix in ("az storage account check-name", CHECK_SITE, CHECK_SERVER):
        answer(prefix, json.dumps({"nameAvailable": True, "reason": None, "message": None}))


ROLE_STEP = f"az rest --method get --url https://management.azure.com/subscriptions/{SUBSCRIPTION}/"


def no_role_step(answer: Answer, times: int = -1) -> None:
    """There is neither a site of a role step nor a deployment of one."""
    missing = {"error": {"code": "ResourceNotFound", "message": "The Resource 'Microsoft.Web/sites/x' was not found."}}
    answer(ROLE_STEP, err=f"ERROR: Not Found({json.dumps(missing)})", code=1, times=times)
    answer("az deployment group show", err="ERROR: (DeploymentNotFound) Deployment 'x' could not be found.", code=3, times=times)


def live_group(tags: dict[str, str], location: str = "swedencentral") -> str:
    """The resource group of a live stack, as `az group list` shows it."""
    common = {"project": "elastic-visits", "stack": "dev", "plan": "premium-v3"}
    return json.dumps([{"id": GROUP_ID, "name": "ev-dev-rg", "location": location, "tags": common | tags}])


def exported(*resources: str) -> str:
    """A state with these resource IDs, as `pulumi stack export` shows it. The first resource, the stack, has no ID."""
    stack = {"urn": "urn:pulumi:dev::elastic-visits::pulumi:pulumi:Stack::elastic-visits-dev", "type": "pulumi:pulumi:Stack"}
    found = [{"urn": "urn:pulumi:dev::elastic-visits::x", "custom": True, "id": one} for one in resources]
    return json.dumps({"version": 3, "deployment": {"manifest": {}, "resources": [stack, *found]}})


def config(**values: str) -> str:
    """The stack's file, as `pulumi config --json` shows it. `location` belongs to the provider."""
    name = {"location": "azure-native:location"}
    return json.dumps(
        {name.get(key, f"elastic-visits:{key}"): {"value": value, "secret": False} for key, value in values.items()}
    )


@contextmanager
def role_step(*answers: tuple[int, object]) -> Generator[str]:
    """Serves `/health` with one of these statuses and bodies per request, and then repeats the last one. Yields the address."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = left.pop(0) if len(left) > 1 else left[0]
            text = json.dumps(body).encode()
            self.send_response(status if self.path == "/health" else 404)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Logs nothing, so that only the script writes output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def progress(state: str, *lines: str) -> tuple[int, object]:
    """A response of the role step's `/health`."""
    return 200, {"state": state, "attempt": 1, "lines": list(lines)}

#!/usr/bin/env python3
"""Checks the requirements of a deployment before anything is created: tools, permissions, resource providers, region, and names.

Registers resource providers that are not registered, and changes nothing else. Reports everything that is missing at once,
each with what to do. Exit codes: 0 ready; 1 something is missing.

The checks, and the pages that describe the responses:
  permissions   learn.microsoft.com/rest/api/authorization/permissions/list
  providers     learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types
  plan          az appservice list-locations; learn.microsoft.com/rest/api/appservice/list-geo-regions
  PostgreSQL    learn.microsoft.com/rest/api/postgresql/capabilities-by-location/list, .../quota-usages/list,
                .../name-availability/check-globally
  names         learn.microsoft.com/rest/api/appservice/check-name-availability, az storage account check-name
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from commands import Commands, Failed, say
from permissions import lacking
from stack_settings import region

INFRA = Path(__file__).resolve().parents[2] / "infra"
sys.path.append(str(INFRA))

from naming import names  # noqa: E402  The folder is only known here.

# az 2.59 loses its login in a workflow after five minutes (github.com/Azure/azure-cli/issues/28708). The commands were not tested
# with earlier versions of Pulumi.
AZ, PULUMI = (2, 60), (3, 150)
PROVIDERS = (
    "Microsoft.Authorization",
    "Microsoft.Consumption",
    "Microsoft.DBforPostgreSQL",
    "microsoft.insights",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.Storage",
    "Microsoft.Web",
)
SKUS = {"premium-v3": "P0V3", "elastic-premium": "EP1"}
# Edition, size, quota, and vCPUs of the database server, without and with a standby server (infra/database.py).
ALONE = ("Burstable", "standard_b1ms", "standardBSFamily", 1)
WITH_STANDBY = ("GeneralPurpose", "standard_d2ds_v5", "standardDDSv5Family", 4)
ARM = "https://management.azure.com/subscriptions/{subscriptionId}"
POSTGRES = ARM + "/providers/Microsoft.DBforPostgreSQL/locations"
POSTGRES_VERSION = "api-version=2025-08-01"


@dataclass
class Wanted:
    """The planned deployment."""

    stack: str
    plan: str
    location: str
    subscription: str
    protect: bool
    custom_role: bool
    standby: bool
    group: str
    """The resource group of the live stack; empty for the first deployment."""

    begun: bool = False
    """Whether the first deployment of the live stack failed, so that its lock and its role may not exist."""


@dataclass
class Preflight:
    """The checks and their results."""

    commands: Commands
    wanted: Wanted
    missing: list[str] = field(default_factory=list[str])

    def report(self, what: str, *remedy: str) -> None:
        """Notes something that is missing, and the remedy."""
        self.missing.append("\n".join([what, *(f"    {line}" for line in remedy)]))

    def get(self, url: str) -> Any:
        """A GET request to Azure Resource Manager."""
        return self.commands.json({}, "az", "rest", "--method", "get", "--url", url, "--output", "json")

    def run(self) -> None:
        """Runs all checks. A check that fails to run is reported, and the next one follows."""
        checks: list[tuple[str, Callable[[], None]]] = [
            ("the tools' versions", self.versions),
            ("permissions", self.permissions),
            ("resource providers", self.providers),
        ]
        # A live stack already has its plan, its server, and its names.
        if not self.wanted.group:
            checks += [
                ("the plan in the region", self.plan),
                ("PostgreSQL in the region", self.postgres),
                ("PostgreSQL's quota", self.quota),
                ("names", self.names),
            ]
        for what, check in checks:
            try:
                check()
            except Failed as failed:
                self.report(f"{what}: Azure did not respond: {failed}", "./scripts/deploy --check   tries again")

    def versions(self) -> None:
        az = self.commands.json({}, "az", "version", "--output", "json")
        pulumi = self.commands.text("", "pulumi", "version")
        if self.commands.dry_run:
            return
        for name, found, oldest, remedy in (
            ("az", str(az.get("azure-cli", "0")), AZ, "az upgrade"),
            ("pulumi", pulumi.lstrip("v"), PULUMI, "https://www.pulumi.com/docs/install/"),
        ):
            version = tuple(int(part) if part.isdigit() else 0 for part in found.split(".")[:2])
            if version < oldest:
                needed = ".".join(map(str, oldest))
                self.report(f"{name} {needed} or later; this is {found}", remedy)

    def permissions(self) -> None:
        wanted = self.wanted
        scope = f"/resourcegroups/{wanted.group}" if wanted.group else ""
        answer = self.get(f"{ARM}{scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01")
        if self.commands.dry_run:
            return
        new = wanted.begun or not wanted.group
        elastic = wanted.plan == "elastic-premium"
        for what, roles, remedy in lacking(
            answer.get("value", []), lock=wanted.protect and new, role=wanted.custom_role and elastic and new
        ):
            target = f"/subscriptions/{wanted.subscription}"
            grants = [
                f"az role assignment create --assignee IDENTITY --role '{role}' --scope {target}" for role in roles
            ]
            self.report(f"permission to {what}", "Somebody with the role Owner grants it:", *grants, *remedy)

    def providers(self) -> None:
        query = "[?registrationState=='Registered'].namespace"
        registered: list[str] = self.commands.json([], "az", "provider", "list", "--query", query, "--output", "json")
        known = {name.lower() for name in registered}
        for name in PROVIDERS:
            if name.lower() not in known:
                try:
                    self.commands.text("", "az", "provider", "register", "--namespace", name, "--wait")
                except Failed as failed:
                    remedy = f"az provider register --namespace {name} --wait   by somebody with Contributor on the subscription"
                    self.report(f"the resource provider {name}: {failed}", remedy)

    def plan(self) -> None:
        sku = SKUS[self.wanted.plan]
        if self.wanted.plan == "elastic-premium":
            # The az command for the other plan makes the same request, but refuses the sizes of this one.
            query = "sku=ElasticPremium&linuxWorkersEnabled=true&api-version=2025-05-01"
            offered = [str(one["name"]) for one in _list(self.get(f"{ARM}/providers/Microsoft.Web/geoRegions?{query}"), "value")]
        else:
            command = ("az", "appservice", "list-locations", "--sku", sku, "--linux-workers-enabled")
            offered = self.commands.json([], *command, "--query", "[].name", "--output", "json")
        if not self.commands.dry_run and self.wanted.location not in map(region, offered):
            self.report(
                f"the plan {sku} on Linux: not offered to this subscription in {self.wanted.location}",
                f"offered in: {', '.join(sorted(map(region, offered))) or 'no region'}",
                "./scripts/deploy --location REGION",
            )

    def postgres(self) -> None:
        edition, size, _, _ = WITH_STANDBY if self.wanted.standby else ALONE
        location = self.wanted.location
        answer = self.get(f"{POSTGRES}/{location}/capabilities?{POSTGRES_VERSION}")
        if self.commands.dry_run:
            return
        remedy = ("./scripts/deploy --location REGION   another region; or ask for access: https://aka.ms/postgres-request-quota-increase",)
        capabilities = _list(answer, "value")
        if any(one.get("restricted") == "Enabled" for one in capabilities):
            reasons = "; ".join(str(one["reason"]) for one in capabilities if one.get("reason"))
            self.report(f"PostgreSQL: {location} is restricted for this subscription{': ' + reasons if reasons else ''}", *remedy)
            return
        offers = [offer for one in capabilities for offer in _list(one, "supportedServerEditions")]
        sizes = {
            str(sku.get("name", "")).lower()
            for offer in offers
            if offer.get("name") == edition
            for sku in _list(offer, "supportedServerSkus")
        }
        if size not in sizes:
            self.report(f"PostgreSQL: the size {size} is not offered to this subscription in {location}", *remedy)

    def quota(self) -> None:
        _, _, family, needed = WITH_STANDBY if self.wanted.standby else ALONE
        location = self.wanted.location
        answer = self.get(f"{POSTGRES}/{location}/resourceType/flexibleServers/usages?{POSTGRES_VERSION}")
        for usage in _list(answer, "value"):
            name = str(usage["name"]["value"])
            free = int(usage.get("limit", 0)) - int(usage.get("currentValue", 0))
            if name in ("cores", family) and free < needed:
                self.report(
                    f"PostgreSQL: {needed} vCPU of the quota {name!r} in {location}; free: {free} of {usage.get('limit')}",
                    "./scripts/deploy --location REGION   another region; or raise it: https://aka.ms/postgres-request-quota-increase",
                )

    def names(self) -> None:
        named = names(self.wanted.stack, self.wanted.subscription)
        remedy = "./scripts/deploy --stack NAME   another stack's name"
        for what in ("host", "pkg"):
            account = named.storage(what)
            check = ("az", "storage", "account", "check-name", "--name", account, "--output", "json")
            self._free(f"the storage account {account}", self.commands.json({}, *check), remedy)
        for what in ("app", "role-step"):
            site = named.worldwide(what)
            url = f"{ARM}/providers/Microsoft.Web/checknameavailability?api-version=2025-05-01"
            self._free(f"the app {site}", self._post(url, site, "Microsoft.Web/sites"), remedy)
        server = named.worldwide("postgres")
        url = f"{ARM}/providers/Microsoft.DBforPostgreSQL/checkNameAvailability?{POSTGRES_VERSION}"
        self._free(f"the server {server}", self._post(url, server, "Microsoft.DBforPostgreSQL/flexibleServers"), remedy)

    def _post(self, url: str, name: str, kind: str) -> Any:
        body = json.dumps({"name": name, "type": kind})
        return self.commands.json({}, "az", "rest", "--method", "post", "--url", url, "--body", body, "--output", "json")

    def _free(self, what: str, answer: Any, remedy: str) -> None:
        if not self.commands.dry_run and not answer.get("nameAvailable"):
            reason = answer.get("message") or answer.get("reason") or "taken"
            self.report(f"the name of {what}: {reason}", remedy)


def _list(answer: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """A list of objects in a response; empty if it is absent or null."""
    found: list[dict[str, Any]] | None = answer.get(key)
    return found or []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("stack", "plan", "location", "subscription"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--group", default="")
    parser.add_argument("--begun", action="store_true", help="the first deployment of the group was not completed")
    parser.add_argument("--protect", default="true")
    parser.add_argument("--scaler-role", default="custom")
    parser.add_argument("--high-availability", default="off")
    parser.add_argument("--dry-run", action="store_true")
    given = parser.parse_args()
    wanted = Wanted(
        stack=given.stack,
        plan=given.plan,
        location=given.location,
        subscription=given.subscription,
        protect=given.protect == "true",
        custom_role=given.scaler_role == "custom",
        standby=given.high_availability != "off",
        group=given.group,
        begun=given.begun,
    )
    preflight = Preflight(Commands(given.dry_run), wanted)
    preflight.run()
    if preflight.missing:
        say("\nMissing, each with what to do:")
        for item in preflight.missing:
            say(f"  {item}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

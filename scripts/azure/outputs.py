#!/usr/bin/env python3
"""Turns the stack's outputs, JSON on stdin, into assignments for the calling shell script.

With --dry-run nothing is read: each output is an example in the form of a real one, so that az can parse every command line.
With --subscription, outputs that a failed first deployment did not write are derived with infra/naming.py.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "infra"))

from naming import names  # noqa: E402  The folder is only known here.

NAMES = """url resource_group location plan plan_name plan_id function_app function_app_id app_identity_name
app_identity_object_id provisioner_identity_id provisioner_client_id provisioner_name postgres_server postgres_host database
storage_account package_container app_subnet_id role_step_app workspace_id workspace_name autoscale_setting autoscale_note lock_name
workbook_url subscription_id""".split()
NOBODY = "00000000-0000-0000-0000-000000000000"


def placeholders(stack: str, plan: str, location: str, subscription: str) -> dict[str, str]:
    """The outputs, derived from the names. IDs that only Azure knows are zeros."""
    named = names(stack, subscription)
    group = named.of(f"{plan}-rg")
    providers = f"/subscriptions/{subscription}/resourceGroups/{group}/providers"
    app, server = named.worldwide("app"), named.worldwide("postgres")
    return dict.fromkeys(NAMES, "") | {
        "url": f"https://{app}.azurewebsites.net",
        "resource_group": group,
        "location": location,
        "plan": plan,
        "plan_name": named.of("plan"),
        "plan_id": f"{providers}/Microsoft.Web/serverfarms/{named.of('plan')}",
        "function_app": app,
        "function_app_id": f"{providers}/Microsoft.Web/sites/{app}",
        "app_identity_name": named.of("app"),
        "app_identity_object_id": NOBODY,
        "provisioner_identity_id": f"{providers}/Microsoft.ManagedIdentity/userAssignedIdentities/{named.of('provisioner')}",
        "provisioner_client_id": NOBODY,
        "provisioner_name": named.of("provisioner"),
        "postgres_server": server,
        "postgres_host": f"{server}.postgres.database.azure.com",
        "database": "elastic_visits",
        "storage_account": named.storage("pkg"),
        "package_container": "packages",
        "app_subnet_id": f"{providers}/Microsoft.Network/virtualNetworks/{named.of('vnet')}/subnets/app",
        "role_step_app": named.worldwide("role-step"),
        "workspace_id": NOBODY,
        "workspace_name": named.of("logs"),
        "autoscale_setting": named.of("autoscale") if plan == "premium-v3" else "",
        "lock_name": named.of("keep-database"),
        "workbook_url": "https://portal.azure.com/",
        "subscription_id": subscription,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--stack", default="dev")
    parser.add_argument("--plan", default="premium-v3")
    parser.add_argument("--location", default="swedencentral")
    parser.add_argument("--subscription", default="", help="derive the names of the resources of a stack that has no outputs")
    given = parser.parse_args()
    named = placeholders(given.stack, given.plan, given.location, given.subscription or NOBODY)
    if given.dry_run:
        outputs = named
    else:
        read: dict[str, object] = json.load(sys.stdin)
        if not read and given.subscription:
            read = {**named, "url": ""}
        outputs = {name: str(read.get(name, "")) for name in NAMES}
    for name, value in outputs.items():
        print(f"{name}={shlex.quote(value)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

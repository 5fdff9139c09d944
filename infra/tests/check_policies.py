"""Runs checkov's policies for Azure on the stack, and compares the findings with the reviewed list.

    PYTHONPATH=infra python infra/tests/check_policies.py CHECKOV

CHECKOV is the program. It reads the recorded inputs of both plans as templates, and downloads nothing.
Exit codes: 0 the findings equal the list; 1 they differ.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

import arm
from conftest import CONFIGS, EVERYTHING
from recorder import Recorded, run

APP, HOST, PACKAGES, PLAN, ROLE_STEP = "app", "host-storage", "pkg-storage", "plan", "role-step"

# Policy and resource of each accepted finding, with the reason.
REVIEWED = {
    ("CKV_AZURE_222", APP): "The app is public, so it has a public address.",
    ("CKV_AZURE_17", APP): "Visitors have no client certificates.",
    ("CKV_AZURE_212", APP): "The stack demonstrates one to three instances. The rule file sets the minimum.",
    ("CKV_AZURE_59", HOST): "The firewall admits the app's subnet by a service endpoint, which requires an enabled public address. "
    "To disable it, a private endpoint would be required, which has a monthly price.",
    ("CKV_AZURE_59", PACKAGES): "Packages are uploaded from any address, with a role and without keys.",
    ("CKV_AZURE_35", PACKAGES): "No source says that the platform fetches a package through the app's subnet; see storage.py.",
    ("CKV_AZURE_206", HOST): "The host creates lost keys and locks again. The visits are in PostgreSQL.",
    ("CKV_AZURE_206", PACKAGES): "A deployment builds and uploads a package again.",
    ("CKV_AZURE_222", ROLE_STEP): "The deploying machine polls its health. No other address may call it.",
    ("CKV_AZURE_17", ROLE_STEP): "It serves only its health, for some minutes, to one address.",
    ("CKV_AZURE_212", ROLE_STEP): "It prepares the database once, on one instance, and is deleted.",
    ("CKV_AZURE_213", ROLE_STEP): "scripts/deploy polls its health. A replaced site would start again.",
    ("CKV_AZURE_225", PLAN): "Zone redundancy needs two instances at all times, which would hide the first scale-out and double the "
    "price.",
}

# A wrong stack. If the policies did not report it, the check would prove nothing.
WRONG = {
    "$schema": arm.SCHEMA,
    "contentVersion": "1.0.0.0",
    "resources": [
        {
            "type": "Microsoft.Storage/storageAccounts",
            "apiVersion": "2024-01-01",
            "name": "wrong",
            "location": "eastus",
            "kind": "StorageV2",
            "sku": {"name": "Standard_LRS"},
            "properties": {"minimumTlsVersion": "TLS1_0", "networkAcls": {"defaultAction": "Allow"}},
        }
    ],
}
FOUND_IN_WRONG = {"CKV_AZURE_44", "CKV_AZURE_35"}


def main(checkov: str) -> int:
    """Checks both plans, prints each finding with its reason, and returns the exit code."""
    stacks = {plan: run({**config, **EVERYTHING}) for plan, config in CONFIGS.items()}
    templates = {plan: arm.template(stack) for plan, stack in stacks.items()}
    with tempfile.TemporaryDirectory() as folder:
        for name, template in {**templates, "role-step": arm.role_step(), "wrong": WRONG}.items():
            (Path(folder) / f"{name}.json").write_text(json.dumps(template), encoding="utf-8")
        options = ["--directory", folder, "--framework", "arm", "--skip-download", "--quiet", "--compact", "--output", "json"]
        done = subprocess.run([checkov, *options], capture_output=True, text=True, timeout=300, check=False)
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError:
        print(done.stdout, done.stderr, "checkov printed no report", sep="\n")
        return 1
    if report["summary"]["parsing_errors"]:
        print(f"checkov could not read: {report['results']['parsing_errors']}")
        return 1
    found, in_wrong = _findings(report, stacks)
    for finding in sorted(found):
        policy, resource = finding
        print(f"{policy} {found[finding]}: {resource}: {REVIEWED.get(finding, 'NOT REVIEWED')}")
    unused = sorted(set(REVIEWED) - found.keys())
    for policy, resource in unused:
        print(f"{policy}: {resource}: is in the list but was not found: remove it")
    missed = FOUND_IN_WRONG - in_wrong
    if missed:
        print(f"not found in the wrong stack: {', '.join(sorted(missed))}")
    passed = report["summary"]["passed"]
    unreviewed = found.keys() - REVIEWED.keys()
    print(f"{passed} checks passed; {len(found)} findings, {len(unreviewed)} of them not reviewed")
    return 1 if unreviewed or unused or missed or not passed else 0


def _findings(report: dict[str, Any], stacks: dict[str, Recorded]) -> tuple[dict[tuple[str, str], str], set[str]]:
    """Policy and resource of each finding with the policy's requirement, and the policies that the wrong stack violates."""
    names = {
        f"{template['type']}.{template['name']}": resource.name
        for stack in stacks.values()
        for resource in stack.resources.values()
        for template in [arm.resource(resource)]
    }
    names |= {f"{one['type']}.{one['name']}": ROLE_STEP for one in arm.role_step()["resources"]}
    found: dict[tuple[str, str], str] = {}
    in_wrong: set[str] = set()
    for check in cast(list[dict[str, Any]], report["results"]["failed_checks"]):
        if check["file_path"].endswith("wrong.json"):
            in_wrong.add(check["check_id"])
        else:
            found[check["check_id"], names[check["resource"]]] = check["check_name"]
    return found, in_wrong


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

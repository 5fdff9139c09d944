#!/usr/bin/env python3
"""Finds the settings of a stack and refuses a deployment that would replace what is live.

The settings of a live stack are tags of its resource group, because the file infra/Pulumi.STACK.yaml exists only on the machine
that wrote it. The values in the file take precedence, except that the plan, the region, and the subscription of a live stack are
fixed, and that `package` and `paused` are always the live values, because another machine may have changed them. Live settings
that are not in the file are written to it.

Prints assignments for the calling shell script. Exit codes: 0 done; 1 failed, with a sentence on stderr.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commands import Commands, Failed, assignments, say

INFRA = Path(__file__).resolve().parents[2] / "infra"
sys.path.append(str(INFRA))

import regions  # noqa: E402  The folder is only known here.

PROJECT = "elastic-visits"
REGION = "azure-native:location"
TAG = "setting:"

# The same as in infra/settings.py, which cannot be imported here because it needs the Pulumi SDK.
DEFAULTS = {"plan": "premium-v3", "location": "swedencentral", "rules": "autoscale.json", "protect": "true", "paused": "false",
            "scaler-role": "custom", "database-high-availability": "off", "package": "", "monthly-budget": ""}

LIVE_ONLY = ("package", "paused")

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


class Refused(Exception):
    """The deployment cannot continue. The text has one line for each thing to do."""


@dataclass
class Found:
    """The state of a stack."""

    subscription: str
    live: dict[str, str]
    """The live stack's settings with `location`; empty when there is none."""

    group: str
    file: dict[str, str]
    """The settings in the stack's file and the options, with `location`."""

    state: dict[str, str]
    """The outputs in the Pulumi state."""

    begun: bool
    """Whether the state contains the live group but no outputs: the first `pulumi up` failed, so some resources do not exist."""


def region(name: str) -> str:
    """The short form of a region's name: both "Sweden Central" and "swedencentral" are used."""
    return name.replace(" ", "").lower()


def find(commands: Commands, stack: str) -> Found:
    """Reads all of it. Changes nothing."""
    try:
        subscription = commands.text(SUBSCRIPTION, "az", "account", "show", "--query", "id", "--output", "tsv")
        groups: list[dict[str, Any]] = commands.json([], "az", "group", "list", "--tag", f"stack={stack}", "--output", "json")
    except Failed as failed:
        raise Refused(f"the resource groups of the subscription cannot be read:\n{failed}") from None
    ours = [group for group in groups or [] if _tags(group).get("project") == PROJECT]
    if len(ours) > 1:
        names = ", ".join(str(group["name"]) for group in ours)
        raise Refused(f"the stack {stack!r} has several resource groups: {names}\nDelete those that are not needed: az group delete --name NAME")
    live: dict[str, str] = {}
    group = ""
    if ours:
        tags = _tags(ours[0])
        group = str(ours[0]["name"])
        live = {key.removeprefix(TAG): value for key, value in tags.items() if key.startswith(TAG)}
        live |= {"plan": tags.get("plan", ""), "location": region(str(ours[0]["location"]))}
    file: dict[str, str] = {}
    state: dict[str, str] = {}
    begun = False
    where = ("--stack", stack, "--cwd", str(INFRA))
    try:
        given: dict[str, Any] = commands.json({}, "pulumi", "config", "--json", *where)
        for key, value in (given or {}).items():
            namespace, _, name = key.partition(":")
            if key == REGION:
                file["location"] = region(str(value.get("value", "")))
            elif namespace == PROJECT:
                file[name] = str(value.get("value", ""))
        outputs: dict[str, Any] = commands.json({}, "pulumi", "stack", "output", "--json", *where)
        state = {key: str(value) for key, value in (outputs or {}).items()}
        if ours and not state:
            begun = _holds(commands.json({}, "pulumi", "stack", "export", *where), str(ours[0]["id"]))
    except Failed as failed:
        # The first deployment creates the stack. With a live group and no state, `difference` refuses.
        if "no stack named" not in str(failed):
            raise Refused(
                f"the stack {stack!r} cannot be read:\n{failed}\n"
                "If its state has a passphrase: export PULUMI_CONFIG_PASSPHRASE=...   (empty, if it was empty)\n"
                "If it is in another backend: pulumi login URL"
            ) from None
    return Found(subscription, live, group, file, state, begun)


def _holds(exported: dict[str, Any], resource_id: str) -> bool:
    """Whether an exported state has the resource: www.pulumi.com/docs/iac/cli/commands/pulumi_stack_export."""
    deployment: dict[str, Any] | None = exported.get("deployment")
    resources: list[dict[str, Any]] | None = (deployment or {}).get("resources")
    return any(str(one.get("id", "")).lower() == resource_id.lower() for one in resources or [])


def _tags(group: dict[str, Any]) -> dict[str, str]:
    tags: dict[str, str] | None = group.get("tags")
    return tags or {}


def difference(found: Found, stack: str) -> None:
    """Refuses changes that would replace a live stack."""
    if found.live and not found.state and not found.begun:
        raise Refused(
            f"the stack {stack!r} is live in the resource group {found.group}, but its state is not in this Pulumi backend\n"
            "Log in to the backend that it was deployed from: pulumi login URL\n"
            "Or choose another name for a second stack: --stack NAME"
        )
    fixed = {"subscription": found.state.get("subscription_id", ""), "plan": "", "location": ""}
    for key in ("plan", "location"):
        fixed[key] = found.live.get(key) or region(found.state.get(key, ""))
    wanted = {"subscription": found.subscription, "plan": found.file.get("plan", ""), "location": found.file.get("location", "")}
    lines = [
        f"  {key}: live {live!r}, wanted {wanted[key]!r}"
        for key, live in fixed.items()
        if live and wanted[key] and live != wanted[key]
    ]
    if lines:
        raise Refused(
            f"this would replace the live stack {stack!r} and its database:\n" + "\n".join(lines) + "\n"
            "Keep the live values: remove them from the command line, and from the file with\n"
            "  pulumi config rm plan --cwd infra    or  pulumi config rm azure-native:location --cwd infra\n"
            "  az account set --subscription ID     for another subscription\n"
            "Or deploy a second stack: --stack NAME"
        )


def apply(found: Found) -> dict[str, str]:
    """The effective settings: defaults, then the live ones, then those in the file and the options."""
    settings = DEFAULTS | found.live | found.file
    if found.live:
        for key in LIVE_ONLY:
            settings[key] = found.live.get(key, DEFAULTS[key])
    return settings


def _refuse_region(location: str, plan: str) -> None:
    """Refuses the same regions as infra/settings.py, but before anything else, and in a dry run too."""
    if location not in regions.ALL:
        raise Refused(f"{location!r} is not an Azure region\naz account list-locations --query '[].name'   lists them")
    if plan == "elastic-premium" and location in regions.WITHOUT_ELASTIC_PREMIUM:
        raise Refused(f"the plan {plan} is not offered on Linux in {location}\nChoose another region: ./scripts/deploy --location REGION")


def write(commands: Commands, found: Found, stack: str, before: dict[str, str], settings: dict[str, str]) -> None:
    """Updates the stack's file. `before` is its previous content."""
    where = ("--stack", stack, "--cwd", str(INFRA))
    if found.live:
        for key, value in found.file.items():
            live = found.live.get(key, DEFAULTS.get(key, ""))
            if value != live and key not in LIVE_ONLY:
                say(f"  changes {key}: {live or 'not set'} -> {value or 'not set'}")
    for key in {**found.live, **found.file}:
        name = REGION if key == "location" else key
        if key == "package" and not settings[key]:
            commands.text("", "pulumi", "config", "rm", name, *where)
        elif before.get(key) != settings[key]:
            commands.text("", "pulumi", "config", "set", name, settings[key], *where)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--plan", default="")
    parser.add_argument("--location", default="")
    parser.add_argument("--read-only", action="store_true", help="write nothing to the stack's file")
    parser.add_argument("--dry-run", action="store_true")
    arguments = parser.parse_args()
    chosen = {key: value for key, value in (("plan", arguments.plan), ("location", region(arguments.location))) if value}
    try:
        if chosen.get("plan", "premium-v3") not in ("premium-v3", "elastic-premium"):
            raise Refused(f"the plan is {arguments.plan!r}; set it to premium-v3 or elastic-premium")
        commands = Commands(arguments.dry_run)
        found = find(commands, arguments.stack)
        before = dict(found.file)
        found.file |= chosen
        difference(found, arguments.stack)
        settings = apply(found)
        _refuse_region(settings["location"], settings["plan"])
        if not arguments.read_only:
            write(commands, found, arguments.stack, before, settings)
    except (Refused, Failed) as refused:
        print(refused, file=sys.stderr)
        return 1
    values = {f"set_{key.replace('-', '_')}": settings[key] for key in DEFAULTS}
    facts = {"live_group": found.group, "live_begun": "true" if found.begun else "", "subscription_id": found.subscription}
    print(assignments(values | facts), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Every setting, read and checked before anything is made.

A wrong one ends the program with one sentence that names it: `pulumi.RunError` is shown without a stack trace.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from os import environ
from pathlib import Path

import pulumi
from pulumi_azure_native import authorization

import regions
import rules

FOLDER = Path(__file__).resolve().parent
DEFAULT_LOCATION = "eastus"
DEFAULT_RULES = "autoscale.json"
KEYS = ("plan", "rules", "package", "alert-email")

# What a login with `az login` as a person calls itself: the Azure CLI's own application.
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"


class Plan(Enum):
    """What the app runs on."""

    PREMIUM_V3 = "premium-v3"
    """P0v3, a dedicated plan: the only kind on which Azure obeys CPU rules."""

    ELASTIC_PREMIUM = "elastic-premium"
    """EP1: Azure's scale controller decides by the events that wait, within bounds."""


@dataclass(frozen=True)
class Login:
    """Who deploys, where to, read from the login."""

    subscription_id: str
    tenant_id: str
    object_id: str
    is_person: bool


@dataclass(frozen=True)
class Settings:
    """The stack's settings, all valid."""

    stack: str
    location: str
    plan: Plan
    profile: rules.Profile | None
    """The autoscale profile of the rule file; none on Elastic Premium."""

    package: str
    """The blob that Elastic Premium runs from; empty before the first upload."""

    alert_email: str
    """Whom alerts are sent to; empty for nobody."""

    login: Login


def load() -> Settings:
    """Reads the stack's configuration and the login; raises `pulumi.RunError` on the first wrong one."""
    config = pulumi.Config()
    _refuse_unknown_keys()
    stack = _stack(pulumi.get_stack())
    plan = _plan(config.get("plan"))
    location = _location(pulumi.Config("azure-native").get("location"), plan)
    profile = _profile(config.get("rules"), plan)
    package = _package(config.get("package") or "", plan)
    alert_email = _alert_email(config.get("alert-email") or "")
    return Settings(stack, location, plan, profile, package, alert_email, _login())


def _refuse_unknown_keys() -> None:
    """A misspelt key would be passed over, and its default taken without a word."""
    # Where the Pulumi engine hands a program its configuration.
    given: dict[str, object] = json.loads(environ.get("PULUMI_CONFIG") or "{}")
    for key in given:
        namespace, _, name = key.partition(":")
        if namespace == "elastic-visits" and name not in KEYS:
            raise pulumi.RunError(f"{key!r} is no setting of this stack; the settings are {', '.join(KEYS)}.")


def _stack(name: str) -> str:
    # The names of all resources start with it; 20 characters leave room for Azure's shortest limits.
    if not re.fullmatch(r"[a-z](-?[a-z0-9]){0,19}", name) or len(name) > 20:
        raise pulumi.RunError(
            f"The stack's name is {name!r}, but Azure's names are made from it: use up to 20 lower-case letters, "
            "digits and single hyphens, beginning with a letter."
        )
    return name


def _plan(value: str | None) -> Plan:
    accepted = " or ".join(plan.value for plan in Plan)
    if value is None:
        return Plan.PREMIUM_V3
    try:
        return Plan(value)
    except ValueError:
        raise pulumi.RunError(f"elastic-visits:plan is {value!r}; set it to {accepted}.") from None


def _location(value: str | None, plan: Plan) -> str:
    if value is None:
        return DEFAULT_LOCATION
    # `az account list-locations` shows "East US" beside eastus, and people use either.
    name = value.replace(" ", "").lower()
    if name not in regions.ALL:
        raise pulumi.RunError(
            f"azure-native:location is {value!r}, which is none of Azure's regions; "
            "`az account list-locations --query '[].name'` names them (a new one is to be added to infra/regions.py)."
        )
    if plan is Plan.ELASTIC_PREMIUM and name in regions.WITHOUT_ELASTIC_PREMIUM:
        raise pulumi.RunError(
            f"azure-native:location is {name!r}, where the plan elastic-premium is not offered on Linux; "
            "`az appservice list-locations --sku EP1 --linux-workers-enabled` names the regions that have it."
        )
    return name


def _profile(name: str | None, plan: Plan) -> rules.Profile | None:
    if plan is Plan.ELASTIC_PREMIUM:
        if name:
            raise pulumi.RunError(
                f"elastic-visits:rules is {name!r}, but the plan elastic-premium obeys no CPU rules: remove it "
                "(`pulumi config rm rules`) or set elastic-visits:plan to premium-v3."
            )
        return None
    name = name or DEFAULT_RULES
    if name != Path(name).name or not name.endswith(".json"):
        raise pulumi.RunError(
            f"elastic-visits:rules is {name!r}; give the name alone of a .json file in the folder infra."
        )
    try:
        return rules.read(FOLDER / name)
    except rules.Refused as refused:
        raise pulumi.RunError(f"elastic-visits:rules names {name!r}: {refused}") from None


def _package(name: str, plan: Plan) -> str:
    if not name:
        return ""
    if plan is Plan.PREMIUM_V3:
        raise pulumi.RunError(
            f"elastic-visits:package is {name!r}, but premium-v3 takes its package by zip deployment: "
            "remove it (`pulumi config rm package`)."
        )
    if not re.fullmatch(r"elastic-visits-[0-9a-f]{64}\.zip", name):
        raise pulumi.RunError(
            f"elastic-visits:package is {name!r}; scripts/deploy sets it to elastic-visits-<SHA-256 of the file>.zip."
        )
    return name


def _alert_email(address: str) -> str:
    if address and not (re.fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", address) and len(address) <= 254):
        raise pulumi.RunError(
            f"elastic-visits:alert-email is {address!r}; give one address such as name@example.com, or none "
            "(`pulumi config rm alert-email`)."
        )
    return address


def _login() -> Login:
    who = authorization.get_client_config()
    parts = {
        "subscription": who.subscription_id,
        "tenant": who.tenant_id,
        "object id": who.object_id,
    }
    for part, value in parts.items():
        if not value:
            raise pulumi.RunError(f"The Azure login has no {part}: run `az login` and `az account set --subscription`.")
    # The SDK calls every principal a user unless told, and Azure refuses a role for a principal of the wrong type.
    # Pipelines log in with an application of their own, which they name in the environment.
    is_person = not environ.get("ARM_CLIENT_ID") and who.client_id in ("", None, AZURE_CLI)
    return Login(who.subscription_id, who.tenant_id, who.object_id, is_person)

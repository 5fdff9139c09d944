"""Reads and checks every setting before anything is created.

A wrong setting ends the program with one sentence that names it. `pulumi.RunError` is shown without a stack trace.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from os import environ
from pathlib import Path
from typing import TypeVar

import pulumi
from pulumi_azure_native import authorization

import regions
import rules

FOLDER = Path(__file__).resolve().parent
# In eastus, Azure often refuses PostgreSQL and P0v3 for new subscriptions. Microsoft's own module tests deploy both in this region
# (Azure/bicep-registry-modules).
DEFAULT_LOCATION = "swedencentral"
DEFAULT_RULES = "autoscale.json"
KEYS = (
    "plan",
    "rules",
    "package",
    "alert-email",
    "monthly-budget",
    "storage-firewall",
    "database-maintenance",
    "database-high-availability",
    "scaler-role",
    "protect",
    "paused",
)
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")

# The client id of a person's login with `az login`: the Azure CLI's own application.
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"


class Plan(Enum):
    """The plan of the app."""

    PREMIUM_V3 = "premium-v3"
    """P0v3, a dedicated plan: the only kind on which Azure applies CPU rules."""

    ELASTIC_PREMIUM = "elastic-premium"
    """EP1: Azure applies no CPU rules there, so the app applies them itself."""


class HighAvailability(Enum):
    """Whether a standby server takes over if the database server fails."""

    OFF = "off"
    SAME_ZONE = "same-zone"
    ZONE_REDUNDANT = "zone-redundant"


class ScalerRole(Enum):
    """The role with which the app sets its own instance count on Elastic Premium."""

    CUSTOM = "custom"
    """A role of the stack with three actions. Only Owner and User Access Administrator can create roles."""

    BUILT_IN = "built-in"
    """Website Contributor, for a deployer who can assign roles but not create them."""


@dataclass(frozen=True)
class Maintenance:
    """When Azure may update the database server, in UTC."""

    day_of_week: int
    """0 is Sunday."""

    hour: int
    minute: int


@dataclass(frozen=True)
class Login:
    """The deployer and the subscription, read from the login."""

    subscription_id: str
    tenant_id: str
    object_id: str
    is_person: bool


@dataclass(frozen=True)
class Settings:
    """The stack's checked settings."""

    stack: str
    location: str
    plan: Plan
    profile: rules.Profile
    """The autoscale profile of the rule file."""

    package: str
    """The blob that the app runs from. Empty on Elastic Premium before the first upload, and on premium-v3 while it runs from
    a zip deployment."""

    alert_email: str
    """The address that receives alerts; empty for none."""

    monthly_budget: int | None
    """The amount of the budget, in the currency of the subscription's bill; None for no budget."""

    storage_firewall: bool
    """Whether the host's storage account accepts only the app's subnet."""

    maintenance: Maintenance | None
    """When the database server is updated; None if Azure may choose."""

    high_availability: HighAvailability
    scaler_role: ScalerRole
    protect: bool
    """Whether a lock prevents the deletion of the database server."""

    paused: bool
    """Whether the plan and the app are removed until the stack is started again."""

    given: dict[str, str]
    """Every given setting, unchanged. The next deployment finds them as tags of the resource group."""

    login: Login


def load() -> Settings:
    """Reads the stack's configuration and the login; raises `pulumi.RunError` on the first wrong one."""
    config = pulumi.Config()
    _refuse_unknown_keys()
    stack = _stack(pulumi.get_stack())
    plan = _choice("plan", config, Plan, Plan.PREMIUM_V3)
    location = _location(pulumi.Config("azure-native").get("location"), plan)
    alert_email = _alert_email(config.get("alert-email") or "")
    return Settings(
        stack=stack,
        location=location,
        plan=plan,
        profile=_profile(config.get("rules")),
        package=_package(config.get("package") or ""),
        alert_email=alert_email,
        monthly_budget=_monthly_budget(config.get("monthly-budget") or "", alert_email),
        storage_firewall=_choice("storage-firewall", config, _Switch, _Switch.ON) is _Switch.ON,
        maintenance=_maintenance(config.get("database-maintenance") or ""),
        high_availability=_choice("database-high-availability", config, HighAvailability, HighAvailability.OFF),
        scaler_role=_choice("scaler-role", config, ScalerRole, ScalerRole.CUSTOM),
        protect=_choice("protect", config, _Truth, _Truth.TRUE) is _Truth.TRUE,
        paused=_choice("paused", config, _Truth, _Truth.FALSE) is _Truth.TRUE,
        given={key: value for key in KEYS if (value := config.get(key))},
        login=_login(),
    )


def _refuse_unknown_keys() -> None:
    """Refuses unknown keys. A misspelt key would otherwise be ignored silently."""
    # The Pulumi engine passes the configuration in this variable.
    given: dict[str, object] = json.loads(environ.get("PULUMI_CONFIG") or "{}")
    for key in given:
        namespace, _, name = key.partition(":")
        if namespace == "elastic-visits" and name not in KEYS:
            raise pulumi.RunError(f"{key!r} is not a setting of this stack; the settings are {', '.join(KEYS)}.")


def _stack(name: str) -> str:
    # The names of all resources begin with it. With 20 characters, they stay within Azure's shortest limits.
    if not re.fullmatch(r"[a-z](-?[a-z0-9]){0,19}", name) or len(name) > 20:
        raise pulumi.RunError(
            f"The stack's name is {name!r}, but the names of the resources are made from it: use up to 20 lower-case letters, "
            "digits and single hyphens, beginning with a letter."
        )
    return name


class _Switch(Enum):
    ON = "on"
    OFF = "off"


class _Truth(Enum):
    TRUE = "true"
    FALSE = "false"


Chosen = TypeVar("Chosen", bound=Enum)


def _choice(key: str, config: pulumi.Config, kind: type[Chosen], default: Chosen) -> Chosen:
    value = config.get(key)
    if value is None:
        return default
    try:
        return kind(value)
    except ValueError:
        accepted = " or ".join(str(choice.value) for choice in kind)
        raise pulumi.RunError(f"elastic-visits:{key} is {value!r}; set it to {accepted}.") from None


def _location(value: str | None, plan: Plan) -> str:
    if value is None:
        return DEFAULT_LOCATION
    # `az account list-locations` shows both "East US" and eastus, and both are used.
    name = value.replace(" ", "").lower()
    if name not in regions.ALL:
        raise pulumi.RunError(
            f"azure-native:location is {value!r}, which is not an Azure region; "
            "`az account list-locations --query '[].name'` lists them (add a new one to infra/regions.py)."
        )
    if plan is Plan.ELASTIC_PREMIUM and name in regions.WITHOUT_ELASTIC_PREMIUM:
        raise pulumi.RunError(
            f"azure-native:location is {name!r}, where the plan elastic-premium is not offered on Linux; "
            f"choose another region, such as {DEFAULT_LOCATION}."
        )
    return name


def _profile(name: str | None) -> rules.Profile:
    name = name or DEFAULT_RULES
    if name != Path(name).name or not name.endswith(".json"):
        raise pulumi.RunError(
            f"elastic-visits:rules is {name!r}; give only the name of a .json file in the folder infra."
        )
    try:
        return rules.read(FOLDER / name)
    except rules.Refused as refused:
        raise pulumi.RunError(f"elastic-visits:rules names {name!r}: {refused}") from None


def _package(name: str) -> str:
    if name and not re.fullmatch(r"elastic-visits-[0-9a-f]{64}\.zip", name):
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


def _monthly_budget(value: str, alert_email: str) -> int | None:
    if not value:
        return None
    # More digits than any bill has, but few enough for every place that shows the number.
    if not re.fullmatch(r"[1-9][0-9]{0,8}", value):
        raise pulumi.RunError(
            f"elastic-visits:monthly-budget is {value!r}; give a whole number from 1, in the currency of the subscription's bill."
        )
    if not alert_email:
        raise pulumi.RunError(
            f"elastic-visits:monthly-budget is {value!r}, but a budget requires an email address: "
            "`pulumi config set alert-email ADDRESS`."
        )
    return int(value)


def _maintenance(value: str) -> Maintenance | None:
    if not value:
        return None
    found = re.fullmatch(r"([a-z]+) ([01][0-9]|2[0-3]):([0-5][0-9])", value.lower())
    if found is None or found[1] not in WEEKDAYS:
        raise pulumi.RunError(
            f"elastic-visits:database-maintenance is {value!r}; give a day and a time in UTC, such as 'sunday 03:00'."
        )
    return Maintenance(WEEKDAYS.index(found[1]), int(found[2]), int(found[3]))


def _login() -> Login:
    who = authorization.get_client_config()
    parts = {
        "subscription": who.subscription_id,
        "tenant": who.tenant_id,
        "object id": who.object_id,
    }
    for part, value in parts.items():
        if not value:
            raise pulumi.RunError(f"The Azure login has no {part}: run `az login` and `az account set --subscription ID`.")
    # By default the SDK treats every principal as a user, and Azure refuses a role for a principal of the wrong type. Pipelines log in
    # with their own application, which the environment names.
    is_person = not environ.get("ARM_CLIENT_ID") and who.client_id in ("", None, AZURE_CLI)
    return Login(who.subscription_id, who.tenant_id, who.object_id, is_person)

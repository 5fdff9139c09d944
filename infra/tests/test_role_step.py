"""The template of the role step's site, as far as it can be checked without Azure."""

from __future__ import annotations

import json
import re
from typing import Any, cast

from pulumi_azure_native import web
from recorder import Recorded
from stand_ins import ROOT

TEXT = (ROOT / "infra" / "role-step.json").read_text(encoding="utf-8")
TEMPLATE = cast(dict[str, Any], json.loads(TEXT))
SITE = TEMPLATE["resources"][0]
CONFIG = SITE["properties"]["siteConfig"]
SETTINGS = {pair["name"]: pair["value"] for pair in CONFIG["appSettings"]}


def camel(name: str) -> str:
    """The name that Azure's API uses for an argument of the SDK."""
    first, *rest = re.sub(r"([a-z])([0-9])", r"\1_\2", name).split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def test_every_property_exists_in_the_api() -> None:
    known = {camel(name) for name in web.SiteConfigArgs.__init__.__annotations__}
    assert set(CONFIG) <= known, set(CONFIG) - known
    known = {camel(name) for name in web.IpSecurityRestrictionArgs.__init__.__annotations__}
    assert set(CONFIG["ipSecurityRestrictions"][0]) <= known
    assert set(SITE["properties"]) - {"reserved", "serverFarmId", "virtualNetworkSubnetId", "httpsOnly",
                                      "publicNetworkAccess", "clientAffinityEnabled", "siteConfig"} == set()


def test_every_parameter_is_used_and_every_use_is_a_parameter() -> None:
    assert set(re.findall(r"parameters\('([a-zA-Z]+)'\)", TEXT)) == set(TEMPLATE["parameters"])


def test_only_one_address_may_call_it_and_nobody_may_deploy_to_it() -> None:
    (allowed,) = CONFIG["ipSecurityRestrictions"]
    assert allowed["action"] == "Allow" and allowed["ipAddress"] == "[concat(parameters('allowedAddress'), '/32')]"
    assert CONFIG["ipSecurityRestrictionsDefaultAction"] == CONFIG["scmIpSecurityRestrictionsDefaultAction"] == "Deny"
    assert CONFIG["scmIpSecurityRestrictionsUseMain"] is False
    policies = [found for found in TEMPLATE["resources"] if found["type"].endswith("basicPublishingCredentialsPolicies")]
    assert [policy["properties"] for policy in policies] == [{"allow": False}] * 2


def test_it_has_the_settings_of_the_app_but_another_identity(either: Recorded) -> None:
    ours = either.app_settings()
    for name in ("FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_WORKER_RUNTIME", "DATABASE_AUTH", "PGPORT", "PGSSLMODE", "LOG_FORMAT"):
        assert SETTINGS[name] == ours[name], name
    assert SITE["kind"] == either.one("web:WebApp").inputs["kind"]
    assert list(SITE["identity"]["userAssignedIdentities"]) == ["[parameters('identityId')]"]
    assert SETTINGS["AZURE_CLIENT_ID"] == SETTINGS["AzureWebJobsStorage__clientId"] == "[parameters('clientId')]"


def test_its_log_is_kept_after_its_deletion() -> None:
    """The deployment deletes the site, and nobody may call its SCM site, so the log must be stored elsewhere."""
    (setting,) = (found for found in TEMPLATE["resources"] if found["type"] == "Microsoft.Insights/diagnosticSettings")
    assert setting["scope"] == "[concat('Microsoft.Web/sites/', parameters('name'))]"
    assert setting["properties"]["workspaceId"] == "[resourceId('Microsoft.OperationalInsights/workspaces', parameters('workspaceName'))]"
    assert setting["properties"]["logs"] == [{"category": "FunctionAppLogs", "enabled": True}]


def test_it_contains_no_secret() -> None:
    assert not re.search(r"password|connectionstring|accountkey|sas", TEXT, re.IGNORECASE)

"""The recorded inputs as an Azure Resource Manager template: the form that other checkers read.

The SDK flattens `properties` and renames some of its members. This module undoes both for each resource type. Members that a
form does not list have the same name in both. The API version is the one that the documentation of the SDK's class names.
"""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import dataclass, field
from typing import Any, cast, get_overloads

from recorder import INFRA, Recorded, Resource

Json = dict[str, Any]

ENVELOPE = frozenset({"location", "tags", "sku", "kind", "identity"})
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


@dataclass(frozen=True)
class Form:
    """The form of one resource type in a template."""

    type: str
    name: tuple[str, ...]
    """The inputs of which the name consists; a word in quotation marks stands for itself."""

    envelope: frozenset[str] = ENVELOPE
    """The inputs that are beside `properties` and not in them."""

    renamed: dict[str, str] = field(default_factory=dict[str, str])
    scope: str = ""
    """The input that names what the resource is attached to."""


INSIDE = frozenset({"location", "tags", "kind"})
NO_ENVELOPE: frozenset[str] = frozenset()

FORMS = {
    "resources:ResourceGroup": Form("Microsoft.Resources/resourceGroups", ("resourceGroupName",)),
    "network:VirtualNetwork": Form("Microsoft.Network/virtualNetworks", ("virtualNetworkName",)),
    "network:NetworkSecurityGroup": Form("Microsoft.Network/networkSecurityGroups", ("networkSecurityGroupName",)),
    "network:Subnet": Form("Microsoft.Network/virtualNetworks/subnets", ("virtualNetworkName", "subnetName")),
    "privatedns:PrivateZone": Form("Microsoft.Network/privateDnsZones", ("privateZoneName",)),
    "privatedns:VirtualNetworkLink": Form(
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks", ("privateZoneName", "virtualNetworkLinkName")
    ),
    "managedidentity:UserAssignedIdentity": Form("Microsoft.ManagedIdentity/userAssignedIdentities", ("resourceName",)),
    "dbforpostgresql:Server": Form("Microsoft.DBforPostgreSQL/flexibleServers", ("serverName",)),
    "dbforpostgresql:Administrator": Form(
        "Microsoft.DBforPostgreSQL/flexibleServers/administrators", ("serverName", "objectId")
    ),
    "dbforpostgresql:AdministratorsMicrosoftEntra": Form(
        "Microsoft.DBforPostgreSQL/flexibleServers/administrators", ("serverName", "objectId")
    ),
    "storage:StorageAccount": Form(
        "Microsoft.Storage/storageAccounts",
        ("accountName",),
        renamed={"networkRuleSet": "networkAcls", "enableHttpsTrafficOnly": "supportsHttpsTrafficOnly"},
    ),
    "storage:BlobContainer": Form(
        "Microsoft.Storage/storageAccounts/blobServices/containers", ("accountName", "'default'", "containerName")
    ),
    "operationalinsights:Workspace": Form(
        "Microsoft.OperationalInsights/workspaces", ("workspaceName",), envelope=INSIDE
    ),
    "applicationinsights:Component": Form(
        "Microsoft.Insights/components",
        ("resourceName",),
        renamed={
            "applicationType": "Application_Type",
            "ingestionMode": "IngestionMode",
            "workspaceResourceId": "WorkspaceResourceId",
            "disableLocalAuth": "DisableLocalAuth",
            "flowType": "Flow_Type",
            "requestSource": "Request_Source",
        },
    ),
    "applicationinsights:Workbook": Form("Microsoft.Insights/workbooks", ("resourceName",)),
    "web:AppServicePlan": Form("Microsoft.Web/serverfarms", ("name",)),
    "web:WebApp": Form("Microsoft.Web/sites", ("name",)),
    "web:WebAppScmAllowed": Form(
        "Microsoft.Web/sites/basicPublishingCredentialsPolicies", ("name", "'scm'"), envelope=NO_ENVELOPE
    ),
    "web:WebAppFtpAllowed": Form(
        "Microsoft.Web/sites/basicPublishingCredentialsPolicies", ("name", "'ftp'"), envelope=NO_ENVELOPE
    ),
    "monitor:AutoscaleSetting": Form("Microsoft.Insights/autoscaleSettings", ("autoscaleSettingName",)),
    "monitor:MetricAlert": Form("Microsoft.Insights/metricAlerts", ("ruleName",)),
    "monitor:ScheduledQueryRule": Form("Microsoft.Insights/scheduledQueryRules", ("ruleName",)),
    "monitor:ActivityLogAlert": Form("Microsoft.Insights/activityLogAlerts", ("activityLogAlertName",)),
    "monitor:ActionGroup": Form("Microsoft.Insights/actionGroups", ("actionGroupName",)),
    "monitor:DiagnosticSetting": Form("Microsoft.Insights/diagnosticSettings", ("name",), scope="resourceUri"),
    "authorization:RoleAssignment": Form(
        "Microsoft.Authorization/roleAssignments", ("roleAssignmentName",), envelope=NO_ENVELOPE, scope="scope"
    ),
    "authorization:RoleDefinition": Form(
        "Microsoft.Authorization/roleDefinitions",
        ("roleDefinitionId",),
        envelope=NO_ENVELOPE,
        renamed={"roleType": "type"},
        scope="scope",
    ),
    "authorization:ManagementLockByScope": Form(
        "Microsoft.Authorization/locks", ("lockName",), envelope=NO_ENVELOPE, scope="scope"
    ),
    "consumption:Budget": Form("Microsoft.Consumption/budgets", ("budgetName",), envelope=NO_ENVELOPE, scope="scope"),
}

# Inputs that are lists of named parts, each with its own properties.
PARTS = frozenset({"securityRules", "delegations"})

# Names inside properties that differ in the SDK.
RENAMED = {"odataType": "odata.type", "virtualNetworkResourceId": "id"}

# Inputs that are neither part of the resource's name nor of its body.
ADDRESS = frozenset({"resourceGroupName"})


def template(stack: Recorded) -> Json:
    """The stack as one template, with the resources in the order of their Pulumi names."""
    return {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "resources": [resource(found) for _, found in sorted(stack.resources.items())],
    }


def role_step() -> Json:
    """The template of the role step's site, with the name of each parameter as its value."""
    text = (INFRA / "role-step.json").read_text(encoding="utf-8")
    text = re.sub(r"\[parameters\('(\w+)'\)\]", r"\1", text)
    text = re.sub(r"\[concat\(parameters\('(\w+)'\), '([^']*)'\)\]", r"\1\2", text)
    return json.loads(text)


def resource(recorded: Resource) -> Json:
    """One resource. A type without a form is an error, so that no resource is left out unnoticed."""
    kind = recorded.kind.removeprefix("azure-native:")
    form = FORMS[kind]
    spent = set(form.name) | ADDRESS | {form.scope}
    # The name is part of the address and of the properties.
    if kind == "monitor:AutoscaleSetting":
        spent -= {"name"}
    body: Json = {
        "type": form.type,
        "apiVersion": _api_version(kind),
        "name": "/".join(part.strip("'") if part.startswith("'") else recorded.inputs[part] for part in form.name),
    }
    if form.scope:
        body["scope"] = recorded.inputs[form.scope]
    properties: Json = {}
    for key, value in recorded.inputs.items():
        if key in spent:
            continue
        place = body if key in form.envelope else properties
        place[form.renamed.get(key, key)] = [_part(one) for one in value] if key in PARTS else _value(value)
    if "identity" in body:
        # In the SDK, this is a list. In the template, it is an object with one member for each identity.
        body["identity"]["userAssignedIdentities"] = {one: {} for one in body["identity"]["userAssignedIdentities"]}
    if properties:
        body["properties"] = properties
    return body


def _part(inputs: Json) -> Json:
    properties = {key: _value(value) for key, value in inputs.items() if key != "name"}
    return {"name": inputs["name"], "properties": properties}


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        fields = cast(Json, value)
        return {RENAMED.get(key, key): _value(inner) for key, inner in fields.items()}
    if isinstance(value, list):
        return [_value(inner) for inner in cast(list[Any], value)]
    # All recorded numbers are floating-point.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _api_version(kind: str) -> str:
    """The API version that the SDK sends. Only the documentation of the constructor contains it."""
    module, name = kind.split(":")
    made = getattr(importlib.import_module(f"pulumi_azure_native.{module}"), name)
    for constructor in get_overloads(made.__init__):
        found = re.search(r"Uses Azure REST API version ([0-9a-z-]+)", constructor.__doc__ or "")
        if found:
            return found[1]
    raise AssertionError(f"the SDK does not say which API version {kind} uses")

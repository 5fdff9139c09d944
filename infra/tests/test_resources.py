"""The resources and their protection, on both plans."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, cast

from conftest import PACKAGE
from recorder import SUBSCRIPTION, Recorded, run

COMMON = {
    "resources:ResourceGroup": 1,
    "network:VirtualNetwork": 1,
    "network:NetworkSecurityGroup": 2,
    "network:Subnet": 2,
    "privatedns:PrivateZone": 1,
    "privatedns:VirtualNetworkLink": 1,
    "managedidentity:UserAssignedIdentity": 2,
    "dbforpostgresql:Server": 1,
    "dbforpostgresql:AdministratorsMicrosoftEntra": 1,
    "storage:StorageAccount": 2,
    "storage:BlobContainer": 1,
    "operationalinsights:Workspace": 1,
    "applicationinsights:Component": 1,
    "web:AppServicePlan": 1,
    "web:WebApp": 1,
    "web:WebAppScmAllowed": 1,
    "web:WebAppFtpAllowed": 1,
    "authorization:ManagementLockByScope": 1,
    "monitor:MetricAlert": 6,
    "monitor:ScheduledQueryRule": 1,
    "monitor:DiagnosticSetting": 3,
    "applicationinsights:Workbook": 1,
}
OUTPUTS = {
    "url",
    "resource_group",
    "location",
    "plan",
    "plan_name",
    "function_app",
    "app_identity_name",
    "app_identity_object_id",
    "provisioner_identity_id",
    "provisioner_client_id",
    "provisioner_name",
    "postgres_server",
    "postgres_host",
    "database",
    "storage_account",
    "package_container",
    "workspace_id",
    "workspace_name",
    "app_subnet_id",
    "plan_id",
    "function_app_id",
    "role_step_app",
    "subscription_id",
    "autoscale_setting",
    "autoscale_note",
    "lock_name",
    "watch_command",
    "portal_url",
    "workbook_url",
}


def kinds(stack: Recorded) -> Counter[str]:
    return Counter(found.kind.removeprefix("azure-native:") for found in stack.resources.values())


def test_premium_consists_of_exactly_these_resources(premium: Recorded) -> None:
    expected = COMMON | {
        "monitor:AutoscaleSetting": 1,
        "monitor:DiagnosticSetting": 4,
        "monitor:ActivityLogAlert": 1,
        "authorization:RoleAssignment": 6,
    }
    assert kinds(premium) == expected


def test_elastic_has_a_scaler_instead_of_an_autoscale_setting(elastic: Recorded) -> None:
    assert kinds(elastic) == COMMON | {
        "monitor:ScheduledQueryRule": 2,
        "authorization:RoleDefinition": 1,
        "authorization:RoleAssignment": 7,
    }


def test_all_resources_are_in_the_region_of_the_setting() -> None:
    """Without a region, the provider would use its own setting."""
    stack = run({"azure-native:location": "West Europe", "elastic-visits:alert-email": "a@example.com"})
    placeless = {
        "network:Subnet",
        "dbforpostgresql:AdministratorsMicrosoftEntra",
        "storage:BlobContainer",
        "web:WebAppScmAllowed",
        "web:WebAppFtpAllowed",
        "authorization:RoleAssignment",
        "authorization:RoleDefinition",
        "authorization:ManagementLockByScope",
        "monitor:DiagnosticSetting",
        "consumption:Budget",
    }
    everywhere = {
        "privatedns:PrivateZone",
        "privatedns:VirtualNetworkLink",
        "monitor:MetricAlert",
        "monitor:ActivityLogAlert",
        "monitor:ActionGroup",
    }
    for resource in stack.resources.values():
        kind = resource.kind.removeprefix("azure-native:")
        expected = None if kind in placeless else "global" if kind in everywhere else "westeurope"
        assert resource.inputs.get("location") == expected, resource.name


def test_outputs_are_text_and_complete(either: Recorded) -> None:
    assert either.outputs.keys() == OUTPUTS
    assert all(isinstance(value, str) for value in either.outputs.values())
    empty = {name for name, value in either.outputs.items() if not value}
    elastic = either.outputs["plan"] == "elastic-premium"
    assert empty == ({"autoscale_setting"} if elastic else set[str]())
    assert either.outputs["url"] == f"https://{either.one('web:WebApp').inputs['name']}.azurewebsites.net"


def test_outputs_name_the_created_resources(either: Recorded) -> None:
    outputs = either.outputs
    assert outputs["provisioner_name"] == either.resources["provisioner-identity"].inputs["resourceName"]
    assert outputs["app_identity_object_id"] == "app-identity-principal"
    assert outputs["workspace_id"] == "00000000-0000-0000-0000-00000000000d"
    assert outputs["lock_name"] == either.one("authorization:ManagementLockByScope").inputs["lockName"]
    assert outputs["app_subnet_id"] == "app-subnet_id"
    assert (outputs["plan_id"], outputs["function_app_id"]) == ("plan_id", "app_id")


# --- The app ------------------------------------------------------------------------------------------------


def test_the_app_accepts_only_https(either: Recorded) -> None:
    app = either.one("web:WebApp").inputs
    site = app["siteConfig"]
    assert app["httpsOnly"] is True
    assert app["clientAffinityEnabled"] is False
    assert app["kind"] == "functionapp,linux"
    assert app["reserved"] is True
    assert site["minTlsVersion"] == site["scmMinTlsVersion"] == "1.2"
    assert site["ftpsState"] == "Disabled"
    assert site["remoteDebuggingEnabled"] is False
    assert site["healthCheckPath"] == "/health/live"
    # The SDK sets netFrameworkVersion and others by itself. An empty linuxFxVersion means a custom handler to the platform.
    assert site["linuxFxVersion"] == ""
    assert site["use32BitWorkerProcess"] is False
    for kind in ("web:WebAppScmAllowed", "web:WebAppFtpAllowed"):
        assert either.one(kind).inputs["allow"] is False
        assert either.one(kind).inputs["name"] == app["name"]


def test_the_app_has_the_app_identity_and_no_other(either: Recorded) -> None:
    identity = either.one("web:WebApp").inputs["identity"]
    assert identity == {"type": "UserAssigned", "userAssignedIdentities": ["app-identity_id"]}


def test_only_traffic_to_private_addresses_uses_the_network(either: Recorded) -> None:
    app = either.one("web:WebApp").inputs
    assert app["virtualNetworkSubnetId"] == "app-subnet_id"
    assert app["outboundVnetRouting"] == {"allTraffic": False, "applicationTraffic": False}


def test_always_on_is_for_the_dedicated_plan_only(premium: Recorded, elastic: Recorded) -> None:
    assert premium.one("web:WebApp").inputs["siteConfig"]["alwaysOn"] is True
    assert "alwaysOn" not in elastic.one("web:WebApp").inputs["siteConfig"]


def test_the_app_settings_name_the_database_and_the_identity(either: Recorded) -> None:
    settings = either.app_settings()
    expected = {
        "FUNCTIONS_EXTENSION_VERSION": "~4",
        "FUNCTIONS_WORKER_RUNTIME": "custom",
        "AzureWebJobsStorage__accountName": either.resources["host-storage"].inputs["accountName"],
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureWebJobsStorage__clientId": "app-identity-client",
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "ClientId=app-identity-client;Authorization=AAD",
        "DATABASE_AUTH": "entra",
        "MIGRATE": "off",
        "PGHOST": "server.postgres.example",
        "PGDATABASE": "elastic_visits",
        "PGUSER": either.outputs["app_identity_name"],
        "PGSSLMODE": "verify-full",
        "AZURE_CLIENT_ID": "app-identity-client",
    }
    assert expected.items() <= settings.items()
    # An empty telemetry setting would cause no error.
    assert settings["APPLICATIONINSIGHTS_CONNECTION_STRING"].startswith("InstrumentationKey=")


def test_the_package_is_deployed_as_a_zip_or_read_from_a_blob_with_the_identity(premium: Recorded, elastic: Recorded) -> None:
    assert premium.app_settings()["WEBSITE_RUN_FROM_PACKAGE"] == "1"
    fallen_back = run({"elastic-visits:package": PACKAGE}).app_settings()["WEBSITE_RUN_FROM_PACKAGE"]
    assert fallen_back == f"https://{premium.outputs['storage_account']}.blob.core.windows.net/packages/{PACKAGE}"
    settings = elastic.app_settings()
    account = elastic.outputs["storage_account"]
    assert account == elastic.resources["pkg-storage"].inputs["accountName"]
    assert settings["WEBSITE_RUN_FROM_PACKAGE"] == f"https://{account}.blob.core.windows.net/packages/{PACKAGE}"
    assert settings["WEBSITE_RUN_FROM_PACKAGE_BLOB_MI_RESOURCE_ID"] == "app-identity_id"


def test_the_app_scales_itself_on_elastic_premium_only(premium: Recorded, elastic: Recorded) -> None:
    settings = elastic.app_settings()
    assert settings["SCALER"] == "elastic-premium"
    group, app = elastic.outputs["resource_group"], elastic.outputs["function_app"]
    assert settings["SCALER_SITE_ID"] == (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Web/sites/{app}"
    )
    assert not [name for name in premium.app_settings() if name.startswith("SCALER")]


def test_before_the_first_upload_elastic_has_no_package() -> None:
    stack = run({"elastic-visits:plan": "elastic-premium"})
    assert not [name for name in stack.app_settings() if name.startswith("WEBSITE_RUN_FROM_PACKAGE")]


def test_no_content_share_is_used(either: Recorded) -> None:
    assert not [name for name in either.app_settings() if "CONTENTSHARE" in name or "CONTENTAZUREFILE" in name]
    assert "AzureWebJobsStorage" not in either.app_settings()


# --- The database -------------------------------------------------------------------------------------------


def test_the_database_is_private_and_accepts_no_password(either: Recorded) -> None:
    server = either.one("dbforpostgresql:Server")
    assert server.inputs["authConfig"] == {
        "activeDirectoryAuth": "Enabled",
        "passwordAuth": "Disabled",
        "tenantId": "00000000-0000-0000-0000-00000000000b",
    }
    assert "administratorLogin" not in server.inputs
    assert server.inputs["network"] == {
        "delegatedSubnetResourceId": "database-subnet_id",
        "privateDnsZoneArmResourceId": "zone_id",
        "publicNetworkAccess": "Disabled",
    }


def test_the_database_is_small_and_backed_up(either: Recorded) -> None:
    server = either.one("dbforpostgresql:Server").inputs
    assert server["version"] == "16"
    assert server["sku"] == {"name": "Standard_B1ms", "tier": "Burstable"}
    assert server["storage"] == {"storageSizeGB": 32, "autoGrow": "Enabled"}
    assert server["backup"] == {"backupRetentionDays": 7, "geoRedundantBackup": "Disabled"}
    assert server["highAvailability"]["mode"] == "Disabled"


def test_the_database_is_protected_twice_and_nothing_else_is(either: Recorded) -> None:
    lock = either.one("authorization:ManagementLockByScope").inputs
    assert (lock["level"], lock["scope"]) == ("CanNotDelete", "postgres_id")
    assert [found.name for found in either.resources.values() if found.protect] == ["postgres"]


def test_a_maintenance_window_and_a_standby_are_settings(either: Recorded) -> None:
    assert "maintenanceWindow" not in either.one("dbforpostgresql:Server").inputs
    server = run({"elastic-visits:database-maintenance": "Tuesday 03:30"}).one("dbforpostgresql:Server").inputs
    assert server["maintenanceWindow"] == {"customWindow": "Enabled", "dayOfWeek": 2, "startHour": 3, "startMinute": 30}
    for setting, mode in (("same-zone", "SameZone"), ("zone-redundant", "ZoneRedundant")):
        server = run({"elastic-visits:database-high-availability": setting}).one("dbforpostgresql:Server").inputs
        assert server["highAvailability"]["mode"] == mode
        # Azure has no standby server for the burstable tier.
        assert server["sku"] == {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"}


def test_a_disk_that_grew_is_not_shrunk_by_a_deployment(either: Recorded) -> None:
    assert "storage.storageSizeGB" in either.one("dbforpostgresql:Server").ignore_changes


def test_only_the_provisioner_is_administrator_identified_by_object_id(either: Recorded) -> None:
    administrator = either.one("dbforpostgresql:AdministratorsMicrosoftEntra").inputs
    assert administrator["objectId"] == "provisioner-identity-principal"
    assert administrator["principalName"] == either.outputs["provisioner_name"]
    assert administrator["principalType"] == "ServicePrincipal"
    assert "app-identity" not in str(administrator)


def test_changes_of_the_server_are_made_one_after_the_other(either: Recorded) -> None:
    assert "zone-link" in either.resources["postgres"].depends_on
    assert "postgres" in either.resources["postgres-administrator"].depends_on
    assert "postgres-administrator" in either.resources["postgres-lock"].depends_on
    assert "postgres-administrator" in either.resources["app"].depends_on


def test_three_instances_fit_the_server(either: Recorded) -> None:
    pool = int(either.app_settings()["DATABASE_POOL_MAX"])
    # The server has 50 connections: 15 are reserved, and the role step uses one.
    assert 3 * pool + 1 <= 50 - 15


# --- The network --------------------------------------------------------------------------------------------


def test_subnets_are_delegated_and_sized(either: Recorded) -> None:
    assert either.one("network:VirtualNetwork").inputs["addressSpace"] == {"addressPrefixes": ["10.0.0.0/16"]}
    # If the network listed them as well, the two resources would overwrite each other.
    assert "subnets" not in either.one("network:VirtualNetwork").inputs
    subnets = {
        found.inputs["subnetName"]: (
            found.inputs["addressPrefix"],
            found.inputs["delegations"][0]["serviceName"],
            found.inputs["defaultOutboundAccess"],
            found.inputs["networkSecurityGroup"]["id"],
        )
        for found in either.of("network:Subnet")
    }
    assert subnets == {
        "app": ("10.0.0.0/26", "Microsoft.Web/serverFarms", False, "app-nsg_id"),
        "database": ("10.0.1.0/28", "Microsoft.DBforPostgreSQL/flexibleServers", True, "database-nsg_id"),
    }


def test_subnets_are_made_one_after_the_other(either: Recorded) -> None:
    assert "app-subnet" in either.resources["database-subnet"].depends_on


def rules(stack: Recorded, name: str, direction: str, access: str) -> set[tuple[str, str, str]]:
    found = cast(list[dict[str, Any]], stack.resources[f"{name}-nsg"].inputs["securityRules"])
    return {
        (rule["sourceAddressPrefix"], rule["destinationAddressPrefix"], rule["destinationPortRange"])
        for rule in found
        if (rule["direction"], rule["access"]) == (direction, access)
    }


def test_the_database_accepts_only_the_subnet_of_the_apps(either: Recorded) -> None:
    database = "10.0.1.0/28"
    assert rules(either, "database", "Inbound", "Allow") == {
        ("10.0.0.0/26", database, "5432"),
        (database, database, "5432"),
    }
    assert ("VirtualNetwork", "*", "*") in rules(either, "database", "Inbound", "Deny")
    # Without access to Entra, nobody can log in.
    assert {tag for _, tag, _ in rules(either, "database", "Outbound", "Allow")} == {
        database,
        "AzureActiveDirectory",
        "Storage",
    }


def test_the_apps_reach_the_database_and_storage_only(either: Recorded) -> None:
    assert {tag for _, tag, _ in rules(either, "app", "Outbound", "Allow")} == {"10.0.1.0/28", "Storage"}
    assert rules(either, "app", "Outbound", "Deny") == rules(either, "app", "Inbound", "Deny") == {("*", "*", "*")}
    assert not rules(either, "app", "Inbound", "Allow")


def test_priorities_are_unique_in_each_direction(either: Recorded) -> None:
    for group in either.of("network:NetworkSecurityGroup"):
        found = [(rule["direction"], rule["priority"]) for rule in group.inputs["securityRules"]]
        assert len(set(found)) == len(found)


def test_the_zone_is_private_and_not_the_server_itself(either: Recorded) -> None:
    zone = either.one("privatedns:PrivateZone").inputs["privateZoneName"]
    assert zone.endswith(".postgres.database.azure.com")
    assert zone != f"{either.outputs['postgres_server']}.postgres.database.azure.com"
    assert either.one("privatedns:VirtualNetworkLink").inputs["registrationEnabled"] is False


# --- Storage, logs ------------------------------------------------------------------------------------------


def test_storage_has_no_keys_and_no_public_access(either: Recorded) -> None:
    for account in either.of("storage:StorageAccount"):
        assert account.inputs["allowSharedKeyAccess"] is False
        assert account.inputs["allowBlobPublicAccess"] is False
        assert account.inputs["isLocalUserEnabled"] is False
        assert account.inputs["enableHttpsTrafficOnly"] is True
        assert account.inputs["minimumTlsVersion"] == "TLS1_2"
        assert re.fullmatch(r"[a-z0-9]{3,24}", account.inputs["accountName"])
    for container in either.of("storage:BlobContainer"):
        assert (container.inputs["publicAccess"], container.inputs["containerName"]) == ("None", "packages")


def test_the_account_of_the_host_accepts_only_the_subnet_of_the_app(either: Recorded) -> None:
    allowed = either.resources["host-storage"].inputs["networkRuleSet"]
    assert allowed["defaultAction"] == "Deny"
    assert [rule["virtualNetworkResourceId"] for rule in allowed["virtualNetworkRules"]] == ["app-subnet_id"]
    # Without the endpoint, the app's calls would have a public source address and be refused.
    assert either.resources["app-subnet"].inputs["serviceEndpoints"] == [{"service": "Microsoft.Storage"}]
    assert ("10.0.0.0/26", "Storage", "443") in rules(either, "app", "Outbound", "Allow")


def test_packages_are_uploaded_from_anywhere_with_a_role(either: Recorded) -> None:
    assert either.resources["pkg-storage"].inputs["networkRuleSet"]["defaultAction"] == "Allow"


def test_the_firewall_of_the_hosts_account_can_be_switched_off() -> None:
    allowed = run({"elastic-visits:storage-firewall": "off"}).resources["host-storage"].inputs["networkRuleSet"]
    assert allowed["defaultAction"] == "Allow"


def test_telemetry_requires_an_identity_and_has_a_cap(either: Recorded) -> None:
    assert either.one("applicationinsights:Component").inputs["disableLocalAuth"] is True
    assert either.one("operationalinsights:Workspace").inputs["features"]["disableLocalAuth"] is True
    assert 0 < either.one("operationalinsights:Workspace").inputs["workspaceCapping"]["dailyQuotaGb"] <= 1

"""The exact permissions, and the absence of secrets."""

from __future__ import annotations

import re
from typing import Any, cast

from recorder import DEPLOYER, SUBSCRIPTION, Recorded, run

BLOB_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
TABLE_CONTRIBUTOR = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"
METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
WEBSITE_CONTRIBUTOR = "de139f84-1756-47ae-9be6-808fbbe84772"

APP = "app-identity-principal"
PROVISIONER = "provisioner-identity-principal"
BOTH_PLANS = {
    (APP, BLOB_READER, "packages-container_id", "ServicePrincipal"),
    # The role step's host keeps its blobs in the storage account of the packages, which the app may only read.
    (PROVISIONER, BLOB_OWNER, "pkg-storage_id", "ServicePrincipal"),
    (DEPLOYER, BLOB_CONTRIBUTOR, "packages-container_id", "User"),
    (APP, BLOB_OWNER, "host-storage_id", "ServicePrincipal"),
    (APP, TABLE_CONTRIBUTOR, "host-storage_id", "ServicePrincipal"),
    (APP, METRICS_PUBLISHER, "insights_id", "ServicePrincipal"),
}
ELASTIC = {"elastic-visits:plan": "elastic-premium"}


def roles(stack: Recorded) -> set[tuple[str, str, str, str]]:
    found: set[tuple[str, str, str, str]] = set()
    for role in stack.of("authorization:RoleAssignment"):
        prefix, role_id = role.inputs["roleDefinitionId"].rsplit("/", 1)
        assert prefix == f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
        found.add((role.inputs["principalId"], role_id, role.inputs["scope"], role.inputs["principalType"]))
    return found


def test_the_roles_on_premium_are_exactly_these(premium: Recorded) -> None:
    assert roles(premium) == BOTH_PLANS


def test_elastic_adds_scaling_itself(elastic: Recorded) -> None:
    role_id = elastic.one("authorization:RoleDefinition").inputs["roleDefinitionId"]
    assert roles(elastic) == BOTH_PLANS | {(APP, role_id, "app_id", "ServicePrincipal")}


def test_the_scaler_may_only_read_and_change_the_configuration_of_its_site(elastic: Recorded) -> None:
    role = elastic.one("authorization:RoleDefinition").inputs
    (permission,) = role["permissions"]
    assert permission == {
        "actions": ["Microsoft.Web/sites/read", "Microsoft.Web/sites/config/read", "Microsoft.Web/sites/config/write"],
        "notActions": [],
    }
    assert role["scope"] == "group_id" and role["assignableScopes"] == ["group_id"]
    # The assignment needs the role and the app.
    assert {"app", "scaler-role"} <= set(elastic.resources["app-scaler-role"].depends_on)


def test_role_names_of_two_stacks_differ(elastic: Recorded) -> None:
    """Azure requires a custom role's name to be unique in the tenant."""
    other = run(ELASTIC, stack="other").one("authorization:RoleDefinition").inputs
    ours = elastic.one("authorization:RoleDefinition").inputs
    assert other["roleName"] != ours["roleName"] and other["roleDefinitionId"] != ours["roleDefinitionId"]


def test_a_paused_stack_keeps_the_role_of_the_scaler() -> None:
    """Otherwise, resuming would require a permission to create roles."""
    stack = run(ELASTIC | {"elastic-visits:paused": "true"})
    assert "scaler-role" in stack.resources and "app-scaler-role" not in stack.resources


def test_a_deployer_who_cannot_create_roles_assigns_a_built_in_one() -> None:
    stack = run(ELASTIC | {"elastic-visits:scaler-role": "built-in"})
    assert not stack.of("authorization:RoleDefinition")
    assert (APP, WEBSITE_CONTRIBUTOR, "app_id", "ServicePrincipal") in roles(stack)


def test_on_premium_the_app_may_not_change_itself(premium: Recorded) -> None:
    assert not premium.of("authorization:RoleDefinition")
    assert not [role for role in roles(premium) if role[2] == "app_id"]


def test_the_app_cannot_write_packages(either: Recorded) -> None:
    """The role step runs the packages as the database's administrator."""
    writing = {BLOB_OWNER, BLOB_CONTRIBUTOR}
    places = {"packages-container_id", "pkg-storage_id", "group_id"}
    assert not [role for role in roles(either) if role[0] == APP and role[1] in writing and role[2] in places]


def test_role_assignments_have_unique_and_stable_names(elastic: Recorded) -> None:
    def named(stack: Recorded) -> dict[str, str]:
        return {
            role.name: role.inputs["roleAssignmentName"] for role in stack.of("authorization:RoleAssignment")
        }

    assert len(set(named(elastic).values())) == 7
    assert named(run(ELASTIC)) == named(elastic)


def test_a_pipeline_gets_its_role_as_an_application() -> None:
    pipeline = "00000000-0000-0000-0000-0000000000ff"
    login = {"clientId": pipeline, "objectId": DEPLOYER, "subscriptionId": SUBSCRIPTION, "tenantId": "t"}
    assert (DEPLOYER, BLOB_CONTRIBUTOR, "packages-container_id", "ServicePrincipal") in roles(run(ELASTIC, login=login))


# --- Secrets ------------------------------------------------------------------------------------------------


def leaves(value: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        fields = cast(dict[str, Any], value)
        return [leaf for key, inner in fields.items() for leaf in leaves(inner, f"{path}.{key}")]
    if isinstance(value, list):
        items = cast(list[Any], value)
        return [leaf for index, inner in enumerate(items) for leaf in leaves(inner, f"{path}[{index}]")]
    return [(path, value)]


def test_no_secret_is_in_any_input_or_output(either: Recorded) -> None:
    suspicious = re.compile(r"password|secret|accountkey|sharedaccess|connectionstring|sastoken", re.IGNORECASE)
    # Values that disable passwords. The telemetry address is not a secret, because it accepts no key.
    harmless = {"Disabled", False}
    for resource in either.resources.values():
        for path, value in leaves(resource.inputs, ""):
            if suspicious.search(path):
                assert value in harmless, f"{resource.name}{path}"
            if isinstance(value, str):
                assert not re.search(r"AccountKey=|SharedAccessSignature|[?&]sig=|Password=", value), path
                # 32 bytes or more in base64, like keys and tokens. Resource names are shorter or contain hyphens.
                long = re.fullmatch(r"[A-Za-z0-9+/]{43,}={0,2}", value)
                assert not long, path
    for name, value in either.outputs.items():
        assert not suspicious.search(name), name
        assert "InstrumentationKey" not in value, name


def test_setting_names_contain_no_secret(either: Recorded) -> None:
    for name in either.app_settings():
        if name != "APPLICATIONINSIGHTS_CONNECTION_STRING":
            assert not re.search(r"PASSWORD|SECRET|KEY|TOKEN|DATABASE_URL", name), name

"""The checks of scripts/deploy before it creates anything: the preflight, and the settings of a live stack."""

from __future__ import annotations

import json
from pathlib import Path

import azure_answers as azure
import pytest
from permissions import ASSIGNMENTS, LOCKS, RESOURCES, ROLES, allowed, lacking
from stand_ins import OUTPUTS, Done, Stage

CHANGES = ("pulumi up", "pulumi config set", "pulumi stack select", "pulumi install", "az storage blob", "az deployment")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """The stage of one test. The folder's name contains a space, as a user's folder may."""
    folder = tmp_path / "a stage"
    folder.mkdir()
    return Stage(folder)


def check(stage: Stage, *options: str) -> Done:
    """Runs only the preflight."""
    done = stage.run("scripts/deploy", "--stack", "dev", "--check", *options)
    changed = [line for line in done.lines if line.startswith(CHANGES)]
    assert not changed, changed
    return done


def test_a_subscription_that_allows_everything(stage: Stage) -> None:
    done = check(stage)
    assert done.code == 0 and "Azure accepts this deployment" in done.out, done.out
    assert not any(line.startswith("az provider register") for line in done.lines)


def test_a_deployment_that_cannot_succeed_creates_nothing(stage: Stage) -> None:
    stage.answer("az appservice list-locations", json.dumps(["West Europe"]))
    done = stage.run("scripts/deploy", "--stack", "dev", "--yes")
    assert done.code == 1 and "nothing was created" in done.out
    assert not any(line.startswith(CHANGES) for line in done.lines)


def test_elastic_premium_is_looked_up_with_the_regions_api(stage: Stage) -> None:
    """`az appservice list-locations` does not accept the size EP1."""
    stage.outputs(plan="elastic-premium")
    stage.answer(azure.GEO_REGIONS, azure.geo_regions("West Europe"))
    done = check(stage, "--plan", "elastic-premium")
    assert done.code == 1 and "the plan EP1 on Linux: not offered" in done.out and "offered in: westeurope" in done.out
    assert not any(line.startswith("az appservice list-locations") for line in done.lines)


def test_everything_that_is_missing_is_reported_at_once(stage: Stage) -> None:
    stage.answer("az version", json.dumps({"azure-cli": "2.9.1"}))
    stage.answer("pulumi version", "v3.60.1")
    stage.answer(azure.PERMISSIONS, azure.permissions(azure.READER))
    stage.answer("az appservice list-locations", json.dumps(["West Europe", "East US 2"]))
    stage.answer(azure.CAPABILITIES, azure.capabilities(restricted=True))
    stage.answer(azure.USAGES, azure.usages(limit=2, used=2))
    stage.answer(azure.CHECK_SERVER, json.dumps({"nameAvailable": False, "reason": "AlreadyExists", "message": "Specified name is taken."}))
    done = check(stage)
    assert done.code == 1
    for part in (
        "az 2.60 or later; this is 2.9.1",
        "pulumi 3.150 or later; this is 3.60.1",
        "permission to create resources",
        "permission to assign roles",
        "permission to create a lock",
        "az role assignment create --assignee IDENTITY --role 'Contributor' --scope /subscriptions/22222222-",
        "--role 'Role Based Access Control Administrator'",
        "pulumi config set protect false",
        "the plan P0V3 on Linux: not offered to this subscription in swedencentral",
        "offered in: eastus2, westeurope",
        "PostgreSQL: swedencentral is restricted for this subscription: Subscriptions are restricted",
        "free: 0 of 2",
        "Specified name is taken.",
    ):
        assert part in done.out, part


def test_providers_are_registered(stage: Stage) -> None:
    known = [name for name in azure.REGISTERED if name not in ("Microsoft.Insights", "Microsoft.DBforPostgreSQL")]
    stage.answer("az provider list", json.dumps(known))
    done = check(stage)
    assert done.code == 0, done.out
    registered = [line for line in done.lines if line.startswith("az provider register")]
    assert registered == [
        f"az provider register --namespace {name} --wait" for name in ("Microsoft.DBforPostgreSQL", "microsoft.insights")
    ]
    assert done.position(registered[-1]) < done.position(azure.CAPABILITIES)
    stage.answer("az provider register", err="AuthorizationFailed", code=1)
    done = check(stage)
    assert done.code == 1 and "the resource provider microsoft.insights: AuthorizationFailed" in done.out


def test_a_size_that_is_not_offered(stage: Stage) -> None:
    stage.answer(azure.CAPABILITIES, azure.capabilities(sizes=("standard_b2s",)))
    assert "the size standard_b1ms is not offered" in check(stage).out
    # A standby server requires another size.
    stage.answer("pulumi config --json", azure.config(**{"database-high-availability": "same-zone"}))
    assert check(stage).code == 0


def test_a_failed_check_is_reported_and_the_other_checks_run(stage: Stage) -> None:
    stage.answer(azure.CAPABILITIES, err="InternalServerError", code=1)
    done = check(stage)
    assert done.code == 1 and "PostgreSQL in the region: Azure did not respond: InternalServerError" in done.out
    assert done.position(azure.CHECK_SERVER)


def test_contributor_and_role_administrator_deploy_without_the_lock(stage: Stage) -> None:
    stage.answer(azure.PERMISSIONS, azure.permissions(azure.CONTRIBUTOR, azure.RBAC_ADMINISTRATOR))
    done = check(stage)
    assert done.code == 1 and "User Access Administrator" in done.out and "permission to assign roles" not in done.out
    stage.answer("pulumi config --json", azure.config(protect="false"))
    assert check(stage).code == 0
    # On Elastic Premium, the stack creates a role unless the settings select a built-in one.
    stage.outputs(plan="elastic-premium")
    stage.answer("pulumi config --json", azure.config(protect="false", plan="elastic-premium"))
    done = check(stage)
    assert done.code == 1 and "pulumi config set scaler-role built-in" in done.out
    stage.answer("pulumi config --json", azure.config(protect="false", plan="elastic-premium", **{"scaler-role": "built-in"}))
    assert check(stage).code == 0


def test_deploying_a_live_stack_needs_no_permission_on_its_lock(stage: Stage) -> None:
    stage.answer("az group list", azure.live_group({}))
    stage.answer(azure.GROUP_PERMISSIONS, azure.permissions(azure.CONTRIBUTOR, azure.RBAC_ADMINISTRATOR))
    done = check(stage)
    assert done.code == 0, done.out
    # The plan, the server and the names exist, so it does not matter whether others could be created.
    assert not any(line.startswith(("az appservice list-locations", azure.POSTGRES)) for line in done.lines)


def test_deploying_a_live_stack_needs_no_permission_on_its_role(stage: Stage) -> None:
    stage.outputs(plan="elastic-premium")
    stage.answer("az group list", azure.live_group({"plan": "elastic-premium"}))
    stage.answer(azure.GROUP_PERMISSIONS, azure.permissions(azure.CONTRIBUTOR, azure.RBAC_ADMINISTRATOR))
    done = check(stage)
    assert done.code == 0, done.out


def test_permissions_are_interpreted_as_in_azure() -> None:
    owner, reader = [azure.OWNER], [azure.READER]
    assert all(allowed(owner, action) for action in (*RESOURCES, *ASSIGNMENTS, *LOCKS, *ROLES))
    assert not any(allowed(reader, action) for action in RESOURCES)
    contributor = [azure.CONTRIBUTOR]
    assert all(allowed(contributor, action) for action in RESOURCES)
    assert not any(allowed(contributor, action) for action in (*ASSIGNMENTS, *LOCKS, *ROLES))
    # One role may allow what another one excludes. Case does not matter.
    assert allowed([azure.CONTRIBUTOR, azure.RBAC_ADMINISTRATOR], ASSIGNMENTS[0].upper())
    assert [what for what, _, _ in lacking([azure.CONTRIBUTOR, azure.RBAC_ADMINISTRATOR], lock=False, role=False)] == []
    assert len(lacking([], lock=True, role=True)) == 4


# --- A live stack -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        (("--location", "West Europe"), "location: live 'swedencentral', wanted 'westeurope'"),
        (("--plan", "elastic-premium"), "plan: live 'premium-v3', wanted 'elastic-premium'"),
    ],
)
def test_a_deployment_that_would_replace_a_live_stack_is_refused(
    stage: Stage, options: tuple[str, ...], difference: str
) -> None:
    stage.answer("az group list", azure.live_group({}))
    done = stage.run("scripts/deploy", "--stack", "dev", "--yes", *options)
    assert done.code == 1 and difference in done.out and "its database" in done.out
    assert not any(line.startswith(CHANGES) for line in done.lines)


def test_another_subscription_is_refused(stage: Stage) -> None:
    stage.answer("az account show --query id", "99999999-2222-4222-8222-222222222222")
    done = stage.run("scripts/deploy", "--stack", "dev", "--yes")
    assert done.code == 1 and f"subscription: live '{OUTPUTS['subscription_id']}'" in done.out
    assert not any(line.startswith(CHANGES) for line in done.lines)


def test_a_live_stack_whose_state_is_elsewhere_is_refused(stage: Stage) -> None:
    stage.answer("az group list", azure.live_group({}))
    stage.answer("pulumi stack output", err="error: no stack named 'dev' found", code=255)
    done = stage.run("scripts/deploy", "--stack", "dev", "--yes")
    assert done.code == 1 and "its state is not in this Pulumi backend" in done.out and "pulumi login" in done.out
    assert not any(line.startswith(CHANGES) for line in done.lines)


def test_an_unreadable_state_does_not_count_as_absent(stage: Stage) -> None:
    reason = "error: getting secrets manager: passphrase must be set with PULUMI_CONFIG_PASSPHRASE"
    for groups in ("[]", azure.live_group({})):
        stage.answer("az group list", groups)
        stage.answer("pulumi stack output", err=reason, code=255)
        done = check(stage)
        assert done.code == 1 and reason in done.out and "export PULUMI_CONFIG_PASSPHRASE=" in done.out
        assert "not in this Pulumi backend" not in done.out


def test_another_machine_finds_the_settings_of_the_live_stack(stage: Stage) -> None:
    tags = {"setting:alert-email": "a@example.com", "setting:rules": "autoscale.json", "setting:protect": "false"}
    stage.answer("az group list", azure.live_group(tags, location="eastus"))
    stage.outputs(location="eastus")
    done = stage.run("scripts/deploy", "--stack", "dev", "--preview")
    assert done.code == 0, done.out
    written = {line for line in done.lines if line.startswith("pulumi config set")}
    where = f"--stack dev --cwd {stage.folder}/infra"
    assert written == {
        f"pulumi config set {setting} {where}"
        for setting in (
            "plan premium-v3", "azure-native:location eastus", "alert-email a@example.com", "rules autoscale.json", "protect false",
        )
    }
    assert "Region:     eastus" in done.out


def test_a_change_of_a_live_setting_is_shown(stage: Stage) -> None:
    stage.answer("az group list", azure.live_group({"setting:alert-email": "a@example.com"}))
    stage.answer("pulumi config --json", azure.config(**{"alert-email": "b@example.com"}))
    done = stage.run("scripts/deploy", "--stack", "dev", "--preview")
    assert done.code == 0, done.out
    assert "changes alert-email: a@example.com -> b@example.com" in done.out
    assert not any("alert-email" in line for line in done.lines)


def test_the_live_package_takes_precedence_over_the_file(stage: Stage) -> None:
    live, old = (f"elastic-visits-{digit * 64}.zip" for digit in "12")
    stage.answer("az group list", azure.live_group({"setting:package": live}))
    stage.answer("pulumi config --json", azure.config(package=old))
    done = stage.run("scripts/deploy", "--stack", "dev", "--preview")
    assert done.position(f"pulumi config set package {live}")


def test_two_groups_of_one_stack_are_refused(stage: Stage) -> None:
    group = json.loads(azure.live_group({}))
    stage.answer("az group list", json.dumps([*group, {**group[0], "name": "ev-dev-elastic-premium-rg"}]))
    done = check(stage)
    assert done.code == 1 and "several resource groups: ev-dev-rg, ev-dev-elastic-premium-rg" in done.out


# --- Pause and resume ---------------------------------------------------------------------------------------


def test_stop_removes_what_costs_and_keeps_the_settings(stage: Stage) -> None:
    stage.answer("az group list", azure.live_group({"setting:alert-email": "a@example.com"}))
    done = stage.run("scripts/stop", "--stack", "dev")
    assert done.code == 0, done.out
    order = [
        "pulumi config set alert-email a@example.com",
        "az functionapp delete --resource-group ev-dev-rg --name ev-dev-role-step --keep-empty-plan",
        "pulumi config set paused true",
        "pulumi up --yes --skip-preview",
        "az postgres flexible-server stop --resource-group ev-dev-rg --name ev-dev-postgres",
    ]
    positions = [done.position(prefix) for prefix in order]
    assert positions == sorted(positions)
    assert "Costs while paused: 4.18 USD per month" in done.out and "after seven days" in done.out


def test_stop_may_be_repeated(stage: Stage) -> None:
    stage.answer("az postgres flexible-server show", "Stopped")
    done = stage.run("scripts/stop", "--stack", "dev")
    assert done.code == 0 and not any("flexible-server stop" in line for line in done.lines)
    stage.answer("pulumi up", err="it did not work", code=1)
    done = stage.run("scripts/stop", "--stack", "dev")
    assert done.code == 1 and "were not removed completely" in done.out
    assert not any("flexible-server" in line for line in done.lines)


PAUSED = {name: "" for name in ("url", "plan_name", "plan_id", "function_app", "function_app_id", "autoscale_setting", "workbook_url")}


@pytest.mark.parametrize("script", ["check", "watch", "logs"])
def test_a_paused_stack_is_reported_as_paused(stage: Stage, script: str) -> None:
    stage.outputs(**PAUSED)
    done = stage.run(f"scripts/{script}", "--stack", "dev")
    assert done.code == 1 and "is paused" in done.out and "./scripts/start" in done.out


def test_a_paused_stack_is_not_deployed_by_accident(stage: Stage) -> None:
    stage.answer("az group list", azure.live_group({"setting:paused": "true"}))
    # This also holds on a machine with an older file of the stack.
    for config in ({}, {"paused": "false"}):
        stage.answer("pulumi config --json", azure.config(**config))
        done = stage.run("scripts/deploy", "--stack", "dev", "--yes")
        assert done.code == 1 and "./scripts/start   resumes it" in done.out
        assert not any(line.startswith(CHANGES) for line in done.lines)


def test_start_brings_everything_back_and_checks_it(stage: Stage) -> None:
    # The first `up` changes the tag.
    stage.answer("az group list", azure.live_group({"setting:paused": "false"}))
    stage.answer("az group list", azure.live_group({"setting:paused": "true"}), times=1)
    stage.answer("az postgres flexible-server show", "Stopped")
    with azure.role_step(azure.progress("done", "ready")) as address:
        stage.answer("az deployment group create", address)
        done = stage.run("scripts/start", "--stack", "dev")
    assert done.code == 0, done.out
    order = [
        "az postgres flexible-server start --resource-group ev-dev-rg --name ev-dev-postgres",
        "pulumi config set paused false",
        "pulumi up --yes --skip-preview --stack dev",
        "pulumi up --yes --stack dev",
        "az functionapp deployment source config-zip",
        "lab check https://ev-dev-app.azurewebsites.net",
    ]
    positions = [done.position(prefix) for prefix in order]
    assert positions == sorted(positions)
    assert "USD per month with 1 instance" in done.out
    assert "Costs while paused: 4.18 USD per month" in done.out and "after seven days" in done.out


@pytest.mark.parametrize(("missing", "code"), [("musl-gcc", 2), ("cargo", 2), ("lab package", 1)])
def test_start_creates_no_costs_before_the_build_succeeds(stage: Stage, missing: str, code: int) -> None:
    stage.answer("az group list", azure.live_group({"setting:paused": "true"}))
    stage.answer("az postgres flexible-server show", "Stopped")
    stage.without = {missing}
    stage.answer(missing, err="it did not work", code=1)
    done = stage.run("scripts/start", "--stack", "dev")
    assert done.code == code, done.out
    assert not any(line.startswith(("az postgres flexible-server start", "pulumi config set paused false", "pulumi up")) for line in done.lines)


def test_start_accepts_a_server_that_azure_has_started_again(stage: Stage) -> None:
    done = stage.run("scripts/start", "--stack", "dev", "--dry-run")
    assert done.code == 0 and "flexible-server start" in done.out
    stage.answer("az postgres flexible-server start", err="ServerNotReady", code=1)
    stage.answer("az postgres flexible-server show", "Stopped")
    done = stage.run("scripts/start", "--stack", "dev")
    assert done.code == 1 and "could not be started" in done.out
    assert not any(line.startswith("pulumi config set paused") for line in done.lines)
    stage.answer("az postgres flexible-server show", "Ready")
    stage.answer("pulumi install", err="stop here", code=1)
    done = stage.run("scripts/start", "--stack", "dev")
    assert not any("flexible-server start" in line for line in done.lines)
    assert done.position("pulumi config set paused false") < done.position("pulumi install")

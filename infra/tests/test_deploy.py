"""All of scripts/deploy, with stand-ins that answer as Azure does, failures included."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import azure_answers as azure
import pytest
from naming import names
from stand_ins import OUTPUTS, SITES, SUBSCRIPTION, Done, Stage

# Commands and texts of secrets: the script must not request, show or pass on any of them.
SECRETS = ("keys list", "access-token", "password", "connection-string", "account keys")
ROLE_STEP = f"{SITES}/ev-dev-role-step"
DELETED = "az functionapp delete --resource-group ev-dev-rg --name ev-dev-role-step --keep-empty-plan"
ZIP = "az functionapp deployment source config-zip"
SYNC = f"az rest --method post --output none --url https://management.azure.com{SITES}/ev-dev-app/syncfunctiontriggers"
SITE_SYNC = SYNC.replace("/ev-dev-app/", "/ev-dev-role-step/")
READY = (azure.progress("running", "database elastic_visits made"), azure.progress("done", "database elastic_visits made", "ready"))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """The stage of one test. The folder's name contains a space, as a user's folder may."""
    folder = tmp_path / "a stage"
    folder.mkdir()
    return Stage(folder)


@pytest.fixture
def site(stage: Stage) -> Generator[str]:
    """The site of a successful role step. It exists from its creation on."""
    with azure.role_step(*READY) as address:
        created(stage, address)
        yield address


def created(stage: Stage, address: str) -> None:
    """Lets the creation of the site return this address."""
    stage.answer("az deployment group create", address)


def deploy(stage: Stage, *options: str) -> Done:
    """A deployment without a confirmation."""
    return stage.run("scripts/deploy", "--stack", "dev", "--yes", *options)


def deletions(done: Done) -> list[int]:
    """The positions at which the site of the role step is deleted."""
    return [number for number, line in enumerate(done.lines) if line.startswith(DELETED)]


@pytest.mark.usefixtures("site")
def test_a_first_deployment_in_order_and_without_secrets(stage: Stage) -> None:
    done = deploy(stage)
    assert done.code == 0, done.out
    step = hashlib.sha256(b"the role step").hexdigest()
    order = [
        "az account show",
        "pulumi whoami",
        "az group list --tag stack=dev",
        "az version",
        azure.PERMISSIONS,
        "az provider list",
        "az appservice list-locations --sku P0V3 --linux-workers-enabled",
        azure.CAPABILITIES,
        azure.USAGES,
        "az storage account check-name",
        azure.CHECK_SITE,
        azure.CHECK_SERVER,
        "pulumi stack select --create dev",
        "pulumi install",
        "cargo build",
        "lab package",
        "pulumi up --yes --stack dev",
        "az storage blob upload",
        DELETED,
        azure.ROLE_STEP,
        "az deployment group create",
        ZIP,
        "az functionapp function list",
        "lab check https://ev-dev-app.azurewebsites.net --wait 600 --expect-rules",
    ]
    positions = [done.position(prefix) for prefix in order]
    assert positions == sorted(positions), done.lines
    # The site is deleted before the role step, in case an earlier deployment left one, and after it. Each deletion is verified.
    first, second = deletions(done)
    assert first < done.position("az deployment group create") < second < done.position(ZIP)
    assert [done.lines[number + 1].startswith(f"{azure.ROLE_STEP}resourceGroups/ev-dev-rg/") for number in (first, second)] == [True] * 2
    uploads = [call for call in done.calls if call[:4] == ["az", "storage", "blob", "upload"]]
    names = [call[call.index("--name") + 1] for call in uploads]
    assert names == [f"elastic-visits-role-step-{step}.zip", f"elastic-visits-{hashlib.sha256(b'a package').hexdigest()}.zip"]
    assert all(call[call.index("--auth-mode") + 1] == "login" for call in uploads)
    create = done.calls[done.position("az deployment group create")]
    given = dict(word.split("=", 1) for word in create[create.index("--parameters") + 1 : create.index("--query")])
    template = json.loads((stage.folder / "infra/role-step.json").read_text())
    assert set(given) == set(template["parameters"])
    assert given["packageUrl"] == f"https://evdevpkg.blob.core.windows.net/packages/elastic-visits-role-step-{step}.zip"
    assert given["allowedAddress"] == "203.0.113.9"
    assert given["identityId"].endswith("/ev-dev-provisioner") and given["subnetId"].endswith("/subnets/app")
    for line in done.lines:
        assert not any(secret in line for secret in SECRETS), line
    # Each line of the role step is shown once. The command that reads the key is shown, but not run.
    assert done.out.count("database elastic_visits made") == 1 and "  ready" in done.out
    assert "az functionapp keys list --resource-group ev-dev-rg --name ev-dev-app" in done.out
    assert "Scaled by its rules; it's autoscale.json that says which." in done.out


@pytest.mark.usefixtures("site")
def test_elastic_premium_runs_from_a_blob_and_synchronizes_its_triggers(stage: Stage) -> None:
    stage.outputs(plan="elastic-premium", autoscale_setting="", autoscale_note="The app scales itself.")
    done = deploy(stage, "--plan", "elastic-premium")
    assert done.code == 0, done.out
    assert done.position(f"{azure.GEO_REGIONS}?sku=ElasticPremium&linuxWorkersEnabled=true&")
    blob = f"elastic-visits-{hashlib.sha256(b'a package').hexdigest()}.zip"
    order = [
        "pulumi config set plan elastic-premium --stack dev",
        "pulumi up --yes --stack dev",
        DELETED,
        f"pulumi config set package {blob} --stack dev",
        "pulumi up --yes --skip-preview",
        "az functionapp restart --resource-group ev-dev-rg --name ev-dev-app",
        SYNC,
        "az functionapp function list",
        "lab check",
    ]
    positions = [done.position(prefix) for prefix in order]
    assert positions == sorted(positions), done.lines
    assert not any(line.startswith(ZIP) for line in done.lines)
    assert "lab package --root" in "\n".join(done.lines) and "--plan elastic-premium" in done.lines[done.position("lab package")]


# --- The package (Azure-Functions#2612) ---------------------------------------------------------------------


@pytest.mark.usefixtures("site")
def test_a_zip_deployment_without_functions_falls_back_once(stage: Stage) -> None:
    # On P0v3, a zip deployment succeeds, but no function appears during the wait. The functions appear with the blob.
    stage.answer("az functionapp function list", "0", times=13)
    done = deploy(stage)
    assert done.code == 0, done.out
    assert "the app has no functions" in done.out and "runs from the package in the storage account" in done.out
    fallback = done.position("pulumi config set package elastic-visits-")
    assert done.position(ZIP) < fallback < done.position("pulumi up --yes --skip-preview") < done.position(SYNC)
    assert sum(line.startswith(ZIP) for line in done.lines) == 1


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("answer", [{"err": "ERROR: (GatewayTimeout)", "code": 1}, {"out": "Bad gateway"}])
def test_functions_that_azure_does_not_list_change_nothing(stage: Stage, answer: dict[str, Any]) -> None:
    stage.answer("az functionapp function list", **answer)
    done = deploy(stage)
    assert done.code == 1 and f"cannot be listed: {answer.get('err') or answer['out']}" in done.out
    assert not any(line.startswith("pulumi config set package") for line in done.lines)
    # A transient error does not end the deployment.
    stage.answer("az functionapp function list", "12")
    stage.answer("az functionapp function list", times=3, **answer)
    done = deploy(stage)
    assert done.code == 0 and "12 functions" in done.out, done.out


@pytest.mark.usefixtures("site")
def test_an_app_without_functions_does_not_count_as_deployed(stage: Stage) -> None:
    stage.answer("az functionapp function list", "0")
    done = deploy(stage)
    assert done.code == 1 and "the app has no functions" in done.out
    assert not any(line.startswith("lab check") for line in done.lines)
    assert sum(line.startswith("pulumi config set package") for line in done.lines) == 1


@pytest.mark.usefixtures("site")
def test_a_stack_that_fell_back_keeps_using_the_blob(stage: Stage) -> None:
    old = f"elastic-visits-{'1' * 64}.zip"
    stage.answer("az group list", azure.live_group({"setting:package": old}))
    done = deploy(stage)
    assert done.code == 0, done.out
    assert done.position(f"pulumi config set package {old}") < done.position("pulumi up --yes --stack dev")
    assert not any(line.startswith(ZIP) for line in done.lines)


# --- The role step ------------------------------------------------------------------------------------------


def test_a_role_step_that_fails_is_shown_and_leaves_no_administrator(stage: Stage) -> None:
    line = "this server does not know Entra roles"
    with azure.role_step(azure.progress("running", "begun"), azure.progress("failed", "begun", line)) as address:
        created(stage, address)
        done = deploy(stage)
    assert done.code == 1 and line in done.out and "the role step failed" in done.out
    assert deletions(done)[-1] > done.position("az deployment group create")
    assert done.lines[-1].startswith(azure.ROLE_STEP)


@pytest.mark.usefixtures("site")
def test_the_triggers_of_the_site_are_synchronized(stage: Stage) -> None:
    # If the host of the site does not run yet, the script follows the role step all the same.
    stage.answer(SITE_SYNC, err="BadRequest", code=1)
    done = deploy(stage)
    assert done.code == 0 and "the triggers of the site are not synchronized yet" in done.out, done.out
    assert done.position("az deployment group create") < done.position(SITE_SYNC) < deletions(done)[-1]


def test_a_silent_step_is_restarted_once_and_the_log_query_is_shown(stage: Stage) -> None:
    step = stage.folder / "scripts" / "azure" / "role_step.py"
    step.write_text(step.read_text().replace("type=float, default=300", "type=float, default=0"))
    with azure.role_step((503, {})) as address:
        created(stage, address)
        done = deploy(stage)
    assert done.code == 1 and "the role step did not end in time" in done.out
    restart = done.position("az functionapp restart --resource-group ev-dev-rg --name ev-dev-role-step")
    syncs = [number for number, line in enumerate(done.lines) if line.startswith(SITE_SYNC)]
    assert syncs[0] < restart < syncs[1] < deletions(done)[-1]
    assert f"az monitor log-analytics query --workspace {OUTPUTS['workspace_id']}" in done.out
    assert "FunctionAppLogs | where _ResourceId endswith" in done.out and "/ev-dev-role-step" in done.out


def test_a_site_that_starts_slowly_is_waited_for(stage: Stage) -> None:
    with azure.role_step((503, {}), (404, {}), *READY) as address:
        created(stage, address)
        done = deploy(stage)
    assert done.code == 0, done.out


@pytest.mark.usefixtures("site")
def test_a_site_that_is_only_partly_created_is_deleted(stage: Stage) -> None:
    stage.answer("az deployment group create", err="InternalServerError", code=1)
    done = deploy(stage)
    assert done.code == 1 and "could not be created" in done.out
    assert deletions(done)[-1] > done.position("az deployment group create")


@pytest.mark.usefixtures("site")
def test_a_site_that_was_not_there_counts_as_deleted(stage: Stage) -> None:
    stage.answer("az functionapp delete", err="ERROR: (ResourceNotFound) The Resource 'Microsoft.Web/sites/x' was not found.", code=1)
    done = deploy(stage)
    assert done.code == 0 and "DELETE THIS SITE" not in done.out, done.out


@pytest.mark.usefixtures("site")
def test_a_deletion_is_repeated_until_azure_has_no_site(stage: Stage) -> None:
    stage.answer(azure.ROLE_STEP, SITES, times=3)
    done = deploy(stage)
    assert done.code == 0, done.out
    assert len(deletions(done)) == 5


def test_a_site_that_cannot_be_deleted_is_named(stage: Stage) -> None:
    stage.answer("az functionapp delete", err="Conflict", code=1)
    azure.no_role_step(stage.answer, times=2)
    with azure.role_step(*READY) as address:
        created(stage, address)
        stage.answer(azure.ROLE_STEP, err="GatewayTimeout", code=1)
        azure.no_role_step(stage.answer, times=1)
        done = deploy(stage)
    assert done.code == 1 and "DELETE THIS SITE, which has the identity of the database's administrator: ev-dev-role-step" in done.out
    assert "GatewayTimeout" in done.out and f"  {DELETED} --subscription {SUBSCRIPTION}" in done.out
    assert not any(line.startswith(ZIP) for line in done.lines)


def test_a_running_deployment_of_the_site_is_canceled_and_its_end_awaited(stage: Stage) -> None:
    # The connection was lost. az ends, but Azure creates the site, even after the cancellation of the deployment.
    stage.answer("az deployment group create", err="Connection aborted.", code=1)
    azure.no_role_step(stage.answer)
    stage.answer(azure.ROLE_STEP, SITES, times=1)
    azure.no_role_step(stage.answer, times=3)
    stage.answer("az deployment group show", "Canceled")
    stage.answer("az deployment group show", "Running", times=2)
    stage.answer("az deployment group show", err="ERROR: (DeploymentNotFound)", code=3, times=1)
    stage.answer("az deployment group cancel", err="DeploymentCannotBeCancelled", code=1, times=1)
    done = deploy(stage)
    assert done.code == 1 and "could not be created" in done.out and "DELETE THIS SITE" not in done.out
    after = done.position("az deployment group cancel --resource-group ev-dev-rg --name ev-dev-role-step")
    assert len([number for number in deletions(done) if number > after]) == 8


def interrupt(stage: Stage, *signals: int, whole_group: bool = True) -> None:
    """Sends the signals during the role step, and waits for the end of the script."""
    with azure.role_step(azure.progress("running", "begun")) as address:
        created(stage, address)
        process = stage.start("scripts/deploy", "--stack", "dev", "--yes")
        assert process.stdout is not None
        for line in process.stdout:
            if "begun" in line:
                break
        for number in signals:
            if whole_group:
                # Ctrl+C sends the signal to the script and its child processes.
                os.killpg(process.pid, number)
            else:
                os.kill(process.pid, number)
        process.communicate(timeout=60)
    assert process.returncode == (130 if signals[0] == signal.SIGINT else 143)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("whole_group", [True, False])
def test_an_interruption_deletes_the_site(stage: Stage, number: int, whole_group: bool) -> None:
    interrupt(stage, number, whole_group=whole_group)
    made = stage.calls()
    assert made[-2].startswith(DELETED) and made[-1].startswith(azure.ROLE_STEP)


def test_a_second_interruption_does_not_end_the_deletion(stage: Stage) -> None:
    interrupt(stage, signal.SIGINT, signal.SIGINT, signal.SIGTERM)
    assert stage.calls()[-1].startswith(azure.ROLE_STEP)


def test_the_deletion_survives_the_reader_of_the_output(stage: Stage) -> None:
    with azure.role_step(azure.progress("running", "begun")) as address:
        created(stage, address)
        process = stage.start("scripts/deploy", "--stack", "dev", "--yes")
        assert process.stdout is not None
        for line in process.stdout:
            if "begun" in line:
                break
        # With `scripts/deploy | tee log`, Ctrl+C also ends tee.
        process.stdout.close()
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) == 130
    made = stage.calls()
    assert made[-2].startswith(DELETED) and made[-1].startswith(azure.ROLE_STEP)


def interrupt_at(stage: Stage, call: str) -> list[str]:
    """Interrupts the script, as Ctrl+C does, during this call, which hangs until then. Returns the calls that follow."""
    stage.hold = call
    process = stage.start("scripts/deploy", "--stack", "dev", "--yes")
    deadline = time.monotonic() + 120
    while not any(line.startswith(call) for line in stage.calls()):
        assert process.poll() is None, "the script ended before this call"
        assert time.monotonic() < deadline, f"the script did not get to {call}"
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    made = stage.calls()
    return made[[line.startswith(call) for line in made].index(True) + 1 :]


def test_an_interruption_of_the_creation_cancels_it(stage: Stage) -> None:
    stage.answer("az deployment group show", "Canceled")
    stage.answer("az deployment group show", "Accepted", times=1)
    stage.answer("az deployment group show", err="ERROR: (DeploymentNotFound)", code=3, times=1)
    after = interrupt_at(stage, "az deployment group create")
    assert after[1].startswith("az deployment group cancel") and after[-1].startswith(azure.ROLE_STEP)


def test_an_interruption_of_the_last_deletion_repeats_it(stage: Stage) -> None:
    with azure.role_step(*READY) as address:
        created(stage, address)
        # The site still exists at the second check, so the script waits. The test interrupts this wait.
        stage.answer(azure.ROLE_STEP, SITES, times=1)
        azure.no_role_step(stage.answer, times=1)
        after = interrupt_at(stage, "sleep 15")
    assert after[-2].startswith(DELETED) and after[-1].startswith(azure.ROLE_STEP)


def test_without_an_address_no_site_is_created(stage: Stage) -> None:
    done = stage.run("scripts/deploy", "--stack", "dev", "--yes", environment={"DEPLOYER_ADDRESS": "not an address"})
    assert done.code == 1 and "DEPLOYER_ADDRESS=ADDRESS" in done.out
    assert not any(line.startswith("az deployment") for line in done.lines)


# --- A first deployment that failed -------------------------------------------------------------------------


def first_up_failed(stage: Stage) -> None:
    """The tagged group exists. The state contains it but has no outputs."""
    stage.answer("az group list", azure.live_group({}))
    stage.answer("pulumi stack output", "{}")
    stage.answer("pulumi stack export", azure.exported(azure.GROUP_ID.lower()))


def test_a_first_deployment_that_failed_is_continued(stage: Stage) -> None:
    stage.answer("pulumi up", err="error: update failed", code=1)
    done = deploy(stage)
    assert done.code == 1 and "./scripts/deploy continues" in done.out
    first_up_failed(stage)
    done = stage.run("scripts/deploy", "--stack", "dev", "--check")
    assert done.code == 0 and "this one continues it" in done.out, done.out
    # The outputs exist after the successful `up`.
    stage.outputs()
    stage.answer("pulumi stack output", "{}", times=2)
    stage.answer("pulumi up")
    with azure.role_step(*READY) as address:
        created(stage, address)
        done = deploy(stage)
    assert done.code == 0, done.out


def test_a_first_deployment_that_failed_may_lack_its_lock(stage: Stage) -> None:
    first_up_failed(stage)
    stage.answer(azure.GROUP_PERMISSIONS, azure.permissions(azure.CONTRIBUTOR, azure.RBAC_ADMINISTRATOR))
    done = stage.run("scripts/deploy", "--stack", "dev", "--check")
    assert done.code == 1 and "permission to create a lock" in done.out


def test_a_first_deployment_that_failed_is_destroyed_by_its_names(stage: Stage) -> None:
    first_up_failed(stage)
    named = names("dev", SUBSCRIPTION)
    done = stage.run("scripts/destroy", "--stack", "dev", "--yes")
    assert done.code == 0, done.out
    group = named.of("premium-v3-rg")
    assert done.position(f"az lock delete --name {named.of('keep-database')} --resource-group {group} --resource {named.worldwide('postgres')}")
    assert done.position("pulumi destroy --yes") < done.position(f"az group exists --name {group}")


def test_a_group_that_the_state_does_not_hold_is_refused(stage: Stage) -> None:
    first_up_failed(stage)
    stage.answer("pulumi stack export", azure.exported())
    done = deploy(stage)
    assert done.code == 1 and "its state is not in this Pulumi backend" in done.out


# --- Failures ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("call", "said", "never"),
    [
        ("pulumi install", "cannot be installed", "pulumi up"),
        ("lab package", "could not be built", "pulumi up"),
        ("pulumi up", "not all resources were created", "az storage"),
        ("az storage blob upload", "could not be uploaded", "az deployment"),
        (ZIP, "could not be deployed", "lab check"),
        ("lab check", "deployed but does not work", "nothing"),
    ],
)
def test_deploy_stops_at_the_first_failure(stage: Stage, call: str, said: str, never: str) -> None:
    stage.answer(call, err="it did not work", code=1)
    done = deploy(stage)
    assert done.code == 1, done.out
    assert said in done.out
    before = done.position("pulumi install")
    assert not any(line.startswith(never) for line in done.lines[before:]), done.lines


@pytest.mark.usefixtures("site")
def test_an_upload_waits_for_its_role(stage: Stage) -> None:
    stage.answer("az storage blob upload", err="AuthorizationPermissionMismatch", code=1, times=3)
    done = deploy(stage)
    assert done.code == 0, done.out
    assert done.out.count("not yet; again") == 3 and "AuthorizationPermissionMismatch" not in done.out


def test_a_preview_changes_nothing(stage: Stage) -> None:
    done = stage.run("scripts/deploy", "--stack", "dev", "--preview")
    assert done.code == 0, done.out
    assert done.position("pulumi preview --diff --stack dev")
    assert not any(line.startswith(("pulumi up", "az storage blob", "az deployment", "lab")) for line in done.lines)


@pytest.mark.parametrize(("plan", "sku", "third"), [("premium-v3", "P0v3", "238"), ("elastic-premium", "EP1", "490")])
def test_a_rehearsal_shows_the_cost(stage: Stage, plan: str, sku: str, third: str) -> None:
    done = stage.run("scripts/deploy", "--stack", "dev", "--dry-run", "--plan", plan, "--location", "West Europe")
    assert done.code == 0, done.out
    for part in ("Region:     westeurope", f"({sku}, Linux)", "1 WebApp", "CpuPercentage > 70", f"{third} USD per month with 3"):
        assert part in done.out, part
    asked = "sku=ElasticPremium" if plan == "elastic-premium" else "--sku P0V3"
    assert asked in done.out and "<" not in done.out.split("Nothing was run")[0].replace("< 30", "")
    assert SUBSCRIPTION not in done.out

"""The scripts that work with Azure, run for real with stand-ins for the programs that they call."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from stand_ins import ROOT, Stage

SCRIPTS = ("deploy", "check", "destroy", "stop", "start", "watch", "logs")
# What would be a secret: nothing of this kind may be asked for, shown or passed on.
SECRETS = ("keys list", "access-token", "password", "connection-string", "account keys")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A stage of the test's own; the name has a space, as a user's folder may."""
    folder = tmp_path / "a stage"
    folder.mkdir()
    return Stage(folder)


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_names_every_option(stage: Stage, script: str) -> None:
    done = stage.run(f"scripts/{script}", "--help")
    assert done.code == 0 and not done.calls
    for option in ("--stack", "--dry-run", "--help"):
        assert option in done.out
    assert "Exit code" in done.out


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_rehearsal_runs_nothing(stage: Stage, script: str) -> None:
    done = stage.run(f"scripts/{script}", "--dry-run", "--stack", "dev")
    assert done.code == 0, done.out
    # Looking which plan the stack is set to changes nothing.
    assert [line for line in done.lines if not line.startswith("pulumi config get")] == []
    assert "  $ " in done.out


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_rehearsal_needs_no_tools(stage: Stage, script: str) -> None:
    stage.without = {"az", "pulumi"}
    done = stage.run(f"scripts/{script}", "--dry-run")
    assert done.code == 0, done.out
    assert "learn.microsoft.com/cli/azure/install" in done.out


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_missing_tool_is_named_with_where_it_is_had(stage: Stage, script: str) -> None:
    stage.without = {"az"}
    done = stage.run(f"scripts/{script}")
    assert done.code == 2
    assert "az: https://learn.microsoft.com/cli/azure/install-azure-cli" in done.out
    assert done.calls == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_without_a_login_nothing_begins(stage: Stage, script: str) -> None:
    stage.answer("az account show", err="Please run 'az login' to setup account.", code=1)
    done = stage.run(f"scripts/{script}", "--stack", "dev")
    assert done.code == 1 and "az login" in done.out
    assert done.lines == ["az account show --query name --output tsv"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_unknown_argument_is_refused(stage: Stage, script: str) -> None:
    done = stage.run(f"scripts/{script}", "--stack")
    assert done.code == 2 and "--stack needs a name" in done.out
    if script != "check":
        done = stage.run(f"scripts/{script}", "--purge")
        assert done.code == 2 and "unknown argument '--purge'" in done.out
    assert done.calls == []


@pytest.mark.parametrize("script", [name for name in SCRIPTS if name != "deploy"])
def test_a_stack_that_is_not_there_is_said(stage: Stage, script: str) -> None:
    stage.answer("pulumi stack output", err="error: no stack named 'nowhere' found", code=255)
    done = stage.run(f"scripts/{script}", "--stack", "nowhere")
    assert done.code == 1 and "'nowhere' has no outputs" in done.out and "./scripts/deploy" in done.out
    assert not any(line.startswith("az ") and "account show" not in line for line in done.lines)


# --- deploy -------------------------------------------------------------------------------------------------


def ready(stage: Stage, code: str = "0") -> None:
    """The container of the role step ends with this code."""
    shown = "az container show --resource-group ev-dev-rg --name ev-dev-role-step --query containers[0].instanceView.currentState."
    stage.answer(shown + "state", "Running", times=1)
    stage.answer(shown + "state", "Waiting", times=1)
    stage.answer(shown + "exitCode", code)


def test_deploy_in_order_and_without_secrets(stage: Stage) -> None:
    ready(stage)
    done = stage.run("scripts/deploy", "--stack", "dev", "--yes")
    assert done.code == 0, done.out
    digest = hashlib.sha256((stage.folder / "target/app/handler").read_bytes()).hexdigest()
    order = [
        "az account show",
        "pulumi whoami",
        "pulumi stack select --create dev",
        "pulumi install",
        "cargo build",
        "lab package",
        "pulumi up --yes --stack dev",
        "pulumi stack output",
        "az storage blob upload",
        "az container delete",
        "az container create",
        "az container show",
        "az container logs",
        "az functionapp deployment source config-zip --resource-group ev-dev-rg --name ev-dev-app",
        "lab check https://ev-dev-app.azurewebsites.net --wait 600 --expect-rules",
    ]
    positions = [done.position(prefix) for prefix in order]
    assert positions == sorted(positions), done.lines
    # Deleted before, in case one was left, and after.
    deletions = [number for number, line in enumerate(done.lines) if line.startswith("az container delete")]
    assert len(deletions) == 2
    assert deletions[0] < done.position("az container create") < deletions[1] < done.position("az functionapp")
    upload = done.calls[done.position("az storage blob upload")]
    assert upload[upload.index("--name") + 1] == f"handler-{digest}"
    assert upload[upload.index("--auth-mode") + 1] == "login"
    create = done.calls[done.position("az container create")]
    assert f"HANDLER_SHA256={digest}" in create and f"HANDLER_BLOB=handler-{digest}" in create
    assert "PGHOST=ev-dev-postgres.postgres.database.azure.com" in create
    assert "APP_OBJECT_ID=11111111-2222-4333-8444-555555555555" in create
    assert create[create.index("--subnet") + 1] == "/subscriptions/s/subnets/provision"
    assert create[create.index("--assign-identity") + 1] == "/subscriptions/s/provisioner"
    assert f"PROGRAM={(ROOT / 'infra/role-step.sh').read_text().rstrip()}" in create
    for line in done.lines:
        if not line.startswith("az container create"):
            assert not any(secret in line for secret in SECRETS), line
    # The command that reads the key is shown, and was not run.
    assert "az functionapp keys list --resource-group ev-dev-rg --name ev-dev-app" in done.out
    assert "Scaled by its rules; it's autoscale.json that says which." in done.out
    assert "https://portal.example/#@t/resource/subscriptions/s/workbooks/w/workbook" in done.out
    assert "--environment-variables" in done.out and "$(cat infra/role-step.sh)" in done.out


def test_deploy_on_elastic_premium_tells_the_app_of_its_package_last(stage: Stage) -> None:
    ready(stage)
    stage.outputs(plan="elastic-premium", autoscale_setting="", autoscale_note="Azure scales it.")
    done = stage.run("scripts/deploy", "--stack", "dev", "--yes")
    assert done.code == 0, done.out
    digest = hashlib.sha256(b"a package").hexdigest()
    assert any(f"--name elastic-visits-{digest}.zip" in line for line in done.lines)
    config = done.position(f"pulumi config set package elastic-visits-{digest}.zip --stack dev")
    assert done.position("az container logs") < config < done.position("pulumi up --yes --skip-preview")
    assert done.position("az functionapp restart") > config
    assert not any("config-zip" in line for line in done.lines)
    assert done.lines[-1].endswith("--expect-no-rules")


def test_a_preview_changes_nothing(stage: Stage) -> None:
    done = stage.run("scripts/deploy", "--stack", "dev", "--preview")
    assert done.code == 0, done.out
    changing = ("pulumi up", "az storage", "az container", "az functionapp", "lab ")
    assert not any(line.startswith(changing) for line in done.lines)
    assert done.position("pulumi preview") and "Nothing was changed" in done.out


@pytest.mark.parametrize(
    ("call", "said", "never"),
    [
        ("pulumi stack select", "cannot be selected", "pulumi up"),
        ("pulumi install", "cannot be installed", "pulumi up"),
        ("cargo build", "lab could not be built", "pulumi up"),
        ("lab package", "package could not be built", "pulumi up"),
        ("pulumi up", "not all made", "az storage"),
        ("pulumi stack output", "has no outputs", "az storage"),
        ("az storage blob upload", "could not be uploaded", "az container create"),
        ("az container create", "could not be started", "az functionapp"),
        ("az functionapp deployment", "could not be deployed", "lab check"),
        ("lab check", "does not do what it should", "nothing"),
    ],
)
def test_deploy_stops_at_the_first_failure(stage: Stage, call: str, said: str, never: str) -> None:
    ready(stage)
    stage.answer(call, err="it did not work", code=1)
    done = stage.run("scripts/deploy", "--stack", "dev", "--yes")
    assert done.code == 1, done.out
    assert said in done.out
    assert not any(line.startswith(never) for line in done.lines), done.lines
    if call == "az container create":
        assert done.lines[-1].startswith("az container delete")


def test_a_role_step_that_fails_is_shown_and_leaves_no_administrator(stage: Stage) -> None:
    ready(stage, code="1")
    stage.answer("az container logs", "role step: preparing the database\nhandler: this server does not know Entra roles")
    done = stage.run("scripts/deploy", "--stack", "dev", "--yes")
    assert done.code == 1
    assert "this server does not know Entra roles" in done.out and "exit code 1" in done.out
    assert done.lines[-1].startswith("az container delete")
    assert not any(line.startswith("az functionapp") for line in done.lines)


def test_an_upload_waits_for_its_role(stage: Stage) -> None:
    ready(stage)
    stage.answer("az storage blob upload", err="AuthorizationPermissionMismatch", code=1, times=3)
    done = stage.run("scripts/deploy", "--stack", "dev", "--yes")
    assert done.code == 0, done.out
    uploads = [line for line in done.lines if line.startswith("az storage blob upload")]
    assert len(uploads) == 4 and done.out.count("not yet; again") == 3
    assert "AuthorizationPermissionMismatch" not in done.out


# --- The others ---------------------------------------------------------------------------------------------


def test_check_tells_of_the_app_and_of_the_setting(stage: Stage) -> None:
    done = stage.run("scripts/check", "--stack", "dev", "--wait", "5")
    assert done.code == 0, done.out
    assert done.position("lab check https://ev-dev-app.azurewebsites.net --wait 5 --expect-rules")
    assert "autoscale setting: on" in done.out
    stage.answer("az monitor autoscale show", "false")
    done = stage.run("scripts/check", "--stack", "dev")
    assert done.code == 1 and "OFF" in done.out and "--enabled true" in done.out


def test_check_of_an_address_needs_no_login(stage: Stage) -> None:
    stage.without = {"az", "pulumi"}
    stage.answer("lab check", code=1)
    done = stage.run("scripts/check", "http://127.0.0.1:7071", "--json")
    assert done.code == 1
    assert "lab check http://127.0.0.1:7071 --json" in done.lines


def test_destroy_asks_lifts_the_guards_and_looks(stage: Stage) -> None:
    for typed in ("dve", "yes", ""):
        done = stage.run("scripts/destroy", "--stack", "dev", typed=typed)
        assert done.code == 1 and "nothing was changed" in done.out
        assert not any(line.startswith(("pulumi destroy", "pulumi state", "az lock")) for line in done.lines)
    done = stage.run("scripts/destroy", "--stack", "dev", typed="dev")
    assert done.code == 0, done.out
    for lost in ("ev-dev-postgres with all visits and its backups", "ev-dev-rg"):
        assert lost in done.out
    order = ["az lock delete --name ev-dev-keep-database", "pulumi state unprotect --all", "pulumi destroy --yes", "az group exists"]
    positions = [done.position(prefix) for prefix in order]
    assert positions == sorted(positions)
    assert "All is gone" in done.out


def test_destroy_with_nobody_to_ask_wants_yes(stage: Stage) -> None:
    done = stage.run("scripts/destroy", "--stack", "dev")
    assert done.code == 2 and "--yes" in done.out
    assert not any(line.startswith("pulumi destroy") for line in done.lines)
    assert stage.run("scripts/destroy", "--stack", "dev", "--yes").code == 0


def test_destroy_says_what_is_left(stage: Stage) -> None:
    stage.answer("az group exists", "true")
    done = stage.run("scripts/destroy", "--stack", "dev", "--yes")
    assert done.code == 1 and "is still there" in done.out and "az resource list" in done.out
    stage.answer("pulumi destroy", code=1)
    done = stage.run("scripts/destroy", "--stack", "dev", "--yes")
    assert done.code == 1 and "not all was destroyed" in done.out
    assert not any(line.startswith("az group exists") for line in done.lines)


def test_stop_and_start_in_opposite_order(stage: Stage) -> None:
    done = stage.run("scripts/stop", "--stack", "dev")
    assert done.code == 0, done.out
    assert done.position("az functionapp stop") < done.position("az postgres flexible-server stop")
    assert "seven days" in done.out and "ev-dev-plan" in done.out
    done = stage.run("scripts/start", "--stack", "dev")
    assert done.code == 0, done.out
    assert done.position("az postgres flexible-server start") < done.position("az functionapp start")
    assert done.lines[-1].startswith("lab check https://ev-dev-app.azurewebsites.net --wait")
    stage.answer("az postgres flexible-server start", code=1)
    done = stage.run("scripts/start", "--stack", "dev")
    assert done.code == 1 and not any(line.startswith("az functionapp start") for line in done.lines)


def test_watch_asks_for_instances_cpu_and_actions(stage: Stage) -> None:
    stage.answer("az appservice plan show --resource-group", "/subscriptions/s/plan")
    stage.answer("az monitor autoscale show", "/subscriptions/s/setting")
    done = stage.run("scripts/watch", "--stack", "dev", "--once")
    assert done.code == 0, done.out
    assert done.position("az appservice plan show --ids /subscriptions/s/plan")
    assert done.position("az monitor metrics list --resource /subscriptions/s/plan --metric CpuPercentage")
    assert done.position("az monitor activity-log list --resource-id /subscriptions/s/setting")
    stage.answer("az monitor metrics list", code=1)
    assert stage.run("scripts/watch", "--stack", "dev", "--once").code == 1


def test_logs_streams_the_app(stage: Stage) -> None:
    done = stage.run("scripts/logs", "--stack", "dev")
    assert done.code == 0 and done.lines[-1] == "az webapp log tail --resource-group ev-dev-rg --name ev-dev-app"


def test_logs_of_elastic_premium_come_from_application_insights(stage: Stage) -> None:
    stage.outputs(plan="elastic-premium")
    first = ["2026-01-05T08:01:02Z", "2026-01-05T08:00:00Z", "instance-1", "a line"]
    second = ["2026-01-05T08:03:04Z", "2026-01-05T08:02:00Z", "instance-2", "two\nlines \x1b[31mred"]
    # The latest answer wins: a row, nothing, a row, and then Azure refuses.
    stage.answer("az rest", err="Forbidden", code=1)
    stage.answer("az rest", json.dumps([second]), times=1)
    stage.answer("az rest", "[]", times=1)
    stage.answer("az rest", json.dumps([first]), times=1)
    done = stage.run("scripts/logs", "--stack", "dev")
    assert done.code == 1 and "cannot be read" in done.out and "Log Analytics Reader" in done.out
    assert "2026-01-05T08:00:00Z instance-1 a line\n" in done.out
    assert "2026-01-05T08:02:00Z instance-2 two lines  [31mred\n" in done.out
    calls = [call for call in done.calls if call[:2] == ["az", "rest"]]
    assert len(calls) == 4
    queries = [json.loads(call[call.index("--body") + 1])["query"] for call in calls]
    # Each asks for what was received after the last row.
    assert [re.findall(r"todatetime\('([^']*)'\)", query)[0] for query in queries][1:] == [first[0], first[0], second[0]]
    assert "workspaces/77777777-2222-4333-8444-555555555555/query" in " ".join(calls[0])


def test_a_log_line_cannot_change_the_next_query(stage: Stage) -> None:
    stage.outputs(plan="elastic-premium")
    stage.answer("az rest", err="Forbidden", code=1)
    row = ["2026-01-05T08:01:02Z", "2026-01-05T08:00:00Z", "instance-1", "a\n') | take 9 //"]
    stage.answer("az rest", json.dumps([row]), times=1)
    done = stage.run("scripts/logs", "--stack", "dev")
    assert not [call for call in done.calls if "take 9" in " ".join(call)]


# --- The role step ------------------------------------------------------------------------------------------

CONTAINER = {
    "PROVISIONER_CLIENT_ID": "client",
    "STORAGE_ACCOUNT": "evdevpkg",
    "PACKAGE_CONTAINER": "packages",
    "HANDLER_BLOB": "handler-x",
    "APP_ROLE": "ev-dev-app-identity",
    "APP_OBJECT_ID": "11111111-2222-4333-8444-555555555555",
    "PGHOST": "db.example",
    "PGUSER": "ev-dev-provisioner",
    "PGDATABASE": "elastic_visits",
}


def in_container(stage: Stage, digest: str | None = None) -> dict[str, str]:
    """The environment of the role step, with the digest of the handler that a download brings."""
    handler = stage.folder / "target/app/handler"
    stage.answer("az storage blob download", copies=str(handler))
    stage.answer("az account get-access-token", "a-token")
    return CONTAINER | {"HANDLER_SHA256": digest or hashlib.sha256(handler.read_bytes()).hexdigest()}


def test_the_role_step_provisions_with_a_token_that_only_the_handler_sees(stage: Stage) -> None:
    done = stage.run("infra/role-step.sh", environment=in_container(stage))
    assert done.code == 0, done.out
    assert done.position("az login --identity --client-id client") == 0
    assert done.lines[-1] == (
        "handler provision --app-role ev-dev-app-identity --app-object-id 11111111-2222-4333-8444-555555555555"
    )
    assert done.environments[-1]["PGPASSWORD"] == "a-token"
    assert done.environments[-1]["PGSSLMODE"] == "verify-full"
    assert "a-token" not in done.out
    for call, environment in zip(done.calls[:-1], done.environments[:-1], strict=True):
        assert "PGPASSWORD" not in environment, call
        assert "a-token" not in " ".join(call)


def test_the_role_step_runs_no_other_handler(stage: Stage) -> None:
    done = stage.run("infra/role-step.sh", environment=in_container(stage, digest="0" * 64))
    assert done.code != 0
    assert not any(line.startswith("handler") for line in done.lines)


def test_the_role_step_waits_for_roles_and_gives_up_in_the_end(stage: Stage) -> None:
    environment = in_container(stage)
    stage.answer("handler provision", err="no such login yet", code=1, times=2)
    done = stage.run("infra/role-step.sh", environment=environment)
    assert done.code == 0 and done.out.count("again in 15 s") == 2
    stage.answer("handler provision", err="handler: this server does not know Entra roles", code=1)
    done = stage.run("infra/role-step.sh", environment=environment)
    assert done.code == 1 and done.out.count("this server does not know") == 20

"""The real scripts for Azure, with stand-ins for the programs that they call."""

from __future__ import annotations

import json
import re
from pathlib import Path

import azure_answers as azure
import pytest
from stand_ins import GROUP_ID, OUTPUTS, ROOT, Stage

READS = ("az account show", "az group list")
SCRIPTS = ("deploy", "check", "destroy", "stop", "start", "watch", "logs")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """The stage of one test. The folder's name contains a space, as a user's folder may."""
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
    # The script may read the stack's plan, which changes nothing.
    assert [line for line in done.lines if not line.startswith("pulumi config get")] == []
    assert "  $ " in done.out


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_rehearsal_needs_no_tools(stage: Stage, script: str) -> None:
    stage.without = {"az", "pulumi"}
    done = stage.run(f"scripts/{script}", "--dry-run")
    assert done.code == 0, done.out
    assert "learn.microsoft.com/cli/azure/install" in done.out


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_missing_tool_is_listed_with_its_source(stage: Stage, script: str) -> None:
    stage.without = {"az"}
    done = stage.run(f"scripts/{script}")
    assert done.code == 2
    assert "az: https://learn.microsoft.com/cli/azure/install-azure-cli" in done.out
    # Whether a stack is selected decides what is checked.
    assert [line for line in done.lines if not line.startswith("pulumi stack --show-name")] == []


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
def test_a_missing_stack_is_reported(stage: Stage, script: str) -> None:
    stage.answer("pulumi stack output", err="error: no stack named 'nowhere' found", code=255)
    done = stage.run(f"scripts/{script}", "--stack", "nowhere")
    assert done.code == 1 and "'nowhere' has no outputs" in done.out and "./scripts/deploy" in done.out
    assert not any(line.startswith("az ") and not line.startswith(READS) for line in done.lines)
    assert not any(line.startswith(("pulumi up", "pulumi config set", "pulumi stack select")) for line in done.lines)


# --- The others ---------------------------------------------------------------------------------------------


def test_check_reports_the_app_and_the_setting(stage: Stage) -> None:
    done = stage.run("scripts/check", "--stack", "dev", "--wait", "5")
    assert done.code == 0, done.out
    assert done.position("lab check https://ev-dev-app.azurewebsites.net --wait 5 --expect-rules")
    assert "autoscale setting: on" in done.out
    stage.answer("az monitor autoscale show", "false")
    done = stage.run("scripts/check", "--stack", "dev")
    assert done.code == 1 and "OFF" in done.out and "--enabled true" in done.out


def test_check_without_a_stack_is_of_the_app_on_this_machine(stage: Stage) -> None:
    stage.answer("pulumi stack --show-name", err="error: no stack selected", code=255)
    for without in (set[str](), {"az", "pulumi"}):
        stage.without = without
        done = stage.run("scripts/check", "--json")
        assert done.code == 0, done.out
        assert "No stack is selected" in done.out
        assert "lab check http://127.0.0.1:7071 --json" in done.lines
        assert not any(line.startswith("az ") for line in done.lines)
    stage.without = set()
    stage.answer("pulumi stack --show-name", "dev")
    done = stage.run("scripts/check")
    assert done.code == 0, done.out
    assert done.position("lab check https://ev-dev-app.azurewebsites.net --expect-rules")


def test_check_of_an_address_needs_no_login(stage: Stage) -> None:
    stage.without = {"az", "pulumi"}
    stage.answer("lab check", code=1)
    done = stage.run("scripts/check", "http://127.0.0.1:7071", "--json")
    assert done.code == 1
    assert "lab check http://127.0.0.1:7071 --json" in done.lines


def test_destroy_asks_removes_the_protections_and_verifies(stage: Stage) -> None:
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
    assert "Everything is deleted" in done.out


def test_destroy_without_a_terminal_requires_yes(stage: Stage) -> None:
    done = stage.run("scripts/destroy", "--stack", "dev")
    assert done.code == 2 and "--yes" in done.out
    assert not any(line.startswith("pulumi destroy") for line in done.lines)
    assert stage.run("scripts/destroy", "--stack", "dev", "--yes").code == 0


def test_destroy_deletes_only_the_site_of_the_role_step(stage: Stage) -> None:
    done = stage.run("scripts/destroy", "--stack", "dev", "--role-step-only")
    assert done.code == 0 and "There is no site ev-dev-role-step" in done.out, done.out
    assert done.position("az functionapp delete") < done.position(azure.ROLE_STEP)
    assert not any(line.startswith(("pulumi destroy", "pulumi state", "az lock")) for line in done.lines)
    stage.answer(azure.ROLE_STEP, "an id")
    done = stage.run("scripts/destroy", "--stack", "dev", "--role-step-only")
    assert done.code == 1 and "DELETE THIS SITE" in done.out and "the site still exists" in done.out


def test_the_workflow_deletes_the_site_when_it_is_canceled() -> None:
    text = (ROOT / ".github" / "workflows" / "deploy.yml").read_text(encoding="utf-8")
    condition, command = re.findall(r"if: \$\{\{ (always\(\).*) \}\}\n +run: (.*)\n", text)[-1]
    assert "steps.deploy.outcome == 'cancelled'" in condition and "steps.deploy.outcome == 'failure'" in condition
    assert command == './scripts/destroy --stack "$STACK" --role-step-only'


def test_destroy_reports_what_is_left(stage: Stage) -> None:
    stage.answer("az group exists", "true")
    done = stage.run("scripts/destroy", "--stack", "dev", "--yes")
    assert done.code == 1 and "still exists" in done.out and "az resource list" in done.out
    stage.answer("pulumi destroy", code=1)
    done = stage.run("scripts/destroy", "--stack", "dev", "--yes")
    assert done.code == 1 and "not everything was deleted" in done.out
    assert not any(line.startswith("az group exists") for line in done.lines)


def test_watch_queries_instances_cpu_and_actions(stage: Stage) -> None:
    setting = f"{GROUP_ID}/providers/Microsoft.Insights/autoscalesettings/ev-dev-autoscale"
    stage.answer("az monitor autoscale show", setting)
    done = stage.run("scripts/watch", "--stack", "dev", "--once")
    assert done.code == 0, done.out
    assert done.position(f"az appservice plan show --ids {OUTPUTS['plan_id']}")
    assert done.position(f"az monitor metrics list --resource {OUTPUTS['plan_id']} --metric CpuPercentage")
    assert done.position(f"az monitor activity-log list --resource-id {setting}")
    stage.answer("az monitor metrics list", code=1)
    assert stage.run("scripts/watch", "--stack", "dev", "--once").code == 1


def test_watch_lists_the_instances_of_elastic_premium(stage: Stage) -> None:
    stage.outputs(plan="elastic-premium", autoscale_setting="")
    done = stage.run("scripts/watch", "--stack", "dev", "--once")
    assert done.code == 0, done.out
    assert done.position("az webapp list-instances --resource-group ev-dev-rg --name ev-dev-app")
    assert "sku.capacity" not in done.out


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_option_is_not_accepted_as_the_name_of_a_stack(stage: Stage, script: str) -> None:
    for words in (("--stack", "--dry-run"), ("--stack=--dry-run",)):
        done = stage.run(f"scripts/{script}", *words)
        assert done.code == 2 and "--stack needs a name" in done.out
        assert done.calls == []


@pytest.mark.parametrize(("option", "said"), [
    (("--location", "--dry-run"), "--location needs a value"),
    (("--plan", "--dry-run"), "--plan needs a value"),
    (("--location", "nowhere", "--dry-run"), "'nowhere' is not an Azure region"),
    (("--location", "South India", "--plan", "elastic-premium", "--dry-run"), "not offered on Linux in southindia"),
])
def test_a_region_or_plan_that_does_not_exist_is_refused(stage: Stage, option: tuple[str, ...], said: str) -> None:
    done = stage.run("scripts/deploy", "--stack", "dev", *option)
    assert done.code != 0 and said in done.out, done.out


def test_logs_streams_the_app(stage: Stage) -> None:
    done = stage.run("scripts/logs", "--stack", "dev")
    assert done.code == 0 and done.lines[-1] == "az webapp log tail --resource-group ev-dev-rg --name ev-dev-app"


def test_logs_of_elastic_premium_come_from_application_insights(stage: Stage) -> None:
    stage.outputs(plan="elastic-premium")
    first = ["2026-01-05T08:01:02Z", "2026-01-05T08:00:00Z", "instance-1", "a line"]
    second = ["2026-01-05T08:03:04Z", "2026-01-05T08:02:00Z", "instance-2", "two\nlines \x1b[31mred"]
    # The latest answer takes precedence, so the order is: a row, nothing, a row, and then a refusal.
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
    # Each query selects the rows that were received after the last one.
    assert [re.findall(r"todatetime\('([^']*)'\)", query)[0] for query in queries][1:] == [first[0], first[0], second[0]]
    assert "workspaces/33333333-2222-4333-8444-555555555555/query" in " ".join(calls[0])


def test_a_log_line_cannot_change_the_next_query(stage: Stage) -> None:
    stage.outputs(plan="elastic-premium")
    stage.answer("az rest", err="Forbidden", code=1)
    row = ["2026-01-05T08:01:02Z", "2026-01-05T08:00:00Z", "instance-1", "a\n') | take 9 //"]
    stage.answer("az rest", json.dumps([row]), times=1)
    done = stage.run("scripts/logs", "--stack", "dev")
    assert not [call for call in done.calls if "take 9" in " ".join(call)]

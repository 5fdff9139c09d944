"""Each wrong setting is refused with one sentence that names it, before any resource is created."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import recorder
import settings
import yaml
from recorder import AZURE_CLI, DEPLOYER, INFRA, SUBSCRIPTION, TENANT, Engine, run

LOGIN = {"clientId": AZURE_CLI, "objectId": DEPLOYER, "subscriptionId": SUBSCRIPTION, "tenantId": TENANT}


def refused(config: dict[str, str], *, stack: str = recorder.STACK, login: dict[str, str] = LOGIN) -> str:
    """The error message. No resource may have been created."""
    engine = Engine(login)
    with pytest.raises(pulumi.RunError) as error:
        run(config, stack=stack, engine=engine)
    assert engine.resources == {}
    sentence = str(error.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


PLAN = "elastic-visits:plan"
RULES = "elastic-visits:rules"
PACKAGE = "elastic-visits:package"
EMAIL = "elastic-visits:alert-email"
BUDGET = "elastic-visits:monthly-budget"
FIREWALL = "elastic-visits:storage-firewall"
MAINTENANCE = "elastic-visits:database-maintenance"
STANDBY = "elastic-visits:database-high-availability"
ROLE = "elastic-visits:scaler-role"
LOCATION = "azure-native:location"
A_PACKAGE = f"elastic-visits-{'a' * 64}.zip"


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({PLAN: ""}, PLAN),
        ({PLAN: "consumption"}, PLAN),
        ({PLAN: "Premium-V3"}, PLAN),
        ({PLAN: " premium-v3"}, PLAN),
        ({PLAN: "P0v3"}, PLAN),
        ({PLAN: "EP1"}, PLAN),
        ({LOCATION: ""}, LOCATION),
        ({LOCATION: "mars"}, LOCATION),
        ({LOCATION: "eastus3"}, LOCATION),
        ({LOCATION: "eu-west-1"}, LOCATION),
        ({LOCATION: "southindia", PLAN: "elastic-premium"}, LOCATION),
        ({RULES: "absent.json"}, RULES),
        ({RULES: "../infra/autoscale.json"}, RULES),
        ({RULES: "/etc/passwd"}, RULES),
        ({RULES: "Pulumi.yaml"}, RULES),
        ({RULES: ".."}, RULES),
        ({RULES: "prices.json"}, RULES),
        ({PACKAGE: "app.zip"}, PACKAGE),
        ({PLAN: "elastic-premium", PACKAGE: "app.zip"}, PACKAGE),
        ({PLAN: "elastic-premium", PACKAGE: f"../{A_PACKAGE}"}, PACKAGE),
        ({PLAN: "elastic-premium", PACKAGE: f"{A_PACKAGE}\n"}, PACKAGE),
        ({EMAIL: "operator"}, EMAIL),
        ({EMAIL: "operator@example"}, EMAIL),
        ({EMAIL: "a@example.com, b@example.com"}, EMAIL),
        ({EMAIL: "a@example.com\n"}, EMAIL),
        ({EMAIL: f"{'a' * 250}@example.com"}, EMAIL),
        ({BUDGET: "100"}, BUDGET),
        ({BUDGET: "0", EMAIL: "a@example.com"}, BUDGET),
        ({BUDGET: "99.50", EMAIL: "a@example.com"}, BUDGET),
        ({BUDGET: "-1", EMAIL: "a@example.com"}, BUDGET),
        ({BUDGET: "1" * 10, EMAIL: "a@example.com"}, BUDGET),
        ({FIREWALL: "true"}, FIREWALL),
        ({FIREWALL: ""}, FIREWALL),
        ({MAINTENANCE: "sunday"}, MAINTENANCE),
        ({MAINTENANCE: "sunday 3:00"}, MAINTENANCE),
        ({MAINTENANCE: "sunday 24:00"}, MAINTENANCE),
        ({MAINTENANCE: "someday 03:00"}, MAINTENANCE),
        ({MAINTENANCE: "sunday 03:00\n"}, MAINTENANCE),
        ({STANDBY: "on"}, STANDBY),
        ({ROLE: "owner"}, ROLE),
        ({"elastic-visits:protect": "no"}, "elastic-visits:protect"),
        ({"elastic-visits:paused": "True"}, "elastic-visits:paused"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(config: dict[str, str], named: str) -> None:
    assert named in refused(config)


@pytest.mark.parametrize("key", ["plann", "Plan", "rule", "password"])
def test_a_misspelt_key_is_refused(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({f"elastic-visits:{key}": "x", "azure-native:location": "eastus"}))
    assert f"elastic-visits:{key}" in refused({})


def test_the_project_file_gives_no_defaults() -> None:
    """Pulumi would report them as set, and they would take precedence over the settings of a live stack."""
    assert "config" not in yaml.safe_load((INFRA / "Pulumi.yaml").read_text(encoding="utf-8"))


def test_the_scripts_know_the_same_defaults() -> None:
    given = runpy.run_path(str(INFRA.parent / "scripts" / "azure" / "stack_settings.py"))["DEFAULTS"]
    assert set(given) - {"location"} <= set(settings.KEYS)
    config = {LOCATION if key == "location" else f"elastic-visits:{key}": value for key, value in given.items()}
    assert run(config).outputs == run().outputs


def test_the_resource_group_keeps_what_was_given() -> None:
    tags = run({EMAIL: "a@example.com", RULES: "autoscale.json"}).one("resources:ResourceGroup").inputs["tags"]
    assert tags == {
        "project": "elastic-visits",
        "stack": "test",
        "plan": "premium-v3",
        "setting:alert-email": "a@example.com",
        "setting:rules": "autoscale.json",
    }
    # Azure's limits: learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations
    assert all(not set("<>%&\\?/") & set(key) and len(value) <= 256 for key, value in tags.items())


def test_without_protection_there_is_no_lock() -> None:
    stack = run({"elastic-visits:protect": "false"})
    assert not stack.of("authorization:ManagementLockByScope") and stack.outputs["lock_name"] == ""
    # Pulumi still protects the server from deletion.
    assert stack.one("dbforpostgresql:Server").protect


@pytest.mark.parametrize("plan", ["premium-v3", "elastic-premium"])
def test_a_paused_stack_keeps_data_network_identities_and_names(plan: str) -> None:
    live, paused = run({PLAN: plan}), run({PLAN: plan, "elastic-visits:paused": "true"})
    # The remaining resources are unchanged, apart from the group's tag for the pause.
    for name, resource in paused.resources.items():
        if name != "group":
            assert resource.inputs == live.resources[name].inputs, name
    gone = {found.kind.rsplit(":", 1)[1] for name, found in live.resources.items() if name not in paused.resources}
    assert gone - {"AutoscaleSetting", "ActivityLogAlert", "RoleDefinition", "RoleAssignment"} == {
        "AppServicePlan", "WebApp", "WebAppScmAllowed", "WebAppFtpAllowed", "MetricAlert", "ScheduledQueryRule",
        "DiagnosticSetting", "Workbook",
    }
    assert {name for name, value in paused.outputs.items() if not value} == {
        "url", "plan_name", "plan_id", "function_app", "function_app_id", "autoscale_setting", "autoscale_note", "workbook_url",
    }
    kept = {name: value for name, value in paused.outputs.items() if value}
    assert kept.items() <= live.outputs.items()


def test_the_example_is_accepted() -> None:
    example = yaml.safe_load((INFRA / "Pulumi.example.yaml").read_text(encoding="utf-8"))["config"]
    assert run(example, stack="example").outputs["location"] == example[LOCATION]


@pytest.mark.parametrize("stack", ["Prod", "a_b", "-a", "a-", "a--b", "1st", "a" * 21, "a.b", "ä"])
def test_a_stack_name_that_azure_would_refuse(stack: str) -> None:
    assert f"'{stack}'" in refused({}, stack=stack)


@pytest.mark.parametrize("part", ["subscriptionId", "tenantId", "objectId"])
def test_a_login_with_a_part_missing(part: str) -> None:
    assert "az login" in refused({}, login=LOGIN | {part: ""})


@pytest.mark.parametrize("location", ["West Europe", "WestEurope", "westeurope"])
def test_a_region_may_be_written_as_the_portal_shows_it(location: str) -> None:
    assert run({LOCATION: location}).outputs["location"] == "westeurope"


def test_the_defaults_are_premium_in_swedencentral() -> None:
    outputs = run().outputs
    assert (outputs["plan"], outputs["location"]) == ("premium-v3", "swedencentral")


def test_empty_rules_and_package_are_the_same_as_none() -> None:
    empty = run({RULES: "", PACKAGE: ""})
    assert empty.outputs == run().outputs
    assert run({PLAN: "elastic-premium", RULES: "", PACKAGE: ""}).outputs["plan"] == "elastic-premium"


def test_names_are_within_limits_for_the_longest_stack_name() -> None:
    stack = run(stack="a" * 20)
    for account in stack.of("storage:StorageAccount"):
        assert len(account.inputs["accountName"]) <= 24
    assert len(stack.one("web:WebApp").inputs["name"]) <= 60
    assert len(stack.one("dbforpostgresql:Server").inputs["serverName"]) <= 63


def test_another_subscription_or_stack_has_other_worldwide_names() -> None:
    def worldwide(found: recorder.Recorded) -> set[str]:
        names = {found.outputs[name] for name in ("function_app", "postgres_server")}
        return names | {account.inputs["accountName"] for account in found.of("storage:StorageAccount")}

    other = run(login=LOGIN | {"subscriptionId": "00000000-0000-0000-0000-0000000000aa"})
    assert not worldwide(run()) & worldwide(other)
    assert not worldwide(run()) & worldwide(run(stack="other"))
    # Both are cut to the same ten characters, but the names still differ.
    assert not worldwide(run(stack="abcdefghij-one")) & worldwide(run(stack="abcdefghij-two"))


# --- Rule files ---------------------------------------------------------------------------------------------

Change = Callable[[dict[str, Any]], Any]


def trigger(name: str, value: Any) -> Change:
    return lambda profile: profile["rules"][0]["metricTrigger"].update({name: value})


def action(name: str, value: Any) -> Change:
    return lambda profile: profile["rules"][0]["scaleAction"].update({name: value})


def capacity(**values: Any) -> Change:
    return lambda profile: profile["capacity"].update(values)


WRONG: list[tuple[Change, str]] = [
    (lambda profile: profile.pop("name"), "name"),
    (lambda profile: profile.update(name=" "), "name"),
    (lambda profile: profile.pop("capacity"), "capacity"),
    (lambda profile: profile.pop("rules"), "rules"),
    (lambda profile: profile.update(rules=[]), "rules"),
    (lambda profile: profile.update(rules=profile["rules"] * 6), "12 rules"),
    (lambda profile: profile.update(recurrence={}), "recurrence"),
    (lambda profile: profile["rules"].append("x"), "rules[2]"),
    (lambda profile: profile["rules"][1].pop("scaleAction"), "rules[1].scaleAction"),
    (capacity(minimum=1), "capacity.minimum"),
    (capacity(minimum="0"), "capacity.minimum"),
    (capacity(minimum="2"), "minimum <= default <= maximum"),
    (capacity(maximum="4"), "capacity.maximum is 4"),
    (capacity(maximum="-1"), "capacity.maximum"),
    (capacity(default="9"), "minimum <= default <= maximum"),
    (capacity(default="1 "), "capacity.default"),
    (trigger("metricName", "Percentage CPU"), "metricName"),
    (trigger("metricNamespace", None), "metricNamespace"),
    (trigger("metricNamespace", "microsoft.web/sites"), "metricNamespace"),
    (trigger("threshold", "70"), "threshold"),
    (trigger("threshold", True), "threshold"),
    (trigger("threshold", float("nan")), "threshold"),
    (trigger("threshold", 101), "threshold"),
    (trigger("dividePerInstance", True), "dividePerInstance"),
    (trigger("timeGrain", "PT5M"), "timeGrain"),
    (trigger("timeWindow", "5 minutes"), "timeWindow"),
    (trigger("timeWindow", "PT13H"), "timeWindow"),
    (trigger("timeWindow", "PT"), "timeWindow"),
    (trigger("timeWindow", 5), "timeWindow"),
    (trigger("operator", "greaterthan"), "operator"),
    (trigger("statistic", "Median"), "statistic"),
    (trigger("timeAggregation", None), "timeAggregation"),
    (trigger("treshold", 70), "treshold"),
    (action("direction", "None"), "direction"),
    (action("direction", "Up"), "direction"),
    (action("type", "ChangeIt"), "type"),
    (action("value", 1), "value"),
    (action("value", "0"), "value"),
    (action("cooldown", "PT30S"), "cooldown"),
    (action("cooldown", "P8D"), "cooldown"),
]


def with_rules(text: str | bytes, folder: Path, patch: pytest.MonkeyPatch) -> str:
    (folder / "mine.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    patch.setattr(settings, "FOLDER", folder)
    sentence = refused({RULES: "mine.json"})
    assert "elastic-visits:rules names 'mine.json'" in sentence
    return sentence


@pytest.mark.parametrize(("change", "named"), WRONG, ids=[f"{index}-{named}" for index, (_, named) in enumerate(WRONG)])
def test_a_rule_file_that_azure_would_refuse(
    change: Change, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = json.loads((INFRA / "autoscale.json").read_text(encoding="utf-8"))
    change(profile)
    assert named in with_rules(json.dumps(profile), tmp_path, monkeypatch)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"text"', b"\xff\xfe", "[" * 100_000], ids=lambda text: repr(text[:6])
)
def test_a_rule_file_that_is_not_a_profile_is_refused(text: str | bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_rules(text, tmp_path, monkeypatch)


def test_a_folder_is_refused_as_a_rule_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.json").mkdir()
    monkeypatch.setattr(settings, "FOLDER", tmp_path)
    assert "cannot be read" in refused({RULES: "mine.json"})

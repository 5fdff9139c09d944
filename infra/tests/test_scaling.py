"""How many instances there may be, and who decides."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from recorder import INFRA, Recorded, run


@pytest.mark.parametrize("name", ["autoscale.json", "autoscale.fast.json"])
def test_the_rules_are_the_files(name: str) -> None:
    stack = run({"elastic-visits:rules": name})
    (profile,) = cast(list[dict[str, Any]], stack.one("monitor:AutoscaleSetting").inputs["profiles"])
    for rule in profile["rules"]:
        # The plan's, which no file can know.
        assert rule["metricTrigger"].pop("metricResourceUri") == "plan_id"
    assert profile == json.loads((INFRA / name).read_text(encoding="utf-8"))


def test_without_a_setting_the_rules_are_autoscale_json(premium: Recorded) -> None:
    expected = json.loads((INFRA / "autoscale.json").read_text(encoding="utf-8"))
    assert premium.one("monitor:AutoscaleSetting").inputs["profiles"][0]["name"] == expected["name"]


def test_the_setting_is_enabled_and_aims_at_the_plan(premium: Recorded) -> None:
    """Left out, the SDK would send false, and the rules would look deployed and never act."""
    setting = premium.one("monitor:AutoscaleSetting")
    assert setting.inputs["enabled"] is True
    assert setting.inputs["targetResourceUri"] == "plan_id"
    for rule in setting.inputs["profiles"][0]["rules"]:
        assert rule["metricTrigger"]["metricNamespace"] == "microsoft.web/serverfarms"


def test_the_setting_waits_for_the_app(premium: Recorded) -> None:
    """A plan without an app has no CPU metric yet, and Azure would refuse the setting."""
    assert "app" in premium.one("monitor:AutoscaleSetting").depends_on


def test_a_deployment_leaves_the_live_count_alone(either: Recorded) -> None:
    assert either.one("web:AppServicePlan").ignore_changes == ["sku.capacity"]


def test_premium_is_a_dedicated_plan_and_sends_no_count(premium: Recorded) -> None:
    plan = premium.one("web:AppServicePlan").inputs
    assert plan["sku"] == {"name": "P0v3", "tier": "Premium0V3"}
    assert plan["reserved"] is True
    assert plan["elasticScaleEnabled"] is False
    assert "maximumElasticWorkerCount" not in plan
    assert "functionAppScaleLimit" not in premium.one("web:WebApp").inputs["siteConfig"]


def test_elastic_is_bounded_from_one_to_three(elastic: Recorded) -> None:
    plan = elastic.one("web:AppServicePlan").inputs
    assert plan["sku"] == {"name": "EP1", "tier": "ElasticPremium", "capacity": 1}
    assert plan["kind"] == "elastic"
    assert plan["maximumElasticWorkerCount"] == 3


def test_a_deployment_sends_no_count_of_the_site(elastic: Recorded) -> None:
    """The app sets both. A value here would come from the time when the stack was created."""
    site = elastic.one("web:WebApp").inputs["siteConfig"]
    assert not {"minimumElasticInstanceCount", "functionAppScaleLimit"} & site.keys()


def test_the_app_gets_the_same_rules_on_either_plan(either: Recorded) -> None:
    expected = json.loads((INFRA / "autoscale.json").read_text(encoding="utf-8"))
    assert json.loads(either.app_settings()["AUTOSCALE_PROFILE"]) == expected


def test_elastic_takes_another_rule_file_too() -> None:
    stack = run({"elastic-visits:plan": "elastic-premium", "elastic-visits:rules": "autoscale.fast.json"})
    assert json.loads(stack.app_settings()["AUTOSCALE_PROFILE"])["name"] == "cpu-70-30-fast"


def test_elastic_says_who_applies_the_rules(elastic: Recorded) -> None:
    assert elastic.outputs["autoscale_setting"] == ""
    assert "applies the CPU rules" in elastic.outputs["autoscale_note"]


# https://learn.microsoft.com/azure/azure-monitor/reference/logs-index
CATEGORIES = {"app": ["FunctionAppLogs"], "plan": [], "database": ["PostgreSQLLogs"]}


def test_logs_of_app_plan_and_database_are_kept(either: Recorded) -> None:
    resources = {"app": "app_id", "plan": "plan_id", "database": "postgres_id"}
    for name, categories in CATEGORIES.items():
        setting = either.resources[f"{name}-logs"].inputs
        assert (setting["resourceUri"], setting["workspaceId"]) == (resources[name], "logs_id")
        assert [log["category"] for log in setting["logs"] if log["enabled"]] == categories
    # A plan has metrics alone.
    assert [one["category"] for one in either.resources["plan-logs"].inputs["metrics"]] == ["AllMetrics"]


def test_evaluations_and_actions_are_logged(premium: Recorded) -> None:
    logs = premium.resources["autoscale-logs"].inputs
    assert (logs["resourceUri"], logs["workspaceId"]) == ("autoscale_id", "logs_id")
    assert {log["category"] for log in logs["logs"] if log["enabled"]} == {
        "AutoscaleEvaluations",
        "AutoscaleScaleActions",
    }

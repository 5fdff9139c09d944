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
    assert json.loads(premium.app_settings()["AUTOSCALE_PROFILE"]) == expected


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
    site = elastic.one("web:WebApp").inputs["siteConfig"]
    assert plan["sku"] == {"name": "EP1", "tier": "ElasticPremium", "capacity": 1}
    assert plan["kind"] == "elastic"
    assert plan["maximumElasticWorkerCount"] == 3
    assert site["minimumElasticInstanceCount"] == 1
    assert site["functionAppScaleLimit"] == 3


def test_elastic_says_why_there_are_no_rules(elastic: Recorded) -> None:
    assert elastic.app_settings()["AUTOSCALE_PROFILE"] == "none"
    assert elastic.outputs["autoscale_setting"] == ""
    assert "obeys no CPU rules" in elastic.outputs["autoscale_note"]


def test_evaluations_and_actions_are_logged(premium: Recorded) -> None:
    logs = premium.one("monitor:DiagnosticSetting").inputs
    assert logs["resourceUri"] == "autoscale_id"
    assert logs["workspaceId"] == "logs_id"
    assert {log["category"] for log in logs["logs"] if log["enabled"]} == {
        "AutoscaleEvaluations",
        "AutoscaleScaleActions",
    }

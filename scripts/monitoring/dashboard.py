"""The dashboard in infra/monitoring/grafana: the queries of its panels, and checks of its options.

Grafana ignores a misspelt option without a message. The checks read the dashboard into Grafana's model and write it again. A
misspelt option is then missing, so the result must equal the original.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "infra" / "monitoring"
FILE = MONITORING / "grafana" / "dashboards" / "elastic-visits.json"
CPU_PANEL = "CPU of each instance"

# The model lacks these options, which Grafana's Prometheus data source and its variables use.
BEYOND_THE_MODEL = re.compile(
    r"\.annotations\.list\[\d+\]\.(step|titleFormat|textFormat|useValueForTime)|\.templating\.list\[\d+\]\.definition"
)


@dataclass(frozen=True)
class Query:
    """One query of the dashboard to Prometheus."""

    place: str
    expression: str


def load() -> dict[str, Any]:
    """The dashboard."""
    return json.loads(FILE.read_text())


# Metrics that exist only if the app scales itself. The handler's own tests check them.
SCALER_METRICS = {
    f"elastic_visits_scaler_{name}"
    for name in (
        "evaluations_total",
        "decisions_total",
        "outcomes_total",
        "errors_total",
        "wanted_instances",
        "actual_instances",
        "evaluation_age_seconds",
    )
}


def asks_the_scaler(query: Query) -> bool:
    """Whether a query has a result only if the app scales itself."""
    return any(name in query.expression for name in SCALER_METRICS)


def queries(dashboard: dict[str, Any], *, interval: str) -> list[Query]:
    """All queries of the panels and annotations. Grafana's variables are replaced as Grafana does it."""
    found = [
        Query(f'panel "{panel["title"]}", {target["refId"]}', target["expr"])
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
    ]
    found += [Query(f'annotation "{one["name"]}"', one["expr"]) for one in dashboard["annotations"]["list"]]
    # Grafana replaces several selected instances by a regular expression.
    every = [Query(one.place, one.expression.replace("$instance", ".*").replace("$__rate_interval", interval)) for one in found]
    left = [one.place for one in every if "$" in one.expression]
    if left:
        raise ValueError(f"an unknown variable in {left[0]}")
    return every


def mistakes(dashboard: dict[str, Any], metrics: set[str]) -> list[str]:
    """The errors in the dashboard, one sentence each. `metrics` are the names in /metrics."""
    register_default_plugins()
    again = json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard)))
    wrong = [
        f"{place} is not an option of Grafana" for place in _lost(dashboard, again) if not BEYOND_THE_MODEL.fullmatch(place)
    ]
    uid = re.search(r"^\s+uid: (\S+)$", (MONITORING / "grafana/provisioning/datasources/prometheus.yml").read_text(), re.MULTILINE)
    sources = set(re.findall(r'"uid": "(\w+)"', json.dumps([dashboard["panels"], dashboard["annotations"], dashboard["templating"]])))
    if uid is None or sources != {uid[1]}:
        wrong.append(f"panels use the data sources {sorted(sources)}, but the only one is {uid and uid[1]}")
    wrong += _thresholds(dashboard)
    known = metrics | SCALER_METRICS | _recorded()
    for place, text in [*((one.place, one.expression) for one in queries(dashboard, interval="1m")), *_rules()]:
        for name in set(re.findall(r"\b(?:elastic_visits_\w+|job\w*:elastic_visits[\w:]+)", text)) - known:
            wrong.append(f"{place}: there is no metric {name}")
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(ids) != len(set(ids)):
        wrong.append("two panels have the same id")
    return wrong


def _lost(before: Any, after: Any, place: str = "") -> list[str]:
    if isinstance(before, dict):
        there = after if isinstance(after, dict) else {}
        return [
            lost
            for key, value in before.items()
            for lost in ([f"{place}.{key}"] if key not in there else _lost(value, there[key], f"{place}.{key}"))
        ]
    if isinstance(before, list):
        there = after if isinstance(after, list) else []
        if len(before) != len(there):
            return [place]
        return [lost for at, (one, other) in enumerate(zip(before, there)) for lost in _lost(one, other, f"{place}[{at}]")]
    return [] if before == after else [place]


def _thresholds(dashboard: dict[str, Any]) -> list[str]:
    """The lines in the CPU chart must be the thresholds of infra/autoscale.json."""
    rules = json.loads((ROOT / "infra" / "autoscale.json").read_text())["rules"]
    wanted = sorted(rule["metricTrigger"]["threshold"] / 100 for rule in rules)
    panel = next(panel for panel in dashboard["panels"] if panel["title"] == CPU_PANEL)
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    drawn = sorted(step["value"] for step in steps if step["value"] is not None)
    return [] if drawn == wanted else [f'"{CPU_PANEL}" draws lines at {drawn}, but infra/autoscale.json has {wanted}']


def _recorded() -> set[str]:
    """The names of the recording rules."""
    text = (MONITORING / "rules" / "fleet.yml").read_text()
    return set(re.findall(r"record: (\S+)", text))


def _rules() -> list[tuple[str, str]]:
    """Each line of the rule files that may name a metric."""
    return [
        (f"{file.name}, line {number}", line)
        for file in sorted((MONITORING / "rules").glob("*.yml"))
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if not line.lstrip().startswith(("#", "runbook:"))
    ]

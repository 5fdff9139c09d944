"""The autoscale rule file, in Azure Monitor's own schema, and what Azure would refuse in it.

The same file drives the simulator and the stand-in, so nothing here changes a figure: it is checked and passed on.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from pulumi_azure_native import monitor

MOST_RULES = 10
NAMESPACE = "microsoft.web/serverfarms"
METRIC = "CpuPercentage"

# A B1ms server has 50 connections and keeps 15 for itself. Each instance opens up to ten, the role step one.
POOL_PER_INSTANCE = 10
USER_CONNECTIONS = 35
MOST_INSTANCES = (USER_CONNECTIONS - 1) // POOL_PER_INSTANCE


Choice = TypeVar(
    "Choice",
    monitor.ComparisonOperationType,
    monitor.MetricStatisticType,
    monitor.TimeAggregationType,
    monitor.ScaleDirection,
    monitor.ScaleType,
)


class Refused(Exception):
    """One sentence about what is wrong in the file."""


@dataclass(frozen=True)
class Rule:
    """One rule, as Azure takes it."""

    operator: monitor.ComparisonOperationType
    threshold: float
    statistic: monitor.MetricStatisticType
    time_grain: str
    time_window: str
    time_aggregation: monitor.TimeAggregationType
    direction: monitor.ScaleDirection
    change: monitor.ScaleType
    value: str
    cooldown: str


@dataclass(frozen=True)
class Profile:
    """The profile of the file."""

    name: str
    minimum: str
    maximum: str
    default: str
    rules: tuple[Rule, ...]
    text: str
    """The file's JSON without its white space, for the app to show."""


def read(path: Path) -> Profile:
    """Reads and checks the file; raises `Refused`."""
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refused("there is no such file in the folder infra.") from None
    except OSError as error:
        raise Refused(f"it cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Refused("it is not UTF-8 text.") from None
    except json.JSONDecodeError as error:
        raise Refused(f"it is not JSON: {error.msg} in line {error.lineno}.") from None
    except RecursionError:
        raise Refused("it is nested too deeply.") from None
    text = json.dumps(document, separators=(",", ":"))
    top = _object(document, "the file", {"name", "capacity", "rules"})
    name = top.get("name")
    if not isinstance(name, str) or not name.strip():
        raise Refused("name is missing or empty; give the profile a name.")
    minimum, maximum, default = _capacity(top.get("capacity"))
    items = top.get("rules")
    if not isinstance(items, list) or not items:
        raise Refused("rules must be a list with at least one rule, else nothing scales.")
    items = cast(list[Any], items)
    if len(items) > MOST_RULES:
        raise Refused(f"rules holds {len(items)} rules; Azure takes up to {MOST_RULES}.")
    rules = tuple(_rule(item, f"rules[{index}]") for index, item in enumerate(items))
    return Profile(name, str(minimum), str(maximum), str(default), rules, text)


def _object(value: Any, place: str, names: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Refused(f"{place} must be an object.")
    found = cast(dict[str, Any], value)
    for key in found:
        if key not in names:
            raise Refused(f"{place} has a field {key!r}, which is not known here; a misspelt one would be ignored.")
    return found


def _capacity(value: Any) -> tuple[int, int, int]:
    capacity = _object(value, "capacity", {"minimum", "maximum", "default"})
    numbers: list[int] = []
    for key in ("minimum", "maximum", "default"):
        number = capacity.get(key)
        # Azure's schema wants text here.
        if not isinstance(number, str) or not re.fullmatch(r"[1-9][0-9]{0,3}", number):
            raise Refused(f'capacity.{key} must be a whole number from 1 in quotation marks, such as "1".')
        numbers.append(int(number))
    minimum, maximum, default = numbers
    if maximum > MOST_INSTANCES:
        raise Refused(
            f"capacity.maximum is {maximum}, but {MOST_INSTANCES} instances with {POOL_PER_INSTANCE} connections each "
            f"are what the PostgreSQL server's {USER_CONNECTIONS} allow."
        )
    if not minimum <= default <= maximum:
        raise Refused("capacity must have minimum <= default <= maximum.")
    return minimum, maximum, default


def _rule(value: Any, place: str) -> Rule:
    rule = _object(value, place, {"metricTrigger", "scaleAction"})
    at = f"{place}.metricTrigger"
    trigger = _object(
        rule.get("metricTrigger"),
        at,
        {
            "metricName",
            "metricNamespace",
            "timeGrain",
            "statistic",
            "timeWindow",
            "timeAggregation",
            "operator",
            "threshold",
            "dividePerInstance",
        },
    )
    if trigger.get("metricName") != METRIC:
        raise Refused(f"{at}.metricName must be {METRIC}, the plan's metric.")
    # Without it autoscale stops reading the metric on Linux plans after some hours.
    if trigger.get("metricNamespace") != NAMESPACE:
        raise Refused(f"{at}.metricNamespace must be {NAMESPACE}, without which Azure stops reading the metric.")
    if trigger.get("dividePerInstance", False) is not False:
        raise Refused(f"{at}.dividePerInstance must be false: CPU is an average already.")
    threshold = trigger.get("threshold")
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float)) or not math.isfinite(threshold):
        raise Refused(f"{at}.threshold must be a number.")
    if not 0 <= threshold <= 100:
        raise Refused(f"{at}.threshold is {threshold}; CPU is from 0 to 100 percent.")
    grain = _duration(trigger, "timeGrain", at, 60, 60, "PT1M, since the metric comes once a minute")
    window = _duration(trigger, "timeWindow", at, 60, 12 * 3600, "from PT1M to PT12H")
    action_at = f"{place}.scaleAction"
    action = _object(rule.get("scaleAction"), action_at, {"direction", "type", "value", "cooldown"})
    step = action.get("value")
    if not isinstance(step, str) or not re.fullmatch(r"[1-9][0-9]{0,3}", step):
        raise Refused(f'{action_at}.value must be a whole number from 1 in quotation marks, such as "1".')
    return Rule(
        operator=_one_of(monitor.ComparisonOperationType, trigger, "operator", at),
        threshold=float(threshold),
        statistic=_one_of(monitor.MetricStatisticType, trigger, "statistic", at),
        time_grain=grain,
        time_window=window,
        time_aggregation=_one_of(monitor.TimeAggregationType, trigger, "timeAggregation", at),
        direction=_direction(action, action_at),
        change=_one_of(monitor.ScaleType, action, "type", action_at),
        value=step,
        cooldown=_duration(action, "cooldown", action_at, 60, 7 * 86400, "from PT1M to P7D"),
    )


def _direction(action: Mapping[str, Any], place: str) -> monitor.ScaleDirection:
    direction = _one_of(monitor.ScaleDirection, action, "direction", place)
    if direction is monitor.ScaleDirection.NONE:
        raise Refused(f"{place}.direction must be Increase or Decrease.")
    return direction


def _one_of(kind: type[Choice], fields: Mapping[str, Any], name: str, place: str) -> Choice:
    try:
        return kind(fields.get(name))
    except ValueError:
        accepted = ", ".join(choice.value for choice in kind)
        raise Refused(f"{place}.{name} must be one of {accepted}.") from None


def _duration(fields: Mapping[str, Any], name: str, place: str, least: int, most: int, accepted: str) -> str:
    value = fields.get(name)
    length = seconds(value) if isinstance(value, str) else None
    if not isinstance(value, str) or length is None:
        raise Refused(f"{place}.{name} must be an ISO 8601 duration {accepted}.")
    if not least <= length <= most:
        raise Refused(f"{place}.{name} is {value}; accepted: {accepted}.")
    return value


def seconds(duration: str) -> int | None:
    """The length of an ISO 8601 duration such as PT5M; nothing where it is none."""
    found = re.fullmatch(r"P(?:(\d{1,5})D)?(?:T(?=\d)(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,5})S)?)?", duration)
    if found is None:
        return None
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest

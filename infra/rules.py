"""Reads the autoscale rule file, which has Azure Monitor's own schema, and refuses what Azure would refuse.

The file is a profile, or a setting with profiles for certain times; `lab tune --out` and `lab rules --out` write both forms.
The simulator and the emulator use the same file, so this module changes no number: it checks the file and passes it on.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from pulumi_azure_native import monitor

MOST_RULES = 10
MOST_PROFILES = 20
# The properties of a setting that are read.
SETTING = {"name", "enabled", "profiles", "targetResourceUri", "targetResourceLocation", "notifications"}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NAMESPACE = "microsoft.web/serverfarms"
METRIC = "CpuPercentage"

# A B1ms server has 50 connections and reserves 15 for itself. Each instance opens up to ten, the role step one.
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


Part = TypeVar("Part", str, int)


class Refused(Exception):
    """One sentence about what is wrong in the file."""


@dataclass(frozen=True)
class Rule:
    """One rule, in Azure's form."""

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
class FixedDate:
    """The profile applies from one local time to another."""

    time_zone: str
    start: str
    end: str


@dataclass(frozen=True)
class Recurrence:
    """The profile applies after these local times of each week."""

    time_zone: str
    days: tuple[str, ...]
    hours: tuple[int, ...]
    minutes: tuple[int, ...]


@dataclass(frozen=True)
class Deployed:
    """One profile, in Azure's form."""

    name: str
    minimum: str
    maximum: str
    default: str
    rules: tuple[Rule, ...]
    schedule: FixedDate | Recurrence | None
    """When it applies; None if it applies when no other profile does."""


@dataclass(frozen=True)
class Profile:
    """The content of the file. For several profiles, all their rules and the widest limits."""

    name: str
    minimum: str
    maximum: str
    default: str
    rules: tuple[Rule, ...]
    text: str
    """The file's JSON without white space, which the app shows."""
    deployed: tuple[Deployed, ...]
    """The profiles, in the file's order."""


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
    profiles = _profiles(document, path.name)
    rules = tuple(dict.fromkeys(rule for profile in profiles for rule in profile.rules))
    if not rules:
        raise Refused("rules must be a list with at least one rule; otherwise nothing scales.")
    usual = next((profile for profile in profiles if profile.schedule is None), profiles[0])
    return Profile(
        name=", ".join(profile.name for profile in profiles),
        minimum=min((profile.minimum for profile in profiles), key=int),
        maximum=max((profile.maximum for profile in profiles), key=int),
        default=usual.default,
        rules=rules,
        text=text,
        deployed=profiles,
    )


def _profiles(document: Any, file: str) -> tuple[Deployed, ...]:
    """The profiles in a single profile, in a setting, or in a setting as Azure returns it."""
    top = _object(document, "the file")
    if "properties" in top:
        top = _object(top["properties"], "properties")
    if "profiles" not in top and {"name", "capacity", "rules"} & top.keys():
        return (_profile(top, "", None),)
    if not SETTING >= top.keys():
        raise Refused(
            "it is not a profile (name, capacity, rules) and has more fields than a setting's "
            f"{', '.join(sorted(SETTING))}; `target/quick/lab rules infra/{file} --out infra/{file}` writes it as one."
        )
    if top.get("enabled", True) is not True:
        raise Refused("enabled must be true; otherwise the rules are deployed but never act.")
    if top.get("notifications"):
        raise Refused("notifications are not deployed; remove them. The stack's alerts report failed actions.")
    items = _list(top.get("profiles"), "profiles")
    if not 1 <= len(items) <= MOST_PROFILES:
        raise Refused(f"profiles holds {len(items)} profiles; Azure takes from 1 to {MOST_PROFILES}.")
    target = top.get("targetResourceUri")
    profiles = tuple(_profile(item, f"profiles[{index}].", target) for index, item in enumerate(items))
    names = [profile.name for profile in profiles]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise Refused(f"profiles[{index}].name is {name!r}, which another profile has; give each its own name.")
    if sum(profile.schedule is None for profile in profiles) != 1:
        raise Refused("profiles must hold exactly one without fixedDate and recurrence: it applies when no other does.")
    return profiles


def _profile(value: Any, place: str, target: Any) -> Deployed:
    profile = _object(value, place.rstrip(".") or "the file", {"name", "capacity", "rules", "fixedDate", "recurrence"})
    name = profile.get("name")
    if not isinstance(name, str) or not name.strip():
        raise Refused(f"{place}name is missing or empty; give the profile a name.")
    schedule = _schedule(profile, place)
    if schedule and not place:
        raise Refused("a profile for certain times needs one for all others: put both into profiles of a setting.")
    minimum, maximum, default = _capacity(profile.get("capacity"), f"{place}capacity")
    items = _list(profile.get("rules"), f"{place}rules")
    if len(items) > MOST_RULES:
        raise Refused(f"{place}rules holds {len(items)} rules; Azure takes up to {MOST_RULES}.")
    rules = tuple(_rule(item, f"{place}rules[{index}]", target) for index, item in enumerate(items))
    return Deployed(name, str(minimum), str(maximum), str(default), rules, schedule)


def _schedule(profile: Mapping[str, Any], place: str) -> FixedDate | Recurrence | None:
    if profile.get("fixedDate") is not None:
        at = f"{place}fixedDate"
        if profile.get("recurrence") is not None:
            raise Refused(f"{at} and recurrence exclude each other; remove one.")
        dates = _object(profile["fixedDate"], at, {"timeZone", "start", "end"})
        return FixedDate(*(_text(dates, name, at) for name in ("timeZone", "start", "end")))
    if profile.get("recurrence") is None:
        return None
    recurrence = _object(profile["recurrence"], f"{place}recurrence", {"frequency", "schedule"})
    if recurrence.get("frequency") != "Week":
        raise Refused(f"{place}recurrence.frequency must be Week, the only one that Azure follows.")
    at = f"{place}recurrence.schedule"
    schedule = _object(recurrence.get("schedule"), at, {"timeZone", "days", "hours", "minutes"})
    return Recurrence(
        _text(schedule, "timeZone", at),
        _some(schedule, "days", at, DAYS),
        _some(schedule, "hours", at, range(24)),
        _some(schedule, "minutes", at, range(60)),
    )


def _text(fields: Mapping[str, Any], name: str, place: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"{place}.{name} is missing or empty.")
    return value


def _some(fields: Mapping[str, Any], name: str, place: str, accepted: Sequence[Part]) -> tuple[Part, ...]:
    values = _list(fields.get(name), f"{place}.{name}")
    for value in values:
        # In Python, True equals 1.
        if isinstance(value, bool) or value not in accepted:
            raise Refused(f"{place}.{name} holds {value!r}; accepted: from {accepted[0]} to {accepted[-1]}.")
    if not values:
        raise Refused(f"{place}.{name} is empty; give at least one.")
    return tuple(values)


def _list(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise Refused(f"{place} must be a list.")
    return cast(list[Any], value)


def _object(value: Any, place: str, names: set[str] | None = None) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Refused(f"{place} must be an object.")
    found = cast(dict[str, Any], value)
    for key in found:
        if names is not None and key not in names:
            raise Refused(f"{place} has a field {key!r}, which is not known here; Azure would ignore a misspelt field.")
    return found


def _capacity(value: Any, place: str) -> tuple[int, int, int]:
    capacity = _object(value, place, {"minimum", "maximum", "default"})
    numbers: list[int] = []
    for key in ("minimum", "maximum", "default"):
        number = capacity.get(key)
        # Azure's schema requires a string here.
        if not isinstance(number, str) or not re.fullmatch(r"[1-9][0-9]{0,3}", number):
            raise Refused(f'{place}.{key} must be a whole number from 1 in quotation marks, such as "1".')
        numbers.append(int(number))
    minimum, maximum, default = numbers
    if maximum > MOST_INSTANCES:
        raise Refused(
            f"{place}.maximum is {maximum}, but {MOST_INSTANCES} instances with {POOL_PER_INSTANCE} connections each "
            f"are what the PostgreSQL server's {USER_CONNECTIONS} allow."
        )
    if not minimum <= default <= maximum:
        raise Refused(f"{place} must have minimum <= default <= maximum.")
    return minimum, maximum, default


def _rule(value: Any, place: str, target: Any) -> Rule:
    rule = _object(value, place, {"metricTrigger", "scaleAction"})
    at = f"{place}.metricTrigger"
    trigger = _object(
        rule.get("metricTrigger"),
        at,
        {
            "metricName",
            "metricNamespace",
            "metricResourceUri",
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
    # Without it, autoscale stops reading the metric on Linux plans after some hours.
    if trigger.get("metricNamespace") != NAMESPACE:
        raise Refused(f"{at}.metricNamespace must be {NAMESPACE}, without which Azure stops reading the metric.")
    if trigger.get("metricResourceUri", target) != target:
        raise Refused(f"{at}.metricResourceUri must be the setting's targetResourceUri; the stack inserts its own plan there.")
    if trigger.get("dividePerInstance", False) is not False:
        raise Refused(f"{at}.dividePerInstance must be false, because CPU is already an average.")
    threshold = trigger.get("threshold")
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float)) or not math.isfinite(threshold):
        raise Refused(f"{at}.threshold must be a number.")
    if not 0 <= threshold <= 100:
        raise Refused(f"{at}.threshold is {threshold}; CPU is from 0 to 100 percent.")
    grain = _duration(trigger, "timeGrain", at, 60, 60, "PT1M, because the metric has one value per minute")
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
    """The length of an ISO 8601 duration such as PT5M; None if it is not a duration."""
    found = re.fullmatch(r"P(?:(\d{1,5})D)?(?:T(?=\d)(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,5})S)?)?", duration)
    if found is None:
        return None
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest

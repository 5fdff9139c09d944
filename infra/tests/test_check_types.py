"""The check against the REST specification finds wrong resources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from check_types import Specification

RESOURCE: dict[str, Any] = {
    "type": "Microsoft.Things/things",
    "apiVersion": "2026-01-01",
    "name": "one",
    "scope": "elsewhere",
    "properties": {"size": "Small", "count": 2, "parts": [{"id": "a"}]},
}

# The form of bicep-types-az: each type is an element, and a reference contains its number.
TYPES: list[dict[str, Any]] = [
    {"$type": "StringType"},
    {"$type": "StringLiteralType", "value": "Small"},
    {"$type": "StringLiteralType", "value": "Large"},
    {"$type": "UnionType", "elements": [{"$ref": "#/1"}, {"$ref": "#/2"}, {"$ref": "#/0"}]},
    {"$type": "IntegerType"},
    {"$type": "ObjectType", "name": "Part", "properties": {"id": {"type": {"$ref": "#/0"}, "flags": 1}}},
    {"$type": "ArrayType", "itemType": {"$ref": "#/5"}},
    {
        "$type": "ObjectType",
        "name": "ThingProperties",
        "properties": {
            "size": {"type": {"$ref": "#/3"}, "flags": 1},
            "count": {"type": {"$ref": "#/4"}, "flags": 0},
            "parts": {"type": {"$ref": "#/6"}, "flags": 0},
            "state": {"type": {"$ref": "#/0"}, "flags": 2},
        },
    },
    {
        "$type": "ObjectType",
        "name": "Thing",
        "properties": {
            "name": {"type": {"$ref": "#/0"}, "flags": 9},
            "type": {"type": {"$ref": "#/0"}, "flags": 10},
            "properties": {"type": {"$ref": "#/7"}, "flags": 1},
        },
    },
    {"$type": "ResourceType", "name": "Microsoft.Things/things@2026-01-01", "body": {"$ref": "#/8"}},
]


@pytest.fixture
def specification(tmp_path: Path) -> Specification:
    folder = tmp_path / "generated" / "things" / "microsoft.things" / "2026-01-01"
    folder.mkdir(parents=True)
    (folder / "types.json").write_text(json.dumps(TYPES))
    return Specification(tmp_path)


def test_a_resource_that_matches_the_specification_has_no_fault(specification: Specification) -> None:
    assert specification.faults(RESOURCE) == []
    # Azure ignores case in the name of a type.
    assert specification.faults(RESOURCE | {"type": "microsoft.things/Things"}) == []


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"size": "gte"}, "size: is 'gte'"),
    ({"sizes": "Small"}, "sizes: there is no such property"),
    ({"size": None}, "size: is None"),
    ({"count": "2"}, "count: is '2'"),
    ({"count": True}, "count: is True"),
    ({"state": "Ready"}, "state: is read-only"),
    ({"parts": [{}]}, "parts[0].id: is required"),
    ({"parts": {}}, "parts: must be a list"),
]


@pytest.mark.parametrize(("changed", "fault"), FAULTS)
def test_a_fault_is_found(specification: Specification, changed: dict[str, Any], fault: str) -> None:
    found = specification.faults(RESOURCE | {"properties": RESOURCE["properties"] | changed})
    assert len(found) == 1 and fault in found[0]


def test_an_unknown_type_or_version_is_a_fault(specification: Specification) -> None:
    for changed in ({"type": "Microsoft.Things/other"}, {"apiVersion": "2025-01-01"}, {"type": "Microsoft.Else/things"}):
        assert "no such resource type or API version" in specification.faults(RESOURCE | changed)[0]


def test_a_version_that_is_too_new_is_checked_against_the_previous_one_and_reported(specification: Specification) -> None:
    assert specification.faults(RESOURCE | {"apiVersion": "2026-06-01"}) == []
    assert specification.older == {"Microsoft.Things/things@2026-06-01": "2026-01-01"}

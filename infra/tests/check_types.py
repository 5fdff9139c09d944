"""Checks all resource types, API versions, properties and values that the stack sends against Azure's REST specification.

    PYTHONPATH=infra python infra/tests/check_types.py FOLDER

FOLDER is a copy of https://github.com/Azure/bicep-types-az, which contains the specification in a machine-readable form. The
SDK's types alone are not enough: some of its enums have the values of another API's enum of the same name.
Exit codes: 0 everything is in the specification; 1 something is not.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import arm
from conftest import CONFIGS, EVERYTHING
from recorder import run

Json = dict[str, Any]

REQUIRED, READ_ONLY = 1, 2
OF_TEMPLATES = ("scope", "dependsOn", "type", "apiVersion")


@dataclass
class Specification:
    """The types of one folder. A file is read at its first use."""

    folder: Path
    older: dict[str, str] = field(default_factory=dict[str, str])
    """What the folder does not have yet, with the latest version before it, which was used."""

    files: dict[Path, list[Json]] = field(default_factory=dict[Path, list[Json]])

    def faults(self, resource: Json) -> list[str]:
        """The parts of a template's resource that are not in the specification."""
        name = f"{resource['type']}@{resource['apiVersion']}"
        for version in reversed(self.versions(resource)):
            if version > resource["apiVersion"]:
                continue
            if version != resource["apiVersion"]:
                self.older[name] = version
            file, kind = self._find(resource["type"], version) or (None, None)
            if file and kind:
                # Without the members that a template adds to every resource, because the specification does not contain them.
                body = {key: value for key, value in resource.items() if key not in OF_TEMPLATES}
                body["name"] = body["name"].split("/")[-1]
                return [f"{name}{fault}" for fault in self._of_value(body, file, kind["body"], "")]
        return [f"{name}: there is no such resource type or API version"]

    def versions(self, resource: Json) -> list[str]:
        """The versions of the resource's provider, oldest first."""
        namespace = resource["type"].split("/")[0].lower()
        return sorted({file.parent.name for file in self.folder.glob(f"generated/*/{namespace}/*/types.json")})

    def _find(self, type_name: str, version: str) -> tuple[Path, Json] | None:
        namespace = type_name.split("/")[0].lower()
        for file in sorted(self.folder.glob(f"generated/*/{namespace}/{version}/types.json")):
            for kind in self._types(file):
                # Azure ignores case in the name of a type.
                if kind["$type"] == "ResourceType" and kind["name"].lower() == f"{type_name}@{version}".lower():
                    return file, kind
        return None

    def _types(self, file: Path) -> list[Json]:
        if file not in self.files:
            self.files[file] = json.loads(file.read_text(encoding="utf-8"))
        return self.files[file]

    def _of_value(self, value: Any, file: Path, reference: Json, at: str) -> list[str]:
        kind = self._types(file)[int(reference["$ref"].removeprefix("#/"))]
        match kind["$type"]:
            case "ObjectType":
                return self._of_object(value, file, kind, at)
            case "DiscriminatedObjectType":
                chosen = kind["elements"].get(value.get(kind["discriminator"]))
                if chosen is None:
                    return [f"{at}: {kind['discriminator']} is none of {', '.join(kind['elements'])}"]
                inner = self._types(file)[int(chosen["$ref"].removeprefix("#/"))]
                both = {**inner, "properties": {**kind["baseProperties"], **inner["properties"]}}
                return self._of_object(value, file, both, at)
            case "ArrayType":
                if not isinstance(value, list):
                    return [f"{at}: must be a list"]
                items = cast(list[Any], value)
                return [
                    fault
                    for index, item in enumerate(items)
                    for fault in self._of_value(item, file, kind["itemType"], f"{at}[{index}]")
                ]
            case "UnionType":
                return self._of_union(value, file, kind, at)
            case "StringLiteralType":
                return [] if value == kind["value"] else [f"{at}: is {value!r}, and must be {kind['value']!r}"]
            case simple:
                return _of_simple(value, simple, at)

    def _of_object(self, value: Any, file: Path, kind: Json, at: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{at}: must be an object"]
        found: list[str] = []
        fields, known = cast(Json, value), cast(Json, kind["properties"])
        for key, inner in fields.items():
            if key in known:
                if known[key]["flags"] & READ_ONLY:
                    found.append(f"{at}.{key}: is read-only")
                else:
                    found += self._of_value(inner, file, known[key]["type"], f"{at}.{key}")
            elif "additionalProperties" in kind:
                found += self._of_value(inner, file, kind["additionalProperties"], f"{at}.{key}")
            else:
                found.append(f"{at}.{key}: there is no such property")
        # The body was found by its type and version.
        missing = [
            key
            for key, one in known.items()
            if one["flags"] & REQUIRED and key not in fields and key not in ("type", "apiVersion")
        ]
        return found + [f"{at}.{key}: is required" for key in missing]

    def _of_union(self, value: Any, file: Path, kind: Json, at: str) -> list[str]:
        elements = [self._types(file)[int(one["$ref"].removeprefix("#/"))] for one in kind["elements"]]
        # An enum that may grow also accepts any text. Here, only its present values are accepted.
        literals = [one["value"] for one in elements if one["$type"] == "StringLiteralType"]
        if literals:
            return [] if value in literals else [f"{at}: is {value!r}, and must be one of {', '.join(literals)}"]
        tried = [self._of_value(value, file, one, at) for one in kind["elements"]]
        return min(tried, key=len)


def _of_simple(value: Any, kind: str, at: str) -> list[str]:
    expected: dict[str, tuple[type, ...]] = {
        "StringType": (str,),
        # Integers are Bicep's only numbers.
        "IntegerType": (int, float),
        "BooleanType": (bool,),
        "AnyType": (object,),
    }
    fits = isinstance(value, expected[kind]) and not (kind == "IntegerType" and isinstance(value, bool))
    return [] if fits else [f"{at}: is {value!r}, which is no {kind.removesuffix('Type').lower()}"]


def main(folder: str) -> int:
    """Checks the stack on both plans with all optional parts, prints the errors, and returns the exit code."""
    specification = Specification(Path(folder))
    templates = {plan: arm.template(run({**config, **EVERYTHING})) for plan, config in CONFIGS.items()}
    templates["role-step"] = arm.role_step()
    checked: dict[str, list[str]] = {}
    for template, content in templates.items():
        for resource in content["resources"]:
            name = f"{template} {resource['type']}@{resource['apiVersion']} {resource['name']}"
            checked[name] = specification.faults(resource)
    faults = [f"{name.split()[0]}: {fault}" for name, found in checked.items() for fault in found]
    for fault in faults:
        print(fault)
    for name, version in sorted(specification.older.items()):
        print(f"{name} is not in the folder, so {version} was used")
    kinds = {name.split()[1] for name in checked}
    print(f"{len(checked)} resources of {len(kinds)} types: {len(faults)} faults")
    return 1 if faults or not checked else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

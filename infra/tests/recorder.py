"""Runs the stack without Azure and records its requests.

Pulumi's mocks replace the engine. They check no value against Azure, so a passing test proves what the stack sends, not that
Azure accepts it.
"""

from __future__ import annotations

import runpy
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks
from pulumi.runtime import mocks as pulumi_mocks

INFRA = Path(__file__).resolve().parent.parent
STACK = "test"
SUBSCRIPTION = "00000000-0000-0000-0000-00000000000a"
TENANT = "00000000-0000-0000-0000-00000000000b"
DEPLOYER = "00000000-0000-0000-0000-00000000000c"
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
CONNECTION_STRING = "InstrumentationKey=insights;IngestionEndpoint=https://insights.example/"

Inputs = dict[str, Any]


@dataclass
class Resource:
    """One resource as the stack requested it from the engine."""

    kind: str
    name: str
    inputs: Inputs
    protect: bool = False
    ignore_changes: list[str] = field(default_factory=list[str])
    depends_on: list[str] = field(default_factory=list[str])


@dataclass
class Recorded:
    """A run of the stack."""

    resources: dict[str, Resource]
    outputs: dict[str, Any]

    def of(self, kind: str) -> list[Resource]:
        """All resources of a kind, such as `web:WebApp`."""
        return [found for found in self.resources.values() if found.kind == f"azure-native:{kind}"]

    def one(self, kind: str) -> Resource:
        """The only resource of a kind."""
        (found,) = self.of(kind)
        return found

    def app_settings(self) -> dict[str, str]:
        """The function app's settings by name."""
        pairs = cast(list[dict[str, str]], self.one("web:WebApp").inputs["siteConfig"]["appSettings"])
        assert len({pair["name"] for pair in pairs}) == len(pairs), "a setting occurs twice"
        assert all("value" in pair for pair in pairs), "a setting has no value"
        return {pair["name"]: pair["value"] for pair in pairs}


class Engine(Mocks):
    """Responds as Azure does to values that the stack reads back."""

    def __init__(self, login: Inputs) -> None:
        self.resources: dict[str, Resource] = {}
        self.login = login

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, Inputs]:
        inputs = cast(Inputs, cast(Any, args).inputs)
        self.resources[args.name] = Resource(args.typ, args.name, inputs)
        state = dict(inputs)
        for key in NAME_KEYS:
            if key in inputs:
                state["name"] = inputs[key]
        state.update(ANSWERS.get(args.typ.removeprefix("azure-native:"), {}))
        if "Identity" in args.typ:
            state |= {"principalId": f"{args.name}-principal", "clientId": f"{args.name}-client"}
        if args.typ == "azure-native:web:WebApp":
            # The request contains a list, the response a mapping.
            state["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {}}
            state["defaultHostName"] = f"{inputs['name']}.azurewebsites.net"
        return f"{args.name}_id", state

    def call(self, args: MockCallArgs) -> Any:
        # Any other call would read a key or a secret.
        assert args.token == "azure-native:authorization:getClientConfig", f"the stack calls {args.token}"
        return self.login


NAME_KEYS = (
    "resourceGroupName",
    "resourceName",
    "virtualNetworkName",
    "privateZoneName",
    "serverName",
    "accountName",
    "containerName",
    "name",
)

ANSWERS: dict[str, Inputs] = {
    "applicationinsights:Component": {"connectionString": CONNECTION_STRING},
    "dbforpostgresql:Server": {"fullyQualifiedDomainName": "server.postgres.example"},
    "operationalinsights:Workspace": {"customerId": "00000000-0000-0000-0000-00000000000d"},
}


def run(
    config: dict[str, str] | None = None,
    *,
    stack: str = STACK,
    login: Inputs | None = None,
    engine: Engine | None = None,
) -> Recorded:
    """Runs the stack with these settings. With an `engine`, it keeps the requests before an error."""
    person = {"clientId": AZURE_CLI, "objectId": DEPLOYER, "subscriptionId": SUBSCRIPTION, "tenantId": TENANT}
    engine = engine or Engine(person if login is None else login)
    pulumi.runtime.set_mocks(engine, project="elastic-visits", stack=stack, preview=False)
    pulumi.runtime.set_all_config(config or {})
    exported: dict[str, Any] = {}
    outputs: dict[str, Any] = {}

    def program() -> pulumi.Output[None]:
        runpy.run_path(str(INFRA / "__main__.py"), run_name="__main__")
        return pulumi.Output.all(**exported).apply(outputs.update)

    with _options_recorded(engine), _exports_into(exported):
        # Waits for the outputs and for all requests.
        cast(Any, pulumi.runtime).test(program)()
    return Recorded(engine.resources, outputs)


@contextmanager
def _options_recorded(engine: Engine) -> Generator[None]:
    """Mocks receive only a resource's inputs, so its options are taken from the request itself."""
    monitor: Any = pulumi_mocks.MockMonitor
    original = monitor.RegisterResource

    def register(self: Any, request: Any) -> Any:
        response = original(self, request)
        if request.name in engine.resources:
            resource = engine.resources[request.name]
            resource.protect = request.protect
            resource.ignore_changes = list(request.ignoreChanges)
            resource.depends_on = sorted({urn.rsplit("::", 1)[1] for urn in request.dependencies})
        return response

    monitor.RegisterResource = register
    try:
        yield
    finally:
        monitor.RegisterResource = original


@contextmanager
def _exports_into(exported: dict[str, Any]) -> Generator[None]:
    original = pulumi.export
    pulumi.export = exported.__setitem__
    try:
        yield
    finally:
        pulumi.export = original

"""The basis of every module: the settings, the names, and the resource group."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from naming import Names, names
from pulumi_azure_native import resources
from settings import Settings


@dataclass(frozen=True)
class Group:
    """The resource group with all resources, so that nothing is left after it is deleted."""

    settings: Settings
    names: Names
    resource: resources.ResourceGroup
    tags: dict[str, str]

    @property
    def name(self) -> pulumi.Output[str]:
        """The resource group's name."""
        return self.resource.name

    @property
    def location(self) -> str:
        """The region. It is set on every resource, because the provider would otherwise use its own settings."""
        return self.settings.location


def create(settings: Settings) -> Group:
    """Creates the resource group.

    It contains plans of one kind only, because Azure has refused premium-v3 and elastic-premium in one group and region
    ("webspace" conflicts). So the plan is part of the group's name.
    """
    named = names(settings.stack, settings.login.subscription_id)
    tags = {"project": "elastic-visits", "stack": settings.stack, "plan": settings.plan.value}
    resource = resources.ResourceGroup(
        "group",
        resource_group_name=named.of(f"{settings.plan.value}-rg"),
        location=settings.location,
        # A deployment from another machine or from GitHub finds the settings here (scripts/azure/stack_settings.py). Tags require
        # no commit, so a workflow with read access to the repository can deploy. They are deleted with the stack.
        tags=tags | {f"setting:{key}": value for key, value in settings.given.items()},
    )
    return Group(settings, named, resource, tags)

"""What every module starts from: the settings, the names and the resource group."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from naming import Names, names
from pulumi_azure_native import resources
from settings import Settings


@dataclass(frozen=True)
class Group:
    """The resource group that holds everything, so that nothing is left when it is gone."""

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
        """Where everything is. Every resource is told, since left out the provider would choose by its own settings."""
        return self.settings.location


def create(settings: Settings) -> Group:
    """Makes the resource group.

    It has a plan of its own kind only: premium-v3 and elastic-premium in one group and region have been refused by
    Azure ("webspace" conflicts), which is why the plan is part of the group's name.
    """
    named = names(settings.stack, settings.login.subscription_id)
    tags = {"project": "elastic-visits", "stack": settings.stack, "plan": settings.plan.value}
    resource = resources.ResourceGroup(
        "group",
        resource_group_name=named.of(f"{settings.plan.value}-rg"),
        location=settings.location,
        # A deployment from another machine or from GitHub finds the settings here (scripts/azure/stack_settings.py). Tags need no
        # commit, so a workflow with read access to the repository can deploy, and they go with the stack.
        tags=tags | {f"setting:{key}": value for key, value in settings.given.items()},
    )
    return Group(settings, named, resource, tags)

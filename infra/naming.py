"""The names of all resources, derived from the project, the stack, and the subscription.

The names contain no random part: the same stack in the same subscription has the same names after it was deleted and created
again, so scripts and bookmarks stay valid. This module requires no SDK, because scripts/azure/preflight.py uses it too.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """Each resource's name."""

    prefix: str
    unique: str
    """Eight characters for names that must be unique worldwide."""

    compact: str
    """The stack's name without hyphens, shortened for storage accounts."""

    subscription_id: str

    def of(self, what: str) -> str:
        """A name that must be unique only in the resource group."""
        return f"{self.prefix}-{what}"

    def worldwide(self, what: str) -> str:
        """A name that becomes part of an internet address."""
        return f"{self.prefix}-{what}-{self.unique}"

    def storage(self, what: str) -> str:
        """A storage account's name: up to 24 lower-case letters and digits."""
        return f"ev{what}{self.compact}{self.unique}"

    def uuid(self, *parts: str) -> str:
        """A UUID that stays the same, for resources that Azure names with a UUID, such as role assignments."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join((self.subscription_id, self.prefix, *parts))))


def names(stack: str, subscription: str) -> Names:
    """The names for a stack in a subscription."""
    unique = hashlib.sha256(f"{subscription}/{stack}".encode()).hexdigest()[:8]
    return Names(
        prefix=f"ev-{stack}",
        unique=unique,
        # 2 for "ev", up to 4 for the kind, and 8 for the unique part.
        compact=stack.replace("-", "")[:10],
        subscription_id=subscription,
    )

#!/usr/bin/env python3
"""Commands of scripts/deploy for the role step's site: this machine's public address, and the step's progress.

  role_step.py address        prints the IPv4 address, from DEPLOYER_ADDRESS or api.ipify.org, which az asks too
                              (azure-cli: command_modules/postgresql/utils/validators.py)
  role_step.py follow URL     shows the step's lines until it ends
  role_step.py delete         deletes the site, even if it may not exist, and waits until Azure reports that there is none

Exit codes of address and delete: 0 done; 1 failed. Of follow: 0 done; 1 failed; 3 not done in time; 4 the site refuses this address;
5 no response in time.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import shlex
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, cast

from commands import Commands, Failed, say

IPIFY = "https://api.ipify.org"
PAUSE_SECONDS = 1
# Access restrictions apply some seconds after the site is created.
REFUSED_SECONDS = 120
# A larger body does not come from the step.
LARGEST_BODY = 65536
# The number of checks after a deletion, the pause between them, and how many of them must find no site after a deployment was
# canceled: canceling does not stop a request that is creating the site at that moment.
LOOKS, LOOK_SECONDS, SETTLED_LOOKS = 16, 15, 5
# learn.microsoft.com/rest/api/resources/deployments/get#provisioningstate
ENDED = ("Succeeded", "Failed", "Canceled")
DONE, FAILED, LATE, REFUSED, SILENT = 0, 1, 3, 4, 5


def address() -> int:
    """Prints the address that Azure sees."""
    text = os.environ.get("DEPLOYER_ADDRESS", "")
    if not text:
        try:
            with urllib.request.urlopen(IPIFY, timeout=20) as answer:
                text = answer.read(64).decode("ascii", "replace").strip()
        except OSError as error:
            print(f"{IPIFY} does not respond: {error}", file=sys.stderr)
            return 1
    try:
        print(ipaddress.IPv4Address(text))
    except ValueError:
        print(f"{text!r} is not an IPv4 address", file=sys.stderr)
        return 1
    return 0


def ask(url: str) -> tuple[int, Any, str]:
    """The status, the body, and the address that Azure refused, if any. Status 0 means no connection."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, json.loads(answer.read(LARGEST_BODY)), ""
    except urllib.error.HTTPError as error:
        return error.code, {}, error.headers.get("x-ms-forbidden-ip", "")
    except (OSError, ValueError):
        return 0, {}, ""


def reported(progress: Any) -> list[str] | None:
    """The step's lines; None if the response does not come from the step."""
    lines: Any = cast(dict[str, Any], progress).get("lines") if isinstance(progress, dict) else None
    return [str(line) for line in cast(list[Any], lines)] if isinstance(lines, list) else None


def follow(url: str, seconds: float, silent_seconds: float) -> int:
    """Shows the progress until the step ends. Returns the exit code."""
    begun = time.monotonic()
    shown: list[str] = []
    answered = False
    while True:
        status, progress, refused = ask(f"{url}/health")
        waited = time.monotonic() - begun
        texts = reported(progress)
        if status == 200 and texts is not None:
            answered = True
            # The step returns only its last lines, so the lines that were already shown are at the beginning.
            known = next((count for count in range(len(texts), -1, -1) if shown[len(shown) - count :] == texts[:count]), 0)
            for line in texts[known:]:
                print(f"    {waited:4.0f} s  {line}", flush=True)
            shown = texts
            if progress.get("state") == "done":
                return DONE
            if progress.get("state") == "failed":
                return FAILED
        if status == 403 and waited > REFUSED_SECONDS:
            print(f"    the site refuses this machine's address {refused or '(unknown)'}", flush=True)
            return REFUSED
        if not answered and waited > silent_seconds:
            return SILENT
        if waited > seconds:
            return LATE
        time.sleep(PAUSE_SECONDS)


@dataclass(frozen=True)
class Site:
    """The site of the role step. Its deployment has the same name."""

    subscription: str
    group: str
    name: str

    @property
    def named(self) -> tuple[str, ...]:
        """The options that name the site, or its deployment."""
        return "--resource-group", self.group, "--name", self.name

    @property
    def deletion(self) -> tuple[str, ...]:
        """The command that deletes the site. By default, it would delete the plan with its last app (azure-cli: appservice/custom.py)."""
        return "az", "functionapp", "delete", *self.named, "--keep-empty-plan", "--subscription", self.subscription

    @property
    def url(self) -> str:
        """Its address in Azure Resource Manager."""
        path = f"/subscriptions/{self.subscription}/resourceGroups/{self.group}/providers/Microsoft.Web/sites/{self.name}"
        return f"https://management.azure.com{path}?api-version=2025-05-01"


def end_deployment(commands: Commands, site: Site) -> bool:
    """Cancels the deployment of the site if it is still running, and waits for its end. Returns whether it was running."""
    where = (*site.named, "--subscription", site.subscription)
    state = ("--query", "properties.provisioningState", "--output", "tsv")
    running = False
    for _ in range(LOOKS):
        try:
            if commands.text("Succeeded", "az", "deployment", "group", "show", *where, *state) in ENDED:
                break
            running = True
            commands.text("", "az", "deployment", "group", "cancel", *where)
        except Failed as failed:
            # There is no deployment, or no group. After a failed cancel, the next check shows the state.
            if "NotFound" in str(failed):
                break
        commands.wait(LOOK_SECONDS)
    return running


def exists(commands: Commands, site: Site) -> bool:
    """Whether the site exists. Raises `Failed` if Azure does not report it.

    The request is for the site itself, because lists of resources are updated only some time after a change.
    """
    try:
        commands.text("", "az", "rest", "--method", "get", "--url", site.url, "--query", "id", "--output", "tsv")
    except Failed as failed:
        if "ResourceNotFound" in str(failed) or "ResourceGroupNotFound" in str(failed):
            return False
        raise
    return not commands.dry_run


def delete(commands: Commands, site: Site) -> int:
    """Deletes the site. If that fails, shows what to do. Returns the exit code."""
    needed = SETTLED_LOOKS if end_deployment(commands, site) else 1
    absent = 0
    reason = ""
    for _ in range(LOOKS):
        reason = "the site still exists"
        try:
            commands.text("", *site.deletion)
        except Failed as failed:
            # Perhaps there was no site: the check decides.
            reason = str(failed)
        try:
            absent = 0 if exists(commands, site) else absent + 1
        except Failed as failed:
            absent, reason = 0, str(failed)
        if absent == needed:
            return DONE
        commands.wait(LOOK_SECONDS)
    say(f"\nDELETE THIS SITE, which has the identity of the database's administrator: {site.name}\n  {reason}\n  {shlex.join(site.deletion)}")
    return FAILED


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("address")
    following = commands.add_parser("follow")
    following.add_argument("url")
    following.add_argument("--seconds", type=float, default=900, help="how long to wait for the end")
    following.add_argument("--silent-seconds", type=float, default=300, help="how long to wait for the first answer")
    deleting = commands.add_parser("delete")
    for name in ("subscription", "group", "name"):
        deleting.add_argument(f"--{name}", required=True)
    deleting.add_argument("--dry-run", action="store_true")
    given = parser.parse_args()
    if given.command == "delete":
        return delete(Commands(given.dry_run), Site(given.subscription, given.group, given.name))
    if given.command == "address":
        return address()
    return follow(given.url, given.seconds, given.silent_seconds)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

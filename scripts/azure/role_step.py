#!/usr/bin/env python3
"""What scripts/deploy needs of the role step's site: this machine's public address, and the step's progress.

  role_step.py address        prints the IPv4 address, from DEPLOYER_ADDRESS or api.ipify.org, which az asks too
                              (azure-cli: command_modules/postgresql/utils/validators.py)
  role_step.py follow URL     shows the step's lines as they come until it ends

Exit codes of follow: 0 done, 1 failed, 3 not done in time, 4 the site refuses this address, 5 no answer yet in time.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import sys
import time
import urllib.error
import urllib.request
from typing import Any, cast

IPIFY = "https://api.ipify.org"
PAUSE_SECONDS = 1
# Access restrictions apply some seconds after the site is created.
REFUSED_SECONDS = 120
# A larger body is not the step's.
LARGEST_BODY = 65536
DONE, FAILED, LATE, REFUSED, SILENT = 0, 1, 3, 4, 5


def address() -> int:
    """Prints the address that Azure sees."""
    text = os.environ.get("DEPLOYER_ADDRESS", "")
    if not text:
        try:
            with urllib.request.urlopen(IPIFY, timeout=20) as answer:
                text = answer.read(64).decode("ascii", "replace").strip()
        except OSError as error:
            print(f"{IPIFY} does not answer: {error}", file=sys.stderr)
            return 1
    try:
        print(ipaddress.IPv4Address(text))
    except ValueError:
        print(f"{text!r} is no IPv4 address", file=sys.stderr)
        return 1
    return 0


def ask(url: str) -> tuple[int, Any, str]:
    """Status, body and the address that Azure refused, if it did. Status 0: no connection."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, json.loads(answer.read(LARGEST_BODY)), ""
    except urllib.error.HTTPError as error:
        return error.code, {}, error.headers.get("x-ms-forbidden-ip", "")
    except (OSError, ValueError):
        return 0, {}, ""


def reported(progress: Any) -> list[str] | None:
    """The step's lines; none where the answer is not the step's."""
    lines: Any = cast(dict[str, Any], progress).get("lines") if isinstance(progress, dict) else None
    return [str(line) for line in cast(list[Any], lines)] if isinstance(lines, list) else None


def follow(url: str, seconds: float, silent_seconds: float) -> int:
    """Shows the progress until the step ends; gives the exit code."""
    begun = time.monotonic()
    shown: list[str] = []
    answered = False
    while True:
        status, progress, refused = ask(f"{url}/health")
        waited = time.monotonic() - begun
        texts = reported(progress)
        if status == 200 and texts is not None:
            answered = True
            # The step shows its last lines only: what was shown is found again at their beginning.
            known = next((count for count in range(len(texts), -1, -1) if shown[len(shown) - count :] == texts[:count]), 0)
            for line in texts[known:]:
                print(f"    {waited:4.0f} s  {line}", flush=True)
            shown = texts
            if progress.get("state") == "done":
                return DONE
            if progress.get("state") == "failed":
                return FAILED
        if status == 403 and waited > REFUSED_SECONDS:
            print(f"    the site refuses this machine's address {refused or '(not told)'}", flush=True)
            return REFUSED
        if not answered and waited > silent_seconds:
            return SILENT
        if waited > seconds:
            return LATE
        time.sleep(PAUSE_SECONDS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("address")
    following = commands.add_parser("follow")
    following.add_argument("url")
    following.add_argument("--seconds", type=float, default=900, help="how long to wait for the end")
    following.add_argument("--silent-seconds", type=float, default=300, help="how long to wait for the first answer")
    given = parser.parse_args()
    if given.command == "address":
        return address()
    return follow(given.url, given.seconds, given.silent_seconds)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

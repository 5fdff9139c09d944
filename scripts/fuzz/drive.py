"""Fuzzes Elastic Visits against its own OpenAPI document.

The first pass tests the handler alone, with all checks. The second pass uses the same document through `lab up`, where no
response may be a 5xx. Each server uses a free port and SQLite in a temporary folder, and is stopped afterwards. The seed is
fixed, so that a failure can be repeated. scripts/test runs this program with the Python of target/fuzz-venv.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

SETTINGS = Path(__file__).resolve().with_name("schemathesis.toml")
# Seconds. A busy machine takes far longer than an idle one.
START_LIMIT = 60
STOP_LIMIT = 30
PASS_LIMIT = 900
RESPONSE_LIMIT = 30
SIDE_BY_SIDE = 4
SEED = 20261124


class Failed(Exception):
    """The error in one sentence."""


class Differs(Failed):
    """Wrong responses. The tool has already shown them, so the server's log is not needed."""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def environment(folder, **settings):
    """The environment of a server. Of the user's variables, only the paths and the language are passed on."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "SQLITE_PATH": str(folder / "visits.db"),
        "STRESS_MAX_SECONDS": "1",
        "LOG_FORMAT": "json",
    } | settings


def wait_until_live(process, url):
    deadline = time.monotonic() + START_LIMIT
    # The machine's proxy settings must not apply to a loopback address.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Failed(f"it ended with exit code {process.returncode} instead of serving")
        try:
            with opener.open(f"{url}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.05)
    raise Failed(f"{url}/health did not return 200 within {START_LIMIT} s")


@contextmanager
def server(command, url, env, folder, stop_signal):
    """Runs a server. It is also a failure if the server ends by itself, or does not end when it is told to."""
    log = folder / "log"
    with log.open("wb") as output:
        # In a separate session, Ctrl+C reaches only this script, which then stops the server.
        process = subprocess.Popen(
            command, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_until_live(process, url)
        yield
        if process.poll() is not None:
            raise Failed(f"the server ended by itself with exit code {process.returncode}")
        process.send_signal(stop_signal)
        try:
            code = process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            raise Failed(f"the server did not stop within {STOP_LIMIT} s") from None
        if code not in (0, 128 + signal.SIGINT):
            raise Failed(f"the server stopped with exit code {code}")
    except Differs:
        raise
    except Failed:
        lines = log.read_text(errors="replace").splitlines()
        print("\n".join(["The server's last lines:", *lines[-20:]]), file=sys.stderr)
        raise
    finally:
        if process.poll() is None:
            # `lab up` needs the time to stop the handler.
            process.send_signal(stop_signal)
            try:
                process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def fuzz_command(url, seed, examples, *options):
    return [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS)),
        *("run", f"{url}/api/openapi.json"),
        *("--seed", str(seed), "--generation-database", "none"),
        *("--max-examples", str(examples), "--mode", "all", "--request-timeout", "60"),
        # The Functions host checks keys. Neither of the two servers requires one here.
        *("--exclude-checks", "ignored_auth"),
        *("--continue-on-failure", "--no-color", "--warnings", "off"),
        *options,
    ]


def without_proxies():
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


def fuzz(url, folder, examples, *options):
    command = fuzz_command(url, SEED, examples, *options)
    env = without_proxies()
    try:
        code = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, timeout=PASS_LIMIT).returncode
    except subprocess.TimeoutExpired:
        raise Failed(f"the pass took longer than {PASS_LIMIT} s") from None
    if code != 0:
        raise Differs("the responses listed above differ from the document")


def handler_alone(app, folder):
    port = free_port()
    env = environment(folder, FUNCTIONS_CUSTOMHANDLER_PORT=str(port), INSTANCE_ID="fuzz")
    url = f"http://127.0.0.1:{port}"
    with server([app / "handler"], url, env, folder, signal.SIGTERM):
        fuzz(url, folder, 100, "--checks", "all", "--max-response-time", str(RESPONSE_LIMIT))


def through_the_host(app, lab, folder):
    port = free_port()
    command = [lab, "up", "--script-root", app, "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with server(command, url, environment(folder), folder, signal.SIGINT):
        # The host refuses paths and methods without a function, and its responses differ from the document.
        phases = ("--phases", "examples,coverage,fuzzing")
        fuzz(url, folder, 25, "--checks", "not_a_server_error", *phases)


def requests_answered(url):
    """The number of requests that the server counts. It does not count probes."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/api/metrics", timeout=RESPONSE_LIMIT) as answer:
        return json.load(answer)["requests_total"]


def long_run(app, folder, wanted):
    """Runs passes until the server has answered this many requests. Each pass has its own seed, and some run at the same time.

    The passes are processes instead of the tool's own threads, because Python 3.11's parser sometimes fails in them. The
    coverage phase sends the same requests for every seed, and scripts/test sends them anyway.
    """
    port = free_port()
    settings = {"FUNCTIONS_CUSTOMHANDLER_PORT": str(port), "INSTANCE_ID": "fuzz", "STRESS_MAX_SECONDS": "0.1"}
    url = f"http://127.0.0.1:{port}"
    # The first thousand requests are enough for the other checks.
    checks = "not_a_server_error,status_code_conformance"
    options = ("--phases", "fuzzing", "--checks", checks, "--max-response-time", str(RESPONSE_LIMIT))
    running = {}
    with server([app / "handler"], url, environment(folder) | settings, folder, signal.SIGTERM):
        seed, answered, told = SEED, 0, time.monotonic()
        try:
            while answered < wanted or running:
                while answered < wanted and len(running) < SIDE_BY_SIDE:
                    output = tempfile.TemporaryFile(dir=folder)
                    command = fuzz_command(url, seed, 500, *options)
                    running[seed] = output, subprocess.Popen(
                        command, cwd=folder, env=without_proxies(), stdin=subprocess.DEVNULL, stdout=output, stderr=output
                    )
                    seed += 1
                time.sleep(0.5)
                for number, (output, process) in list(running.items()):
                    if process.poll() is None:
                        continue
                    del running[number]
                    if process.returncode != 0:
                        output.seek(0)
                        print(output.read().decode(errors="replace"))
                        raise Differs(f"the responses listed above, with seed {number}, differ from the document")
                answered = requests_answered(url)
                if time.monotonic() - told > 10:
                    print(f"{answered} of {wanted} requests answered", flush=True)
                    told = time.monotonic()
        finally:
            for _, process in running.values():
                process.terminate()
                process.wait()
    print(f"{answered} requests answered as documented, seeds {SEED} to {seed - 1}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--app", required=True, type=Path, metavar="DIR", help="the function app folder")
    parser.add_argument("--lab", type=Path, metavar="PATH", help="the lab binary; without it, only the handler is fuzzed")
    parser.add_argument(
        "--requests", type=int, metavar="N", help="fuzz only the handler, until it has answered N requests"
    )
    args = parser.parse_args()
    # SIGTERM must unwind like Ctrl+C, because the server would otherwise continue to run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    app = args.app.resolve()
    passes = [("the handler alone", lambda folder: handler_alone(app, folder))]
    if args.requests:
        passes = [("the handler for a long time", lambda folder: long_run(app, folder, args.requests))]
    elif args.lab:
        lab = args.lab.resolve()
        passes.append(("through lab up", lambda folder: through_the_host(app, lab, folder)))
    failures = 0
    for name, run in passes:
        print(f"Fuzzing {name} ...", flush=True)
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="elastic-visits-fuzz-") as folder:
            try:
                run(Path(folder))
            except Failed as failure:
                failures += 1
                print(f"Fuzzing {name} failed: {failure}.", file=sys.stderr, flush=True)
        print(f"Fuzzing {name} took {time.monotonic() - start:.0f} s", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

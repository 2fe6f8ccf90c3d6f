"""A real Dagster: web server, daemon and code server of one workspace, as `make ui` starts them.

Belongs here: starting and stopping it, and asking its GraphQL as its UI does. Does not belong here: tests.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg

from orchestration.dagster_graph.instance import open_instance
from orchestration.dagster_graph.specs import CLOSE_DATES
from orchestration.prepare import ensure_manifest
from orchestration.workspace import REPO, Workspace

LOCATION = {
    "repositoryLocationName": "orchestration.definitions",
    "repositoryName": "__repository__",
}
_POLL_SECONDS = 0.5
# On a loaded machine it takes a minute and more to start.
_START_SECONDS = 300

_LAUNCH = """
mutation ($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""
_SWITCH_ON = """
mutation ($selector: SensorSelector!) {
  startSensor(sensorSelector: $selector) {
    __typename
    ... on Sensor { name sensorState { status } }
    ... on PythonError { message }
  }
}
"""


@dataclass(frozen=True)
class DagsterServer:
    """A running Dagster: `url` is that of its UI, `instance` its history."""

    ws: Workspace
    url: str
    instance: dg.DagsterInstance

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of a GraphQL answer; fails the test with its errors."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"{self.url}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def launch_backfill(self, dates: Sequence[date], assets: Sequence[dg.AssetKey]) -> str:
        """Launch a backfill over partitions, as the UI's button does; returns its id."""
        self.instance.add_dynamic_partitions(str(CLOSE_DATES.name), [str(day) for day in dates])
        params = {
            "partitionNames": [str(day) for day in dates],
            "assetSelection": [{"path": list(key.path)} for key in assets],
        }
        launched = self.ask(_LAUNCH, params=params)["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        return str(launched["backfillId"])

    def switch_on(self, sensor: str) -> None:
        """Switch a sensor on."""
        started = self.ask(_SWITCH_ON, selector={**LOCATION, "sensorName": sensor})["startSensor"]
        assert started["sensorState"]["status"] == "RUNNING", started


def wait_for(look: Callable[[], Any], seconds: float) -> Any:
    """The first true answer of `look`; fails the test after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"nothing came within {seconds} s"
        time.sleep(_POLL_SECONDS)


@contextmanager
def running_dagster(ws: Workspace, variables: Mapping[str, str]) -> Iterator[DagsterServer]:
    """Start Dagster on `ws`, with environment `variables` besides; it is stopped with all its processes."""
    ensure_manifest(ws)
    instance = open_instance(ws)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folders = {
        f"METERHOUSE_{name.upper()}": str(getattr(ws, name))
        for name in ("catalog", "landing", "warehouse", "published")
    }
    command = [sys.executable, "-m", "dagster", "dev", "-m", "orchestration.definitions"]
    log = ws.warehouse.parent / "dagster.log"
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=REPO,
            env={**os.environ, **folders, **variables, "DAGSTER_HOME": str(ws.dagster_home)},
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    server = DagsterServer(ws, f"http://127.0.0.1:{port}", instance)

    def is_up() -> bool:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            found = server.ask("{ repositoriesOrError { __typename } }")["repositoriesOrError"]
        except OSError:
            return False
        return bool(found["__typename"] == "RepositoryConnection")

    try:
        wait_for(is_up, _START_SECONDS)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            # How it stops is Dagster's own; on a busy machine it may take minutes.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

"""Runs that failed while nobody watched: where they are written down, and who is told.

Belongs here: the file of failed runs, and the command that notifies. Does not belong here: noticing that a run failed
(`dagster_graph.failures`), and what failed closes say of themselves (`control.closes`).

The file lies beside the warehouse, not in it: a run may have failed because the warehouse cannot be opened.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import subprocess
from datetime import datetime
from pathlib import Path

from orchestration.workspace import Workspace

NOTIFY_VARIABLE = "METERHOUSE_ON_FAILURE"
_NOTIFY_SECONDS = 60


@dataclasses.dataclass(frozen=True)
class Failure:
    """A run that failed: when (UTC), which job and run, of which close dates (as text), at which step, and why."""

    failed_at: datetime
    job: str
    run_id: str
    close_dates: tuple[str, ...]
    step: str
    message: str

    def sentence(self) -> str:
        """For example `close of 2026-01-01 failed at 2026-01-02 00:15:09 UTC in drafts: 1 model failed`."""
        of_dates = f" of {', '.join(self.close_dates)}" if self.close_dates else ""
        where = f" in {self.step}" if self.step else ""
        at = self.failed_at.strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"{self.job}{of_dates} failed at {at}{where}: {self.message}"


def failures_file(ws: Workspace) -> Path:
    """Where failed runs of `ws` are written down: one JSON object per line, the last one last."""
    return ws.warehouse / "failures.jsonl"


def write_down(ws: Workspace, failure: Failure) -> None:
    """Add `failure` to the file."""
    ws.warehouse.mkdir(parents=True, exist_ok=True)
    with failures_file(ws).open("a", encoding="utf-8") as file:
        file.write(json.dumps(dataclasses.asdict(failure), default=str) + "\n")


def written_down(ws: Workspace) -> list[Failure]:
    """The failed runs of `ws`, the first one first; a line that somebody spoilt is passed over."""
    try:
        lines = failures_file(ws).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            read = json.loads(line)
            read["failed_at"] = datetime.fromisoformat(read["failed_at"])
            read["close_dates"] = tuple(read["close_dates"])
            found.append(Failure(**read))
        except (ValueError, KeyError, TypeError):
            continue
    return found


def notify(failure: Failure) -> str | None:
    """Run the command of `$METERHOUSE_ON_FAILURE` with the failure's sentence on stdin, if there is one.

    Returns:
        What went wrong with the command, or None. A failed run must not fail once more because nobody could be told.
    """
    command = os.environ.get(NOTIFY_VARIABLE, "").strip()
    if not command:
        return None
    try:
        done = subprocess.run(
            shlex.split(command),
            input=failure.sentence() + "\n",
            text=True,
            capture_output=True,
            timeout=_NOTIFY_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return f"{NOTIFY_VARIABLE}: {error}"
    if done.returncode:
        return f"{NOTIFY_VARIABLE}: exit code {done.returncode}: {done.stderr.strip()[:500]}"
    return None

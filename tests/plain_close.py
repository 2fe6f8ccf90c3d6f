"""Closes without Dagster around them: the very steps, three CPU-seconds less each.

Belongs here: closing a company whose bills are what a test looks at. Does not belong here: what Dagster is told of a
close (`test_dagster`), and closes by the command (`test_cli`, `test_readme`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from unittest.mock import patch

from orchestration import close, close_steps
from orchestration.close import Reporter
from orchestration.close_steps import Clock, CloseReport, utc_now
from orchestration.workspace import Workspace


def close_through(
    ws: Workspace, through: date, reporter: Reporter | None = None, *, clock: Clock = utc_now
) -> Sequence[CloseReport]:
    """As `orchestration.close.close_through`."""

    def without_dagster(
        ws: Workspace, _inputs: object, clock: Clock
    ) -> Callable[[date], CloseReport]:
        return lambda due_date: close_steps.close_one(ws, due_date, clock)

    with patch.object(close, "_dagster_close", without_dagster):
        return close.close_through(ws, through, reporter, clock=clock)

"""Closes without Dagster around them, in which dbt's statements are repeated without dbt: a third of the time.

Belongs here: closing a company whose bills are what a test looks at. Does not belong here: what Dagster is told of a
close (`test_dagster`), what dbt makes of the project (`test_close`), and closes by the command
(`test_cli`, `test_readme`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date
from unittest.mock import patch

import yaml

from orchestration import backfill as backfilling
from orchestration import close, close_steps
from orchestration.close import Reporter
from orchestration.close_steps import Clock, CloseReport, utc_now
from orchestration.errors import Refused
from orchestration.statistics.run import CHECKS
from orchestration.statistics.thresholds import NAME
from orchestration.warehouse import connect
from orchestration.workspace import Workspace
from tests.replayed_dbt import REPLAYED


def close_through(
    ws: Workspace,
    through: date,
    reporter: Reporter | None = None,
    *,
    clock: Clock = utc_now,
    may_hold: bool = False,
    has_statistics: bool = False,
) -> Sequence[CloseReport]:
    """As `orchestration.close.close_through`; what is held is a fault of the test unless it `may_hold`.

    Made-up amounts are unusual: statistical checks are off unless a test `has_statistics`.
    """
    if not has_statistics:
        _switch_statistics_off(ws)
    with _without_dagster(), REPLAYED.patched(ws.warehouse_file):
        reports = close.close_through(ws, through, reporter, clock=clock)
    if not may_hold and any(report.held_count for report in reports):
        with connect(ws) as con:
            held = con.execute("select document_key, check_names from issued.holds").fetchall()
        raise Refused(f"documents are held: {held}")
    return reports


def close_date(
    ws: Workspace, due_date: date, reporter: Reporter | None = None, *, clock: Clock = utc_now
) -> Sequence[CloseReport]:
    """As `orchestration.close.close_date`."""
    with _without_dagster(), REPLAYED.patched(ws.warehouse_file):
        return close.close_date(ws, due_date, reporter, clock=clock)


def backfill(ws: Workspace, first: date, last: date, reporter: Reporter, *, clock: Clock) -> None:
    """As `orchestration.backfill.backfill`."""
    with _without_dagster(), REPLAYED.patched(ws.warehouse_file):
        backfilling.backfill(ws, first, last, reporter, clock=clock)


def _switch_statistics_off(ws: Workspace) -> None:
    off = {check.name: {"is_on": False} for check in CHECKS}
    (ws.catalog / NAME).write_text(yaml.safe_dump(off), encoding="utf-8")


def _without_dagster() -> AbstractContextManager[object]:
    def closing(ws: Workspace, _inputs: object, clock: Clock) -> Callable[[date], CloseReport]:
        return lambda due_date: close_steps.close_one(ws, due_date, clock)

    return patch.object(close, "_dagster_close", closing)

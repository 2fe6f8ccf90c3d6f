"""A company that is made for its periods alone: plans, customers and subscriptions, and the schedule of one due check.

Belongs here: writing it, and reading what a due check through a date would bill. Does not belong here: usage, closes,
and expected periods.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from orchestration.catalog import load_catalog
from orchestration.close_run import due_dates
from orchestration.dbt_runner import SCHEDULE_MODEL
from orchestration.migrate import init
from orchestration.prepare import prepare_views
from orchestration.warehouse import connect
from orchestration.workspace import Workspace
from tests.small_company import write_company

Rows = Mapping[str, Sequence[Mapping[str, str]]]


@dataclass(frozen=True, order=True)
class Scheduled:
    """One period: local dates [start, end), those that count until `billable_end`, and naive UTC instants."""

    subscription_id: str
    fee_family: str
    start: date
    end: date
    billable_end: date
    days: int
    period_days: int
    starts_at: datetime
    ends_at: datetime
    due_on: date


def write_periods_company(folder: Path, rows: Rows) -> Workspace:
    """The small company without usage, with these tables (by file, as `accounts/customers`) instead of its own."""
    ws = write_company(folder)
    replaced = {"prices/charges": [], "prices/charge_tiers": [], "tax/customer_taxes": [], **rows}
    replaced |= {"credits/wallets": [], "credits/wallet_lots": []}
    for name, table in replaced.items():
        file = ws.catalog / f"{name}.csv"
        header = list(dict.fromkeys(column for row in table for column in row))
        if not table:
            header = file.read_text(encoding="utf-8").splitlines()[0].split(",")
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, header, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(table)
    return ws


def schedule(ws: Workspace, through: date) -> list[Scheduled]:
    """The periods that one due check of `through` finds, in order, those that begin by then and are not due yet too."""
    init(ws)
    load_catalog(ws)
    prepare_views(ws)
    with connect(ws) as con:
        due_dates(con, through)
        found = con.execute(
            f"""
            select
                subscription_id, fee_family, period_start_date, period_end_date, billable_end_date, days, period_days,
                period_starts_at, period_ends_at, due_date
            from subscriptions.{SCHEDULE_MODEL}
            """
        ).fetchall()
    return sorted(Scheduled(*row) for row in found)

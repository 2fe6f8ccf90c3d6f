"""The small company with credit for two and a half months, whose second close holds what a check names.

Belongs here: closing with a check that finds fault with the invoices of chosen payers. Does not belong here: what is
decided about them (`test_holds`), and checks that trip by themselves
(`test_credits_together`, `test_statistics`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from unittest.mock import patch

from orchestration import close_steps
from orchestration.close_steps import CloseReport
from orchestration.dbt_runner import DbtResult
from orchestration.warehouse import connect
from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.plain_close import close_date, close_through
from tests.small_company import FIRST_CLOSE, clock, write_company

CHECK = "invoice_totals_add_up"


@contextmanager
def naming(*payers: str) -> Iterator[None]:
    """Let the check `CHECK` find the invoices of `payers`: no close of ours breaks it."""
    build = close_steps._run_drafts

    def tripped(ws: Workspace) -> DbtResult:
        result = build(ws)
        listed = ", ".join(f"'{payer}'" for payer in payers) or "null"
        with connect(ws) as con:
            con.execute("create schema if not exists tripped")
            con.execute(
                "create or replace table tripped.offenders as select document_key, total_amount"
                f" from settlement.fct_invoices where payer_customer_id in ({listed})"
            )
            ((count,),) = con.execute("select count(*) from tripped.offenders").fetchall()
        nodes = tuple(
            replace(node, status="fail", failures=count, relation_name="tripped.offenders")
            if node.name == CHECK and count
            else node
            for node in result.nodes
        )
        return replace(result, nodes=nodes, success=not count)

    with patch.object(close_steps, "_run_drafts", tripped):
        yield


def close(ws: Workspace, through: date, *held: str) -> Sequence[CloseReport]:
    """Close through a date; the invoices of the payers `held` are."""
    with naming(*held):
        return close_through(ws, through, clock=clock, may_hold=True)


def close_again(ws: Workspace, due_date: date, *held: str) -> str:
    """Compute a published close again as it was judged; returns the outcome."""
    with naming(*held):
        (report,) = close_date(ws, due_date, clock=clock)
    return report.outcome


def begun(folder: Path, amount: str = "250", expires_on: str = "") -> ClosedCompany:
    """The company after its first close, which holds nothing; `amount` is what the lot of atlas had."""
    ws = write_company(folder)
    (ws.catalog / "credits/wallet_lots.csv").write_text(
        "lot_id,wallet_id,lot_kind,amount,granted_on,expires_on\n"
        f"lot_atlas,wallet_atlas,granted,{amount},2025-10-01,{expires_on}\n",
        encoding="utf-8",
    )
    close_through(ws, FIRST_CLOSE, clock=clock)
    return ClosedCompany(ws)


def add_usage(ws: Workspace, name: str, *instants: str) -> None:
    """Calls of atlas, as a new file."""
    lines = (
        {
            "transaction_id": f"{name}-{number}",
            "external_subscription_id": "ext_atlas",
            "code": "calls",
            "timestamp": instant,
            "properties": {},
        }
        for number, instant in enumerate(instants)
    )
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    (ws.landing / f"{name}.jsonl").write_text(text, encoding="utf-8")

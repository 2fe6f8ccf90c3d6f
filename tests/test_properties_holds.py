"""Random customers whose documents are held, released and discarded: what is issued in the end is what is owed.

Belongs here: random checks and decisions over the closes of random histories. Does not belong here: the histories and
what is owed (`test_properties_adjustments`), and single holds by hand (`test_holds`).

What is owed does not depend on what was held: a release issues what was judged, and what a discard takes back the next
closes bill. Two more closes without holds come after all is decided, the first for what waited for another document.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from unittest.mock import patch

import pytest

from orchestration import close_steps
from orchestration.dbt_runner import DbtResult
from orchestration.holds import decisions
from orchestration.warehouse import connect
from orchestration.workspace import Workspace
from tests.adjustments_check import LATER, HistoryCompany, differences, write_histories
from tests.held_company import CHECK
from tests.oracle.draw import draw_histories
from tests.oracle.random_histories import CLOSE_DATES, SUBSCRIPTIONS, History
from tests.plain_close import close_through

EXAMPLES = 75
EXAMPLES_DEEP = 150
SEEDS_DEEP = (2, 3)
POLICY = ("adjustment_days", "adjustment_minimum_amount")
# How many of the documents of a close are named by a check, and how many holds are decided before the next close.
NAMED_SHARE = 0.3
DECIDED_SHARE = 0.6
AFTERWARDS = (date(2025, 5, 1), date(2025, 6, 1))


@contextmanager
def naming_some(random: Random) -> Iterator[None]:
    """Let the check `CHECK` find some documents of every close: a forged result, as no close of ours breaks it."""
    build = close_steps._run_drafts

    def tripped(ws: Workspace) -> DbtResult:
        result = build(ws)
        with connect(ws) as con:
            keys = con.execute(
                "select document_key from settlement.fct_invoices"
                " union all select document_key from settlement.fct_credit_notes order by 1"
            ).fetchall()
            named = [key for key in keys if random.random() < NAMED_SHARE]
            con.execute("create schema if not exists tripped")
            con.execute("create or replace table tripped.offenders (document_key varchar)")
            con.executemany("insert into tripped.offenders values (?)", named)
        return replace(
            result,
            success=False,
            nodes=tuple(
                replace(
                    node,
                    status="fail",
                    failures=len(named),
                    relation_name="tripped.offenders",
                )
                if node.name == CHECK
                else node
                for node in result.nodes
            ),
        )

    with patch.object(close_steps, "_run_drafts", tripped):
        yield


def decide(ws: Workspace, random: Random, share: float) -> Counter[str]:
    """Release or discard about `share` of the holds that can be decided; says how often each."""
    found: Counter[str] = Counter()
    with connect(ws) as con:
        held = decisions.active_holds(con)
    for hold in held:
        # What follows another hold is decided with that one.
        if hold.follows or random.random() >= share:
            continue
        decision: Callable[..., decisions.Decision] = random.choice(
            (decisions.release, decisions.discard)
        )
        # Dated as its close, by which the comparison tells corrections apart.
        done = decision(ws, hold.name, "A. Lovelace", "Seen", decided_on=hold.close_date)
        found[done.outcome] += 1
        found["followed"] += len(done.discarded) - (done.outcome == "discarded")
    return found


def close_holding(company: HistoryCompany, random: Random) -> tuple[Workspace, list[list[date]]]:
    """Close once a month with holds and decisions, then without; says on which dates each catalog was closed."""
    folder = company.folder
    ws = Workspace.resolve(
        catalog=folder / "known_catalog",
        landing=folder / "landing",
        warehouse=folder / "warehouse",
        published=folder / "published",
    )
    pending = close_steps.pending_dates
    decided: Counter[str] = Counter()

    def close(day: date) -> list[date]:
        last = lambda of, through, _=None: pending(of, through)[-1:]  # noqa: E731
        with patch.object(close_steps, "pending_dates", last):
            reports = close_through(ws, day, clock=lambda: LATER, may_hold=True)
        return [report.close_date for report in reports]

    close_dates = []
    for day, catalog, batch in zip(CLOSE_DATES, company.catalogs, company.batches, strict=True):
        shutil.copytree(catalog, ws.catalog, dirs_exist_ok=True)
        shutil.copytree(batch, ws.landing / batch.name)
        with naming_some(random):
            close_dates.append(close(day))
        decided += decide(ws, random, 1 if day == CLOSE_DATES[-1] else DECIDED_SHARE)
    assert min(decided[kind] for kind in ("released", "discarded", "followed")) > 0, decided
    for day in AFTERWARDS:
        close_dates[-1] += close(day)
    with connect(ws) as con:
        assert decisions.active_holds(con) == []
    return ws, close_dates


def depends_on_when_it_is_billed(history: History) -> bool:
    """Whether what is owed depends on when a period is billed first, which a discard changes.

    A fixed charge in advance stays whole if an end, or another plan, is known only later. A start that is known to be
    another moves the bounds of what is not billed yet.
    """
    first, last = history.catalogs[0], history.catalogs[-1]
    is_in_advance = any(
        row.get("is_pay_in_advance") == "true" for row in last.get("prices/fixed_charges", ())
    )
    names = {row["external_subscription_id"] for row in last[SUBSCRIPTIONS]}
    is_cut = len(names) < len(last[SUBSCRIPTIONS]) or any(
        row["ended_at"] for row in last[SUBSCRIPTIONS]
    )
    starts = [
        {(row["subscription_id"], row["started_at"]) for row in rows[SUBSCRIPTIONS]}
        for rows in (first, last)
    ]
    return (is_in_advance and is_cut) or not starts[0] <= starts[1]


def without_policy(history: History) -> History:
    """The history on plans that correct all: a policy leaves out corrections, not what a discard bills anew."""
    catalogs = tuple(
        {
            **rows,
            "prices/plans": [row | dict.fromkeys(POLICY, "") for row in rows["prices/plans"]],
        }
        for rows in history.catalogs
    )
    return replace(history, catalogs=catalogs)


def holds_change_nothing_owed(folder: Path, count: int, seed_number: int) -> None:
    drawn = draw_histories(count=count, seed_number=seed_number)
    histories = [without_policy(one) for one in drawn if not depends_on_when_it_is_billed(one)]
    assert len(histories) >= count / 3
    company = write_histories(folder, histories)
    ws, close_dates = close_holding(company, Random(seed_number))
    assert differences(ws, company.owed(close_dates)) == []


def test_what_was_held_is_issued_as_it_is_owed(tmp_path: Path) -> None:
    holds_change_nothing_owed(tmp_path, EXAMPLES, 1)


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed_number", SEEDS_DEEP)
def test_what_was_held_of_many_is_issued_as_it_is_owed(tmp_path: Path, seed_number: int) -> None:
    holds_change_nothing_owed(tmp_path, EXAMPLES_DEEP, seed_number)

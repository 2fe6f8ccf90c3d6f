"""Months locked for accounting: what is refused where, what stays on record, and who is told.

The small company: monthly in arrears, so that October is billed on 2025-11-01 and November on 2025-12-01.
"""

from __future__ import annotations

import importlib
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from typer.testing import CliRunner

from orchestration import close_run
from orchestration.accounting_locks import (
    LOCK,
    UNLOCK,
    AccountingLock,
    change_lock,
    locked_months,
    parse_month,
    recorded_locks,
)
from orchestration.cli import app
from orchestration.close_steps import build_drafts, publish_drafts
from orchestration.errors import BadInput, Refused
from orchestration.health import signs
from orchestration.holds.decisions import release
from orchestration.look import status
from orchestration.warehouse import connect
from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.held_company import close
from tests.plain_close import close_date, close_through
from tests.replayed_dbt import REPLAYED
from tests.small_company import (
    FIRST_CLOSE,
    SECOND_CLOSE,
    clock,
    published_bytes,
    small_company,  # noqa: F401  a fixture
)

DECEMBER = date(2025, 12, 1)
REFUSAL = "No document may be dated 2025-12-01: 2025-12 is locked, by J. Kent on 2026-06-01 .audit."


def lock(ws: Workspace, month: date = DECEMBER, action: str = LOCK) -> AccountingLock:
    return change_lock(ws, month, action, by="J. Kent", reason="audit", clock=clock)


def run(ws: Workspace, *arguments: str) -> tuple[int, str]:
    """Run a command in this process; returns its exit code and what it printed, or the error's text."""
    folders = ("catalog", "landing", "warehouse", "published")
    options = [f"--{name}={getattr(ws, name)}" for name in folders]
    result = CliRunner().invoke(app, [*arguments, *options])
    return result.exit_code, result.output + str(result.exception or "")


def issued_counts(company: ClosedCompany) -> list[tuple[int, int, int]]:
    return company.warehouse(
        "select (select count(*) from issued.publications), (select count(*) from issued.invoices),"
        " (select count(*) from issued.billed_periods)"
    )


def test_a_close_in_a_locked_month_is_refused_until_it_is_opened(
    small_company: ClosedCompany,  # noqa: F811
    tmp_path: Path,
) -> None:
    company = small_company.copy(tmp_path)
    ws = company.workspace
    before, files = issued_counts(company), published_bytes(company)
    lock(ws)

    # Early: nothing is computed, and no close is on record as failed.
    with patch(
        "orchestration.close_steps.run_dbt", side_effect=AssertionError("drafts were built")
    ):
        with pytest.raises(Refused, match=REFUSAL):
            close_through(ws, SECOND_CLOSE, clock=clock)
    assert company.warehouse("select close_date, status from control.closes") == [
        (FIRST_CLOSE, "published")
    ]
    # A date after it waits as well: closes are made in order.
    with pytest.raises(Refused, match=REFUSAL):
        close_through(ws, date(2026, 1, 1), clock=clock)
    # What is published may be computed again: nothing is dated anew.
    assert close_date(ws, FIRST_CLOSE, clock=clock)[0].outcome == "unchanged"

    # Again in publication's transaction: a lock that comes between drafts and publication holds.
    with patch.object(close_run, "refuse_locked"), REPLAYED.patched(ws.warehouse_file):
        build_drafts(ws, SECOND_CLOSE, clock)
    with pytest.raises(Refused, match=REFUSAL):
        publish_drafts(ws, SECOND_CLOSE, clock)
    assert issued_counts(company) == before
    assert published_bytes(company) == files
    assert company.finance("select * from accounting_locks") == []

    lock(ws, action=UNLOCK)
    (report,) = close_through(ws, SECOND_CLOSE, clock=clock)
    assert (report.outcome, report.invoice_count) == ("published", 2)
    # Finance reads both rows since the publication after them.
    columns = "lock_number, locked_month, action, recorded_by, reason, recorded_at, close_date"
    recorded = datetime(2026, 6, 1)
    assert company.finance(f"select {columns} from accounting_locks order by 1") == [
        (1, DECEMBER, "lock", "J. Kent", "audit", recorded, SECOND_CLOSE),
        (2, DECEMBER, "unlock", "J. Kent", "audit", recorded, SECOND_CLOSE),
    ]
    # Each is shown once, whatever is published later.
    lock(ws)
    close_through(ws, date(2026, 1, 1), clock=clock)
    assert company.finance("select lock_number, close_date from accounting_locks order by 1") == [
        (1, SECOND_CLOSE),
        (2, SECOND_CLOSE),
        (3, date(2026, 1, 1)),
    ]


def test_a_document_of_another_date_is_refused_too(
    small_company: ClosedCompany,  # noqa: F811
    tmp_path: Path,
) -> None:
    """Publication asks the rows themselves, whatever dated them."""
    company = small_company.copy(tmp_path)
    ws = company.workspace
    lock(ws, date(2026, 1, 1))
    with REPLAYED.patched(ws.warehouse_file):
        build_drafts(ws, SECOND_CLOSE, clock)
    # By its path the function of that name is found, which the package exports.
    publication = importlib.import_module("orchestration.publish.append")
    dated = publication.append_documents

    def as_released(con: Any, kind: Any, source: str, sequence: int, version: str) -> None:
        dated(con, kind, source, sequence, version)
        con.execute(
            f"update issued.{kind.table} set issue_date = date '2026-01-09' where publication_sequence = ?",
            [sequence],
        )

    before = issued_counts(company)
    with patch.object(publication, "append_documents", as_released):
        with pytest.raises(Refused, match="dated 2026-01-09: 2026-01 is locked"):
            publish_drafts(ws, SECOND_CLOSE, clock)
    assert issued_counts(company) == before


def test_a_release_is_dated_by_its_day_and_refused_in_a_locked_month(
    small_company: ClosedCompany,  # noqa: F811
    tmp_path: Path,
) -> None:
    company = small_company.copy(tmp_path)
    ws = company.workspace
    close(ws, SECOND_CLOSE, "borea")
    lock(ws, date(2026, 1, 1))
    before = issued_counts(company)
    with pytest.raises(Refused, match="dated 2026-01-09: 2026-01 is locked"):
        release(ws, "H-1", "J. Kent", "Confirmed", date(2026, 1, 9))
    assert issued_counts(company) == before
    assert release(ws, "H-1", "J. Kent", "Confirmed", date(2026, 2, 2)).numbers


def test_locks_are_kept_in_order_and_the_last_row_of_a_month_decides(tmp_path: Path) -> None:
    ws = Workspace.resolve(warehouse=tmp_path / "warehouse", published=tmp_path / "published")
    lock(ws, date(2025, 11, 1))
    lock(ws)
    with pytest.raises(Refused, match=r"2025-12 is locked already, by J\. Kent on 2026-06-01"):
        lock(ws)
    lock(ws, action=UNLOCK)
    with pytest.raises(Refused, match="2025-12 is not locked; `meterhouse locks` lists"):
        lock(ws, action=UNLOCK)
    with connect(ws, read_only=True) as con:
        rows = recorded_locks(con)
    assert [(row.lock_number, row.month_name, row.action) for row in rows] == [
        (1, "2025-11", "lock"),
        (2, "2025-12", "lock"),
        (3, "2025-12", "unlock"),
    ]
    assert list(locked_months(rows)) == [date(2025, 11, 1)]


def test_only_a_month_that_has_ended_can_be_locked(tmp_path: Path) -> None:
    ws = Workspace.resolve(warehouse=tmp_path / "warehouse", published=tmp_path / "published")

    def last_instant() -> datetime:
        return datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)

    with pytest.raises(Refused, match="2025-12 has not ended in UTC; lock it from 2026-01-01 on"):
        change_lock(ws, DECEMBER, LOCK, by="kent", reason=None, clock=last_instant)
    assert not ws.warehouse_file.exists()
    just_after = datetime(2026, 1, 1, tzinfo=UTC)
    assert change_lock(ws, DECEMBER, LOCK, by="kent", reason=None, clock=lambda: just_after)


@pytest.mark.parametrize("text", ["2025-13", "2025-1", "2025-11-01", "november", "2025-00", ""])
def test_a_month_is_written_as_year_and_month(text: str) -> None:
    with pytest.raises(BadInput, match="is not a month; write it as 2025-11"):
        parse_month(text)


def test_the_commands_lock_warn_list_and_open(
    small_company: ClosedCompany,  # noqa: F811
    tmp_path: Path,
) -> None:
    company = small_company.copy(tmp_path)
    ws = company.workspace
    # Locked while November's close is due on 2025-12-01: that is said at once.
    code, said = run(ws, "lock-month", "2025-12", "--by", "J. Kent", "--reason", "books [closed]")
    assert code == 0
    assert "2025-12 is locked by J. Kent." in said
    assert "Due by its end and not closed: 2025-12-01." in said
    code, said = run(ws, "locks")
    assert code == 0
    assert "books [closed]" in said
    assert "Locked now: 2025-12." in said
    assert json.loads(run(ws, "locks", "--json")[1])["locked_months"] == ["2025-12"]

    assert status.read(ws)["locked_months"] == ["2025-12"]
    told = {sign.subject: sign for sign in signs(ws, datetime(2026, 1, 2, tzinfo=UTC))}
    assert told["locks"].state == "warning"
    assert told["locks"].text == (
        "2025-12-01 is due and not closed, and 2025-12 is locked: no close goes past it"
    )

    code, said = run(ws, "unlock-month", "2025-12", "--by", "J. Kent")
    assert code == 2
    assert "--reason" in said
    code, said = run(ws, "unlock-month", "2025-12", "--by", " ", "--reason", "missed a close")
    assert "--by is empty" in said
    code, said = run(ws, "unlock-month", "2025-12", "--by", "Lane", "--reason", "missed a close")
    assert (code, said) == (0, "2025-12 is open again, by Lane: missed a close\n")
    assert "No month is locked now." in run(ws, "locks")[1]

    # A month whose dates are closed is locked without a word more.
    answer = json.loads(run(ws, "lock-month", "2025-11", "--by", "Lane", "--json")[1])
    assert (answer["lock"]["lock_number"], answer["unclosed_dates"]) == (3, [])
    told = {sign.subject: sign for sign in signs(ws, datetime(2025, 12, 1, tzinfo=UTC))}
    assert (told["locks"].state, told["locks"].text) == ("ok", "1 month locked, the last 2025-11")


def test_a_warehouse_without_locks_says_so(tmp_path: Path) -> None:
    ws = Workspace.resolve(warehouse=tmp_path / "warehouse", published=tmp_path / "published")
    with connect(ws) as con:
        con.execute("create table of_an_older_release (x integer)")
    assert run(ws, "locks") == (0, "No month was ever locked.\n")

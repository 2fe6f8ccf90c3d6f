"""Credit notes where something goes wrong: crashes, an older warehouse, and rows that must never be published.

Belongs here: publication and its checks, on copies of one company. Does not belong here: amounts (`test_credit_notes`).
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.catalog.findings import ERROR
from orchestration.catalog.load import check_catalog
from orchestration.close_run import published_run, set_run_of
from orchestration.dbt_runner import run_dbt
from orchestration.errors import Refused
from orchestration.migrate import init
from orchestration.publish.append import check_numbers, check_rows
from orchestration.publish.digest import drafts_digest
from orchestration.publish.tables import DRAFTS, LATER_DRAFTS
from orchestration.warehouse import connect
from tests.conftest import ClosedCompany
from tests.notes_company import (
    BILLED,
    ENDED,
    LAST,
    UPGRADED,
    NotesCompany,
    clock,
    end_subscriptions,
    notes_company,  # noqa: F401  a fixture
)
from tests.plain_close import close_date, close_through
from tests.small_company import published_bytes

NOTES = (
    "select credit_note_number, document_hash from credit_notes"
    " where issue_date = date '2025-02-22' order by 1"
)


def parquet_of_the_close(company: ClosedCompany) -> dict[str, bytes]:
    files = published_bytes(company).items()
    return {name: data for name, data in files if name.endswith("2025-02-22-1.parquet")}


def test_notes_are_published_once_whatever_a_crash_left(
    notes_company: NotesCompany,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    company = notes_company.billed.copy(tmp_path)
    end_subscriptions(company)
    close_through(company.workspace, UPGRADED, clock=clock)

    def crash(*_: object) -> None:
        raise Refused("pulled the plug")

    with monkeypatch.context() as patched:
        # All rows are appended, and the row that makes them visible is not.
        patched.setattr(sys.modules["orchestration.publish.append"], "append_publication", crash)
        with pytest.raises(Refused, match="pulled the plug"):
            close_through(company.workspace, ENDED, clock=clock)
    assert company.warehouse("select count(*) from issued.credit_notes") == [(0,)]
    (report,) = close_through(company.workspace, ENDED, clock=clock)
    assert (report.close_date, report.credit_note_count) == (ENDED, 8)
    # As if killed after the transaction: what is issued has no files yet.
    shutil.rmtree(company.workspace.published)
    assert close_through(company.workspace, ENDED, clock=clock) == []
    expected = notes_company.at_last
    assert company.finance(NOTES) == expected.finance(NOTES)
    assert parquet_of_the_close(company) == parquet_of_the_close(expected)


def as_the_release_before_left_it(company: ClosedCompany) -> None:
    """Take away what this release adds to a warehouse; no note has been issued in it."""
    with connect(company.workspace) as con:
        con.execute("drop schema finance cascade")
        for table in ("issued.credit_note_taxes", "issued.credit_note_uses", "issued.payments"):
            con.execute(f"drop table {table}")
        con.execute("drop table catalog.payments")
        con.execute("alter table issued.invoice_taxes drop column is_own_rate")
        for column in ("draw_number", "credit_note_document_key", "credit_note_number"):
            con.execute(f"alter table issued.credit_movements drop column {column}")
        con.execute("alter table catalog.subscriptions drop column on_termination")
        for column in ("close_date", "subscription_id", "invoice_prefix", "returned_amount"):
            con.execute(f"alter table issued.credit_notes drop column {column}")
        for column in ("subscription_id", "description", "price_details", "currency"):
            con.execute(f"alter table issued.credit_note_lines drop column {column}")
    (company.workspace.published / "finance.duckdb").unlink()


@pytest.mark.deep
def test_an_older_warehouse_gives_back_what_it_billed(
    notes_company: NotesCompany,  # noqa: F811
    tmp_path: Path,
) -> None:
    company = notes_company.billed.copy(tmp_path)
    as_the_release_before_left_it(company)
    report = init(company.workspace)
    assert "issued.credit_note_uses" in report.created
    assert "issued.credit_notes.subscription_id" in report.added_columns
    (reproduced,) = close_date(company.workspace, BILLED, clock=clock)
    assert reproduced.outcome == "unchanged"
    end_subscriptions(company)
    assert [found for found in check_catalog(company.workspace) if found.severity == ERROR] == []
    close_through(company.workspace, ENDED, clock=clock)
    assert company.finance(NOTES) == notes_company.at_last.finance(NOTES)


def test_closes_without_notes_have_the_digest_that_older_releases_wrote(
    notes_company: NotesCompany,  # noqa: F811
    tmp_path: Path,
) -> None:
    company = notes_company.billed.copy(tmp_path)
    with connect(company.workspace) as con:
        digest = drafts_digest(con)
        con.execute("begin")
        for table in LATER_DRAFTS:
            con.execute(f"drop table {DRAFTS[table]}")
            con.execute(f"create view {DRAFTS[table]} as select 1 as other where false")
        assert drafts_digest(con) == digest
        con.execute("rollback")
    assert company.warehouse(
        "select drafts_digest from issued.publications where close_sequence = 2"
    ) == [(digest,)]


@pytest.fixture
def changed(notes_company: NotesCompany, tmp_path: Path) -> ClosedCompany:  # noqa: F811
    """A copy as it was when its last close was judged: the drafts stand, and issued is what came before."""
    company = notes_company.at_last.copy(tmp_path)
    with connect(company.workspace) as con:
        run = published_run(con, LAST)
        assert run is not None
        set_run_of(con, run)
    return company


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("update issued.credit_notes set number_index = 14 where number_index = 12", "Credit note numbers of eu"),
        (
            "update issued.credit_notes set credit_note_number = 'EU-000001' where number_index = 1",
            "EU-000001 would be given twice",
        ),
        (
            "update issued.credit_note_lines set credit_note_number = null where publication_sequence = 4",
            "credit note line would belong to no document",
        ),
        (
            "update issued.credit_note_uses set credit_note_number = null where publication_sequence = 4",
            "use of a credit note would belong to no document",
        ),
        (
            "update issued.credit_note_uses set amount = amount + 0.01 where credit_note_number = 'EU-CN-000001'",
            "More than the credit of EU-CN-000001 would be used",
        ),
    ],
)  # fmt: skip
def test_what_would_be_wrong_does_not_leave_the_transaction(
    changed: ClosedCompany, damage: str, message: str
) -> None:
    with connect(changed.workspace) as con:
        check(con)
        con.execute(damage)
        with pytest.raises(Refused, match=message):
            check(con)


def check(con: duckdb.DuckDBPyConnection) -> None:
    check_numbers(con)
    check_rows(con, 4)


def test_checks_name_notes_that_do_not_add_up(changed: ClosedCompany) -> None:
    """The last close has two notes, and its invoices use older ones."""
    assert failed_tests(changed) == set()
    with connect(changed.workspace) as con:
        con.execute("update settlement.fct_credit_note_lines set amount = amount + 0.01")
        con.execute("update settlement.fct_credit_note_taxes set tax_amount = tax_amount - 1")
        con.execute("update settlement.fct_credit_notes set credit_amount = credit_amount + 1")
        con.execute("update settlement.fct_credit_note_uses set amount = 6.01 where amount = 6")
    assert failed_tests(changed) >= {
        "credited_lines_sum_to_subtotal",
        "credited_taxes_sum_to_tax",
        "credit_notes_add_up",
        "note_uses_sum_to_credit_note_amount",
        "chk_credit_notes_overdrawn",
        "chk_lines_credited_above_amount",
    }


def test_a_note_of_another_payer_or_currency_is_named(changed: ClosedCompany) -> None:
    with connect(changed.workspace) as con:
        con.execute(
            "update issued.credit_notes set payer_customer_id = 'late' where number_index = 1"
        )
        con.execute("update issued.credit_notes set currency = 'JPY' where number_index = 10")
    assert failed_tests(changed, "chk_credit_notes_overdrawn") == {"chk_credit_notes_overdrawn"}
    with connect(changed.workspace) as con:
        rows = con.execute("select count(*) from checks.chk_credit_notes_overdrawn").fetchall()
    assert rows == [(2,)]


def failed_tests(company: ClosedCompany, select: str = "group:settlement") -> set[str]:
    result = run_dbt(
        company.workspace, ["test", "--select", select, "--exclude-resource-type", "unit_test"]
    )
    assert result.nodes, result.exception
    return {node.name for node in result.not_ok}

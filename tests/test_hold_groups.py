"""Which documents are held together, what a check must say to name one, and the commands that list and decide.

Belongs here: closures over links, offending rows, and the command line. Does not belong here: amounts (`test_holds`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration import gate, gate_checks
from orchestration.cli import app
from orchestration.holds.groups import documents_in, group_documents, held_documents
from tests.conftest import ClosedCompany
from tests.held_company import CHECK, begun, close
from tests.small_company import SECOND_CLOSE


@pytest.mark.parametrize(
    ("named", "links", "groups"),
    [
        ([], [("a", "b", True)], []),
        (["b"], [("a", "b", True)], [["a", "b"]]),
        # A note draws in the invoice that it pays, not the other way round.
        (["note"], [("note", "invoice", False)], [["invoice", "note"]]),
        (["invoice"], [("note", "invoice", False)], [["invoice"]]),
        # Two notes that pay one invoice are held with it, and so together.
        (["n1", "n2"], [("n1", "i", False), ("n2", "i", False)], [["i", "n1", "n2"]]),
        (["c", "x"], [("a", "b", True), ("b", "c", True)], [["a", "b", "c"], ["x"]]),
        # What a third draws in joins two groups that were apart.
        (
            ["a", "c", "z"],
            [("a", "b", True), ("c", "d", True), ("z", "b", False), ("z", "d", False)],
            [["a", "b", "c", "d", "z"]],
        ),
    ],
)
def test_groups_are_closed_over_links(
    named: Sequence[str], links: Sequence[tuple[str, str, bool]], groups: Sequence[Sequence[str]]
) -> None:
    assert group_documents(named, links) == groups


@pytest.fixture
def drafts() -> duckdb.DuckDBPyConnection:
    """A payer with two subscriptions on one invoice, a note for one of them, and a one-off invoice."""
    con = duckdb.connect()
    con.execute("create schema settlement")
    con.execute("create schema issued")
    con.execute("create table issued.holds (hold_sequence integer, document_key varchar)")
    con.execute("create table issued.hold_ends (hold_sequence integer)")
    for table, rows in {
        "fct_invoices (document_key)": "('i1'), ('i2'), ('one_off')",
        "fct_credit_notes (document_key, invoice_number)": "('n1', 'US-1')",
        "fct_settled_lines (document_key, subscription_id, original_invoice_number)": (
            "('i1', 's1', null), ('i1', 's2', null), ('i2', 's3', null), ('one_off', null, null)"
        ),
        "fct_credit_note_lines (document_key, subscription_id)": "('n1', 's2')",
        "fct_credit_note_uses (document_key, credit_note_document_key)": "('i2', 'n1')",
    }.items():
        name, _, columns = table.partition(" ")
        con.execute(
            f"create table settlement.{name} as select * from (values {rows}) as rows_now {columns}"
        )
    return con


def test_a_subscription_and_a_use_of_a_note_hold_documents_together(
    drafts: duckdb.DuckDBPyConnection,
) -> None:
    held = held_documents(drafts, {"i1": ["b", "a"]})
    assert [(one.document_key, one.group, one.check_names) for one in held] == [
        ("i1", 1, "a,b"),
        ("i2", 1, None),
        ("n1", 1, None),
    ]
    assert [one.document_key for one in held_documents(drafts, {"one_off": ["a"]})] == ["one_off"]


def test_what_names_a_held_document_follows_it(drafts: duckdb.DuckDBPyConnection) -> None:
    drafts.execute("insert into issued.holds values (-4, 'US-1')")
    held = held_documents(drafts, {})
    assert {one.document_key: one.follows for one in held} == {"i1": None, "i2": None, "n1": -4}
    drafts.execute("insert into issued.hold_ends values (-4)")
    assert held_documents(drafts, {}) == ()


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ("select 'i1' as document_key union all select 'i1'", ("i1",)),
        ("select 'n1' as document_key, 7 as amount union all select 'i2', 8", ("i2", "n1")),
        ("select 'i1' as document_key union all select null", ()),
        ("select 'i1' as document_key union all select 'US-1'", ()),
        ("select 'i1' as invoice_number", ()),
    ],
)
def test_a_check_names_documents_only_if_every_row_names_a_draft(
    drafts: duckdb.DuckDBPyConnection, rows: str, named: tuple[str, ...]
) -> None:
    drafts.execute(f"create table offenders as {rows}")
    assert documents_in(drafts, "offenders") == named


def test_rows_that_stand_twice_refuse_the_close(drafts: duckdb.DuckDBPyConnection) -> None:
    drafts.execute("create table offenders as select 'i1' as document_key")
    check = gate_checks.Check("test.unique", "unique", "settlement", True, "Twice.")
    outcome = gate.CheckOutcome(check, "fail", 1, "offenders", "")
    assert gate._documents_of(drafts, outcome) == ("i1",)
    structural = replace(outcome, check=replace(check, is_structural=True))
    assert gate._documents_of(drafts, structural) == ()


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    held = begun(tmp_path_factory.mktemp("hold_commands"))
    close(held.workspace, SECOND_CLOSE, "atlas", "borea")
    return held


def run(company: ClosedCompany, *arguments: str) -> str:
    ws = company.workspace
    folders = [
        f"--{name}={getattr(ws, name)}" for name in ("catalog", "landing", "warehouse", "published")
    ]
    outcome = CliRunner().invoke(app, [*arguments, *folders], catch_exceptions=False)
    assert outcome.exit_code == 0
    return outcome.stdout


def test_the_commands_list_release_and_discard(company: ClosedCompany, tmp_path: Path) -> None:
    copy = company.copy(tmp_path)
    listed = run(copy, "holds")
    assert "H-1   2025-12-01  atlas" in listed
    assert "USD 101.52" in listed
    assert CHECK in listed
    assert "meterhouse release H-1 --by NAME --reason TEXT" in listed

    said = run(copy, "release", "H-2", "--by", "A", "--reason", "Fine", "--on", "2026-01-05")
    # The close published nothing; October had US-000001 and US-000002.
    assert said == "H-2 is published: US-000003.\n"
    key = "invoice/2025-12-01/us/atlas/USD/subscription"
    decided = json.loads(run(copy, "discard", key, "--by", "B", "--reason", "Wrong", "--json"))
    assert decided == {
        "hold": "H-1",
        "outcome": "discarded",
        "documents": [key],
        "numbers": [],
        "discarded": ["H-1"],
    }
    assert run(copy, "holds") == "No document is held.\n"
    rows = json.loads(run(copy, "holds", "--all", "--json"))
    assert [(row["hold"], row["state"], row["decided_by"]) for row in rows] == [
        ("H-1", "discarded", "B"),
        ("H-2", "released", "A"),
    ]
    assert copy.finance(
        "select invoice_number, issue_date from invoices where close_date = date '2025-12-01'"
    ) == [("US-000003", date(2026, 1, 5))]


def test_a_workspace_without_a_warehouse_holds_nothing(tmp_path: Path) -> None:
    folders = [f"--{name}={tmp_path / name}" for name in ("catalog", "landing", "warehouse")]
    outcome = CliRunner().invoke(app, ["holds", *folders])
    assert outcome.stdout == "No document is held.\n"

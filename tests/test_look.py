"""What a person reads of an invoice: the statement as drawn, and answers where there is nothing to draw."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from orchestration.errors import BadInput
from orchestration.look import credit_notes, invoice, invoices
from tests.conftest import ClosedCompany
from tests.small_company import small_company  # noqa: F401


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def edit(company: ClosedCompany, sql: str, *values: str) -> None:
    with duckdb.connect(str(company.workspace.published / "finance.duckdb")) as con:
        con.execute(sql, list(values))


def test_the_statement_shows_lines_tiers_credit_and_amount_due(small_company, capsys) -> None:  # noqa: F811
    invoice.show(small_company.workspace, "US-000001")
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for expected in (
        "│ Example Inc. Invoice US-000001 │",
        "│ to Atlas issued 1 November 2025 │",
        "│ order PO-1 due 1 December 2025 │",
        "API calls 1 Oct – 31 Oct 2025 2 0.01 0.02",
        "Tokens 1 Oct – 31 Oct 2025 1,501 0.001666222518 2.50",
        "to 1,000 1,000 0.002 2",
        "above 1,000 501 0.001 0.501",
        "Total 101.52",
        "Prepaid credit lot_atlas (0.00 left) -50.00",
        "Amount due USD 51.52",
    ):
        assert expected in lines, expected


def test_json_gives_money_as_text(small_company, capsys) -> None:  # noqa: F811
    invoice.show(small_company.workspace, "US-000001", as_json=True)
    shown = json.loads(capsys.readouterr().out, parse_float=lambda text: pytest.fail(text))
    assert shown["invoice"]["amount_due"] == "51.52"
    invoices.show(small_company.workspace, as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["invoice_number"] == "US-000001"


@pytest.mark.parametrize("text", ["API calls [eu]", "API calls [/x]", "[bold]API calls"])
def test_brackets_in_a_name_are_shown_as_written(small_company, tmp_path, capsys, text) -> None:  # noqa: F811
    company = small_company.copy(tmp_path)
    edit(company, "update invoice_lines set description = ?", text)
    edit(company, "update customers set customer_name = ?", "Atlas [/b] Ltd")
    invoice.show(company.workspace, "US-000001")
    out = capsys.readouterr().out
    assert text in out
    assert "Atlas [/b] Ltd" in out
    invoices.show(company.workspace)
    assert "Atlas [/b] Ltd"[:8] in capsys.readouterr().out


def test_an_unknown_number_names_its_neighbours(small_company) -> None:  # noqa: F811
    with pytest.raises(BadInput, match="did you mean US-000001"):
        invoice.show(small_company.workspace, "US-00001")


def test_a_broken_file_is_one_line(small_company, tmp_path: Path) -> None:  # noqa: F811
    company = small_company.copy(tmp_path)
    (company.workspace.published / "finance.duckdb").write_bytes(b"not a database")
    with pytest.raises(BadInput, match="cannot be read") as refusal:
        invoices.show(company.workspace)
    assert "\n" not in str(refusal.value)


def test_a_note_of_progressive_billing_says_what_was_billed_too_much(capsys) -> None:
    line = {
        "description": "Calls",
        "cause": "progressive_billing",
        "subscription_id": "main",
        "amount": Decimal(3),
        "price_details": {
            "model": "progressive_billing",
            "from": "2025-01-01T00:00:00.000000Z",
            "until": "2025-02-01T00:00:00.000000Z",
        },
    }
    Console().print(credit_notes._lines_table([line], 2))
    out = capsys.readouterr().out
    assert "Calls 2025-01-01 to 2025-02-01 UTC" in out
    assert "billed too much (progressive_billing, main)" in out

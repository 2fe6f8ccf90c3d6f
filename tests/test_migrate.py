"""`init` makes a warehouse from the contracts and upgrades an older one without losing a row."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.errors import Refused
from orchestration.migrate import init, kept_tables
from orchestration.workspace import Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return Workspace.resolve(warehouse=tmp_path / "warehouse", published=tmp_path / "published")


def columns(ws: Workspace) -> dict[str, list[str]]:
    with duckdb.connect(str(ws.warehouse_file)) as con:
        found: dict[str, list[str]] = {}
        for table, column in con.execute(
            "select table_schema || '.' || table_name, column_name from information_schema.columns"
        ).fetchall():
            found.setdefault(table, []).append(column)
        return found


def test_a_new_warehouse_has_every_table_and_finance_view(ws: Workspace) -> None:
    report = init(ws)
    found = columns(ws)
    assert set(report.created) == {table.full_name for table in kept_tables()}
    for table in kept_tables():
        assert found[table.full_name] == [column.name for column in table.columns]
    assert "finance.invoices" in found


def test_a_second_init_changes_nothing(ws: Workspace) -> None:
    init(ws)
    report = init(ws)
    assert (report.created, report.added_columns) == ((), ())


def test_an_older_warehouse_gains_columns_and_tables_and_keeps_its_rows(ws: Workspace) -> None:
    init(ws)
    with duckdb.connect(str(ws.warehouse_file)) as con:
        con.execute("drop schema finance cascade")
        con.execute("alter table issued.invoices drop column purchase_order")
        con.execute("alter table issued.billed_periods drop column inputs_digest")
        con.execute("drop table control.gate_results")
        con.execute(
            "insert into issued.invoices (invoice_number, total_amount) values ('US-000001', 12.34)"
        )
    report = init(ws)
    assert report.created == ("control.gate_results",)
    assert set(report.added_columns) == {
        "issued.invoices.purchase_order",
        "issued.billed_periods.inputs_digest",
    }
    with duckdb.connect(str(ws.warehouse_file)) as con:
        row = con.execute("select invoice_number, purchase_order from issued.invoices").fetchone()
    assert row == ("US-000001", None)


def test_a_column_of_another_type_is_refused(ws: Workspace) -> None:
    init(ws)
    with duckdb.connect(str(ws.warehouse_file)) as con:
        con.execute("drop schema finance cascade")
        con.execute("alter table issued.invoices alter column total_amount type double")
    with pytest.raises(
        Refused, match=r"issued\.invoices\.total_amount is DOUBLE in the warehouse and DECIMAL"
    ):
        init(ws)

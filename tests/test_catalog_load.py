"""A catalog becomes a version once, digit by digit, and an old version stays."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.catalog import load_catalog
from orchestration.control import latest_catalog_version
from orchestration.migrate import init
from orchestration.workspace import Workspace
from tests.small_company import write_company


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    workspace = write_company(tmp_path)
    init(workspace)
    return workspace


def replace(ws: Workspace, file: str, old: str, new: str) -> None:
    path = ws.catalog / f"{file}.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_the_same_content_is_the_same_version(ws: Workspace) -> None:
    first = load_catalog(ws)
    again = load_catalog(ws)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.catalog_version == again.catalog_version
    assert first.row_counts["charge_tiers"] == 2


def test_a_change_is_a_new_version_and_going_back_is_the_old_one(ws: Workspace) -> None:
    first = load_catalog(ws)
    replace(ws, "prices/plans", "99,USD", "89,USD")
    second = load_catalog(ws)
    replace(ws, "prices/plans", "89,USD", "99,USD")
    third = load_catalog(ws)
    assert (second.version_number, second.is_new) == (2, True)
    assert (third.catalog_version, third.is_new) == (first.catalog_version, False)
    with duckdb.connect(str(ws.warehouse_file)) as con:
        assert latest_catalog_version(con) == first.catalog_version
        amounts = con.execute("select amount from catalog.plans order by amount").fetchall()
        assert amounts == [(Decimal("89.0000"),), (Decimal("99.0000"),)]


def test_prices_arrive_to_the_last_digit(ws: Workspace) -> None:
    replace(ws, "prices/charges", "0.01,", "12345678.000000000001,")
    load_catalog(ws)
    with duckdb.connect(str(ws.warehouse_file)) as con:
        price = con.execute("select max(unit_amount) from catalog.charges").fetchone()
    assert price == (Decimal("12345678.000000000001"),)


def test_row_number_is_the_line_of_the_file_and_blanks_are_null(ws: Workspace) -> None:
    load_catalog(ws)
    with duckdb.connect(str(ws.warehouse_file)) as con:
        rows = con.execute(
            "select row_number, customer_id, timezone from catalog.customers order by 1"
        ).fetchall()
    assert rows == [(2, "atlas", None), (3, "borea", "America/New_York")]


def test_reference_data_are_kept_once(ws: Workspace) -> None:
    load_catalog(ws)
    replace(ws, "prices/plans", "99,USD", "89,USD")
    load_catalog(ws)
    with duckdb.connect(str(ws.warehouse_file)) as con:
        count = con.execute(
            "select count(*), count(distinct reference_version) from reference.currencies where currency = 'USD'"
        ).fetchone()
    assert count == (1, 1)


def test_expressions_are_loaded_as_their_terms(ws: Workspace) -> None:
    metrics = "prices/billable_metrics"
    replace(ws, metrics, "aggregation_type,field_name", "aggregation_type,expression,field_name")
    replace(ws, metrics, "calls,API calls,count,,", "calls,API calls,count,,,")
    replace(ws, metrics, "sum,tokens", "sum,prompt * size / 1e9 - 4.5 * `cached tokens` + 1,")
    version = load_catalog(ws)
    with duckdb.connect(str(ws.warehouse_file)) as con:
        rows = con.execute("select * from catalog.metric_terms order by term_number").fetchall()
    billion = Decimal(10**9)
    named = (version.catalog_version, "tokens")
    assert rows == [
        (*named, 1, "cached tokens", None, Decimal(-45 * 10**8), billion),
        (*named, 2, "prompt", "size", Decimal(1), billion),
        (*named, 3, None, None, billion, billion),
    ]

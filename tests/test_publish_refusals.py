"""What must never be published, and folders that must never be written to: each refused, everything as it was."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.errors import Refused
from orchestration.publish import sync_published
from orchestration.publish.append import check_numbers, check_rows
from orchestration.warehouse import connect
from tests.conftest import ClosedCompany
from tests.small_company import published_bytes, small_company  # noqa: F401


@pytest.fixture
def company(small_company: ClosedCompany, tmp_path: Path) -> ClosedCompany:  # noqa: F811
    return small_company.copy(tmp_path / "company")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            "insert into issued.invoices by name"
            " select * replace ('eu' as billing_entity_code) from issued.invoices",
            "given twice",
        ),
        ("update issued.invoice_lines set invoice_number = null", "belong to no document"),
        ("insert into issued.billed_periods from issued.billed_periods", "billed twice"),
    ],
)
def test_what_would_be_wrong_does_not_leave_the_transaction(company, damage, message) -> None:
    with connect(company.workspace) as con:
        con.execute(damage)
        with pytest.raises(Refused, match=message):
            check(con)


def check(con: duckdb.DuckDBPyConnection) -> None:
    check_numbers(con)
    check_rows(con, 1)


@pytest.mark.parametrize("is_ahead", [False, True])
def test_the_published_folder_of_another_warehouse_is_left_alone(company, is_ahead: bool) -> None:
    with connect(company.workspace) as con:
        if is_ahead:
            con.execute("delete from issued.publications")
        else:
            con.execute("update issued.publications set publication_hash = 'another'")
    before = published_bytes(company)
    with pytest.raises(Refused, match="does not know"):
        sync_published(company.workspace)
    assert published_bytes(company) == before


def test_a_customer_who_has_left_the_catalog_is_still_named(company) -> None:
    with connect(company.workspace) as con:
        con.execute(
            "insert into issued.publications by name"
            " select * replace (2 as publication_sequence) from issued.publications"
        )
    assert company.warehouse("select customer_id from finance.customers order by 1") == [
        ("atlas",),
        ("borea",),
    ]

"""Add-ons and one-off fees that nobody could bill are named with their mend.

Each case takes the price book with an add-on of each kind, changes it, and reads all that is said.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.price_book import VALID, Book, errors_of, price_book, write_book  # noqa: F401

A = "prices/add_ons"
O = "accounts/one_off_fees"  # noqa: E741
PRICED, PACK, OPEN = range(3)
RECORDED = {"recorded_at": VALID["recorded_at"]}


def fee(name: str, add_on: str, **columns: str) -> dict[str, str]:
    named = {"one_off_fee_id": name, "add_on_code": add_on, "billed_on": "2026-01-05", "units": "1"}
    return named | RECORDED | columns


@pytest.fixture(name="rows")
def rows_with_one_offs(book: Book) -> Book:
    customer = {"customer_id": book["accounts/customers"][0]["customer_id"]}
    return book | {
        A: [
            {"add_on_code": "setup", "add_on_name": "Set-up", "unit_amount": "500", "currency": "USD"},
            {"add_on_code": "packs", "add_on_name": "Packs", "unit_amount": "9", "currency": "USD", "pack_units": "10"},
            {"add_on_code": "open", "add_on_name": "Open"},
        ],
        O: [
            fee("f1", "setup") | customer,
            fee("f2", "packs", units="0") | customer,
            fee("f3", "open", unit_amount="0", currency="JPY", description="Hours") | customer,
            fee("f4", "setup", unit_amount="450", currency="EUR") | customer,
        ],
    }  # fmt: skip


Change = Callable[[Book], object]

CASES: dict[str, tuple[Change, str]] = {
    "unknown add-on": (
        lambda b: b[O][0].update(add_on_code="set-up"),
        f"{O}.csv row 2: unknown add on 'set-up'; add it to add_ons or correct add_on_code",
    ),
    "unknown customer": (
        lambda b: b[O][0].update(customer_id="nobody"),
        f"{O}.csv row 2: unknown customer 'nobody'; add it to customers or correct customer_id",
    ),
    "unknown currency": (
        lambda b: b[O][2].update(currency="XXY"),
        f"{O}.csv row 4: unknown currency 'XXY'; add it to currencies or correct currency",
    ),
    "the same id twice": (
        lambda b: b[O][1].update(one_off_fee_id="f1"),
        f"{O}.csv row 3: duplicate key (one_off_fee_id f1), which row 2 has too; remove one, or give the correction a "
        "later recorded_at",
    ),
    "negative units": (
        lambda b: b[O][0].update(units="-1"),
        f"{O}.csv row 2: units is -1; it must be 0 or more",
    ),
    "no amount": (
        lambda b: b[O][2].update(unit_amount=""),
        f"{O}.csv row 4: one-off fee 'f3' has no unit_amount, and neither has add-on 'open' (row 4 of {A}.csv); fill "
        "in one of them",
    ),
    "no currency": (
        lambda b: b[O][2].update(currency=""),
        f"{O}.csv row 4: one-off fee 'f3' has no currency, and neither has add-on 'open' (row 4 of {A}.csv); fill in "
        "one of them",
    ),
    "the amount is of another currency": (
        lambda b: b[O][3].update(unit_amount=""),
        f"{O}.csv row 5: one-off fee 'f4' is in EUR, and the unit_amount of add-on 'setup' (row 2 of {A}.csv) is in "
        "USD; fill in the fee's own unit_amount",
    ),
    "an amount beyond range": (
        lambda b: b[O][0].update(units="2000000000000"),
        f"{O}.csv row 2: one-off fee 'f1' bills 2000000000000 units at 500, which comes to 1000000000000000; neither "
        "may have more than 15 digits before the point, so correct units or price",
    ),
    "more packs than can be counted": (
        lambda b: (b[A][PACK].update(unit_amount="0", pack_units="0.1"), b[O][1].update(units="100000000000000")),
        f"{O}.csv row 3: one-off fee 'f2' bills 1000000000000000 packs at 0, which comes to 0; neither may have more "
        "than 15 digits before the point, so correct units or price",
    ),
    "an amount of no currency": (
        lambda b: b[A][OPEN].update(unit_amount="1"),
        f"{A}.csv row 4: add-on 'open' has a unit_amount and no currency; fill it in",
    ),
    "empty packs": (
        lambda b: b[A][PACK].update(pack_units="0"),
        f"{A}.csv row 3: add-on 'packs' is sold in packs of 0 units; write how many a pack has, or leave pack_units "
        "empty for units sold one by one",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_nobody_could_bill_is_refused(case: str, rows: Book, tmp_path: Path) -> None:
    change, message = CASES[case]
    change(rows)
    assert errors_of(write_book(tmp_path, rows)) == [message]


def test_amounts_and_packs_at_the_edge_are_fine(rows: Book, tmp_path: Path) -> None:
    rows[O][0].update(units="1999999999999.999999999")
    rows[O][1].update(units="999999999999999")
    rows[A][PACK].update(unit_amount="1", pack_units="1")
    assert errors_of(write_book(tmp_path, rows)) == []

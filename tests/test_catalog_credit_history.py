"""What was granted, or has discounted an invoice, stays in the files as it was.

The price book with wallets and coupons is loaded once, and the warehouse notes what a close issues of them. Each case
changes the files and reads why they are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration.catalog import load_catalog
from orchestration.control import latest_catalog_version
from orchestration.errors import BadInput
from orchestration.migrate import init
from orchestration.workspace import Workspace
from tests.price_book import Book, copied_book, errors_of, price_book, write_book  # noqa: F401  a fixture

W = "credits/wallets"
L = "credits/wallet_lots"
C = "credits/coupons"
A = "credits/applied_coupons"
V = "credits/voided_top_ups"

WALLET_MEND = "put it back; wallets end by expires_on, and lots by voided_on"
LOT_MEND = "put it back; more credit is a lot of its own, and voided_on takes back what is left"
COUPON_MEND = "put it back; what it shall give from now on is a coupon of its own"
APPLIED_MEND = "put it back; ended_on ends it"


def rows_with_credit(book: Book) -> Book:
    """A wallet with a granted lot and one that waits, a wallet without lots, and two coupons, of which one is used."""
    customer = book["accounts/customers"][0]["customer_id"]
    wallet = {"customer_id": customer, "priority": "1", "currency": "USD"}
    lot = {"lot_kind": "granted", "wallet_id": "money"}
    applied = {"customer_id": customer, "applied_on": "2025-10-01"}
    rate = {"coupon_type": "percentage", "rate_percent": "20", "frequency": "forever"}
    return book | {
        W: [wallet | {"wallet_id": name, "wallet_name": name} for name in ("money", "empty")],
        L: [
            lot | {"lot_id": "ten", "amount": "10", "granted_on": "2025-10-01"},
            lot | {"lot_id": "later", "amount": "5", "granted_on": "2026-03-01"},
        ],
        C: [
            {"coupon_code": code, "coupon_name": code.capitalize()} | rate
            for code in ("fifth", "unused")
        ],
        A: [
            applied | {"applied_coupon_id": "used", "coupon_code": "fifth"},
            applied | {"applied_coupon_id": "waits", "coupon_code": "unused"},
        ],
    }


@pytest.fixture(name="rows")
def rows_of_a_test(book: Book) -> Book:
    """The rows by file, the test's own."""
    return rows_with_credit(book)


@pytest.fixture(name="issued", scope="module")
def issued_company(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The rows, loaded and published: 10.00 granted, 50.00 sold and not paid, a coupon used."""
    ws = write_book(tmp_path_factory.mktemp("credit_history"), rows_with_credit(copied_book()))
    init(ws)
    load_catalog(ws)
    with duckdb.connect(str(ws.warehouse_file)) as con:
        con.execute(
            "insert into issued.publications (publication_sequence, close_sequence, catalog_version) values (1, 1, ?)",
            [latest_catalog_version(con)],
        )
        con.execute(
            "insert into issued.credit_movements (publication_sequence, movement_kind, wallet_id, lot_id, customer_id,"
            " currency, amount, movement_date) select 1, 'granted', wallet_id, 'ten', customer_id, currency, 10,"
            " date '2025-11-01' from catalog.wallets where wallet_id = 'money'"
        )
        con.execute(
            "insert into issued.top_ups (publication_sequence, wallet_id, lot_id, customer_id, currency, amount,"
            " topped_up_on) select 1, wallet_id, 'top_up/1', customer_id, currency, 50, date '2025-11-01'"
            " from catalog.wallets where wallet_id = 'empty'"
        )
        con.execute(
            "insert into issued.coupon_uses (publication_sequence, applied_coupon_id, invoice_number) values"
            " (1, 'used', 'INV-1')"
        )
    return ws


def refusals(folder: Path, rows: Book, issued: Workspace) -> list[str]:
    """What keeps the rows from being loaded where the warehouse is that of `issued`."""
    ws = replace(write_book(folder, rows), warehouse=issued.warehouse)
    return errors_of(ws)


def void(lot: str, day: str) -> dict[str, str]:
    return {"lot_id": lot, "voided_on": day, "reason": "charged back", "author": "Kim"}


Change = Callable[[Book], object]

CASES: dict[str, tuple[Change, str]] = {
    "wallet gone with its lots": (
        lambda b: (b[W].pop(0), b[L].clear()),
        f"{W}.csv: wallet 'money' is gone, but credit was put into it; {WALLET_MEND}\n"
        f"{L}.csv: lot 'ten' is gone, but it was granted on 2025-11-01; {LOT_MEND}",
    ),
    "wallet gone that was sold credit": (
        lambda b: b[W].pop(1),
        f"{W}.csv: wallet 'empty' is gone, but credit was put into it; {WALLET_MEND}",
    ),
    "wallet of another currency": (
        lambda b: b[W][0].update(currency="EUR"),
        f"{W}.csv row 2: currency of wallet 'money' was USD when credit was put into it, and is EUR now; {WALLET_MEND}",
    ),
    "lot gone": (
        lambda b: b[L].pop(0),
        f"{L}.csv: lot 'ten' is gone, but it was granted on 2025-11-01; {LOT_MEND}",
    ),
    "amount of a lot": (
        lambda b: b[L][0].update(amount="12"),
        f"{L}.csv row 2: amount of lot 'ten' was 10 when it was granted on 2025-11-01, and is 12 now; {LOT_MEND}",
    ),
    "a lot that is to be paid first": (
        lambda b: b[L][0].update(lot_kind="purchased", paid_on="2026-01-10"),
        f"{L}.csv row 2: lot_kind of lot 'ten' was granted when it was granted on 2025-11-01, and is purchased now; "
        f"{LOT_MEND}\n"
        f"{L}.csv row 2: paid_on of lot 'ten' was empty when it was granted on 2025-11-01, and is 2026-01-10 now; "
        f"{LOT_MEND}",
    ),
    "a lot of another wallet": (
        lambda b: b[L][0].update(wallet_id="empty"),
        f"{L}.csv row 2: wallet_id of lot 'ten' was money when it was granted on 2025-11-01, and is empty now; "
        f"{LOT_MEND}",
    ),
    "void of a lot that is not there": (
        lambda b: b.update({V: [void("ten", "2026-01-01")]}),
        f"{V}.csv row 2: no top-up put in a lot 'ten'; correct lot_id (a lot of {L}.csv has voided_on there)",
    ),
    "void before the top-up": (
        lambda b: b.update({V: [void("top_up/1", "2025-10-31")]}),
        f"{V}.csv row 2: voided_on 2025-10-31 is before lot 'top_up/1' was put in, on 2025-11-01; correct it",
    ),
    "rate of a coupon": (
        lambda b: b[C][0].update(rate_percent="25"),
        f"{C}.csv row 2: rate_percent of coupon 'fifth' was 20 when INV-1 used it, and is 25 now; {COUPON_MEND}",
    ),
    "applied coupon gone": (
        lambda b: b[A].pop(0),
        f"{A}.csv: applied coupon 'used' is gone, but INV-1 used it; {APPLIED_MEND}",
    ),
    "another coupon instead": (
        lambda b: b[A][0].update(coupon_code="unused"),
        f"{A}.csv row 2: coupon_code of applied coupon 'used' was fifth when INV-1 used it, and is unused now; "
        f"{APPLIED_MEND}",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_was_issued_cannot_be_changed(
    tmp_path: Path, rows: Book, issued: Workspace, case: str
) -> None:
    change, message = CASES[case]
    change(rows)
    assert refusals(tmp_path, rows, issued) == message.splitlines()


ALLOWED: dict[str, Change] = {
    "a void of what a rule sold": lambda b: b.update({V: [void("top_up/1", "2025-11-01")]}),
    "what was not granted yet": lambda b: b[L].pop(1),
    "what was never used": lambda b: (b[A].pop(1), b[C].pop(1)),
    "an end of a lot, and its priority": lambda b: b[L][0].update(
        expires_on="2026-06-30", voided_on="2026-02-01", priority="3"
    ),
    "terms of a wallet": lambda b: b[W][0].update(
        priority="7", scope_fee_types="charge", rate="2", expires_on="2027-01-01"
    ),
    "the name and the end of a coupon": lambda b: (
        b[C][0].update(coupon_name="One in five", expires_on="2026-02-01"),
        b[A][0].update(ended_on="2026-01-15"),
    ),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_what_changes_nothing_issued_may_be_loaded(
    tmp_path: Path, rows: Book, issued: Workspace, case: str
) -> None:
    ALLOWED[case](rows)
    assert refusals(tmp_path, rows, issued) == []


def test_nothing_of_it_is_loaded(tmp_path: Path, rows: Book, issued: Workspace) -> None:
    rows[W].pop(1)
    ws = replace(write_book(tmp_path, rows), warehouse=issued.warehouse)
    with pytest.raises(BadInput) as error:
        load_catalog(ws)
    assert str(error.value).endswith(CASES["wallet gone that was sold credit"][1])

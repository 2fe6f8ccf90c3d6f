"""Wallets and lots that nobody could draw from as they say are named with their mend.

Each case takes the price book with two wallets, changes it, and reads all that is said.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.price_book import Book, errors_of, price_book, write_book  # noqa: F401

W = "credits/wallets"
L = "credits/wallet_lots"
T = "credits/wallet_targets"


def lot(name: str, wallet: str, **columns: str) -> dict[str, str]:
    named = {"lot_id": name, "wallet_id": wallet, "lot_kind": "granted", "amount": "10"}
    return named | {"granted_on": "2025-01-01"} | columns


@pytest.fixture(name="rows")
def rows_with_wallets(book: Book) -> Book:
    customer = book["accounts/customers"][0]["customer_id"]
    wallet = {"customer_id": customer, "currency": "USD", "priority": "1"}
    return book | {
        W: [
            {"wallet_id": f"w{i}", "wallet_name": f"w{i}", "scope_fee_types": ""} | wallet
            for i in range(1, 9)
        ],
        L: [lot(f"l{i}", f"w{i}") for i in range(1, 9)],
        T: [{"wallet_id": "w2", "metric_code": book["prices/charges"][0]["metric_code"]}],
    }


Change = Callable[[Book], object]

CASES: dict[str, tuple[Change, str]] = {
    "unknown word": (
        lambda b: b[W][0].update(scope_fee_types="subscription,usage"),
        f"{W}.csv row 2: scope_fee_types names 'usage'; it must be one or more of subscription, fixed_charge, charge, "
        "commitment, add_on, manual, parted by commas",
    ),
    "no word between two commas": (
        lambda b: b[W][0].update(scope_fee_types="charge,,add_on"),
        f"{W}.csv row 2: scope_fee_types names ''; it must be one or more of subscription, fixed_charge, charge, "
        "commitment, add_on, manual, parted by commas",
    ),
    "unknown metric": (
        lambda b: b[T][0].update(metric_code="none"),
        f"{T}.csv row 2: unknown metric 'none'; add it to billable_metrics or correct metric_code",
    ),
    "a rate of 0": (
        lambda b: b[W][0].update(rate="0"),
        f"{W}.csv row 2: rate is 0; it must be 0.000000000001 or more",
    ),
    "a lot that expires on the day of its grant": (
        lambda b: b[L][0].update(expires_on="2025-01-01"),
        f"{L}.csv row 2: expires_on 2025-01-01 is not after granted_on 2025-01-01; correct one of them",
    ),
    "a lot that was voided before it was granted": (
        lambda b: b[L][0].update(voided_on="2024-12-31"),
        f"{L}.csv row 2: voided_on 2024-12-31 is before granted_on 2025-01-01; correct one of them, or remove the lot",
    ),
    "a wallet that expired before": (
        lambda b: b[W][1].update(expires_on="2024-12-31"),
        f"{L}.csv row 3: expires_on of wallet 'w2' 2024-12-31 is not after granted_on 2025-01-01; correct one of them",
    ),
    "nothing in a lot": (
        lambda b: b[L][0].update(amount=""),
        f"{L}.csv row 2: it has neither amount nor credits; fill in one of them",
    ),
    "money and credits": (
        lambda b: b[L][0].update(credits="10"),
        f"{L}.csv row 2: it has both amount and credits; fill in one of them",
    ),
    "credits worth nothing": (
        lambda b: (b[W][0].update(rate="0.001"), b[L][0].update(amount="", credits="4.99")),
        f"{L}.csv row 2: credits 4.99 at rate 0.001 come to nothing in USD; grant more, or correct the rate",
    ),
    "credits worth too much": (
        lambda b: (
            b[W][0].update(rate="10000000"),
            b[L][0].update(amount="", credits="1000000000"),
        ),
        f"{L}.csv row 2: credits 1000000000 at rate 10000000 have more than 16 digits before the point; grant fewer, "
        "or correct the rate",
    ),
    "a gift that was paid": (
        lambda b: b[L][0].update(paid_on="2025-01-02"),
        f"{L}.csv row 2: paid_on is for purchased lots; leave it empty",
    ),
    "nine priorities at once": (
        lambda b: b[L].append(lot("l9", "w8", priority="49", granted_on="2025-02-01")),
        f"{L}.csv row 10: on 2025-02-01 customer 'atlas' has 9 wallets, or priorities of lots in them, in USD, and at "
        "most 8 are drawn from; let one expire, or put its lots into another",
    ),
}


def test_the_rows_that_the_cases_change_are_good(rows: Book, tmp_path: Path) -> None:
    rows[W][0]["scope_fee_types"] = "subscription, add_on"
    rows[L].append(lot("l9", "w8", granted_on="2025-02-01"))
    assert errors_of(write_book(tmp_path, rows)) == []


def test_an_expired_wallet_makes_room_for_another(rows: Book, tmp_path: Path) -> None:
    rows[L].append(lot("l9", "w8", priority="49", granted_on="2025-02-01"))
    rows[L][0]["expires_on"] = "2025-02-01"
    assert errors_of(write_book(tmp_path, rows)) == []


@pytest.mark.parametrize("case", CASES)
def test_a_bad_row_is_named_with_its_mend(rows: Book, tmp_path: Path, case: str) -> None:
    change, message = CASES[case]
    change(rows)
    assert errors_of(write_book(tmp_path, rows)) == [message]

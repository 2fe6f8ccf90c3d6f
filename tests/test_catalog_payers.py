"""Payers that nobody could invoice are named with their mend.

Each case takes the price book with payers of each kind, changes it, and reads all that is said.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.price_book import _BOOK, Book, errors_of, write_book

C = "accounts/customers"
S = "accounts/subscriptions"
E = "accounts/billing_entities"

Change = Callable[[Book], object]
FIRST, PAYER, SELF, OTHER = range(4)


def paid_book() -> Book:
    """The price book's customer, whom `payer` pays for, but for its second subscription; one who names itself."""
    book = copy.deepcopy(_BOOK)
    first = book[C][0]
    entity = book[E][0]
    return book | {
        E: [entity, entity | {"billing_entity_code": "other", "invoice_prefix": "OT"}],
        C: [
            first | {"payer_customer_id": "payer"},
            first | {"customer_id": "payer"},
            first | {"customer_id": "self", "payer_customer_id": "self"},
            first | {"customer_id": "other", "billing_entity_code": "other"},
        ],
        S: [book[S][0] | {"payer_customer_id": first["customer_id"]}, *book[S][1:]],
    }


NAMED = _BOOK[C][0]["customer_id"]
ENTITY = _BOOK[C][0]["billing_entity_code"]
SUBSCRIPTION = _BOOK[S][0]["subscription_id"]

CASES: dict[str, tuple[Change, str]] = {
    "unknown payer of a customer": (
        lambda b: b[C][FIRST].update(payer_customer_id="nobody"),
        f"{C}.csv row 2: unknown payer customer 'nobody'; add it to customers or correct payer_customer_id",
    ),
    "unknown payer of a subscription": (
        lambda b: b[S][0].update(payer_customer_id="nobody"),
        f"{S}.csv row 2: unknown payer customer 'nobody'; add it to customers or correct payer_customer_id",
    ),
    "a payer of another entity": (
        lambda b: b[C][FIRST].update(payer_customer_id="other"),
        f"{C}.csv row 2: payer 'other' of customer '{NAMED}' is of billing entity 'other' (row 5 of {C}.csv), and "
        f"customer '{NAMED}' of '{ENTITY}'; an invoice is of one entity, so name a payer of '{ENTITY}'",
    ),
    "a subscription's payer of another entity": (
        lambda b: b[S][0].update(payer_customer_id="other"),
        f"{S}.csv row 2: payer 'other' of subscription '{SUBSCRIPTION}' is of billing entity 'other' (row 5 of "
        f"{C}.csv), and customer '{NAMED}' of '{ENTITY}'; an invoice is of one entity, so name a payer of '{ENTITY}'",
    ),
    "a payer of a payer": (
        lambda b: b[C][SELF].update(payer_customer_id=NAMED),
        f"{C}.csv row 4: payer '{NAMED}' of customer 'self' has a payer itself, 'payer' (row 2 of {C}.csv); name the "
        "one who is invoiced",
    ),
    "a payer of a subscription's payer": (
        lambda b: (b[C][PAYER].update(payer_customer_id="self"), b[C][FIRST].update(payer_customer_id=""))
        and b[S][0].update(payer_customer_id="payer"),
        f"{S}.csv row 2: payer 'payer' of subscription '{SUBSCRIPTION}' has a payer itself, 'self' (row 3 of {C}.csv); "
        "name the one who is invoiced",
    ),
}  # fmt: skip


def test_payers_of_one_entity_are_taken_and_so_is_who_pays_itself(tmp_path: Path) -> None:
    assert errors_of(write_book(tmp_path, paid_book())) == []


@pytest.mark.parametrize("case", CASES)
def test_a_payer_that_cannot_be_invoiced_is_refused(case: str, tmp_path: Path) -> None:
    change, problem = CASES[case]
    book = copy.deepcopy(paid_book())
    change(book)
    assert errors_of(write_book(tmp_path, book)) == [problem]


def test_of_several_rows_of_a_subscription_the_last_recorded_says_who_pays(tmp_path: Path) -> None:
    book = paid_book()
    first = book[S][0]
    earlier = first | {"payer_customer_id": "other", "recorded_at": "2020-01-01T00:00:00Z"}
    assert errors_of(write_book(tmp_path, book | {S: [earlier, *book[S]]})) == []

"""Wallets of units that nothing could be drawn from as they say are named with their mend.

Each case takes the price book with a wallet of a metric's units, changes it, and reads all that is said.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.price_book import VALID, Book, charge, errors_of, metric, price_book, write_book  # noqa: F401

W = "credits/wallets"
L = "credits/wallet_lots"
T = "credits/wallet_targets"
C = "prices/charges"


def lot(name: str, wallet: str, **columns: str) -> dict[str, str]:
    named = {
        "lot_id": name,
        "wallet_id": wallet,
        "lot_kind": "granted",
        "amount": "",
        "units": "10",
    }
    return named | {"granted_on": "2025-01-01"} | columns


@pytest.fixture(name="rows")
def rows_with_a_wallet_of_units(book: Book) -> Book:
    """A plan of its own bills gpu seconds by their number, and jobs; the metric `gpu` has a wallet."""
    plan = book["prices/plans"][0] | {"plan_code": "gpu", "plan_name": "GPU"}
    customer = book["accounts/customers"][0] | {"customer_id": "gauss"}
    subscription = book["accounts/subscriptions"][0] | {
        "subscription_id": "sub_gpu",
        "external_subscription_id": "ext_gpu",
        "customer_id": "gauss",
        "plan_code": "gpu",
    }
    wallet = {"wallet_id": "w", "customer_id": "gauss", "wallet_name": "w", "currency": ""}
    wallet |= {"priority": "1", "metric_code": "gpu", "scope_fee_types": "", "rate": ""}
    money = wallet | {"wallet_id": "m", "currency": "USD", "metric_code": ""}
    added: Book = {
        "prices/billable_metrics": [metric("gpu", "sum", field_name="seconds")],
        "prices/plans": [plan],
        C: [charge("gpu", "gpu", "standard", plan_code="gpu", unit_amount="0.01")],
        "accounts/customers": [customer],
        "accounts/subscriptions": [subscription],
        W: [wallet, money],
        L: [lot("l", "w"), lot("lm", "m", amount="5", units="")],
        T: [],
        "prices/usage_thresholds": [],
    }
    return book | {name: [*book.get(name, []), *rows] for name, rows in added.items()}


Change = Callable[[Book], object]

HOLDS = "wallet 'w' holds units of 'gpu'"
OF_CUSTOMER = "wallet 'w' of customer 'gauss' holds units of 'gpu', and this charge is"
BILL_SO = "bill it in arrears by the number of units, or give the customer a wallet of money"
OWN_USAGE = (
    "it holds units, which pay usage of their metric alone; leave scope_fee_types empty, and it out of "
    f"{T}.csv"
)
NOT_USED_UP = "whose units are not used up; take a count or sum that is not recurring"

CASES: dict[str, tuple[Change, str]] = {
    "neither money nor units": (
        lambda b: b[W][1].update(currency=""),
        f"{W}.csv row 3: it has neither currency nor metric_code; fill in one of them",
    ),
    "money and units": (
        lambda b: b[W][0].update(currency="USD"),
        f"{W}.csv row 2: it has both currency and metric_code; fill in one of them",
    ),
    "an unknown metric": (
        lambda b: b[W][0].update(metric_code="none"),
        f"{W}.csv row 2: unknown metric 'none'; add it to billable_metrics or correct metric_code",
    ),
    "a scope": (
        lambda b: b[W][0].update(scope_fee_types="charge"),
        f"{W}.csv row 2: {OWN_USAGE}",
    ),
    "a target": (
        lambda b: b[T].append({"wallet_id": "w", "metric_code": "gpu"}),
        f"{W}.csv row 2: {OWN_USAGE}",
    ),
    "a rate": (
        lambda b: b[W][0].update(rate="0.5"),
        f"{W}.csv row 2: it holds units, which have no rate; leave it empty",
    ),
    "a metric that is a state": (
        lambda b: b["prices/billable_metrics"][-1].update(is_recurring="true"),
        f"{W}.csv row 2: it holds units of 'gpu', a recurring sum metric, {NOT_USED_UP}",
    ),
    "a metric that does not add up": (
        lambda b: b["prices/billable_metrics"][-1].update(aggregation_type="max"),
        f"{W}.csv row 2: it holds units of 'gpu', a max metric, {NOT_USED_UP}",
    ),
    "a lot without units": (
        lambda b: b[L][0].update(units=""),
        f"{L}.csv row 2: {HOLDS}; say how many in units",
    ),
    "a lot of units and money": (
        lambda b: b[L][0].update(amount="5"),
        f"{L}.csv row 2: {HOLDS}; leave amount and credits empty",
    ),
    "units in a wallet of money": (
        lambda b: b[L][1].update(units="5"),
        f"{L}.csv row 3: wallet 'm' holds money; leave units empty",
    ),
    "no units at all": (
        lambda b: b[L][0].update(units="0"),
        f"{L}.csv row 2: units is 0; it must be 0.000000001 or more",
    ),
    "a gift that was paid": (
        lambda b: b[L][0].update(paid_on="2025-01-02"),
        f"{L}.csv row 2: paid_on is for purchased lots; leave it empty",
    ),
    "in advance": (
        lambda b: b[C][-1].update(is_pay_in_advance="true"),
        f"{C}.csv row 16: {OF_CUSTOMER} paid in advance; {BILL_SO}",
    ),
    "in advance, used by another": (
        lambda b: (
            b["accounts/customers"].append(b["accounts/customers"][-1] | {"customer_id": "hopper"}),
            b["accounts/subscriptions"][-1].update(customer_id="hopper", payer_customer_id="gauss"),
            b[C][-1].update(is_pay_in_advance="true"),
        ),
        f"{C}.csv row 16: {OF_CUSTOMER} paid in advance; {BILL_SO}",
    ),
    "prorated": (
        lambda b: (
            b[C].insert(0, b[C].pop() | {"is_prorated": "true"}),
            b["prices/billable_metrics"][-1].update(is_recurring="true"),
        ),
        f"{C}.csv row 2: {OF_CUSTOMER} prorated; {BILL_SO}",
    ),
    "by the event": (
        lambda b: b[C][-1].update(charge_model="percentage", unit_amount="", rate="1"),
        f"{C}.csv row 16: {OF_CUSTOMER} of the model percentage; {BILL_SO}",
    ),
    "thresholds": (
        lambda b: b["prices/usage_thresholds"].append(
            {"plan_code": "gpu", "threshold_amount": "5"}
        ),
        f"{W}.csv row 2: it holds units of 'gpu', and plan 'gpu', which customer 'gauss' pays for, bills usage at "
        "thresholds, before units are drawn; leave out its usage_thresholds, or give the customer a wallet of money",
    ),
    "nine priorities at once": (
        lambda b: b[L].extend(lot(f"l{n}", "w", priority=str(n)) for n in range(1, 9)),
        f"{L}.csv row 2: on 2025-01-01 customer 'gauss' has 9 wallets, or priorities of lots in them, in units of "
        "'gpu', and at most 8 are drawn from; let one expire, or put its lots into another",
    ),
}


def test_the_rows_that_the_cases_change_are_good(rows: Book, tmp_path: Path) -> None:
    assert errors_of(write_book(tmp_path, rows)) == []


def test_what_held_before_the_first_lot_does_not_matter(rows: Book, tmp_path: Path) -> None:
    """The charge was paid in advance until the first units were granted, and a row that was corrected never held."""
    now = rows[C].pop()
    before = now | {
        "is_pay_in_advance": "true",
        "valid_to": "2025-01-01",
        "valid_from": "2024-01-01",
    }
    corrected = now | {"is_pay_in_advance": "true", "recorded_at": "2024-12-01T00:00:00Z"}
    rows[C] += [before, corrected, now | {"recorded_at": "2025-01-02T00:00:00Z"}]
    assert errors_of(write_book(tmp_path, rows)) == []


@pytest.mark.parametrize("case", CASES)
def test_a_bad_row_is_named_with_its_mend(rows: Book, tmp_path: Path, case: str) -> None:
    change, message = CASES[case]
    change(rows)
    assert message in errors_of(write_book(tmp_path, rows))
    if case not in ("prorated",):
        assert errors_of(write_book(tmp_path, rows)) == [message]

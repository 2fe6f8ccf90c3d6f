"""Top-up rules that could not be followed as they say are named with their mend.

Each case takes the price book with a wallet and three rules, changes it, and reads all that is said.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.price_book import Book, errors_of, price_book, write_book  # noqa: F401

W = "credits/wallets"
L = "credits/wallet_lots"
R = "credits/top_up_rules"
DATED = {"trigger_type": "interval", "interval": "monthly", "method": "fixed"}
AIMED = {"trigger_type": "threshold", "threshold_credits": "5", "method": "target"}


@pytest.fixture(name="rows")
def rows_with_rules(book: Book) -> Book:
    customer = book["accounts/customers"][0]["customer_id"]
    wallet = {"customer_id": customer, "currency": "USD", "priority": "1", "rate": "2"}
    columns = ("interval", "threshold_credits", "paid_credits", "granted_credits")
    blank = dict.fromkeys(
        (*columns, "target_ongoing_balance", "grants_target_top_up", "ends_on"), ""
    )
    shared = blank | {"ignores_paid_top_up_limits": "", "starts_on": "2025-01-01"}
    return book | {
        W: [
            wallet
            | {"wallet_id": name, "wallet_name": name, "expires_on": ""}
            | {"paid_top_up_min_amount": "10", "paid_top_up_max_amount": "500"}
            for name in ("w1", "w2")
        ],
        L: [
            {"lot_id": "l", "wallet_id": "w1", "lot_kind": "granted", "amount": "10"}
            | {"granted_on": "2025-01-01"}
        ],
        R: [
            shared | DATED | {"top_up_rule_id": "dated", "wallet_id": "w1", "paid_credits": "5"},
            shared
            | {
                "top_up_rule_id": "fixed",
                "wallet_id": "w1",
                "trigger_type": "threshold",
                "method": "fixed",
            }
            | {"threshold_credits": "5", "paid_credits": "250", "granted_credits": "1"},
            shared
            | AIMED
            | {"top_up_rule_id": "aimed", "wallet_id": "w2", "target_ongoing_balance": "6"},
        ],
    }


Change = Callable[[Book], object]


def rule(place: int, **columns: str) -> Change:
    return lambda book: book[R][place].update(columns)


CASES: dict[str, tuple[Change, str]] = {
    "no threshold": (
        rule(1, threshold_credits=""),
        f"{R}.csv row 3: rule 'fixed' has no threshold_credits; a rule by threshold needs it",
    ),
    "a threshold of a dated rule": (
        rule(0, threshold_credits="1"),
        f"{R}.csv row 2: rule 'dated' is by interval and has threshold_credits; leave it empty",
    ),
    "no interval": (
        rule(0, interval=""),
        f"{R}.csv row 2: rule 'dated' has no interval; a rule by interval needs it",
    ),
    "nothing to put in": (
        rule(0, paid_credits=""),
        f"{R}.csv row 2: rule 'dated' is fixed and has neither paid_credits nor granted_credits; fill in one of them",
    ),
    "a fixed rule with a target": (
        rule(0, target_ongoing_balance="7"),
        f"{R}.csv row 2: rule 'dated' is fixed and has target_ongoing_balance or grants_target_top_up; leave them "
        "empty",
    ),
    "a fixed rule that grants": (
        rule(0, grants_target_top_up="true"),
        f"{R}.csv row 2: rule 'dated' is fixed and has target_ongoing_balance or grants_target_top_up; leave them "
        "empty",
    ),
    "a target with credits": (
        rule(2, granted_credits="1"),
        f"{R}.csv row 4: rule 'aimed' has a target, and paid_credits or granted_credits; leave them empty",
    ),
    "no target": (
        rule(2, target_ongoing_balance=""),
        f"{R}.csv row 4: rule 'aimed' has no target_ongoing_balance; method target needs it",
    ),
    "a target at the threshold": (
        rule(2, target_ongoing_balance="5"),
        f"{R}.csv row 4: rule 'aimed' has target_ongoing_balance 5, which is not above threshold_credits 5; correct "
        "one of them",
    ),
    "credits worth nothing": (
        rule(1, granted_credits="0.00249"),
        f"{R}.csv row 3: rule 'fixed' has granted_credits 0.00249 at rate 2, which come to nothing in USD; write more",
    ),
    "credits worth too much": (
        lambda b: (
            [row.update(rate="2000") for row in b[W]],
            b[R][1].update(paid_credits="", granted_credits="500000000000"),
            b[R][0].update(paid_credits="", granted_credits="1"),
        ),
        f"{R}.csv row 3: rule 'fixed' has granted_credits 500000000000 at rate 2000, which have more than 15 digits "
        "before the point; write fewer",
    ),
    "below the minimum": (
        rule(0, paid_credits="4.995"),
        f"{R}.csv row 2: rule 'dated' sells 9.99 USD, below paid_top_up_min_amount 10 of wallet 'w1'; correct "
        "paid_credits, or let the rule ignore the limits",
    ),
    "above the maximum": (
        rule(1, paid_credits="250.005"),
        f"{R}.csv row 3: rule 'fixed' sells 500.01 USD, above paid_top_up_max_amount 500 of wallet 'w1'; correct "
        "paid_credits, or let the rule ignore the limits",
    ),
    "a rule that ends before it starts": (
        rule(2, ends_on="2025-01-01"),
        f"{R}.csv row 4: rule 'aimed' has ends_on 2025-01-01, which is not after starts_on 2025-01-01; correct one of "
        "them",
    ),
    "a wallet that expired before": (
        lambda b: b[W][1].update(expires_on="2024-12-31"),
        f"{R}.csv row 4: rule 'aimed' has expires_on of wallet 'w2' 2024-12-31, which is not after starts_on "
        "2025-01-01; correct one of them",
    ),
    "two rules with a threshold": (
        lambda b: b[R][2].update(wallet_id="w1"),
        f"{R}.csv row 4: rule 'aimed' is in force together with rule 'fixed' (row 3) of wallet 'w1', and both would "
        "fill the same gap; let one end before the other starts",
    ),
    "a dated target beside a threshold": (
        rule(0, method="target", paid_credits="", target_ongoing_balance="20"),
        f"{R}.csv row 3: rule 'fixed' is in force together with rule 'dated' (row 2) of wallet 'w1', and both would "
        "fill the same gap; let one end before the other starts",
    ),
    "limits the wrong way round": (
        lambda b: b[W][1].update(paid_top_up_min_amount="500.01"),
        f"{W}.csv row 3: paid_top_up_min_amount 500.01 is above paid_top_up_max_amount 500; correct one of them",
    ),
    "a limit of parts of a cent": (
        lambda b: b[W][1].update(paid_top_up_max_amount="500.005"),
        f"{W}.csv row 3: paid_top_up_max_amount 500.005 has more decimals than USD has (2); round it",
    ),
    "a lot by a rule's name": (
        lambda b: b[L][0].update(lot_id="top_up/x"),
        f"{L}.csv row 2: lot_id begins with top_up/, as the lots of top-up rules do; choose another",
    ),
    "an unknown wallet": (
        rule(2, wallet_id="none"),
        f"{R}.csv row 4: unknown wallet 'none'; add it to wallets or correct wallet_id",
    ),
}


def test_the_rows_that_the_cases_change_are_good(rows: Book, tmp_path: Path) -> None:
    assert errors_of(write_book(tmp_path, rows)) == []


def test_one_rule_may_follow_another_and_ignore_the_limits(rows: Book, tmp_path: Path) -> None:
    rows[R][2].update(wallet_id="w1", starts_on="2025-06-01")
    rows[R][1].update(ends_on="2025-06-01", paid_credits="1", ignores_paid_top_up_limits="true")
    assert errors_of(write_book(tmp_path, rows)) == []


@pytest.mark.parametrize("name", CASES)
def test_each_fault_is_named_with_its_mend(name: str, rows: Book, tmp_path: Path) -> None:
    change, message = CASES[name]
    change(rows)
    assert errors_of(write_book(tmp_path, rows)) == [message]


def test_a_ninth_wallet_that_a_rule_fills_is_one_too_many(rows: Book, tmp_path: Path) -> None:
    wallet, lot = rows[W][0], rows[L][0]
    rows[W] += [wallet | {"wallet_id": f"x{i}", "wallet_name": "x"} for i in range(7)]
    rows[L] += [lot | {"lot_id": f"x{i}", "wallet_id": f"x{i}"} for i in range(6)]
    assert errors_of(write_book(tmp_path, rows)) == []
    rows[L].append(lot | {"lot_id": "x6", "wallet_id": "x6"})
    (message,) = errors_of(write_book(tmp_path, rows))
    assert message.startswith(
        f"{L}.csv row 2: on 2025-01-01 customer 'atlas' has 9 wallets, or priorities"
    )

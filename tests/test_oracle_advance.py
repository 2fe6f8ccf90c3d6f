"""The oracle's fees in advance, by hand: events, closes, heights, segments."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.oracle.hand_written import (
    FROM_16,
    UNTIL_15,
    Tables,
    charge,
    event,
    hand_bill,
    plain_lines,
    tier,
)

ADVANCE = {"is_pay_in_advance": "true"}
QUANTITY_AND_AMOUNT = ("quantity", "amount")


def test_events_in_advance_wait_for_the_next_close(tmp_path: Path) -> None:
    """At 0.005 each, 1, 2, 3 units cost 0.01, 0.01, 0.02 rounded. Closes are on Mondays and on 1 July.

    Closed on 9 June: what happened before its midnight, the first two.
    """
    tables: Tables = {"prices/charges": [charge("calls", unit_amount="0.005", **ADVANCE)]}
    events = [
        event("b", "2025-06-04", "calls"),
        event("a", "2025-06-03", "calls"),
        event("c", "2025-06-09T00:00:00Z", "calls"),
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-07-01")
    fields = ("event_id", "quantity", "amount", "amount_unrounded")
    assert plain_lines(result, *fields) == [
        ("2025-06-09", "a", "1", "0.01", "0.005"),
        ("2025-06-09", "b", "1", "0", "0.005"),
        ("2025-06-16", "c", "1", "0.01", "0.005"),
    ]


def test_a_late_event_pays_what_is_not_issued(tmp_path: Path) -> None:
    """Up to 2 units at 3, then 1. The close of the 9th knows a (2 units): 6. b (1 unit), dated before it, comes late.

    Now b costs 3 and a would cost 3 + 1; 7 are known, 6 issued: b pays 1.
    """
    row = charge("tokens", "graduated", **ADVANCE)
    tables: Tables = {
        "prices/charges": [row],
        "prices/charge_tiers": [tier(row, "2", "3"), tier(row, "", "1")],
    }
    batches = [
        [event("a", "2025-06-04", "tokens", amount=2)],
        [event("b", "2025-06-03", "tokens", amount=1)],
    ]
    result = hand_bill(
        tmp_path,
        tables,
        batches,
        "2025-07-01",
        batches_known_on=lambda day: 1 if day < date(2025, 6, 16) else 2,
    )
    assert plain_lines(result, "event_id", *QUANTITY_AND_AMOUNT) == [
        ("2025-06-09", "a", "2", "6"),
        ("2025-06-16", "b", "1", "1"),
    ]


def test_what_was_issued_to_a_retracted_event_counts(tmp_path: Path) -> None:
    """a is billed 6 on the 9th and retracted then; c costs 6 by itself: 6 are known and 6 issued, so it pays 0."""
    tables: Tables = {"prices/charges": [charge("tokens", unit_amount="3", **ADVANCE)]}
    retraction = {"transaction_id": "r", "external_subscription_id": "ext", "retracts": "a"}
    batches = [
        [event("a", "2025-06-04", "tokens", amount=2)],
        [retraction, event("c", "2025-06-11", "tokens", amount=2)],
    ]
    result = hand_bill(
        tmp_path,
        tables,
        batches,
        "2025-07-01",
        batches_known_on=lambda day: 1 if day < date(2025, 6, 16) else 2,
    )
    assert plain_lines(result, "event_id", *QUANTITY_AND_AMOUNT) == [
        ("2025-06-09", "a", "2", "6"),
        ("2025-06-16", "c", "2", "0"),
    ]
    assert result.event_verdicts == {
        ("retracted", "tokens"): 1,
        ("retracted", ""): 1,
        ("billed", "tokens"): 1,
    }


def test_a_new_price_in_advance_subtracts_what_precedes_it(tmp_path: Path) -> None:
    """2 units at 3 until the 15th: 6. From the 16th up to 3 units at 10, then 1: 4 units cost 31, 2 cost 20: 11."""
    old = charge("tokens", unit_amount="3", **ADVANCE, **UNTIL_15)
    new = charge("tokens", "graduated", **ADVANCE, **FROM_16)
    tables: Tables = {
        "prices/charges": [old, new],
        "prices/charge_tiers": [tier(new, "3", "10"), tier(new, "", "1")],
    }
    events = [
        event("a", "2025-06-10", "tokens", amount=2),
        event("b", "2025-06-20", "tokens", amount=2),
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-07-01")
    assert plain_lines(result, "event_id", *QUANTITY_AND_AMOUNT) == [
        ("2025-06-16", "a", "2", "6"),
        ("2025-06-23", "b", "2", "11"),
    ]


@pytest.mark.parametrize(
    ("is_prorated", "amounts"),
    [
        ("false", ["100", "0", "0", "50"]),
        # 10 × 16/31 × 10 = 51.612… → 51.61; +5 on the 31st: + 5 × 1/31 × 10 = 53.225… → 53.23, so 1.62.
        ("true", ["51.61", "0", "0", "1.62"]),
    ],
)
def test_seats_in_advance_pay_for_new_heights(
    tmp_path: Path, is_prorated: str, amounts: list[str]
) -> None:
    """July: +10, −5, +3 on the 16th, +7 on the 31st: marks 10, 10, 10, 15. August begins with the state, 15 in full."""
    cells = {"unit_amount": "10", "is_prorated": is_prorated}
    tables: Tables = {"prices/charges": [charge("seats", **cells, **ADVANCE)]}
    days = ("2025-07-16", "2025-07-16", "2025-07-16", "2025-07-31")
    events = [
        event(f"{number}", day, "seats", amount=amount)
        for number, (day, amount) in enumerate(zip(days, [10, -5, 3, 7], strict=True))
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-08-01")
    found = plain_lines(result, "event_id", *QUANTITY_AND_AMOUNT)
    assert found[:2] == [("2025-06-02", "", "0", "0"), ("2025-07-01", "", "0", "0")]
    assert [line[-1] for line in found[2:-1]] == amounts
    assert [line[2] for line in found[2:-1]] == ["10", "0", "3", "7"]
    assert found[-1] == ("2025-08-01", "", "15", "150")


def test_unique_users_in_advance(tmp_path: Path) -> None:
    """add, remove, add again, second, second again: 12 for each new height only."""
    metric = {"metric_code": "ids", "aggregation_type": "unique_count", "field_name": "user"}
    tables: Tables = {
        "prices/billable_metrics": [metric],
        "prices/charges": [charge("ids", unit_amount="12", **ADVANCE)],
    }
    changes = [("a", "add"), ("a", "remove"), ("a", "add"), ("b", "add"), ("b", "add")]
    events = [
        event(f"{number}", f"2025-06-0{number + 2}", "ids", user=user, operation_type=operation)
        for number, (user, operation) in enumerate(changes)
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-06-09")
    assert [line[1:] for line in plain_lines(result, *QUANTITY_AND_AMOUNT)] == [
        ("1", "12"),
        ("0", "0"),
        ("1", "0"),
        ("1", "12"),
        ("0", "0"),
    ]

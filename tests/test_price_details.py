"""How a line's amount came about, told in rows under it, for every charge model."""

from __future__ import annotations

from typing import Any

import pytest

from orchestration.look.price_details import Row, detail_rows

CASES: dict[str, tuple[dict[str, Any], list[Row]]] = {
    "a whole base fee": ({"model": "subscription", "days": 31, "period_days": 31, "plan_amount": "99"}, []),
    "a part of a base fee": (
        {"model": "subscription", "days": 14, "period_days": 31, "plan_amount": "1020"},
        [("  14 of 31 days at 1,020.00", "", "", "")],
    ),
    "standard": ({"model": "standard"}, []),
    "packages": (
        {"model": "package", "package_size": "1000", "free_units": "0", "packages": "1200", "package_amount": "2.5"},
        [("  packages of 1,000", "1,200", "2.5", "")],
    ),
    "packs": (
        {"model": "add_on", "one_off_fee_id": "f", "unit_amount": "20", "units": "2000.5", "pack_units": "1000"},
        [("  packs of 1,000, 2,000.5 asked for", "", "", "")],
    ),
    "units of an add-on": ({"model": "add_on", "one_off_fee_id": "f", "unit_amount": "20", "units": "2"}, []),
    "packages after free units": (
        {"model": "package", "package_size": "10", "free_units": "5", "packages": "1", "package_amount": "2"},
        [("  packages of 10, 5 free", "1", "2", "")],
    ),
    "a percentage by the event": (
        {"model": "percentage", "rate": "2.9", "fixed_amount": "0.3", "per_transaction_min_amount": "1",
         "per_transaction_max_amount": "5", "free_events": "1", "event_count": 4},
        [("  2.9 % + 0.3 per event, at least 1 each, at most 5 each, 1 event free; 4 events", "", "", "")],
    ),
    "a percentage of what is paid": (
        {"model": "percentage", "rate": "1", "fixed_amount": "0", "free_total": "1000", "paid_units": "2500.5",
         "paid_events": 1},
        [("  1 %, 1,000 free; 2,500.5 paid, 1 event", "", "", "")],
    ),
    "a minimum": (
        {"model": "minimum", "minimum_amount": "1000.50", "fees_amount": "20"},
        [("  minimum 1,000.5, fees 20", "", "", "")],
    ),
    "tiers": (
        {"model": "graduated", "tiers": [
            {"from": "0", "up_to": "1000", "units": "1000", "unit_amount": "10", "flat_amount": "5",
             "amount": "10005"},
            {"from": "1000", "up_to": None, "units": "0.5", "unit_amount": "0.1", "flat_amount": "0",
             "amount": "0.05"},
        ]},
        [("  to 1,000", "1,000", "10 + 5 flat", "10,005"), ("  above 1,000", "0.5", "0.1", "0.05")],
    ),
    "units by their days": (
        {"model": "standard", "unit_days": "1093", "period_days": 31}, [("  unit-days of 31 days", "1,093", "", "")],
    ),
    "a walk": (
        {"model": "graduated", "highest_units": "1500", "units_amount": "2000.25", "flat_amount": "7"},
        [
            ("  units by their days, up to 1,500 at once", "", "", "2,000.25"),
            ("  flat amounts of the tiers reached", "", "", "7"),
        ],
    ),
    "the second part of a period": (
        {"model": "standard", "quantity_before": "1000", "amount_before": "6000.60"},
        [("  less what 1,000 before it cost", "", "", "-6,000.6")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_details_tell_how_an_amount_came_about(case: str) -> None:
    details, rows = CASES[case]
    assert list(detail_rows(details, 2)) == rows

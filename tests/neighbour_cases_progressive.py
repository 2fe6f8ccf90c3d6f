"""More cases of progressive billing: other numbers and combinations of the same keys, worked out by hand.

Belongs here: cases with the arithmetic of their expected values. Does not belong here: running them (`test_cases`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.cases.reading import Case


def _thresholds(name: str, passed: Mapping[tuple[str, str], list[str]], **inputs: Any) -> Case:
    """`passed`: by what was invoiced, and what the month comes to."""
    cases = [{"invoiced": invoiced, "current": current} for invoiced, current in passed]
    expected = {"passed_thresholds": list(passed.values())}
    return Case(name, "invoice", "usage_thresholds", {**inputs, "cases": cases}, expected)


THRESHOLDS = [
    # Before 30 + 5 and what was invoiced, after 30, that and the month; steps at 125, 150, 175, …
    _thresholds(
        "thresholds in no order, with a progressive invoice of 5",
        {
            ("0", "9.99"): [],
            ("0", "10"): ["40"],
            ("60", "10"): ["100"],
            ("60", "34.99"): ["100"],
            ("60", "35"): ["100", "25"],
            ("0", "70"): ["100", "40"],
            ("0", "95"): ["100", "40", "25"],
            ("90", "29.99"): [],
            ("90", "30"): ["25"],
            ("96", "4"): [],
        },
        thresholds=["100", "40"],
        recurring_threshold="25",
        progressive_billed_amount="5",
        historical_usage="30",
    ),
    # Steps at 0.3, 0.6, 0.9, …
    _thresholds(
        "a step of thirty cents alone",
        {
            ("0", "0.29"): [],
            ("0", "0.3"): ["0.3"],
            ("0.3", "0.29"): [],
            ("0.31", "0.29"): ["0.3"],
            ("0", "0"): [],
        },
        thresholds=[],
        recurring_threshold="0.3",
    ),
]


def _credit(
    name: str, then: Mapping[str, int], last: Mapping[str, int], *, more: Mapping[str, Any] = {}, **cents: str
) -> Case:  # fmt: skip
    inputs = {
        name: [{"charge": code, "amount_cents": amount} for code, amount in fees.items()]
        for name, fees in (
            ("latest_progressive_invoice_fees", then),
            ("invoice_charge_fees", last),
        )
    }
    expected = {f"{key}_cents": amount for key, amount in cents.items()}
    return Case(name, "invoice", "progressive_billing_credit", {**inputs, **more}, expected)


CREDITS = [
    # 5.00 of A's 7.00 and B's 2.00 are credited; A's 2.00 are given back, of an invoice that nobody has paid. The bill
    # is 8.00 − 7.00 and 20 %.
    _credit(
        "a charge that fell and one that rose, with tax",
        {"A": 700, "B": 200},
        {"A": 500, "B": 300},
        more={"tax_rate_percent": "20"},
        progressive_billing_credit_amount="700",
        credit_note_on_progressive_invoice="240",
        fees_amount="800",
        taxes_amount="20",
        total_amount="120",
    ),
    _credit(
        "all of it moved to another charge, in yen",
        {"A": 1000},
        {"A": 0, "B": 1000},
        more={"currency": "JPY"},
        progressive_billing_credit_amount="0",
        credit_note_on_progressive_invoice="1000",
        fees_amount="1000",
    ),
    _credit(
        "nothing fell",
        {"A": 1, "B": 999},
        {"A": 1, "B": 999},
        progressive_billing_credit_amount="1000",
        credit_note_on_progressive_invoice="0",
        total_amount="0",
    ),
]


def _months(name: str, inputs: Mapping[str, Any], **expected: Any) -> Case:
    given = {"timezone": "UTC", "currency": "USD", **inputs}
    return Case(name, "scenario", "progressive_billing", given, expected)


_PLAN = {
    "amount_cents": 1000,
    "interval": "monthly",
    "pay_in_advance": False,
    "billing_time": "calendar",
}
MONTHS = [
    # New York, so that the second event is of 4 March. 5 units are 10.00; 9 are 18.00, above 15.00, with tax 19.80; 21
    # are 20.00 + 11.00, above 25.00: 13.00 more, with tax 14.30. The bill is 10.00 and 31.00, less 31.00, and tax.
    _months(
        "tiers, tax and another zone",
        {
            "plan": _PLAN,
            "charge": {
                "aggregation": "sum",
                "model": "graduated",
                "ranges": [
                    {"from": 0, "to": 10, "per_unit_amount": "2", "flat_amount": "0"},
                    {"from": 11, "to": None, "per_unit_amount": "1", "flat_amount": "0"},
                ],
            },
            "subscribed_at": "2024-03-01T12:00:00Z",
            "tax_rate_percent": "10",
            "timezone": "America/New_York",
            "thresholds": [1500],
            "recurring_threshold": 1000,
            "events": [
                {"at": "2024-03-03T12:00:00Z", "units": 5},
                {"at": "2024-03-05T04:30:00Z", "units": "4"},
                {"at": "2024-03-08T12:00:00Z", "units": "12"},
            ],
            "billed_at": "2024-04-01T12:00:00Z",
        },
        progressive_invoice_totals=["1980", "1430"],
        final={
            "fees_amount_cents": "4100",
            "progressive_billing_credit_amount_cents": "3100",
            "taxes_amount_cents": "100",
            "total_amount_cents": "1100",
        },
        credit_note_total_cents="0",
    ),
    # 30.00 are billed, 20.00 of them taken back: the bill credits 10.00, a note the rest.
    _months(
        "usage that is taken back",
        {
            "plan": {**_PLAN, "amount_cents": 0},
            "charge": {"aggregation": "sum", "model": "standard", "amount": "1"},
            "subscribed_at": "2024-03-01",
            "thresholds": [2500],
            "events": [
                {"at": "2024-03-03", "units": "30"},
                {"at": "2024-03-20", "units": "-20"},
            ],
            "billed_at": "2024-04-01",
        },
        progressive_invoice_totals=["3000"],
        final={
            "fees_amount_cents": "1000",
            "progressive_billing_credit_amount_cents": "1000",
            "total_amount_cents": "0",
        },
        credit_note_total_cents="2000",
    ),
    # Two charges, one of them in advance, in two weeks: 4.00 in advance and 6.00 reach 10.00; the first bill is 6.00
    # less 6.00. In the second week 9.00 in advance come to 19.00, and 3.00 pass 20.00.
    _months(
        "a charge in advance counts and is not billed twice",
        {
            "plan": {**_PLAN, "amount_cents": 0, "interval": "weekly"},
            "charges": [
                {"code": "calls", "aggregation": "count", "amount": "3"},
                {"code": "seats", "amount": "1", "pay_in_advance": True},
            ],
            "subscribed_at": "2024-03-04",
            "thresholds": [],
            "recurring_threshold": 1000,
            "events": [
                {"at": "2024-03-05", "charge": "seats", "units": "4"},
                {"at": "2024-03-06T01:00:00Z", "charge": "calls"},
                {"at": "2024-03-06T02:00:00Z", "charge": "calls"},
                {"at": "2024-03-12", "charge": "seats", "units": "9"},
                {"at": "2024-03-13", "charge": "calls", "units": "1"},
            ],
            "billed_at": ["2024-03-11", "2024-03-18"],
        },
        progressive_invoice_totals=["600", "300"],
        final_totals=["0", "0"],
    ),
]

PROGRESSIVE = [*THRESHOLDS, *CREDITS, *MONTHS]

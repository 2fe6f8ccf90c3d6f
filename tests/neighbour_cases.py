"""Cases that stand beside those of tests/cases/cases.json: the same shapes with other numbers, computed by hand.

Belongs here: cases about the life of a subscription, and the arithmetic in words. Does not belong here: running them
(`test_cases`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.cases.reading import Case


def _case(name: str, kind: str, subkind: str, inputs: Mapping[str, Any], **expected: Any) -> Case:
    return Case(name, kind, subkind, inputs, expected)


def _bounds(name: str, inputs: Mapping[str, Any], **expected: str) -> Case:
    given = {"billing_time": "anniversary", "timezone": "UTC", **inputs}
    return _case(name, "proration", "period_boundaries", given, **expected)


_TO = "23:59:59Z"
BOUNDS = [
    # From the 31st, in a leap year: 31 January, 29 February, 31 March.
    _bounds(
        "a month from the 31st",
        {"interval": "monthly", "subscription_at": "2024-01-31", "on": "2024-03-30"},
        **{"from": "2024-02-29T00:00:00Z", "to": f"2024-03-30T{_TO}"},
    ),
    _bounds(
        "half a year from 31 August",
        {"interval": "semiannual", "subscription_at": "2023-08-31", "on": "2024-03-01"},
        **{"from": "2024-02-29T00:00:00Z", "to": f"2024-08-30T{_TO}"},
    ),
    # Wednesdays: 15, 22 and 29 May, 5 June.
    _bounds(
        "the week that 5 June bills",
        {"interval": "weekly", "subscription_at": "2024-05-15", "billing_at": "2024-06-05"},
        to=f"2024-06-04T{_TO}",
    ),
    _bounds(
        "the quarter that 1 April bills in advance",
        {
            "interval": "quarterly",
            "billing_time": "calendar",
            "subscription_at": "2024-01-01",
            "billing_at": "2024-04-01",
            "pay_in_advance": True,
        },
        **{"from": "2024-04-01T00:00:00Z", "to": f"2024-06-30T{_TO}"},
    ),
    # From the second Sunday of March on New York is four hours behind UTC, before it five.
    _bounds(
        "a month in New York",
        {
            "interval": "monthly",
            "billing_time": "calendar",
            "subscription_at": "2024-01-10",
            "on": "2024-03-15",
            "timezone": "America/New_York",
        },
        **{"from": "2024-03-01T05:00:00Z", "to": "2024-04-01T03:59:59Z"},
    ),
    _bounds(
        "the last day of a year from 29 February",
        {"interval": "yearly", "subscription_at": "2024-02-29", "on": "2028-02-28"},
        **{"from": "2027-02-28T00:00:00Z", "to": f"2028-02-28T{_TO}"},
    ),
]


def _fee(name: str, inputs: Mapping[str, Any], **expected: str) -> Case:
    return _case(name, "proration", "subscription_fee", {"timezone": "UTC", **inputs}, **expected)


FEES = [
    # A trial through 10 March: 21 of 31 days of 31.00.
    _fee(
        "a trial that ends inside the month",
        {
            "plan_amount_cents": 3100,
            "interval": "monthly",
            "trial_days": 10,
            "started_at": "2022-03-01T09:00:00Z",
            "period_from": "2022-03-01T09:00:00Z",
            "period_to": "2022-03-31T23:59:59Z",
        },
        fee_amount_cents="2100",
    ),
    _fee(
        "a trial longer than the month",
        {
            "plan_amount_cents": 3100,
            "interval": "monthly",
            "trial_days": 40,
            "started_at": "2022-03-01T09:00:00Z",
            "period_from": "2022-03-01T09:00:00Z",
            "period_to": "2022-03-31T23:59:59Z",
        },
        fee_amount_cents="0",
    ),
    # 29 February 2024 to 27 February 2025 are 365 days, all of them used.
    _fee(
        "a year from 29 February in advance",
        {
            "plan_amount_cents": 36600,
            "interval": "yearly",
            "billing_time": "anniversary",
            "pay_in_advance": True,
            "started_at": "2024-02-29T10:00:00Z",
            "period_from": "2024-02-29T10:00:00Z",
        },
        fee_amount_cents="36600",
    ),
    # 20 to 31 December in Tokyo: 12 of 184 days of 18400 yen; the start is 00:30 there.
    _fee(
        "half a year in yen",
        {
            "plan_amount_cents": 18400,
            "interval": "semiannual",
            "currency": "JPY",
            "timezone": "Asia/Tokyo",
            "started_at": "2023-12-19T15:30:00Z",
        },
        fee_amount_cents="1200",
        precise_amount_cents="1200",
    ),
]


def _end(name: str, inputs: Mapping[str, Any], **expected: Any) -> Case:
    given = {"interval": "monthly", "billing_time": "calendar", "timezone": "UTC", **inputs}
    return _case(name, "proration", "terminate", given, **expected)


ENDS = [
    # 1 of 31 days.
    _end(
        "ended on the first day of a period",
        {
            "plan_amount_cents": 3100,
            "pay_in_advance": False,
            "started_at": "2024-01-10T09:00:00Z",
            "terminated_at": "2024-03-01T09:00:00Z",
        },
        fee_amount_cents="100",
    ),
    # An anniversary on the 31st: 29 February to 30 March are 31 days, of which 29 February to 3 March are 4.
    _end(
        "ended in a month from the 31st",
        {
            "plan_amount_cents": 3100,
            "billing_time": "anniversary",
            "pay_in_advance": False,
            "started_at": "2024-01-31T09:00:00Z",
            "terminated_at": "2024-03-03T09:00:00Z",
        },
        fee_amount_cents="400",
    ),
    # In advance 31.00 and 6.20; the end on the last day gives nothing back.
    _end(
        "ended on the last day of a month in advance",
        {
            "plan_amount_cents": 3100,
            "pay_in_advance": True,
            "tax_rate_percent": "20",
            "started_at": "2024-03-01T00:00:00Z",
            "terminated_at": "2024-03-31T20:00:00Z",
        },
        fee_amount_cents="3100",
        first_invoice_total_cents="3720",
        termination_invoice_total_cents="0",
    ),
]

_NOTE = {
    "plan_amount_cents": 3100,
    "fee_amount_cents": 3100,
    "interval": "monthly",
    "billing_time": "calendar",
    "pay_in_advance": True,
    "period": "2022-10-01..2022-10-31",
    "started_at": "2022-09-01T10:00:00Z",
    "terminated_at": "2022-10-15T10:00:00Z",
    "tax_rate_percent": "20",
    "timezone": "UTC",
}


def _note(name: str, inputs: Mapping[str, Any], *amounts: str) -> Case:
    """Item, tax, total, then credit, refund and offset."""
    keys = ("item_precise", "taxes", "total", "credit", "refund", "offset")
    expected = {f"{key}_amount_cents": amount for key, amount in zip(keys, amounts, strict=True)}
    given = {**_NOTE, **inputs}
    return _case(name, "proration", "termination_credit_note", given, **expected)


NOTES = [
    # 16 unused days of 1.00, with tax 19.20; the whole invoice of 37.20 is open.
    _note("offset of an open invoice", {"mode": "offset"}, "1600", "320", "1920", "0", "0", "1920"),
    # Open are 7.20.
    _note(
        "offset of what is open",
        {"mode": "offset", "invoice_paid_amount_cents": 3000},
        *("1600", "320", "1920", "1200", "0", "720"),
    ),
    # 15 used days are 18.00 with tax, and 10.00 were paid.
    _note(
        "a refund of less than was used",
        {"mode": "refund", "invoice_paid_amount_cents": 1000},
        *("1600", "320", "1920", "1920", "0", "0"),
    ),
    # Of 74.40 half is this fee's: 37.20 are paid of it, 18.00 used.
    _note(
        "a refund beside another subscription",
        {
            "mode": "refund",
            "invoice_paid_amount_cents": 7440,
            "other_subscription_fee_cents": 3100,
        },
        *("1600", "320", "1920", "0", "1920", "0"),
    ),
    # 37.20 paid of 74.40: 18.60 are this fee's share, 0.60 above what was used.
    _note(
        "a refund of half an invoice",
        {
            "mode": "refund",
            "invoice_paid_amount_cents": 3720,
            "other_subscription_fee_cents": 3100,
        },
        *("1600", "320", "1920", "1860", "60", "0"),
    ),
    _note("no note is wanted", {"mode": "skip"}, "0", "0", "0", "0", "0", "0"),
    # 16 unused days of 3100 yen are 1600 yen, tax 10 % of it.
    _note(
        "a note in yen",
        {"currency": "JPY", "tax_rate_percent": "10"},
        *("1600", "160", "1760", "1760", "0", "0"),
    ),
]

CHANGES = [
    # The new plan has no trial: 10 to 31 March, 22 of 31 days of 1000.00.
    _case(
        "a plan without trial ends the trial",
        "proration",
        "trial",
        {
            "interval": "monthly",
            "billing_time": "calendar",
            "pay_in_advance": True,
            "started_at": "2024-03-05T12:12:00Z",
            "upgraded_at": "2024-03-10T12:12:00Z",
            "from_plan": {"amount_cents": 50000, "trial_days": 10},
            "to_plan": {"amount_cents": 100000, "trial_days": 0},
        },
        fee_amount_cents="70968",
    ),
    # Days 5 to 9, 10 to 19 and 20 to 31 March: 5, 10 and 12 of 31 days of 10.00, 20.00 and 30.00.
    _case(
        "three plans of one month in arrears",
        "proration",
        "upgrade",
        {
            "interval": "monthly",
            "billing_time": "calendar",
            "pay_in_advance": False,
            "steps": [
                {"at": "2024-03-05T12:00:00Z", "plan_amount_cents": 1000},
                {"at": "2024-03-10T12:00:00Z", "plan_amount_cents": 2000},
                {"at": "2024-03-20T12:00:00Z", "plan_amount_cents": 3000},
            ],
        },
        invoice_fees_amount_cents=["161", "645", "1161"],
        credit_note_credit_amount_cents=[],
    ),
    # In advance: 27, 22 and 12 of 31 days; back go 22 days of 10.00 and 12 days of 20.00.
    _case(
        "three plans of one month in advance",
        "proration",
        "upgrade",
        {
            "interval": "monthly",
            "billing_time": "calendar",
            "pay_in_advance": True,
            "steps": [
                {"at": "2024-03-05T12:00:00Z", "plan_amount_cents": 1000},
                {"at": "2024-03-10T12:00:00Z", "plan_amount_cents": 2000},
                {"at": "2024-03-20T12:00:00Z", "plan_amount_cents": 3000},
            ],
        },
        invoice_fees_amount_cents=["871", "1419", "1161"],
        credit_note_credit_amount_cents=["710", "774"],
    ),
    # Arrears: 13 of 31 days in July; 20 days of 10.00 on the old plan, 11 days of 100.00 on the new one.
    _case(
        "a fixed charge in arrears across an upgrade",
        "proration",
        "fixed_charge",
        {
            "plan": {"interval": "monthly", "amount_cents": 100, "pay_in_advance": False},
            "upgrade_plan": {"interval": "monthly", "amount_cents": 10000, "pay_in_advance": False},
            "billing_time": "calendar",
            "subscription_at": "2023-07-19T12:12:00Z",
            "upgraded_at": "2023-08-21T12:00:00Z",
            "fixed_charges_old": [{"add_on": "A", "units": "10", "amount": "1"}],
            "fixed_charges_new": [{"add_on": "A", "units": "10", "amount": "10"}],
            "prorated": True,
            "fixed_charges_pay_in_advance": False,
        },
        on_2023_08_01=["419"],
        on_2023_08_01_subscription_fee="42",
        on_2023_08_21_fixed=["645"],
        on_2023_09_01=["3548"],
        on_2023_09_01_subscription_fee="3548",
    ),
    # Not prorated: both plans take their whole units, and nothing is counted against the new ones.
    _case(
        "a whole fixed charge in advance across an upgrade",
        "proration",
        "fixed_charge",
        {
            "plan": {"interval": "monthly", "amount_cents": 100, "pay_in_advance": True},
            "upgrade_plan": {"interval": "monthly", "amount_cents": 200, "pay_in_advance": True},
            "billing_time": "calendar",
            "subscription_at": "2023-08-01T12:00:00Z",
            "upgraded_at": "2023-08-21T12:00:00Z",
            "fixed_charges_old": [{"add_on": "A", "units": "2", "amount": "5"}],
            "fixed_charges_new": [{"add_on": "A", "units": "3", "amount": "5"}],
            "prorated": False,
            "fixed_charges_pay_in_advance": True,
        },
        on_2023_08_01=["1000"],
        on_2023_08_21_fixed=["1500"],
    ),
]

COMMITMENTS = [
    # 15 February to 30 June: 137 of 182 days of 12000.00.
    _case(
        "a commitment of half a year",
        "commitment",
        "commitment_proration",
        {
            "commitment_amount_cents": 1200000,
            "interval": "semiannual",
            "billing_time": "calendar",
            "from": "2024-02-15T00:00:00Z",
            "to": "2024-06-30T23:59:59Z",
        },
        commitment_amount_cents="903297",
    ),
    # 25 of 28 days: 267.86 of the commitment, less 89.29 paid in advance.
    _case(
        "a commitment with a plan in advance",
        "commitment",
        "commitment_true_up",
        {
            "plan_amount_cents": 10000,
            "commitment_amount_cents": 30000,
            "interval": "monthly",
            "billing_time": "calendar",
            "pay_in_advance": True,
            "subscribed_at": "2023-02-04",
            "billed_at": "2023-03-01",
        },
        true_up_fee_amount_cents="17857",
    ),
    _case(
        "a commitment that the fees just miss",
        "commitment",
        "commitment_true_up",
        {
            "commitment_amount_cents": 651,
            "interval": "yearly",
            "period": "2024-01-01..2024-12-31",
            "fees": [
                {"type": "subscription", "amount_cents": 200},
                {"type": "charge", "amount_cents": 300},
                {"type": "fixed_charge", "amount_cents": 150},
            ],
        },
        true_up_fee_amount_cents="1",
    ),
    # March, the second month: 31 of 31 days of both.
    _case(
        "a commitment of a later month",
        "commitment",
        "commitment_true_up",
        {
            "plan_amount_cents": 10000,
            "commitment_amount_cents": 30000,
            "interval": "monthly",
            "billing_time": "anniversary",
            "subscribed_at": "2024-01-31",
            "billed_at": "2024-03-31",
        },
        true_up_fee_amount_cents="20000",
    ),
]

INVOICES = [
    _case(
        "an amount in yen",
        "invoice",
        "currency_exponent",
        {"amount": "100", "currency": "JPY"},
        amount_cents="100",
    ),
    # 1 to 14 February of 28 days: 100.00 + 20.00 in advance, back 50.00 + 10.00; usage of 30.00 + 6.00 is paid by it.
    _case(
        "a note that is more than the last invoice",
        "scenario",
        "termination_invoice",
        {
            "plan_amount_cents": 10000,
            "pay_in_advance": True,
            "tax_rate_percent": "20",
            "started_at": "2025-02-01T00:00:00Z",
            "terminated_at": "2025-02-14T12:00:00Z",
            "usage_amount_cents": 3000,
        },
        credit_note={"sub_total": "5000", "taxes": "1000", "total": "6000", "balance": "6000"},
        credit_notes_amount_cents="3600",
        total_amount_cents="0",
        credit_note_balance_after="2400",
    ),
]

NEIGHBOURS = [*BOUNDS, *FEES, *ENDS, *NOTES, *CHANGES, *COMMITMENTS, *INVOICES]

"""Periods of single subscriptions, case by case: plan changes, returns, trials, and midnights that are none.

Belongs here: cases that an accountant can follow on a calendar of 2025. Does not belong here: steps of the calendar
(the unit tests of `int_subscriptions__calendar_periods`), and random lives (`test_properties_periods`).
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from tests.periods_company import Scheduled, schedule, write_periods_company

RECORDED = "2001-01-01T00:00:00Z"
ENTITY = {
    "billing_entity_code": "us",
    "entity_name": "Example Inc.",
    "country": "US",
    "timezone": "UTC",
    "invoice_prefix": "US",
    "net_payment_days": "30",
    "grace_days": "0",
}
# Amounts in a year: basic 120, weekly 156, long 240, pro 360, top 1,200. The long plan bills its charges every month.
PLANS = {
    "basic": ("monthly", "10", {}),
    "weekly": ("weekly", "3", {}),
    "long": ("yearly", "240", {"bills_charges_monthly": "true", "is_pay_in_advance": "true"}),
    "pro": ("monthly", "30", {}),
    "top": ("monthly", "100", {}),
    "tried": ("monthly", "50", {"trial_days": "14"}),
    "tried_longer": ("monthly", "60", {"trial_days": "30"}),
}

# Rows of an external id, as `plan start [end]`, and the periods of each in order: family (u, b), first and last local
# date that it touches, and days that count of days of the whole period. Nothing: it never begins.
JANUARY = "u 01-01 01-31 31/31"
CASES: dict[str, tuple[list[str], list[list[str]]]] = {
    "an upgrade is at once, and its day the new plan's": (
        ["basic 2025-01-01T00:00", "pro 2025-01-15T10:00"],
        [["u 01-01 01-15 14/31"], ["u 01-15 01-31 17/31", "u 02-01 02-28 28/28"]],
    ),
    "an upgrade at midnight shares no day": (
        ["basic 2025-01-01T00:00", "pro 2025-01-15T00:00"],
        [["u 01-01 01-14 14/31"], ["u 01-15 01-31 17/31", "u 02-01 02-28 28/28"]],
    ),
    "equal in a year is an upgrade": (
        ["basic 2025-01-01T00:00", "basic 2025-01-15T10:00"],
        [["u 01-01 01-15 14/31"], ["u 01-15 01-31 17/31", "u 02-01 02-28 28/28"]],
    ),
    "a downgrade waits for the end of the period": (
        ["pro 2025-01-01T00:00", "basic 2025-01-15T10:00"],
        [[JANUARY], ["u 02-01 02-28 28/28"]],
    ),
    "a downgrade at the end of a period is at once": (
        ["pro 2025-01-01T00:00", "basic 2025-02-01T00:00"],
        [[JANUARY], ["u 02-01 02-28 28/28"]],
    ),
    "a downgrade just after it waits for the next": (
        ["pro 2025-01-01T00:00", "basic 2025-02-01T00:00:01"],
        [[JANUARY, "u 02-01 02-28 28/28"], ["u 03-01 03-31 31/31"]],
    ),
    "a later downgrade replaces the pending one": (
        ["pro 2025-01-01T00:00", "basic 2025-01-10T00:00", "weekly 2025-01-20T00:00"],
        [[JANUARY], [], ["u 02-01 02-02 2/7", "u 02-03 02-09 7/7"]],
    ),
    "an upgrade drops the pending downgrade": (
        ["pro 2025-01-01T00:00", "basic 2025-01-10T00:00", "top 2025-01-20T00:00"],
        [["u 01-01 01-19 19/31"], [], ["u 01-20 01-31 12/31", "u 02-01 02-28 28/28"]],
    ),
    "a request is compared with what is active, not with what is pending": (
        ["pro 2025-01-01T00:00", "basic 2025-01-10T00:00", "long 2025-01-20T00:00"],
        [[JANUARY], [], ["u 02-01 02-28 28/28", "b 02-01 12-31 334/365"]],
    ),
    "a pending plan dies with the active one": (
        ["pro 2025-01-01T00:00 2025-01-20T00:00", "basic 2025-01-10T00:00"],
        [["u 01-01 01-19 19/31"], []],
    ),
    "a pending plan begins where the active one is ended at the bound": (
        ["pro 2025-01-01T00:00 2025-02-01T00:00", "basic 2025-01-10T00:00"],
        [[JANUARY], ["u 02-01 02-28 28/28"]],
    ),
    "a pending plan that is ended before it begins never does": (
        ["pro 2025-01-01T00:00", "basic 2025-01-10T00:00 2025-01-31T00:00"],
        [[JANUARY, "u 02-01 02-28 28/28"], []],
    ),
    "a downgrade from a long plan waits for the end of the year": (
        ["long 2025-01-01T00:00", "basic 2025-01-10T00:00"],
        [[JANUARY, "u 02-01 02-28 28/28", "b 01-01 12-31 365/365"], []],
    ),
    "several changes in a day leave it to the last": (
        ["basic 2025-01-01T00:00", "pro 2025-01-15T09:00", "top 2025-01-15T10:00"],
        [
            ["u 01-01 01-15 14/31"],
            ["u 01-15 01-15 0/31"],
            ["u 01-15 01-31 17/31", "u 02-01 02-28 28/28"],
        ],
    ),
    "two requests at one instant leave nothing of the first": (
        ["basic 2025-01-01T00:00", "pro 2025-01-15T09:00", "top 2025-01-15T09:00"],
        [["u 01-01 01-15 14/31"], [], ["u 01-15 01-31 17/31", "u 02-01 02-28 28/28"]],
    ),
    "a return on the day of the end bills the day once": (
        ["pro 2025-01-01T00:00 2025-01-15T09:00", "basic 2025-01-15T18:00"],
        [["u 01-01 01-15 14/31"], ["u 01-15 01-31 17/31", "u 02-01 02-28 28/28"]],
    ),
    "a return on a later day leaves the last day where it was": (
        ["pro 2025-01-01T00:00 2025-01-15T09:00", "basic 2025-01-16T00:00"],
        [["u 01-01 01-15 15/31"], ["u 01-16 01-31 16/31", "u 02-01 02-28 28/28"]],
    ),
    "a trial has no base fee": (
        ["tried 2025-01-20T00:00"],
        [
            [
                "u 01-20 01-31 12/31",
                "u 02-01 02-28 28/28",
                "b 01-20 01-31 0/31",
                "b 02-01 02-28 26/28",
            ]
        ],
    ),
    "a trial counts from the first start, by the days of the plan itself": (
        ["tried 2025-01-01T00:00", "tried_longer 2025-01-20T00:00"],
        [
            ["u 01-01 01-19 19/31", "b 01-01 01-19 5/31"],
            ["u 01-20 01-31 12/31", "b 01-20 01-31 1/31", "b 02-01 02-28 28/28"],
        ],
    ),
}
# Weekly from an anniversary, on whose weekday the clock skips or repeats midnight, and where that day begins (UTC).
MIDNIGHTS = [
    ("America/Havana", "2025-03-02T12:00", "2025-03-09T05:00"),
    ("America/Havana", "2025-10-26T12:00", "2025-11-02T04:00"),
    ("Africa/Cairo", "2025-04-18T12:00", "2025-04-24T22:00"),
    ("Africa/Cairo", "2025-10-24T12:00", "2025-10-30T22:00"),
    ("Atlantic/Azores", "2025-03-23T12:00", "2025-03-30T01:00"),
    ("Atlantic/Azores", "2025-10-19T12:00", "2025-10-26T00:00"),
    ("Asia/Kathmandu", "2025-03-03T12:00", "2025-03-09T18:15"),
    ("Australia/Lord_Howe", "2025-04-01T12:00", "2025-04-07T13:30"),
]


@pytest.fixture(scope="module")
def scheduled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Scheduled]]:
    """All cases as one company, by one due check: the periods of each subscription."""
    customers, subscriptions = [], []
    for number, (rows, _) in enumerate(CASES.values()):
        customers.append(customer(f"case{number}", "UTC"))
        for row, words in enumerate(rows):
            plan_code, *instants = words.split()
            subscriptions.append(
                subscription(f"case{number}", f"case{number}_{row}", plan_code, *instants)
            )
    for number, (zone, started_at, _) in enumerate(MIDNIGHTS):
        customers.append(customer(f"zone{number}", zone))
        row = subscription(f"zone{number}", f"zone{number}", "weekly", started_at)
        subscriptions.append({**row, "billing_time": "anniversary"})
    rows = {
        "prices/plans": [plan(code) for code in PLANS],
        "accounts/billing_entities": [ENTITY],
        "accounts/customers": customers,
        "accounts/subscriptions": subscriptions,
    }
    ws = write_periods_company(tmp_path_factory.mktemp("periods"), rows)
    found: dict[str, list[Scheduled]] = {}
    for period in schedule(ws, date(2025, 12, 1)):
        found.setdefault(period.subscription_id, []).append(period)
    return found


def plan(code: str) -> dict[str, str]:
    interval, amount, more = PLANS[code]
    return {
        "plan_code": code,
        "plan_name": code,
        "interval": interval,
        "is_pay_in_advance": "false",
        "amount": amount,
        "currency": "USD",
        "trial_days": "0",
        "bills_charges_monthly": "false",
        "valid_from": "2001-01-01",
        "recorded_at": RECORDED,
        **more,
    }


def customer(customer_id: str, timezone: str) -> dict[str, str]:
    return {
        "customer_id": customer_id,
        "customer_name": "A customer",
        "billing_entity_code": "us",
        "timezone": timezone,
    }


def subscription(
    customer_id: str, subscription_id: str, plan_code: str, started_at: str, ended_at: str = ""
) -> dict[str, str]:
    return {
        "subscription_id": subscription_id,
        "external_subscription_id": f"{customer_id}_ext",
        "customer_id": customer_id,
        "plan_code": plan_code,
        "started_at": f"{started_at}Z",
        "ended_at": ended_at and f"{ended_at}Z",
        "billing_time": "calendar",
        "recorded_at": RECORDED,
    }


def as_words(period: Scheduled) -> str:
    last = date.fromordinal(period.end.toordinal() - 1)
    days = f"{period.days}/{period.period_days}"
    return f"{period.fee_family[0]} {period.start:%m-%d} {last:%m-%d} {days}"


@pytest.mark.parametrize("case", CASES)
def test_periods_of(case: str, scheduled: dict[str, list[Scheduled]]) -> None:
    number = list(CASES).index(case)
    for row, expected in enumerate(CASES[case][1]):
        found = [as_words(period) for period in scheduled.get(f"case{number}_{row}", [])]
        if not expected:
            assert found == [], row
        # Cases show the periods around the change: those that are named are the first of their family.
        for family in {words[0] for words in expected}:
            wanted = [words for words in expected if words[0] == family]
            assert [words for words in found if words[0] == family][: len(wanted)] == wanted, row


@pytest.mark.parametrize("case", CASES)
def test_no_two_subscriptions_have_usage_at_an_instant(
    case: str, scheduled: dict[str, list[Scheduled]]
) -> None:
    number = list(CASES).index(case)
    names = [f"case{number}_{row}" for row in range(len(CASES[case][0]))]
    usage = [
        [one for one in scheduled.get(name, []) if one.fee_family == "usage"] for name in names
    ]
    in_order = sorted((one.starts_at, one.ends_at) for own in usage for one in own)
    assert all(ended_at <= started_at for (_, ended_at), (started_at, _) in pairwise(in_order))


@pytest.mark.parametrize(("number", "zone"), list(enumerate(zone for zone, *_ in MIDNIGHTS)))
def test_a_day_begins_at_the_first_instant_that_has_its_date(
    number: int, zone: str, scheduled: dict[str, list[Scheduled]]
) -> None:
    first, second = [one for one in scheduled[f"zone{number}"] if one.fee_family == "usage"][:2]
    assert f"{first.ends_at:%Y-%m-%dT%H:%M}" == MIDNIGHTS[number][2], zone
    assert second.starts_at == first.ends_at
    assert (first.days, second.days) == (7, 7)

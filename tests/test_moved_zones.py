"""Customers who move to another time zone, and a zone whose rules change, between closes: no gap, no overlap.

Belongs here: what becomes of registered periods and of usage around them. Does not belong here: periods in one zone
(`test_periods`), offsets themselves (`test_reference`).

December 2025 is billed where customers were, then they move. Each sends a token an hour around the turns of the months.
"""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.catalog import examine, load
from orchestration.workspace import REFERENCE
from tests import progressive_company
from tests.conftest import ClosedCompany
from tests.plain_close import close_date, close_through
from tests.price_book import write_book
from tests.progressive_company import Row, charge, plan, subscription, used

LATER = datetime(2026, 6, 1, tzinfo=UTC)
STEPS = (date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1))
HOME = {
    "eastward": "America/New_York",
    "westward": "Asia/Tokyo",
    "leaver": "Asia/Tokyo",
    "relawed": "Africa/Nairobi",
}
AWAY = {"eastward": "Asia/Tokyo", "westward": "America/New_York", "leaver": "America/New_York"}
# In Tokyo December was over at 15:00; in New York it is still the 31st, a date that is registered.
LEFT_AT = "2025-12-31T20:00:00Z"
TURNS = (datetime(2025, 12, 30, tzinfo=UTC), datetime(2026, 1, 30, tzinfo=UTC))
HOURS = tuple(turn + timedelta(hours=hour) for turn in TURNS for hour in range(72))
EVENTS = {
    name: [at for at in HOURS if name != "leaver" or at.isoformat() < LEFT_AT[:-1]] for name in HOME
}


def catalog(zones: dict[str, str]) -> dict[str, list[Row]]:
    """31.00 a month in advance, a token 1.00."""
    rows = progressive_company.catalog(0, ())
    rows["prices/plans"] += [plan(name, "31", is_pay_in_advance="true") for name in HOME]
    rows["prices/charges"] += [charge(name) for name in HOME]
    rows["accounts/customers"] += [
        {"customer_id": name, "customer_name": name, "billing_entity_code": "eu", "timezone": zone}
        for name, zone in zones.items()
    ]
    rows["accounts/subscriptions"] = [
        subscription(name) | {"started_at": "2025-11-30T12:00:00Z"} for name in HOME
    ]
    if zones != HOME:
        rows["accounts/subscriptions"][2] |= {"ended_at": LEFT_AT}
    return rows


def new_rules(folder: Path) -> Path:
    """The reference data with Nairobi an hour further east since long before, as a release might correct it."""
    shutil.copytree(REFERENCE, folder)
    file = folder / "tz_offsets.csv"
    text = file.read_text(encoding="utf-8")
    row = "Africa/Nairobi,1970-01-01T00:00:00Z,10800\n"
    assert row in text
    file.write_text(
        text.replace(row, f"{row}Africa/Nairobi,2025-06-01T00:00:00Z,14400\n"), encoding="utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> tuple[ClosedCompany, list[Any]]:
    """Three closed months, and the periods that were registered by the first close, as it left them."""
    folder = tmp_path_factory.mktemp("moved_zones")
    ws = write_book(folder, catalog(HOME))
    ws.landing.mkdir(exist_ok=True)
    lines = [
        json.dumps(used(name, at.strftime("%Y-%m-%dT%H:%M:%SZ"), 1))
        for name, own in EVENTS.items()
        for at in own
    ]
    (ws.landing / "usage.jsonl").write_text("\n".join(lines), encoding="utf-8")
    close_through(ws, STEPS[0], clock=lambda: LATER)
    before = ClosedCompany(ws).warehouse(REGISTERED)
    write_book(folder, catalog(HOME | AWAY))
    with pytest.MonkeyPatch.context() as patch:
        moved = new_rules(folder / "reference")
        patch.setattr(examine, "REFERENCE", moved)
        patch.setattr(load, "REFERENCE", moved)
        for through in STEPS[1:]:
            close_through(ws, through, clock=lambda: LATER)
        for day in STEPS:
            (report,) = close_date(ws, day, clock=lambda: LATER)
            assert report.outcome == "unchanged"
    return ClosedCompany(ws), before


REGISTERED = "select * from issued.billed_periods order by all"


def test_registered_periods_stay_and_the_next_ones_join_on(
    company: tuple[ClosedCompany, list[Any]],
) -> None:
    closed, before = company
    assert before
    assert set(before) <= set(closed.warehouse(REGISTERED))
    gaps = closed.warehouse(
        """
        select * from (
            select
                subscription_id, fee_family, period_starts_at,
                lag(period_ends_at) over (partition by subscription_id, fee_family order by period_starts_at)
                    as ends_before
            from issued.billed_periods
            where not is_adjustment
        ) where ends_before <> period_starts_at
        """
    )
    assert gaps == []


def test_nothing_is_computed_again_but_what_was_left(
    company: tuple[ClosedCompany, list[Any]],
) -> None:
    """A period that was paid in advance and is left is looked at again; its note alone changes what is owed."""
    closed, _ = company
    assert closed.finance("select count(*) from adjustments") == [(0,)]
    again = "select subscription_id, fee_family from issued.billed_periods where is_adjustment"
    assert closed.warehouse(again) == [("leaver", "base")]


def test_every_hour_is_billed_once(company: tuple[ClosedCompany, list[Any]]) -> None:
    closed, _ = company
    billed = closed.finance(
        "select subscription_id, sum(quantity) from invoice_lines where fee_type = 'charge' group by all"
    )
    assert {name: int(quantity) for name, quantity in billed} == {
        name: len(own) for name, own in EVENTS.items()
    }


def test_bounds_are_midnights_of_the_zone_of_their_time(
    company: tuple[ClosedCompany, list[Any]],
) -> None:
    """January begins where December ended, at home, and ends where the customer is by then.

    Who left on a date that was registered has what is left of it as a period of the date after.
    """
    closed, _ = company
    rows = closed.warehouse(
        """
        select subscription_id, strftime(period_starts_at, '%d %H'), strftime(period_ends_at, '%d %H')
        from issued.billed_periods
        where fee_family = 'usage' and period_start_date = '2026-01-01'
        """
    )
    assert sorted(rows) == [
        ("eastward", "01 05", "31 15"),
        ("leaver", "31 15", "31 20"),
        ("relawed", "31 21", "31 20"),
        ("westward", "31 15", "01 05"),
    ]


def test_months_in_advance_are_whole(company: tuple[ClosedCompany, list[Any]]) -> None:
    closed, _ = company
    rows = closed.finance(
        """
        select subscription_id, list(amount order by service_period_start) from invoice_lines
        where fee_type = 'subscription' and service_period_start > '2025-12-15' group by all
        """
    )
    whole = {name: [f"{amount:.2f}" for amount in amounts] for name, amounts in rows}
    assert whole == {name: ["31.00"] * 3 for name in HOME if name != "leaver"} | {
        "leaver": ["31.00"]
    }

"""Ten years of random lives, scheduled by one due check: the same periods as the second computation, and time tiled.

Belongs here: what must hold of the periods in SQL whatever zones, anchors, plans and changes are drawn. Does not belong
here: single cases (`test_periods`), the second computation's own properties (`test_oracle_tiling`), and money.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.oracle.catalog import Catalog, Subscription, read_catalog
from tests.oracle.draw import draw_lives
from tests.oracle.random_timelines import HORIZON
from tests.oracle.terms import Terms, terms_of
from tests.oracle.timelines import with_timelines
from tests.periods_company import Rows, Scheduled, schedule, write_periods_company

ENTITY = {
    "billing_entity_code": "prompt",
    "entity_name": "Prompt Inc.",
    "country": "US",
    "timezone": "UTC",
    "invoice_prefix": "P",
    "net_payment_days": "30",
    "grace_days": "0",
}
FAMILIES = ("base", "usage")
LAST = HORIZON.replace(tzinfo=None)
_NEVER = datetime(9999, 1, 1)


def company_of(count: int, seed: int) -> Rows:
    """The rows of `count` random lives as one company, their ids told apart by number."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    rows["accounts/billing_entities"] = [ENTITY]
    for number, life in enumerate(draw_lives(count=count, seed_number=seed)):
        for name, table in life.items():
            for row in table:
                cells = {column: _numbered(value, number) for column, value in row.items()}
                rows[name].append(cells)
    return rows


def _numbered(value: str, number: int) -> str:
    return value.replace("~c~", f"c{number}_").replace("~p~", f"p{number}_")


def computed_twice(folder: Path, count: int, seed: int) -> tuple[Catalog, list[Scheduled]]:
    """The second computation's catalog, and the product's schedule of ten years, of the same random lives."""
    ws = write_periods_company(folder, company_of(count, seed))
    return with_timelines(read_catalog(ws.catalog)), schedule(ws, HORIZON.date())


def expected(terms: Terms) -> Iterator[Scheduled]:
    """The periods that begin by the horizon, as the second computation has them."""
    for family in FAMILIES:
        for period in terms.periods(family):
            starts_at, ends_at = terms.bounds(period)
            if period.whole_start > HORIZON.date():
                break
            if starts_at >= ends_at:
                continue
            first_paid = max(period.start, terms.trial_end) if family == "base" else period.start
            yield Scheduled(
                subscription_id=terms.subscription.subscription_id,
                fee_family=family,
                start=period.start,
                end=period.end,
                billable_end=period.end if period.billable_end is None else period.billable_end,
                days=period.days_within(first_paid, period.end),
                period_days=period.period_days,
                starts_at=starts_at.astimezone(UTC).replace(tzinfo=None),
                ends_at=ends_at.astimezone(UTC).replace(tzinfo=None),
                due_on=terms.due_on(period, family),
            )


def differences(catalog: Catalog, found: list[Scheduled]) -> list[str]:
    """Where the two computations differ, one line each."""
    wanted = {
        period for one in catalog.subscriptions for period in expected(terms_of(catalog, one))
    }
    # Both go on for a while after the horizon, not equally far.
    seen = {period for period in found if period.starts_at < LAST}
    wanted = {period for period in wanted if period.starts_at < LAST}
    return [
        *(f"only SQL: {period}" for period in sorted(seen - wanted)),
        *(f"only the second computation: {period}" for period in sorted(wanted - seen)),
    ]


def untiled(catalog: Catalog, found: list[Scheduled]) -> list[str]:
    """Instants between billing's begin and the horizon that a family of fees has twice or never."""
    own = defaultdict(list)
    for period in found:
        own[period.subscription_id, period.fee_family].append(period)
    faults = []
    for one in catalog.subscriptions:
        first, last = _span(one)
        if first >= min(last, LAST):
            continue
        for family in FAMILIES:
            periods = sorted(own[one.subscription_id, family], key=lambda period: period.starts_at)
            cuts = [instant for period in periods for instant in (period.starts_at, period.ends_at)]
            bounds = [first, *cuts, last]
            for ended_at, started_at in zip(bounds[::2], bounds[1::2], strict=True):
                if ended_at != started_at and min(ended_at, started_at) < LAST:
                    faults.append(f"{one.subscription_id} {family}: {ended_at} and {started_at}")
    return faults


def _span(one: Subscription) -> tuple[datetime, datetime]:
    end = one.ended_at.astimezone(UTC).replace(tzinfo=None) if one.ended_at else _NEVER
    return one.billing_begins_at.astimezone(UTC).replace(tzinfo=None), end


def test_ten_years_are_scheduled_as_computed_a_second_time(tmp_path: Path) -> None:
    catalog, found = computed_twice(tmp_path, count=80, seed=41)
    assert len(found) > 5_000
    assert {one.end_kind for one in catalog.subscriptions} >= {"upgrade", "downgrade", "terminated"}
    assert differences(catalog, found)[:5] == []
    assert untiled(catalog, found)[:5] == []


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(42, 47))
def test_ten_years_of_many_more_lives(tmp_path: Path, seed: int) -> None:
    catalog, found = computed_twice(tmp_path, count=400, seed=seed)
    assert differences(catalog, found)[:5] == []
    assert untiled(catalog, found)[:5] == []

"""Ten years of random lives, scheduled by one due check: the same periods as the second computation, and time tiled.

Belongs here: what must hold of the periods in SQL whatever zones, anchors, plans and changes are drawn. Does not belong
here: single cases (`test_periods`), the second computation's own properties (`test_oracle_tiling`), and money.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from tests.oracle.catalog import Catalog, read_catalog
from tests.oracle.draw import draw_lives
from tests.oracle.periods import first_instant
from tests.oracle.random_rows import ALWAYS, RECORDED
from tests.oracle.random_timelines import EARLIEST, HORIZON
from tests.oracle.terms import FEE_FAMILIES, Terms, terms_of
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
ADD_ON = {"add_on_code": "seat", "add_on_name": "A seat"}
LAST = HORIZON.replace(tzinfo=None)
_NEVER = datetime(9999, 1, 1)


def company_of(count: int, seed: int) -> Rows:
    """The rows of `count` random lives as one company, their ids told apart by number."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    rows["accounts/billing_entities"] = [ENTITY]
    rows["prices/add_ons"] = [ADD_ON]
    random = Random(seed)
    for number, life in enumerate(draw_lives(count=count, seed_number=seed)):
        for name, table in _with_all_families(life, random).items():
            for row in table:
                cells = {column: _numbered(value, number) for column, value in row.items()}
                rows[name].append(cells)
    return rows


def _with_all_families(life: Rows, random: Random) -> Rows:
    """The life with fixed charges and a commitment on some of its plans, from the first on or from a later date."""
    plans: list[dict[str, str]] = []
    fixed_charges = []
    for plan in life["prices/plans"]:
        since = random.choice([ALWAYS, _day(random)])
        plans.extend(random.choice([[{**plan}], _committed(plan, since)]))
        for is_in_advance in ("false", "true"):
            row = {
                "plan_code": plan["plan_code"],
                "fixed_charge_code": f"in_advance_{is_in_advance}",
                "add_on_code": ADD_ON["add_on_code"],
                "charge_model": "standard",
                "display_name": "A fixed charge",
                "is_pay_in_advance": is_in_advance,
                "units": "1",
                "unit_amount": "1",
                "valid_from": random.choice([ALWAYS, _day(random)]),
                "recorded_at": RECORDED,
            }
            fixed_charges.extend(random.choice([[], [row]]))
    return {**life, "prices/plans": plans, "prices/fixed_charges": fixed_charges}


def _committed(plan: Mapping[str, str], since: str) -> list[dict[str, str]]:
    committed = {**plan, "minimum_commitment_amount": "1"}
    if since == ALWAYS:
        return [committed]
    return [{**plan, "valid_to": since}, {**committed, "valid_from": since}]


def _day(random: Random) -> str:
    """At times the first of a month, on which calendar periods end and begin."""
    day = EARLIEST.date() + timedelta(days=random.randrange(365 * 4))
    return str(random.choice([day, day.replace(day=1)]))


def _numbered(value: str, number: int) -> str:
    return value.replace("~c~", f"c{number}_").replace("~p~", f"p{number}_")


def computed_twice(folder: Path, count: int, seed: int) -> tuple[Catalog, list[Scheduled]]:
    """The second computation's catalog, and the product's schedule of ten years, of the same random lives."""
    ws = write_periods_company(folder, company_of(count, seed))
    return with_timelines(read_catalog(ws.catalog)), schedule(ws, HORIZON.date())


def expected(catalog: Catalog, terms: Terms) -> Iterator[Scheduled]:
    """The periods that begin by the horizon, as the second computation has them."""
    for family in terms.fee_families:
        since = first_day_of(catalog, terms, family)
        for period in terms.periods(family):
            starts_at, ends_at = terms.bounds(period)
            if period.whole_start > HORIZON.date():
                break
            if starts_at >= ends_at or period.end <= since:
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


def first_day_of(catalog: Catalog, terms: Terms, family: str) -> date:
    """The first day that the catalog has a row for in a family: the periods before the one around it are not billed."""
    plan_code = terms.subscription.plan_code
    if family == "commitment":
        plans = catalog.plan_rows[plan_code]
        days = [one.scope.validity.valid_from for one in plans if one.minimum_commitment_amount]
    else:
        days = [
            one.scope.validity.valid_from
            for rows in catalog.fixed_charge_rows.get(plan_code, {}).values()
            for one in rows
            if family == ("fixed_in_advance" if one.is_pay_in_advance else "fixed")
        ]
    return min(days, default=date.min)


def differences(catalog: Catalog, found: list[Scheduled]) -> list[str]:
    """Where the two computations differ, one line each."""
    wanted = {
        period
        for one in catalog.subscriptions
        for period in expected(catalog, terms_of(catalog, one))
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
        terms = terms_of(catalog, one)
        for family in terms.fee_families:
            periods = sorted(own[one.subscription_id, family], key=lambda period: period.starts_at)
            first, last = _span(catalog, terms, family, periods)
            if first >= min(last, LAST):
                continue
            cuts = [instant for period in periods for instant in (period.starts_at, period.ends_at)]
            bounds = [first, *cuts, last]
            for ended_at, started_at in zip(bounds[::2], bounds[1::2], strict=True):
                if ended_at != started_at and min(ended_at, started_at) < LAST:
                    faults.append(f"{one.subscription_id} {family}: {ended_at} and {started_at}")
    return faults


def _span(
    catalog: Catalog, terms: Terms, family: str, periods: Sequence[Scheduled]
) -> tuple[datetime, datetime]:
    """Where tiling begins and ends: where billing does, or with the period around the day of a later first row."""
    one = terms.subscription
    end = _naive(one.ended_at) if one.ended_at else _NEVER
    begin = first = _naive(one.billing_begins_at)
    since = first_day_of(catalog, terms, family)
    if since > date.min:
        first = max(begin, _naive(first_instant(terms.zone_name, since)))
    if periods and begin <= periods[0].starts_at <= first < periods[0].ends_at:
        first = periods[0].starts_at
    return first, end


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)


def begun_later(catalog: Catalog) -> int:
    """How many families of subscriptions have their first row only after billing began."""
    every = [terms_of(catalog, one) for one in catalog.subscriptions]
    return sum(
        terms.first_day < first_day_of(catalog, terms, family) < (terms.last_day or date.max)
        for terms in every
        for family in terms.fee_families
    )


def test_ten_years_are_scheduled_as_computed_a_second_time(tmp_path: Path) -> None:
    catalog, found = computed_twice(tmp_path, count=80, seed=41)
    assert len(found) > 20_000
    counts = Counter(period.fee_family for period in found)
    assert min(counts[family] for family in FEE_FAMILIES) > 2_000, counts
    assert begun_later(catalog) > 25
    assert {one.end_kind for one in catalog.subscriptions} >= {"upgrade", "downgrade", "terminated"}
    assert differences(catalog, found)[:5] == []
    assert untiled(catalog, found)[:5] == []


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(42, 47))
def test_ten_years_of_many_more_lives(tmp_path: Path, seed: int) -> None:
    catalog, found = computed_twice(tmp_path, count=400, seed=seed)
    assert differences(catalog, found)[:5] == []
    assert untiled(catalog, found)[:5] == []

"""Periods of random lives: they tile time exactly, no day counts twice or never, and shares add up to the whole.

Belongs here: what must hold whatever zones, anchors and changes are drawn. Does not belong here: single cases
(`test_oracle_periods`, `test_oracle_timelines`) and the product.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random

import pytest

from tests.oracle.catalog import Catalog, Subscription
from tests.oracle.draw import draw_lives
from tests.oracle.hand_written import hand_catalog, plan, subscription
from tests.oracle.invoicing import base_fee_lines
from tests.oracle.periods import ONE_DAY, Period, first_instant, local_date
from tests.oracle.random_timelines import HORIZON
from tests.oracle.terms import FEE_FAMILIES, Terms, terms_of

LIVES = 160
SEED = 31


@pytest.fixture(scope="module")
def catalogs(tmp_path_factory: pytest.TempPathFactory) -> list[Catalog]:
    """One catalog per life; each begins between 2015 and 2017."""
    folder = tmp_path_factory.mktemp("lives")
    entities = [{"billing_entity_code": "prompt", "net_payment_days": "30", "grace_days": "0"}]
    return [
        hand_catalog(folder / str(number), {**rows, "accounts/billing_entities": entities})
        for number, rows in enumerate(draw_lives(count=LIVES, seed_number=SEED))
    ]


def in_order(catalog: Catalog) -> list[Subscription]:
    return sorted(catalog.subscriptions, key=lambda one: one.started_at)


def periods_through(terms: Terms, fee_family: str, last: datetime) -> Iterator[Period]:
    """The periods that begin by an instant."""
    for period in terms.periods(fee_family):
        if terms.bounds(period)[0] > last:
            return
        yield period


def test_one_subscription_is_active_at_a_time(catalogs: list[Catalog]) -> None:
    for catalog in catalogs:
        begun = in_order(catalog)
        for one, later in itertools.pairwise(begun):
            assert one.ended_at is not None
            assert one.started_at < one.ended_at <= later.started_at
            is_change = one.end_kind in ("upgrade", "downgrade")
            assert not is_change or one.ended_at == later.started_at
        assert {one.anchor_at for one in begun} == {begun[0].started_at}


@pytest.mark.parametrize("fee_family", FEE_FAMILIES)
def test_periods_of_a_subscription_tile_its_billed_time(
    catalogs: list[Catalog], fee_family: str
) -> None:
    """From the first billed instant to the end, each period begins at the instant at which the one before ended."""
    for catalog in catalogs:
        for one in catalog.subscriptions:
            terms = terms_of(catalog, one)
            reached = one.billing_begins_at
            for period in periods_through(terms, fee_family, HORIZON):
                starts_at, ends_at = terms.bounds(period)
                assert starts_at == reached < ends_at or _is_left_out(terms, period)
                reached = ends_at
            is_over = one.ended_at is not None and one.ended_at <= HORIZON
            if is_over and one.ended_at is not None:
                assert reached == max(one.ended_at, one.billing_begins_at)
            else:
                assert reached > HORIZON


def _is_left_out(terms: Terms, period: Period) -> bool:
    """Whether the period has only days that its zone left out: Apia had no 30 December 2011."""
    day = period.start
    return local_date(first_instant(terms.zone_name, day), terms.zone_name) != day


@pytest.mark.parametrize("fee_family", FEE_FAMILIES)
def test_bounds_are_local_midnights(catalogs: list[Catalog], fee_family: str) -> None:
    for catalog in catalogs[::3]:
        for one in catalog.subscriptions:
            terms = terms_of(catalog, one)
            for period in periods_through(terms, fee_family, HORIZON):
                for instant in terms.bounds(period):
                    is_own = instant in (one.billing_begins_at, one.ended_at)
                    day = local_date(instant, terms.zone_name)
                    assert is_own or instant == first_instant(terms.zone_name, day)


@pytest.mark.parametrize("fee_family", FEE_FAMILIES)
def test_no_day_counts_twice_or_never(catalogs: list[Catalog], fee_family: str) -> None:
    """Over all subscriptions of an external id: a local day that one of them touches counts once."""
    shared = 0
    for catalog in catalogs:
        counted: Counter[date] = Counter()
        touched: set[date] = set()
        for one in catalog.subscriptions:
            terms = terms_of(catalog, one)
            for period in periods_through(terms, fee_family, HORIZON):
                touched.update(_days(period.start, period.end))
                counted.update(_days(period.start, period.last_billable_day + ONE_DAY))
                assert period.days == (period.last_billable_day - period.start).days + 1
            shared += one.is_last_day_shared
        assert set(counted) == touched
        assert set(counted.values()) <= {1}
    assert shared > 20


def _days(first: date, end: date) -> list[date]:
    return [first + number * ONE_DAY for number in range((end - first).days)]


@pytest.mark.parametrize("fee_family", FEE_FAMILIES)
def test_whole_periods_follow_each_other(catalogs: list[Catalog], fee_family: str) -> None:
    """A period lies in its whole one, and the next whole one begins where it ends; the anchor's day returns."""
    for catalog in catalogs:
        for one in catalog.subscriptions:
            terms = terms_of(catalog, one)
            own = list(periods_through(terms, fee_family, HORIZON))
            for period in own:
                assert period.whole_start <= period.start < period.end <= period.whole_end
                if terms.anchor is not None and terms.interval(fee_family) != "weekly":
                    next_day = period.whole_start + ONE_DAY
                    is_clamped = next_day.day == 1 and terms.anchor.day > period.whole_start.day
                    assert is_clamped or period.whole_start.day == terms.anchor.day
            for period, later in itertools.pairwise(own):
                assert period.end == period.whole_end == later.whole_start == later.start


def test_lives_are_of_every_kind(catalogs: list[Catalog]) -> None:
    begun = [one for catalog in catalogs for one in catalog.subscriptions]
    kinds = Counter(one.end_kind for one in begun)
    assert min(kinds[kind] for kind in ("upgrade", "downgrade", "terminated", None)) > 20
    plans = [
        catalog.plan_rows[one.plan_code][0] for catalog in catalogs for one in catalog.subscriptions
    ]
    assert min(Counter(one.interval for one in plans).values()) > 20
    assert sum(one.bills_charges_monthly for one in plans) > 20
    assert min(Counter(one.billing_time for one in begun).values()) > 60
    assert (
        len({catalog.timezone_of(one.customer_id) for catalog in catalogs for one in begun[:1]})
        > 12
    )
    assert sum(one.billing_starts_at is not None for one in begun) > 10


# Shares.


@cache
def _splits(seed_number: int) -> list[str]:
    """Instants of June 2025 at which a subscription is cancelled and begun again, some at midnight."""
    random = Random(seed_number)
    hours = sorted(random.sample(range(1, 30 * 24), random.randint(1, 6)))
    return [
        f"2025-06-{1 + hour // 24:02}T{hour % 24 * random.choice((0, 1)):02}:00Z" for hour in hours
    ]


@pytest.mark.parametrize("seed_number", range(20))
def test_any_split_of_a_period_sums_to_the_whole(tmp_path: Path, seed_number: int) -> None:
    """Exactly before rounding; after it, each part is off by half a cent at most."""
    amount = Fraction(Random(seed_number).randint(1, 1_000_000), 100)
    instants = sorted({"2025-06-01T00:00Z", *_splits(seed_number), "2025-07-01T00:00Z"})
    rows = [
        subscription(f"s{number}", "p", start, end)
        for number, (start, end) in enumerate(itertools.pairwise(instants))
    ]
    tables = {
        "prices/plans": [plan("p", str(float(amount)))],
        "accounts/subscriptions": rows,
    }
    catalog = hand_catalog(tmp_path, tables)
    lines = []
    for one in catalog.subscriptions:
        terms = terms_of(catalog, one)
        for period in terms.periods("base"):
            lines.extend(base_fee_lines(catalog, terms, period))
    assert sum(line.exact_amount for line in lines) == amount
    rounded = sum(Fraction(line.amount) for line in lines)
    assert abs(rounded - amount) <= len(lines) * Fraction(1, 200)

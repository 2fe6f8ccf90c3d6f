"""A company whose billing periods are cut in random places, at the same price before and after each cut.

Belongs here: drawing where and how periods are cut, and closing all of them at once. Does not belong here: what must
hold of the lines (`test_properties_proration`).

What cuts is another price row, a correction for some days, a row of one subscription alone, an end with a return on the
same local day, or a change to a plan of the same price.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from orchestration.catalog import load_catalog
from orchestration.close_steps import close_one
from orchestration.ingest import ingest
from orchestration.migrate import init
from orchestration.prepare import prepare_views
from tests.conftest import ClosedCompany
from tests.oracle.numbers import from_units, minor_unit
from tests.oracle.periods import MONTHS, ONE_DAY, first_instant, local_date, whole_period, zone
from tests.oracle.random_rows import ALWAYS, RECORDED
from tests.oracle.random_timelines import ZONES_OF_LIVES
from tests.periods_company import write_periods_company
from tests.replayed_dbt import REPLAYED
from tests.small_company import clock

# After every period that is drawn: one close bills them all.
CLOSE_DATE = date(2025, 2, 1)
CURRENCIES = ("USD", "JPY", "KWD")
Row = dict[str, str]


@dataclass
class Split:
    """Consecutive whole periods of one external id, and the catalog rows that cut them.

    `bounds`: the local dates between which the periods lie. `prices`: what each of them costs, by fee type.
    `commitment`: what all fees of a period come to; None where they come to their prices. `cuts`: in which ways periods
    are cut.
    """

    name: str
    zone_name: str
    currency: str
    interval: str
    billing_time: str
    bounds: list[date]
    prices: dict[str, Decimal]
    commitment: Decimal | None
    cuts: list[str] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def bounds_in_utc(self) -> list[datetime]:
        """The naive UTC instants of `bounds`."""
        instants = [first_instant(self.zone_name, day) for day in self.bounds]
        return [instant.replace(tzinfo=None) for instant in instants]


def closed_company(folder: Path, splits: list[Split]) -> ClosedCompany:
    """A company of these splits, billed by one close."""
    rows: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    rows["prices/add_ons"] = [{"add_on_code": "seat", "add_on_name": "A seat"}]
    rows["accounts/customers"] = [
        {
            "customer_id": zone_name,
            "customer_name": "A customer",
            "billing_entity_code": "us",
            "timezone": zone_name,
        }
        for zone_name in ZONES_OF_LIVES
    ]
    for split in splits:
        for table, own in split.rows.items():
            rows[table].extend(own)
    ws = write_periods_company(folder, rows)
    with REPLAYED.patched(ws.warehouse_file):
        init(ws)
        load_catalog(ws)
        ingest(ws)
        prepare_views(ws)
        # Not by the dates on which something is due: that would be hundreds.
        close_one(ws, CLOSE_DATE, clock)
    return ClosedCompany(ws)


# Drawing.


def draw_splits(count: int, seed: int) -> list[Split]:
    """`count` splits; the same ones for the same seed."""
    random = Random(seed)
    return [_split(random, f"split{number}") for number in range(count)]


def _split(random: Random, name: str) -> Split:
    currency = random.choice(CURRENCIES)
    interval = random.choice(["weekly", *MONTHS])
    billing_time = random.choice(["calendar", "anniversary"])
    bounds = _bounds(random, interval, billing_time)
    in_advance = {fee: random.choice([True, False]) for fee in ("base", "fixed")}
    amount, unit_amount = (_price(random, currency, (bounds[1] - bounds[0]).days) for _ in range(2))
    # More than all prices, also in a part of a day.
    commitment = amount + unit_amount + from_units(10**6, minor_unit(currency))
    # A price of units may be finer than any coin.
    units, unit_amount = random.choice([(1, unit_amount), (7, unit_amount / 1000)])
    prices = {
        "subscription": amount,
        "fixed_charge_in_advance" if in_advance["fixed"] else "fixed_charge": units * unit_amount,
    }
    split = Split(
        name=name,
        zone_name=random.choice(ZONES_OF_LIVES),
        currency=currency,
        interval=interval,
        billing_time=billing_time,
        bounds=bounds,
        prices=prices,
        commitment=random.choice([None, commitment]),
    )
    _cut_by_instants(random, split)
    plan = {
        "plan_name": "A plan",
        "interval": interval,
        "is_pay_in_advance": str(in_advance["base"]).lower(),
        "amount": str(amount),
        "currency": currency,
        "minimum_commitment_amount": str(split.commitment or ""),
    }
    fixed_charge = {
        "fixed_charge_code": "seats",
        "add_on_code": "seat",
        "charge_model": "standard",
        "display_name": "Seats",
        "is_pay_in_advance": str(in_advance["fixed"]).lower(),
        "is_prorated": "true",
        "units": str(units),
        "unit_amount": f"{unit_amount:f}",
    }
    _cut_by_dates(random, split, "prices/plans", plan)
    _cut_by_dates(random, split, "prices/fixed_charges", fixed_charge)
    return split


def _bounds(random: Random, interval: str, billing_time: str) -> list[date]:
    """Of one to three periods, the long ones alone, the first of which begins in 2023 or holds a day of it."""
    day = date(2023, 1, 1) + random.randrange(365) * ONE_DAY
    anchor = day if billing_time == "anniversary" else None
    bounds = list(whole_period(interval, day, anchor))
    while interval not in ("semiannual", "yearly") and len(bounds) < random.randint(2, 4):
        bounds.append(whole_period(interval, bounds[-1], anchor)[1])
    return bounds


def _price(random: Random, currency: str, days: int) -> Decimal:
    """Whole minor units, at times the same number of them for each day: then no part of it is rounded."""
    units = random.choice([random.randint(1, 10_000_000), random.randint(1, 10_000) * days])
    return from_units(units, minor_unit(currency))


def _cut_by_instants(random: Random, split: Split) -> None:
    """Subscriptions from the first bound to the last, each but the first after a return or a change of plan."""
    begin, end = (first_instant(split.zone_name, split.bounds[which]) for which in (0, -1))
    instants = {_instant(random, split) for _ in range(random.choice([0, 1, 1, 2, 5]))} - {begin}
    starts_at, plan_number = begin, 0
    for number, cut_at in enumerate([*sorted(instants), end]):
        is_change = cut_at < end and random.choice([True, False])
        split.rows["accounts/subscriptions"].append(
            {
                "subscription_id": f"{split.name}_{number}",
                "external_subscription_id": split.name,
                "customer_id": split.zone_name,
                "plan_code": f"{split.name}_plan{plan_number}",
                "started_at": starts_at.isoformat(),
                "ended_at": "" if is_change else cut_at.isoformat(),
                "billing_time": split.billing_time,
                "recorded_at": RECORDED,
            }
        )
        if cut_at < end:
            split.cuts.append("plan change" if is_change else "return")
        plan_number += is_change
        later = min((one for one in instants if one > cut_at), default=end)
        starts_at = cut_at if is_change else _return(random, split, cut_at, later)


def _instant(random: Random, split: Split) -> datetime:
    """Somewhere inside, at times a local midnight."""
    day = _day(random, split)
    if random.randrange(3) == 0:
        return first_instant(split.zone_name, day)
    at = time(random.randrange(24), random.randrange(60), random.randrange(60))
    return datetime.combine(day, at, zone(split.zone_name)).astimezone(UTC)


def _return(random: Random, split: Split, ended_at: datetime, limit: datetime) -> datetime:
    """At the end itself, or later on its local day."""
    minutes = random.choice([0, 0, 1, 600])
    again = ended_at + timedelta(minutes=minutes)
    is_same_day = local_date(again, split.zone_name) == local_date(ended_at, split.zone_name)
    return again if is_same_day and again < limit else ended_at


def _day(random: Random, split: Split) -> date:
    return split.bounds[0] + random.randrange((split.bounds[-1] - split.bounds[0]).days) * ONE_DAY


def _cut_by_dates(random: Random, split: Split, table: str, terms: Row) -> None:
    """Rows of all the split's plans with these terms: whatever row is in force, the price is the same."""
    days = {_day(random, split) for _ in range(random.choice([0, 0, 1, 2]))}
    starts = [ALWAYS, *map(str, sorted(days))]
    scopes = [
        {"valid_from": start, "valid_to": end, "recorded_at": RECORDED}
        for start, end in zip(starts, [*starts[1:], ""], strict=True)
    ]
    split.cuts.extend("new row" for _ in days)
    for number in range(random.choice([0, 0, 1, 2])):
        day = _day(random, split)
        end = day + random.randint(1, 40) * ONE_DAY
        recorded_at = f"2024-06-0{number + 1}T00:00:00Z"
        scopes.append({"valid_from": str(day), "valid_to": str(end), "recorded_at": recorded_at})
        split.cuts.append("correction")
    subscriptions = split.rows["accounts/subscriptions"]
    for plan_code in sorted({one["plan_code"] for one in subscriptions}):
        split.rows[table].extend({"plan_code": plan_code, **terms, **scope} for scope in scopes)
    for one in random.sample(subscriptions, random.choice([0, 0, 1])):
        own = {"plan_code": one["plan_code"], "subscription_id": one["subscription_id"], **terms}
        scope = {"valid_from": str(_day(random, split)), "recorded_at": RECORDED}
        split.rows[table].append(own | scope)
        split.cuts.append("own row")

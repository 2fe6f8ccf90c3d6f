"""What random examples are made of: dates, numbers, catalog rows, drawn by hypothesis.

Belongs here: rows of the catalog and the shared vocabulary. Does not belong here: usage lines (`random_usage`) and
whole examples (`random_companies`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import product, takewhile
from typing import Any

from hypothesis import strategies as st

from .numbers import from_units, minor_unit
from .periods import ONE_DAY, calendar_period, due_on, first_instant, local_date, periods_of

PRICES = "~p~"
COPY = "~c~"
ALWAYS = "2001-01-01"
RECORDED = "2001-01-01T00:00:00Z"
CORRECTED = "2001-06-01T00:00:00Z"
MICROSECOND = timedelta(microseconds=1)

ZONES = (
    "America/Havana",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/New_York",
    "Europe/Berlin",
    "Pacific/Apia",
)
CURRENCIES = ("USD", "EUR", "JPY", "KWD")
INTERVALS = ("weekly", "monthly", "yearly")

# (code, zone, net payment days, grace days): shared by all examples.
ENTITIES = (
    ("prompt", "UTC", 14, 0),
    ("berlin", "Europe/Berlin", 30, 0),
    ("two_days", "America/New_York", 0, 2),
    ("five_days", "Asia/Kathmandu", 45, 5),
    ("week", "Pacific/Apia", 7, 7),
)

COUNTED = PRICES + "calls"
SUMMED = PRICES + "tokens"
STORED = PRICES + "stored"
IDLE = PRICES + "idle"  # no plan charges for it
UNKNOWN = PRICES + "nowhere"  # no metric of that name
VALUE_FIELDS = {COUNTED: "note", SUMMED: "amount", STORED: "gb", IDLE: "amount", UNKNOWN: "amount"}


class JsonNumber(str):
    """A number as it is to stand in JSON, digit by digit."""


@dataclass(frozen=True)
class Window:
    """The days in which periods fall due: closes are on its Mondays and firsts of a month, through its last day."""

    name: str
    first: date
    through: date

    @property
    def close_dates(self) -> frozenset[date]:
        days = (self.first + number * ONE_DAY for number in range((self.through - self.first).days))
        return frozenset(day for day in (*days, self.through) if day.weekday() == 0 or day.day == 1)

    @property
    def received_at(self) -> datetime:
        """When the landing files were written: inside the window, to the half second."""
        middle = self.first + (self.through - self.first) / 2
        return datetime(middle.year, middle.month, middle.day, 12, 34, 56, 500_000, tzinfo=UTC)


AUTUMN = Window("autumn 2025", date(2025, 10, 1), date(2025, 11, 3))
SPRING = Window("spring 2025", date(2025, 3, 3), date(2025, 4, 1))
NEW_YEAR = Window("new year 2012, a day left out in Apia", date(2011, 12, 12), date(2012, 1, 2))
WINDOWS = {window.name: window for window in (AUTUMN, SPRING, NEW_YEAR)}


@dataclass(frozen=True)
class UsageLine:
    """One line of usage.

    `identity`: lines that share it keep their order in one file when files are permuted. `record` is the flat or
    short object (values: texts or JsonNumbers); a `raw` line has only text.
    """

    identity: str
    shape: str
    file_kind: str
    record: dict[str, Any] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True)
class Example:
    """One customer with all that concerns it. `is_permutable`: no order of files decides what is billed."""

    rows: dict[str, list[dict[str, str]]]
    lines: tuple[UsageLine, ...]
    is_permutable: bool


@dataclass(frozen=True)
class Span:
    """Local days of a subscription's billing: first and last (None: it goes on), both used."""

    first_day: date
    last_day: date | None


@dataclass(frozen=True)
class DrawnSubscription:
    """A subscription as drawn, with what its events need to know; instants UTC."""

    row: dict[str, str]
    zone_name: str
    span: Span
    interval: str
    billing_starts_at: datetime
    ended_at: datetime | None

    @property
    def external_id(self) -> str:
        return self.row["external_subscription_id"]

    def bounds(self, window: Window) -> list[datetime]:
        """Instants at which something changes for this subscription, within the window."""
        found = [self.billing_starts_at, datetime.fromisoformat(self.row["started_at"])]
        if self.ended_at is not None:
            found.append(self.ended_at)
        for period in periods_of(self.interval, self.span.first_day, self.span.last_day):
            if period.start > window.through:
                break
            found.append(first_instant(self.zone_name, period.start))
            found.append(first_instant(self.zone_name, period.end))
        return found


# Dates: spans of subscriptions whose periods fall due on close dates only.


@cache
def spans(window: Window, interval: str, is_in_advance: bool, grace_days: int) -> tuple[Span, ...]:
    """Every span of days whose periods, of both fee families, fall due on close dates or after the window."""
    days = range(-40, (window.through - window.first).days + 1)
    starts = [window.first + number * ONE_DAY for number in days]
    return tuple(
        Span(start, end)
        for start in starts
        for end in (None, *(day for day in starts if day >= start))
        if _falls_on_close_dates(Span(start, end), window, interval, is_in_advance, grace_days)
    )


def _falls_on_close_dates(
    span: Span, window: Window, interval: str, is_in_advance: bool, grace_days: int
) -> bool:
    coming = takewhile(
        lambda period: period.start <= window.through,
        periods_of(interval, span.first_day, span.last_day),
    )
    due = {
        due_on(period, is_in_advance=in_advance, grace_days=grace_days)
        for period in coming
        for in_advance in {False, is_in_advance}
    }
    due_in_window = {day for day in due if day <= window.through}
    return bool(due_in_window) and due_in_window <= window.close_dates


@cache
def terms_with_spans(window: Window, grace_days: int) -> tuple[tuple[str, bool], ...]:
    """(interval, in advance) of which this grace leaves any span."""
    return tuple(
        (interval, is_in_advance)
        for interval, is_in_advance in product(INTERVALS, (False, True))
        if spans(window, interval, is_in_advance, grace_days)
    )


@cache
def has_day(zone_name: str, day: date | None) -> bool:
    """Whether the zone has that date: Apia had no 30 December 2011."""
    return day is None or local_date(first_instant(zone_name, day), zone_name) == day


def instants_of_day(zone_name: str, day: date) -> st.SearchStrategy[datetime]:
    """Instants of a local day, its first and last among them."""
    first = first_instant(zone_name, day)
    last = first_instant(zone_name, day + ONE_DAY) - MICROSECOND
    return st.one_of(st.just(first), st.just(last), instants_between(first, last))


def instants_between(first: datetime, last: datetime) -> st.SearchStrategy[datetime]:
    width = (last - first) // MICROSECOND
    return st.integers(0, width).map(lambda number: first + number * MICROSECOND)


# Numbers.


def decimals_of(largest: int, places: int) -> st.SearchStrategy[str]:
    """Texts of decimals up to `largest` with up to `places` decimals."""
    return st.integers(0, places).flatmap(
        lambda scale: st.integers(0, largest * 10**scale).map(
            lambda units: format(from_units(units, scale), "f")
        )
    )


UNIT_AMOUNTS = st.one_of(
    st.sampled_from(["0.01", "0.0000000375", "0.005", "0.333333333333", "1", "12.5", "0"]),
    decimals_of(20, 12),
)
BOUNDS = st.one_of(st.sampled_from(["1", "10", "100", "0.5"]), decimals_of(2000, 9))


# Catalog rows.


@st.composite
def charge_rows(
    draw: st.DrawFn, plan_code: str, number: int, may_begin_late: bool, change_day: date
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The rows of one charge, and their tiers: constant, changed or corrected, or begun late."""
    metric_code = draw(st.sampled_from([COUNTED, SUMMED, STORED]))
    validities = draw(validities_of(change_day, may_begin_late=may_begin_late))
    charges, tiers = [], []
    for valid_from, valid_to, recorded_at in validities:
        key = {
            "plan_code": plan_code,
            "charge_code": f"charge{number}",
            "valid_from": valid_from,
            "recorded_at": recorded_at,
        }
        model = draw(st.sampled_from(["standard", "graduated", "package"]))
        prices, own_tiers = draw(prices_of(model))
        charges.append(
            {
                **key,
                "metric_code": metric_code,
                "charge_model": model,
                "display_name": f"Charge {number}",
                "valid_to": valid_to,
                **prices,
            }
        )
        tiers.extend({**key, **tier} for tier in own_tiers)
    return charges, tiers


@st.composite
def validities_of(
    draw: st.DrawFn, change_day: date, *, may_begin_late: bool = False
) -> list[tuple[str, str, str]]:
    """(valid_from, valid_to, recorded_at) of the rows of one key."""
    kinds = ["constant", "constant", "changed", "corrected"]
    kind = draw(st.sampled_from([*kinds, "begun late"] if may_begin_late else kinds))
    day = change_day.isoformat()
    if kind == "changed":
        return [(ALWAYS, day, RECORDED), (day, "", RECORDED)]
    if kind == "corrected":
        return [(ALWAYS, "", RECORDED), (ALWAYS, "", CORRECTED)]
    return [(day if kind == "begun late" else ALWAYS, "", RECORDED)]


@st.composite
def prices_of(draw: st.DrawFn, model: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The price columns of a charge row, and its tiers."""
    if model == "standard":
        return {"unit_amount": draw(UNIT_AMOUNTS)}, []
    if model == "package":
        size = draw(st.one_of(st.sampled_from(["1", "10", "1000"]), BOUNDS))
        return {
            "package_amount": draw(decimals_of(300, 12)),
            "package_size": size if Decimal(size) >= 1 else "2.5",
            "free_units": draw(st.one_of(st.just("0"), BOUNDS)),
        }, []
    bounds = sorted({Decimal(bound) for bound in draw(st.lists(BOUNDS, max_size=3))} - {Decimal(0)})
    tiers = [
        {
            "up_to": up_to,
            "unit_amount": draw(UNIT_AMOUNTS),
            "flat_amount": draw(st.one_of(st.sampled_from(["0", ""]), decimals_of(50, 6))),
        }
        for up_to in [*(format(bound, "f") for bound in bounds), ""]
    ]
    return {}, tiers


@st.composite
def plan_rows(
    draw: st.DrawFn, plan_code: str, terms: tuple[str, bool], currency: str, change_day: date
) -> list[dict[str, str]]:
    interval, is_in_advance = terms
    return [
        {
            "plan_code": plan_code,
            "plan_name": "A plan",
            "interval": interval,
            "is_pay_in_advance": str(is_in_advance).lower(),
            "amount": draw(
                st.one_of(
                    st.sampled_from(["0", "99", "100"]), decimals_of(2000, minor_unit(currency))
                )
            ),
            "currency": currency,
            "valid_from": valid_from,
            "valid_to": valid_to,
            "recorded_at": recorded_at,
        }
        for valid_from, valid_to, recorded_at in draw(validities_of(change_day))
    ]


@st.composite
def subscriptions(
    draw: st.DrawFn, window: Window, zone_name: str, number: int, terms: tuple[str, bool, int]
) -> DrawnSubscription:
    """A subscription to the plan of the same number. Some began long before their billing begins.

    The last day is one that counts: the end is a microsecond after its first instant or later, up to the midnight that
    ends it.
    """
    interval, is_in_advance, grace_days = terms
    possible = [
        span
        for span in spans(window, interval, is_in_advance, grace_days)
        if has_day(zone_name, span.first_day) and has_day(zone_name, span.last_day)
    ]
    whole = [span for span in possible if _starts_whole(interval, span)]
    is_taken_over = bool(whole) and draw(st.integers(0, 3)) == 0
    span = draw(st.sampled_from(whole if is_taken_over else possible))
    ended_at = None
    if span.last_day is not None:
        ended_at = draw(instants_of_day(zone_name, span.last_day)) + MICROSECOND
    if is_taken_over:
        starts_at = first_instant(zone_name, span.first_day)
        started_at = starts_at - timedelta(days=draw(st.integers(1, 400)), seconds=1)
    else:
        started_at = starts_at = draw(instants_of_day(zone_name, span.first_day))
        if ended_at is not None and started_at >= ended_at:  # both on one day
            started_at = starts_at = first_instant(zone_name, span.first_day)
    row = {
        "subscription_id": f"{COPY}sub{number}",
        "external_subscription_id": f"{COPY}ext{number}",
        "customer_id": f"{COPY}customer",
        "plan_code": f"{PRICES}plan{number}",
        "started_at": started_at.isoformat(),
        "ended_at": "" if ended_at is None else ended_at.isoformat(),
        "billing_starts_at": starts_at.isoformat() if is_taken_over else "",
        "recorded_at": RECORDED,
    }
    return DrawnSubscription(row, zone_name, span, interval, starts_at, ended_at)


def _starts_whole(interval: str, span: Span) -> bool:
    return calendar_period(interval, span.first_day)[0] == span.first_day


@st.composite
def credit_rows(
    draw: st.DrawFn, window: Window, currencies: st.SearchStrategy[str]
) -> dict[str, list[dict[str, str]]]:
    """Up to three wallets with up to three lots each, some of them granted within the window or after it."""
    wallets, lots = [], []
    for number in range(draw(st.sampled_from([0, 0, 1, 2, 3]))):
        currency = draw(currencies)
        wallet_id = f"{COPY}wallet{number}"
        wallets.append(
            {
                "wallet_id": wallet_id,
                "customer_id": f"{COPY}customer",
                "wallet_name": "Credits",
                "currency": currency,
                "priority": str(draw(st.sampled_from([1, 1, 2, 50]))),
            }
        )
        for lot_number in range(draw(st.integers(0, 3))):
            units = draw(st.integers(1, 30_000))
            days = draw(st.integers(-30, (window.through - window.first).days + 5))
            lots.append(
                {
                    "lot_id": f"{wallet_id}_lot{lot_number}",
                    "wallet_id": wallet_id,
                    "lot_kind": draw(st.sampled_from(["granted", "purchased"])),
                    "amount": format(from_units(units, minor_unit(currency)), "f"),
                    "granted_on": (window.first + days * ONE_DAY).isoformat(),
                }
            )
    return {"credits/wallets": wallets, "credits/wallet_lots": lots}


@st.composite
def tax_rows(draw: st.DrawFn, change_day: date) -> dict[str, list[dict[str, str]]]:
    """Up to three tax codes, some of whose rates change."""
    taxes, customer_taxes = [], []
    rates = st.one_of(st.sampled_from(["0", "5", "8.875", "19", "20"]), decimals_of(30, 5))
    for number in range(draw(st.sampled_from([0, 1, 1, 2, 3]))):
        tax_code = f"{PRICES}tax{number}"
        customer_taxes.append({"customer_id": f"{COPY}customer", "tax_code": tax_code})
        for valid_from, valid_to, recorded_at in draw(validities_of(change_day)):
            taxes.append(
                {
                    "tax_code": tax_code,
                    "tax_name": f"Tax {number}",
                    "rate_percent": draw(rates),
                    "valid_from": valid_from,
                    "valid_to": valid_to,
                    "recorded_at": recorded_at,
                }
            )
    return {"tax/taxes": taxes, "tax/customer_taxes": customer_taxes}

"""What random examples are made of: dates, numbers, catalog rows, drawn by hypothesis.

Belongs here: the shared vocabulary, and all rows of the catalog but metrics (`random_metrics`) and charges
(`random_charges`). Does not belong here: usage lines (`random_usage`) and whole examples (`random_companies`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
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


class JsonNumber(str):
    """A number as it is to stand in JSON, digit by digit."""


@dataclass(frozen=True)
class Window:
    """The days in which periods fall due: closes are on its Mondays and firsts of a month, through its last day.

    `is_daily`: there is a close on every day.
    """

    name: str
    first: date
    through: date
    is_daily: bool = False

    @property
    def close_dates(self) -> frozenset[date]:
        days = (self.first + number * ONE_DAY for number in range((self.through - self.first).days))
        return frozenset(
            day
            for day in (*days, self.through)
            if self.is_daily or day.weekday() == 0 or day.day == 1
        )

    @property
    def middle(self) -> date:
        """The last day that a company's closes run through before a second batch arrives."""
        return self.first + (self.through - self.first) / 2

    @property
    def received_at(self) -> datetime:
        """When the landing files were written: inside the window, to the half second."""
        middle = self.middle
        return datetime(middle.year, middle.month, middle.day, 12, 34, 56, 500_000, tzinfo=UTC)


OCTOBER = Window("end of October 2025", date(2025, 10, 20), date(2025, 11, 3))
AUTUMN = Window("autumn 2025", date(2025, 10, 1), date(2025, 11, 3))
SPRING = Window("spring 2025", date(2025, 3, 3), date(2025, 4, 1))
NEW_YEAR = Window("new year 2012, a day left out in Apia", date(2011, 12, 12), date(2012, 1, 2))
WINDOWS = {window.name: window for window in (OCTOBER, AUTUMN, SPRING, NEW_YEAR)}


@dataclass(frozen=True)
class UsageLine:
    """One line of usage.

    `identity`: lines that share it keep their order in one file when files are permuted. `record` is the flat or
    short object (values: texts, JsonNumbers or booleans); a `raw` line has only text. `is_late`: it arrives with the
    second batch, where there are two.
    """

    identity: str
    shape: str
    file_kind: str
    record: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    is_late: bool = False


@dataclass(frozen=True)
class Past:
    """Tables that closes through a day know in place of those of later ones."""

    through: date
    rows: dict[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Habit:
    """How an invoice is paid: the word says how much (see `paying`), `days` how late.

    `is_told_late`: a close later than the first that could know.
    """

    word: str
    days: int
    is_told_late: bool


@dataclass(frozen=True)
class Example:
    """One customer with all that concerns it. `is_permutable`: no order of files decides what is billed.

    `late_rows`: subscriptions and one-off fees that closes through the window's middle do not know, where a second
    batch arrives then; `late_ends`: subscriptions whose end they do not know. `pasts`: in order. `habits`: of
    paying, in turn; empty: nothing is paid.
    """

    rows: dict[str, list[dict[str, str]]]
    lines: tuple[UsageLine, ...]
    is_permutable: bool
    late_rows: frozenset[str] = frozenset()
    late_ends: frozenset[str] = frozenset()
    pasts: tuple[Past, ...] = ()
    habits: tuple[Habit, ...] = ()

    def known_on(self, day: date) -> Example:
        """The example as closes of a day know it."""
        past = next((one for one in self.pasts if day <= one.through), None)
        return self if past is None else replace(self, rows={**self.rows, **past.rows}, pasts=())


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


# Catalog rows.


@st.composite
def validities_of(
    draw: st.DrawFn, change_day: date, *, may_begin_late: bool = False
) -> list[dict[str, str]]:
    """valid_from, valid_to and recorded_at of the rows of one key."""
    kinds = [*["constant"] * 4, "changed", "corrected"]
    kind = draw(st.sampled_from([*kinds, "begun late"] if may_begin_late else kinds))
    day = change_day.isoformat()
    if kind == "changed":
        return [_valid(valid_to=day), _valid(day)]
    if kind == "corrected":
        return [_valid(), _valid(recorded_at=CORRECTED)]
    return [_valid(day if kind == "begun late" else ALWAYS)]


def _valid(
    valid_from: str = ALWAYS, valid_to: str = "", recorded_at: str = RECORDED
) -> dict[str, str]:
    return {"valid_from": valid_from, "valid_to": valid_to, "recorded_at": recorded_at}


@st.composite
def scopes_of(
    draw: st.DrawFn, subscription_id: str, change_day: date, *, may_begin_late: bool = False
) -> list[dict[str, str]]:
    """For whom and when the rows of one plan or charge hold: also an override of one subscription, or phases.

    Months are counted from the billing start, so that a phase often ends within the window.
    """
    kind = draw(st.sampled_from(["dated"] * 8 + ["override", "phase", "phases"]))
    day = change_day.isoformat()
    if kind == "override":
        since = draw(st.sampled_from([ALWAYS, day]))
        return [_valid(), {**_valid(since), "subscription_id": subscription_id}]
    last_month = draw(st.sampled_from([1, 1, 2]))
    phase = {**_valid(), "first_month": "1", "last_month": str(last_month)}
    if kind == "phase":
        return [_valid(), phase]
    if kind == "phases":
        return [phase, {**_valid(), "first_month": str(last_month + 1)}]
    return draw(validities_of(change_day, may_begin_late=may_begin_late))


@st.composite
def plan_rows(
    draw: st.DrawFn,
    number: int,
    terms: tuple[str, bool],
    currency: str,
    change_day: date,
) -> list[dict[str, str]]:
    """The rows of the plan of a number, which the subscription of the same number is on."""
    interval, is_in_advance = terms
    return [
        {
            "plan_code": f"{PRICES}plan{number}",
            "plan_name": "A plan",
            "interval": interval,
            "is_pay_in_advance": str(is_in_advance).lower(),
            "amount": draw(
                st.one_of(
                    st.sampled_from(["0", "99", "100"]), decimals_of(2000, minor_unit(currency))
                )
            ),
            "currency": currency,
            **scope,
        }
        for scope in draw(scopes_of(f"{COPY}sub{number}", change_day))
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
        for validity in draw(validities_of(change_day)):
            taxes.append(
                {
                    "tax_code": tax_code,
                    "tax_name": f"Tax {number}",
                    "rate_percent": draw(rates),
                    **validity,
                }
            )
    return {"tax/taxes": taxes, "tax/customer_taxes": customer_taxes}

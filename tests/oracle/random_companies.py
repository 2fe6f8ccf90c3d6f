"""Random small customers, drawn by hypothesis: price rows, subscriptions, credits, tax and usage lines.

Belongs here: what an example is made of, and the care that keeps the close dates few. Does not belong here: files
(see `company_files`) and any amount. Ids hold two marks: PRICES (once per example) and COPY (once per copy of it).

Each example avoids what the rules leave open, so that a difference is a fault: a customer's events name the customer
only where it is clear which subscription is meant; an event has one defect at most.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import product, takewhile
from typing import Any

from hypothesis import strategies as st

from .numbers import from_units, minor_unit
from .periods import ONE_DAY, calendar_period, due_on, first_instant, local_date, periods_of, zone

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


# Usage.


@dataclass(frozen=True)
class Scene:
    """What the usage lines of an example are drawn for."""

    window: Window
    subscriptions: tuple[DrawnSubscription, ...]
    bounds_of_prices: tuple[str, ...]
    metrics_charged_always: dict[str, list[str]]

    def metrics_of(self, subscription: DrawnSubscription) -> list[str]:
        """Metrics to use, those of the subscription's charges more often than others."""
        charged = self.metrics_charged_always.get(subscription.row["plan_code"], [])
        return [*charged * 3, COUNTED, SUMMED, STORED]

    def values(self) -> st.SearchStrategy[str]:
        """Event values: everyday ones, long ones, negative ones, and those that meet a tier's or package's bound."""
        strategies = [
            st.sampled_from(["1", "2", "10", "0", "1000", "0.1", "3.75", "1000000000"]),
            decimals_of(5000, 9),
            st.sampled_from(["-1", "-0.5", "0.000000001", "999999999.999999999"]),
        ]
        if self.bounds_of_prices:
            strategies.append(st.sampled_from(self.bounds_of_prices))
        return st.one_of(strategies)

    def anywhere(self, subscription: DrawnSubscription) -> st.SearchStrategy[datetime]:
        """Instants in and around the window; at, just before and just after every bound."""
        bounds = [
            bound + step * MICROSECOND
            for bound in subscription.bounds(self.window)
            for step in (-1, 0, 1)
        ]
        return st.one_of(st.sampled_from(bounds), instants_between(*self._around()))

    def inside(self, *chosen: DrawnSubscription) -> st.SearchStrategy[datetime] | None:
        """Instants at which all of these subscriptions are active and billed; None if there are none."""
        first, last = self._around()
        first = max(first, *(subscription.billing_starts_at for subscription in chosen))
        ends = [one.ended_at - MICROSECOND for one in chosen if one.ended_at is not None]
        last = min([last, *ends])
        return instants_between(first, last) if first <= last else None

    def _around(self) -> tuple[datetime, datetime]:
        first, through = self.window.first, self.window.through
        return (
            datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=20),
            datetime(through.year, through.month, through.day, tzinfo=UTC) + timedelta(days=9),
        )


@st.composite
def timestamps(draw: st.DrawFn, instant: datetime) -> str:
    """One of the ways to write an instant."""
    style = draw(st.sampled_from(["zulu", "offset", "epoch text", "epoch number"]))
    if style == "zulu":
        return instant.isoformat().replace("+00:00", "Z")
    if style == "offset":
        return instant.astimezone(zone(draw(st.sampled_from(ZONES)))).isoformat()
    microseconds = (instant - datetime(1970, 1, 1, tzinfo=UTC)) // MICROSECOND
    text = format(from_units(microseconds, 6), "f")
    if microseconds % 1_000_000 == 0:
        text = text.partition(".")[0]
    return JsonNumber(text) if style == "epoch number" else text


@st.composite
def usage_lines(draw: st.DrawFn, scene: Scene) -> tuple[tuple[UsageLine, ...], bool]:
    """All usage of an example, and whether the order of its files decides nothing."""
    lines: list[UsageLine] = []
    is_permutable = True
    for number in range(draw(st.sampled_from([0, 5, 8, 12, 16, 20, 25]))):
        line = draw(good_lines(scene, f"{number}"))
        if line is None:
            continue
        lines.append(line)
        fate = draw(st.sampled_from(["once"] * 6 + ["twice", "conflict", "distant conflict"]))
        if fate == "twice":
            lines.append(replace(line, file_kind=draw(kinds_for(line))))
        elif "conflict" in fate and line.shape != "short":
            other = changed(line)
            if fate == "distant conflict":
                other = replace(other, file_kind=draw(kinds_for(line)))
                is_permutable = is_permutable and other.file_kind == line.file_kind
            lines.append(other)
    for number in range(draw(st.integers(0, 3))):
        bad = draw(bad_lines(scene, f"bad{number}"))
        if bad is not None:
            lines.append(bad)
    return tuple(lines), is_permutable


def kinds_for(line: UsageLine) -> st.SearchStrategy[str]:
    """File kinds that can hold a line without changing what it says."""
    if line.file_kind == "parquet":
        return st.just("parquet")
    is_in_csv = line.shape == "flat" and "timestamp" in line.record
    return st.sampled_from(["jsonl", "jsonl.gz", "csv"] if is_in_csv else ["jsonl", "jsonl.gz"])


def changed(line: UsageLine) -> UsageLine:
    """The line with the same id and another value."""
    return replace(line, record={**line.record, "amount": JsonNumber("7.25"), "gb": "7.25"})


KINDS_OF_GOOD_LINES = ["plain"] * 8 + ["idle", "unknown"] + ["faulty", "by customer"] * 2


@st.composite
def good_lines(draw: st.DrawFn, scene: Scene, number: str) -> UsageLine | None:
    """A line that is an event: of this subscription or that, charged or not, at any instant.

    An event of a metric that nobody charges or knows, or whose value is at fault, happens while it would be billed.
    """
    subscription = draw(st.sampled_from(scene.subscriptions))
    kind = draw(st.sampled_from(KINDS_OF_GOOD_LINES))
    if kind == "by customer":
        return draw(customer_lines(scene, number))
    instants = scene.inside(subscription)
    if kind == "plain" and (instants is None or draw(st.booleans())):
        instants = scene.anywhere(subscription)
    if instants is None:
        return None
    code = draw(st.sampled_from(scene.metrics_of(subscription)))
    value: str = draw(scene.values())
    if kind == "idle":
        code = IDLE
    elif kind == "unknown":
        code = UNKNOWN
    elif kind == "faulty":
        if SUMMED not in scene.metrics_charged_always.get(subscription.row["plan_code"], ()):
            return None
        code = SUMMED
        value = draw(st.sampled_from(["many", "", "0.0000000001", "1000000000000000", "true"]))
    record = {
        "transaction_id": f"{COPY}{number}",
        "external_subscription_id": subscription.external_id,
        "code": code,
        "timestamp": draw(timestamps(draw(instants))),
    }
    is_number = kind != "faulty" and draw(st.booleans())
    if value != "":
        record[VALUE_FIELDS[code]] = JsonNumber(value) if is_number else value
    shape = draw(st.sampled_from(["flat", "flat", "lago"]))
    is_stamped_by_us = shape == "flat" and draw(st.integers(0, 15)) == 0
    if is_stamped_by_us and kind == "plain":
        del record["timestamp"]
        return UsageLine(record["transaction_id"], "flat", "jsonl", record)
    line = UsageLine(record["transaction_id"], shape, "jsonl", record)
    if shape == "flat" and kind == "plain" and draw(st.integers(0, 3)) == 0:
        return replace(line, file_kind="parquet")
    return replace(line, file_kind=draw(kinds_for(line)))


@st.composite
def customer_lines(draw: st.DrawFn, scene: Scene, number: str) -> UsageLine | None:
    """A line that names the customer. One with several subscriptions is meant clearly only where all are active."""
    external_ids = {one.external_id for one in scene.subscriptions}
    if len(scene.subscriptions) > 1:
        instants = scene.inside(*scene.subscriptions) if len(external_ids) > 1 else None
    else:
        instants = scene.anywhere(scene.subscriptions[0])
    if instants is None:
        return None
    code = draw(st.sampled_from(scene.metrics_of(scene.subscriptions[0])))
    timestamp = draw(timestamps(draw(instants)))
    value = draw(scene.values())
    if draw(st.booleans()):
        record = {
            "transaction_id": f"{COPY}{number}",
            "external_customer_id": f"{COPY}customer",
            "code": code,
            "timestamp": timestamp,
            VALUE_FIELDS[code]: value,
        }
        return UsageLine(record["transaction_id"], "flat", "jsonl", record)
    record = {
        "user_id": f"{COPY}customer",
        "event_type": code,
        "quantity": JsonNumber(value) if draw(st.booleans()) else value,
        "timestamp": timestamp,
    }
    return UsageLine("short", "short", draw(st.sampled_from(["jsonl", "csv"])), record)


@st.composite
def bad_lines(draw: st.DrawFn, scene: Scene, number: str) -> UsageLine | None:
    """A line that is no event, for one reason each; its id may be used again by a good line."""
    external_id = scene.subscriptions[0].external_id
    good_time = '"timestamp": "2025-10-10T00:00:00Z"'
    who = f'"external_subscription_id": "{external_id}", "code": "{COUNTED}"'
    txn = f'"transaction_id": "{COPY}{number.removeprefix("bad")}"'
    short = f'"user_id": "{COPY}customer", "event_type": "{SUMMED}"'
    texts = [
        "{not json",
        f'{{{txn}, {who}, "timestamp": ',
        '{"hello": "world"}',
        f"{{{who}, {good_time}}}",
        f'{{{txn}, "code": "{COUNTED}", {good_time}}}',
        f'{{{txn}, {who}, "timestamp": "yesterday"}}',
        f'{{{txn}, {who}, "timestamp": "2025-10-10T00:00:00"}}',
        f'{{{txn}, {who}, "timestamp": 1759276800000}}',
        f'{{{txn}, {who}, {good_time}, "properties": [1]}}',
        f"{{{short}}}",
        f'{{{short}, {good_time}, "quantity": "few"}}',
        f'{{{short}, {good_time}, "quantity": 0.0000000001}}',
        f'{{{short}, {good_time}, "quantity": 1e15}}',
    ]
    return UsageLine(number, "raw", "jsonl", text=draw(st.sampled_from(texts)))


# Examples.


@st.composite
def examples(draw: st.DrawFn, window: Window) -> Example:
    """One customer with its own prices, in one of the shared entities."""
    entity_code, entity_zone, _, grace_days = draw(st.sampled_from(ENTITIES))
    own_zone = draw(st.sampled_from(["", *ZONES]))
    zone_name = own_zone or entity_zone
    change_day = window.first + draw(st.integers(1, 40)) * ONE_DAY
    main_currency = draw(st.sampled_from(CURRENCIES))
    currencies = st.sampled_from([*[main_currency] * 12, *CURRENCIES])
    rows: dict[str, list[dict[str, str]]] = {
        "accounts/customers": [
            {
                "customer_id": f"{COPY}customer",
                "customer_name": "A customer",
                "billing_entity_code": entity_code,
                "timezone": own_zone,
            }
        ],
        "prices/billable_metrics": METRIC_ROWS,
        **draw(credit_rows(window, currencies)),
        **draw(tax_rows(change_day)),
    }
    drawn: list[DrawnSubscription] = []
    for number in range(draw(st.sampled_from([1, 1, 2]))):
        terms = draw(st.sampled_from(terms_with_spans(window, grace_days)))
        subscription = draw(subscriptions(window, zone_name, number, (*terms, grace_days)))
        drawn.append(draw(returned(subscription, drawn)))
        rows.setdefault("accounts/subscriptions", []).append(drawn[-1].row)
        plan_code = f"{PRICES}plan{number}"
        plans = draw(plan_rows(plan_code, terms, draw(currencies), change_day))
        rows.setdefault("prices/plans", []).extend(plans)
        may_begin_late = subscription.row["billing_starts_at"] == ""
        for charge_number in range(draw(st.sampled_from([0, 1, 2, 2, 3, 3]))):
            charges, tiers = draw(charge_rows(plan_code, charge_number, may_begin_late, change_day))
            rows.setdefault("prices/charges", []).extend(charges)
            rows.setdefault("prices/charge_tiers", []).extend(tiers)
    lines, is_permutable = draw(usage_lines(_scene(window, drawn, rows)))
    return Example(rows, lines, is_permutable)


METRIC_ROWS = [
    {
        "metric_code": code,
        "metric_name": "A metric",
        "aggregation_type": "count" if code == COUNTED else "sum",
        "field_name": "" if code == COUNTED else VALUE_FIELDS[code],
        "unit_name": "unit",
    }
    for code in (COUNTED, SUMMED, STORED, IDLE)
]


@st.composite
def returned(
    draw: st.DrawFn, subscription: DrawnSubscription, before: list[DrawnSubscription]
) -> DrawnSubscription:
    """The subscription; at times under the external id of one that had ended two days before it, or earlier."""
    started_at = datetime.fromisoformat(subscription.row["started_at"])
    for earlier in before:
        is_over = earlier.ended_at is not None and earlier.ended_at + 2 * ONE_DAY < started_at
        if is_over and draw(st.booleans()):
            row = {**subscription.row, "external_subscription_id": earlier.external_id}
            return replace(subscription, row=row)
    return subscription


def _scene(
    window: Window, drawn: list[DrawnSubscription], rows: dict[str, list[dict[str, str]]]
) -> Scene:
    charged: dict[str, list[str]] = {}
    for charge in rows.get("prices/charges", []):
        if charge["valid_from"] == ALWAYS:
            charged.setdefault(charge["plan_code"], []).append(charge["metric_code"])
    return Scene(window, tuple(drawn), _price_bounds(rows), charged)


def _price_bounds(rows: dict[str, list[dict[str, str]]]) -> tuple[str, ...]:
    """Quantities at which a price changes, and their neighbours at nine decimals."""
    found = {tier["up_to"] for tier in rows.get("prices/charge_tiers", [])}
    for charge in rows.get("prices/charges", []):
        found |= {charge.get("package_size", ""), charge.get("free_units", "")}
    step = Decimal("0.000000001")
    return tuple(
        sorted(
            format(Decimal(bound) + sign * step, "f")
            for bound in found - {""}
            for sign in (-1, 0, 1)
        )
    )

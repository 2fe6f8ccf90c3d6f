"""Random usage lines of an example: good ones, ambiguous ones, and lines with one defect each.

Belongs here: what stands in a line and what kind of file takes it. Does not belong here: prices and files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from .numbers import from_units
from .periods import zone
from .random_rows import (
    COPY,
    COUNTED,
    IDLE,
    MICROSECOND,
    STORED,
    SUMMED,
    UNKNOWN,
    VALUE_FIELDS,
    ZONES,
    DrawnSubscription,
    JsonNumber,
    UsageLine,
    Window,
    decimals_of,
    instants_between,
)

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

"""Random usage lines of an example: good ones, ambiguous ones, retractions, and lines with one defect each.

Belongs here: what stands in a line, in which shape, and what kind of file takes it. Does not belong here: which
properties a metric reads (`random_metrics`), prices and files.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from .numbers import from_units
from .periods import zone
from .random_metrics import (
    COUNTED,
    IDLE,
    SUMMED,
    UNKNOWN,
    DrawnMetric,
    properties_for,
    values,
)
from .random_rows import (
    COPY,
    MICROSECOND,
    PRICES,
    ZONES,
    DrawnSubscription,
    JsonNumber,
    UsageLine,
    Window,
    decimals_of,
    instants_between,
)

LINE_COUNTS = (4, 8, 12, 16, 20, 25, 30)
FATES = ["once"] * 14 + ["twice", "conflict", "mended", "retracted", "amended"]
KINDS_OF_GOOD_LINES = ["plain"] * 16 + ["idle", "unknown"] + ["faulty", "by customer"] * 2
SOURCES = (f"{COPY}gateway", f"//{COPY}host/a path\\x")
CENTS = ("40.2", "0", "100", "0.000000000000001", "1000000000", "-12.5", "0.5")


@dataclass(frozen=True)
class Scene:
    """What the usage lines of an example are drawn for.

    `metrics_charged`: by plan. `dynamic_codes`: metrics whose events bring their price. `order_decides`: two events
    may share an instant, and lines of one id may stand in two files.
    """

    window: Window
    subscriptions: tuple[DrawnSubscription, ...]
    bounds_of_prices: tuple[str, ...]
    metrics: tuple[DrawnMetric, ...]
    metrics_charged: dict[str, list[DrawnMetric]]
    dynamic_codes: frozenset[str]
    is_huge: bool
    order_decides: bool

    def metrics_of(self, subscription: DrawnSubscription) -> list[DrawnMetric]:
        """Metrics to use, those of the subscription's charges more often than others."""
        charged = self.metrics_charged.get(subscription.row["plan_code"], [])
        return [*charged * 12, *self.metrics]

    def values(self) -> st.SearchStrategy[str]:
        return values(self.bounds_of_prices, is_huge=self.is_huge)

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
            datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=14),
            datetime(through.year, through.month, through.day, tzinfo=UTC) + timedelta(days=2),
        )


@dataclass
class Clock:
    """The instants that an example's lines have taken. `has_ties`: two events share one."""

    may_tie: bool
    has_ties: bool = False
    taken: set[datetime | None] = field(default_factory=set)

    def take(self, instant: datetime | None) -> datetime | None:
        """The instant, or the next free one where no two may share it; None: the receipt time of the file."""
        while instant is not None and instant in self.taken and not self.may_tie:
            instant += MICROSECOND
        self.has_ties = self.has_ties or instant in self.taken
        self.taken.add(instant)
        return instant


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
    clock = Clock(scene.order_decides)
    for number in range(draw(st.sampled_from(LINE_COUNTS))):
        line = draw(good_lines(scene, f"{number}", clock))
        if line is None:
            continue
        fate = draw(st.sampled_from(FATES))
        if fate == "conflict" and line.shape != "short" and scene.order_decides:
            other = replace(changed(line), file_kind=draw(kinds_for(line)))
            is_permutable = is_permutable and other.file_kind == line.file_kind
            lines.extend([line, other])
        else:
            lines.extend(draw(fates(line, fate, number)))
    for number in range(draw(st.integers(0, 3))):
        lines.append(draw(bad_lines(scene, f"bad{number}")))
    dated = [replace(line, is_late=draw(st.integers(0, 3)) == 0) for line in lines]
    return tuple(dated), is_permutable and not clock.has_ties


@st.composite
def fates(draw: st.DrawFn, line: UsageLine, fate: str, number: int) -> list[UsageLine]:
    """The line, and what follows it: a duplicate, a conflict, a mended resend, or what takes it back."""
    if fate == "twice":
        return [line, replace(line, file_kind=draw(kinds_for(line)))]
    if line.shape == "short" or fate == "once":
        return [line]
    if fate == "conflict":
        return [line, changed(line)]
    if fate == "mended":
        return [replace(line, record={**line.record, "code": UNKNOWN}), line]
    names = {**line.record, "transaction_id": f"{COPY}{number}x"}
    target = line.record["transaction_id"]
    if fate == "retracted":
        kept = set(names) if draw(st.booleans()) else {*OWNERS, "transaction_id"}
        record = {name: value for name, value in names.items() if name in kept}
        return [line, draw(naming(line, {**record, "retracts": target}))]
    amendment = draw(naming(line, {**changed(line).record, **_id(names), "amends": target}))
    found = [line, amendment]
    if draw(st.integers(0, 3)) == 0:  # and that one is taken back too
        owners = {name: value for name, value in names.items() if name in OWNERS}
        record = {
            **owners,
            "transaction_id": f"{COPY}{number}y",
            "retracts": names["transaction_id"],
        }
        found.append(draw(naming(line, record)))
    return draw(st.permutations(found))


OWNERS = (
    "external_subscription_id",
    "external_customer_id",
    "source",
)


def _id(record: dict[str, str]) -> dict[str, str]:
    return {"transaction_id": record["transaction_id"]}


@st.composite
def naming(draw: st.DrawFn, line: UsageLine, record: dict[str, str]) -> UsageLine:
    """A line that retracts or amends another one; Parquet files here have no such columns."""
    other = UsageLine(record["transaction_id"], line.shape, "jsonl", record)
    return replace(other, file_kind=draw(kinds_for(other)))


def kinds_for(line: UsageLine) -> st.SearchStrategy[str]:
    """File kinds that can hold a line without changing what it says: CSV knows no booleans, and blank is absent."""
    if line.file_kind == "parquet":
        return st.just("parquet")
    is_in_csv = line.shape == "flat" and "timestamp" in line.record and is_plain(line.record)
    return st.sampled_from(["jsonl", "jsonl.gz", "csv"] if is_in_csv else ["jsonl", "jsonl.gz"])


def is_plain(record: dict[str, str | bool]) -> bool:
    """Whether a cell of a table can hold each value."""
    return not any(isinstance(value, bool) or value == "" for value in record.values())


def changed(line: UsageLine) -> UsageLine:
    """The line with the same id and another value."""
    other = {"amount": JsonNumber("7.25"), "gb": "7.25"}
    return replace(line, record={**line.record, **other})


@st.composite
def good_lines(draw: st.DrawFn, scene: Scene, number: str, clock: Clock) -> UsageLine | None:
    """A line that is an event: of this subscription or that, charged or not, at any instant, faulty or not."""
    subscription = draw(st.sampled_from(scene.subscriptions))
    kind = draw(st.sampled_from(KINDS_OF_GOOD_LINES))
    if kind == "by customer":
        return draw(customer_lines(scene, number, clock))
    instants = scene.inside(subscription)
    if instants is None or draw(st.integers(0, 4)) == 0:
        instants = scene.anywhere(subscription)
    metric = draw(st.sampled_from(scene.metrics_of(subscription)))
    if kind in ("idle", "unknown"):
        metric = IDLE
    record = {
        "transaction_id": f"{COPY}{number}",
        "external_subscription_id": subscription.external_id,
        "code": UNKNOWN if kind == "unknown" else metric.code,
        **draw(events_of(scene, metric, is_faulty=kind == "faulty")),
    }
    shape = draw(st.sampled_from(["flat", "flat", "lago", "cloud"]))
    if shape == "cloud":
        record["source"] = draw(st.sampled_from(SOURCES))
        if draw(st.booleans()):
            record["external_customer_id"] = f"{COPY}customer"
    line = UsageLine(record["transaction_id"], shape, "jsonl", record)
    if kind == "plain" and draw(st.integers(0, 24)) == 0:
        clock.take(None)
        return line
    instant = clock.take(draw(instants))
    assert instant is not None
    line.record["timestamp"] = draw(timestamps(instant))
    if shape == "flat" and kind == "plain" and is_plain(record) and draw(st.integers(0, 3)) == 0:
        return replace(line, file_kind="parquet")
    return replace(line, file_kind=draw(kinds_for(line)))


@st.composite
def events_of(
    draw: st.DrawFn, scene: Scene, metric: DrawnMetric, *, is_faulty: bool
) -> dict[str, str | bool]:
    """The properties of an event and its own price, which events of dynamic charges hardly ever lack."""
    found = draw(properties_for(metric, scene.values(), is_faulty=is_faulty))
    wants_cents = draw(st.integers(0, 9)) > (0 if metric.code in scene.dynamic_codes else 8)
    if wants_cents:
        cents = draw(st.one_of(st.sampled_from(CENTS), decimals_of(500, 15)))
        found["precise_total_amount_cents"] = JsonNumber(cents) if draw(st.booleans()) else cents
    return found


@st.composite
def customer_lines(draw: st.DrawFn, scene: Scene, number: str, clock: Clock) -> UsageLine | None:
    """A line that names the customer. One with several subscriptions is meant clearly only where all are active."""
    external_ids = {one.external_id for one in scene.subscriptions}
    if len(scene.subscriptions) > 1:
        instants = scene.inside(*scene.subscriptions) if len(external_ids) > 1 else None
    else:
        instants = scene.anywhere(scene.subscriptions[0])
    if instants is None:
        return None
    metric = draw(st.sampled_from(scene.metrics_of(scene.subscriptions[0])))
    instant = clock.take(draw(instants))
    assert instant is not None
    timestamp = draw(timestamps(instant))
    if metric.aggregation_type == "custom" or draw(st.booleans()):
        record = {
            "transaction_id": f"{COPY}{number}",
            "external_customer_id": f"{COPY}customer",
            "code": metric.code,
            "timestamp": timestamp,
            **draw(events_of(scene, metric, is_faulty=False)),
        }
        shape = draw(st.sampled_from(["flat", "lago", "cloud"]))
        if shape == "cloud":
            record["source"] = SOURCES[0]
        return UsageLine(record["transaction_id"], shape, "jsonl", record)
    value = draw(scene.values())
    record = {
        "user_id": f"{COPY}customer",
        "event_type": metric.code,
        "quantity": JsonNumber(value) if draw(st.booleans()) else value,
        "timestamp": timestamp,
    }
    return UsageLine("short", "short", draw(st.sampled_from(["jsonl", "csv"])), record)


@st.composite
def bad_lines(draw: st.DrawFn, scene: Scene, number: str) -> UsageLine:
    """A line that is no event, for one reason each; its id may be used again by a good line."""
    external_id = scene.subscriptions[0].external_id
    good_time = '"timestamp": "2025-10-10T00:00:00Z"'
    who = f'"external_subscription_id": "{external_id}", "code": "{COUNTED.code}"'
    txn = f'"transaction_id": "{COPY}{number.removeprefix("bad")}"'
    short = f'"user_id": "{COPY}customer", "event_type": "{SUMMED.code}"'
    cloud = f'"specversion": "1.0", "type": "{PRICES}calls", "time": "2025-10-10T00:00:00Z"'
    texts = [
        "{not json",
        f'{{{txn}, {who}, "timestamp": ',
        '{"hello": "world"}',
        f"{{{who}, {good_time}}}",
        f'{{{txn}, "code": "{COUNTED.code}", {good_time}}}',
        f'{{{txn}, {who}, "timestamp": "yesterday"}}',
        f'{{{txn}, {who}, "timestamp": "2025-10-10T00:00:00"}}',
        f'{{{txn}, {who}, "timestamp": 1759276800000}}',
        f'{{{txn}, {who}, {good_time}, "properties": [1]}}',
        f'{{{txn}, {who}, {good_time}, "precise_total_amount_cents": "a lot"}}',
        f'{{{txn}, {who}, {good_time}, "precise_total_amount_cents": 0.0000000000000001}}',
        f'{{{cloud}, "source": "{COPY}s", "subject": "{COPY}customer"}}',
        f'{{{cloud}, "id": "1", "subject": "{COPY}customer"}}',
        f'{{{cloud}, "id": "1", "source": "{COPY}s"}}',
        f"{{{short}}}",
        f'{{{short}, {good_time}, "quantity": "few"}}',
        f'{{{short}, {good_time}, "quantity": 0.0000000001}}',
        f'{{{short}, {good_time}, "quantity": 1e15}}',
    ]
    return UsageLine(number, "raw", "jsonl", text=draw(st.sampled_from(texts)))

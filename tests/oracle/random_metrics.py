"""Random billable metrics, and what an event must hold for them.

Belongs here: aggregations, expressions, rounding functions, and the properties of an event. Does not belong here:
prices (`random_charges`), and when and how an event is written down (`random_usage`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st

from .random_rows import PRICES, JsonNumber, decimals_of

UNKNOWN = PRICES + "nowhere"  # no metric of that name
RECURRING = ("sum", "unique_count", "weighted_sum", "custom")
TIERS_BY_PROPERTY = "tiers_by_property"

# Properties that filters and groups look at, with the values of events; None: the event does not have it.
REGIONS = ("eu", "us", "ap")
EVENT_REGIONS = (*REGIONS, "eu", "us", "", None)
EVENT_LEVELS = (JsonNumber("1"), "1", JsonNumber("2"), JsonNumber("1.50"), "1.5", True, None, None)
FILTER_LEVELS = ("1", "2", "1.50", "true")

# Few values, so that they come again. "1" and the number 1 are the same value, 1.0 is another one.
ITEMS = ("a", "b", "c", "an item", "é", JsonNumber("1"), "1", JsonNumber("1.0"))
FAULTY_NUMBERS = ("many", "", "0.0000000001", "1000000000000000", "-1e15", "true")
# An expression may read 24 digits; and 10^15 times a price and the days of a year is more than an amount may be.
FAULTY_IN_EXPRESSIONS = ("many", "", "0.0000000000001", "1" + "0" * 24, "-1e24", "true")

EXPRESSIONS = (
    ("amount + 4 * gb", ("amount", "gb")),
    ("amount / 1e3", ("amount",)),
    ("gb * 0.5 - amount", ("amount", "gb")),
    ("(amount + gb) / 8 + 0.125", ("amount", "gb")),
    ("-(2 - amount) * gb", ("amount", "gb")),
)


@dataclass(frozen=True)
class DrawnMetric:
    """A metric's row, and the properties that hold its numbers."""

    row: dict[str, str]
    fields: tuple[str, ...]

    @property
    def code(self) -> str:
        return self.row["metric_code"]

    @property
    def aggregation_type(self) -> str:
        return self.row["aggregation_type"]

    @property
    def is_recurring(self) -> bool:
        return self.row.get("is_recurring") == "true"


def _metric(
    code: str, aggregation_type: str, fields: tuple[str, ...], **columns: str
) -> DrawnMetric:
    row = {
        "metric_code": code,
        "metric_name": "A metric",
        "aggregation_type": aggregation_type,
        "field_name": fields[0] if fields and not columns.get("expression") else "",
        "unit_name": "unit",
        **columns,
    }
    return DrawnMetric(row, fields)


COUNTED = _metric(PRICES + "calls", "count", ())
SUMMED = _metric(PRICES + "tokens", "sum", ("amount",))
STORED = _metric(PRICES + "stored", "sum", ("gb",))
IDLE = _metric(PRICES + "idle", "sum", ("amount",))  # no plan charges for it
PLAIN_METRICS = (COUNTED, SUMMED, STORED)

KINDS = (
    *["count", "sum", "max", "latest", "weighted_sum", "custom"],
    *["sum", "unique_count", "unique_count", "weighted_sum"],
)


@st.composite
def metrics(draw: st.DrawFn, number: int, *, is_huge: bool = False) -> DrawnMetric:
    """Any metric. Of huge quantities (near 10^15) no weighted sum: times microseconds they would overflow."""
    kinds = [kind for kind in KINDS if not (is_huge and kind == "weighted_sum")]
    aggregation_type = draw(st.sampled_from(kinds))
    columns: dict[str, str] = {}
    fields: tuple[str, ...] = (draw(st.sampled_from(["amount", "gb"])),)
    if aggregation_type == "count":
        fields = ()
    elif aggregation_type == "unique_count":
        fields = ("item",)
    elif aggregation_type == "custom":
        columns["custom_model"] = TIERS_BY_PROPERTY
    elif draw(st.integers(0, 3)) == 0:
        columns["expression"], fields = draw(st.sampled_from(EXPRESSIONS))
    if aggregation_type in RECURRING and draw(st.integers(0, 2)) > 0:
        columns["is_recurring"] = "true"
    if draw(st.integers(0, 2)) == 0:
        columns["rounding_function"] = draw(st.sampled_from(["round", "ceil", "floor"]))
        columns["rounding_precision"] = str(draw(st.sampled_from([-3, -2, -1, -1, 0, 1, 2, 4, 9])))
    return _metric(f"{PRICES}metric{number}", aggregation_type, fields, **columns)


# Events.


def values(bounds_of_prices: tuple[str, ...], *, is_huge: bool) -> st.SearchStrategy[str]:
    """Event values: everyday ones, long ones, negative ones, and those that meet a bound of a price."""
    strategies = [
        st.sampled_from(["1", "2", "10", "0", "1000", "0.1", "3.75", "1000000000"]),
        decimals_of(5000, 9),
        st.sampled_from(["-1", "-0.5", "0.000000001", "999999999.999999999"]),
    ]
    if bounds_of_prices:
        strategies.append(st.sampled_from(bounds_of_prices))
    if is_huge:
        near = ["999999999999999.999999999", "999999999999999", "123456789012345.678"]
        strategies.append(st.sampled_from([*near, "-999999999999999.999999999", "1" + "0" * 14]))
    return st.one_of(strategies)


def neighbours(bounds: set[str]) -> tuple[str, ...]:
    """Each bound, just below and just above it, at nine decimals."""
    step = Decimal("0.000000001")
    return tuple(
        sorted(
            format(Decimal(bound) + sign * step, "f")
            for bound in bounds - {""}
            for sign in (-1, 0, 1)
        )
    )


@st.composite
def properties_for(
    draw: st.DrawFn, metric: DrawnMetric, numbers: st.SearchStrategy[str], *, is_faulty: bool
) -> dict[str, str | bool]:
    """The properties of an event: what the metric reads, and at times what filters and groups look at.

    An expression's numbers are short, or hardly any result would have nine decimals. A custom metric's events always
    have their region: a missing price is an error.
    """
    found: dict[str, str | bool] = {}
    if metric.aggregation_type == "unique_count":
        if not is_faulty:
            found["item"] = draw(st.sampled_from(ITEMS))
        operation = draw(st.sampled_from(["", "", "add", "remove", "remove"]))
        if operation:
            found["operation_type"] = operation
    else:
        if len(metric.fields) > 1 or metric.row.get("expression"):
            numbers = st.one_of(
                st.sampled_from(["1", "16", "0", "-2", "999999"]), decimals_of(50, 3)
            )
        for field in metric.fields:
            number = draw(numbers)
            found[field] = JsonNumber(number) if draw(st.booleans()) else number
        if is_faulty and metric.fields:
            is_expression = bool(metric.row.get("expression"))
            faulty = FAULTY_IN_EXPRESSIONS if is_expression else FAULTY_NUMBERS
            found[metric.fields[-1]] = draw(st.sampled_from(faulty))
    if metric.aggregation_type == "count":
        found["note"] = "a note"
    region = draw(st.sampled_from(EVENT_REGIONS))
    if metric.aggregation_type == "custom":
        region = draw(st.sampled_from(REGIONS))
    level = draw(st.sampled_from(EVENT_LEVELS))
    if region is not None:
        found["region"] = region
    if level is not None:
        found["level"] = level
    return {name: value for name, value in found.items() if value != "" or name == "region"}

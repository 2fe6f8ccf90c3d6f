"""How rows of the statistical checks read: sentences, and the values of a row beside those that it was judged by.

Belongs here: words and numbers for people, the same for the same rows. Does not belong here: judging (`expectations`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

from orchestration.statistics.outcomes import Series
from orchestration.texts import counted, grouped, money

Row = Mapping[str, Any]

_NAMED = 3
# What a frame's columns are called where a person reads them.
_COLUMN_OF = {"total_amount": "value", "quantity": "value", "share": "value"}
_LENGTHS = ("invoices", "weeks")


def shown(row: Row, columns: Sequence[str]) -> tuple[Any, ...]:
    """The values of a row under `columns`; decimals with as many digits as they need, money with its minor unit's."""
    least = row.get("minor_unit", 0)
    return tuple(
        len(row["history"])
        if column in _LENGTHS
        else trimmed(row[_COLUMN_OF.get(column, column)], least)
        for column in columns
    )


def trimmed(value: Any, least_decimals: int = 0) -> Any:
    """A decimal without trailing zeros beyond `least_decimals`; anything else as it is.

    Example:
        >>> trimmed(Decimal("990.0000"), 2), trimmed(Decimal("0.0125"), 2), trimmed(Decimal("100"))
        (Decimal('990.00'), Decimal('0.0125'), Decimal('100'))
    """
    if not isinstance(value, Decimal):
        return value
    whole, _, fraction = f"{value:f}".partition(".")
    return Decimal(f"{whole}.{fraction.rstrip('0').ljust(least_decimals, '0')}")


def times(value: Decimal, median: Decimal) -> str:
    """How a value stands to a median: `10 times`, `0.02 times`, or nothing to a median of 0."""
    if not median:
        return ""
    ratio = value / median
    decimals = 1 if ratio >= 1 else 2
    return f"{grouped(round(ratio, decimals))} times its median of "


def invoices_named(offenders: Sequence[Row]) -> str:
    """Which invoices are unusual, the first three."""
    said = []
    for row in offenders[:_NAMED]:
        amounts = [
            money(row[name], row["minor_unit"]) for name in ("value", "median", "lowest", "highest")
        ]
        name = row["customer_name"] or row["payer_customer_id"]
        relation = times(row["value"], row["median"])
        against = f"{relation}{amounts[1]}, " if relation else ""
        usual = _range(amounts[2] if row["lowest"] else "", amounts[3])
        said.append(f"{name} {row['currency']} {amounts[0]}, {against}usual is {usual}")
    return _listed(f"{counted(len(offenders), 'invoice')} unusual", said, len(offenders))


def days_named(offenders: Sequence[Row]) -> str:
    """Which days of which metrics are unusual, the first three."""
    said = [
        f"{row['metric_code']} on {row['weekday']} {row['usage_date']} {_quantity(row['value'])}, "
        f"usual is {_range(_quantity(row['lowest']) if row['lowest'] else '', _quantity(row['highest']))}"
        for row in offenders[:_NAMED]
    ]
    return _listed(f"{counted(len(offenders), 'metric-day')} unusual", said, len(offenders))


def shares_named(offenders: Sequence[Row]) -> str:
    """Which shares are too high."""
    said = [
        f"{row['kind']} {percent(row['value'])} of {row['line_count']:,} lines, "
        f"at most {percent(row['highest'])} is usual"
        for row in offenders
    ]
    return "; ".join(said)


def arrivals_named(offenders: Sequence[Row]) -> str:
    """What did not arrive on which days, the first three of each."""
    said = []
    for (kind, name), rows in groupby(offenders, key=lambda row: (row["kind"], row["name"])):
        days = [str(row["usage_date"]) for row in rows]
        said.append(f"{kind} {name} has no event on {_first(days)}")
    return "; ".join(said[:_NAMED]) + (
        f"; and {len(said) - _NAMED} more" if len(said) > _NAMED else ""
    )


def invoice_series(rows: Sequence[Row], offending: frozenset[int]) -> Sequence[Series]:
    """Totals beside earlier ones: first what is named, then what is nearest to it."""
    return [
        _series(
            rows[at],
            title=str(rows[at]["customer_name"] or rows[at]["payer_customer_id"]),
            unit=str(rows[at]["currency"]),
            label=str(rows[at]["close_date"]),
            is_offender=at in offending,
        )
        for at in _nearest_first(rows, offending)
    ]


def volume_series(rows: Sequence[Row], offending: frozenset[int]) -> Sequence[Series]:
    """Quantities of a day beside those of the same weekday before: what is named, then what is nearest to it."""
    return [
        _series(
            rows[at],
            title=f"{rows[at]['metric_code']}, {rows[at]['weekday']}s",
            unit="units",
            label=str(rows[at]["usage_date"]),
            is_offender=at in offending,
        )
        for at in _nearest_first(rows, offending)
    ]


def share_series(rows: Sequence[Row], offending: frozenset[int]) -> Sequence[Series]:
    """Shares of lines beside those of earlier closes."""
    return [
        _series(
            row,
            title=f"{row['kind']} lines",
            unit="share",
            label="this close",
            is_offender=at in offending,
        )
        for at, row in enumerate(rows)
    ]


def arrival_series(rows: Sequence[Row], offending: frozenset[int]) -> Sequence[Series]:
    """None: that a day is empty needs no picture."""
    return ()


def percent(share: Decimal) -> str:
    """A share as a percentage with two decimals at most: 0.0125 is `1.25 %`."""
    return f"{grouped(round(share * 100, 2))} %"


def _series(row: Row, *, title: str, unit: str, label: str, is_offender: bool) -> Series:
    least = row.get("minor_unit", 0)
    bounds = {
        name: None if row.get(name) is None else trimmed(row[name], least)
        for name in ("median", "lowest", "highest")
    }
    return Series(
        title=title,
        unit=unit,
        labels=tuple(map(str, row["history_dates"])),
        values=tuple(trimmed(value, least) for value in row["history"]),
        label=label,
        value=trimmed(row["value"], least),
        is_offender=is_offender,
        **bounds,
    )


def _nearest_first(rows: Sequence[Row], offending: frozenset[int]) -> list[int]:
    return sorted(range(len(rows)), key=lambda at: (at not in offending, -_nearness(rows[at]), at))


def _nearness(row: Row) -> Decimal:
    """How far a value is from the median, as a share of the way to the bound on its side."""
    value, median = row["value"], row["median"]
    bound = row["highest"] if value >= median else row["lowest"]
    return abs(value - median) / abs(bound - median) if bound != median else Decimal(0)


def _range(lowest: str, highest: str) -> str:
    return f"{lowest} to {highest}" if lowest else f"up to {highest}"


def _quantity(value: Decimal) -> str:
    return grouped(value.quantize(Decimal("0.01")) if abs(value) >= 1 else value)


def _listed(head: str, said: Sequence[str], count: int) -> str:
    more = f"; and {count - len(said)} more" if count > len(said) else ""
    return f"{head}: {'; '.join(said)}{more}"


def _first(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _NAMED} more days" if len(texts) > _NAMED else ""
    return ", ".join(texts[:_NAMED]) + more

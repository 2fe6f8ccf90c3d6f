"""What came out for one trial, as expected keys ask for it, whoever computed it: the product or the oracle.

Belongs here: points, lines and totals of one customer, and picking among them. Does not belong here: reading tables
(`stored`) and rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

# Fees of usage: of a charge in arrears, and of single events in advance.
USAGE_FEES = ("charge", "charge_in_advance")
Group = Mapping[str, str | None]


@dataclass(frozen=True)
class Point:
    """A row of fct_usage_quantities; `event_position` is that of the event at a pay-in-advance point, from 0."""

    charge_code: str
    filter_code: str | None
    group: Group | None
    point_number: int
    quantity: Decimal
    rated_quantity: Decimal
    event_count: int
    given_amount: Decimal | None = None
    event_position: int | None = None


@dataclass(frozen=True)
class Line:
    """An invoice line. Amounts in currency units; `event_position` as in Point."""

    charge_code: str | None
    filter_code: str | None
    group: Group | None
    fee_type: str
    quantity: Decimal
    unit_amount: Decimal
    amount_unrounded: Decimal
    amount: Decimal
    event_position: int | None = None


@dataclass(frozen=True)
class Facts:
    """All that came out for one trial. `minor_unit` is its currency's; totals are None where there is no invoice.

    `event_totals` are count and sum of the events' values by (charge, filter), where single events are measured;
    `running_totals` those of a percentage, as far as its free units look at them (None: not stored).
    """

    points: Sequence[Point]
    lines: Sequence[Line]
    minor_unit: int
    total_amount: Decimal | None = None
    tax_amount: Decimal | None = None
    event_totals: Mapping[tuple[str, str | None], tuple[int, Decimal]] = field(default_factory=dict)
    running_totals: Sequence[Decimal] | None = None

    def usage_lines(self, charge_code: str | None = None) -> list[Line]:
        """The lines of usage, or those of one charge."""
        return [
            line
            for line in self.lines
            if line.fee_type in USAGE_FEES and charge_code in (None, line.charge_code)
        ]

    def true_ups(self) -> list[Line]:
        return [line for line in self.lines if line.fee_type == "charge_true_up"]

    def last_points(
        self, filter_code: str | None = None, charge_code: str = "usage"
    ) -> list[Point]:
        """The last point of each group of a charge and filter."""
        last: dict[tuple[Any, ...], Point] = {}
        for point in sorted(self.points, key=lambda point: point.point_number):
            if (point.charge_code, point.filter_code) == (charge_code, filter_code):
                last[tuple((point.group or {}).items())] = point
        return list(last.values())

    def event_points(self, charge_code: str = "usage") -> list[Point]:
        """The pay-in-advance points of a charge that stand for an event, in order."""
        found = [
            point
            for point in self.points
            if point.charge_code == charge_code and point.event_position is not None
        ]
        return sorted(found, key=lambda point: point.point_number)

    def cents(self, amount: Decimal | None) -> Decimal | None:
        """An amount in the currency's minor unit."""
        return None if amount is None else amount.scaleb(self.minor_unit)


def total(amounts: Sequence[Decimal]) -> Decimal | None:
    """The sum of what there is; None if there is nothing."""
    return sum(amounts, Decimal(0)) if amounts else None

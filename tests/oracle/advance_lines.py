"""Lines of usage that is paid in advance, close by close.

Belongs here: which events a close bills, and what was issued before. Does not belong here: the fee of an event (see
`charge_models.advance`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from .catalog import Catalog, Charge, Metric
from .charge_models import advance_fees
from .invoicing import amount_of
from .lines import InvoiceLine
from .measuring import PeriodUsage, Point, Selected, Selection, period_usage, selections
from .metering import MeteredEvent
from .numbers import minor_unit
from .periods import Period, first_instant
from .price_rows import Segment
from .shapes import Key
from .terms import Terms, charge_segments, segment_bounds

EventKey = Key | None  # None: the state at the period's start
FeeKey = tuple[str, str, Selection, date, date]


class AdvanceBook:
    """What was issued in advance, event by event, per subscription, charge, filter, group, period and segment."""

    def __init__(self) -> None:
        self._issued: dict[FeeKey, dict[EventKey, Decimal]] = defaultdict(dict)

    def copy(self) -> AdvanceBook:
        other = AdvanceBook()
        for key, fees in self._issued.items():
            other._issued[key] = dict(fees)
        return other

    def lines(
        self,
        catalog: Catalog,
        terms: Terms,
        period: Period,
        events: Iterable[MeteredEvent],
        close_date: date,
    ) -> list[InvoiceLine]:
        """The lines that the close of a date issues for a period: events before the local midnight that begins it.

        `events`: all of the external id, as known at this close.
        Source: BILLING_RULES §4 "Pay-in-advance event fees wait for the next close"; §3 "across closes".
        """
        cut_off = first_instant(terms.zone_name, close_date)
        found: list[InvoiceLine] = []
        in_advance = [
            segment
            for own in charge_segments(catalog, terms, period).values()
            for segment in own
            if segment.row.is_pay_in_advance
        ]
        if not in_advance or terms.bounds(period)[0] > cut_off:
            return found
        usage = period_usage(terms, period, events)
        for segment in in_advance:
            metric = catalog.metrics[segment.row.metric_code]
            found.extend(self._segment_lines(usage, metric, segment, cut_off))
        return found

    def _segment_lines(
        self, usage: PeriodUsage, metric: Metric, segment: Segment[Charge], cut_off: datetime
    ) -> list[InvoiceLine]:
        charge = segment.row
        bounds = segment_bounds(usage.terms, usage.period, segment)
        until = min(cut_off, bounds[1])
        if bounds[0] > until:
            return []
        lines = []
        for key, selected in selections(charge, metric, usage, until).items():
            lines.extend(self._fees(selected, key, segment, selected.points(until)))
        return lines

    def _fees(
        self, selected: Selected, key: Selection, segment: Segment[Charge], points: Sequence[Point]
    ) -> list[InvoiceLine]:
        """The lines of the points of a segment that were not issued yet.

        The segment that begins the period bills its state too; in a later one what precedes it is subtracted.
        """
        usage = selected.usage
        bounds = segment_bounds(usage.terms, usage.period, segment)
        is_first = segment.start == usage.period.start
        earlier = [one for one in points if not is_first and _precedes(one, bounds[0])]
        own = points[len(earlier) :]
        amounts = [amount_of(selected, key, one.measure) for one in own]
        before = amount_of(selected, key, earlier[-1].measure) if earlier else Fraction(0)
        quantities = [one.measure.aggregate for one in [*earlier[-1:], *own]]
        if not earlier:
            quantities.insert(0, Fraction(0))
        lines = []
        for number, fee in enumerate(self._issue(selected, key, segment, own, amounts, before)):
            if fee is not None:
                line = _line(selected, key, bounds, own[number].event)
                lines.append(
                    replace(
                        line,
                        exact_quantity=max(
                            quantities[number + 1] - quantities[number], Fraction(0)
                        ),
                        exact_amount=amounts[number] - (amounts[number - 1] if number else before),
                        issued_amount=fee,
                    )
                )
        return lines

    def _issue(
        self,
        selected: Selected,
        key: Selection,
        segment: Segment[Charge],
        points: Sequence[Point],
        amounts: Sequence[Fraction],
        before: Fraction,
    ) -> list[Decimal | None]:
        """The fee of each point that is issued now, written into the book; None for the others."""
        terms = selected.usage.terms
        issued = self._issued[
            terms.subscription.subscription_id,
            selected.charge.charge_code,
            key,
            selected.usage.period.start,
            segment.start,
        ]
        keys = [one.event.event.transaction_key if one.event else None for one in points]
        others = (fee for event_key, fee in issued.items() if event_key not in keys)
        fees = advance_fees(
            amounts,
            [issued.get(event_key) for event_key in keys],
            scale=minor_unit(terms.currency),
            before=before,
            issued_to_others=sum(others, Decimal(0)),
        )
        issued.update(
            (event_key, fee) for event_key, fee in zip(keys, fees, strict=True) if fee is not None
        )
        return fees


def _line(
    selected: Selected, key: Selection, bounds: tuple[datetime, datetime], one: MeteredEvent | None
) -> InvoiceLine:
    """A line without its amounts."""
    terms = selected.usage.terms
    return InvoiceLine(
        subscription_id=terms.subscription.subscription_id,
        fee_type="charge_in_advance",
        charge_code=selected.charge.charge_code,
        metric_code=selected.charge.metric_code,
        service_period_start=bounds[0],
        service_period_end=bounds[1],
        exact_quantity=Fraction(0),
        exact_amount=Fraction(0),
        currency=terms.currency,
        filter_code=key[0],
        group_key=key[1],
        event_id=one.event.transaction_id if one else None,
    )


def has_charges_in_advance(catalog: Catalog, terms: Terms) -> bool:
    """Whether any charge row of the subscription's plan is paid in advance."""
    rows = catalog.charge_rows.get(terms.subscription.plan_code, {})
    return any(row.is_pay_in_advance for own in rows.values() for row in own)


def _precedes(point: Point, starts_at: datetime) -> bool:
    """Whether a point lies before a segment; the state at the period's start precedes every later segment."""
    return point.event is None or point.at < starts_at

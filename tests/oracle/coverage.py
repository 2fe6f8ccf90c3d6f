"""What the lines of a bill were made of: counts per feature, so that a test sees when one is no longer drawn.

Belongs here: naming the features of a line and of a catalog. Does not belong here: how many there should be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .bill import Bill
from .catalog import Catalog
from .lines import InvoiceLine
from .metering import MATCHED
from .periods import local_date
from .price_rows import Charge
from .random_rows import Example
from .terms import Terms, charge_on, terms_of

SHORT_FEE_TYPES = {
    "charge": "arrears",
    "charge_in_advance": "advance",
    "charge_maximum": "maximum",
    "charge_true_up": "true-up",
}
PARAMETERS = (
    "fixed_amount",
    "free_units",
    "free_units_per_events",
    "free_units_per_total_aggregation",
    "per_transaction_min_amount",
    "per_transaction_max_amount",
)


def features_of(bill: Bill) -> Counter[str]:
    """How many lines of usage with an amount have each feature, and how many of all kinds there are.

    `arrears standard`: a line of that fee type and charge model; `sum recurring`: of such a metric; parameters, tiers
    and the like by their name. Lines without an amount count as `nothing to pay`.
    """
    found: Counter[str] = Counter()
    terms = {one.subscription_id: terms_of(bill.catalog, one) for one in bill.catalog.subscriptions}
    for invoice in bill.invoices:
        for line in invoice.lines:
            if line.charge_code is None:
                found["base"] += 1
            elif line.fee_type.startswith("progressive"):
                found[line.fee_type] += line.exact_amount != 0
            elif line.exact_amount == 0:
                found["nothing to pay"] += 1
            else:
                found.update(set(_features(bill.catalog, terms[line.subscription_id], line)))
    return found


def _features(catalog: Catalog, terms: Terms, line: InvoiceLine) -> Iterator[str]:
    assert line.charge_code is not None
    day = local_date(line.service_period_start, terms.zone_name)
    charge = charge_on(catalog, terms, line.charge_code, day)
    metric = catalog.metrics[line.metric_code or ""]
    fee_type = SHORT_FEE_TYPES[line.fee_type]
    yield fee_type
    if line.exact_amount < 0:
        yield "negative"
    if charge is None or line.fee_type in ("charge_true_up", "charge_maximum"):
        return
    recurring = " recurring" if metric.is_recurring else ""
    yield f"{metric.aggregation_type}{recurring}"
    yield f"{fee_type} {charge.charge_model}{' prorated' if charge.is_prorated else ''}"
    if metric.is_recurring and line.event_id is None and fee_type == "advance":
        yield "state in advance"
    if metric.expression:
        yield "expression"
    if metric.rounding_function:
        yield f"{metric.rounding_function} {'negative' if metric.rounding_precision < 0 else 'other'}"
    yield from _features_of_row(catalog, charge, line)
    if abs(line.exact_quantity) > 10**14:
        yield "huge"


def _features_of_row(catalog: Catalog, charge: Charge, line: InvoiceLine) -> Iterator[str]:
    prices = charge.prices_of(line.filter_code)
    if line.filter_code:
        yield f"filter {charge.charge_model}"
        yield "filter"
    elif charge.filters:
        yield "default beside filters"
    if line.group_key:
        yield "filter and group" if line.filter_code else "group"
    if charge.conversion_rate != 1:
        yield "pricing unit"
    if charge.minimum_amount:
        yield "minimum"
    if len(prices.tiers) > 2:
        yield f"tiers {charge.charge_model}"
    for name in PARAMETERS:
        if getattr(prices, name):
            yield name
    rows = catalog.charge_rows[charge.plan_code][charge.charge_code]
    if charge.scope.subscription_id:
        yield "override"
    elif charge.scope.first_month or charge.scope.last_month:
        yield "phase"
    elif len(rows) > 1 and charge.scope.validity.recorded_at.month == 6:
        yield "correction"
    if len(rows) > 1 and len({row.metric_code for row in rows}) > 1:
        yield "other metric"


def segmented_periods(bill: Bill) -> int:
    """How many charges have usage lines of more than one segment on one invoice: a price that changed in the period."""
    starts: Counter[tuple[object, ...]] = Counter()
    for invoice in bill.invoices:
        keys = {
            (invoice.close_date, line.subscription_id, line.charge_code, line.service_period_start)
            for line in invoice.lines
            if line.fee_type == "charge"
        }
        starts.update((close, subscription, charge) for close, subscription, charge, _ in keys)
    return sum(1 for number in starts.values() if number > 1)


def shapes_in(examples: list[Example]) -> Counter[str]:
    """Lines by shape, file kind, and what they do to other lines."""
    found: Counter[str] = Counter()
    for example in examples:
        for line in example.lines:
            found.update([line.shape, line.file_kind])
            found.update(name for name in ("retracts", "amends") if name in line.record)
            if "precise_total_amount_cents" in line.record:
                found["cents"] += 1
            if line.shape in ("flat", "lago", "cloud") and "timestamp" not in line.record:
                found["without a timestamp"] += "retracts" not in line.record
    return found


def matched(bill: Bill) -> int:
    """How many accepted events are matched."""
    return sum(n for (verdict, _), n in bill.event_verdicts.items() if verdict in MATCHED)

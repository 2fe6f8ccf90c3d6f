"""Random small customers, drawn by hypothesis: price rows, subscriptions, credits, tax and usage lines.

Belongs here: what an example is made of, and the care that keeps the close dates few. Does not belong here: files
(see `company_files`) and any amount. Ids hold two marks: PRICES (once per example) and COPY (once per copy of it).

Each example avoids what the rules leave open, so that a difference is a fault: a customer's events name the customer
only where it is clear which subscription is meant; an event has one defect at most.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from hypothesis import strategies as st

from .periods import ONE_DAY
from .random_charges import PRICING_UNIT, Rows, charge_rows
from .random_metrics import IDLE, PLAIN_METRICS, DrawnMetric, metrics, neighbours
from .random_rows import (
    COPY,
    CURRENCIES,
    ENTITIES,
    ZONES,
    DrawnSubscription,
    Example,
    Window,
    credit_rows,
    plan_rows,
    subscriptions,
    tax_rows,
    terms_with_spans,
)
from .random_thresholds import with_thresholds
from .random_usage import Scene, usage_lines


@st.composite
def examples(draw: st.DrawFn, window: Window) -> Example:
    """One customer with its own prices, in one of the shared entities."""
    entity_code, entity_zone, _, grace_days = draw(st.sampled_from(ENTITIES))
    own_zone = draw(st.sampled_from(["", *ZONES]))
    days = (window.through - window.first).days
    change_day = window.first + draw(st.integers(1, days + 3)) * ONE_DAY
    main_currency = draw(st.sampled_from(CURRENCIES))
    currencies = st.sampled_from([*[main_currency] * 12, *CURRENCIES])
    is_huge = draw(st.integers(0, 7)) == 0
    own_metrics = tuple(draw(metrics(number, is_huge=is_huge)) for number in range(2))
    drawn: list[DrawnSubscription] = []
    rows: Rows = {
        "accounts/customers": [
            {
                "customer_id": f"{COPY}customer",
                "customer_name": "A customer",
                "billing_entity_code": entity_code,
                "timezone": own_zone,
            }
        ],
        "prices/billable_metrics": [one.row for one in (*PLAIN_METRICS, IDLE, *own_metrics)],
        "prices/pricing_units": [
            {"pricing_unit_code": PRICING_UNIT, "pricing_unit_name": "Credits"}
        ],
        **draw(credit_rows(window, currencies)),
        **draw(tax_rows(change_day)),
    }
    for number in range(draw(st.sampled_from([1, 1, 1, 2]))):
        terms = draw(st.sampled_from(terms_with_spans(window, grace_days)))
        zone_name = own_zone or entity_zone
        subscription = draw(subscriptions(window, zone_name, number, (*terms, grace_days)))
        drawn.append(draw(returned(subscription, drawn)))
        rows.setdefault("accounts/subscriptions", []).append(drawn[-1].row)
        currency = draw(currencies)
        plans = draw(plan_rows(number, terms, currency, change_day))
        rows.setdefault("prices/plans", []).extend(plans)
        charges = draw(charges_of_plan(number, currency, own_metrics, change_day, is_huge=is_huge))
        for table, own_rows in charges.items():
            rows.setdefault(table, []).extend(own_rows)
    scene = scene_of(
        window,
        drawn,
        rows,
        own_metrics,
        is_huge=is_huge,
        order_decides=draw(st.integers(0, 7)) == 0,
    )
    lines, is_permutable = draw(usage_lines(scene))
    # Last, so that what is drawn before stays as it was.
    rows, lines = draw(with_thresholds(window, drawn, rows, lines))
    return Example(rows, lines, is_permutable)


@st.composite
def charges_of_plan(
    draw: st.DrawFn,
    number: int,
    currency: str,
    own_metrics: tuple[DrawnMetric, ...],
    change_day: date,
    *,
    is_huge: bool,
) -> Rows:
    """Up to three charges, more often of the example's own metrics than of plain ones."""
    found: Rows = {}
    metrics_to_charge = (*own_metrics * 4, *PLAIN_METRICS)
    for charge_number in range(draw(st.sampled_from([2, 1, 2, 3, 3, 2, 1, 0]))):
        ids = (number, charge_number)
        rows = draw(charge_rows(ids, currency, metrics_to_charge, change_day, is_huge=is_huge))
        for table, own_rows in rows.items():
            found.setdefault(table, []).extend(own_rows)
    return found


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


def scene_of(
    window: Window,
    drawn: list[DrawnSubscription],
    rows: Rows,
    own_metrics: tuple[DrawnMetric, ...],
    *,
    is_huge: bool,
    order_decides: bool,
) -> Scene:
    """What the usage of an example is drawn for."""
    known = {one.code: one for one in (*PLAIN_METRICS, *own_metrics)}
    charged: dict[str, list[DrawnMetric]] = {}
    charges = rows.get("prices/charges", [])
    for charge in charges:
        charged.setdefault(charge["plan_code"], []).append(known[charge["metric_code"]])
    dynamic = {one["metric_code"] for one in charges if one["charge_model"] == "dynamic"}
    return Scene(
        window=window,
        subscriptions=tuple(drawn),
        bounds_of_prices=_price_bounds(rows),
        metrics=tuple(known.values()),
        metrics_charged=charged,
        dynamic_codes=frozenset(dynamic),
        is_huge=is_huge,
        order_decides=order_decides,
    )


def _price_bounds(rows: Rows) -> tuple[str, ...]:
    """Quantities at which a price changes, and their neighbours at nine decimals."""
    columns = ("package_size", "free_units", "free_units_per_total_aggregation")
    found = {tier["up_to"] for tier in rows.get("prices/charge_tiers", [])}
    for table in ("prices/charges", "prices/charge_filters"):
        for row in rows.get(table, []):
            found |= {row.get(column, "") for column in columns}
    return neighbours(found)

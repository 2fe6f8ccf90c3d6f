"""Random small customers, drawn by hypothesis: price rows, subscriptions, credits, tax and usage lines.

Belongs here: what an example is made of, and the care that keeps the close dates few. Does not belong here: files
(see `company_files`) and any amount. Ids hold two marks: PRICES (once per example) and COPY (once per copy of it).

Each example avoids what the rules leave open, so that a difference is a fault: a customer's events name the customer
only where it is clear which subscription is meant; an event has one defect at most.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from hypothesis import strategies as st

from .periods import ONE_DAY
from .random_rows import (
    ALWAYS,
    COPY,
    COUNTED,
    CURRENCIES,
    ENTITIES,
    IDLE,
    PRICES,
    STORED,
    SUMMED,
    VALUE_FIELDS,
    ZONES,
    DrawnSubscription,
    Example,
    Window,
    charge_rows,
    credit_rows,
    plan_rows,
    subscriptions,
    tax_rows,
    terms_with_spans,
)
from .random_usage import Scene, usage_lines

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

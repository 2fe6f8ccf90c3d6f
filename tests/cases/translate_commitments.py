"""Cases of kind commitment: what a period's commitment comes to, and what the fees lack to it.

Belongs here: which keys these cases have, and where each expected value is read. Does not belong here: lives.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from .life_facts import LifeFacts
from .life_keys import (
    Billing,
    needed_instant,
    refuse_elsewhere,
    take_billing,
    take_end,
    take_instant,
    take_plan,
    with_anchor,
)
from .lives import FixedCharge, Life, PlanTerms, Signed
from .prices import in_units
from .reading import Case, Keys, UnsupportedCase, plain
from .translate_proration import readers_of
from .trials import DAY, Charge, Metric, Prices, Translation, UsageEvent

TRUE_UP = "commitment_true_up"


def translate_commitment_proration(case: Case) -> Translation:
    """A plan without fees: what its true-up comes to is the prorated commitment."""
    keys = Keys(case.inputs, "inputs")
    billing = take_billing(keys)
    plan = take_plan(keys, billing)
    starts_at = needed_instant(keys, "from")
    anchored_at = take_instant(keys, "subscription_at") or starts_at
    ended_at = take_end(keys, "to")
    if ended_at is None:
        raise UnsupportedCase("inputs: key 'to' is missing")
    _take_days(keys)
    keys.refuse_rest()
    signed = Signed(
        plan,
        min(anchored_at, starts_at),
        billing_starts_at=max(anchored_at, starts_at),
        ended_at=ended_at,
    )
    moment = billing.date_of(ended_at - timedelta(microseconds=1)) + DAY
    life = Life((signed,), (moment,), **billing.life())
    known: dict[str, Callable[[LifeFacts], Any]] = {
        "commitment_amount_cents": lambda facts: _true_up_cents(facts, 0)
    }
    return Translation({"": life}, readers_of(case, known))


def translate_commitment_true_up(case: Case) -> Translation:
    """A commitment beside the fees of one period, or of a first and a second one."""
    keys = Keys(case.inputs, "inputs")
    billing = take_billing(keys)
    refuse_elsewhere(keys)
    plan = take_plan(keys, billing)
    anchored_at = take_instant(keys, "subscription_at")
    started_at, starts_at, ended_at = _span(keys, billing, anchored_at)
    _take_days(keys)
    metrics, events, plan = _with_fees(keys, plan, billing, starts_at)
    keys.refuse_rest()
    moments = [billing.date_of(ended_at - timedelta(microseconds=1)) + DAY]
    known: dict[str, Callable[[LifeFacts], Any]] = {}
    for prefix, number in (("", 0), ("first_period_", 0), ("second_period_", 1)):
        for name in ("true_up_cents", "true_up_fee_amount_cents"):
            known[prefix + name] = lambda facts, number=number: _true_up_cents(facts, number)
    if any(key.startswith("second_period_") for key in case.expected):
        _, end = billing.whole(moments[0], billing.date_of(anchored_at or started_at))
        moments.append(end)
        ended_at = billing.first_instant(end)
    signed = Signed(plan, started_at, ended_at=ended_at, billing_starts_at=starts_at)
    life = Life(with_anchor(signed, anchored_at), tuple(moments), metrics, events, **billing.life())
    return Translation({"": life}, readers_of(case, known))


def _take_days(keys: Keys) -> None:
    """What the product counts by itself."""
    for name in ("days", "period_days"):
        keys.take(name)


def _span(
    keys: Keys, billing: Billing, anchored_at: datetime | None
) -> tuple[datetime, datetime, datetime]:
    """When the subscription started, and from when to when its first billed period lasts."""
    stated = keys.text("period")
    if stated is not None:
        match = re.fullmatch(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)", stated)
        if match is None:
            raise UnsupportedCase(f"inputs: 'period' is {stated!r}, two dates are expected")
        first, last = (date.fromisoformat(text) for text in match.groups())
        starts_at = billing.first_instant(first)
        return starts_at, starts_at, billing.first_instant(last + DAY)
    starts_at = take_instant(keys, "subscribed_at", "started_at") or anchored_at
    if starts_at is None:
        raise UnsupportedCase("inputs: key 'subscribed_at' is missing")
    billed_at = take_instant(keys, "billed_at")
    anchor = billing.date_of(anchored_at or starts_at)
    if billed_at is None:
        _, end = billing.whole(billing.date_of(starts_at), anchor)
        return starts_at, starts_at, billing.first_instant(end)
    first, end = billing.whole(billing.date_of(billed_at) - DAY, anchor)
    if billing.date_of(billed_at) != end:
        raise UnsupportedCase("inputs: 'billed_at' is not the end of a period")
    billed_from = max(starts_at, billing.first_instant(first))
    return starts_at, billed_from, billing.first_instant(end)


def _with_fees(
    keys: Keys, plan: PlanTerms, billing: Billing, starts_at: datetime
) -> tuple[tuple[Metric, ...], tuple[UsageEvent, ...], PlanTerms]:
    """The charges that are stated, each with a metric and an event of its own; or fees of stated amounts."""
    metrics, events, charges, fixed = [], [], [], []
    at = starts_at + timedelta(hours=1)
    for position, one in enumerate(keys.objects("charges")):
        words = (one.text("metric", "") or "").split()
        if words[-1:] != ["sum"] or set(words) - {"recurring", "metered", "sum"}:
            raise UnsupportedCase(f"{one.where}: metric {' '.join(words)!r} is unknown")
        code = f"metric_{position}"
        metrics.append(Metric(code=code, is_recurring="recurring" in words))
        prices = Prices({"unit_amount": plain(one.needed("amount"))})
        is_pay_in_advance = one.flag("pay_in_advance")
        charges.append(
            Charge(
                "standard", prices, f"charge_{position}", code, is_pay_in_advance=is_pay_in_advance
            )
        )
        value = {"value": plain(one.needed("units"))}
        events.append(UsageEvent(at, value, metric_code=code))
        one.refuse_rest()
    for position, one in enumerate(keys.objects("fees")):
        kind, amount = one.text("type"), in_units(one.needed("amount_cents"), billing.currency)
        one.refuse_rest()
        if kind == "subscription":
            plan = replace(plan, amount=plan.amount + amount)
        elif kind == "charge":
            code = f"fee_{position}"
            metrics.append(Metric(code=code))
            prices = Prices({"unit_amount": plain(amount)})
            charges.append(Charge("standard", prices, code, code))
            events.append(UsageEvent(at, {"value": "1"}, metric_code=code))
        elif kind == "fixed_charge":
            fixed.append(FixedCharge(f"fee_{position}", Decimal(1), amount, False, False))
        else:
            raise UnsupportedCase(f"{one.where}: type {kind!r} is unknown")
    plan = replace(plan, charges=tuple(charges), fixed_charges=tuple(fixed))
    return tuple(metrics), tuple(events), plan


def _true_up_cents(facts: LifeFacts, number: int) -> Decimal | None:
    """The true-up of the close that bills period `number`: no shortfall, no line."""
    if all(one.moment != number for one in facts.invoices):
        return None
    lines = facts.fee_lines(TRUE_UP, moment=number)
    return facts.cents(sum((line.amount for line in lines), Decimal(0)))

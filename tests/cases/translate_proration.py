"""Cases about a period and the base fee of its days: bounds, the price of a day, a fee, a trial.

Belongs here: which keys these cases have, and where each expected value is read. Does not belong here: ends and credit
notes (`translate_ends`), changes of plan (`translate_changes`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from .life_facts import SUBSCRIPTION, LifeFacts
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
from .lives import Life, PlanTerms, Signed
from .prices import in_units
from .reading import Case, Keys, UnsupportedCase
from .trials import DAY, Reader, Translation

Outcome = Mapping[str, Any]
_SLACK = 3 * DAY


def readers_of(
    case: Case, known: Mapping[str, Callable[[LifeFacts], Any]], probe: str = ""
) -> dict[str, Reader]:
    """A reader for each expected key, which looks at one life of the case."""
    found: dict[str, Reader] = {}
    for key in case.expected:
        if key not in known:
            raise UnsupportedCase(f"expected: unknown key {key!r}")
        found[key] = lambda outcome, key=key: known[key](outcome[probe])
    return found


def base_fee(facts: LifeFacts, code: str = "sub") -> Decimal | None:
    """The base fee of a subscription; 0 where its period has no billable day, None where it has none."""
    lines = facts.fee_lines(SUBSCRIPTION, code=code)
    if not lines and not facts.base_periods(code):
        return None
    return sum((line.amount for line in lines), Decimal(0))


def base_fee_unrounded(facts: LifeFacts, code: str = "sub") -> Decimal | None:
    lines = facts.fee_lines(SUBSCRIPTION, code=code)
    if not lines and not facts.base_periods(code):
        return None
    return sum((line.amount_unrounded for line in lines), Decimal(0))


_FEE_READERS: dict[str, Callable[[LifeFacts], Any]] = {
    "fee_amount_cents": lambda facts: facts.cents(base_fee(facts)),
    "precise_amount_cents": lambda facts: facts.cents(base_fee_unrounded(facts)),
}


def translate_subscription_fee(case: Case) -> Translation:
    """The base fee of one period of a subscription that may have begun earlier, or followed another."""
    keys = Keys(case.inputs, "inputs")
    billing = take_billing(keys)
    plan = take_plan(keys, billing)
    started_at = needed_instant(keys, "started_at")
    anchored_at = take_instant(keys, "previous_subscription_started_at", "subscription_at")
    first = take_instant(keys, "period_from") or started_at
    ended_at = take_end(keys, "period_to")
    if ended_at is None:
        ended_at = billing.first_instant(
            billing.whole(billing.date_of(first), billing.date_of(anchored_at or started_at))[1]
        )
    # What the product counts by itself, and words.
    for name in ("period_days", "days_to_bill", "state"):
        keys.take(name)
    refuse_elsewhere(keys)
    keys.refuse_rest()
    signed = Signed(plan, started_at, billing_starts_at=max(first, started_at), ended_at=ended_at)
    moment = _due_date(plan, billing, max(first, started_at), ended_at)
    life = Life(with_anchor(signed, anchored_at), (moment,), **billing.life())
    return Translation({"": life}, readers_of(case, _FEE_READERS))


def _due_date(plan: PlanTerms, billing: Billing, starts_at: datetime, ended_at: datetime) -> date:
    if plan.is_pay_in_advance:
        return billing.date_of(starts_at)
    return billing.date_of(ended_at - timedelta(microseconds=1)) + DAY


def translate_single_day_price(case: Case) -> Translation:
    """The base fee of the last day of the period that a billing date bills."""
    keys = Keys(case.inputs, "inputs")
    billing = take_billing(keys)
    plan = take_plan(keys, billing)
    anchored_at = take_instant(keys, "subscription_at")
    started_at = needed_instant(keys, "started_at", "subscription_at")
    anchor = billing.date_of(anchored_at or started_at)
    billed_on = billing.date_of(needed_instant(keys, "billing_at"))
    keys.refuse_rest()
    started_on = billing.date_of(started_at)
    first, end = billing.whole(billed_on, anchor)
    if not plan.is_pay_in_advance and first > started_on:
        first, end = billing.whole(first - DAY, anchor)
    last_day = billing.first_instant(end - DAY)
    signed = Signed(
        plan,
        started_at,
        billing_starts_at=max(last_day, started_at),
        ended_at=billing.first_instant(end),
    )
    moment = _due_date(plan, billing, last_day, billing.first_instant(end))
    life = Life(with_anchor(signed, anchored_at), (moment,), **billing.life())
    known: dict[str, Callable[[LifeFacts], Any]] = {
        "period_days": lambda facts: _only_period_days(facts),
        "single_day_price_cents": lambda facts: facts.cents(base_fee_unrounded(facts)),
    }
    return Translation({"": life}, readers_of(case, known))


def _only_period_days(facts: LifeFacts) -> Decimal | None:
    periods = facts.base_periods()
    return Decimal(periods[0].period_days) if len(periods) == 1 else None


def translate_period_boundaries(case: Case) -> Translation:
    """The registered period around a date, or the one that a billing date bills, after the one before it."""
    keys = Keys(case.inputs, "inputs")
    billing = take_billing(keys)
    plan = PlanTerms(
        in_units(Decimal(3100), billing.currency),
        billing.interval,
        is_pay_in_advance=keys.flag("pay_in_advance"),
    )
    anchored_at = needed_instant(keys, "subscription_at", "started_at")
    started_at = take_instant(keys, "started_at") or anchored_at
    on = take_instant(keys, "on")
    billed_at = take_instant(keys, "billing_at")
    keys.refuse_rest()
    day = billing.date_of(on or billed_at or started_at)
    anchor = billing.date_of(anchored_at)
    whole_start, whole_end = billing.whole(day, anchor)
    is_previous = on is None and not plan.is_pay_in_advance
    before, _ = billing.whole(whole_start - DAY, anchor)
    if is_previous:
        before, _ = billing.whole(before - DAY, anchor)
    # Some days more than the calendar of this module thinks: who computes another end must be seen to.
    ended_at = billing.first_instant((whole_start if is_previous else whole_end) + _SLACK)
    signed = Signed(
        plan,
        started_at,
        billing_starts_at=max(started_at, billing.first_instant(before)),
        ended_at=ended_at,
    )
    moment = billing.date_of(ended_at) + DAY
    life = Life(with_anchor(signed, anchored_at), (moment,), **billing.life())

    def bound(facts: LifeFacts, name: str) -> str | None:
        for period in facts.base_periods():
            is_it = period.start_date <= day < period.end_date
            if is_previous:
                is_it = period.end_date <= day < period.end_date + _longest(billing.interval)
            if is_it:
                starts_at, last = period.starts_at, period.ends_at - timedelta(seconds=1)
                return (starts_at if name == "from" else last).strftime("%Y-%m-%dT%H:%M:%SZ")
        return None

    known = {name: lambda facts, name=name: bound(facts, name) for name in ("from", "to")}
    return Translation({"": life}, readers_of(case, known))


def _longest(interval: str) -> timedelta:
    """No period of the interval is longer, less the slack that is behind it."""
    days = {"weekly": 7, "monthly": 28, "quarterly": 90, "semiannual": 181, "yearly": 365}
    return days[interval] * DAY - _SLACK


def translate_trial(case: Case) -> Translation:
    """The base fee of a plan with a trial, or of the plan to which the customer changes while on trial."""
    keys = Keys(case.inputs, "inputs")
    billing = take_billing(keys)
    is_pay_in_advance = keys.flag("pay_in_advance")
    started_at = needed_instant(keys, "started_at", "subscription_at")
    upgraded_at = take_instant(keys, "upgraded_at")
    if upgraded_at is None:
        raise UnsupportedCase("inputs: key 'upgraded_at' is missing")
    plans = []
    for name in ("from_plan", "to_plan"):
        stated = Keys(keys.take(name), f"inputs: {name}")
        plans.append(
            PlanTerms(
                in_units(stated.needed("amount_cents"), billing.currency),
                billing.interval,
                is_pay_in_advance,
                int(stated.number("trial_days") or 0),
            )
        )
        stated.refuse_rest()
    keys.refuse_rest()
    known_on = billing.date_of(upgraded_at)
    _, end = billing.whole(known_on, billing.date_of(started_at))
    # In arrears both plans' fees are due at the period's end at the latest.
    moments = [known_on] if is_pay_in_advance else [end]
    if is_pay_in_advance and billing.date_of(started_at) < known_on:
        moments.insert(0, billing.date_of(started_at))
    signed = (
        Signed(plans[0], started_at, code="old"),
        Signed(plans[1], upgraded_at, known_on=known_on),
    )
    life = Life(signed, tuple(moments), **billing.life())
    return Translation({"": life}, readers_of(case, _FEE_READERS))


def translate_currency_exponent(case: Case) -> Translation:
    """The base fee of a whole month, in units of its currency and in the minor unit."""
    keys = Keys(case.inputs, "inputs")
    billing = take_billing(keys)
    plan = PlanTerms(keys.needed("amount"))
    keys.refuse_rest()
    start = date(2025, 4, 1)
    end = billing.whole(start, start)[1]
    signed = Signed(plan, billing.first_instant(start), ended_at=billing.first_instant(end))
    life = Life((signed,), (end,), **billing.life())
    known: dict[str, Callable[[LifeFacts], Any]] = {
        "amount_cents": lambda facts: facts.cents(base_fee(facts))
    }
    return Translation({"": life}, readers_of(case, known))

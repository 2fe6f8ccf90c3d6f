"""Cases in which a customer changes the plan, and what is owed on which date: base fees and fixed charges.

Belongs here: upgrades, fixed charges, and expected keys that begin with a date. Does not belong here: ends without
another plan (`translate_ends`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from .life_facts import FIXED_FEES, SUBSCRIPTION, LifeFacts
from .life_keys import (
    Billing,
    amounts_in_order,
    needed_instant,
    refuse_elsewhere,
    take_billing,
    take_instant,
    take_plan,
)
from .lives import FixedCharge, Life, PlanTerms, Signed, rising
from .reading import Case, Keys, UnsupportedCase, number_of
from .translate_proration import base_fee, readers_of
from .trials import DAY, Reader, Translation

_ON = re.compile(r"on_(\d{4})_(\d\d)_(\d\d)(?:_(fixed|subscription_fee|total))?")


# Upgrades, one after another.


def translate_upgrades(case: Case) -> Translation:
    """Each step is known on a close of its own, so that every plan is billed before the next one is known.

    The probe `in_time` is the same customer, each of whose steps is known when its day is billed.
    """
    keys = Keys(case.inputs, "inputs")
    billing = take_billing(keys)
    is_pay_in_advance = keys.flag("pay_in_advance")
    steps = []
    for one in keys.objects("steps"):
        at = needed_instant(one, "at")
        steps.append((at, take_plan(one, billing, is_pay_in_advance=is_pay_in_advance)))
        one.refuse_rest()
    refuse_elsewhere(keys)
    keys.refuse_rest()
    if not steps:
        raise UnsupportedCase("inputs: key 'steps' is missing")
    dates = [billing.date_of(at) for at, _ in steps]
    # What the last step ends is due on the day after it; in arrears its own fee is due at the period's end.
    _, end = billing.whole(dates[-1], dates[0])
    last = dates[-1] + DAY if is_pay_in_advance else end
    late = rising([*dates, last])
    lives = {
        "": _stepwise(steps, late[: len(dates)], late, billing),
        "in_time": _stepwise(steps, dates, rising(sorted({*dates, last})), billing),
    }
    known: dict[str, Callable[[LifeFacts], Any]] = {
        "invoice_fees_amount_cents": lambda facts: [
            facts.cents(base_fee(facts, f"step_{number}")) for number in range(len(steps))
        ],
        "credit_note_credit_amount_cents": lambda facts: [
            facts.cents(note.credit_amount)
            for note in sorted(facts.notes, key=lambda note: note.code)
        ],
    }
    return Translation(lives, readers_of(case, known))


def _stepwise(
    steps: list[tuple[datetime, PlanTerms]],
    known_on: Any,
    moments: tuple[date, ...],
    billing: Billing,
) -> Life:
    signed = [
        Signed(plan, at, code=f"step_{number}", known_on=day)
        for number, ((at, plan), day) in enumerate(zip(steps, known_on, strict=True))
    ]
    return Life(tuple(signed), moments, **billing.life())


# Fixed charges, and totals by date.


@dataclass(frozen=True)
class _Dated:
    """An expected key that begins with a date: the date, and what of it is expected."""

    day: date
    what: str

    @classmethod
    def of(cls, key: str) -> _Dated:
        match = _ON.fullmatch(key)
        if match is None:
            raise UnsupportedCase(f"expected: unknown key {key!r}")
        year, month, day, what = match.groups()
        try:
            return cls(date(int(year), int(month), int(day)), what or "fixed")
        except ValueError as error:
            raise UnsupportedCase(f"expected: {key!r} is no date") from error


def translate_fixed_charges(case: Case) -> Translation:
    """A plan with fixed charges, and the plan with others to which the customer changes."""
    keys = Keys(case.inputs, "inputs")
    billing = take_billing(keys)
    is_prorated = keys.flag("prorated")
    is_pay_in_advance = keys.flag("fixed_charges_pay_in_advance")
    started_at = needed_instant(keys, "subscription_at", "started_at", "subscribed_at")
    upgraded_at = take_instant(keys, "upgraded_at")
    plans = []
    for name, charges in (("plan", "fixed_charges_old"), ("upgrade_plan", "fixed_charges_new")):
        if name not in keys:
            continue
        stated = Keys(keys.take(name), f"inputs: {name}")
        terms = replace(billing, interval=stated.text("interval", billing.interval) or "monthly")
        plan = take_plan(stated, terms, prefix="")
        stated.refuse_rest()
        fixed = _fixed_charges(keys, charges, is_prorated, is_pay_in_advance)
        plans.append(replace(plan, fixed_charges=fixed))
    refuse_elsewhere(keys)
    keys.refuse_rest()
    if len(plans) != (2 if upgraded_at else 1):
        raise UnsupportedCase("inputs: 'plan', 'upgrade_plan' and 'upgraded_at' do not match")
    signed = [Signed(plans[0], started_at)]
    changes = []
    if upgraded_at is not None:
        changes = [billing.date_of(upgraded_at)]
        signed.append(Signed(plans[1], upgraded_at, code="upgraded", known_on=changes[0]))
    return _by_date(case, billing, tuple(signed), changes)


def translate_invoice_totals(case: Case) -> Translation:
    """A plan with fixed charges, each with terms of its own, and what each date owes."""
    keys = Keys(case.inputs, "inputs")
    billing = take_billing(keys)
    plan = take_plan(keys, billing)
    started_at = needed_instant(keys, "subscribed_at", "started_at", "subscription_at")
    fixed = _fixed_charges(keys, "fixed_charges", False, False)
    refuse_elsewhere(keys)
    keys.refuse_rest()
    return _by_date(case, billing, (Signed(replace(plan, fixed_charges=fixed), started_at),), [])


def _fixed_charges(
    keys: Keys, name: str, is_prorated: bool, is_pay_in_advance: bool
) -> tuple[FixedCharge, ...]:
    found = []
    for position, one in enumerate(keys.objects(name)):
        found.append(
            FixedCharge(
                add_on=one.text("add_on", f"add_on_{position}") or "",
                units=one.needed("units"),
                amount=one.needed("amount"),
                is_prorated=one.flag("prorated", is_prorated),
                is_pay_in_advance=one.flag("pay_in_advance", is_pay_in_advance),
            )
        )
        one.refuse_rest()
    return tuple(found)


def _by_date(
    case: Case, billing: Billing, signed: tuple[Signed, ...], changes: list[date]
) -> Translation:
    """One close for each date that the expected keys name; what a change ends is due on the day after it."""
    dated = {key: _Dated.of(key) for key in case.expected}
    days = sorted({one.day for one in dated.values()})
    moments = rising(day + DAY if day in changes else day for day in days)
    numbers = {day: number for number, day in enumerate(days)}
    life = Life(signed, moments, **billing.life())
    readers: dict[str, Reader] = {
        key: _dated_reader(one.what, numbers[one.day], case.expected[key])
        for key, one in dated.items()
    }
    return Translation({"": life}, readers)


def _dated_reader(what: str, number: int, expected: Any) -> Reader:
    """Reads what one close billed: its fixed charges, its base fee, or the whole invoice."""

    def read(outcome: Mapping[str, Any]) -> Any:
        facts: LifeFacts = outcome[""]
        if what == "total":
            invoice = facts.invoice(number)
            return None if invoice is None else facts.cents(invoice.total_amount)
        if what == "subscription_fee":
            lines = facts.fee_lines(SUBSCRIPTION, moment=number)
            return facts.cents(sum((line.amount for line in lines), Decimal(0))) if lines else None
        amounts = [line.amount for line in facts.fee_lines(*FIXED_FEES, moment=number)]
        listed = expected if isinstance(expected, list) else [expected]
        wanted = [number_of(one, "expected") for one in listed]
        cents = [amount.scaleb(facts.minor_unit) for amount in amounts]
        return amounts_in_order(wanted, cents)

    return read

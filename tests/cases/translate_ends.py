"""Cases in which a subscription ends: its last fee, the credit note for what was paid in advance, and the last invoice.

Belongs here: which keys these cases have, and where each expected value is read. Does not belong here: another plan
that follows (`translate_changes`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from .comparing import rounded
from .life_credits import Coupon
from .life_facts import USAGE_FEES, LifeFacts, LifeNote
from .life_keys import (
    Billing,
    amounts_in_order,
    needed_instant,
    refuse_elsewhere,
    take_billing,
    take_instant,
    take_plan,
    take_termination,
    with_anchor,
)
from .lives import Life, Payment, PlanTerms, Signed, rising
from .prices import filters_of, in_units, property_text
from .reading import Case, Keys, UnsupportedCase, number_of, plain
from .translate_proration import base_fee, readers_of
from .trials import DAY, Charge, Metric, Prices, Reader, Translation, UsageEvent

_MODES = ("credit", "refund", "offset", "skip")
_NOTE_KEYS: dict[str, Callable[[LifeNote], Decimal]] = {
    "sub_total": lambda note: note.subtotal_amount,
    "taxes": lambda note: note.tax_amount,
    "total": lambda note: note.total_amount,
    # Before any invoice used it.
    "balance": lambda note: note.credit_amount,
}


def translate_end(case: Case) -> Translation:
    """A subscription that ends: in arrears its last base fee, in advance also its note."""
    keys = Keys(case.inputs, "inputs")
    billing = take_billing(keys)
    # Cases about notes leave it out: only a fee in advance has one.
    has_note = case.subkind == "credit_note_rounding"
    plan = take_plan(keys, billing, is_pay_in_advance=has_note)
    started_at = needed_instant(keys, "started_at")
    anchored_at = take_instant(keys, "subscription_at")
    previous = keys.number("previous_plan_amount_cents") or Decimal(0)
    ended_at = take_termination(keys, billing)
    if ended_at is None:
        raise UnsupportedCase("inputs: key 'terminated_at' is missing")
    refuse_elsewhere(keys)
    keys.refuse_rest()
    end = _End(billing, plan, started_at, anchored_at, ended_at)
    lives = {
        name: replace(
            life,
            signed=with_anchor(life.signed[0], anchored_at, in_units(previous, billing.currency)),
        )
        for name, life in end.lives().items()
    }
    return Translation(lives, _end_readers(case))


def _end_readers(case: Case) -> dict[str, Reader]:
    known: dict[str, Callable[[LifeFacts], Any]] = {
        "fee_amount_cents": lambda facts: facts.cents(base_fee(facts)),
        "first_invoice_total_cents": lambda facts: _total_cents(facts, 0),
        "invoice_total": lambda facts: _total_cents(facts, 0),
        "termination_invoice_total_cents": lambda facts: _total_cents(facts, 1) or Decimal(0),
        "credit_note_subtotal_cents": lambda facts: _note_cents(facts, "sub_total"),
        "credit_note_taxes_cents": lambda facts: _note_cents(facts, "taxes"),
        "credit_note_total_cents": lambda facts: _note_cents(facts, "total"),
        "credit_note": lambda facts: _note_parts(facts),
    }
    return readers_of(case, known)


class _End:
    """The lives of a subscription that ends on a stated day: as a peer bills it, and as we do."""

    def __init__(
        self,
        billing: Billing,
        plan: PlanTerms,
        started_at: datetime,
        anchored_at: datetime | None,
        ended_at: datetime,
    ) -> None:
        self.billing = billing
        self.plan = plan
        self.started_at = started_at
        self.ended_at = ended_at
        last_day = billing.date_of(ended_at - timedelta(microseconds=1))
        whole_start, _ = billing.whole(last_day, billing.date_of(anchored_at or started_at))
        #: Where billing begins: with the period in which the subscription ends.
        self.starts_at = max(started_at, billing.first_instant(whole_start))
        self.known_on = last_day + DAY

    def moments(self) -> tuple[date, ...]:
        """In advance: the period's start, before the end is known, and the day after the end."""
        if not self.plan.is_pay_in_advance:
            return (self.known_on,)
        return rising([self.billing.date_of(self.starts_at), self.known_on])

    def lives(self, **more: Any) -> dict[str, Life]:
        """The life; and `in_time`, where it is of one day only, with the end known at its first close."""
        moments = self.moments()
        signed = Signed(
            self.plan,
            self.started_at,
            billing_starts_at=self.starts_at,
            ended_at=self.ended_at,
            end_known_on=moments[-1],
            on_termination=more.pop("on_termination", ""),
        )
        life = Life((signed,), moments, **more, **self.billing.life())
        if self.billing.date_of(self.started_at) + DAY != self.known_on:
            return {"": life}
        in_time = replace(life, signed=(replace(signed, end_known_on=moments[0]),))
        return {"": life, "in_time": in_time}


def _total_cents(facts: LifeFacts, moment: int) -> Decimal | None:
    """What an invoice asks for, after credit notes."""
    invoice = facts.invoice(moment)
    return None if invoice is None else facts.cents(invoice.amount_due)


def _note(facts: LifeFacts) -> LifeNote | None:
    return facts.notes[0] if len(facts.notes) == 1 else None


def _note_cents(facts: LifeFacts, name: str) -> Decimal | None:
    note = _note(facts)
    return None if note is None else facts.cents(_NOTE_KEYS[name](note))


def _note_parts(facts: LifeFacts) -> dict[str, Decimal | None]:
    return {name: _note_cents(facts, name) for name in _NOTE_KEYS}


# Credit notes.


def translate_termination_note(case: Case) -> Translation:
    """A fee paid in advance whose subscription ends inside its period, maybe after the invoice was paid in part."""
    keys = Keys(case.inputs, "inputs")
    billing = take_billing(keys)
    plan = take_plan(keys, billing)
    if not plan.is_pay_in_advance:
        raise UnsupportedCase("inputs: a credit note needs 'pay_in_advance'")
    started_at = needed_instant(keys, "started_at")
    ended_at = take_termination(keys, billing)
    if ended_at is None:
        raise UnsupportedCase("inputs: key 'terminated_at' is missing")
    mode = keys.text("mode", "credit") or "credit"
    if mode not in _MODES:
        raise UnsupportedCase(f"inputs: mode {mode!r} is unknown")
    paid = in_units(keys.number("invoice_paid_amount_cents") or Decimal(0), billing.currency)
    other = in_units(keys.number("other_subscription_fee_cents") or Decimal(0), billing.currency)
    coupon = in_units(keys.number("coupon_amount_cents") or Decimal(0), billing.currency)
    credited = in_units(
        keys.number("existing_credit_note_item_cents") or Decimal(0), billing.currency
    )
    # The product computes them from plan, dates and trial.
    for name in ("fee_amount_cents", "period"):
        keys.take(name)
    keys.refuse_rest()
    end = _End(billing, plan, started_at, None, ended_at)
    life = end.lives(on_termination=mode)[""]
    if credited:
        life = _credited_before(end, life, credited)
    if coupon:
        # All of it is on the fee that the note gives back.
        own = Coupon(billing.currency, coupon, plans=(life.signed[0].code,))
        life = replace(life, coupons=(*life.coupons, own))
    if paid:
        life = replace(life, payments=(Payment(paid, life.moments[-1]),))
    if other:
        beside = Signed(
            replace(plan, amount=other, trial_days=0),
            end.starts_at,
            code="other",
            external="other",
            ended_at=billing.first_instant(
                billing.whole(billing.date_of(end.starts_at), billing.date_of(started_at))[1]
            ),
        )
        life = replace(life, signed=(*life.signed, beside))
    known: dict[str, Callable[[LifeFacts], Any]] = {
        key: lambda facts, key=key: _part_cents(facts, key) for key in _NOTE_PARTS
    }
    return Translation({"": life}, readers_of(case, known))


def _credited_before(end: _End, life: Life, credited: Decimal) -> Life:
    """The life with an earlier note: the subscription was thought to end some days before its period does.

    Of a note that was written by hand our product knows nothing; one that gives back whole days is the same money.
    """
    billing = end.billing
    first = billing.date_of(end.starts_at)
    whole_start, whole_end = billing.whole(first, billing.date_of(end.started_at))
    days = credited * (whole_end - whole_start).days / end.plan.amount if end.plan.amount else None
    if days is None or days != int(days) or whole_end - int(days) * DAY <= end.known_on:
        raise UnsupportedCase(
            "inputs: 'existing_credit_note_item_cents' is not what some of the unused days cost"
        )
    known_on = whole_end - int(days) * DAY
    moments = rising([*life.moments[:-1], known_on, known_on + DAY])
    signed = replace(
        life.signed[0],
        earlier_end=(billing.first_instant(known_on), known_on),
        end_known_on=moments[-1],
    )
    return replace(life, signed=(signed,), moments=moments)


_NOTE_PARTS: dict[str, Callable[[LifeNote], Decimal]] = {
    "item_precise_amount_cents": lambda note: note.amount_unrounded,
    "sub_total_amount_cents": lambda note: note.subtotal_amount,
    "taxes_amount_cents": lambda note: note.tax_amount,
    "total_amount_cents": lambda note: note.total_amount,
    "credit_amount_cents": lambda note: note.credit_amount,
    "refund_amount_cents": lambda note: note.refund_amount,
    "offset_amount_cents": lambda note: note.offset_amount,
}


def _part_cents(facts: LifeFacts, key: str) -> Decimal | None:
    """A part of the note; without a note nothing is credited."""
    if not facts.notes and facts.invoices:
        return Decimal(0)
    note = facts.notes[-1] if facts.notes else None
    return None if note is None else facts.cents(_NOTE_PARTS[key](note))


# The invoice of the end.


def translate_termination_invoice(case: Case) -> Translation:
    """The last invoice of a subscription: usage, a charge minimum, and the note that pays it."""
    keys = Keys(case.inputs, "inputs")
    billing = take_billing(keys)
    refuse_elsewhere(keys)
    plan = take_plan(keys, billing)
    started_at = needed_instant(keys, "started_at")
    ended_at = take_termination(keys, billing)
    if ended_at is None:
        raise UnsupportedCase("inputs: key 'terminated_at' is missing")
    mode = keys.text("on_termination_credit_note", "credit") or "credit"
    if mode not in _MODES:
        raise UnsupportedCase(f"inputs: mode {mode!r} is unknown")
    paid = in_units(keys.number("first_invoice_paid_cents") or Decimal(0), billing.currency)
    end = _End(billing, plan, started_at, None, ended_at)
    metric, charges, events = _usage(keys, billing, end.starts_at)
    keys.refuse_rest()
    end.plan = replace(plan, charges=charges)
    lives = end.lives(
        metrics=(metric,),
        events=events,
        on_termination=mode,
        payments=(Payment(paid, end.known_on),) if paid else (),
    )
    last = len(end.moments()) - 1
    return Translation(lives, _last_invoice_readers(case, last))


def _usage(
    keys: Keys, billing: Billing, starts_at: datetime
) -> tuple[Metric, tuple[Charge, ...], tuple[UsageEvent, ...]]:
    """A charge with filters and a minimum, or one event of a stated amount; an hour after the period's start."""
    at = starts_at + timedelta(hours=1)
    used = keys.number("usage_amount_cents")
    if used is not None:
        prices = Prices({"unit_amount": plain(in_units(used, billing.currency))})
        return Metric(), (Charge("standard", prices),), (UsageEvent(at, {"value": "1"}),)
    if "charge" not in keys:
        return Metric(), (), ()
    stated = Keys(keys.take("charge"), "inputs: charge")
    aggregation = stated.text("aggregation", "sum") or "sum"
    model = stated.text("model", "standard") or "standard"
    if model != "standard" or aggregation not in ("count", "sum"):
        raise UnsupportedCase(f"{stated.where}: {model} of a {aggregation} is not read here")
    minimum = stated.number("min_amount_cents")
    filters = filters_of(model, stated.objects("filters"))
    charge = Charge(
        model,
        Prices({"unit_amount": plain(stated.needed("amount"))}),
        filters=filters,
        minimum_amount=None if minimum is None else in_units(minimum, billing.currency),
    )
    stated.refuse_rest()
    events = []
    for position, one in enumerate(keys.objects("events")):
        instant = take_instant(one, "at", "ts") or at + timedelta(minutes=position)
        units = one.number("units")
        properties = {name: property_text(value) for name, value in one.rest().items()}
        if units is not None:
            properties["value"] = plain(units)
        events.append(UsageEvent(instant, properties))
    return Metric(aggregation=aggregation), (charge,), tuple(events)


def _last_invoice_readers(case: Case, last: int) -> dict[str, Reader]:
    def of_invoice(name: str) -> Callable[[LifeFacts], Any]:
        def read(facts: LifeFacts) -> Decimal | None:
            invoice = facts.invoice(last)
            return None if invoice is None else facts.cents(getattr(invoice, name))

        return read

    known: dict[str, Callable[[LifeFacts], Any]] = {
        "usage_fees_amount_cents": lambda facts: amounts_in_order(
            [number_of(one, "expected") for one in case.expected["usage_fees_amount_cents"]],
            [
                line.amount.scaleb(facts.minor_unit)
                for line in facts.fee_lines(*USAGE_FEES, moment=last)
            ],
        ),
        "true_up_fee": _true_up,
        "fees_amount_cents": of_invoice("fees_amount"),
        "taxes_amount_cents": of_invoice("tax_amount"),
        "credit_notes_amount_cents": of_invoice("credit_note_amount"),
        # What a peer calls the total of an invoice is what is left of it after credit notes.
        "total_amount_cents": of_invoice("amount_due"),
        "credit_note_total": lambda facts: _note_cents(facts, "total"),
        "credit_note": _note_parts,
        "credit_note_balance_after": lambda facts: (
            None if _note(facts) is None else facts.cents(facts.notes[0].balance_amount)
        ),
        **{
            key: lambda facts, key=key: _part_cents(facts, key)
            for key in ("refund_amount_cents", "credit_amount_cents", "offset_amount_cents")
        },
    }
    return readers_of(case, known)


def _true_up(facts: LifeFacts) -> dict[str, Decimal | None]:
    """The charge's true-up and its tax; a line keeps its rate, the invoice rounds the tax once."""
    lines = facts.fee_lines("charge_true_up")
    if len(lines) != 1:
        return {}
    tax = lines[0].amount_unrounded * lines[0].tax_rate / 100
    return {
        "amount_cents": facts.cents(lines[0].amount),
        "taxes_amount_cents": rounded(tax.scaleb(facts.minor_unit), "round", 0),
    }

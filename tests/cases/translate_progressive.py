"""Cases of progressive billing: thresholds that usage passes, what is billed then, and how the period's bill takes it.

Belongs here: which keys these cases have, and where each expected value is read. Does not belong here: lives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .case_periods import instant_of
from .life_facts import LifeFacts, LifeInvoice
from .life_keys import Billing, needed_instant, refuse_elsewhere, take_billing, take_plan
from .lives import Life, PlanTerms, Signed, Threshold
from .prices import in_units, prices_of, property_text
from .reading import Case, Keys, UnsupportedCase, plain
from .translate_proration import readers_of
from .trials import DAY, Charge, Metric, Prices, Reader, Translation, UsageEvent

_AGGREGATIONS = ("count", "sum", "max", "latest")
# A month before it and one of 30 days, for cases that name no dates.
_BEFORE, _FIRST, _END = date(2024, 5, 1), date(2024, 6, 1), date(2024, 7, 1)
_INVOICE_KEYS: dict[str, Callable[[LifeInvoice], Decimal]] = {
    "progressive_billing_credit_amount_cents": lambda one: one.progressive_credit_amount,
    "fees_amount_cents": lambda one: one.fees_amount,
    "taxes_amount_cents": lambda one: one.tax_amount,
    "credit_notes_amount_cents": lambda one: one.credit_note_amount,
    # What a peer calls the total of an invoice is what is left of it after credit notes.
    "total_amount_cents": lambda one: one.amount_due,
}


# A customer's months, invoice by invoice.


def translate_progressive_billing(case: Case) -> Translation:
    """Usage of some months, looked at on the day after each event, and billed at the ends of periods."""
    keys = Keys(case.inputs, "inputs")
    stated = Keys(keys.take("plan", {}), "inputs: plan")
    billing = replace(
        take_billing(keys),
        interval=stated.text("interval", "monthly") or "monthly",
        billing_time=stated.text("billing_time", "calendar") or "calendar",
    )
    plan = take_plan(stated, billing, prefix="")
    stated.refuse_rest()
    refuse_elsewhere(keys)
    started_at = needed_instant(keys, "subscribed_at", "started_at")
    metrics, charges = _charges(keys, billing)
    events = _events(keys, billing, metrics)
    billed = _dates(keys, billing, "billed_at")
    historical = keys.number("historical_usage_cents")
    thresholds = [
        *(Threshold(in_units(one, billing.currency)) for one in keys.numbers("thresholds")),
        *(
            Threshold(in_units(one, billing.currency), is_recurring=True)
            for one in [keys.number("recurring_threshold")]
            if one is not None
        ),
    ]
    keys.refuse_rest()
    moments = sorted({*billed, *(one.known_on for one in events if one.known_on is not None)})
    signed = Signed(
        replace(plan, charges=charges, thresholds=tuple(thresholds)),
        started_at,
        ended_at=billing.first_instant(_end(billing, plan, moments[-1], started_at.date())),
        lifetime_usage=None if historical is None else in_units(historical, billing.currency),
    )
    life = Life((signed,), tuple(moments), metrics, events, **billing.life())
    return Translation({"": life}, readers_of(case, _known(case, moments, billed)))


def _end(billing: Billing, plan: PlanTerms, last: date, anchor: date) -> date:
    """Where the last period ends that is looked at: a life is billed years later, and would have all periods since."""
    first, end = billing.whole(last, anchor)
    return first if first == last and not plan.is_pay_in_advance else end


def _charges(keys: Keys, billing: Billing) -> tuple[tuple[Metric, ...], tuple[Charge, ...]]:
    """The charge, or charges by their codes, each of a metric of its own."""
    one = [Keys(keys.take("charge"), "inputs: charge")] if "charge" in keys else []
    metrics, charges = [], []
    for position, stated in enumerate([*one, *keys.objects("charges")]):
        code = stated.text("code") or f"charge_{position}"
        aggregation = stated.text("aggregation", "sum") or "sum"
        if aggregation not in _AGGREGATIONS:
            raise UnsupportedCase(f"{stated.where}: aggregation {aggregation!r} is not read here")
        model = stated.text("model", "standard") or "standard"
        minimum = stated.number("min_amount_cents")
        charges.append(
            Charge(
                model,
                prices_of(model, stated),
                code=code,
                metric_code=code,
                is_pay_in_advance=stated.flag("pay_in_advance"),
                minimum_amount=None if minimum is None else in_units(minimum, billing.currency),
            )
        )
        metrics.append(Metric(code=code, aggregation=aggregation))
        stated.refuse_rest()
    if not charges:
        raise UnsupportedCase("inputs: key 'charge' is missing")
    return tuple(metrics), tuple(charges)


def _events(keys: Keys, billing: Billing, metrics: Sequence[Metric]) -> tuple[UsageEvent, ...]:
    """Each event is known on the day after its own; it is of the charge that it names, or of the only one."""
    codes = [metric.code for metric in metrics]
    found = []
    for one in keys.objects("events"):
        at = needed_instant(one, "at", "ts")
        code = one.text("charge", codes[0] if len(codes) == 1 else None)
        if code not in codes:
            raise UnsupportedCase(f"{one.where}: 'charge' is {code!r}, one of {codes} is expected")
        units = one.number("units")
        properties = {name: property_text(value) for name, value in one.rest().items()}
        if units is not None:
            properties["value"] = plain(units)
        known_on = billing.date_of(at) + DAY
        found.append(UsageEvent(at, properties, metric_code=code, known_on=known_on))
    return tuple(found)


def _dates(keys: Keys, billing: Billing, name: str) -> list[date]:
    """The dates of a key that holds one or a list of them; there must be one."""
    value = keys.take(name, [])
    values = value if isinstance(value, list) else [value]
    if not values:
        raise UnsupportedCase(f"{keys.where}: key {name!r} is missing")
    where = f"{keys.where}: {name!r}"
    return sorted(billing.date_of(instant_of(one, where)) for one in values)


def _known(
    case: Case, moments: Sequence[date], billed: Sequence[date]
) -> dict[str, Callable[[LifeFacts], Any]]:
    """Invoices by their moments: those of thresholds through the last bill and after it, and the bills."""
    numbers = {moment: number for number, moment in enumerate(moments)}
    last = numbers[billed[-1]]

    def totals(facts: LifeFacts, *, is_after: bool = False) -> list[Decimal | None]:
        return [
            facts.cents(one.amount_due)
            for one in facts.progressive_invoices
            if (one.moment >= last) == is_after
        ]

    def of_bill(facts: LifeFacts, number: int, key: str) -> Decimal | None:
        invoice = facts.invoice(number)
        return None if invoice is None else facts.cents(_INVOICE_KEYS[key](invoice))

    for key in case.expected.get("final", {}):
        if key not in _INVOICE_KEYS:
            raise UnsupportedCase(f"expected: final: unknown key {key!r}")
    return {
        "progressive_invoice_totals": totals,
        "next_period_progressive_invoice_total": lambda facts: _only(totals(facts, is_after=True)),
        "next_period_progressive_invoice_totals": lambda facts: totals(facts, is_after=True),
        "final": lambda facts: {key: of_bill(facts, last, key) for key in _INVOICE_KEYS},
        "final_totals": lambda facts: [
            of_bill(facts, numbers[one], "total_amount_cents") for one in billed
        ],
        "credit_note_total_cents": _notes_cents,
        **{
            f"{prefix}_{key}": lambda facts, number=number, key=key: of_bill(facts, number, key)
            for prefix, number in (("first_final", numbers[billed[0]]), ("final", last))
            for key in _INVOICE_KEYS
        },
    }


def _only(amounts: Sequence[Decimal | None]) -> Decimal | None:
    return amounts[0] if len(amounts) == 1 else None


def _notes_cents(facts: LifeFacts) -> Decimal | None:
    """What notes on progressive invoices give back."""
    own = (one.total_amount for one in facts.notes if one.reason == "progressive_billing")
    return facts.cents(sum(own, Decimal(0)))


# The bill of a period after a progressive invoice of other amounts.


def translate_progressive_credit(case: Case) -> Translation:
    """Fees of a progressive invoice, which usage of the rest of the period raises or lowers to those of the bill."""
    keys = Keys(case.inputs, "inputs")
    billing = take_billing(keys)
    refuse_elsewhere(keys)
    then = _fees(keys, "latest_progressive_invoice_fees", billing)
    last = _fees(keys, "invoice_charge_fees", billing)
    keys.refuse_rest()
    total = sum(then.values(), Decimal(0))
    if total <= 0:
        raise UnsupportedCase("inputs: a progressive invoice needs fees above 0")
    codes = list(dict.fromkeys([*last, *then]))
    events = [
        UsageEvent(
            billing.first_instant(day) + timedelta(hours=1),
            {"value": plain(amount)},
            metric_code=code,
            known_on=known_on,
        )
        for code in codes
        for day, known_on, amount in (
            (_FIRST, _FIRST + DAY, then.get(code, Decimal(0))),
            (_FIRST + 9 * DAY, _END, last.get(code, Decimal(0)) - then.get(code, Decimal(0))),
        )
        if amount
    ]
    plan = PlanTerms(
        Decimal(0),
        charges=tuple(
            Charge("standard", Prices({"unit_amount": "1"}), code, code) for code in codes
        ),
        thresholds=(Threshold(total),),
    )
    signed = Signed(plan, billing.first_instant(_FIRST), ended_at=billing.first_instant(_END))
    metrics = tuple(Metric(code=code) for code in codes)
    life = Life((signed,), (_FIRST + DAY, _END), metrics, tuple(events), **billing.life())
    known: dict[str, Callable[[LifeFacts], Any]] = {
        "credit_note_on_progressive_invoice_cents": _notes_cents,
        **{key: lambda facts, key=key: _bill_cents(facts, key) for key in _INVOICE_KEYS},
    }
    return Translation({"": life}, readers_of(case, known))


def _fees(keys: Keys, name: str, billing: Billing) -> dict[str, Decimal]:
    """The fees of an invoice by charge, in currency units."""
    found: dict[str, Decimal] = {}
    for one in keys.objects(name):
        code = one.text("charge")
        if code is None:
            raise UnsupportedCase(f"{one.where}: key 'charge' is missing")
        amount = in_units(one.needed("amount_cents"), billing.currency)
        found[code] = found.get(code, Decimal(0)) + amount
        one.refuse_rest()
    return found


def _bill_cents(facts: LifeFacts, key: str) -> Decimal | None:
    invoice = facts.invoice(1)
    return None if invoice is None else facts.cents(_INVOICE_KEYS[key](invoice))


# Which thresholds are passed.


@dataclass(frozen=True)
class _State:
    """Usage fees that were billed elsewhere, by an invoice of the month before, by a progressive one, and used now."""

    historical: Decimal
    invoiced: Decimal
    billed: Decimal
    current: Decimal

    @property
    def before(self) -> Decimal:
        return self.historical + self.invoiced + self.billed

    @property
    def after(self) -> Decimal:
        return self.historical + self.invoiced + self.current

    def life(self, billing: Billing, fixed: Sequence[Decimal], step: Decimal | None) -> Life:
        """The state with these thresholds at its last moment: a progressive invoice then says that one is passed."""
        moments = [_FIRST, _FIRST + 2 * DAY, _FIRST + 9 * DAY]
        amounts = [self.invoiced, self.billed, self.current - self.billed]
        days = [_BEFORE, _FIRST + DAY, _FIRST + 8 * DAY]
        thresholds = [Threshold(one, known_on=moments[2]) for one in fixed]
        if step is not None:
            thresholds.append(Threshold(step, is_recurring=True, known_on=moments[2]))
        if self.billed:
            thresholds.append(Threshold(self.before, known_on=moments[1]))
        plan = PlanTerms(
            Decimal(0),
            charges=(Charge("standard", Prices({"unit_amount": "1"})),),
            thresholds=tuple(thresholds),
        )
        signed = Signed(
            plan,
            billing.first_instant(_BEFORE),
            ended_at=billing.first_instant(_END),
            lifetime_usage=self.historical,
        )
        events = tuple(
            UsageEvent(
                billing.first_instant(day) + timedelta(hours=1),
                {"value": plain(amount)},
                known_on=moment,
            )
            for day, moment, amount in zip(days, moments, amounts, strict=True)
            if amount
        )
        return Life((signed,), tuple(moments), (Metric(),), events, **billing.life())


def translate_thresholds(case: Case) -> Translation:
    """Each threshold of each state is a life of its own, as an invoice does not say which thresholds it passed.

    The recurring one stands beside the largest fixed one, above which its multiples begin; where that one is passed
    too, a progressive invoice has billed as much as it before.
    """
    keys = Keys(case.inputs, "inputs")
    billing = take_billing(keys)
    fixed, step = keys.numbers("thresholds"), keys.number("recurring_threshold")
    historical = keys.number("historical_usage", Decimal(0)) or Decimal(0)
    billed = keys.number("progressive_billed_amount", Decimal(0)) or Decimal(0)
    states = []
    for one in keys.objects("cases"):
        invoiced = one.number("invoiced", Decimal(0)) or Decimal(0)
        current = one.number("current", Decimal(0)) or Decimal(0)
        own_billed = one.number("progressive_billed_amount", billed) or Decimal(0)
        states.append(_State(historical, invoiced, own_billed, current))
        one.refuse_rest()
    keys.refuse_rest()
    if not fixed and step is None:
        raise UnsupportedCase("inputs: neither 'thresholds' nor 'recurring_threshold' is there")
    lives: dict[str, Life] = {}
    for number, state in enumerate(states):
        for place, amount in enumerate(fixed):
            lives[f"s{number}t{place}"] = state.life(billing, [amount], None)
        if step is not None:
            lives[f"s{number}r"] = _from_top(state, fixed).life(billing, _top(fixed), step)
    readers: dict[str, Reader] = {}
    for key in case.expected:
        if key != "passed_thresholds":
            raise UnsupportedCase(f"expected: unknown key {key!r}")
        readers[key] = lambda outcome: [
            _passed(outcome, number, fixed, step) for number in range(len(states))
        ]
    return Translation(lives, readers)


def _top(fixed: Sequence[Decimal]) -> list[Decimal]:
    return [max(fixed)] if fixed else []


def _from_top(state: _State, fixed: Sequence[Decimal]) -> _State:
    """The state; from the largest fixed threshold on, where it is passed."""
    top = max(fixed, default=Decimal(0))
    if state.before < top <= state.after:
        return replace(state, billed=top - state.historical - state.invoiced)
    return state


def _passed(
    outcome: Mapping[str, LifeFacts], number: int, fixed: Sequence[Decimal], step: Decimal | None
) -> list[Decimal]:
    def is_passed(name: str) -> bool:
        return any(one.moment == 2 for one in outcome[name].progressive_invoices)

    found = [one for place, one in enumerate(fixed) if is_passed(f"s{number}t{place}")]
    if step is not None and is_passed(f"s{number}r"):
        found.append(step)
    return found

"""Cases of credit notes of stated amounts: what comes back less its coupon, the tax of that, and what notes pay.

Belongs here: which keys these cases have, and where each expected value is read. Does not belong here: notes at the end
of a subscription (`translate_ends`).

Nobody writes a note by hand in the product. But a progressive invoice whose usage is taken back has a note of what then
is too much: its fees are those of the case, and the period's bill lacks what the case credits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from .life_facts import PROGRESSIVE, LifeFacts, LifeInvoice, LifeNote, LifeTax
from .life_fees import FIRST, Fee, FeeLife, take_fee
from .lives import Life, PlanTerms, Signed
from .prices import in_units
from .reading import Case, Keys, UnsupportedCase, number_of
from .translate_coupons import INVOICE_KEYS, billing_of, coupons_of_shares, take_share
from .translate_proration import readers_of
from .trials import DAY, Translation

_NOTE_KEYS: dict[str, Callable[[LifeNote], Decimal]] = {
    "sub_total": lambda note: note.subtotal_amount,
    "sub_total_excluding_taxes_amount_cents": lambda note: note.subtotal_amount,
    "taxes": lambda note: note.tax_amount,
    "taxes_amount_cents": lambda note: note.tax_amount,
    "coupons_adjustment": lambda note: note.coupon_amount,
    "coupons_adjustment_amount_cents": lambda note: note.coupon_amount,
    "total": lambda note: note.total_amount,
    "total_amount_cents": lambda note: note.total_amount,
}


def translate_credit_note(case: Case) -> Translation:
    """Fees of an invoice with their coupons, and what of some is credited."""
    keys = Keys(case.inputs, "inputs")
    billing = billing_of(keys)
    fees, shares = [], []
    for position, stated in enumerate(keys.objects("fees")):
        fees.append(take_fee(stated, position, billing.currency))
        shares.append(take_share(stated, billing.currency))
        stated.refuse_rest()
    credited = [Decimal(0)] * len(fees)
    items = [Keys(keys.take("item"), "inputs: item")] if "item" in keys else []
    for item in [*items, *keys.objects("items")]:
        place = _place_of(item, fees)
        credited[place] += in_units(item.needed("amount_cents"), billing.currency)
        item.refuse_rest()
    keys.refuse_rest()
    return _translation(case, FeeLife(_with_notes(fees, credited), billing), shares)


def translate_credit_note_tax(case: Case) -> Translation:
    """Items, each with its fee."""
    keys = Keys(case.inputs, "inputs")
    billing = billing_of(keys)
    fees, shares, credited = [], [], []
    for position, item in enumerate(keys.objects("items")):
        amount = in_units(item.needed("fee_amount_cents"), billing.currency)
        rates = tuple(item.numbers("tax_rates"))
        fees.append(Fee(f"fee{position + 1}", "charge", amount, rates=rates))
        shares.append(take_share(item, billing.currency))
        credited.append(in_units(item.needed("amount_cents"), billing.currency))
        item.refuse_rest()
    keys.refuse_rest()
    return _translation(case, FeeLife(_with_notes(fees, credited), billing), shares)


def _translation(case: Case, book: FeeLife, shares: Sequence[Decimal]) -> Translation:
    life = book.life(coupons=coupons_of_shares(book, [fee.early for fee in book.fees], shares))
    return Translation({"": life}, readers_of(case, _known(case)))


def _place_of(item: Keys, fees: Sequence[Fee]) -> int:
    label = item.take("fee", fees[0].label if len(fees) == 1 else None)
    labels = [fee.label for fee in fees]
    if label not in labels:
        raise UnsupportedCase(f"{item.where}: 'fee' is {label!r}, one of {labels} is expected")
    return labels.index(label)


def _with_notes(fees: Sequence[Fee], credited: Sequence[Decimal]) -> list[Fee]:
    """The fees as usage of one subscription: billed early, and then less by what is credited."""
    if not fees or not any(fee.amount for fee in fees):
        raise UnsupportedCase("inputs: a progressive invoice needs fees above 0")
    for fee, amount in zip(fees, credited, strict=True):
        if fee.kind != "charge" or amount > fee.amount:
            raise UnsupportedCase(f"inputs: usage cannot credit {amount} of a {fee.kind} fee")
    return [
        replace(fee, plan="", owner="", early=fee.amount, amount=fee.amount - amount)
        for fee, amount in zip(fees, credited, strict=True)
    ]


# What came out.


def _known(case: Case) -> dict[str, Callable[[LifeFacts], Any]]:
    known: dict[str, Callable[[LifeFacts], Any]] = {
        key: lambda facts, key=key: note_parts(case, facts).get(key)
        for key in (*_NOTE_KEYS, "taxes_rate", "per_tax")
    }
    known["invoice"] = lambda facts: invoice_parts(
        case.expected["invoice"], facts, facts.invoice(0, PROGRESSIVE)
    )
    known["credit_note"] = lambda facts: note_parts(case, facts)
    return known


def invoice_parts(expected: Any, facts: LifeFacts, invoice: LifeInvoice | None) -> dict[str, Any]:
    """The amounts of an invoice, before notes that were written later."""
    if invoice is None:
        return {}
    found: dict[str, Any] = {key: facts.cents(read(invoice)) for key, read in INVOICE_KEYS.items()}
    found["taxes_rate"] = invoice.tax_rate
    wanted = expected.get("per_tax") if isinstance(expected, dict) else None
    found["per_tax"] = tax_rows(wanted, facts, invoice.taxes)
    return found


def note_parts(case: Case, facts: LifeFacts) -> dict[str, Any]:
    """The amounts of the note, of which there is one."""
    if len(facts.notes) != 1:
        return {}
    note = facts.notes[0]
    stated = case.expected.get("credit_note", case.expected)
    found: dict[str, Any] = {key: facts.cents(read(note)) for key, read in _NOTE_KEYS.items()}
    found["taxes_rate"] = note.tax_rate
    found["per_tax"] = tax_rows(stated.get("per_tax"), facts, note.taxes)
    return found


def tax_rows(wanted: Any, facts: LifeFacts, taxes: Sequence[LifeTax]) -> list[dict[str, Any]]:
    """The taxes of a document, in the order in which a case lists their rates; what it does not list comes last."""
    rates = []
    for row in wanted if isinstance(wanted, list) else []:
        if not isinstance(row, dict) or "rate" not in row:
            raise UnsupportedCase("expected: 'per_tax' lists objects with 'rate'")
        rates.append(number_of(row["rate"], "expected: per_tax: 'rate'"))
    left = list(taxes)
    found = []
    for rate in rates:
        own = next((one for one in left if one.rate_percent == rate), None)
        if own is not None:
            left.remove(own)
            found.append(own)
    return [
        {
            "rate": one.rate_percent,
            "base": facts.cents(one.taxable_amount),
            "base_amount_cents": facts.cents(one.taxable_amount),
            "amount_cents": facts.cents(one.tax_amount),
        }
        for one in [*found, *left]
    ]


# What notes pay.


def translate_note_application(case: Case) -> Translation:
    """Notes of subscriptions that ended in the middle of a month paid in advance, and an invoice that they pay."""
    keys = Keys(case.inputs, "inputs")
    billing = billing_of(keys)
    balances = [
        in_units(one, billing.currency) for one in keys.numbers("credit_notes_oldest_first")
    ]
    total = keys.number("invoice_total_cents")
    fees = []
    for position, stated in enumerate(keys.objects("fees")):
        fees.append(take_fee(stated, position, billing.currency))
        stated.refuse_rest()
    keys.refuse_rest()
    if total is None:
        total = _sum(fee.amount for fee in fees) / in_units(Decimal(1), billing.currency)
    fees = _fees_of_total(fees, in_units(total, billing.currency))
    book = FeeLife(fees, billing)
    life = _after_notes(book, balances)
    last = len(life.moments) - 1
    known: dict[str, Callable[[LifeFacts], Any]] = {
        "credits": lambda facts: [
            facts.cents(one.amount) for one in facts.note_uses if one.moment == last
        ],
        "credit_notes_amount_cents": lambda facts: facts.cents(
            _sum(one.amount for one in facts.note_uses if one.moment == last)
        ),
        "total_amount_cents": lambda facts: _due(facts, last),
        "balances_after": lambda facts: [facts.cents(one.balance_amount) for one in facts.notes],
    }
    for place, word in enumerate(("first", "second", "third", "fourth")[: len(balances)]):
        known[f"{word}_note_balance_after"] = lambda facts, place=place: facts.cents(
            facts.notes[place].balance_amount
        )
    return Translation({"": life}, readers_of(case, known))


def _fees_of_total(fees: Sequence[Fee], total: Decimal) -> list[Fee]:
    """The fees, less what is missing of the total: what notes pay does not depend on what the invoice is for."""
    if not fees:
        return [Fee("fee1", "charge", total)]
    left = _sum(fee.amount for fee in fees) - total
    if left < 0 or any(fee.kind != "charge" for fee in fees):
        raise UnsupportedCase("inputs: 'invoice_total_cents' is more than the fees come to")
    found = []
    for fee in fees:
        part = min(left, fee.amount)
        left -= part
        found.append(replace(fee, amount=fee.amount - part))
    return found


def _after_notes(book: FeeLife, balances: Sequence[Decimal]) -> Life:
    """The life of the fees after notes, each of half a month of 30 days and on a close of its own."""
    billing = book.billing
    life = book.life()
    middle = FIRST + 15 * DAY
    known = [middle + place * DAY for place in range(len(balances))]
    ended = tuple(
        Signed(
            PlanTerms(2 * balance, is_pay_in_advance=True),
            billing.first_instant(FIRST),
            code=f"note_{place}",
            external=f"note_{place}",
            ended_at=billing.first_instant(middle),
            end_known_on=known[place],
            on_termination="credit",
        )
        for place, balance in enumerate(balances)
    )
    moments = ((FIRST, *known) if balances else ()) + life.moments
    return replace(life, signed=(*ended, *life.signed), moments=moments)


def _due(facts: LifeFacts, moment: int) -> Decimal | None:
    invoice = facts.invoice(moment)
    return None if invoice is None else facts.cents(invoice.amount_due)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))

"""Cases of kind coupon: what coupons take off the fees of an invoice, one after another, and what is left of them.

Belongs here: which keys these cases have, and where each expected value is read. Does not belong here: the fees
(`life_fees`), the keys of a coupon (`life_credits`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .case_periods import instant_of
from .comparing import rounded
from .life_credits import Coupon, take_coupon
from .life_facts import LifeFacts, LifeInvoice
from .life_fees import Fee, FeeLife, take_fee
from .life_keys import Billing
from .prices import in_units
from .reading import Case, Keys, UnsupportedCase, number_of
from .translate_proration import readers_of
from .trials import Translation

# Closes are shared by all lives, but each of them costs: no life has more months than these.
_MOST_MONTHS = 6
# Shares of coupons may be written as floats: those of one ratio are one coupon.
_SAME_RATIO, _FLOAT_ERROR = Fraction(1, 10**6), Decimal("0.0001")
_SHARE_NAMES = ("coupon", "fee_coupon", "coupon_cents", "fee_coupon_cents")
_LISTS = ("coupons", "coupons_in_created_order", "applied_coupons")
INVOICE_KEYS: Mapping[str, Callable[[LifeInvoice], Decimal]] = {
    "fees_amount_cents": lambda one: one.fees_amount,
    "coupons_amount_cents": lambda one: one.coupon_amount,
    "progressive_billing_credit_amount_cents": lambda one: one.progressive_credit_amount,
    "sub_total_excluding_taxes_amount_cents": lambda one: one.subtotal_amount,
    "taxes_amount_cents": lambda one: one.tax_amount,
    "sub_total_including_taxes_amount_cents": lambda one: one.total_amount,
    "credit_notes_amount_cents": lambda one: one.credit_note_amount,
    "prepaid_credit_amount_cents": lambda one: one.prepaid_credit_amount,
    "total_amount_cents": lambda one: one.amount_due,
}


def billing_of(keys: Keys) -> Billing:
    """A month of the case's currency, which may stand there as the invoice's."""
    stated = [value for name in ("currency", "invoice_currency") if (value := keys.text(name))]
    return Billing("monthly", "calendar", "UTC", stated[-1] if stated else "EUR", None)


def translate_coupon(case: Case) -> Translation:
    """Fees of one month and the coupons of their customer; where the case asks what is left, of later months too."""
    keys = Keys(case.inputs, "inputs")
    billing = billing_of(keys)
    fees, shares = _fees(keys, billing)
    # The product adds them up by itself.
    for name in ("invoice_subtotal_cents", "invoice_fees_amount_cents"):
        keys.take(name)
    book = FeeLife(fees, billing, _months(case))
    coupons = _coupons(keys, book)
    keys.refuse_rest()
    if not coupons:
        raise UnsupportedCase("inputs: key 'coupon' is missing")
    # Coupons limited to metrics are the first ones.
    before = coupons_of_shares(book, [fee.amount for fee in fees], shares)
    listed = [*(replace(one, metrics=one.metrics or _metrics_of(book)) for one in before), *coupons]
    life = book.life(coupons=tuple(replace(one, moment=book.first) for one in listed))
    known = known_of_fees(case, book, earlier=len(before), before=shares)
    return Translation({"": life}, readers_of(case, known))


def _metrics_of(book: FeeLife) -> tuple[str, ...]:
    return tuple(book.metric_of(place) for place, fee in enumerate(book.fees) if fee.amount)


def _fees(keys: Keys, billing: Billing) -> tuple[list[Fee], list[Decimal]]:
    """The fees that are listed, or one of a stated amount; and what earlier coupons took off each.

    What was taken off before is, where it is whole minor units, what a progressive invoice billed.
    """
    base = keys.number("base_amount_cents")
    found = [] if base is None else [Fee("fee1", "charge", in_units(base, billing.currency))]
    before = [Decimal(0)] * len(found)
    for position, stated in enumerate(keys.objects("fees")):
        found.append(take_fee(stated, position, billing.currency))
        before.append(stated.number("already_discounted", Decimal(0)) or Decimal(0))
        stated.refuse_rest()
    if not found:
        raise UnsupportedCase("inputs: key 'fees' is missing")
    if any(
        one < 0 or (one and fee.kind != "charge") for one, fee in zip(before, found, strict=True)
    ):
        raise UnsupportedCase("inputs: 'already_discounted' of what is no charge")
    units = [in_units(one, billing.currency) for one in before]
    if any(one != one.to_integral_value() for one in before):
        return found, units
    early = [replace(fee, early=one) for fee, one in zip(found, units, strict=True)]
    return early, [Decimal(0)] * len(found)


def _coupons(keys: Keys, book: FeeLife) -> list[Coupon]:
    """The coupon, or coupons in the order in which they were applied."""
    billed_on = None
    for name in ("billing_at", "billed_at", "issuing_date"):
        if name in keys:
            billed_on = instant_of(keys.take(name), f"inputs: {name!r}").date()
    stated = [Keys(keys.take("coupon"), "inputs: coupon")] if "coupon" in keys else []
    for name in _LISTS:
        stated += keys.objects(name)
    return [coupon_on_fees(one, book, billed_on) for one in stated]


def coupon_on_fees(keys: Keys, book: FeeLife, billed_on: date | None = None) -> Coupon:
    """A coupon that may be limited to plans or metrics which fees name."""
    plans = {fee.plan: book.codes_of_plan(fee.plan) for fee in book.fees}
    metrics = {fee.metric: book.codes_of_metric(fee.metric) for fee in book.fees if fee.metric}
    return take_coupon(keys, book.billing.currency, plans, metrics, billed_on)


def _months(case: Case) -> int:
    """How many months tell what is left of a coupon: those in which it still credits, and one more."""
    months = 1
    if "terminated" in case.expected:
        months = 2
    if "remaining_after" in case.expected:
        left = number_of(case.expected["remaining_after"], "expected: 'remaining_after'")
        months = int(left) + 2
    if months > _MOST_MONTHS:
        raise UnsupportedCase(
            f"expected: 'remaining_after' is more than {_MOST_MONTHS - 2} months, each of which is a close"
        )
    return months


def take_share(keys: Keys, currency: str) -> Decimal:
    """What coupons take off a fee, in currency units; maybe a float's digits of a minor unit."""
    found = [value for name in _SHARE_NAMES if (value := keys.number(name)) is not None]
    return in_units(found[0] if found else Decimal(0), currency)


def coupons_of_shares(
    book: FeeLife, amounts: Sequence[Decimal], shares: Sequence[Decimal]
) -> tuple[Coupon, ...]:
    """Fixed coupons which have these shares of fees: one for all fees of which they take the same part."""
    by_ratio: dict[Fraction, list[int]] = {}
    for place, (amount, share) in enumerate(zip(amounts, shares, strict=True)):
        if share and amount <= 0:
            raise UnsupportedCase("inputs: 'coupon' of a fee without an amount")
        if share:
            ratio = Fraction(share) / Fraction(amount)
            near = (one for one in by_ratio if abs(one - ratio) < _SAME_RATIO)
            by_ratio.setdefault(next(near, ratio), []).append(place)
    found = []
    own = [place for place, amount in enumerate(amounts) if amount]
    for places in by_ratio.values():
        whole = sum((shares[place] for place in places), Decimal(0))
        cents = whole / in_units(Decimal(1), book.billing.currency)
        if abs(cents - round(cents)) > _FLOAT_ERROR:
            raise UnsupportedCase(
                f"inputs: 'coupon': shares of {cents} together are no credit of a coupon"
            )
        found.append(
            Coupon(
                book.billing.currency,
                in_units(Decimal(round(cents)), book.billing.currency),
                metrics=None if places == own else tuple(map(book.metric_of, places)),
            )
        )
    return tuple(found)


# What came out.


def known_of_fees(
    case: Case, book: FeeLife, earlier: int = 0, before: Sequence[Decimal] = ()
) -> dict[str, Callable[[LifeFacts], Any]]:
    """Readers of the first month's invoice and of its fees, in their order and by their names.

    `earlier`: how many of the life's coupons stand for what was taken off `before`, of each fee.
    """

    def credits(facts: LifeFacts) -> dict[int, Decimal]:
        """What each coupon of the case credits of the month's invoice, in the order in which they do."""
        return {
            one.position - earlier: one.amount
            for one in facts.coupon_uses
            if one.moment == book.first and one.position >= earlier
        }

    def credit(facts: LifeFacts) -> Decimal | None:
        return facts.cents(_sum(list(credits(facts).values())))

    def later_months(facts: LifeFacts) -> int:
        own = (one for one in facts.coupon_uses if one.position >= earlier)
        return len({one.moment for one in own if one.moment > book.first})

    known: dict[str, Callable[[LifeFacts], Any]] = {
        key: lambda facts, key=key: of_invoice(facts, book.first, INVOICE_KEYS[key])
        for key in INVOICE_KEYS
    }
    known |= {
        "credit_amount_cents": credit,
        "coupon_amount_cents": credit,
        "credits_count": lambda facts: Decimal(len(credits(facts))),
        "fee_coupons": lambda facts: [
            share_of(book, facts, place) for place in range(len(book.fees))
        ],
        "fee_taxes_amount_cents": lambda facts: [
            tax_of(book, facts, place) for place in range(len(book.fees))
        ],
        "terminated": lambda facts: _as_expected(case, not later_months(facts)),
        "remaining_after": lambda facts: Decimal(later_months(facts)),
    }
    for key in ("credits", "credits_amount_cents", "credit_amounts_cents"):
        is_object = any(isinstance(one, dict) for one in _listed(case.expected.get(key)))
        known[key] = lambda facts, is_object=is_object: [
            {"amount_cents": facts.cents(amount)} if is_object else facts.cents(amount)
            for amount in credits(facts).values()
        ]
    for key in case.expected:
        match = re.fullmatch(r"coupon(\d+)_(?:credit_)?amount_cents", key)
        if match is not None:
            number = int(match[1]) - 1
            known[key] = lambda facts, number=number: facts.cents(
                credits(facts).get(number, Decimal(0))
            )
    return known | _known_of_each(book, before)


def _known_of_each(
    book: FeeLife, before: Sequence[Decimal]
) -> dict[str, Callable[[LifeFacts], Any]]:
    """Readers of each fee, by its own name and by its place."""
    known: dict[str, Callable[[LifeFacts], Any]] = {}
    for place, fee in enumerate(book.fees):
        taken = before[place] if before else Decimal(0)

        def own(facts: LifeFacts, place: int = place, taken: Decimal = taken) -> Any:
            share = share_of(book, facts, place)
            return None if share is None else _sum([share, facts.cents(-taken)])

        def total(facts: LifeFacts, place: int = place) -> Any:
            early = facts.cents(book.fees[place].early)
            return _sum([share_of(book, facts, place), early])

        for label in (fee.label, f"fee{place + 1}"):
            known[f"{label}_coupon"] = own
            known[f"{label}_coupon_total"] = total
            known[f"{label}_taxes_amount_cents"] = lambda facts, place=place: tax_of(
                book, facts, place
            )
    return known


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def of_invoice(
    facts: LifeFacts, moment: int, read: Callable[[LifeInvoice], Decimal]
) -> Decimal | None:
    invoice = facts.invoice(moment)
    return None if invoice is None else facts.cents(read(invoice))


def share_of(book: FeeLife, facts: LifeFacts, place: int, moment: int | None = None) -> Any:
    """The exact share of a fee in all coupons, with that of what a progressive invoice takes off it."""
    lines = book.lines(facts, place, moment)
    return facts.cents(_sum([line.coupon_unrounded for line in lines])) if lines else None


def tax_of(book: FeeLife, facts: LifeFacts, place: int, moment: int | None = None) -> Any:
    """The tax of a fee: a line keeps its rate, the invoice rounds the tax once."""
    lines = book.lines(facts, place, moment)
    if not lines:
        return None
    tax = facts.cents(_sum([line.tax_unrounded for line in lines]))
    return None if tax is None else rounded(tax, "round", 0)


def _as_expected(case: Case, is_so: bool) -> Any:
    """A truth as the case writes it, which may be text."""
    return is_so if isinstance(case.expected["terminated"], bool) else str(is_so).lower()


def _sum(amounts: Sequence[Decimal | None]) -> Decimal:
    return sum((amount for amount in amounts if amount is not None), Decimal(0))

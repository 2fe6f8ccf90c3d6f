"""The same lives billed by the oracle, from the same catalog folders, as the same facts.

Belongs here: handing folders to the oracle, and its bill as facts. Does not belong here: a rule (tests/oracle), and the
product.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from tests.oracle.bill import Bill, bill
from tests.oracle.closing import DuePeriod, due_periods
from tests.oracle.invoices import CreditNote, Invoice, Payment
from tests.oracle.numbers import floor_to_scale, minor_unit, round_half_away
from tests.oracle.settlement import TaxRow

from .company import Members, write_catalog, write_usage
from .life_credits import coupon_id
from .life_facts import (
    LifeDraw,
    LifeFacts,
    LifeInvoice,
    LifeLine,
    LifeLot,
    LifeNote,
    LifeNoteUse,
    LifePeriod,
    LifeTax,
    LifeUse,
)
from .life_rows import life_code, life_subscription_id
from .life_wallets import places_of_lots
from .lives import Life

_SHARE_SCALE, _UNROUNDED_SCALE, _CREDIT_SCALE = 12, 21, 5


def lives_by_oracle(folder: Path, lives: Mapping[str, Life]) -> dict[str, LifeFacts]:
    """What the oracle makes of the lives as one company below `folder`, by their names."""
    members = Members(lives=lives)
    versions, batches = {}, []
    throughs = [members.trials_through, *members.life_closes]
    for number, through in enumerate(throughs):
        write_catalog(folder, members, number - 1 if number else None)
        batches.append([write_usage(folder, members, number - 1 if number else None)])
        versions[through] = folder / f"catalog_{number}"
        shutil.copytree(folder / "catalog", versions[through])
    last = versions.pop(throughs[-1])
    found = bill(
        last,
        batches,
        throughs[-1],
        batches_known_on=lambda day: 1 + sum(through < day for through in throughs[:-1]),
        earlier_catalogs=versions,
        payments=_payments(members),
    )
    due = due_periods(found.catalog, throughs[-1])
    return {name: _facts(name, life, members, found, due) for name, life in lives.items()}


def _payments(members: Members) -> list[Payment]:
    """Payments to the invoices of first moments, from the close on that knows of them."""
    closes = members.life_closes
    return [
        Payment((closes[0], name, life.currency, "subscription"), payment.amount, close_date)
        for name, life in members.lives.items()
        for payment in life.payments
        for close_date in [
            next(
                one for number, one in enumerate(closes) if payment.known_on <= life.moment(number)
            )
        ]
    ]


def _facts(name: str, life: Life, members: Members, found: Bill, due: list[DuePeriod]) -> LifeFacts:
    numbers = {close_date: number for number, close_date in enumerate(members.life_closes)}
    # What is of no subscription has an empty code.
    codes = {life_subscription_id(name, signed): signed.code for signed in life.signed} | {"": ""}
    invoices = [one for one in found.invoices if one.customer_id == name]
    own_notes = [one for one in found.credit_notes if one.subscription_id in codes]
    notes = [one.key for one in own_notes]
    lots = places_of_lots(name, life.wallets)
    coupons = [coupon_id(name, number) for number in range(len(life.coupons))]
    prefix = life_code(name, "")
    return LifeFacts(
        lines=[
            line for one in invoices for line in _lines(one, numbers[one.close_date], codes, prefix)
        ],
        invoices=[_invoice(one, numbers[one.close_date]) for one in invoices],
        notes=[
            _note(
                one,
                numbers[one.close_date],
                codes[one.subscription_id],
                found.note_balances[one.key],
            )
            for one in own_notes
        ],
        periods=[_period(codes[own], one) for one in due if (own := _owner(one)) in codes],
        minor_unit=minor_unit(life.currency),
        coupon_uses=[
            LifeUse(
                numbers[one.close_date],
                coupons.index(use.applied_coupon_id),
                use.amount,
                one.invoice_type,
            )
            for one in invoices
            for use in one.coupon_uses
        ],
        draws=[
            LifeDraw(numbers[one.close_date], *lots[draw.lot_id], draw.amount, credits)
            for one in invoices
            for draw in one.draws
            for credits in [_credits(draw.amount, lots[draw.lot_id][0], life)]
        ],
        lots=_lots(found, lots, life),
        note_uses=[
            LifeNoteUse(numbers[one.close_date], notes.index(use.note_key), use.amount)
            for one in invoices
            for use in one.note_uses
        ],
    )


def _lines(
    invoice: Invoice, moment: int, codes: Mapping[str, str], prefix: str
) -> Iterator[LifeLine]:
    shares, rates = invoice.coupon_shares, invoice.line_rates
    for line, share, own in zip(invoice.lines, shares, rates, strict=True):
        yield LifeLine(
            moment=moment,
            code=codes[line.subscription_id],
            fee_type=line.fee_type,
            charge_code=(line.charge_code or "").removeprefix(prefix) or None,
            amount=line.amount,
            amount_unrounded=line.amount_unrounded,
            tax_rate=sum(own.values(), Decimal(0)),
            starts_at=line.service_period_start,
            ends_at=line.service_period_end,
            invoice_type=invoice.invoice_type,
            coupon_unrounded=round_half_away(share, _SHARE_SCALE),
            tax_codes=", ".join(own),
        )


def _invoice(one: Invoice, moment: int) -> LifeInvoice:
    return LifeInvoice(
        moment=moment,
        fees_amount=one.fees_amount,
        tax_amount=one.tax_amount,
        total_amount=one.total_amount,
        credit_note_amount=one.credit_note_amount,
        amount_due=one.amount_due,
        invoice_type=one.invoice_type,
        progressive_credit_amount=one.progressive_credit_amount,
        coupon_amount=one.coupon_amount,
        prepaid_credit_amount=one.prepaid_credit_amount,
        tax_rate=one.effective_tax_rate,
        taxes=_taxes(one.taxes),
    )


def _note(one: CreditNote, moment: int, code: str, balance: Decimal) -> LifeNote:
    return LifeNote(
        moment=moment,
        code=code,
        amount_unrounded=round_half_away(one.item_amount, _UNROUNDED_SCALE),
        subtotal_amount=one.subtotal_amount,
        tax_amount=one.tax_amount,
        total_amount=one.total_amount,
        credit_amount=one.credit_amount,
        refund_amount=one.refund_amount,
        offset_amount=one.offset_amount,
        balance_amount=balance,
        reason=one.reason,
        taxes=_taxes(one.taxes),
        tax_rate=one.tax_rate,
    )


def _taxes(rows: Iterable[TaxRow]) -> tuple[LifeTax, ...]:
    return tuple(LifeTax(one.rate_percent, one.taxable_amount, one.tax_amount) for one in rows)


def _lots(found: Bill, places: Mapping[str, tuple[int, int]], life: Life) -> list[LifeLot]:
    """The lots of a life. Source: BILLING_RULES §0, rounding 6 "wallet credits: floored to 5 decimals; money rounded; a
    purchase re-derives its credits from the rounded money".
    """
    rows = []
    known = {lot.lot_id: lot for wallet in found.catalog.wallets for lot in wallet.lots}
    for own_id, (wallet, number) in places.items():
        lot = known[own_id]
        left = found.remaining_lot_amounts[own_id]
        granted = _credits(lot.amount, wallet, life)
        if lot.credits is not None and lot.lot_kind == "granted":
            granted = lot.credits
        credits = granted if left == lot.amount else _credits(left, wallet, life)
        rows.append(LifeLot(wallet, number, lot.lot_kind, lot.amount, granted, left, credits))
    return rows


def _credits(amount: Decimal, wallet: int, life: Life) -> Decimal:
    return floor_to_scale(Fraction(amount) / Fraction(life.wallets[wallet].rate), _CREDIT_SCALE)


def _owner(one: DuePeriod) -> str:
    return one.terms.subscription.subscription_id


def _period(code: str, one: DuePeriod) -> LifePeriod:
    starts_at, ends_at = one.terms.bounds(one.period)
    return LifePeriod(
        code=code,
        fee_family=one.fee_family,
        starts_at=starts_at,
        ends_at=ends_at,
        start_date=one.period.start,
        end_date=one.period.end,
        days=one.period.days,
        period_days=one.period.period_days,
    )

"""The same lives billed by the oracle, from the same catalog folders, as the same facts.

Belongs here: handing folders to the oracle, and its bill as facts. Does not belong here: a rule (tests/oracle), and the
product.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from tests.oracle.bill import Bill, bill
from tests.oracle.closing import DuePeriod, due_periods
from tests.oracle.invoices import Payment
from tests.oracle.numbers import minor_unit

from .company import Members, write_catalog, write_usage
from .life_facts import LifeFacts, LifeInvoice, LifeLine, LifeNote, LifePeriod
from .life_rows import life_subscription_id
from .lives import Life


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
    codes = {life_subscription_id(name, signed): signed.code for signed in life.signed}
    invoices = [one for one in found.invoices if one.customer_id == name]
    return LifeFacts(
        lines=[
            LifeLine(
                moment=numbers[invoice.close_date],
                code=codes[line.subscription_id],
                fee_type=line.fee_type,
                charge_code=line.charge_code,
                amount=line.amount,
                amount_unrounded=line.amount_unrounded,
                tax_rate=sum((tax.rate_percent for tax in invoice.taxes), Decimal(0)),
                starts_at=line.service_period_start,
                ends_at=line.service_period_end,
            )
            for invoice in invoices
            for line in invoice.lines
        ],
        invoices=[
            LifeInvoice(
                moment=numbers[one.close_date],
                fees_amount=one.fees_amount,
                tax_amount=one.tax_amount,
                total_amount=one.total_amount,
                credit_note_amount=one.credit_note_amount,
                amount_due=one.amount_due,
                invoice_type=one.invoice_type,
                progressive_credit_amount=one.progressive_credit_amount,
            )
            for one in invoices
        ],
        notes=[
            LifeNote(
                moment=numbers[one.close_date],
                code=codes[one.subscription_id],
                # The oracle rounds a note at once.
                amount_unrounded=one.subtotal_amount,
                subtotal_amount=one.subtotal_amount,
                tax_amount=one.tax_amount,
                total_amount=one.total_amount,
                credit_amount=one.credit_amount,
                refund_amount=one.refund_amount,
                offset_amount=one.offset_amount,
                balance_amount=found.note_balances[one.key],
                reason=one.reason,
            )
            for one in found.credit_notes
            if one.subscription_id in codes
        ],
        periods=[_period(codes[own], one) for one in due if (own := _owner(one)) in codes],
        minor_unit=minor_unit(life.currency),
    )


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

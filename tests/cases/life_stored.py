"""What the product stored for the lives, as facts.

Belongs here: reading published documents; exact shares of lines and registered periods from the warehouse. Does not
belong here: what is expected of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from .company import Members
from .life_credits import coupon_id
from .life_facts import (
    CREDIT,
    LifeDraw,
    LifeFacts,
    LifeInvoice,
    LifeLine,
    LifeLot,
    LifeNote,
    LifeNoteUse,
    LifePeriod,
    LifeTax,
    LifeTopUp,
    LifeUse,
    rate_of,
)
from .life_rows import life_code, life_subscription_id
from .life_wallets import places_of_lots, places_of_topped_up
from .lives import Life

_LINES = """
    select subscription_id, close_date, fee_type, charge_code, amount, amount_unrounded, tax_rate,
        service_period_start, service_period_end, invoice_type, coupon_amount_unrounded, tax_codes,
        invoices.customer_id,
        invoice_number
    from issued.invoice_lines
    inner join issued.invoices using (invoice_number)
    order by close_date, invoice_number, line_number
"""
_INVOICES = """
    select customer_id, close_date, invoice_number, fees_amount, tax_amount, total_amount, credit_note_amount,
        amount_due, invoice_type, progressive_credit_amount, coupon_amount, prepaid_credit_amount
    from invoices
    order by close_date, invoice_number
"""
_TAXES = """
    select invoice_number, tax_rate, taxable_amount, tax_amount
    from invoice_taxes
    order by invoice_number, tax_code
"""
_USES = """
    select coupon_uses.customer_id, coupon_uses.close_date, applied_coupon_id, coupon_uses.amount, invoice_type
    from coupon_uses
    inner join invoices using (invoice_number)
    order by coupon_uses.close_date, invoice_number, coupon_rank
"""
_DRAWS = """
    select customer_id, close_date, lot_id, amount, credits
    from credit_movements
    where movement_kind = 'used'
    order by close_date, invoice_number, draw_number
"""
_LOTS = """
    select customer_id, lot_id, lot_kind, granted_amount, granted_credits, remaining_amount, remaining_credits
    from wallet_lots
    order by lot_id
"""
_TOP_UPS = """
    select customer_id, close_date, lot_kind, amount, credits, lot_id, wallet_id
    from top_ups
    order by lot_id
"""
_NOTE_USES = """
    select invoices.customer_id, invoices.close_date, credit_note_uses.credit_note_number, credit_note_uses.amount
    from credit_note_uses
    inner join invoices using (invoice_number)
    order by credit_note_uses.credit_note_number
"""
_NOTES = """
    select subscription_id, issue_date, credit_note_number, unrounded, subtotal_amount, tax_amount, total_amount,
        credit_amount, refund_amount, offset_amount, balance_amount, reason
    from credit_notes
    inner join (
        select credit_note_number, sum(amount_unrounded) as unrounded
        from credit_note_lines group by credit_note_number
    ) using (credit_note_number)
    order by issue_date, credit_note_number
"""
_NOTE_TAXES = """
    select credit_note_number, tax_rate, taxable_amount, tax_amount
    from credit_note_taxes
    order by credit_note_number, tax_code
"""
_NOTE_RATES = """
    select credit_note_number, amount - coupon_amount, tax_rate
    from credit_note_lines
"""
_PERIODS = """
    select subscription_id, fee_family, period_starts_at, period_ends_at, period_start_date, period_end_date, days,
        period_days
    from issued.billed_periods
    order by period_starts_at
"""


def facts_of_lives(finance: Path, warehouse: Path, members: Members) -> dict[str, LifeFacts]:
    """What came out for each life, by its name."""
    if not members.lives:
        return {}
    found = _Tables(finance, warehouse, members.life_closes)
    return {name: found.facts(name, life) for name, life in members.lives.items()}


class _Tables:
    """All rows of the company; the facts of a life are picked among them."""

    def __init__(self, finance: Path, warehouse: Path, closes: Sequence[date]) -> None:
        self._numbers = {close_date: number for number, close_date in enumerate(closes)}
        with _reading(finance) as con:
            self._invoices = con.execute(_INVOICES).fetchall()
            self._taxes = con.execute(_TAXES).fetchall()
            self._uses = con.execute(_USES).fetchall()
            self._notes = con.execute(_NOTES).fetchall()
            self._draws = con.execute(_DRAWS).fetchall()
            self._lots = con.execute(_LOTS).fetchall()
            self._top_ups = con.execute(_TOP_UPS).fetchall()
            self._note_uses = con.execute(_NOTE_USES).fetchall()
            self._note_taxes = con.execute(_NOTE_TAXES).fetchall()
            self._note_rates = con.execute(_NOTE_RATES).fetchall()
        with _reading(warehouse) as con:
            self._lines = con.execute(_LINES).fetchall()
            self._periods = con.execute(_PERIODS).fetchall()
            self._minor_units = dict(
                con.execute("select currency, minor_unit from reference.currencies").fetchall()
            )

    def facts(self, name: str, life: Life) -> LifeFacts:
        codes = {life_subscription_id(name, signed): signed.code for signed in life.signed}
        lines = self._lines_of(name, codes)
        topped_up = [row for row in self._top_ups if row[0] == name]
        lots = places_of_lots(name, life.wallets)
        lots |= places_of_topped_up((lot, wallet) for *_, lot, wallet in topped_up)
        notes = [number for owner, _, number, *_ in self._notes if owner in codes]
        coupons = [coupon_id(name, position) for position in range(len(life.coupons))]
        return LifeFacts(
            lines=[line for own in lines.values() for line in own],
            invoices=[
                self._invoice(number, self._numbers[closed], rest, lines.get(number, []))
                for owner, closed, number, *rest in self._invoices
                if owner == name
            ],
            notes=[
                LifeNote(
                    self._numbers[issued],
                    codes[owner],
                    *rest,
                    taxes=tuple(LifeTax(*tax) for note, *tax in self._note_taxes if note == number),
                    tax_rate=rate_of(rest for note, *rest in self._note_rates if note == number),
                )
                for owner, issued, number, *rest in self._notes
                if owner in codes
            ],
            periods=[
                LifePeriod(codes[owner], *rest) for owner, *rest in self._periods if owner in codes
            ],
            minor_unit=self._minor_units[life.currency],
            coupon_uses=[
                LifeUse(self._numbers[closed], coupons.index(applied), *rest)
                for owner, closed, applied, *rest in self._uses
                if owner == name
            ],
            draws=[
                LifeDraw(self._numbers[closed], *lots[lot], *rest)
                for owner, closed, lot, *rest in self._draws
                if owner == name
            ],
            top_ups=[
                LifeTopUp(self._numbers[closed], *rest) for _, closed, *rest, _, _ in topped_up
            ],
            lots=[LifeLot(*lots[lot], *rest) for owner, lot, *rest in self._lots if owner == name],
            note_uses=[
                LifeNoteUse(self._numbers[closed], notes.index(note), amount)
                for owner, closed, note, amount in self._note_uses
                if owner == name
            ],
        )

    def _lines_of(self, name: str, codes: Mapping[str, str]) -> dict[str, list[LifeLine]]:
        """The lines of a customer by their invoice; what is of no subscription has an empty code."""
        found: dict[str, list[LifeLine]] = {}
        for (
            owner,
            closed,
            fee_type,
            charge_code,
            *rest,
            coupon,
            taxes,
            customer,
            invoice,
        ) in self._lines:
            if customer == name:
                line = LifeLine(
                    self._numbers[closed],
                    codes.get(owner, ""),
                    fee_type,
                    (charge_code or "").removeprefix(life_code(name, "")) or None,
                    *rest,
                    coupon_unrounded=coupon or Decimal(0),
                    tax_codes=taxes or "",
                )
                found.setdefault(invoice, []).append(line)
        return found

    def _invoice(
        self, number: str, moment: int, amounts: Sequence[Any], lines: Sequence[LifeLine]
    ) -> LifeInvoice:
        taxes = tuple(LifeTax(*rest) for owner, *rest in self._taxes if owner == number)
        left = any(line.taxable_amount for line in lines)
        own = [line for line in lines if left or line.fee_type != CREDIT]
        rate = rate_of((line.taxable_amount, line.tax_rate) for line in own)
        return LifeInvoice(moment, *amounts, tax_rate=rate, taxes=taxes)


def _reading(file: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(str(file), read_only=True)
    con.execute("set TimeZone = 'UTC'")
    return con

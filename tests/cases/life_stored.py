"""What the product stored for the lives, as facts.

Belongs here: reading published documents, and registered periods from the warehouse. Does not belong here: what is
expected of them.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from .company import Members
from .life_facts import LifeFacts, LifeInvoice, LifeLine, LifeNote, LifePeriod
from .life_rows import life_subscription_id

_LINES = """
    select subscription_id, close_date, fee_type, charge_code, amount, amount_unrounded, tax_rate,
        service_period_start, service_period_end
    from invoice_lines
    inner join invoices using (invoice_number)
    order by close_date, line_number
"""
_INVOICES = """
    select customer_id, close_date, fees_amount, tax_amount, total_amount, credit_note_amount, amount_due,
        invoice_type, progressive_credit_amount
    from invoices
    order by close_date
"""
_NOTES = """
    select subscription_id, issue_date, unrounded, subtotal_amount, tax_amount, total_amount, credit_amount,
        refund_amount, offset_amount, balance_amount, reason
    from credit_notes
    inner join (
        select credit_note_number, sum(amount_unrounded) as unrounded
        from credit_note_lines group by credit_note_number
    ) using (credit_note_number)
    order by issue_date, credit_note_number
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
    numbers = {close_date: number for number, close_date in enumerate(members.life_closes)}
    with _reading(finance) as con:
        lines = con.execute(_LINES).fetchall()
        invoices = con.execute(_INVOICES).fetchall()
        notes = con.execute(_NOTES).fetchall()
    with _reading(warehouse) as con:
        periods = con.execute(_PERIODS).fetchall()
        minor_units = dict(
            con.execute("select currency, minor_unit from reference.currencies").fetchall()
        )
    found = {}
    for name, life in members.lives.items():
        codes = {life_subscription_id(name, signed): signed.code for signed in life.signed}
        found[name] = LifeFacts(
            lines=[
                LifeLine(numbers[closed], codes[owner], *rest)
                for owner, closed, *rest in lines
                if owner in codes
            ],
            invoices=[
                LifeInvoice(numbers[closed], *rest)
                for owner, closed, *rest in invoices
                if owner == name
            ],
            notes=[
                LifeNote(numbers[issued], codes[owner], *rest)
                for owner, issued, *rest in notes
                if owner in codes
            ],
            periods=[LifePeriod(codes[owner], *rest) for owner, *rest in periods if owner in codes],
            minor_unit=minor_units[life.currency],
        )
    return found


def _reading(file: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(str(file), read_only=True)
    con.execute("set TimeZone = 'UTC'")
    return con

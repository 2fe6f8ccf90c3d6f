"""Manual credits by themselves, and in the light of what is issued: each takes something that is there, and stays.

Belongs here: checks of `accounts/manual_credits.csv`, with the warehouse or without. Does not belong here: types and
keys (`validate`, `checks`), and what becomes of a credit (the models of settlement).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal

import duckdb

from orchestration.catalog.charge_rows import MANUAL_CREDITS, Tables
from orchestration.catalog.issued import issued_rows
from orchestration.catalog.validate import Row
from orchestration.texts import number

_MEND = "put it back, and add a manual line or credit of its own for what is to be changed"
Line = tuple[str, int]


def manual_credit_problems(tables: Tables) -> Iterator[str]:
    """A line goes with an amount, and an invoice is credited whole once."""
    whole: dict[str, int] = {}
    for row in tables["manual_credits"]:
        where, invoice = _where(row), row["invoice_number"]
        if row["line_number"] is None and row["amount"] is not None:
            yield f"{where} has an amount and no line_number; name the line, or leave both empty for all that is left"
        if row["line_number"] is not None and row["amount"] is None:
            yield f"{where} names a line and no amount; write what is credited of it before coupons and tax"
        if row["line_number"] is None and invoice in whole:
            yield f"{where} credits all of {invoice}, as row {whole[invoice]} does; remove one of them"
        if row["line_number"] is None:
            whole.setdefault(invoice, row.line)


def changed_credits(con: duckdb.DuckDBPyConnection, tables: Tables) -> Iterator[str]:
    """Credits that a published close issued and that the folder has no more, or has otherwise."""
    now = {row["manual_credit_id"]: row for row in tables["manual_credits"]}
    for name, issued in _issued_credits(con).items():
        row = now.get(name)
        note = f"{issued['credit_note_number']} credited it"
        if row is None:
            yield f"{MANUAL_CREDITS}: manual credit '{name}' is gone, but {note}; {_MEND}"
            continue
        facts = {"invoice_number": issued["invoice_number"], "reason": issued["reason"]}
        facts["author"] = issued["author"]
        if row["line_number"] is not None:
            facts |= {"line_number": issued["line_number"], "amount": issued["amount"]}
        for column, was in facts.items():
            if row[column] != was:
                yield f"{_where(row)}: {column} was {_text(was)} when {note}, and is {_text(row[column])} now; {_MEND}"


def credits_of_nothing(con: duckdb.DuckDBPyConnection, tables: Tables) -> Iterator[str]:
    """Credits that wait for an invoice that is not issued."""
    known = {invoice for (invoice,) in issued_rows(con, "invoices", "invoice_number")}
    for row in tables["manual_credits"]:
        if row["invoice_number"] not in known:
            yield f"{_where(row)}: no invoice '{row['invoice_number']}' is issued; correct invoice_number"


def credits_that_nobody_could_issue(
    con: duckdb.DuckDBPyConnection, tables: Tables
) -> Iterator[str]:
    """Credits that wait and take more than there is: their close would be refused, or never credit them."""
    done = _issued_credits(con)
    waiting = [row for row in tables["manual_credits"] if row["manual_credit_id"] not in done]
    if not waiting:
        return
    invoices = {
        invoice: (kind, currency)
        for invoice, kind, currency in issued_rows(
            con, "invoices", "invoice_number", "invoice_type", "currency"
        )
    }
    lines = {
        (invoice, line): (amount, coupons or Decimal(0))
        for invoice, line, amount, coupons in issued_rows(
            con, "invoice_lines", "invoice_number", "line_number", "amount", "coupon_amount"
        )
    }
    left = {line: amount for line, (amount, _) in lines.items()}
    for invoice, line, amount in issued_rows(
        con, "credit_note_lines", "invoice_number", "invoice_line_number", "amount"
    ):
        left[invoice, line] -= amount
    minor_units = {row["currency"]: row["minor_unit"] for row in tables["currencies"]}
    for row in waiting:
        # What says too little has been told already.
        is_whole = (row["line_number"] is None) == (row["amount"] is None)
        if is_whole and row["invoice_number"] in invoices:
            kind, currency = invoices[row["invoice_number"]]
            problem = _problem(row, kind, lines, left) or _too_fine(
                row, currency, minor_units[currency]
            )
            if problem:
                yield f"{_where(row)} {problem}"
            elif row["line_number"] is not None:
                left[row["invoice_number"], row["line_number"]] -= row["amount"]


def _problem(
    row: Row, kind: str, lines: Mapping[Line, tuple[Decimal, Decimal]], left: Mapping[Line, Decimal]
) -> str | None:
    invoice, line = row["invoice_number"], row["line_number"]
    if kind == "top_up":
        return f"credits {invoice}, which sold prepaid credit and billed no fee; remove it"
    invoice_left = sum((rest for (of, _), rest in left.items() if of == invoice), Decimal())
    if line is None:
        return (
            None if invoice_left > 0 else f"credits {invoice}, of which nothing is left; remove it"
        )
    if (invoice, line) not in lines:
        count = sum(of == invoice for of, _ in lines)
        return (
            f"credits line {line} of {invoice}, which has lines 1 to {count}; correct line_number"
        )
    amount, coupons = lines[invoice, line]
    if 0 < amount <= coupons:
        return f"credits line {line} of {invoice}, which coupons paid whole; remove it"
    rest = max(min(left[invoice, line], invoice_left), Decimal())
    if row["amount"] > rest:
        return (
            f"credits {number(row['amount'])} of line {line} of {invoice}, which has {number(rest)} left before "
            "coupons and tax; lower the amount"
        )
    return None


def _too_fine(row: Row, currency: str, minor_unit: int) -> str | None:
    amount = row["amount"]
    if amount is None or round(amount, minor_unit) == amount:
        return None
    return f"credits {number(amount)} {currency}, which has {minor_unit} decimals; round it"


def _issued_credits(con: duckdb.DuckDBPyConnection) -> dict[str, dict]:
    """What was issued of each manual credit, by id: the first line that it credited."""
    names = ("credit_note_number", "invoice_number", "line_number", "amount", "reason", "author")
    columns = ("credit_note_number", "invoice_number", "invoice_line_number", "amount")
    found: dict[str, dict] = {}
    for *facts, cause, price_details in issued_rows(
        con, "credit_note_lines", *columns, "cause", "price_details"
    ):
        if cause == "manual":
            details = json.loads(price_details)
            facts += [details["reason"], details["author"]]
            found.setdefault(details["manual_credit_id"], dict(zip(names, facts, strict=True)))
    return found


def _where(row: Row) -> str:
    return f"{MANUAL_CREDITS} row {row.line}: manual credit '{row['manual_credit_id']}'"


def _text(value: object) -> str:
    return number(value) if isinstance(value, Decimal) else str(value)

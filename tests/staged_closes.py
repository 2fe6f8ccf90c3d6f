"""Closes between which a company learns: payments of what was invoiced, and rows of its catalog.

Belongs here: laying into the workspace what each of them knows. Does not belong here: who pays what
(`oracle.paying`), and what is compared (`company_check`).
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from tests.oracle.company_files import Company
from tests.oracle.invoices import InvoiceKey, Payment
from tests.plain_close import close_through

if TYPE_CHECKING:
    from orchestration.workspace import Workspace

PAYMENT_COLUMNS = ("payment_id", "invoice_number", "amount", "paid_on")


def close_stage_by_stage(
    company: Company, workspace: Workspace, payments: Sequence[Payment]
) -> None:
    """Close through each close date of the company's window, with the catalog and payments that are known by then."""
    for batch in company.batches:
        shutil.copytree(batch, workspace.landing / batch.name)
    for day in sorted(company.window.close_dates):
        shutil.copytree(catalog_known_on(company, day), workspace.catalog, dirs_exist_ok=True)
        known = [one for one in payments if one.known_from <= day]
        write_payments(workspace, known)
        close_through(workspace, day)


def catalog_known_on(company: Company, day: date) -> Path:
    """The folder of the catalog that a close of a day knows."""
    return next((folder for through, folder in company.stages if day <= through), company.catalog)


def write_payments(workspace: Workspace, payments: Sequence[Payment]) -> None:
    """`accounts/payments.csv`, by the numbers that the invoices were published under; no file without payments."""
    if not payments:
        return
    numbers = published_numbers(workspace)
    path = workspace.catalog / "accounts/payments.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(PAYMENT_COLUMNS)
        for one in payments:
            if one.invoice_key in numbers:
                name = "/".join([*map(str, one.invoice_key), str(one.paid_on), f"{one.amount:f}"])
                cells = (numbers[one.invoice_key], f"{one.amount:f}", one.paid_on)
                writer.writerow((name, *cells))


def published_numbers(workspace: Workspace) -> dict[InvoiceKey, str]:
    """The numbers of all published invoices."""
    with duckdb.connect(str(workspace.published / "finance.duckdb"), read_only=True) as con:
        rows = con.execute(
            "select close_date, payer_customer_id, currency, invoice_type, invoice_number from invoices"
        ).fetchall()
    return {key: number for *own, number in rows for key in [tuple(own)]}

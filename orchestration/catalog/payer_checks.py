"""What must hold of payers: one entity with whom they pay for, no payer of payers, and nobody gone who was invoiced or
invoiced others.

Belongs here: payer_customer_id of customers and subscriptions, and who is invoiced by them. Does not belong here:
whether a payer exists (`checks`, with all references), and what stands on whose invoice (R-PAYER, in the models).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import duckdb

from orchestration.catalog.charge_rows import Tables
from orchestration.catalog.issued import issued_rows
from orchestration.catalog.subscription_checks import current_subscriptions
from orchestration.catalog.validate import Row

CUSTOMERS = "accounts/customers.csv"
ENTITIES = "accounts/billing_entities.csv"
SUBSCRIPTIONS = "accounts/subscriptions.csv"


def payer_of(row: Row, customers: Mapping[str, Row]) -> str:
    """The customer who is invoiced for `row`, a subscription.

    Args:
        row: its `payer_customer_id` wins over its customer's.
        customers: by customer_id.
    """
    payer: str = (
        row["payer_customer_id"]
        or customers[row["customer_id"]]["payer_customer_id"]
        or row["customer_id"]
    )
    return payer


def payer_problems(tables: Tables) -> Iterator[str]:
    """A payer is of the entity of whom it pays for, and is invoiced itself for what it uses."""
    customers = {row["customer_id"]: row for row in tables["customers"]}
    for row in tables["customers"]:
        named = f"customer '{row['customer_id']}'"
        yield from _problems(f"{CUSTOMERS} row {row.line}", named, row, row, customers)
    for row in current_subscriptions(tables):
        customer = customers.get(row["customer_id"])
        # Who is no customer has been told already.
        if customer is not None:
            named = f"subscription '{row['subscription_id']}'"
            yield from _problems(f"{SUBSCRIPTIONS} row {row.line}", named, row, customer, customers)


def _problems(
    where: str, named: str, row: Row, customer: Row, customers: Mapping[str, Row]
) -> Iterator[str]:
    payer = customers.get(row["payer_customer_id"])
    if payer is None or payer is customer:
        return
    who = f"payer '{payer['customer_id']}' of {named}"
    ours, theirs = customer["billing_entity_code"], payer["billing_entity_code"]
    if ours != theirs:
        yield (
            f"{where}: {who} is of billing entity '{theirs}' (row {payer.line} of {CUSTOMERS}), and customer "
            f"'{customer['customer_id']}' of '{ours}'; an invoice is of one entity, so name a payer of '{ours}'"
        )
    next_payer = payer["payer_customer_id"]
    if next_payer not in (None, payer["customer_id"]):
        yield (
            f"{where}: {who} has a payer itself, '{next_payer}' (row {payer.line} of {CUSTOMERS}); "
            "name the one who is invoiced"
        )


def vanished_payers(con: duckdb.DuckDBPyConnection, tables: Tables) -> Iterator[str]:
    """Who was invoiced for the use of others and is no customer any more: what corrects its invoices is for it."""
    known = {row["customer_id"] for row in tables["customers"]}
    for payer, number in con.execute(
        """
        select invoices.payer_customer_id, max(invoices.invoice_number)
        from issued.invoice_lines as lines
        inner join issued.invoices as invoices
            on
                lines.document_key = invoices.document_key
                and lines.publication_sequence = invoices.publication_sequence
        where
            lines.customer_id <> invoices.payer_customer_id
            and lines.publication_sequence in (select publication_sequence from issued.publications)
        group by invoices.payer_customer_id
        order by invoices.payer_customer_id
        """
    ).fetchall():
        if payer not in known:
            yield (
                f"{CUSTOMERS}: customer '{payer}' is gone, but {number} invoiced it for what others used, and what "
                "corrects that is for it; put it back"
            )


def vanished_entities(con: duckdb.DuckDBPyConnection, tables: Tables) -> Iterator[str]:
    """Billing entities that sent invoices and are gone: what corrects these is theirs, and its number too."""
    known = {row["billing_entity_code"] for row in tables["billing_entities"]}
    last = dict(issued_rows(con, "invoices", "billing_entity_code", "invoice_number"))
    for entity, number in last.items():
        if entity not in known:
            yield f"{ENTITIES}: billing entity '{entity}' is gone, but it sent {number}; put it back"

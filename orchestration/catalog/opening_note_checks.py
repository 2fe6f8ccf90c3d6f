"""Credit notes of before the company moved over: their numbers are no numbers of ours, and what a close knew stays.

Belongs here: checks of `credits/opening_credit_notes.csv`, with the warehouse or without. Does not belong here: types
and keys (`validate`, `checks`), decimals (`checks`), and which invoices the notes pay (the models of settlement).
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from orchestration.catalog.charge_rows import OPENING_NOTES, Tables
from orchestration.catalog.issued import issued_rows
from orchestration.texts import number

_COLUMNS = ("customer_id", "currency", "amount", "issued_on")
_INFIX = "-CN-"


def opening_note_problems(tables: Tables) -> Iterator[str]:
    """No number of before is one that a billing entity will give again."""
    entities = {row["invoice_prefix"]: row for row in tables["billing_entities"]}
    for row in tables["opening_credit_notes"]:
        name = row["credit_note_number"]
        prefix, infix, index = name.rpartition(_INFIX)
        entity = entities.get(prefix)
        if infix and entity is not None and index.isdecimal():
            first = entity["next_credit_note_number"] or 1
            if int(index) >= first:
                yield (
                    f"{OPENING_NOTES} row {row.line}: credit note '{name}' has a number that billing entity "
                    f"'{entity['billing_entity_code']}' will give again; write a next_credit_note_number above "
                    f"{int(index)} in row {entity.line} of accounts/billing_entities.csv"
                )


def changed_opening_notes(con: duckdb.DuckDBPyConnection, tables: Tables) -> Iterator[str]:
    """Notes of before that a published close knew, and that the folder has no more, or has otherwise."""
    now = {row["credit_note_number"]: row for row in tables["opening_credit_notes"]}
    mend = "put it back; what is to be changed is a manual credit or a manual line"
    for name, *facts in issued_rows(con, "opening_credit_notes", "credit_note_number", *_COLUMNS):
        row = now.get(name)
        if row is None:
            yield f"{OPENING_NOTES}: credit note '{name}' is gone, but a close knew it; {mend}"
            continue
        for column, was in zip(_COLUMNS, facts, strict=True):
            if row[column] != was:
                texts = [
                    number(one) if column == "amount" else str(one) for one in (was, row[column])
                ]
                yield (
                    f"{OPENING_NOTES} row {row.line}: {column} of credit note '{name}' was {texts[0]} when a close "
                    f"knew it, and is {texts[1]} now; {mend}"
                )

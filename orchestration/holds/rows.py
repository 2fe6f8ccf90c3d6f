"""Which rows of the drafts go with a held document.

Belongs here: the temporary tables and the expression by which publication parts the drafts. Does not belong here:
writing either part (`publish.append`).
"""

from __future__ import annotations

import duckdb

from orchestration.close_run import CloseRun
from orchestration.holds.groups import ACTIVE_HOLDS

# How the rows of a draft name their document: by a column, or by the subscription that a held document bills.
_BY_DOCUMENT = "(select held.hold_sequence from held_documents as held where held.document_key = drafts.{column})"
_BY_SUBSCRIPTION = (
    "(select held.hold_sequence from held_subscriptions as held"
    " where held.subscription_id = drafts.subscription_id)"
)
_BY_LOT = (
    "(select held.hold_sequence from held_lots as held where held.lot_id = drafts.lot_id"
    " and drafts.movement_kind = 'returned' and drafts.units is not null)"
)
_DOCUMENT = _BY_DOCUMENT.format(column="document_key")
_NOTE = _BY_DOCUMENT.format(column="credit_note_document_key")
_HOLD_OF_ROW = {
    "billed_periods": f"coalesce({_DOCUMENT}, {_BY_SUBSCRIPTION})",
    "credit_movements": f"coalesce({_DOCUMENT}, {_NOTE}, {_BY_LOT})",
    "adjustments": _BY_SUBSCRIPTION,
    "unit_draws": _BY_SUBSCRIPTION,
    "usage_daily": _BY_SUBSCRIPTION,
}


def prepare(con: duckdb.DuckDBPyConnection, run: CloseRun) -> None:
    """Make the temporary tables that `parted` reads, from what the gate recorded for `run`.

    A hold's number continues downwards from the last one.
    """
    con.execute(
        """
        create or replace temp table held_documents as
        select
            document_key,
            cast(coalesce((select min(hold_sequence) from issued.holds), 0) - group_number as integer) as hold_sequence,
            check_names,
            follows_hold_sequence
        from control.gate_holds
        where close_sequence = ?
        """,
        [run.close_sequence],
    )
    con.execute(
        """
        create or replace temp table held_subscriptions as
        select lines.subscription_id, min(held.hold_sequence) as hold_sequence
        from (
            select document_key, subscription_id from settlement.fct_settled_lines
            union all
            select document_key, subscription_id from settlement.fct_credit_note_lines
        ) as lines
        inner join held_documents as held on lines.document_key = held.document_key
        where lines.subscription_id is not null
        group by lines.subscription_id
        """
    )
    con.execute(
        """
        create or replace temp table held_lots as
        select draws.lot_id, min(held.hold_sequence) as hold_sequence
        from rating.fct_unit_draws as draws
        inner join held_subscriptions as held on draws.subscription_id = held.subscription_id
        where draws.is_adjustment
        group by draws.lot_id
        """
    )
    con.execute(
        f"create or replace temp table held_before as select document_key from {ACTIVE_HOLDS} as holds"
    )
    con.execute(
        f"""
        create or replace temp table periods_held_before as
        select distinct
            periods.subscription_id, periods.fee_family, periods.period_starts_at, periods.period_ends_at
        from issued.billed_periods as periods
        inner join {ACTIVE_HOLDS} as holds on periods.publication_sequence = holds.hold_sequence
        """
    )


def parted(table: str, draft: str) -> str:
    """The rows of `draft` with their `hold_sequence`; NULL for what is published.

    A period that is held, also one without a fee, or whose correction is, is not registered again: nothing would undo
    that with the document. Once it is decided, the next close computes the period again.
    """
    hold = _HOLD_OF_ROW.get(table, _DOCUMENT)
    kept = ""
    if table == "billed_periods":
        kept = (
            " where not (drafts.is_adjustment and (coalesce(drafts.document_key, '')"
            " in (select document_key from held_before) or exists (select 1 from periods_held_before as held"
            " where held.subscription_id = drafts.subscription_id and held.fee_family = drafts.fee_family"
            " and held.period_starts_at < drafts.period_ends_at and held.period_ends_at > drafts.period_starts_at)))"
        )
    return f"(select drafts.*, {hold} as hold_sequence from {draft} as drafts{kept})"


def append_holds(con: duckdb.DuckDBPyConnection, run: CloseRun) -> None:
    """Write what is held to `issued.holds`, one row per document."""
    con.execute(
        """
        insert into issued.holds by name
        select
            held.hold_sequence,
            ? as close_sequence,
            cast(? as date) as close_date,
            ? as cutoff_batch,
            held.document_key,
            documents.document_kind,
            documents.payer_customer_id,
            documents.currency,
            documents.total_amount,
            held.check_names,
            held.follows_hold_sequence
        from held_documents as held
        inner join (
            select document_key, 'invoice' as document_kind, payer_customer_id, currency, total_amount
            from settlement.fct_invoices
            union all
            select document_key, 'credit_note' as document_kind, payer_customer_id, currency, total_amount
            from settlement.fct_credit_notes
        ) as documents on held.document_key = documents.document_key
        order by held.hold_sequence desc, held.document_key
        """,
        [run.close_sequence, run.close_date, run.cutoff_batch],
    )

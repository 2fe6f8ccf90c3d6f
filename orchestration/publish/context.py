"""What finance reads beside documents: customers, payments, notes of before, locks, rejected lines, gate's results.

Belongs here: copying what stands in the warehouse beside the drafts. Does not belong here: the drafts (`append`), which
the gate has judged.
"""

from __future__ import annotations

import duckdb

from orchestration.close_run import CloseRun


def append_context(con: duckdb.DuckDBPyConnection, run: CloseRun, sequence: int) -> None:
    """Append customers, payments, notes of before, locks and rejects since the last publication, and check results."""
    _append_customers(con, run, sequence)
    _append_payments(con, run, sequence)
    _append_opening_notes(con, run, sequence)
    _append_locks(con, sequence)
    _append_rejects(con, run, sequence)
    con.execute(
        """
        insert into issued.close_checks by name
        select ? as publication_sequence, check_name, stage, result, offender_count
        from control.gate_results
        where close_sequence = ?
        union all
        select ? as publication_sequence, check_name, 'statistics' as stage, result, offender_count
        from control.statistics_results
        where close_sequence = ?
        """,
        [sequence, run.close_sequence] * 2,
    )


def _append_customers(con: duckdb.DuckDBPyConnection, run: CloseRun, sequence: int) -> None:
    con.execute(
        """
        insert into issued.customers by name
        select
            ? as publication_sequence,
            customers.customer_id,
            customers.customer_name,
            customers.billing_entity_code,
            entities.entity_name as billing_entity_name,
            customers.country,
            coalesce(customers.timezone, entities.timezone) as timezone,
            customers.purchase_order,
            customers.metadata
        from catalog.customers as customers
        inner join catalog.billing_entities as entities
            on
                customers.billing_entity_code = entities.billing_entity_code
                and customers.catalog_version = entities.catalog_version
        where customers.catalog_version = ?
        """,
        [sequence, run.catalog_version],
    )


def _append_payments(con: duckdb.DuckDBPyConnection, run: CloseRun, sequence: int) -> None:
    """The payments that this close counted and no earlier one did."""
    con.execute(
        """
        insert into issued.payments by name
        select ? as publication_sequence, payment_id, invoice_number, amount, paid_on
        from catalog.payments
        where
            catalog_version = ? and paid_on <= ?
            and payment_id not in (select payment_id from issued.payments)
        """,
        [sequence, run.catalog_version, run.close_date],
    )


def _append_opening_notes(con: duckdb.DuckDBPyConnection, run: CloseRun, sequence: int) -> None:
    """The credit notes of before the company moved over that no earlier close knew."""
    con.execute(
        """
        insert into issued.opening_credit_notes by name
        select
            ? as publication_sequence,
            notes.credit_note_number,
            notes.customer_id,
            customers.billing_entity_code,
            notes.currency,
            notes.amount,
            notes.issued_on
        from catalog.opening_credit_notes as notes
        inner join catalog.customers as customers
            on notes.customer_id = customers.customer_id and notes.catalog_version = customers.catalog_version
        where
            notes.catalog_version = ?
            and notes.credit_note_number not in (select credit_note_number from issued.opening_credit_notes)
        """,
        [sequence, run.catalog_version],
    )


def _append_locks(con: duckdb.DuckDBPyConnection, sequence: int) -> None:
    """The accounting locks, and unlocks, that were recorded since the last publication."""
    con.execute(
        """
        insert into issued.accounting_locks by name
        select ? as publication_sequence, lock_number, locked_month, action, recorded_by, reason, recorded_at
        from control.accounting_locks
        where lock_number not in (select lock_number from issued.accounting_locks)
        """,
        [sequence],
    )


def _append_rejects(con: duckdb.DuckDBPyConnection, run: CloseRun, sequence: int) -> None:
    row = con.execute("select max(cutoff_batch) from issued.publications").fetchone()
    after_batch = (row[0] or 0) if row else 0
    con.execute(
        """
        insert into issued.rejected_events by name
        select ? as publication_sequence, batch_number, file_name, line_number, reason, detail, line_text
        from landing.fct_rejected_lines
        where batch_number > ? and batch_number <= ?
        union all
        select
            ? as publication_sequence,
            repeated.batch_number,
            files.file_name,
            repeated.line_number,
            repeated.verdict as reason,
            'its key is that of batch ' || repeated.first_batch_number || ', line ' || repeated.first_line_number
                || ', with other content' as detail,
            repeated.line_text
        from landing.fct_repeated_events as repeated
        inner join landing.files as files on repeated.file_hash = files.file_hash
        where repeated.verdict = 'conflict' and repeated.batch_number > ? and repeated.batch_number <= ?
        """,
        [sequence, after_batch, run.cutoff_batch] * 2,
    )

"""Appending a judged close to `issued`: numbers, dates, and the row that makes it visible, in one transaction.

Belongs here: the only writes to schema `issued`. Does not belong here: files for finance (`sync`), judging (`gate`).
"""

from __future__ import annotations

import duckdb

from orchestration.close_run import CloseRun
from orchestration.errors import OffenderTable, Refused
from orchestration.publish.digest import drafts_digest, publication_hash
from orchestration.publish.tables import ADDED, DRAFTS, issued_columns
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace


def append(ws: Workspace, run: CloseRun) -> int:
    """Append the drafts of `run` to `issued` as one publication; returns its publication_sequence.

    Raises:
        Refused: the gate has not passed exactly these rows, or numbers would not be unique and gapless.
    """
    with writer_lock(ws, "publish"), connect(ws) as con:
        con.execute("begin")
        _refuse_another_run(con, run)
        digest = _vouched_digest(con, run)
        sequence = _next(con, "select max(publication_sequence) from issued.publications")
        _append_invoices(con, sequence)
        for table in DRAFTS:
            if table != "invoices":
                _append_rows(con, run, table, sequence)
        _append_context(con, run, sequence)
        _check_numbers(con)
        _check_rows(con, sequence)
        _append_publication(con, run, sequence, digest)
        con.execute("commit")
    return sequence


def _refuse_another_run(con: duckdb.DuckDBPyConnection, run: CloseRun) -> None:
    """The drafts must be those of `run`, and nothing of its date or later may be published already."""
    standing = con.execute(
        "select run_kind, close_sequence, close_date from control.run"
    ).fetchall()
    if standing != [("close", run.close_sequence, run.close_date)]:
        raise Refused(
            f"{run.close_date} cannot be published: the warehouse holds the drafts of another run; "
            f"run `meterhouse close --through {run.close_date}`."
        )
    published = con.execute(
        "select close_date from issued.publications where close_sequence >= ? or close_date >= ? limit 1",
        [run.close_sequence, run.close_date],
    ).fetchone()
    if published:
        raise Refused(
            f"{run.close_date} cannot be published: {published[0]} already is, and a published document never changes."
        )


def _vouched_digest(con: duckdb.DuckDBPyConnection, run: CloseRun) -> str:
    receipt = con.execute(
        "select drafts_digest, is_passed from control.gate_receipts where close_sequence = ?",
        [run.close_sequence],
    ).fetchone()
    if receipt is None or not receipt[1]:
        raise Refused(
            f"{run.close_date} cannot be published: the gate has not passed it; "
            f"run `meterhouse close --through {run.close_date}`."
        )
    digest = drafts_digest(con)
    if digest != receipt[0]:
        raise Refused(
            f"{run.close_date} cannot be published: its rows changed after the gate passed them; "
            f"run `meterhouse close --through {run.close_date}` again."
        )
    return digest


def _next(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return (row[0] or 0) + 1 if row else 1


def _append_invoices(con: duckdb.DuckDBPyConnection, sequence: int) -> None:
    """Number the drafts of each entity from where its issued numbers end, in order of document_key."""
    copied = [c for c in issued_columns("invoices") if c not in (*ADDED, "document_key")]
    numbered = (
        "publication_sequence, document_key, invoice_number, number_index, issue_date, due_date"
    )
    con.execute(
        f"""
        insert into issued.invoices ({numbered}, {", ".join(copied)})
        with last_numbers as (
            select billing_entity_code, max(number_index) as number_index
            from issued.invoices
            group by billing_entity_code
        ),
        numbered as (
            select
                drafts.*,
                coalesce(last_numbers.number_index, 0) + row_number() over (
                    partition by drafts.billing_entity_code
                    order by drafts.document_key
                ) as number_index
            from {DRAFTS["invoices"]} as drafts
            left join last_numbers on drafts.billing_entity_code = last_numbers.billing_entity_code
        )
        select
            ? as publication_sequence,
            drafts.document_key,
            -- Padded to six digits, never cut: the millionth invoice has seven.
            drafts.invoice_prefix || '-' || printf('%06d', drafts.number_index),
            drafts.number_index,
            drafts.close_date as issue_date,
            cast(drafts.close_date + drafts.net_payment_days * interval '1' day as date) as due_date,
            {", ".join(f"drafts.{column}" for column in copied)}
        from numbered as drafts
        """,
        [sequence],
    )


def _append_rows(con: duckdb.DuckDBPyConnection, run: CloseRun, table: str, sequence: int) -> None:
    expressions = {
        "publication_sequence": str(sequence),
        "close_sequence": str(run.close_sequence),
        "invoice_number": "invoices.invoice_number",
    }
    columns = issued_columns(table)
    chosen = ", ".join(expressions.get(column, f"drafts.{column}") for column in columns)
    numbers = ""
    if "invoice_number" in columns:
        numbers = f"""
            left join issued.invoices as invoices
                on drafts.document_key = invoices.document_key and invoices.publication_sequence = {sequence}
        """
    con.execute(
        f"insert into issued.{table} ({', '.join(columns)}) select {chosen} from {DRAFTS[table]} as drafts {numbers}"
    )


def _append_context(con: duckdb.DuckDBPyConnection, run: CloseRun, sequence: int) -> None:
    """What finance reads beside documents: customers as known, rejects since the last publication, checks."""
    row = con.execute("select max(cutoff_batch) from issued.publications").fetchone()
    after_batch = (row[0] or 0) if row else 0
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
    con.execute(
        """
        insert into issued.close_checks by name
        select ? as publication_sequence, check_name, stage, result, offender_count
        from control.gate_results
        where close_sequence = ?
        """,
        [sequence, run.close_sequence],
    )


def _check_numbers(con: duckdb.DuckDBPyConnection) -> None:
    """Paired with the numbering above: whatever it did, no gap and no number twice leaves this transaction."""
    bad = con.execute(
        """
        select billing_entity_code
        from issued.invoices
        group by billing_entity_code
        having
            min(number_index) <> 1
            or max(number_index) <> count(*)
            or count(distinct number_index) <> count(*)
            or count(distinct invoice_number) <> count(*)
        """
    ).fetchall()
    if bad:
        entities = ", ".join(row[0] for row in bad)
        raise Refused(
            f"Invoice numbers of {entities} would not be gapless and unique; nothing was published."
        )
    # Over all entities: one that takes over the prefix of another would repeat its numbers.
    twice = con.execute(
        "select invoice_number, string_agg(document_key, ', ' order by document_key)"
        " from issued.invoices group by invoice_number having count(*) > 1 order by 1 limit 5"
    ).fetchall()
    if twice:
        raise Refused(
            f"Invoice number {twice[0][0]} would be given twice; nothing was published.",
            [OffenderTable("numbers given twice", ("invoice_number", "document_keys"), twice)],
        )


def _check_rows(con: duckdb.DuckDBPyConnection, sequence: int) -> None:
    """No line, tax or draw without its invoice, and no period registered twice, leaves this transaction."""
    lost = con.execute(
        """
        select 'line' as kind, document_key from issued.invoice_lines
        where publication_sequence = $sequence and invoice_number is null
        union all
        select 'tax' as kind, document_key from issued.invoice_taxes
        where publication_sequence = $sequence and invoice_number is null
        union all
        select 'credit movement' as kind, document_key from issued.credit_movements
        where
            publication_sequence = $sequence and invoice_number is null
            and (document_key is not null or movement_kind = 'used')
        order by kind, document_key
        limit 5
        """,
        {"sequence": sequence},
    ).fetchall()
    if lost:
        raise Refused(
            f"A {lost[0][0]} would belong to no invoice; nothing was published.",
            [OffenderTable("rows without an invoice", ("kind", "document_key"), lost)],
        )
    columns = ("subscription_id", "fee_family", "period_starts_at")
    listed = ", ".join(columns)
    twice = con.execute(
        f"select {listed} from issued.billed_periods group by {listed} having count(*) > 1"
        f" order by {listed} limit 5"
    ).fetchall()
    if twice:
        raise Refused(
            f"A period of {twice[0][0]} would be billed twice; nothing was published.",
            [OffenderTable("periods billed twice", columns, twice)],
        )


def _append_publication(
    con: duckdb.DuckDBPyConnection, run: CloseRun, sequence: int, digest: str
) -> None:
    previous = con.execute(
        "select publication_hash from issued.publications order by publication_sequence desc limit 1"
    ).fetchone()
    previous_hash = previous[0] if previous else ""
    number = _next(
        con,
        f"select max(publication_no) from issued.publications where close_sequence = {run.close_sequence}",
    )
    head = "|".join(
        map(
            str,
            (
                previous_hash,
                sequence,
                run.close_date,
                number,
                run.cutoff_batch,
                run.catalog_version,
                digest,
            ),
        )
    )
    con.execute(
        """
        insert into issued.publications by name
        select
            ? as publication_sequence, ? as close_sequence, ? as publication_no, cast(? as date) as close_date,
            ? as cutoff_batch, ? as catalog_version,
            (select count(*) from issued.invoices where publication_sequence = ?) as invoice_count,
            ? as drafts_digest, ? as publication_hash, ? as previous_publication_hash
        """,
        [
            sequence,
            run.close_sequence,
            number,
            run.close_date,
            run.cutoff_batch,
            run.catalog_version,
            sequence,
            digest,
            publication_hash(con, sequence, head),
            previous_hash,
        ],
    )

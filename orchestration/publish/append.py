"""Appending a judged close to `issued`: numbers, dates, and the row that makes it visible, in one transaction.

Belongs here: the only writes to schema `issued`. Does not belong here: files for finance (`sync`), judging (`gate`).
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from orchestration.accounting_locks import refuse_locked
from orchestration.close_run import CloseRun
from orchestration.control import KNOWN_SEQUENCES
from orchestration.errors import OffenderTable, Refused
from orchestration.holds import rows as held_rows
from orchestration.holds.groups import recorded_digest
from orchestration.publish.context import append_context
from orchestration.publish.digest import drafts_digest, publication_hash
from orchestration.publish.tables import DRAFTS, GIVEN_NUMBERS, KINDS, Kind, issued_columns
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace


def append(ws: Workspace, run: CloseRun) -> int:
    """Append the drafts of `run` to `issued` as one publication; returns its publication_sequence.

    Raises:
        Refused: the gate has not passed exactly these rows, a document would be dated in a locked month, or numbers
            would not be unique and gapless.
    """
    with writer_lock(ws, "publish"), connect(ws) as con:
        con.execute("begin")
        _refuse_another_run(con, run)
        digest = _vouched_digest(con, run)
        sequence = next_number(con, "select max(publication_sequence) from issued.publications")
        held_rows.prepare(con, run)
        held_rows.append_holds(con, run)
        for kind in KINDS:
            append_documents(con, kind, _visible(kind.table), sequence, run.catalog_version)
        for table in DRAFTS:
            if table not in {kind.table for kind in KINDS}:
                append_rows(con, table, _visible(table), sequence, run.close_sequence)
            _append_held(con, table, run.close_sequence)
        append_context(con, run, sequence)
        _refuse_locked(con, run, sequence)
        check_numbers(con)
        check_rows(con, sequence)
        append_publication(con, run, sequence, digest)
        con.execute("commit")
    return sequence


def _visible(table: str) -> str:
    return f"(select * from {held_rows.parted(table, DRAFTS[table])} where hold_sequence is null)"


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


def _refuse_locked(con: duckdb.DuckDBPyConnection, run: CloseRun, sequence: int) -> None:
    """Refuse what would be dated in a month locked for accounting: asked of the rows themselves, whoever made them."""
    dates = " union all ".join(
        f"select issue_date from issued.{kind.table} where publication_sequence = {sequence}"
        for kind in KINDS
    )
    rows = con.execute(f"select distinct issue_date from ({dates}) as dates").fetchall()
    refuse_locked(con, [run.close_date, *(issue_date for (issue_date,) in rows)])


def _vouched_digest(con: duckdb.DuckDBPyConnection, run: CloseRun) -> str:
    receipt = con.execute(
        "select drafts_digest, is_passed, holds_digest from control.gate_receipts where close_sequence = ?",
        [run.close_sequence],
    ).fetchone()
    if receipt is None or not receipt[1]:
        raise Refused(
            f"{run.close_date} cannot be published: the gate has not passed it; "
            f"run `meterhouse close --through {run.close_date}`."
        )
    digest = drafts_digest(con)
    if digest != receipt[0] or recorded_digest(con, run.close_sequence) != receipt[2]:
        raise Refused(
            f"{run.close_date} cannot be published: its rows changed after the gate passed them; "
            f"run `meterhouse close --through {run.close_date}` again."
        )
    return digest


def next_number(con: duckdb.DuckDBPyConnection, query: str) -> int:
    """One more than the number that `query` gives, or 1 if it gives none."""
    row = con.execute(query).fetchone()
    return (row[0] or 0) + 1 if row else 1


def append_documents(
    con: duckdb.DuckDBPyConnection,
    kind: Kind,
    source: str,
    sequence: int,
    catalog_version: str,
    issue_date: str = "drafts.close_date",
) -> None:
    """Number the documents of `source` by entity, from where its issued numbers end, in order of document_key.

    The first numbers of an entity that was billed elsewhere before are those that its catalog row states.

    Args:
        con: a connection in a transaction.
        kind: what is numbered.
        source: a relation with the columns of the draft.
        sequence: the publication.
        catalog_version: where the first numbers are stated.
        issue_date: the date of the documents, as SQL.
    """
    given = {
        "publication_sequence": "?",
        # Padded to six digits, never cut: the millionth document has seven.
        kind.number: f"drafts.invoice_prefix || '{kind.infix}' || printf('%06d', drafts.next_index)",
        "number_index": "drafts.next_index",
        "issue_date": issue_date,
        "due_date": f"cast({issue_date} + drafts.net_payment_days * interval '1' day as date)",
    }
    columns = issued_columns(kind.table)
    chosen = ", ".join(given.get(column, f"drafts.{column}") for column in columns)
    con.execute(
        f"""
        insert into issued.{kind.table} ({", ".join(columns)})
        with last_numbers as (
            select billing_entity_code, max(number_index) as number_index
            from issued.{kind.table}
            group by billing_entity_code
        ),
        first_numbers as (
            select billing_entity_code, next_{kind.number} as number_index
            from catalog.billing_entities
            where catalog_version = ?
        ),
        numbered as (
            select
                drafts.*,
                coalesce(last_numbers.number_index, first_numbers.number_index - 1, 0) + row_number() over (
                    partition by drafts.billing_entity_code
                    order by drafts.document_key
                ) as next_index
            from {source} as drafts
            left join last_numbers on drafts.billing_entity_code = last_numbers.billing_entity_code
            left join first_numbers on drafts.billing_entity_code = first_numbers.billing_entity_code
        )
        select {chosen} from numbered as drafts
        """,
        [catalog_version, sequence],
    )


def append_rows(
    con: duckdb.DuckDBPyConnection,
    table: str,
    source: str,
    sequence: int,
    close_sequence: int,
    given_numbers: Mapping[tuple[str, str], str] = GIVEN_NUMBERS,
) -> None:
    """Append the rows of `source` to `issued.<table>`, with the numbers of the documents that they name by key.

    `given_numbers`: numbers that documents of before had already, by issued column: the column of `source`.
    """
    expressions = {
        "publication_sequence": str(sequence),
        "close_sequence": str(close_sequence),
    }
    columns = issued_columns(table)
    numbers = ""
    for kind in KINDS:
        key = kind.key_in(table)
        if kind.number in columns and key:
            given = given_numbers.get((table, kind.number))
            expressions[kind.number] = f"{kind.table}.{kind.number}"
            if given:
                expressions[kind.number] = f"coalesce({expressions[kind.number]}, drafts.{given})"
            wanted = f"= {sequence}" if key == "document_key" else "> 0"
            numbers += (
                f" left join issued.{kind.table} as {kind.table} on drafts.{key} = {kind.table}.document_key"
                f" and {kind.table}.publication_sequence {wanted}"
            )
    chosen = ", ".join(expressions.get(column, f"drafts.{column}") for column in columns)
    con.execute(
        f"insert into issued.{table} ({', '.join(columns)}) select {chosen} from {source} as drafts {numbers}"
    )


def _append_held(con: duckdb.DuckDBPyConnection, table: str, close_sequence: int) -> None:
    """Keep the rows of held documents under the number of their hold, without document number and dates."""
    expressions = {
        "publication_sequence": "drafts.hold_sequence",
        "close_sequence": str(close_sequence),
        "number_index": "null",
        "issue_date": "null",
        "due_date": "null",
    }
    for kind in KINDS:
        if kind.table == table or kind.key_in(table):
            given = GIVEN_NUMBERS.get((table, kind.number))
            expressions[kind.number] = f"drafts.{given}" if given else "null"
    columns = issued_columns(table)
    chosen = ", ".join(expressions.get(column, f"drafts.{column}") for column in columns)
    con.execute(
        f"insert into issued.{table} ({', '.join(columns)}) select {chosen}"
        f" from {held_rows.parted(table, DRAFTS[table])} as drafts where drafts.hold_sequence is not null"
    )


def check_numbers(con: duckdb.DuckDBPyConnection) -> None:
    """Paired with the numbering above: whatever it did, no gap and no number twice leaves this transaction."""
    for kind in KINDS:
        bad = con.execute(
            f"""
            select billing_entity_code
            from issued.{kind.table}
            where publication_sequence > 0
            group by billing_entity_code
            having
                min(number_index) < 1
                or max(number_index) - min(number_index) + 1 <> count(*)
                or count(distinct number_index) <> count(*)
                or count(distinct {kind.number}) <> count(*)
            order by billing_entity_code
            """
        ).fetchall()
        if bad:
            entities = ", ".join(row[0] for row in bad)
            raise Refused(
                f"{kind.noun} numbers of {entities} would not be gapless and unique; nothing was published."
            )
    # Over all entities and kinds: an entity that takes over the prefix of another would repeat its numbers.
    numbers = " union all ".join(
        f"select {kind.number} as number, document_key from issued.{kind.table} where publication_sequence > 0"
        for kind in KINDS
    )
    twice = con.execute(
        "select number, string_agg(document_key, ', ' order by document_key)"
        f" from ({numbers}) as numbers group by number having count(*) > 1 order by 1 limit 5"
    ).fetchall()
    if twice:
        raise Refused(
            f"Document number {twice[0][0]} would be given twice; nothing was published.",
            [OffenderTable("numbers given twice", ("number", "document_keys"), twice)],
        )


# Rows that name their document by a number that was not given.
_LOST = (
    ("line", "invoice_lines", "invoice_number is null"),
    ("tax", "invoice_taxes", "invoice_number is null"),
    (
        "credit movement",
        "credit_movements",
        "invoice_number is null and (document_key is not null or movement_kind = 'used')"
        " or credit_note_number is null and movement_kind = 'returned' and units is null",
    ),
    ("draw from a wallet", "wallet_draws", "invoice_number is null"),
    ("purchased lot", "top_ups", "invoice_number is null and lot_kind = 'purchased'"),
    ("credit note line", "credit_note_lines", "credit_note_number is null"),
    ("credit note tax", "credit_note_taxes", "credit_note_number is null"),
    (
        "use of a credit note",
        "credit_note_uses",
        "invoice_number is null or credit_note_number is null",
    ),
)


def check_rows(con: duckdb.DuckDBPyConnection, sequence: int) -> None:
    """No row without its document, no note overdrawn and no period registered twice, leaves this transaction."""
    found = " union all ".join(
        f"select '{kind}' as kind, document_key from issued.{table} where publication_sequence = {sequence}"
        f" and ({condition})"
        for kind, table, condition in _LOST
    )
    lost = con.execute(f"{found} order by kind, document_key limit 5").fetchall()
    if lost:
        raise Refused(
            f"A {lost[0][0]} would belong to no document; nothing was published.",
            [OffenderTable("rows without a document", ("kind", "document_key"), lost)],
        )
    _refuse_overdrawn(con, sequence)
    columns = ("subscription_id", "fee_family", "period_starts_at")
    listed = ", ".join(columns)
    twice = con.execute(
        f"select {listed} from issued.billed_periods where not coalesce(is_adjustment, false)"
        f" and publication_sequence in ({KNOWN_SEQUENCES} union all select {sequence})"
        f" group by {listed} having count(*) > 1"
        f" order by {listed} limit 5"
    ).fetchall()
    if twice:
        raise Refused(
            f"A period of {twice[0][0]} would be billed twice; nothing was published.",
            [OffenderTable("periods billed twice", columns, twice)],
        )


def _refuse_overdrawn(con: duckdb.DuckDBPyConnection, sequence: int) -> None:
    known = f"{KNOWN_SEQUENCES} union all select {sequence}"
    overdrawn = con.execute(
        f"""
        select credit_notes.credit_note_number, credit_notes.credit_amount, sum(uses.amount) as used_amount
        from issued.credit_notes as credit_notes
        inner join issued.credit_note_uses as uses
            on
                credit_notes.document_key = uses.credit_note_document_key
                and uses.publication_sequence in ({known})
        where credit_notes.publication_sequence > 0
        group by credit_notes.credit_note_number, credit_notes.credit_amount
        having sum(uses.amount) > credit_notes.credit_amount
        order by credit_notes.credit_note_number
        limit 5
        """
    ).fetchall()
    if overdrawn:
        columns = ("credit_note_number", "credit_amount", "used_amount")
        raise Refused(
            f"More than the credit of {overdrawn[0][0]} would be used; nothing was published.",
            [OffenderTable("credit notes overdrawn", columns, overdrawn)],
        )


def append_publication(
    con: duckdb.DuckDBPyConnection,
    run: CloseRun,
    sequence: int,
    digest: str,
    known_from_close: int | None = None,
) -> None:
    """Append the row that makes `sequence` visible, chained to the one before.

    `known_from_close`: the first close that knows it; by default the one after `run`.
    """
    previous = con.execute(
        "select publication_hash from issued.publications order by publication_sequence desc limit 1"
    ).fetchone()
    previous_hash = previous[0] if previous else ""
    number = next_number(
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
            ? as drafts_digest, ? as publication_hash, ? as previous_publication_hash,
            cast(? as integer) as known_from_close
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
            known_from_close,
        ],
    )

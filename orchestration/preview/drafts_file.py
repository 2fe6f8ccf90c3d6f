"""`preview.duckdb`: the drafts of a preview as tables, beside `finance.duckdb` and never in it.

Belongs here: which rows of the draft models a preview keeps, and swapping the file in. Does not belong here: drafting
(`run`), and what is issued (`orchestration.publish`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from orchestration.preview.dates import DraftDate, first_dates
from orchestration.publish.finance_db import STORAGE_VERSION
from orchestration.workspace import Workspace

if TYPE_CHECKING:
    from orchestration.preview.run import FailedCheck

FILE_NAME = "preview.duckdb"
SQL = Path(__file__).parent / "sql"
# One query each over the drafts: sql/<table>.sql.
TABLES = (
    "preview_invoices",
    "preview_invoice_lines",
    "preview_invoice_taxes",
    "preview_coupon_uses",
    "preview_credit_note_uses",
    "preview_credit_draws",
    "preview_unit_draws",
    "preview_customers",
)
_DRAFTS = "drafts_file"


def begin(scratch: Workspace) -> Path:
    """An empty file for drafts in the scratch folder; what a killed preview left there is removed."""
    file = scratch.warehouse / FILE_NAME
    for name in (file, file.with_name(f"{file.name}.wal")):
        name.unlink(missing_ok=True)
    return file


def add(
    con: duckdb.DuckDBPyConnection,
    file: Path,
    close_date: date,
    dates: Sequence[DraftDate],
    failed_checks: Sequence[FailedCheck],
    as_of: tuple[datetime, int, str],
) -> None:
    """Add the drafts of `close_date` that stand in the scratch warehouse.

    A document is kept if a line of it is of a subscription that closes next on that date, or, for lines of none, if
    the payer's first next invoice is of that date: what else the models draft by then belongs to another date.

    Args:
        con: a connection to the scratch warehouse.
        file: the file of drafts; its tables are made when they are missing.
        close_date: the date of the drafts.
        dates: the next close date of each subscription.
        failed_checks: those that did not pass on these drafts.
        as_of: when the preview was made (UTC without an offset), its last batch and its catalog version.
    """
    name = str(file).replace("'", "''")
    con.execute(f"attach '{name}' as {_DRAFTS} (storage_version '{STORAGE_VERSION}')")
    con.execute("begin")
    _keep_documents(con, close_date, dates)
    con.execute(
        "create or replace temp table as_of as select cast(? as timestamp) as previewed_at,"
        " cast(? as integer) as cutoff_batch, cast(? as varchar) as catalog_version",
        list(as_of),
    )
    for table in TABLES:
        query = (SQL / f"{table}.sql").read_text(encoding="utf-8")
        target = f"{_DRAFTS}.main.{table}"
        con.execute(f"create table if not exists {target} as from (\n{query}) limit 0")
        if table == "preview_customers":
            con.execute(f"delete from {target}")
        con.execute(f"insert into {target} {query}")
    _add_checks(con, failed_checks)
    con.execute("commit")
    con.execute(f"detach {_DRAFTS}")


def _keep_documents(
    con: duckdb.DuckDBPyConnection, close_date: date, dates: Sequence[DraftDate]
) -> None:
    con.execute("create or replace temp table next_dates (subscription_id varchar, next_date date)")
    con.execute(
        "create or replace temp table payer_dates (payer_customer_id varchar, next_date date)"
    )
    own = [(row.subscription_id, row.close_date) for row in dates if row.subscription_id]
    if own:
        con.executemany("insert into next_dates values (?, ?)", own)
    if dates:
        con.executemany("insert into payer_dates values (?, ?)", list(first_dates(dates).items()))
    con.execute(
        """
        create or replace temp table kept_documents as
        select distinct lines.document_key
        from settlement.fct_settled_lines as lines
        inner join settlement.fct_invoices as invoices on lines.document_key = invoices.document_key
        left join next_dates on lines.subscription_id = next_dates.subscription_id
        left join payer_dates on invoices.payer_customer_id = payer_dates.payer_customer_id
        where coalesce(next_dates.next_date, payer_dates.next_date) = ?
        """,
        [close_date],
    )


def _add_checks(con: duckdb.DuckDBPyConnection, failed_checks: Sequence[FailedCheck]) -> None:
    target = f"{_DRAFTS}.main.preview_failed_checks"
    con.execute(
        f"create table if not exists {target} (close_date date, check_name varchar, stage varchar,"
        " is_blocking boolean, result varchar, offender_count bigint)"
    )
    for check in failed_checks:
        con.execute(
            f"insert into {target} values (?, ?, ?, ?, ?, ?)",
            [
                check.close_date,
                check.check_name,
                check.stage,
                check.is_blocking,
                check.result,
                check.offender_count,
            ],
        )


def read(
    file: Path, customer_id: str | None
) -> tuple[tuple[dict[str, Any], ...], tuple[dict[str, Any], ...]]:
    """The drafted invoices in `file` in order of date and payer, and for one customer their statements.

    Returns:
        The rows of `preview_invoices`, of `customer_id` those that it pays or that bill its use; and for each of these
        the statement that `look.invoice` draws, empty if `customer_id` is None.
    """
    with duckdb.connect(str(file), read_only=True) as con:
        con.execute("set TimeZone = 'UTC'")
        invoices = _rows(
            con,
            """
            select invoices.*, customers.customer_name
            from preview_invoices as invoices
            left join preview_customers as customers on invoices.payer_customer_id = customers.customer_id
            where $customer_id is null or invoices.payer_customer_id = $customer_id or exists (
                select 1 from preview_invoice_lines as lines
                where lines.document_key = invoices.document_key and lines.customer_id = $customer_id
            )
            order by invoices.close_date, invoices.payer_customer_id, invoices.document_key
            """,
            {"customer_id": customer_id},
        )
        statements = [_statement(con, row) for row in invoices] if customer_id else []
    return tuple(invoices), tuple(statements)


def _statement(con: duckdb.DuckDBPyConnection, invoice: dict[str, Any]) -> dict[str, Any]:
    key = {"key": invoice["document_key"]}

    def of_document(table: str, order: str) -> list[dict[str, Any]]:
        return _rows(con, f"from {table} where document_key = $key order by {order}", key)

    lines = of_document("preview_invoice_lines", "line_number")
    for line in lines:
        line["price_details"] = json.loads(line["price_details"], parse_float=Decimal)
    return {
        "invoice": invoice,
        "customer": _rows(
            con,
            "from preview_customers where customer_id = $payer",
            {"payer": invoice["payer_customer_id"]},
        )[0],
        "lines": lines,
        "users": _rows(
            con,
            "from preview_customers where customer_id in"
            " (select customer_id from preview_invoice_lines where document_key = $key) order by customer_id",
            key,
        ),
        "taxes": of_document("preview_invoice_taxes", "tax_code, tax_rate"),
        "coupons": of_document("preview_coupon_uses", "coupon_rank"),
        "credit_notes_used": of_document("preview_credit_note_uses", "credit_note_number"),
        "credits": of_document("preview_credit_draws", "lot_id"),
        "unit_draws": of_document("preview_unit_draws", "line_number, lot_id"),
        "credit_notes": [],
        "payments": [],
    }


def _rows(
    con: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any]
) -> list[dict[str, Any]]:
    cursor = con.execute(sql, parameters)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def publish(ws: Workspace, file: Path) -> Path:
    """Move the file of drafts to the published folder in one step; who reads the old one goes on reading it."""
    ws.published.mkdir(parents=True, exist_ok=True)
    # The two folders may lie on different disks: a move across them is no single step.
    part = ws.published / f"{FILE_NAME}.part"
    part.write_bytes(file.read_bytes())
    target = ws.published / FILE_NAME
    part.replace(target)
    file.unlink()
    return target

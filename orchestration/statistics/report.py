"""All that the warehouse knows of the checks of one close: the gate's and the statistical ones.

Belongs here: reading it, for the page and for the terminal. Does not belong here: showing it (`page`, `look.checks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

from orchestration.statistics.outcomes import NOT_RUN, TRIPPED, StatisticalOutcome
from orchestration.statistics.store import kept_outcomes


@dataclass(frozen=True)
class GateCheck:
    """One check of the gate: `result` is pass, held, fail, warn or not_run; nothing describes an older release's."""

    name: str
    stage: str
    result: str
    offender_count: int | None
    description: str | None


@dataclass(frozen=True)
class CheckDecision:
    """What was decided afterwards: `result` is released, of documents that the check named, or acknowledged."""

    check_name: str
    result: str
    decided_by: str
    reason: str


@dataclass(frozen=True)
class CloseChecks:
    """One close and its checks. `totals` are of its invoices: currency, count, amount at the minor unit.

    `publication_hash` is None of a close that is not published; `message` says why it failed.
    """

    close_date: date
    close_sequence: int
    status: str
    message: str | None
    cutoff_batch: int
    catalog_version: str
    publication_hash: str | None
    totals: Sequence[tuple[str, int, Decimal]]
    gate: Sequence[GateCheck]
    statistics: Sequence[StatisticalOutcome]
    decisions: Sequence[CheckDecision] = ()

    @property
    def warnings(self) -> Sequence[str]:
        """The statistical checks of a published close that wait for an acknowledgement."""
        if self.publication_hash is None:
            return ()
        seen = {one.check_name for one in self.decisions if one.result == "acknowledged"}
        return [
            one.name
            for one in self.statistics
            if one.evidence in (TRIPPED, NOT_RUN) and one.name not in seen
        ]


def read_checks(con: duckdb.DuckDBPyConnection, close_date: date) -> CloseChecks | None:
    """The checks of the close of `close_date`, as they were when it was judged last; None if it never ran.

    Of a published close nothing changes afterwards but what people decide about it.
    """
    row = con.execute(
        """
        select
            closes.close_sequence,
            closes.status,
            closes.message,
            coalesce(publications.cutoff_batch, closes.cutoff_batch),
            coalesce(publications.catalog_version, closes.catalog_version),
            publications.publication_hash,
            publications.publication_sequence
        from control.closes as closes
        left join issued.publications as publications
            on closes.close_sequence = publications.close_sequence
            and closes.close_date = publications.close_date
            and publications.publication_no = 1
        where closes.close_date = ?
        """,
        [close_date],
    ).fetchone()
    if row is None:
        return None
    close_sequence, status, message, cutoff_batch, catalog_version, digest, publication = row
    return CloseChecks(
        close_date=close_date,
        close_sequence=close_sequence,
        # A close that was killed after its transaction is published, whatever else it could not say.
        status="published" if digest else status,
        message=None if digest else message,
        cutoff_batch=cutoff_batch,
        catalog_version=catalog_version,
        publication_hash=digest,
        totals=_totals(con, catalog_version, publication),
        gate=_gate(con, close_sequence, publication),
        statistics=kept_outcomes(con, close_sequence),
        decisions=_decisions(con, close_sequence),
    )


def _gate(
    con: duckdb.DuckDBPyConnection, close_sequence: int, publication: int | None
) -> list[GateCheck]:
    """What was published of the gate's results; before that, what the gate has noted."""
    source, condition = "control.gate_results", f"close_sequence = {close_sequence}"
    if publication is not None:
        source = "issued.close_checks"
        condition = f"publication_sequence = {publication} and stage <> 'statistics'"
    rows = con.execute(
        f"""
        select checks.check_name, checks.stage, checks.result, checks.offender_count, noted.description
        from (select * from {source} where {condition}) as checks
        left join control.gate_results as noted
            on checks.check_name = noted.check_name and noted.close_sequence = {close_sequence}
        order by checks.check_name
        """
    ).fetchall()
    return [GateCheck(*row) for row in rows]


def _decisions(con: duckdb.DuckDBPyConnection, close_sequence: int) -> list[CheckDecision]:
    rows = con.execute(
        """
        select checks.check_name, checks.result, checks.decided_by, checks.reason
        from issued.close_checks as checks
        inner join issued.publications as publications
            on checks.publication_sequence = publications.publication_sequence
        where publications.close_sequence = ? and checks.decided_by is not null
        order by checks.publication_sequence, checks.check_name
        """,
        [close_sequence],
    ).fetchall()
    return [CheckDecision(*row) for row in rows]


def _totals(
    con: duckdb.DuckDBPyConnection, catalog_version: str, publication: int | None
) -> list[tuple[str, int, Decimal]]:
    rows = con.execute(
        """
        select
            invoices.currency,
            count(*) as invoice_count,
            sum(invoices.total_amount) as total_amount,
            coalesce(max(currencies.minor_unit), 2) as minor_unit
        from issued.invoices as invoices
        left join reference.currencies as currencies
            on invoices.currency = currencies.currency
            and currencies.reference_version = (
                select max(versions.reference_version) from catalog.versions as versions
                where versions.catalog_version = ?
            )
        where invoices.publication_sequence = ?
        group by invoices.currency
        order by invoices.currency
        """,
        [catalog_version, publication],
    ).fetchall()
    return [
        (currency, count, total.quantize(Decimal(1).scaleb(-minor_unit)))
        for currency, count, total, minor_unit in rows
    ]

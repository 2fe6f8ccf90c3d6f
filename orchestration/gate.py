"""The gate: rows reach finance only if every blocking check has run on exactly these rows and passed.

Belongs here: what the results of checks mean, the evidence written to `control.gate_results`, the receipt, and the
offending rows of a refusal. Does not belong here: which checks there are (`gate_checks`), and what happens after a
verdict (`close_steps`, `publish`).

The gate fails closed: a check that did not run, a model that failed and a manifest without checks all refuse. The
receipt binds to the digest of the drafts, so that publication can tell whether these are the rows that were judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import duckdb

from orchestration.close_run import CloseRun
from orchestration.dbt_runner import DbtResult, NodeResult
from orchestration.errors import OffenderTable, Refused
from orchestration.gate_checks import RUN_CHECK, Check, expected_checks
from orchestration.holds import groups
from orchestration.holds.groups import HeldDocument
from orchestration.prepare import dbt_refusal, failed_nodes, first_line, read_manifest
from orchestration.publish.digest import drafts_digest
from orchestration.statistics import StatisticalOutcome
from orchestration.statistics.store import judged_statistics
from orchestration.statistics.thresholds import load_thresholds
from orchestration.texts import counted
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace

OFFENDERS_SHOWN = 5


@dataclass(frozen=True)
class CheckOutcome:
    """What became of a check: `result` is pass, fail, warn (a failed check that does not block) or not_run.

    `offender_count` is None if the check did not run; `relation_name` is where its offending rows are stored. One
    that `is_broken` did not run because its own SQL erred. `document_keys` are the documents that its offending rows
    name, none unless every row names a draft of this close: then it holds those and does not refuse the close.
    """

    check: Check
    result: str
    offender_count: int | None
    relation_name: str | None
    message: str
    is_broken: bool = False
    document_keys: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.check.name

    @property
    def holds(self) -> bool:
        return self.check.is_blocking and self.result == "fail" and bool(self.document_keys)

    @property
    def refuses(self) -> bool:
        return self.check.is_blocking and self.result != "pass" and not self.holds


@dataclass(frozen=True)
class Receipt:
    """The gate's word on the drafts with this digest (sha256 hex). Counts are of blocking checks."""

    close_sequence: int
    drafts_digest: str
    is_passed: bool
    checks_expected: int
    checks_run: int
    holds_digest: str | None = None


@dataclass(frozen=True)
class Judgement:
    """The outcome of every check of the close `run`, and the receipt that follows from them.

    `statistics` refuse nothing, but hold the documents that they name; there are none of drafts that are refused.
    """

    run: CloseRun
    outcomes: tuple[CheckOutcome, ...]
    failed_models: tuple[NodeResult, ...]
    receipt: Receipt
    held: tuple[HeldDocument, ...] = ()
    statistics: tuple[StatisticalOutcome, ...] = ()

    @property
    def refusing(self) -> tuple[CheckOutcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.refuses)


class GateRefused(Refused):
    """The gate refused a close; `judgement` holds every outcome, `tables` the offending rows."""

    def __init__(self, message: str, tables: Sequence[OffenderTable], judgement: Judgement) -> None:
        super().__init__(message, tables)
        self.judgement = judgement


def check_outcomes(
    checks: Sequence[Check], results: Sequence[NodeResult]
) -> tuple[CheckOutcome, ...]:
    """Pair every expected check with its result; one without a result, or that erred, did not run.

    Args:
        checks: the checks that were to run.
        results: all nodes of the dbt invocation.

    Returns:
        One outcome per check, in the order of `checks`.
    """
    by_id = {node.unique_id: node for node in results}
    return tuple(_outcome(check, by_id.get(check.unique_id)) for check in checks)


def _outcome(check: Check, node: NodeResult | None) -> CheckOutcome:
    if node is None:
        return CheckOutcome(check, "not_run", None, None, "dbt did not report it")
    if node.status not in ("pass", "fail", "warn"):
        message = first_line(node.message or "") or f"dbt says: {node.status}"
        is_broken = node.status == "error" and bool(node.message)
        return CheckOutcome(check, "not_run", None, None, message, is_broken)
    failed = "fail" if check.is_blocking else "warn"
    result = "pass" if node.status == "pass" else failed
    return CheckOutcome(
        check, result, node.failures or 0, node.relation_name, first_line(node.message or "")
    )


def run_outcome(run: CloseRun, rows: Sequence[Sequence[Any]]) -> CheckOutcome:
    """Whether the drafts were built for `run` alone: a second row of `control.run` would double every amount.

    Args:
        run: the close that is judged.
        rows: what stands in `control.run`: kind, date, cut-off, catalog version, sequence.
    """
    wanted = ("close", run.close_date, run.cutoff_batch, run.catalog_version, run.close_sequence)
    is_one = [tuple(row) for row in rows] == [wanted]
    return CheckOutcome(
        RUN_CHECK,
        "pass" if is_one else "fail",
        0 if is_one else len(rows),
        "control.run",
        f"control.run holds {len(rows)} rows" if len(rows) != 1 else "another close is running",
    )


def examine(
    run: CloseRun,
    manifest: Mapping[str, Any],
    result: DbtResult,
    of_run: CheckOutcome,
    digest_drafts: Callable[[], str],
    documents_of: Callable[[CheckOutcome], tuple[str, ...]] = lambda _: (),
) -> Judgement:
    """Judge drafts by the results of the dbt invocation that built them.

    Args:
        run: the close they were built for.
        manifest: dbt's manifest, as that invocation wrote it.
        result: what the invocation reported.
        of_run: the outcome of `RUN_CHECK`.
        digest_drafts: gives the digest (hex) of the drafts as they stand; not called if the gate fails, because
            there is nothing then that the receipt could vouch for.
        documents_of: gives the documents that a failed check names, if each of its rows names one.
    """
    of_dbt = tuple(
        replace(outcome, document_keys=documents_of(outcome)) if outcome.refuses else outcome
        for outcome in check_outcomes(expected_checks(manifest), result.nodes)
    )
    outcomes = (of_run, *of_dbt)
    failed_models = tuple(
        node for node in result.not_ok if node.resource_type != "test" and node.status != "skipped"
    )
    blocking = [outcome for outcome in outcomes if outcome.check.is_blocking]
    is_passed = (
        any(outcome.check.is_blocking for outcome in of_dbt)
        and not any(outcome.refuses for outcome in blocking)
        and not failed_models
        and not any(node.resource_type != "test" for node in result.not_ok)
        and result.exception is None
    )
    receipt = Receipt(
        close_sequence=run.close_sequence,
        drafts_digest=digest_drafts() if is_passed else "",
        is_passed=is_passed,
        checks_expected=len(blocking),
        checks_run=sum(outcome.result != "not_run" for outcome in blocking),
    )
    return Judgement(run, outcomes, failed_models, receipt)


def judge(ws: Workspace, run: CloseRun, result: DbtResult, record: bool = True) -> Judgement:
    """Judge the drafts of `run`, write the evidence and the receipt, and refuse unless everything passed.

    Args:
        ws: the workspace whose drafts were just built.
        run: the close they were built for.
        result: what the dbt invocation that built them reported.
        record: False when a published close is computed again: its evidence stays as it was.

    Returns:
        The judgement, passed, with the receipt that publication asks for.

    Raises:
        GateRefused: a blocking check failed or did not run, or a model failed; with the offending rows.
        Refused: dbt itself failed.
    """
    if result.exception is not None and not result.nodes:
        raise dbt_refusal("The drafts could not be built", result)
    manifest = read_manifest(ws)
    with writer_lock(ws, "gate"), connect(ws) as con:
        rows = con.execute(
            "select run_kind, close_date, cutoff_batch, catalog_version, close_sequence"
            " from control.run"
        ).fetchall()
        of_run = run_outcome(run, rows)
        judgement = examine(
            run,
            manifest,
            result,
            of_run,
            lambda: drafts_digest(con),
            lambda outcome: _documents_of(con, outcome),
        )
        if judgement.receipt.is_passed:
            # Before the receipt: what is published has all of its evidence.
            judgement = replace(
                judgement,
                statistics=judged_statistics(con, run, load_thresholds(ws.catalog), record),
            )
        if record:
            judgement = _with_holds(con, judgement)
            _record(con, judgement, datetime.now(UTC).replace(tzinfo=None))
        if judgement.receipt.is_passed:
            return judgement
        tables = _offender_tables(con, judgement, result)
        raise GateRefused(refusal_sentence(judgement), tables, judgement)


def _documents_of(con: duckdb.DuckDBPyConnection, outcome: CheckOutcome) -> tuple[str, ...]:
    if outcome.result != "fail" or outcome.relation_name is None or outcome.check.is_structural:
        return ()
    return groups.documents_in(con, outcome.relation_name)


def _with_holds(con: duckdb.DuckDBPyConnection, judgement: Judgement) -> Judgement:
    """Decide and record what is held, and bind the receipt to it."""
    named: dict[str, list[str]] = {}
    if judgement.receipt.is_passed:
        for check in (*judgement.outcomes, *judgement.statistics):
            for key in check.document_keys:
                named.setdefault(key, []).append(check.name)
        held = groups.held_documents(con, named)
    else:
        held = ()
    digest = groups.record(con, judgement.run.close_sequence, held)
    return replace(judgement, held=held, receipt=replace(judgement.receipt, holds_digest=digest))


def refusal_sentence(judgement: Judgement) -> str:
    """Why the close is refused, on one line; names what failed, the first three at most."""
    counts = []
    if judgement.failed_models:
        names = _some([node.name for node in judgement.failed_models])
        cause = first_line(judgement.failed_models[0].message or "")
        named = f"{names}: {cause}" if cause else names
        counts.append(f"{counted(len(judgement.failed_models), 'model')} failed ({named})")
    failed = [outcome for outcome in judgement.refusing if outcome.result == "fail"]
    if failed:
        names = _some([outcome.check.name for outcome in failed])
        counts.append(f"{counted(len(failed), 'blocking check')} failed ({names})")
    not_run = [outcome for outcome in judgement.refusing if outcome.result == "not_run"]
    if not_run and counts:
        # dbt skips whatever follows a failure: their names would only hide the cause.
        counts.append(f"so {len(not_run)} more did not run")
    elif broken := [outcome for outcome in not_run if outcome.is_broken]:
        names = _some([outcome.check.name for outcome in broken])
        counts.append(
            f"{counted(len(broken), 'blocking check')} broke ({names}: {broken[0].message})"
        )
        if len(not_run) > len(broken):
            counts.append(f"so {len(not_run) - len(broken)} more did not run")
    elif not_run:
        names = _some([outcome.check.name for outcome in not_run])
        counts.append(f"{counted(len(not_run), 'blocking check')} did not run ({names})")
    if not any(outcome.check.is_blocking for outcome in judgement.outcomes[1:]):
        counts.append("the dbt project has no blocking check on the drafts")
    reason = ", ".join(counts) or "dbt did not finish"
    return f"The close of {judgement.run.close_date} is refused, nothing was published: {reason}."


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown}, ..."


def _record(con: duckdb.DuckDBPyConnection, judgement: Judgement, judged_at: datetime) -> None:
    receipt = judgement.receipt
    rows = [
        (
            receipt.close_sequence,
            outcome.check.name,
            outcome.check.stage,
            "held" if outcome.holds else outcome.result,
            outcome.offender_count,
            outcome.check.description,
        )
        for outcome in judgement.outcomes
    ]
    con.execute("begin")
    for table in ("gate_results", "gate_receipts"):
        con.execute(
            f"delete from control.{table} where close_sequence = ?", [receipt.close_sequence]
        )
    if rows:
        con.executemany(
            "insert into control.gate_results"
            " (close_sequence, check_name, stage, result, offender_count, description)"
            " values (?, ?, ?, ?, ?, ?)",
            rows,
        )
    con.execute(
        "insert into control.gate_receipts (close_sequence, drafts_digest, is_passed,"
        " checks_expected, checks_run, judged_at, holds_digest) values (?, ?, ?, ?, ?, ?, ?)",
        [
            receipt.close_sequence,
            receipt.drafts_digest,
            receipt.is_passed,
            receipt.checks_expected,
            receipt.checks_run,
            judged_at,
            receipt.holds_digest,
        ],
    )
    con.execute("commit")


def _offender_tables(
    con: duckdb.DuckDBPyConnection, judgement: Judgement, result: DbtResult
) -> list[OffenderTable]:
    tables = []
    if judgement.failed_models:
        tables.append(failed_nodes(result))
    for outcome in judgement.refusing:
        if outcome.result == "fail":
            tables.append(offender_table(con, outcome))
    return tables


def offender_table(con: duckdb.DuckDBPyConnection, outcome: CheckOutcome) -> OffenderTable:
    """The first `OFFENDERS_SHOWN` stored rows of a failed check, under its name, stage and meaning."""
    check = outcome.check
    meaning = check.description or outcome.message
    title = f"{check.name} ({check.stage}): {meaning}"
    if outcome.relation_name is None:
        return OffenderTable(title, ("message",), [(outcome.message,)])
    # In a fixed order, so that the same refusal shows the same rows.
    query = f"select * from {outcome.relation_name} order by all limit {OFFENDERS_SHOWN}"
    try:
        rows = con.execute(query).fetchall()
    except duckdb.Error as error:
        return OffenderTable(title, ("message",), [(first_line(str(error)),)])
    if outcome.offender_count and outcome.offender_count > len(rows):
        title = f"{title} (first {len(rows)} of {outcome.offender_count} rows)"
    columns = tuple(column[0] for column in con.description)
    return OffenderTable(title, columns, rows)

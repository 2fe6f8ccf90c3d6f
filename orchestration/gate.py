"""The gate: rows reach finance only if every blocking check has run on exactly these rows and passed.

Belongs here: which checks a close must pass (from dbt's manifest), what their results mean, the evidence written to
`control.gate_results`, the receipt, and the offending rows of a refusal. Does not belong here: the checks themselves,
which are dbt tests, and what happens after a verdict (`close_steps`, `publish`).

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
from orchestration.dbt_runner import CLOSE_STAGES, DbtResult, NodeResult
from orchestration.errors import OffenderTable, Refused
from orchestration.prepare import dbt_refusal, failed_nodes, first_line, read_manifest
from orchestration.publish.digest import drafts_digest
from orchestration.statistics import StatisticalOutcome
from orchestration.statistics.store import judged_statistics
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace

OFFENDERS_SHOWN = 5


@dataclass(frozen=True)
class Check:
    """One dbt test of a close: `description` says what its rows mean; a failing blocking one refuses the close."""

    unique_id: str
    name: str
    stage: str
    is_blocking: bool
    description: str


# The one check that is not a dbt test: dbt builds the stages of a close, and what runs stands before them.
RUN_CHECK = Check(
    "control.run",
    "drafts_are_of_this_close",
    "staging",
    True,
    "control.run holds exactly one row, and it is this close.",
)


@dataclass(frozen=True)
class CheckOutcome:
    """What became of a check: `result` is pass, fail, warn (a failed check that does not block) or not_run.

    `offender_count` is None if the check did not run; `relation_name` is where its offending rows are stored. One
    that `is_broken` did not run because its own SQL erred.
    """

    check: Check
    result: str
    offender_count: int | None
    relation_name: str | None
    message: str
    is_broken: bool = False

    @property
    def refuses(self) -> bool:
        return self.check.is_blocking and self.result != "pass"


@dataclass(frozen=True)
class Receipt:
    """The gate's word on the drafts with this digest (sha256 hex). Counts are of blocking checks."""

    close_sequence: int
    drafts_digest: str
    is_passed: bool
    checks_expected: int
    checks_run: int


@dataclass(frozen=True)
class Judgement:
    """The outcome of every check of the close `run`, and the receipt that follows from them.

    `statistics` refuse nothing; there are none of drafts that are refused.
    """

    run: CloseRun
    outcomes: tuple[CheckOutcome, ...]
    failed_models: tuple[NodeResult, ...]
    receipt: Receipt
    statistics: tuple[StatisticalOutcome, ...] = ()

    @property
    def refusing(self) -> tuple[CheckOutcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.refuses)


class GateRefused(Refused):
    """The gate refused a close; `judgement` holds every outcome, `tables` the offending rows."""

    def __init__(self, message: str, tables: Sequence[OffenderTable], judgement: Judgement) -> None:
        super().__init__(message, tables)
        self.judgement = judgement


def expected_checks(
    manifest: Mapping[str, Any], stages: Sequence[str] = CLOSE_STAGES
) -> tuple[Check, ...]:
    """The checks that dbt runs when it builds `stages`: every data test that looks at one of their models.

    Args:
        manifest: dbt's manifest, as a dict.
        stages: names of dbt groups, in the order of the pipeline.

    Returns:
        The checks by stage, then name. A check that looks at several stages belongs to the last of them, because
        that one completes the rows it judges.
    """
    nodes = manifest["nodes"]
    checks = []
    for node in nodes.values():
        if node["resource_type"] != "test":
            continue
        groups = {
            nodes[parent]["config"].get("group")
            for parent in node["depends_on"]["nodes"]
            if parent in nodes
        }
        looked_at = [stage for stage in stages if stage in groups]
        if looked_at:
            # Whatever is not plainly a warning blocks.
            is_blocking = str(node["config"].get("severity", "error")).lower() != "warn"
            checks.append(
                Check(node["unique_id"], node["name"], looked_at[-1], is_blocking, meaning_of(node))
            )
    return tuple(sorted(checks, key=lambda check: (stages.index(check.stage), check.name)))


def meaning_of(test: Mapping[str, Any]) -> str:
    r"""What the rows of a dbt test mean: its description, else the comment that heads its SQL, without the grain.

    Example:
        >>> meaning_of({"raw_code": "-- R-TAX: tax rows add up.\n-- Grain: one row per document.\nselect 1"})
        'R-TAX: tax rows add up.'
    """
    if test.get("description"):
        return first_line(test["description"])
    sentences = []
    for line in test.get("raw_code", "").splitlines():
        if not line.startswith("--") or line.startswith("-- Grain:"):
            break
        sentences.append(line.removeprefix("--"))
    return first_line(" ".join(sentences))


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
) -> Judgement:
    """Judge drafts by the results of the dbt invocation that built them.

    Args:
        run: the close they were built for.
        manifest: dbt's manifest, as that invocation wrote it.
        result: what the invocation reported.
        of_run: the outcome of `RUN_CHECK`.
        digest_drafts: gives the digest (hex) of the drafts as they stand; not called if the gate fails, because
            there is nothing then that the receipt could vouch for.
    """
    of_dbt = check_outcomes(expected_checks(manifest), result.nodes)
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
        judgement = examine(run, manifest, result, of_run, lambda: drafts_digest(con))
        if judgement.receipt.is_passed:
            # Before the receipt: what is published has all of its evidence.
            judgement = replace(judgement, statistics=judged_statistics(con, run, record))
        if record:
            _record(con, judgement, datetime.now(UTC).replace(tzinfo=None))
        if judgement.receipt.is_passed:
            return judgement
        tables = _offender_tables(con, judgement, result)
        raise GateRefused(refusal_sentence(judgement), tables, judgement)


def refusal_sentence(judgement: Judgement) -> str:
    """Why the close is refused, on one line; names what failed, the first three at most."""
    counts = []
    if judgement.failed_models:
        names = _some([node.name for node in judgement.failed_models])
        cause = first_line(judgement.failed_models[0].message or "")
        named = f"{names}: {cause}" if cause else names
        counts.append(f"{_plural(len(judgement.failed_models), 'model')} failed ({named})")
    failed = [outcome for outcome in judgement.refusing if outcome.result == "fail"]
    if failed:
        names = _some([outcome.check.name for outcome in failed])
        counts.append(f"{_plural(len(failed), 'blocking check')} failed ({names})")
    not_run = [outcome for outcome in judgement.refusing if outcome.result == "not_run"]
    if not_run and counts:
        # dbt skips whatever follows a failure: their names would only hide the cause.
        counts.append(f"so {len(not_run)} more did not run")
    elif broken := [outcome for outcome in not_run if outcome.is_broken]:
        names = _some([outcome.check.name for outcome in broken])
        counts.append(
            f"{_plural(len(broken), 'blocking check')} broke ({names}: {broken[0].message})"
        )
        if len(not_run) > len(broken):
            counts.append(f"so {len(not_run) - len(broken)} more did not run")
    elif not_run:
        names = _some([outcome.check.name for outcome in not_run])
        counts.append(f"{_plural(len(not_run), 'blocking check')} did not run ({names})")
    if not any(outcome.check.is_blocking for outcome in judgement.outcomes[1:]):
        counts.append("the dbt project has no blocking check on the drafts")
    reason = ", ".join(counts) or "dbt did not finish"
    return f"The close of {judgement.run.close_date} is refused, nothing was published: {reason}."


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


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
            outcome.result,
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
        " checks_expected, checks_run, judged_at) values (?, ?, ?, ?, ?, ?)",
        [
            receipt.close_sequence,
            receipt.drafts_digest,
            receipt.is_passed,
            receipt.checks_expected,
            receipt.checks_run,
            judged_at,
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

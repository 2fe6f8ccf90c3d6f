"""What the statistical checks of each close found, kept in `control.statistics_results`.

Belongs here: writing and reading those rows. Does not belong here: what is published of them (`publish.context`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import duckdb

from orchestration.close_run import CloseRun
from orchestration.statistics.outcomes import (
    NOT_RUN,
    StatisticalOutcome,
    outcome_of,
    suite_result,
)
from orchestration.statistics.run import CHECKS, run_statistics
from orchestration.statistics.thresholds import Thresholds


def judged_statistics(
    con: duckdb.DuckDBPyConnection, run: CloseRun, thresholds: Thresholds, record: bool
) -> tuple[StatisticalOutcome, ...]:
    """The statistical outcomes of `run`, judged now and kept; or, without `record`, those that were kept.

    A published close that is computed again keeps its evidence, also if thresholds have changed since. One without any,
    of an older release, is judged anew.

    Args:
        con: a read-write connection that sees the drafts of `run`.
        run: the close.
        thresholds: the company's.
        record: False when a published close is computed again.
    """
    if not record and (kept := kept_outcomes(con, run.close_sequence)):
        return kept
    outcomes = tuple(run_statistics(con, run, thresholds))
    if record:
        _keep(con, run, outcomes, thresholds)
    return outcomes


def kept_outcomes(
    con: duckdb.DuckDBPyConnection, close_sequence: int
) -> tuple[StatisticalOutcome, ...]:
    """What was kept of a close, in the order of `CHECKS`; nothing of an older release's."""
    rows = con.execute(
        "select details from control.statistics_results where close_sequence = ?",
        [close_sequence],
    ).fetchall()
    found = {one.name: one for one in (outcome_of(json.loads(details)) for (details,) in rows)}
    order = [check.name for check in CHECKS]
    # A check that this release has no more comes last.
    return tuple(
        found[name] for name in (*order, *sorted(found.keys() - set(order))) if name in found
    )


def _keep(
    con: duckdb.DuckDBPyConnection,
    run: CloseRun,
    outcomes: Sequence[StatisticalOutcome],
    thresholds: Thresholds,
) -> None:
    suite = suite_result(outcomes, thresholds.model_dump(mode="json"))
    con.execute("begin")
    con.execute(
        "delete from control.statistics_results where close_sequence = ?", [run.close_sequence]
    )
    con.executemany(
        "insert into control.statistics_results"
        " (close_sequence, check_name, result, offender_count, message, details)"
        " values (?, ?, ?, ?, ?, ?)",
        [
            (
                run.close_sequence,
                outcome.name,
                outcome.evidence,
                None if outcome.result == NOT_RUN else len(outcome.offenders),
                outcome.message,
                json.dumps(details, ensure_ascii=False),
            )
            for outcome, details in zip(outcomes, suite["checks"], strict=True)
        ],
    )
    con.execute("commit")

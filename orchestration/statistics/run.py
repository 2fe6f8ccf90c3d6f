"""The statistical checks of a close, one after the other: frames, judgement, outcomes.

Belongs here: which checks there are, what each one means, and how its outcome is worded. Does not belong here: the SQL
(`frames`), the judging (`expectations`), and what a tripped check leads to (`gate`).

Only what the close's own rows and earlier closes say is read, and no clock: the same rows have the same outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import localcontext
from typing import Any

import duckdb

from orchestration.close_run import CloseRun
from orchestration.prepare import first_line
from orchestration.statistics import frames, wording
from orchestration.statistics.expectations import Answer, Frame, ask
from orchestration.statistics.outcomes import (
    NOT_RUN,
    PASS,
    PRECISION,
    TRIPPED,
    Series,
    StatisticalOutcome,
)
from orchestration.statistics.thresholds import Thresholds, load_thresholds
from orchestration.texts import counted

# How many rows are drawn: of those that are named, and where these are fewer, of those nearest to it.
NAMED_SERIES, SERIES = 12, 6


@dataclass(frozen=True)
class StatisticalCheck:
    """One check: how to get its rows, what is expected of them, and how a row is shown.

    `columns` of a row are shown of each offender; `too_little` says what lacks where nothing can be judged.
    """

    name: str
    description: str
    rows: Callable[[duckdb.DuckDBPyConnection, CloseRun, Any], Sequence[frames.Row]]
    at_least: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    too_little: str
    noun: str
    said: Callable[[Sequence[frames.Row]], str]
    series: Callable[[Sequence[frames.Row], frozenset[int]], Sequence[Series]]
    names_documents: bool = False


CHECKS = (
    StatisticalCheck(
        "invoice_total_against_history",
        "The invoice's total is outside of what earlier invoices of its payer, type and currency make usual.",
        frames.invoice_totals,
        (("highest", "value"), ("value", "lowest")),
        (
            "document_key",
            "customer_name",
            "currency",
            "total_amount",
            "median",
            "lowest",
            "highest",
            "invoices",
        ),
        "no payer has enough earlier invoices of the same type and currency",
        "invoice",
        wording.invoices_named,
        wording.invoice_series,
        names_documents=True,
    ),
    StatisticalCheck(
        "metric_volume_against_weekday",
        "The quantity of a metric on a day is outside of what the same weekday of earlier weeks makes usual.",
        frames.metric_volumes,
        (("highest", "value"), ("value", "lowest")),
        (
            "metric_code",
            "usage_date",
            "weekday",
            "quantity",
            "median",
            "lowest",
            "highest",
            "weeks",
        ),
        "no metric has enough weeks of usage that are billed",
        "metric-day",
        wording.days_named,
        wording.volume_series,
    ),
    StatisticalCheck(
        "share_of_lines_not_accepted",
        "Of the lines loaded since the last close, more than usual were rejected, in conflict or repeated.",
        frames.line_shares,
        (("highest", "value"),),
        ("kind", "lines", "line_count", "share", "highest"),
        "too few lines were loaded since the last close",
        "share",
        wording.shares_named,
        wording.share_series,
    ),
    StatisticalCheck(
        "usage_arrives_every_day",
        "A metric, or a source of files, that has events nearly every day has none of a day since the last close.",
        frames.arrival_days,
        (("value", "least"),),
        ("kind", "name", "usage_date", "usual_events", "usual_days"),
        "nothing has arrived every day for long enough",
        "day",
        wording.arrivals_named,
        wording.arrival_series,
    ),
)


def run_statistics(
    con: duckdb.DuckDBPyConnection, run: CloseRun, thresholds: Thresholds | None = None
) -> Sequence[StatisticalOutcome]:
    """Judge the drafts of `run`, and the usage behind them, by what earlier closes had.

    Args:
        con: a connection that sees the drafts of `run`, `issued`, `landing` and `catalog`; nothing is written.
        run: the close whose drafts stand in the warehouse.
        thresholds: by default those of `thresholds.yml`.

    Returns:
        One outcome per check, in the order of `CHECKS`, whatever went wrong in one of them.

    Raises:
        BadInput: `thresholds.yml` cannot be used.
    """
    thresholds = thresholds or load_thresholds()
    found = [_frame(con, run, check, getattr(thresholds, check.name)) for check in CHECKS]
    asked = [frame for frame in found if isinstance(frame, Frame)]
    # Not asked about nothing: that would cost the import.
    answers = iter(ask(asked) if asked else ())
    # Quantities have up to 38 digits, of which Python would keep 28.
    with localcontext(prec=PRECISION):
        return [
            _judged(check, frame, next(answers)) if isinstance(frame, Frame) else frame
            for check, frame in zip(CHECKS, found, strict=True)
        ]


def _frame(
    con: duckdb.DuckDBPyConnection, run: CloseRun, check: StatisticalCheck, limits: Any
) -> Frame | StatisticalOutcome:
    """The rows of a check, or the outcome of one that is off, broke, or has nothing to judge."""

    def outcome(result: str, message: str) -> StatisticalOutcome:
        return StatisticalOutcome(check.name, check.description, result, message)

    if not limits.is_on:
        return outcome(PASS, "switched off in thresholds.yml")
    try:
        rows = check.rows(con, run, limits)
    except duckdb.Error as error:
        return outcome(NOT_RUN, f"its rows could not be computed: {first_line(str(error))}")
    if not rows:
        return outcome(PASS, f"not enough history: {check.too_little}")
    severity = "critical" if check.names_documents else "warning"
    return Frame(check.name, rows, check.at_least, severity)


def _judged(check: StatisticalCheck, frame: Frame, answer: Answer) -> StatisticalOutcome:
    if answer.problem:
        return StatisticalOutcome(check.name, check.description, NOT_RUN, answer.problem)
    offenders = [frame.rows[position] for position in answer.offending]
    keys = (str(row["document_key"]) for row in offenders if check.names_documents)
    series = check.series(frame.rows, frozenset(answer.offending))
    return StatisticalOutcome(
        name=check.name,
        description=check.description,
        result=TRIPPED if offenders else PASS,
        message=check.said(offenders)
        if offenders
        else f"{counted(len(frame.rows), check.noun)} judged, all usual",
        columns=check.columns,
        offenders=tuple(wording.shown(row, check.columns) for row in offenders),
        document_keys=tuple(sorted(keys)),
        judged_count=len(frame.rows),
        series=tuple(series[: min(NAMED_SERIES, max(SERIES, len(offenders)))]),
        expectations=answer.expectations,
    )

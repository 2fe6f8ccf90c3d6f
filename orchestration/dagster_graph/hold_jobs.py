"""Jobs by which people decide about held documents, and about warnings, in the Dagster UI.

Belongs here: their configuration, and what the run tells. Does not belong here: deciding (`orchestration.holds`,
`orchestration.acknowledgements`).
"""

# No `from __future__ import annotations` here: Dagster reads the annotations of configuration at run time.

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import dagster as dg

from orchestration.dagster_graph.session import CloseSession
from orchestration.dagster_graph.specs import CLOSE_DATES, PUBLISHED_INVOICES
from orchestration.errors import BadInput
from orchestration.workspace import Workspace


class DecisionConfig(dg.Config):
    """What is decided about, by whom, and why."""

    document: str
    by: str
    reason: str


class AcknowledgementConfig(dg.Config):
    """Which warning was looked at, by whom, and why it is no matter; `close` is a date, else the oldest that waits."""

    check: str
    by: str
    reason: str
    close: str = ""


def hold_jobs(
    ws: Workspace, session: CloseSession, writer: str, pool: str
) -> Sequence[dg.JobDefinition]:
    """The jobs `release`, `discard` and `acknowledge` of workspace `ws`."""
    return (
        _job(ws, session, (writer, pool), "release", "Publish a held document, with its number."),
        _job(
            ws,
            session,
            (writer, pool),
            "discard",
            "Undo a held document; the next close bills its periods anew.",
        ),
        _acknowledge(ws, session, (writer, pool)),
    )


def _job(
    ws: Workspace, session: CloseSession, lock: tuple[str, str], name: str, description: str
) -> dg.JobDefinition:
    writer, pool = lock

    @dg.op(name=f"{name}_document", required_resource_keys={writer}, pool=pool)
    def decide(context: dg.OpExecutionContext, config: DecisionConfig) -> None:
        from orchestration.holds import decisions

        decision: Callable[..., decisions.Decision] = getattr(decisions, name)
        with session.failing_as_dagster():
            done = decision(ws, config.document, config.by, config.reason)
        told = {
            "hold": done.hold.name,
            "documents": ", ".join(done.hold.document_keys),
            "numbers": ", ".join(done.numbers) or "none",
            "discarded": ", ".join(hold.name for hold in done.discarded) or "none",
        }
        context.add_output_metadata(told)
        if done.numbers:
            _report_publication(context, done.hold.close_date, told)

    @dg.job(
        name=name,
        description=f"{description} `meterhouse holds` lists the documents.",
        executor_def=dg.in_process_executor,
    )
    def deciding() -> None:
        decide()

    return deciding


def _acknowledge(ws: Workspace, session: CloseSession, lock: tuple[str, str]) -> dg.JobDefinition:
    writer, pool = lock

    @dg.op(name="acknowledge_warning", required_resource_keys={writer}, pool=pool)
    def note(context: dg.OpExecutionContext, config: AcknowledgementConfig) -> None:
        from orchestration.acknowledgements import acknowledge

        with session.failing_as_dagster():
            done = acknowledge(ws, config.check, config.by, config.reason, _day(config.close))
        told = {"check": done.check_name, "found": done.message or "", "reason": config.reason}
        context.add_output_metadata(told)
        _report_publication(context, done.close_date, told)

    @dg.job(
        name="acknowledge",
        description="Say that somebody has looked at a warning of a close; `meterhouse status` lists those that wait.",
        executor_def=dg.in_process_executor,
    )
    def acknowledging() -> None:
        note()

    return acknowledging


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadInput(f"close: {text!r} is not a date; write it as 2026-01-01.") from error


def _report_publication(
    context: dg.OpExecutionContext, close_date: date, told: dict[str, Any]
) -> None:
    """Show the supplementary publication in the history of the asset, under its close."""
    partition = str(close_date)
    context.instance.add_dynamic_partitions(str(CLOSE_DATES.name), [partition])
    context.log_event(
        dg.AssetMaterialization(
            asset_key=PUBLISHED_INVOICES,
            partition=partition,
            metadata={"outcome": "supplementary publication", **told},
        )
    )

"""When Dagster closes by itself: once a day, if something is due.

Belongs here: the schedule's due check and its run requests. Does not belong here: closing.

The schedule asks the warehouse as it stands. It starts no run and adds no partition on a day on which nothing is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from orchestration.close_steps import pending_dates
from orchestration.dagster_graph.specs import CLOSE_DATES
from orchestration.errors import MeterhouseError
from orchestration.workspace import Workspace

# A quarter of an hour after the day's end in UTC, so that the last files of the day have arrived.
_CRON = "15 0 * * *"


def daily_close(ws: Workspace, job: dg.JobDefinition | object) -> dg.ScheduleDefinition:
    """The schedule `daily_close`; switched off until someone switches it on."""

    def due_runs(context: dg.ScheduleEvaluationContext) -> dg.SkipReason | dg.RunRequest:
        try:
            pending = dates_to_close(ws, context.scheduled_execution_time)
        except MeterhouseError as error:
            return dg.SkipReason(f"The due check could not look: {error}")
        if not pending:
            return dg.SkipReason("Nothing is due.")
        partitions = [str(due_date) for due_date in pending]
        context.instance.add_dynamic_partitions(str(CLOSE_DATES.name), partitions)
        # One run closes them all, in order: a run for a date closes earlier due dates first. It has no run key:
        # with one, a close that was refused today would not be tried tomorrow.
        return dg.RunRequest(partition_key=partitions[-1])

    return dg.ScheduleDefinition(
        name="daily_close",
        job=job,
        cron_schedule=_CRON,
        execution_timezone="UTC",
        execution_fn=due_runs,
        description="Close every billing date that is due by yesterday; skip the day if there is none.",
    )


def dates_to_close(ws: Workspace, now: datetime | None) -> Sequence[date]:
    """The billing dates that are due and have ended in UTC at the instant `now`, in order."""
    if not ws.warehouse_file.exists():
        return ()
    yesterday = (now or datetime.now(UTC)).astimezone(UTC).date() - timedelta(days=1)
    return pending_dates(ws, yesterday)

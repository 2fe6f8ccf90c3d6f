"""What happens when a run fails while nobody watches: it is written down, and somebody is told.

Belongs here: reading Dagster's events of a failed run. Does not belong here: the file and the notice
(`orchestration.failures`).

Nothing is tried again from here. What another try can mend is tried where it is known: a run waits for a busy
warehouse (`assets.writer_resource`), and files whose ingest failed are asked for again (`arrivals`).
"""

# No `from __future__ import annotations` here: Dagster reads the annotation of the context at run time.

from datetime import UTC, datetime

import dagster as dg

from orchestration.failures import Failure, notify, write_down
from orchestration.prepare import first_line
from orchestration.workspace import Workspace

_PARTITION_TAGS = (
    "dagster/partition",
    "dagster/asset_partition_range_start",
    "dagster/asset_partition_range_end",
)
# Dagster's name for a run of assets that somebody picked.
_PICKED = "__ASSET_JOB"


def record_failures(ws: Workspace) -> dg.SensorDefinition:
    """The sensor `record_failures`, switched on from the start."""

    @dg.run_failure_sensor(
        name="record_failures",
        minimum_interval_seconds=3,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Write a failed run down where `meterhouse doctor` looks, and run $METERHOUSE_ON_FAILURE.",
    )
    def record(context: dg.RunFailureSensorContext) -> None:
        failure = failure_of_run(context, datetime.now(UTC))
        write_down(ws, failure)
        problem = notify(failure)
        if problem:
            context.log.error(problem)

    return record


def failure_of_run(context: dg.RunFailureSensorContext, failed_at: datetime) -> Failure:
    """Who, what, when and why: the message is the error's own where an op raised it, else Dagster's."""
    run = context.dagster_run
    step, message = "", context.failure_event.message or "the run failed"
    # Before the first step, where a run waits for the warehouse, the error is the run's own.
    if (error := context.failure_event.job_failure_data.error) is not None:
        message = (error.cause or error).message
    for event in context.get_step_failure_events():
        data = event.step_failure_data
        step = event.step_key or ""
        if data.user_failure_data is not None and data.user_failure_data.description:
            message = data.user_failure_data.description
        elif data.error is not None:
            message = (data.error.cause or data.error).message
        break
    dates = {run.tags[tag] for tag in _PARTITION_TAGS if tag in run.tags}
    job = "a run of picked assets" if run.job_name.startswith(_PICKED) else run.job_name
    return Failure(failed_at, job, run.run_id, tuple(sorted(dates)), step, first_line(message))

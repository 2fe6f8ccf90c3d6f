"""When Dagster ingests by itself: as soon as new files lie in the landing folder.

Belongs here: the sensor that looks, and which files it asks for when. Does not belong here: reading them (`ingest`),
and what else the job does.

A look costs a walk through the folder; the warehouse is opened only when the folder is not as it was left.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence

import dagster as dg
import duckdb

from orchestration.errors import MeterhouseError
from orchestration.ingest.files import FoundFile, discover, known_files
from orchestration.texts import counted
from orchestration.warehouse import connect, lock_holder
from orchestration.workspace import Workspace

# Dagster's daemon comes round every five seconds; a minimum of five would let it miss every other round.
_LOOK_EVERY_SECONDS = 3
# A file that was written to a moment ago is still being written.
SETTLED_AFTER_SECONDS = 1.0
_FIRST_RETRY_SECONDS = 60
_LAST_RETRY_SECONDS = 3600
FOLDER_TAG = "meterhouse/landing_folder"


def new_usage(ws: Workspace, job: dg.JobDefinition | object) -> dg.SensorDefinition:
    """The sensor `new_usage`; switched off until someone switches it on."""

    def look(context: dg.SensorEvaluationContext) -> dg.SkipReason | dg.RunRequest:
        try:
            return _look(ws, context)
        except MeterhouseError as error:
            return dg.SkipReason(f"The landing folder could not be looked at: {error}")

    return dg.SensorDefinition(
        name="new_usage",
        job=job,
        evaluation_fn=look,
        minimum_interval_seconds=_LOOK_EVERY_SECONDS,
        description="Ingest the files of the landing folder that are not loaded yet, once they are written.",
    )


def _look(ws: Workspace, context: dg.SensorEvaluationContext) -> dg.SkipReason | dg.RunRequest:
    files = discover(ws.landing).files
    folder = folder_digest(files)
    if context.cursor == folder:
        return dg.SkipReason("Nothing new lies in the landing folder.")
    if growing_files(files, time.time()):
        # The next round is seconds away: look once more in this one.
        time.sleep(SETTLED_AFTER_SECONDS)
        files = discover(ws.landing).files
        if growing := growing_files(files, time.time()):
            return dg.SkipReason(f"{growing[0]} is still being written.")
        folder = folder_digest(files)
    holder = lock_holder(ws)
    if holder is not None:
        return dg.SkipReason(f"The warehouse is being written by {holder}.")
    waiting = _not_loaded(ws, files)
    if not waiting:
        context.update_cursor(folder)
        return dg.SkipReason("Every file of the landing folder is loaded.")
    return _asked_for(context, folder, waiting)


def folder_digest(files: Sequence[FoundFile]) -> str:
    """What tells one state of the landing folder from another: a hash of names, sizes and times."""
    listed = (f"{file.name}\0{file.stamp.byte_count}\0{file.stamp.modified_ns}" for file in files)
    return hashlib.sha256("\n".join(listed).encode()).hexdigest()[:32]


def growing_files(files: Sequence[FoundFile], now: float) -> list[str]:
    """The names of files written to within a second before `now` (seconds since 1970)."""
    return [
        file.name
        for file in files
        if 0 <= now - file.stamp.modified_ns / 1e9 < SETTLED_AFTER_SECONDS
    ]


def _not_loaded(ws: Workspace, files: Sequence[FoundFile]) -> list[str]:
    if not ws.warehouse_file.exists():
        return [file.name for file in files]
    with connect(ws, read_only=True) as con:
        try:
            known = known_files(con)
        except duckdb.CatalogException:
            # The first ingest makes the tables.
            known = {}
    return [file.name for file in files if (file.name, file.stamp) not in known]


def _asked_for(
    context: dg.SensorEvaluationContext, folder: str, waiting: Sequence[str]
) -> dg.SkipReason | dg.RunRequest:
    """Ask for a run, unless one was asked for the folder as it is; a failed one is asked for again after a while."""
    records = context.instance.get_run_records(dg.RunsFilter(tags={FOLDER_TAG: folder}))
    files = f"{counted(len(waiting), 'new file')} ({', '.join(waiting[:3])})"
    if records:
        last = records[0]
        if not last.dagster_run.is_finished:
            return dg.SkipReason(f"{files}: run {last.dagster_run.run_id} is asked for.")
        if last.dagster_run.is_success:
            context.update_cursor(folder)
            return dg.SkipReason(
                f"{files}: cannot be loaded; `meterhouse doctor` and the run's log say why."
            )
        left = retry_after_seconds(len(records)) - (time.time() - (last.end_time or 0.0))
        if left > 0:
            return dg.SkipReason(f"{files}: the run failed; it is tried again in {left:.0f} s.")
    return dg.RunRequest(run_key=f"{folder}-{len(records)}", tags={FOLDER_TAG: folder})


def retry_after_seconds(failures: int) -> int:
    """Seconds from the last of so many failed runs to the next: a minute, doubled each time, an hour at most.

    Example:
        >>> [retry_after_seconds(failures) for failures in (1, 2, 3, 7)]
        [60, 120, 240, 3600]
    """
    return min(_FIRST_RETRY_SECONDS * 2 ** (failures - 1), _LAST_RETRY_SECONDS)

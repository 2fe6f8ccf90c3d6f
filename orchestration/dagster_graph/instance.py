"""Dagster's home of a workspace, and running a close in this process with its history kept there.

Belongs here: making the home, the instance, and executing a partition of the job. Does not belong here: the job.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.dagster_graph.session import CloseSession
from orchestration.dagster_graph.specs import CLOSE_DATES, POOL
from orchestration.workspace import Workspace

_SETTINGS = Path(__file__).resolve().parents[1] / "dagster.yaml"
_SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def make_home(ws: Workspace) -> Path:
    """Make Dagster's home of `ws`, with the settings that keep it quiet, if it is not there.

    Settings that someone has edited are kept.
    """
    open_instance(ws).dispose()
    return ws.dagster_home


def open_instance(ws: Workspace) -> dg.DagsterInstance:
    """The instance whose history the UI of this workspace shows; its home is made if it is not there."""
    home = ws.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        shutil.copyfile(_SETTINGS, home / "dagster.yaml")
    instance = dg.DagsterInstance.from_config(str(home))
    # The queue takes a pool that it has never seen for one without a limit: of the first runs two would start at once.
    storage = instance.event_log_storage
    is_limited = bool(instance.global_op_concurrency_default_limit)
    if is_limited and POOL not in storage.get_concurrency_keys():
        storage.initialize_concurrency_limit_to_default(POOL)
    return instance


def run_partition(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    session: CloseSession,
    close_date: date,
    assets: Sequence[dg.AssetKey],
) -> None:
    """Run `job` for `close_date` in this process; `session` then holds the report.

    Args:
        job: the job `close`.
        instance: where its events are kept.
        session: the session its ops write to.
        close_date: the partition; its key is added if it is new.
        assets: the assets to make; the others of the job are taken as they are.

    Raises:
        The error that stopped an op, as the op raised it.
    """
    partition = str(close_date)
    instance.add_dynamic_partitions(str(CLOSE_DATES.name), [partition])
    result = job.execute_in_process(
        instance=instance,
        partition_key=partition,
        asset_selection=assets,
        run_config=_SILENT,
        raise_on_error=False,
    )
    if _is_interrupt(session.error):
        raise KeyboardInterrupt from session.error
    if session.error is not None:
        raise session.error
    if not result.success:
        messages = [event.message for event in result.all_events if event.is_failure]
        raise RuntimeError("; ".join(messages) or f"the Dagster run of {partition} failed")


def _is_interrupt(error: BaseException | None) -> bool:
    """True if it was the user who stopped the run: Dagster and DuckDB each make an error of their own of it."""
    return isinstance(error, dg.DagsterExecutionInterruptedError) or (
        isinstance(error, RuntimeError) and str(error) == "Query interrupted"
    )


def report_inputs(
    instance: dg.DagsterInstance, metadata_by_key: Mapping[dg.AssetKey, Mapping[str, Any]]
) -> None:
    """Record that inputs were read outside of a run: the command reads them before it knows what is due."""
    for key, metadata in metadata_by_key.items():
        instance.report_runless_asset_event(
            dg.AssetMaterialization(asset_key=key, metadata=metadata)
        )

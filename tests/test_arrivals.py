"""The sensor `new_usage`: which files it asks for, once, and when it waits. And how long a run waits for the warehouse.

Belongs here: single looks at a landing folder. Does not belong here: a daemon that looks again and again
(`test_daemon`), and what an ingest does with the files.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from orchestration.dagster_graph import arrivals, assets
from orchestration.errors import Busy
from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.small_company import small_company  # noqa: F401  a fixture
from tests.test_doctor import HOLD


@pytest.fixture
def ws(small_company: ClosedCompany, tmp_path: Path) -> Workspace:  # noqa: F811
    """A copy of the small company, whose one file is loaded."""
    return small_company.copy(tmp_path).workspace


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def new_file(ws: Workspace, age_seconds: float = 60) -> None:
    file = ws.landing / "more.jsonl"
    file.write_text("{}\n", encoding="utf-8")
    at = time.time() - age_seconds
    os.utime(file, (at, at))


def look(
    ws: Workspace, instance: dg.DagsterInstance, cursor: str | None = None
) -> tuple[str, dg.RunRequest | None, str | None]:
    """One look: why no run is asked for, the run that is, and what the sensor remembers."""
    sensor = arrivals.new_usage(ws, dg.define_asset_job("ingest"))
    found = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=cursor))
    requests = found.run_requests or [None]
    return found.skip_message or "", requests[0], found.cursor


@dg.op
def may_fail(context) -> None:
    if context.run.tags["ends"] == "badly":
        raise ValueError("it broke")


@dg.job(executor_def=dg.in_process_executor)
def ingest() -> None:
    may_fail()


def run_asked_for(instance: dg.DagsterInstance, request: dg.RunRequest, ends: str) -> None:
    ingest.execute_in_process(
        instance=instance,
        tags={**request.tags, "ends": ends},
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )


@contextmanager
def other_writer(ws: Workspace, seconds: float | None = None) -> Iterator[int]:
    """Another process that writes the warehouse; its id."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(ws.warehouse.parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "held\n"
        if seconds is not None:
            threading.Timer(seconds, writer.kill).start()
        yield writer.pid
        writer.kill()


def test_a_folder_whose_files_are_loaded_is_looked_up_once(
    ws: Workspace, instance: dg.DagsterInstance
) -> None:
    said, request, cursor = look(ws, instance)
    assert (said, request) == ("Every file of the landing folder is loaded.", None)
    with other_writer(ws):
        assert look(ws, instance, cursor)[0] == "Nothing new lies in the landing folder."


def test_a_new_file_is_asked_for_once_it_is_written(
    ws: Workspace, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = look(ws, instance)[2]
    monkeypatch.setattr(arrivals.time, "sleep", lambda _: new_file(ws, age_seconds=0))
    new_file(ws, age_seconds=0)
    assert look(ws, instance, cursor)[0] == "more.jsonl is still being written."
    # It grows no more: the second look of the same round finds it so.
    monkeypatch.setattr(arrivals.time, "sleep", lambda _: new_file(ws))
    new_file(ws, age_seconds=0)
    request = look(ws, instance, cursor)[1]
    assert request is not None
    # Another daemon's look at the same folder asks for the same run.
    assert look(ws, instance)[1] == request


def test_nothing_is_asked_for_while_somebody_writes_the_warehouse(
    ws: Workspace, instance: dg.DagsterInstance
) -> None:
    new_file(ws)
    with other_writer(ws) as pid:
        said, request, _ = look(ws, instance)
        assert said.startswith(f"The warehouse is being written by process {pid} (close) since ")
        assert request is None
    assert look(ws, instance)[1] is not None


def test_without_warehouse_or_folder_it_says_what_is_missing(
    ws: Workspace, instance: dg.DagsterInstance
) -> None:
    ws.warehouse_file.unlink()
    assert look(ws, instance)[1] is not None
    shutil.rmtree(ws.landing)
    said, request, _ = look(ws, instance)
    assert "there is no such landing folder" in said
    assert request is None


def test_a_failed_run_is_asked_for_again_after_a_while_and_other_files_at_once(
    ws: Workspace, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_file(ws)
    first = look(ws, instance)[1]
    assert first is not None
    run_asked_for(instance, first, "badly")
    said, request, _ = look(ws, instance)
    assert "the run failed; it is tried again in " in said
    assert request is None

    now = time.time()
    monkeypatch.setattr(arrivals.time, "time", lambda: now + arrivals.retry_after_seconds(1))
    second = look(ws, instance)[1]
    assert second is not None
    assert second.run_key != first.run_key
    run_asked_for(instance, second, "badly")
    assert "it is tried again in " in look(ws, instance)[0]

    (ws.landing / "other.jsonl").write_text("{}\n", encoding="utf-8")
    os.utime(ws.landing / "other.jsonl", (1, 1))
    other = look(ws, instance)[1]
    assert other is not None
    assert other.tags != first.tags


def test_files_that_a_good_run_could_not_load_are_not_asked_for_again(
    ws: Workspace, instance: dg.DagsterInstance
) -> None:
    new_file(ws)
    request = look(ws, instance)[1]
    assert request is not None
    run_asked_for(instance, request, "well")
    said, request, cursor = look(ws, instance)
    assert "cannot be loaded" in said
    assert request is None
    assert look(ws, instance, cursor)[0] == "Nothing new lies in the landing folder."


def test_a_run_waits_for_a_busy_warehouse_and_gives_up_in_the_end(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METERHOUSE_LOCK_WAIT", "0.2")
    writer = {"writer": assets.writer_resource(ws)}
    with other_writer(ws, seconds=1), dg.build_resources(writer):
        pass
    monkeypatch.setattr(assets, "BUSY_ATTEMPTS", 2)
    with other_writer(ws) as pid:
        with pytest.raises(dg.DagsterResourceFunctionError) as failed:
            with dg.build_resources(writer):
                pass
    assert isinstance(failed.value.__cause__, Busy)
    assert f"process {pid} (close)" in str(failed.value.__cause__)
    # What it held on the way is free again.
    with other_writer(ws):
        pass

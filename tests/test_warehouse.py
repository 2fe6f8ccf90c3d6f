"""The warehouse file and its writer lock: who waits for whom, for how long, and what they are told.

Belongs here: two processes and one file. Does not belong here: what is written.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestration.errors import BadInput
from orchestration.warehouse import connect, wait_seconds, writer_lock
from orchestration.workspace import REPO, Workspace

HOLD_LOCK = """
from orchestration.warehouse import writer_lock
with writer_lock(ws, "close"):
    hold()
"""
HOLD_FILE = """
import duckdb
ws.warehouse.mkdir(exist_ok=True)
con = duckdb.connect(str(ws.warehouse_file))
hold()
"""
PROLOGUE = """
import sys
from orchestration.workspace import Workspace
ws = Workspace.resolve(warehouse=sys.argv[1])
def hold():
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return Workspace.resolve(warehouse=tmp_path / "warehouse")


@contextmanager
def another_process(ws: Workspace, code: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs `code` up to `hold()`; it goes on, and ends, when a line is written to it."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROLOGUE + code, str(ws.warehouse)],
        cwd=REPO,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def let_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_connection_is_utc_and_closed_afterwards(ws: Workspace) -> None:
    with connect(ws) as con:
        ((zone, instant),) = con.execute(
            "select current_setting('TimeZone'), cast(timestamptz '2026-01-01 00:00:00+02' as text)"
        ).fetchall()
    assert (zone, instant) == ("UTC", "2025-12-31 22:00:00+00")
    with another_process(ws, HOLD_FILE):
        pass


def test_nobody_is_made_to_download(ws: Workspace) -> None:
    with connect(ws) as con:
        ((value,),) = con.execute(
            "select current_setting('autoinstall_known_extensions')"
        ).fetchall()
    assert value is False


def test_reading_a_warehouse_that_is_not_there(ws: Workspace) -> None:
    with pytest.raises(BadInput, match="there is no warehouse yet; run `meterhouse init`"):
        with connect(ws, read_only=True):
            pass
    assert not ws.warehouse.exists()


def test_a_file_that_is_no_warehouse(ws: Workspace) -> None:
    ws.warehouse.mkdir()
    ws.warehouse_file.write_text("invoices\n" * 1000)
    with pytest.raises(BadInput, match=r"warehouse\.duckdb: the warehouse cannot be opened"):
        with connect(ws):
            pass


def test_a_folder_that_cannot_be_made(ws: Workspace) -> None:
    ws.warehouse.write_text("a file stands here")
    with pytest.raises(BadInput, match="the warehouse folder cannot be made"):
        with connect(ws):
            pass
    with pytest.raises(BadInput, match="the warehouse folder cannot be made"):
        with writer_lock(ws, "close"):
            pass


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_another_program_holds(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch, *, read_only: bool
) -> None:
    monkeypatch.setenv("METERHOUSE_LOCK_WAIT", "0.3")
    with another_process(ws, HOLD_FILE) as holder:
        started = time.monotonic()
        with pytest.raises(BadInput) as refused, connect(ws, read_only=read_only):
            pass
        waited = time.monotonic() - started
    message = str(refused.value)
    assert f"held by process {holder.pid} (python" in message
    assert "close that program or wait" in message
    assert "\n" not in message
    assert 0.3 <= waited < 5


def test_a_file_that_is_let_go_in_time(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERHOUSE_LOCK_WAIT", "20")
    with another_process(ws, HOLD_FILE) as holder:
        timer = threading.Timer(0.3, let_go, [holder])
        timer.start()
        with connect(ws) as con:
            assert con.execute("select 1").fetchall() == [(1,)]
        timer.join()


def test_a_second_writer_is_told_who_holds_the_lock(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METERHOUSE_LOCK_WAIT", "0.3")
    with another_process(ws, HOLD_LOCK) as holder:
        started = time.monotonic()
        with pytest.raises(BadInput) as refused, writer_lock(ws, "ingest"):
            pass
        assert 0.3 <= time.monotonic() - started < 5
    message = str(refused.value)
    assert f"process {holder.pid} (close) since 2" in message
    assert "UTC, " in message
    assert "waited 0.3 s" in message
    assert "\n" not in message


def test_a_second_writer_goes_on_when_the_first_is_done(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METERHOUSE_LOCK_WAIT", "20")
    with another_process(ws, HOLD_LOCK) as holder:
        timer = threading.Timer(0.3, let_go, [holder])
        timer.start()
        with writer_lock(ws, "ingest"):
            holder.wait(timeout=10)
            assert holder.returncode == 0
        timer.join()


def test_the_lock_of_a_killed_process_is_free(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METERHOUSE_LOCK_WAIT", "0")
    with another_process(ws, HOLD_LOCK) as holder:
        holder.kill()
        holder.wait()
        sidecar = json.loads((ws.warehouse / "warehouse.lock.json").read_text())
        assert sidecar["pid"] == holder.pid
        with writer_lock(ws, "ingest"):
            sidecar = json.loads((ws.warehouse / "warehouse.lock.json").read_text())
            assert (sidecar["pid"], sidecar["purpose"]) == (os.getpid(), "ingest")
    assert not (ws.warehouse / "warehouse.lock.json").exists()


def test_a_killed_process_leaves_no_name_behind(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sidecar of a dead writer must not be blamed on whoever holds the file now."""
    monkeypatch.setenv("METERHOUSE_LOCK_WAIT", "0.2")
    with another_process(ws, HOLD_LOCK) as dead:
        dead.kill()
        dead.wait()
    with another_process(ws, HOLD_FILE) as holder:
        with pytest.raises(BadInput) as refused, connect(ws):
            pass
    assert f"process {holder.pid} (python" in str(refused.value)
    assert str(dead.pid) not in str(refused.value).replace(str(holder.pid), "")


def test_the_lock_is_reentrant(ws: Workspace) -> None:
    sidecar = ws.warehouse / "warehouse.lock.json"
    with writer_lock(ws, "close"):
        with writer_lock(ws, "ingest"):
            assert json.loads(sidecar.read_text())["purpose"] == "close"
        assert sidecar.exists()
        other_thread: list[bool] = []
        thread = threading.Thread(target=lambda: other_thread.append(_locks(ws)))
        thread.start()
        thread.join()
        assert other_thread == [True]
    assert not sidecar.exists()


def _locks(ws: Workspace) -> bool:
    with writer_lock(ws, "ingest"):
        return True


def test_the_lock_is_released_when_the_work_fails(ws: Workspace) -> None:
    with pytest.raises(ValueError, match="no"), writer_lock(ws, "close"):
        raise ValueError("no")
    with another_process(ws, HOLD_LOCK):
        pass


def test_two_workspaces_do_not_wait_for_each_other(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METERHOUSE_LOCK_WAIT", "0")
    with another_process(ws, HOLD_LOCK):
        with writer_lock(Workspace.resolve(warehouse=tmp_path / "other"), "close"):
            pass


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "1s"])
def test_a_wait_that_is_no_number_of_seconds(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERHOUSE_LOCK_WAIT", text)
    with pytest.raises(BadInput, match=f"METERHOUSE_LOCK_WAIT is '{text}'"):
        wait_seconds()


@pytest.mark.parametrize(("text", "seconds"), [("", 30.0), ("0", 0.0), ("2.5", 2.5)])
def test_a_wait_in_seconds(text: str, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERHOUSE_LOCK_WAIT", text)
    assert wait_seconds() == seconds

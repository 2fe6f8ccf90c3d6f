"""The warehouse file: who may open it, and for how long another process is waited for.

Belongs here: DuckDB connections, the writer lock, and the message that names the holder of either. Does not belong
here: what stands in the file (`migrate`) and where it lies (`workspace`).

DuckDB locks its file for one process at a time, but dbt opens and closes it several times in a close. So that two
closes cannot interleave in the gaps, every writing command holds `Workspace.lock_file` from its first look at the
warehouse to its last write. The kernel drops that lock with the process: a killed close leaves nothing to clean up.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from orchestration.errors import BadInput, Busy
from orchestration.workspace import Workspace

DEFAULT_WAIT_SECONDS = 30.0
# The name by which a scratch warehouse knows the one whose inputs it reads.
PRODUCTION = "production"
_POLL_SECONDS = 0.1
_HOLDER_IN_MESSAGE = re.compile(r"lock is held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")


@dataclass
class _Held:
    lock: FileLock
    depth: int


# Keyed by process too: a forked child inherits this dict, but must ask the kernel for the lock itself.
_held: dict[tuple[int, Path], _Held] = {}
_held_guard = threading.RLock()


def wait_seconds() -> float:
    """Seconds for which a busy warehouse is waited for: `$METERHOUSE_LOCK_WAIT`, else 30.

    Raises:
        BadInput: the variable is not a number of seconds, zero or more.
    """
    text = os.environ.get("METERHOUSE_LOCK_WAIT", "").strip()
    if not text:
        return DEFAULT_WAIT_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    # `not >=` refuses NaN as well, which compares false with everything.
    if not seconds >= 0:
        raise BadInput(f"METERHOUSE_LOCK_WAIT is {text!r}; give a number of seconds, 0 or more.")
    return seconds


@contextmanager
def connect(ws: Workspace, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse; the session's time zone is UTC. The connection is closed at the end of the `with` block.

    A scratch warehouse has the one that it reads attached, read-only, under the name `PRODUCTION`.

    Args:
        ws: the workspace; its warehouse folder and file are made when they are missing and `read_only` is false.
        read_only: other processes may read at the same time, and the file must be there.

    Raises:
        Busy: another process holds the file for longer than `wait_seconds()`.
        BadInput: the file is missing (`read_only`), or it is not a DuckDB file.

    Example:
        >>> with connect(ws, read_only=True) as con:  # doctest: +SKIP
        ...     con.execute("select count(*) from finance.invoices").fetchone()
    """
    con = _open(ws, read_only)
    try:
        con.execute("set TimeZone = 'UTC'")
        # An unknown function must fail here, not start a download.
        con.execute("set autoinstall_known_extensions = false")
        if ws.production is not None:
            _attach(con, ws.production)
        yield con
    finally:
        con.close()


def _open(ws: Workspace, read_only: bool) -> duckdb.DuckDBPyConnection:
    file = ws.warehouse_file
    if read_only and not file.exists():
        raise BadInput(f"{file}: there is no warehouse yet; run `meterhouse init` to make it.")
    _make_folder(ws)
    deadline = time.monotonic() + wait_seconds()
    while True:
        try:
            return duckdb.connect(str(file), read_only=read_only)
        except duckdb.IOException as error:
            if "lock" not in str(error):
                raise BadInput(_unreadable(file, error)) from error
            if time.monotonic() >= deadline:
                raise Busy(_file_is_held(file, _read_sidecar(ws), str(error))) from error
        time.sleep(_POLL_SECONDS)


def _attach(con: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Attach `file` to read it; another program that writes it is waited for like one that holds the warehouse."""
    deadline = time.monotonic() + wait_seconds()
    name = str(file).replace("'", "''")
    while True:
        try:
            con.execute(f"attach if not exists '{name}' as {PRODUCTION} (read_only)")
            return
        except duckdb.IOException as error:
            if "lock" not in str(error):
                raise BadInput(_unreadable(file, error)) from error
            if time.monotonic() >= deadline:
                raise Busy(_file_is_held(file, None, str(error))) from error
        time.sleep(_POLL_SECONDS)


def _make_folder(ws: Workspace) -> None:
    try:
        ws.warehouse.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"{ws.warehouse}: the warehouse folder cannot be made ({error.strerror}); "
            "give another with --warehouse."
        ) from error


def _unreadable(file: Path, error: duckdb.Error) -> str:
    reason = str(error).splitlines()[0]
    return f"{file}: the warehouse cannot be opened ({reason}); restore the file or give another folder."


def _file_is_held(file: Path, sidecar: Holder | None, message: str) -> str:
    match = _HOLDER_IN_MESSAGE.search(message)
    if match is None:
        holder = "another process"
    else:
        holder = f"process {match['pid']} ({Path(match['program']).name})"
        if sidecar and sidecar.pid == int(match["pid"]):
            holder = sidecar.sentence()
    return (
        f"{file}: the file is held by {holder}; "
        "close that program or wait for it, then run the command again."
    )


@dataclass(frozen=True)
class Holder:
    """Who holds the writer lock, as its sidecar file tells: `since` is UTC."""

    pid: int
    purpose: str
    since: datetime

    def sentence(self) -> str:
        """For example `process 4242 (close) since 2026-01-02 00:10:00 UTC, 3 min ago`."""
        age_seconds = max(0.0, (datetime.now(UTC) - self.since).total_seconds())
        age = f"{age_seconds:.0f} s" if age_seconds < 120 else f"{age_seconds / 60:.0f} min"
        since = self.since.strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"process {self.pid} ({self.purpose}) since {since}, {age} ago"


def _sidecar(ws: Workspace) -> Path:
    return ws.lock_file.with_suffix(".lock.json")


def _read_sidecar(ws: Workspace) -> Holder | None:
    # A sidecar of a killed process, or one half written, is a hint that is missing, not an error.
    try:
        read = json.loads(_sidecar(ws).read_text(encoding="utf-8"))
        since = datetime.fromisoformat(read["since"])
        return Holder(int(read["pid"]), str(read["purpose"]), since)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_sidecar(ws: Workspace, purpose: str) -> None:
    content = {"pid": os.getpid(), "purpose": purpose, "since": datetime.now(UTC).isoformat()}
    temporary = _sidecar(ws).with_suffix(".tmp")
    temporary.write_text(json.dumps(content) + "\n", encoding="utf-8")
    temporary.replace(_sidecar(ws))


@contextmanager
def writer_lock(ws: Workspace, purpose: str) -> Iterator[None]:
    """Hold the warehouse for writing. Re-entrant in one process: a close may call ingest, which locks again.

    Args:
        ws: the workspace whose warehouse is written.
        purpose: one or two words for whoever has to wait, such as `close` or `ingest`.

    Raises:
        Busy: another process holds the lock for longer than `wait_seconds()`; names it, its purpose and age.

    Example:
        >>> with writer_lock(ws, "ingest"), connect(ws) as con:  # doctest: +SKIP
        ...     con.execute("insert into landing.batches values (1, 0, 0)")
    """
    key = (os.getpid(), ws.lock_file)
    with _held_guard:
        held = _held.get(key)
        if held is None:
            held = _held[key] = _Held(_acquire(ws), 0)
            _write_sidecar(ws, purpose)
        held.depth += 1
    try:
        yield
    finally:
        with _held_guard:
            held.depth -= 1
            if held.depth == 0:
                del _held[key]
                # Before the release: afterwards the sidecar may already be another process's.
                _sidecar(ws).unlink(missing_ok=True)
                held.lock.release()


def lock_holder(ws: Workspace) -> str | None:
    """Who writes the warehouse now, as a person says it; None if nobody does. Nobody is waited for.

    A lock file that a killed process left behind is nobody's: the kernel dropped the lock with the process.
    """
    if not ws.lock_file.exists():
        return None
    lock = FileLock(ws.lock_file, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = _read_sidecar(ws)
        return holder.sentence() if holder else "another process"
    lock.release()
    return None


def _acquire(ws: Workspace) -> FileLock:
    _make_folder(ws)
    lock = FileLock(ws.lock_file, thread_local=False, poll_interval=_POLL_SECONDS)
    wait = wait_seconds()
    try:
        lock.acquire(timeout=wait)
    except Timeout as error:
        holder = _read_sidecar(ws)
        raise Busy(
            f"{ws.warehouse}: the warehouse is being written by "
            f"{holder.sentence() if holder else 'another process'}; waited {wait:g} s; "
            "let it end or stop it, then run the command again."
        ) from error
    return lock

"""What a workspace's doctor looks at: environment, folders, lock, catalog, warehouse, usage, closes, published files.

Belongs here: looking, and naming the mend. Does not belong here: mending anything, and how it is shown (`look.doctor`).
While another process holds the warehouse, what stands in it is not looked at: nobody is kept waiting.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import metadata

import duckdb

from orchestration.accounting_locks import locked_months, recorded_locks
from orchestration.acknowledgements import open_warnings
from orchestration.catalog import check_catalog
from orchestration.catalog.findings import ERROR
from orchestration.close_run import due_dates
from orchestration.errors import MeterhouseError
from orchestration.failures import failures_file, written_down
from orchestration.holds.groups import ACTIVE_HOLDS
from orchestration.ingest.files import discover, known_files
from orchestration.migrate import missing_objects
from orchestration.publish.damage import damaged_files
from orchestration.publish.finance_db import FILE_NAME
from orchestration.publish.sync import refuse_foreign_folder
from orchestration.texts import counted
from orchestration.warehouse import connect, lock_holder, writer_lock
from orchestration.workspace import REPO, Workspace

OK, WARNING, BAD = "ok", "warning", "error"
PYTHONS = ("3.11", "3.12")
_LOCK_FILE = REPO / "requirements.lock"
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)", re.MULTILINE)
# A close writes its drafts anew, and publication copies them: so much is wanted beside the file.
_SPACE_WANTED = 2
# Usage that is not sent every day is sent by the next.
_STALE_AFTER = timedelta(days=2)


@dataclass(frozen=True)
class Sign:
    """One thing looked at: `state` is ok, warning or error; `mend` says what to do, and is empty where all is well."""

    subject: str
    state: str
    text: str
    mend: str = ""


def signs(ws: Workspace, now: datetime | None = None) -> list[Sign]:
    """Everything that is to be said of `ws`, in the order of the pipeline.

    Args:
        ws: the workspace; nothing in it is changed but the record of what a due check looked at.
        now: UTC; dates that end before it may be due.
    """
    now = now or datetime.now(UTC)
    found = [*_environment(), *_folders(ws)]
    holder = lock_holder(ws)
    if holder is not None:
        found.append(
            Sign(
                "lock",
                WARNING,
                f"the warehouse is being written by {holder}",
                "wait for it, then look again",
            )
        )
        return found
    found.append(Sign("lock", OK, "nobody writes the warehouse"))
    found += _told("catalog", _catalog, ws, now)
    found += _told("warehouse", _warehouse, ws, now)
    return found


Look = Callable[[Workspace, datetime], Iterator[Sign]]


def _told(subject: str, look: Look, ws: Workspace, now: datetime) -> list[Sign]:
    """What `look` finds; an error that names its mend is a finding too."""
    try:
        return list(look(ws, now))
    except (MeterhouseError, duckdb.Error) as error:
        return [Sign(subject, BAD, str(error).splitlines()[0])]


def _environment() -> Iterator[Sign]:
    version = platform.python_version()
    is_known = version.rpartition(".")[0] in PYTHONS
    yield Sign(
        "python",
        OK if is_known else BAD,
        version,
        "" if is_known else f"make the environment anew with Python {' or '.join(PYTHONS)}",
    )
    # A package may be pinned once for each version of Python.
    pinned: dict[str, list[str]] = {}
    for name, pin in _PINNED.findall(_LOCK_FILE.read_text(encoding="utf-8")):
        pinned.setdefault(name, []).append(pin)
    installed = {name: _version_of(name) for name in pinned}
    others = [
        f"{name} {installed[name]} (pinned: {' or '.join(pins)})"
        for name, pins in pinned.items()
        if installed[name] is not None and installed[name] not in pins
    ]
    count = sum(one is not None for one in installed.values())
    if others:
        shown = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
        yield Sign(
            "packages",
            WARNING,
            f"not as pinned: {shown}",
            "run `make clean`, then `make lint`, to install them",
        )
    else:
        yield Sign("packages", OK, f"{count} installed, all as pinned")


def _version_of(name: str) -> str | None:
    # What is pinned for another platform is not installed.
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _folders(ws: Workspace) -> Iterator[Sign]:
    for name, folder, is_written in (
        ("catalog", ws.catalog, False),
        ("landing", ws.landing, False),
        ("warehouse", ws.warehouse, True),
        ("published", ws.published, True),
    ):
        if not folder.is_dir():
            # What is written is made by whoever writes it first.
            state, mend = (
                (OK, "") if is_written else (BAD, f"create it, or give another with --{name}")
            )
            yield Sign(name, state, f"{folder} is not there{' yet' if is_written else ''}", mend)
            continue
        access = os.R_OK | os.X_OK | (os.W_OK if is_written else 0)
        if not os.access(folder, access):
            yield Sign(
                name,
                BAD,
                f"{folder} may not be {'written' if is_written else 'read'}",
                "change its access rights",
            )
    yield from _space(ws)


def _space(ws: Workspace) -> Iterator[Sign]:
    folder = next(one for one in (ws.warehouse, *ws.warehouse.parents) if one.exists())
    free = shutil.disk_usage(folder).free
    size = ws.warehouse_file.stat().st_size if ws.warehouse_file.exists() else 0
    text = f"{free / 1e9:,.1f} GB free, the warehouse has {size / 1e9:,.1f} GB"
    if free < _SPACE_WANTED * size:
        yield Sign(
            "space",
            WARNING,
            text,
            f"make room: {_SPACE_WANTED} times its size is wanted for a close",
        )
    else:
        yield Sign("space", OK, text)


def _catalog(ws: Workspace, now: datetime) -> Iterator[Sign]:
    if not ws.catalog.is_dir():
        return
    found = check_catalog(ws)
    errors = sum(one.severity == ERROR for one in found)
    if errors:
        yield Sign(
            "catalog",
            BAD,
            counted(errors, "error"),
            "`meterhouse catalog check` names file, row and mend",
        )
    elif found:
        yield Sign(
            "catalog", WARNING, counted(len(found), "warning"), "see `meterhouse catalog check`"
        )
    else:
        yield Sign("catalog", OK, "can be loaded")


def _warehouse(ws: Workspace, now: datetime) -> Iterator[Sign]:
    if not ws.warehouse_file.exists():
        yield Sign("warehouse", OK, "nothing is loaded yet", "")
        return
    # The due check writes down what it looks at.
    with writer_lock(ws, "doctor"), connect(ws) as con:
        missing = missing_objects(con)
        if missing:
            names = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
            yield Sign(
                "warehouse",
                WARNING,
                f"it is of an older release: {counted(len(missing), 'object')} missing ({names})",
                "`meterhouse init` adds them, and so does the next close",
            )
            return
        yield Sign("warehouse", OK, "has all that this release needs")
        yield from _usage(ws, con, now)
        yield from _closes(con, now)
        yield from _holds(con)
        yield from _warnings(con)
        yield from _failures(ws, con, now)
        yield from _published(ws, con)


def _usage(ws: Workspace, con: duckdb.DuckDBPyConnection, now: datetime) -> Iterator[Sign]:
    if not ws.landing.is_dir():
        return
    landing = discover(ws.landing)
    known = known_files(con)
    pending = [file.name for file in landing.files if (file.name, file.stamp) not in known]
    for problem in landing.problems:
        yield Sign("usage", WARNING, f"{problem.file}: {problem.reason}", problem.mend)
    if pending:
        names = ", ".join(pending[:3]) + (", ..." if len(pending) > 3 else "")
        yield Sign(
            "usage",
            WARNING,
            f"{counted(len(pending), 'file')} not loaded yet ({names})",
            "`meterhouse ingest` loads them, and so does the next close",
        )
    (newest,) = con.execute("select max(modified_at) from landing.files").fetchone() or (None,)
    if newest is None:
        yield Sign("freshness", WARNING, "no usage is loaded", f"put usage files into {ws.landing}")
        return
    age = now.replace(tzinfo=None) - newest
    text = f"the newest file that is loaded was written {_days(age)} ago"
    (last_event,) = con.execute("select max(event_at) from landing.fct_events").fetchone() or (
        None,
    )
    if last_event is not None:
        text += f"; its last event is of {last_event:%Y-%m-%d %H:%M} UTC"
    if age > _STALE_AFTER and not pending:
        mend = f"find out why no usage reaches {ws.landing}"
        yield Sign("freshness", WARNING, text, mend)
    else:
        yield Sign("freshness", OK, text)


def _failures(ws: Workspace, con: duckdb.DuckDBPyConnection, now: datetime) -> Iterator[Sign]:
    """The last run of each job that failed in Dagster, until its dates are closed or inputs are read once more."""
    published = {
        str(day) for (day,) in con.execute("select close_date from issued.publications").fetchall()
    }
    (loaded_at,) = con.execute("select max(loaded_at) from control.catalog_loads").fetchone() or (
        None,
    )
    last_of_job = {failure.job: failure for failure in written_down(ws)}
    for failure in last_of_job.values():
        failed_at = failure.failed_at.astimezone(UTC).replace(tzinfo=None)
        is_read_since = loaded_at is not None and loaded_at > failed_at
        is_mended = (
            published.issuperset(failure.close_dates) if failure.close_dates else is_read_since
        )
        if not is_mended:
            yield Sign(
                "runs",
                WARNING,
                failure.sentence(),
                f"mend what it says and run it again; {failures_file(ws)} has all that failed",
            )


def _closes(con: duckdb.DuckDBPyConnection, now: datetime) -> Iterator[Sign]:
    failed = con.execute(
        "select close_date, status, message from control.closes where status <> 'published' order by close_date"
    ).fetchall()
    for close_date, status, message in failed:
        yield Sign(
            "closes",
            BAD,
            f"{close_date} is {status}: {message or 'its process ended before it did'}",
            f"mend what it says, then `meterhouse close --through {close_date}`",
        )
    (last,) = con.execute("select max(close_date) from issued.publications").fetchone() or (None,)
    if last is None:
        yield Sign("closes", OK, "nothing is closed yet")
        return
    yesterday = now.date() - timedelta(days=1)
    due = due_dates(con, yesterday)
    locked = locked_months(recorded_locks(con))
    barred = [day for day in due if day.replace(day=1) in locked]
    if barred:
        yield Sign(
            "locks",
            WARNING,
            f"{barred[0]} is due and not closed, and {barred[0]:%Y-%m} is locked: no close goes past it",
            f"`meterhouse unlock-month {barred[0]:%Y-%m} --by NAME --reason TEXT`, close, and lock it again",
        )
    elif locked:
        yield Sign(
            "locks", OK, f"{counted(len(locked), 'month')} locked, the last {max(locked):%Y-%m}"
        )
    if due:
        shown = ", ".join(map(str, due[:3])) + (", ..." if len(due) > 3 else "")
        yield Sign(
            "closes",
            WARNING,
            f"{counted(len(due), 'date')} due and not closed: {shown}",
            f"`meterhouse close --through {due[-1]}`",
        )
    else:
        yield Sign("closes", OK, f"nothing is due by {yesterday}; the last close is of {last}")


def _holds(con: duckdb.DuckDBPyConnection) -> Iterator[Sign]:
    ((count, since),) = con.execute(
        f"select count(*), min(close_date) from {ACTIVE_HOLDS} as holds"
    ).fetchall()
    if count:
        yield Sign(
            "holds",
            WARNING,
            f"{counted(count, 'document')} held, the oldest since the close of {since}",
            "`meterhouse holds` lists them, to release or discard",
        )
    else:
        yield Sign("holds", OK, "no document is held")


def _warnings(con: duckdb.DuckDBPyConnection) -> Iterator[Sign]:
    warnings = open_warnings(con)
    if warnings:
        first = warnings[0]
        yield Sign(
            "checks",
            WARNING,
            f"{counted(len(warnings), 'warning')} not acknowledged, the first {first.check_name} of {first.close_date}",
            f"look with `meterhouse checks {first.close_date}`, then `meterhouse acknowledge {first.check_name}"
            " --by NAME --reason TEXT`",
        )
    else:
        yield Sign("checks", OK, "no warning waits")


def _published(ws: Workspace, con: duckdb.DuckDBPyConnection) -> Iterator[Sign]:
    if damaged := damaged_files(con, ws.published):
        names = ", ".join(damaged[:3]) + (", ..." if len(damaged) > 3 else "")
        yield Sign(
            "published",
            BAD,
            f"{counted(len(damaged), 'file')} not as published ({names})",
            "delete what is named; the next close, or the same one again, writes it anew",
        )
    (count,) = con.execute("select count(*) from issued.publications").fetchone() or (0,)
    held = refuse_foreign_folder(ws, con)
    if len(held or ()) == count:
        yield Sign("published", OK, f"{FILE_NAME} shows all {counted(count, 'publication')}")
    else:
        yield Sign(
            "published",
            WARNING,
            f"{FILE_NAME} shows {len(held or ())} of {counted(count, 'publication')}",
            "the next close, or the same one again, writes what is missing",
        )


def _days(age: timedelta) -> str:
    hours = max(age, timedelta()) // timedelta(hours=1)
    return counted(hours, "hour") if hours < 48 else counted(hours // 24, "day")

"""dbt's statements once more, without dbt: what it did for the first company of a test run is repeated for the others.

Belongs here: recording the SQL of an invocation of dbt, and running it in another warehouse. Does not belong here: the
product, in which every close is an invocation of dbt; `test_replayed_dbt` holds that both give the same rows.

No model, test or macro of the project looks at data, dates or folders while it compiles (what runs stands in the table
`control.run`), so that the statements follow from dbt's arguments and from the relations it finds. Four fifths of the
close of a small company are dbt's own work around them: contexts, events, artifacts.
"""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb

from orchestration import dbt_runner
from orchestration.dbt_runner import DbtResult
from orchestration.workspace import DBT_PROJECT

_MANIFEST = "manifest.json"
_COMMENT = re.compile(r"^\s*/\*.*?\*/\s*", re.DOTALL)
# What dbt does about its connection, and what it asks of the database: nothing is built by these.
_BUILDS_NOTHING = re.compile(r"\s*(begin|commit|rollback|select|describe)\b", re.IGNORECASE)
_OF_A_TEST = re.compile(r'"node_id": "test\.')

# dbt's arguments but for the workspace's folders; and the relations that stand in the warehouse: schema, name, kind.
State = tuple[tuple[str, ...], frozenset[tuple[str, str, str]]]
Invoke = Callable[[list[str]], DbtResult]


@dataclass(frozen=True)
class Recording:
    """An invocation in which all was well: its statements, each after those it depends on, and its result.

    `manifest` is what it wrote as such; None if it was told not to.
    """

    statements: Sequence[str]
    result: DbtResult
    manifest: bytes | None


class ReplayedDbt:
    """Has dbt do what it has not done before in this process, and repeats what it has."""

    def __init__(self) -> None:
        self._recordings: dict[State, Recording] = {}
        self._folder: Path | None = None
        # While invocations are repeated: a connection that nobody uses.
        self._held = duckdb.connect()
        self.repeated = 0

    def share(self, folder: Path) -> None:
        """Let what dbt did in one worker of a test run be repeated in the others; they have the folder in common."""
        folder.mkdir(exist_ok=True)
        self._folder = folder

    @contextmanager
    def recording(self) -> Iterator[None]:
        """A context in which dbt does everything itself, and what it does can be repeated afterwards."""
        invoke = dbt_runner._invoke
        with patch.object(dbt_runner, "_invoke", lambda args: self._recorded(invoke, args)):
            yield

    @contextmanager
    def patched(self, warehouse: Path) -> Iterator[None]:
        """A context in which invocations are repeated, and the file stays open from one statement to the next.

        Whoever opens it alone loads its catalog of some hundred views, and writes a checkpoint when closing it.
        """
        invoke = dbt_runner._invoke
        warehouse.parent.mkdir(parents=True, exist_ok=True)
        self._held = duckdb.connect(str(warehouse))
        try:
            with patch.object(dbt_runner, "_invoke", lambda args: self._repeated_or(invoke, args)):
                yield
        finally:
            self._held.close()

    def _repeated_or(self, invoke: Invoke, args: list[str]) -> DbtResult:
        """As `dbt_runner._invoke`. What fails when it is repeated is handed to dbt, which says why."""
        if _is_of_the_project(args):
            warehouse = os.environ["METERHOUSE_WAREHOUSE_FILE"]
            recording = self._known((_selection(args), _relations(warehouse)))
            if recording is not None and _repeats(recording, warehouse):
                self.repeated += 1
                if recording.manifest is not None:
                    _manifest_file(args).write_bytes(recording.manifest)
                return recording.result
        # dbt opens the file in its own way, which DuckDB refuses while it is open in another.
        self._held.close()
        try:
            return self._recorded(invoke, args)
        finally:
            self._held = duckdb.connect(os.environ["METERHOUSE_WAREHOUSE_FILE"])

    def _recorded(self, invoke: Invoke, args: list[str]) -> DbtResult:
        """As `dbt_runner._invoke`, and kept to be repeated."""
        if not _is_of_the_project(args):
            return invoke(args)
        state = (_selection(args), _relations(os.environ["METERHOUSE_WAREHOUSE_FILE"]))
        statements: list[str] = []
        with _added_to(statements):
            result = invoke(args)
        if result.success and not any(node.failures for node in result.nodes):
            is_written = "--no-write-json" not in args
            manifest = _manifest_file(args).read_bytes() if is_written else None
            self._keep(state, Recording(statements, result, manifest))
        return result

    def _known(self, state: State) -> Recording | None:
        if (
            state not in self._recordings
            and self._folder
            and _file_of(state, self._folder).exists()
        ):
            self._recordings[state] = pickle.loads(_file_of(state, self._folder).read_bytes())
        return self._recordings.get(state)

    def _keep(self, state: State, recording: Recording) -> None:
        self._recordings[state] = recording
        if self._folder:
            # Another worker sees all of it or nothing.
            file = _file_of(state, self._folder)
            written = file.with_suffix(f".{os.getpid()}")
            written.write_bytes(pickle.dumps(recording))
            written.replace(file)


# One for all companies of the process: the first one has dbt do what the others repeat.
REPLAYED = ReplayedDbt()


def _file_of(state: State, folder: Path) -> Path:
    text = repr((state[0], sorted(state[1])))
    return folder / sha256(text.encode()).hexdigest()


def _after(args: Sequence[str], flag: str) -> str:
    return args[args.index(flag) + 1]


def _is_of_the_project(args: Sequence[str]) -> bool:
    return args[0] in ("build", "run") and _after(args, "--project-dir") == str(DBT_PROJECT)


def _manifest_file(args: Sequence[str]) -> Path:
    return Path(_after(args, "--target-path")) / _MANIFEST


def _selection(args: Sequence[str]) -> tuple[str, ...]:
    folders = {_after(args, flag) for flag in ("--target-path", "--log-path")}
    return tuple(arg for arg in args if arg not in folders)


def _relations(warehouse: str) -> frozenset[tuple[str, str, str]]:
    with duckdb.connect(warehouse) as con:
        sql = "select table_schema, table_name, table_type from information_schema.tables"
        return frozenset(con.execute(sql).fetchall())


@contextmanager
def _added_to(statements: list[str]) -> Iterator[None]:
    """Add what dbt has the database do to `statements`, as it begins."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    add_query = DuckDBConnectionManager.add_query

    def recording(self: Any, sql: str, *args: Any, **kwargs: Any) -> Any:
        if _OF_A_TEST.search(sql) or not _BUILDS_NOTHING.match(_COMMENT.sub("", sql)):
            statements.append(sql)
        return add_query(self, sql, *args, **kwargs)

    with patch.object(DuckDBConnectionManager, "add_query", recording):
        yield


def _repeats(recording: Recording, warehouse: str) -> bool:
    """Run the statements; False if one fails or a test has offenders."""
    with duckdb.connect(warehouse) as con:
        con.execute("set TimeZone = 'UTC'")
        for statement in recording.statements:
            try:
                rows = con.execute(statement).fetchall()
            except duckdb.Error:
                return False
            if rows and _OF_A_TEST.search(statement) and rows[0][0]:
                return False
    return True

"""One ingest: new files become lines, dbt judges the lines, and the batch is complete or never was.

Belongs here: batch numbers, the order of writes that makes a crash harmless, and the report. Does not belong here:
finding and reading files (`files`, `readers`), and the rules that judge lines (stage `landing` of the dbt project).

A batch is complete once it has its row in `landing.batches`, written in one transaction with everything that says so.
Whatever bears a higher number is left over from an ingest that did not end, and is deleted before the next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.control import latest_batch, latest_catalog_version, set_run
from orchestration.dbt_runner import DbtResult, ingest_args, run_dbt
from orchestration.errors import BadInput, OffenderTable, Refused
from orchestration.ingest.files import (
    Discovery,
    FileProblem,
    FoundFile,
    Unreadable,
    discover,
    hash_content,
    known_files,
    os_problem,
    refuse_if_changed,
    remember,
)
from orchestration.ingest.readers import read_lines
from orchestration.prepare import dbt_refusal, failed_nodes
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace

# Tables whose rows bear the number of the batch that wrote them.
BATCH_TABLES = (
    "files",
    "fct_events",
    "fct_event_keys",
    "fct_repeated_events",
    "fct_contested_events",
    "fct_retractions",
    "fct_retracted_events",
    "fct_rejected_lines",
    "fct_file_verdicts",
)
OFFENDERS_SHOWN = 5

# Bytes of the new files that are read, of how many, and the lines found in them.
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True)
class LoadedFile:
    """What became of the lines of a loaded file; the four counts add up to `line_count`."""

    file: str
    file_hash: str
    line_count: int
    accepted: int
    duplicate: int
    conflict: int
    rejected: int


@dataclass(frozen=True)
class IngestReport:
    """What an ingest did. `batch_number` is None if there was nothing new to load; `problems` were not loaded."""

    batch_number: int | None
    files: tuple[LoadedFile, ...]
    problems: tuple[FileProblem, ...]

    # Written as fields, because they are part of the report as JSON too.
    line_count: int = field(init=False)
    accepted: int = field(init=False)
    duplicate: int = field(init=False)
    conflict: int = field(init=False)
    rejected: int = field(init=False)

    def __post_init__(self) -> None:
        for name in ("line_count", "accepted", "duplicate", "conflict", "rejected"):
            object.__setattr__(self, name, sum(getattr(file, name) for file in self.files))


@dataclass
class _Reading:
    """What reading the files came to: their content hashes by file, those loaded, and those that were not."""

    hashed: dict[FoundFile, str] = field(default_factory=dict)
    loaded: dict[str, FoundFile] = field(default_factory=dict)
    problems: list[FileProblem] = field(default_factory=list)

    def sorted_problems(self) -> tuple[FileProblem, ...]:
        return tuple(sorted(self.problems, key=lambda problem: problem.file))


def ingest(ws: Workspace, progress: Progress | None = None) -> IngestReport:
    """Load every file of the landing folder that is not loaded yet, as one batch.

    Also adds to the hourly aggregates what a changed catalog asks for, with or without new files. The schemas must be
    there (`migrate.init`).

    Args:
        ws: the workspace.
        progress: called as files are read.

    Returns:
        The files loaded with their verdicts, and the files that were not loaded, with reason and mend.

    Raises:
        BadInput: there is no landing folder, or nothing was ever in it.
        Refused: the lines could not be judged, or a check on the outcome failed; the batch does not count.

    Example:
        >>> ingest(Workspace.resolve()).accepted  # doctest: +SKIP
        331204
    """
    with writer_lock(ws, "ingest"):
        found = discover(ws.landing)
        with connect(ws) as con:
            _refuse_nothing_at_all(ws, found, con)
            delete_incomplete(con)
            complete = latest_batch(con) or 0
            reading = _read_new_files(con, found, complete + 1, progress or _silent)
            batch_number = complete + 1 if reading.loaded else complete
            catalog_version = latest_catalog_version(con)
            if not reading.loaded:
                remember(con, reading.hashed)
            if not reading.loaded and not _lacks_aggregates(con, catalog_version):
                return IngestReport(None, (), reading.sorted_problems())
            set_run(con, "ingest", None, batch_number, catalog_version, None)
        _judge(ws)
        with connect(ws) as con:
            _complete(con, batch_number, reading)
            files = _loaded_files(con, batch_number) if reading.loaded else ()
        loaded_batch = batch_number if reading.loaded else None
        return IngestReport(loaded_batch, files, reading.sorted_problems())


def _silent(_bytes_done: int, _bytes_total: int, _rows: int) -> None: ...


def _refuse_nothing_at_all(ws: Workspace, found: Discovery, con: duckdb.DuckDBPyConnection) -> None:
    # Files that are archived once they are loaded are no mistake; a folder that never held one probably is.
    if found.is_empty and latest_batch(con) is None:
        raise BadInput(
            f"{ws.landing}: the landing folder is empty; put usage files (.jsonl, .csv, .parquet) into it, "
            "run `meterhouse demo` for an example, or give another folder with --landing."
        )


def delete_incomplete(con: duckdb.DuckDBPyConnection) -> None:
    """Delete what an ingest that did not end has left: rows of batches and aggregates that do not count."""
    con.execute("begin")
    con.execute("delete from landing.incoming_lines")
    con.execute("delete from landing.incoming_files")
    for table in (*BATCH_TABLES, "fct_usage_hours"):
        con.execute(
            f"delete from landing.{table}"
            " where batch_number > (select coalesce(max(batch_number), 0) from landing.batches)"
        )
    con.execute(
        """
        delete from landing.fct_usage_hours
        where not exists (
            select 1
            from landing.aggregated_batches as present
            where present.field_name = fct_usage_hours.field_name
                and present.code = case when fct_usage_hours.field_name = '' then '' else fct_usage_hours.code end
                and present.batch_number = fct_usage_hours.batch_number
        )
        """
    )
    con.execute("commit")


def _read_new_files(
    con: duckdb.DuckDBPyConnection, found: Discovery, batch_number: int, progress: Progress
) -> _Reading:
    known = known_files(con)
    loaded_before = dict(con.execute("select file_hash, file_name from landing.files").fetchall())
    unknown = [file for file in found.files if (file.name, file.stamp) not in known]
    reading = _Reading(problems=list(found.problems))
    bytes_total = sum(file.stamp.byte_count for file in unknown)
    bytes_before = rows = 0
    for file in unknown:
        try:
            file_hash = _hash_if_complete(file)
            twin = loaded_before.get(file_hash)
            if file_hash in reading.loaded:
                twin = reading.loaded[file_hash].name
            if twin is None:
                before, start = rows, bytes_before

                def tell(read: int, lines: int, before: int = before, start: int = start) -> None:
                    progress(start + read, bytes_total, before + lines)

                rows += _load_lines(con, file, file_hash, batch_number, tell)
                reading.loaded[file_hash] = file
            elif twin != file.name:
                reading.problems.append(_already_loaded(file, twin))
            reading.hashed[file] = file_hash
        except Unreadable as error:
            reading.problems.append(FileProblem(file.name, error.reason, error.mend))
        except OSError as error:
            reading.problems.append(os_problem(file.name, error))
        bytes_before += file.stamp.byte_count
    if unknown:
        progress(bytes_total, bytes_total, rows)
    return reading


def _hash_if_complete(file: FoundFile) -> str:
    if file.stamp.byte_count == 0:
        raise Unreadable("it is empty")
    return hash_content(file)


def _already_loaded(file: FoundFile, twin: str) -> FileProblem:
    return FileProblem(
        file.name,
        f"its content is already loaded, as {twin}",
        "it was passed over and will not be mentioned again",
    )


def _load_lines(
    con: duckdb.DuckDBPyConnection,
    file: FoundFile,
    file_hash: str,
    batch_number: int,
    tell: Callable[[int, int], None],
) -> int:
    """Write the lines of one file, all or none, and return how many."""
    line_count = 0
    con.execute("begin")
    try:
        for block in read_lines(file):
            _insert_lines(con, block.lines, file_hash, batch_number)
            line_count += block.lines.num_rows
            tell(block.bytes_read, line_count)
        refuse_if_changed(file)
        con.execute(
            "insert into landing.incoming_files (file_hash, file_name, batch_number, file_format,"
            " line_count, byte_count, modified_at) values (?, ?, ?, ?, ?, ?, ?)",
            [
                file_hash,
                file.name,
                batch_number,
                file.file_format,
                line_count,
                file.stamp.byte_count,
                _instant(file.stamp.modified_ns),
            ],
        )
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise
    return line_count


def _insert_lines(
    con: duckdb.DuckDBPyConnection, lines: pa.RecordBatch, file_hash: str, batch_number: int
) -> None:
    con.register("read_block", pa.Table.from_batches([lines]))
    try:
        con.execute(
            "insert into landing.incoming_lines"
            " (batch_number, file_hash, line_number, line_text, read_error)"
            " select ?, ?, line_number, line_text, nullif(read_error, '') from read_block",
            [batch_number, file_hash],
        )
    finally:
        con.unregister("read_block")


def _instant(nanoseconds: int) -> datetime:
    # Through integers: a float of seconds since 1970 has no room for microseconds.
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)
    return instant.replace(tzinfo=None)


def _lacks_aggregates(con: duckdb.DuckDBPyConnection, catalog_version: str | None) -> bool:
    """Whether a metric of the catalog sums a field that was not aggregated for every batch."""
    row = con.execute(
        """
        select count(*)
        from (
            select metrics.field_name, metrics.metric_code as code, batches.batch_number
            from catalog.billable_metrics as metrics
            cross join landing.batches as batches
            where metrics.catalog_version = ? and metrics.field_name is not null
            except
            select field_name, code, batch_number
            from landing.aggregated_batches
        ) as missing
        """,
        [catalog_version],
    ).fetchone()
    return row is not None and row[0] > 0


def _judge(ws: Workspace) -> None:
    """Let dbt judge the lines; if it cannot, or a check fails, leave the warehouse as it was before."""
    result = run_dbt(ws, ingest_args())
    if result.success and result.nodes:
        return
    with connect(ws) as con:
        refusal = _refusal(con, result)
        delete_incomplete(con)
    raise refusal


def _refusal(con: duckdb.DuckDBPyConnection, result: DbtResult) -> Exception:
    failed_checks = [
        node for node in result.not_ok if node.resource_type == "test" and node.status == "fail"
    ]
    if not failed_checks:
        return dbt_refusal("The new usage files could not be loaded", result)
    names = ", ".join(node.name for node in failed_checks)
    tables = [failed_nodes(result)]
    for node in failed_checks:
        if node.relation_name is not None:
            tables.append(_offenders(con, node.name, node.relation_name))
    return Refused(f"The new usage files are not loaded, a check on them failed: {names}.", tables)


def _offenders(con: duckdb.DuckDBPyConnection, name: str, relation_name: str) -> OffenderTable:
    rows: list[tuple[Any, ...]] = con.execute(
        f"select * from {relation_name} order by all limit {OFFENDERS_SHOWN}"
    ).fetchall()
    return OffenderTable(name, tuple(column[0] for column in con.description), rows)


def _complete(con: duckdb.DuckDBPyConnection, batch_number: int, reading: _Reading) -> None:
    """Make the batch count: all in one transaction, so that there is no state in between."""
    con.execute("begin")
    con.execute(
        "insert into landing.aggregated_batches (field_name, code, batch_number)"
        " select field_name, code, batch_number from landing.int_landing__missing_aggregates"
    )
    if reading.loaded:
        con.execute(
            "insert into landing.files (file_hash, file_name, batch_number, file_format,"
            " line_count, byte_count, modified_at)"
            " select file_hash, file_name, batch_number, file_format, line_count, byte_count,"
            " modified_at from landing.incoming_files"
        )
        con.execute(
            "insert into landing.batches (batch_number, file_count, line_count)"
            " select ?, count(*), coalesce(sum(line_count), 0) from landing.incoming_files",
            [batch_number],
        )
        remember(con, reading.hashed)
    con.execute("delete from landing.incoming_lines")
    con.execute("delete from landing.incoming_files")
    con.execute("commit")


def _loaded_files(con: duckdb.DuckDBPyConnection, batch_number: int) -> tuple[LoadedFile, ...]:
    rows = con.execute(
        """
        select
            files.file_name,
            files.file_hash,
            files.line_count,
            verdicts.accepted_count,
            verdicts.duplicate_count,
            verdicts.conflict_count,
            verdicts.rejected_count
        from landing.files as files
        inner join landing.fct_file_verdicts as verdicts
            on files.batch_number = verdicts.batch_number and files.file_hash = verdicts.file_hash
        where files.batch_number = ?
        order by files.file_name
        """,
        [batch_number],
    ).fetchall()
    return tuple(LoadedFile(*row) for row in rows)

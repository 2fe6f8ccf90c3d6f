"""An ingest that is stopped anywhere leaves nothing that counts, and the next one ends the job."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from ingest_scratch import Scratch, flat

from orchestration.errors import Refused
from orchestration.ingest import run
from orchestration.ingest.readers import read_lines
from orchestration.workspace import Workspace


class Stopped(BaseException):
    """Stands in for the end of the process: nothing in the program catches it."""


def put_first(scratch: Scratch) -> None:
    scratch.put("first.jsonl", [flat("a"), flat("b"), "not json", flat("r", retracts="c")])


def put_second(scratch: Scratch) -> None:
    scratch.put(
        "second.jsonl", [flat("a"), flat("b", code="other"), flat("c", amends="a"), "not json"]
    )
    scratch.put(
        "third.csv", "transaction_id,code,external_subscription_id,tokens\nd,tokens,sub_1,7\n"
    )


@pytest.fixture(scope="module", autouse=True)
def _dbt_itself() -> Iterator[None]:
    with patch.object(Scratch, "repeats_dbt", False):
        yield


@pytest.fixture(scope="module")
def after_first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse file after one batch, loaded when there was no catalog yet."""
    scratch = Scratch()
    put_first(scratch)
    scratch.ingest()
    return shutil.copy(scratch.ws.warehouse_file, tmp_path_factory.mktemp("crash"))


def continued(after_first: Path) -> Scratch:
    """A company as it was after the first batch."""
    scratch = Scratch()
    put_first(scratch)
    shutil.copy(after_first, scratch.ws.warehouse_file)
    return scratch


def stop_in_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second file of the batch is read by half."""

    def read(file: Any) -> Any:
        yield from read_lines(file)
        if file.name == "third.csv":
            raise Stopped

    monkeypatch.setattr(run, "read_lines", read)


def stop_in_dbt(*models: str) -> Callable[[pytest.MonkeyPatch], None]:
    """dbt has built some models only."""

    def stop(monkeypatch: pytest.MonkeyPatch) -> None:
        build = run.run_dbt

        def run_some(ws: Workspace, _args: list[str]) -> None:
            assert build(ws, ["run", "--select", *models]).success
            raise Stopped

        monkeypatch.setattr(run, "run_dbt", run_some)

    return stop


def stop_before_completion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is built, and the last transaction is not committed."""

    def stop(*_: Any) -> None:
        raise Stopped

    monkeypatch.setattr(run, "remember", stop)


def lose_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each block of lines the first is lost on the way into the warehouse."""
    insert = run._insert_lines
    monkeypatch.setattr(
        run, "_insert_lines", lambda con, lines, *rest: insert(con, lines.slice(1), *rest)
    )


def assert_only_the_first_batch_counts(scratch: Scratch) -> None:
    assert scratch.rows("select batch_number from landing.batches") == [(1,)]
    assert scratch.rows("select file_name from landing.files") == [("first.jsonl",)]
    assert scratch.rows("select file_name from control.known_files") == [("first.jsonl",)]


def test_after_stops_and_refusals_an_ingest_gives_what_an_undisturbed_one_gives(
    after_first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = continued(after_first)
    scratch.metrics("v1", {"tokens": "tokens"})
    put_second(scratch)
    scratch.ingest()
    undisturbed = scratch.state()

    scratch = continued(after_first)
    scratch.metrics("v1", {"tokens": "tokens"})
    put_second(scratch)
    some_models = (
        "int_landing__judged_lines",
        "fct_event_keys",
        "fct_repeated_events",
        "fct_events",
    )
    some_models += ("fct_contested_events", "fct_retractions", "fct_retracted_events")
    for stop in (stop_in_reading, stop_in_dbt(*some_models), stop_before_completion):
        with monkeypatch.context() as patch:
            stop(patch)
            with pytest.raises(Stopped):
                scratch.ingest()
        assert_only_the_first_batch_counts(scratch)
    # The last stop came after everything was built.
    assert scratch.rows("select distinct batch_number from landing.fct_events order by 1") == [
        (1,),
        (2,),
    ]

    with monkeypatch.context() as patch:
        lose_a_line(patch)
        with pytest.raises(Refused, match="chk_lines_lost_or_counted_twice") as caught:
            scratch.ingest()
    tables = {table.title: table for table in caught.value.tables}
    offenders = tables["chk_lines_lost_or_counted_twice"]
    assert offenders.columns[:3] == ("batch_number", "file_name", "line_count")
    assert sorted(row[1:4] for row in offenders.rows) == [
        ("second.jsonl", 4, 1),
        ("third.csv", 1, 0),
    ]
    assert_only_the_first_batch_counts(scratch)
    # At once, not only with the next ingest: whoever looks sees the batch that counts.
    assert scratch.rows("select distinct batch_number from landing.fct_events") == [(1,)]
    assert scratch.rows("select count(*) from landing.incoming_lines") == [(0,)]

    report = scratch.ingest()
    assert (report.batch_number, report.accepted, report.duplicate) == (2, 2, 1)
    assert (report.conflict, report.rejected) == (1, 1)
    assert scratch.state() == undisturbed


def test_new_metric_is_aggregated_over_all_batches_once(after_first: Path) -> None:
    scratch = continued(after_first)
    fields = "select field_name, code, batch_number from landing.aggregated_batches order by all"
    sums = (
        "select batch_number, code, event_count, value_sum from landing.fct_usage_hours"
        " where field_name = 'tokens' order by all"
    )
    assert scratch.rows(fields) == [("", "", 1)]

    # No new file, but a metric that sums a field: the same batch again, for that field only.
    scratch.metrics("v1", {"tokens": "tokens", "calls": None})
    events = scratch.rows("select * from landing.fct_events order by all")
    assert scratch.ingest().batch_number is None
    assert scratch.rows(fields) == [("", "", 1), ("tokens", "tokens", 1)]
    assert scratch.rows(sums) == [(1, "tokens", 2, 10)]
    assert scratch.rows("select * from landing.fct_events order by all") == events
    assert scratch.rows(
        "select sum(event_count) from landing.fct_usage_hours where field_name = ''"
    ) == [(2,)]

    # A second metric over the same field, and a new file, in one ingest.
    scratch.metrics("v2", {"tokens": "tokens", "other": "tokens"})
    scratch.put("other.jsonl", [flat("x", code="other"), flat("y")])
    assert scratch.ingest().batch_number == 2
    assert scratch.rows(sums) == [(1, "tokens", 2, 10), (2, "other", 1, 5), (2, "tokens", 1, 5)]
    before = scratch.state()
    assert scratch.ingest().batch_number is None
    assert scratch.state() == before


@pytest.mark.deep
def test_killed_process_leaves_nothing_that_counts(tmp_path: Path) -> None:
    """The real thing: SIGKILL after ever longer times, until one ingest gets through."""
    lines = [
        flat(f"t{number % 9_000}", properties={"tokens": number % 7}) for number in range(30_000)
    ]
    scratch = Scratch()
    scratch.put("usage.jsonl", lines)
    scratch.ingest()
    undisturbed = scratch.state()

    scratch = Scratch()
    path = scratch.put("usage.jsonl", lines)
    command = [sys.executable, "-m", "orchestration.cli", "ingest"]
    folders = ["--landing", path.parent, "--warehouse", scratch.ws.warehouse]
    kills = 0
    for tenths in range(12, 600, 11):
        process = subprocess.Popen([*command, *map(str, folders)], cwd=tmp_path)
        try:
            assert process.wait(timeout=tenths / 10) == 0
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
            # Loaded, and killed before it could say so: that counts.
            loaded = scratch.rows(
                "select count(*) from landing.fct_event_keys where batch_number = 1"
            )
            assert scratch.rows("select count(*) from landing.batches") == [(0,)] or loaded == [
                (9_000,)
            ]
    assert kills >= 3
    assert scratch.state() == undisturbed

"""Files: which are found, which are whole, and that each content is loaded once."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from ingest_scratch import Scratch, flat
from rich.console import Console

from orchestration.errors import BadInput
from orchestration.ingest import IngestReport, files, ingest
from orchestration.ingest.files import FoundFile, Unreadable, discover
from orchestration.ingest.progress import ingest_progress
from orchestration.migrate import init
from orchestration.workspace import Workspace

# Finding -------------------------------------------------------------------------------------------


def test_files_are_found_in_sub_folders_by_their_ending(tmp_path: Path) -> None:
    for name in (
        "b/c/x.JSONL",
        "a.csv.gz",
        "b/y.parquet",
        "z.csv",
        "b/w.jsonl.gz",
        ".hidden.csv",
        ".git/q.csv",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "notes.txt").write_bytes(b"x")
    (tmp_path / "usage.json").write_bytes(b"x")
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.csv")
    discovery = discover(tmp_path)
    assert [(file.name, file.file_format) for file in discovery.files] == [
        ("a.csv.gz", "csv"),
        ("b/c/x.JSONL", "jsonl"),
        ("b/w.jsonl.gz", "jsonl"),
        ("b/y.parquet", "parquet"),
        ("z.csv", "csv"),
    ]
    assert {problem.file: problem.reason for problem in discovery.problems} == {
        "gone.csv": "it cannot be read (No such file or directory)",
        "loop": "it is a link to a folder, which is not followed",
        "notes.txt": "its ending is none of .jsonl, .jsonl.gz, .csv, .csv.gz, .parquet",
        "pipe.csv": "it is not a regular file",
        "usage.json": "its ending is none of .jsonl, .jsonl.gz, .csv, .csv.gz, .parquet",
    }
    assert all(problem.mend for problem in discovery.problems)


def test_missing_landing_folder_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"there is no such landing folder; create it .*--landing"):
        discover(tmp_path / "nowhere")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BadInput, match="the landing folder is a file"):
        discover(tmp_path / "file")


# Once and whole, in a warehouse ---------------------------------------------------------------------


@dataclass(frozen=True)
class Deliveries:
    """A company after three ingests: one of half a file, one of files that are in the way, one that takes them."""

    scratch: Scratch
    reports: tuple[IngestReport, IngestReport, IngestReport]
    progress: list[tuple[int, int, int]]

    def reasons(self, at: int) -> dict[str, str]:
        return {problem.file: problem.reason for problem in self.reports[at].problems}


@pytest.fixture(scope="module")
def delivered() -> Deliveries:
    scratch = Scratch()
    early, late = json.dumps(flat("early")), json.dumps(flat("late"))
    scratch.put("half.jsonl", f"{early}\n{late[:-10]}")
    scratch.put("empty.jsonl", b"")
    scratch.put("notes.txt", b"x")
    first = scratch.ingest()

    scratch.put("a.jsonl", [flat("a"), flat("b")])
    scratch.put("copies/a.jsonl", [flat("a"), flat("b")])
    scratch.put("changing.jsonl", [flat("changing")])
    scratch.put("locked.jsonl", [flat("locked")])
    progress: list[tuple[int, int, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestration.ingest.run.refuse_if_changed", changed("changing.jsonl"))
        patch.setattr("orchestration.ingest.run.hash_content", locked("locked.jsonl"))
        second = scratch.ingest(lambda *numbers: progress.append(numbers))

    scratch.put("half.jsonl", f"{early}\n{late}\n")
    (scratch.ws.landing / "a.jsonl").rename(scratch.ws.landing / "renamed.jsonl")
    return Deliveries(scratch, (first, second, scratch.ingest()), progress)


def changed(name: str) -> Callable[[FoundFile], None]:
    def refuse(file: FoundFile) -> None:
        if file.name == name:
            raise Unreadable("it changed while it was being read")

    return refuse


def locked(name: str) -> Callable[[FoundFile], str]:
    """Stands in for a file without read permission, which a test that runs as root cannot have."""

    def hash_content(file: FoundFile) -> str:
        if file.name == name:
            raise PermissionError(13, "Permission denied")
        return files.hash_content(file)

    return hash_content


def test_empty_landing_folder_is_bad_input_until_something_was_loaded(
    delivered: Deliveries,
) -> None:
    empty = r"the landing folder is empty; put usage files .* --landing"
    with tempfile.TemporaryDirectory() as folder:
        ws = Workspace.resolve(landing=Path(folder), warehouse=Path(folder) / ".warehouse")
        init(ws)
        with pytest.raises(BadInput, match=empty):
            ingest(ws)
    # Here files were loaded before, and are archived now.
    emptied = replace(delivered.scratch.ws, landing=delivered.scratch.ws.warehouse / "archived")
    emptied.landing.mkdir()
    assert ingest(emptied).problems == ()


def test_half_a_file_is_not_loaded_at_all(delivered: Deliveries) -> None:
    report = delivered.reports[0]
    assert (report.batch_number, report.files, report.line_count) == (None, (), 0)
    assert delivered.reasons(0) == {
        "empty.jsonl": "it is empty",
        "half.jsonl": "its last line, 2, has no line end and is not complete JSON",
        "notes.txt": "its ending is none of .jsonl, .jsonl.gz, .csv, .csv.gz, .parquet",
    }


def test_a_file_that_is_in_the_way_does_not_hold_the_others(delivered: Deliveries) -> None:
    report = delivered.reports[1]
    assert report.batch_number == 1
    assert [(file.file, file.accepted) for file in report.files] == [("a.jsonl", 2)]
    reasons = delivered.reasons(1)
    assert reasons["copies/a.jsonl"] == "its content is already loaded, as a.jsonl"
    assert reasons["changing.jsonl"] == "it changed while it was being read"
    assert reasons["locked.jsonl"] == "it cannot be read (Permission denied)"
    assert "half.jsonl" in reasons


def test_what_was_in_the_way_is_tried_again(delivered: Deliveries) -> None:
    report = delivered.reports[2]
    assert report.batch_number == 2
    assert [(file.file, file.accepted) for file in report.files] == [
        ("changing.jsonl", 1),
        ("half.jsonl", 2),
        ("locked.jsonl", 1),
    ]
    # A new name is no new content; what was said once about a copy is not said again.
    assert set(delivered.reasons(2)) == {"notes.txt", "empty.jsonl", "renamed.jsonl"}


def test_batches_and_files_are_counted(delivered: Deliveries) -> None:
    batches = "select batch_number, file_count, line_count from landing.batches order by all"
    assert delivered.scratch.rows(batches) == [(1, 1, 2), (2, 3, 4)]
    names = (
        "select file_name, batch_number, file_format, line_count from landing.files order by all"
    )
    assert delivered.scratch.rows(names) == [
        ("a.jsonl", 1, "jsonl", 2),
        ("changing.jsonl", 2, "jsonl", 1),
        ("half.jsonl", 2, "jsonl", 2),
        ("locked.jsonl", 2, "jsonl", 1),
    ]


def test_nothing_new_changes_nothing(delivered: Deliveries) -> None:
    before = delivered.scratch.state()
    report = delivered.scratch.ingest()
    assert (report.batch_number, report.line_count) == (None, 0)
    assert {problem.file for problem in report.problems} == {"notes.txt", "empty.jsonl"}
    assert delivered.scratch.state() == before


def test_progress_tells_bytes_and_lines(delivered: Deliveries) -> None:
    assert delivered.progress == sorted(delivered.progress)
    bytes_done, bytes_total, rows = delivered.progress[-1]
    assert bytes_done == bytes_total
    assert rows >= 2


def test_progress_is_drawn_on_a_terminal_only() -> None:
    drawn = io.StringIO()
    with ingest_progress(Console(file=drawn, force_terminal=True, width=120)) as progress:
        assert progress is not None
        progress(500, 1000, 1234)
        progress(1000, 1000, 5678)
    assert "5,678 rows" in drawn.getvalue()
    assert "rows/s" in drawn.getvalue()
    piped = io.StringIO()
    with ingest_progress(Console(file=piped)) as progress:
        assert progress is None
    with ingest_progress(Console(force_terminal=True), is_shown=False) as progress:
        assert progress is None
    assert piped.getvalue() == ""

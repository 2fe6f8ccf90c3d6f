"""The demo's usage is the same to the byte every time, and never overwrites anybody's files."""

from __future__ import annotations

import gzip
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.demo import DemoReport, generate
from orchestration.demo.story import DEFECTS, STORY
from orchestration.errors import BadInput


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoReport]:
    folder = tmp_path_factory.mktemp("usage")
    return folder, generate(folder)


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_two_generations_are_equal_to_the_byte_and_in_their_times(written, tmp_path: Path) -> None:
    folder, report = written
    other = generate(tmp_path)
    assert contents(folder) == contents(tmp_path)
    assert other == report
    assert report.line_count >= 300_000
    assert set(contents(folder)) == set(report.files)


def test_a_folder_that_has_the_files_is_left_as_it_is(written) -> None:
    folder, _ = written
    before = contents(folder)
    assert not generate(folder).is_new
    assert contents(folder) == before


def test_another_file_of_the_same_name_is_never_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "2025-10" / "api" / "beacon.csv"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(BadInput, match=r"beacon\.csv: another file has this name; move it away"):
        generate(tmp_path)
    assert list(contents(tmp_path)) == ["2025-10/api/beacon.csv"]


def test_counted_events_are_the_designed_number(written) -> None:
    """October's file has a line for each of Atlas's 12,345 calls, and repeats 600 of them."""
    folder, _ = written
    text = gzip.decompress((folder / "2025-10/api/atlas.jsonl.gz").read_bytes()).decode()
    ids = [json.loads(line)["transaction_id"] for line in text.splitlines()]
    assert len(set(ids)) == STORY["atlas"].totals[date(2025, 10, 1)] == 12_345
    assert len(ids) - len(set(ids)) == DEFECTS["duplicate"] // 2


def test_weekly_values_add_up_to_the_last_decimal(written) -> None:
    """The first week is 100.000000001 GB, of which one event is a single 10^-9."""
    folder, _ = written
    nano = []
    for line in (folder / "weekly/cinder.jsonl").read_text().splitlines():
        event = json.loads(line, parse_float=str, parse_int=str)
        if event["transaction_id"].startswith("cinder-251006-"):
            whole, _, decimals = event["properties"]["gb"].partition(".")
            nano.append(int(whole + decimals.ljust(9, "0")))
    assert sum(nano) == 100_000_000_001
    assert min(nano) == 1


def test_cloud_events_are_a_small_share_and_name_customer_or_subscription(written) -> None:
    folder, report = written
    events = [
        json.loads(line)
        for path in sorted(folder.glob("*/gateway/quill.jsonl"))
        for line in path.read_text().splitlines()
    ]
    assert len(events) == len({event["id"] for event in events}) < report.line_count // 100
    assert {event["subject"] for event in events} == {"cust_quill"}
    assert {event.get("subscription") for event in events} == {None, "quill-main"}
    tokens = sum(
        event["data"]["tokens"]
        for event in events
        if (event["data"]["model"], event["data"]["token_type"]) == ("command-r7b", "input")
    )
    assert tokens == 333_000_000 + 332_999_999


def test_values_of_24_digits_add_up_to_the_last(written) -> None:
    """November's training is 1,234,564,999,999,999.999999999 GFLOP; every other value is a JSON number."""
    folder, _ = written
    values = [
        json.loads(line, parse_float=str)["event"]["properties"]["gflops"]
        for line in (folder / "2025-11/lago/granite.jsonl").read_text().splitlines()
        if "training_compute" in line
    ]
    assert sum(Decimal(value) for value in values) == Decimal("1234564999999999.999999999")
    assert max(len(value.replace(".", "")) for value in values) == 24


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "quarter" / "platform.jsonl").mkdir(parents=True)
    with pytest.raises(BadInput, match=r"platform\.jsonl: another folder has this name"):
        generate(tmp_path)


def test_a_landing_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "landing"
    file.write_text("no folder")
    with pytest.raises(BadInput, match=r"landing.*: cannot write the demo here \(.+\); give it"):
        generate(file)

"""Reading: a half-written file is given up as a whole, a bad line is one bad line, and cells keep their digits."""

from __future__ import annotations

import gzip
import io
import json
import os
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingest_scratch import flat

from orchestration.ingest import files, readers, tables
from orchestration.ingest.files import FoundFile, Unreadable, format_of
from orchestration.ingest.readers import read_lines

GOOD = json.dumps(flat("a"))


def found(folder: Path, name: str, content: bytes) -> FoundFile:
    path = folder / name
    path.write_bytes(content)
    status = path.stat()
    return FoundFile(
        path, name, format_of(name) or "", files.Stamp(status.st_size, status.st_mtime_ns)
    )


def lines_of(file: FoundFile) -> list[tuple[int, str, str | None]]:
    lines: list[tuple[int, str, str | None]] = []
    for block in read_lines(file):
        rows = block.lines.to_pylist()
        lines += [(row["line_number"], row["line_text"], row["read_error"] or None) for row in rows]
    return lines


def parquet_bytes(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


# Whole files, and bad lines in them ----------------------------------------------------------------

CSV_HEADER = b"transaction_id,external_subscription_id,code,timestamp,tokens\n"
CSV_ROW = b"a,sub_1,tokens,2025-10-01T12:00:00Z,5\n"
PARQUET = parquet_bytes(pa.table({"transaction_id": ["a"] * 500, "code": ["tokens"] * 500}))
GZIPPED = gzip.compress(os.urandom(2000).hex().encode() + b"\n")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (
            "a.jsonl",
            f"{GOOD}\n{GOOD[:-1]}".encode(),
            "its last line, 2, has no line end and is not complete JSON",
        ),
        ("a.jsonl", f"{GOOD}\n{GOOD}".encode()[:-30], "is not complete JSON"),
        ("a.jsonl", b'{"a":"caf\xc3', "is not complete JSON"),
        ("a.jsonl.gz", GZIPPED[:-9], "its compressed data ends too early"),
        ("a.jsonl.gz", GZIPPED[:600], "its compressed data ends too early"),
        ("a.jsonl.gz", GZIPPED[:300] + bytes(50) + GZIPPED[350:], "its compressed data is damaged"),
        ("a.jsonl.gz", b"no gzip", "its compressed data is damaged"),
        (
            "a.csv.gz",
            gzip.compress(CSV_HEADER + CSV_ROW)[:-4],
            "its compressed data ends too early",
        ),
        ("a.csv", b"", "it has no header"),
        ("a.csv", CSV_HEADER[:-1], "its last row, line 1, is cut off"),
        ("a.csv", CSV_HEADER + CSV_ROW + b"b,sub_1", "its last row, line 3, is cut off"),
        (
            "a.csv",
            CSV_HEADER + CSV_ROW + b'b,"sub_1,\n\n',
            "its last row, from line 3, has a quote that is not closed",
        ),
        ("a.csv", b"code,code\n1,2\n", "it has two columns 'code'"),
        ("a.csv", b"code,,x\n1,2,3\n", "its column 2 has no name"),
        ("a.parquet", PARQUET[: len(PARQUET) // 2], "it is not complete Parquet"),
        ("a.parquet", b"PAR1", "it is not complete Parquet"),
    ],
    # Never the bytes: those of gzip hold the time, and two workers would disagree about the test's name.
    ids=lambda value: "content" if isinstance(value, bytes) else value,
)
def test_half_written_file_is_given_up_as_a_whole(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    with pytest.raises(Unreadable) as caught:
        lines_of(found(tmp_path, name, content))
    assert reason in caught.value.reason
    assert caught.value.mend


def test_last_line_without_line_end_counts_if_it_is_whole(tmp_path: Path) -> None:
    assert lines_of(found(tmp_path, "a.jsonl", f"{GOOD}\n{GOOD}".encode())) == [
        (1, GOOD, None),
        (2, GOOD, None),
    ]
    assert len(lines_of(found(tmp_path, "a.csv", CSV_HEADER + CSV_ROW + CSV_ROW[:-1]))) == 2
    deep = "[" * 5000 + "]" * 5000
    assert lines_of(found(tmp_path, "b.jsonl", deep.encode())) == [(1, deep, None)]
    digits = '{"a":' + "9" * 5000 + "}"
    assert lines_of(found(tmp_path, "c.jsonl", digits.encode())) == [(1, digits, None)]


def test_lines_keep_their_numbers_and_lose_their_line_ends(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf{}\r\n\r\n   \n{}\n\n{}"
    assert lines_of(found(tmp_path, "a.jsonl", content)) == [
        (1, "{}", None),
        (4, "{}", None),
        (6, "{}", None),
    ]
    # Line ends of other alphabets are text: JSON strings may hold them.
    text = '{"a":"x\u2028y\x85z"}'
    assert lines_of(found(tmp_path, "b.jsonl", f"{text}\n".encode())) == [(1, text, None)]


def test_one_bad_line_is_not_a_bad_file(tmp_path: Path) -> None:
    long_line = b'"' + b"x" * readers.LINE_BYTES_LIMIT + b'"'
    content = b"{}\n" + b'{"a":"caf\xe9"}\n' + b'{"a":"x\0y"}\n' + long_line + b"\n{}\n"
    lines = lines_of(found(tmp_path, "a.jsonl", content))
    assert [(number, error) for number, _, error in lines] == [
        (1, None),
        (2, readers.NOT_UTF8),
        (3, readers.HAS_NUL),
        (4, readers.TOO_LONG),
        (5, None),
    ]
    assert lines[1][1] == '{"a":"caf\\xe9"}'
    assert lines[2][1] == '{"a":"x␀y"}'
    assert len(lines[3][1]) == readers.SHOWN_CHARACTERS + 1


@pytest.mark.parametrize("block_bytes", [1, 2, 7, 64, 1 << 20])
def test_lines_do_not_depend_on_the_size_of_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr(readers, "BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(readers, "LINE_BYTES_LIMIT", 40)
    content = (
        b'{"a":"\xc3\xa9"}\n\n' + b"x" * 41 + b"\n" + b"y" * 400 + b"\n" + b"z" * 40 + b"\n{}\n{}"
    )
    lines = lines_of(found(tmp_path, "a.jsonl", content))
    assert [(number, text[:3], error) for number, text, error in lines] == [
        (1, '{"a', None),
        (3, "xxx", readers.TOO_LONG),
        (4, "yyy", readers.TOO_LONG),
        (5, "zzz", None),
        (6, "{}", None),
        (7, "{}", None),
    ]


def test_csv_rows_become_json_objects_of_texts(tmp_path: Path) -> None:
    content = (
        b"\xef\xbb\xbftransaction_id, code ,timestamp,tokens,note,user_id\r\n"
        b'a,tokens,2025-10-01T12:00:00Z,0012.50,"two\nlines, ""quoted""",u\r\n'
        b"\r\n"
        b"b,tokens,,, ,\r\n"
        b"c,tokens\r\n"
        b'd,tokens,,,"x"y,\r\n'
        b"e,tokens,,caf\xe9,,\r\n"
        b"f,tokens,,x\0,,\r\n"
        b"g,tokens,,1,,"
    )
    lines = lines_of(found(tmp_path, "a.csv", content))
    assert lines[0] == (
        2,
        '{"transaction_id":"a","code":"tokens","timestamp":"2025-10-01T12:00:00Z","properties":'
        '{"tokens":"0012.50","note":"two\\nlines, \\"quoted\\"","user_id":"u"}}',
        None,
    )
    assert lines[1] == (5, '{"transaction_id":"b","code":"tokens"}', None)
    assert [(number, error) for number, _, error in lines[2:]] == [
        (6, "The row has 2 cells, the header 6."),
        (7, "The row is not valid CSV (',' expected after '\"')."),
        (8, readers.NOT_UTF8),
        (9, readers.HAS_NUL),
        (10, None),
    ]


@pytest.mark.parametrize(
    ("cell", "others", "properties"),
    [
        ('{"tokens": 1.50}', "", '{"tokens": 1.50}'),
        (' {"tokens": 1.50} ', "eu", '{"region":"eu","tokens": 1.50}'),
        ("{}", "eu", '{"region":"eu"}'),
        ("", "eu", '{"region":"eu"}'),
        ("[1]", "eu", '"[1]"'),
        ("{broken", "", '"{broken"'),
    ],
)
def test_column_properties_holds_an_object(
    tmp_path: Path, cell: str, others: str, properties: str
) -> None:
    quoted = cell.replace('"', '""')
    content = f'code,properties,region\ntokens,"{quoted}",{others}\n'.encode()
    assert lines_of(found(tmp_path, "a.csv", content)) == [
        (2, f'{{"code":"tokens","properties":{properties}}}', None)
    ]


def test_the_shape_with_most_columns_decides_what_is_a_property() -> None:
    flat_columns = ["transaction_id", "external_subscription_id", "code", "timestamp"]
    assert tables.own_columns([*flat_columns, "event_type", "quantity"]).columns == frozenset(
        flat_columns
    )
    short_columns = ["user_id", "event_type", "quantity", "timestamp"]
    assert tables.own_columns([*short_columns, "code"]).columns == frozenset(short_columns)
    assert tables.own_columns([*flat_columns, "event_type", "user_id"]).columns == frozenset(
        flat_columns
    )
    assert tables.own_columns(["a", "b"]).columns == frozenset("ab")


def test_parquet_cells_keep_their_digits(tmp_path: Path) -> None:
    instant = datetime.fromisoformat("2025-10-01T02:00:00.123456")
    columns = {
        "code": pa.array(["tokens"]).dictionary_encode(),
        "timestamp": pa.array([instant - timedelta(hours=2)], pa.timestamp("us", "Europe/Berlin")),
        "exact": pa.array([Decimal("123456789012345.123456789")], pa.decimal128(24, 9)),
        "tiny": pa.array([Decimal("0.000000001")], pa.decimal128(24, 9)),
        "large": pa.array([2**63], pa.uint64()),
        "double": pa.array([0.1], pa.float64()),
        "single": pa.array([0.1], pa.float32()),
        "flag": pa.array([True]),
        "day": pa.array([date(2025, 10, 1)]),
        "naive": pa.array([instant], pa.timestamp("us")),
        "bytes": pa.array([b"raw"], pa.binary()),
        "absent": pa.array([None], pa.string()),
        "blank": pa.array([""], pa.string()),
        "list": pa.array([[1, None]], pa.list_(pa.int64())),
        "record": pa.array([{"a": Decimal("1.50"), "b": None}]),
        "map": pa.array([[("k", 2)]], pa.map_(pa.string(), pa.int64())),
    }
    content = parquet_bytes(pa.table(columns))
    ((number, text, error),) = lines_of(found(tmp_path, "a.parquet", content))
    assert (number, error) == (1, None)
    line = json.loads(text)
    assert (line["code"], line["timestamp"]) == ("tokens", "2025-10-01 00:00:00.123456Z")
    assert line["properties"] == {
        "exact": "123456789012345.123456789",
        "tiny": "1E-9",
        "large": "9223372036854775808",
        "double": "0.1",
        "single": "0.1",
        "flag": "true",
        "day": "2025-10-01",
        "naive": "2025-10-01 02:00:00.123456",
        "bytes": "raw",
        "list": [1, None],
        "record": {"a": "1.50"},
        "map": {"k": 2},
    }


def test_parquet_column_properties_may_be_text_or_record(tmp_path: Path) -> None:
    as_text = parquet_bytes(
        pa.table({"code": ["x", "y"], "properties": ['{"a": 1.50}', None], "b": ["2", "3"]})
    )
    assert [text for _, text, _ in lines_of(found(tmp_path, "a.parquet", as_text))] == [
        '{"code":"x","properties":{"b":"2","a": 1.50}}',
        '{"code":"y","properties":{"b":"3"}}',
    ]
    as_record = parquet_bytes(pa.table({"code": ["x"], "properties": pa.array([{"a": 1}])}))
    assert [text for _, text, _ in lines_of(found(tmp_path, "b.parquet", as_record))] == [
        '{"code":"x","properties":{"a":1}}'
    ]


def test_parquet_text_of_any_bytes_is_a_bad_line(tmp_path: Path) -> None:
    broken = pa.array([b"caf\xe9", b"fine"], pa.binary()).view(pa.string())
    lines = lines_of(found(tmp_path, "a.parquet", parquet_bytes(pa.table({"code": broken}))))
    assert [(number, error) for number, _, error in lines] == [(1, readers.NOT_UTF8), (2, None)]


def test_offsets_of_time_zones_are_not_lost(tmp_path: Path) -> None:
    zone = timezone(timedelta(hours=-8))
    column = pa.array(
        [datetime(2025, 10, 1, tzinfo=zone)], pa.timestamp("ns", "America/Los_Angeles")
    )
    content = parquet_bytes(pa.table({"code": ["x"], "timestamp": column}))
    ((_, text, _),) = lines_of(found(tmp_path, "a.parquet", content))
    assert json.loads(text)["timestamp"].startswith("2025-10-01 08:00:00")

"""Shapes: one event is one event in whatever form it is sent, to the digit; and a bad line says what is wrong."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingest_scratch import MODIFIED_NS, Scratch, flat

# (transaction id, subscription, code, instant, tokens, model); digits that a binary float would lose.
EVENTS = [
    ("t-1", "sub_1", "tokens", "2025-10-01T00:00:00.000001Z", "12345678901234.123456789", "small"),
    ("t-2", "sub_1", "tokens", "2025-10-26T00:59:59.999999Z", "0.100000000", "größer"),
    (
        "t-3",
        "sub_2",
        "tokens",
        "2025-10-26T01:00:00.000000Z",
        "-999999999999999.999999999",
        'with "quotes", \\ and\nlines',
    ),
    ("t-4", "sub_2", "calls", "2025-12-31T23:59:59.500000Z", "900719925474099.25", ""),
]

# Each line of one file, with the reason for its rejection and a part of the detail; None for accepted lines.
LINES: list[tuple[Any, str | None, str]] = [
    ("", None, "a blank line is no line"),
    ("not json", "not_json", "not valid JSON"),
    (json.dumps(flat("x"))[:-1], "not_json", "not valid JSON"),
    ('{"code": 01}', "not_json", "not valid JSON"),
    ('{"transaction_id":"x","code":"a","code":"b"}', "not_json", "A key occurs twice"),
    ('{"event":{"code":"a","properties":{"k":1,"l":2,"k":3}}}', "not_json", "A key occurs twice"),
    ("42", "unknown_shape", "event, event_type, code"),
    ('"code"', "unknown_shape", ""),
    ("null", "unknown_shape", ""),
    ('["code"]', "unknown_shape", ""),
    ("[" * 20_000 + "]" * 20_000, "unknown_shape", ""),
    ('{"sku":"a"}', "unknown_shape", ""),
    (flat("x", code=" "), "missing_code", ""),
    ('{"code":null}', "missing_code", ""),
    ({"event": "nothing"}, "missing_code", ""),
    (flat("x", external_subscription_id=None), "missing_external_subscription_id", "neither"),
    (flat("x", transaction_id=None), "missing_transaction_id", ""),
    ({"event_type": "a", "user_id": "u", "quantity": 1}, "missing_timestamp", "without an id"),
    (flat("x", timestamp="soon"), "bad_timestamp", "soon"),
    (flat("x", timestamp=True), "bad_timestamp", "true"),
    (flat("x", timestamp="2025-10-01T00:00:00"), "timestamp_without_offset", "+02:00"),
    (flat("x", timestamp=1759276800000), "timestamp_out_of_range", "epoch is in seconds"),
    (flat("x", properties="{}"), "properties_not_object", ""),
    (flat("x", properties=[1]), "properties_not_object", ""),
    (
        {"event_type": "a", "user_id": "u", "quantity": "many", "timestamp": 1759276800},
        "bad_quantity",
        "many",
    ),
    (
        {"event_type": "a", "user_id": "u", "quantity": "1e-10", "timestamp": 1759276800},
        "too_precise",
        "1e-10",
    ),
    (
        '{"event_type":"a","user_id":"u","quantity":1e15,"timestamp":1759276800}',
        "out_of_range",
        "1e15",
    ),
    (flat("deep", properties={"a": json.loads("[" * 900 + "]" * 900)}), None, ""),
    (flat("null", external_customer_id="c", properties=None), None, ""),
    ('{"transaction_id":77,"external_subscription_id":5,"code":"nul\\u0000byte"}', None, ""),
]

VALUES = [5, "7.25", 1e-7, "1e-10", 10**15, True, None, "", [1], {"a": 1}, -2]


def csv_text(rows: Iterable[Mapping[str, str]]) -> str:
    rows = list(rows)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def parquet_bytes() -> bytes:
    ids, subscriptions, codes, times, tokens, models = zip(*EVENTS, strict=True)
    instants = pa.array(times).cast(pa.timestamp("us", "UTC"))
    table = pa.table(
        {
            "model": models,
            "code": codes,
            "external_subscription_id": subscriptions,
            "transaction_id": ids,
            "timestamp": instants.cast(pa.timestamp("us", "America/New_York")),
            "tokens": pa.array(list(tokens)),
        }
    )
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def put_every_format(scratch: Scratch) -> None:
    """The same events as flat and Lago's JSONL, CSV of two kinds, and Parquet."""
    names = ("transaction_id", "external_subscription_id", "code", "timestamp")
    flat_lines, lago_lines, plain_rows, json_rows = [], [], [], []
    for *own, tokens, model in EVENTS:
        event = dict(zip(names, own, strict=True))
        # Numbers as JSON numbers, with all their digits; the order of keys does not matter.
        properties = (
            f'{{"model":{json.dumps(model)},"tokens":{tokens}}}'
            if model
            else f'{{"tokens":{tokens}}}'
        )
        head = json.dumps(event)[:-1]
        flat_lines.append(f'{head}, "properties": {properties}, "ignored": 1}}')
        lago_lines.append(f'{{"event": {head}, "properties" : {properties} }}}}')
        plain_rows.append(event | {"tokens": tokens, "model": model})
        json_rows.append({"properties": properties} | event)
    scratch.put("flat.jsonl", flat_lines)
    scratch.put("lago.jsonl.gz", lago_lines)
    scratch.put("plain.csv", csv_text(plain_rows))
    scratch.put("json.csv.gz", csv_text(json_rows))
    scratch.put("rows.parquet", parquet_bytes())


@pytest.fixture(scope="module")
def loaded() -> Scratch:
    scratch = Scratch()
    put_every_format(scratch)
    scratch.put("lines.jsonl", [line for line, _, _ in LINES])
    scratch.put(
        "values.jsonl",
        [
            flat(
                f"v-{at}",
                code="summed",
                timestamp="2025-11-01T00:00:00Z",
                properties={"size": value},
            )
            for at, value in enumerate(VALUES)
        ],
    )
    scratch.put(
        "short.jsonl",
        [
            '{"user_id":"u","event_type":"summed","quantity":1.50,"timestamp":"2025-11-01T00:00:00Z"}',
            '{"timestamp":1761955200,"user_id":"u","event_type":"summed","quantity":"1.5"}',
            '{"user_id":"u","event_type":"summed","quantity":1.50,"timestamp":"2025-11-01T01:00:00+01:00","transaction_id":"own"}',
            '{"user_id":"u","event_type":"summed","timestamp":"2025-11-01T00:00:00Z"}',
        ],
    )
    scratch.put(
        "bad_bytes.jsonl", b'{"code":"\xff"}\n' + json.dumps(flat("after")).encode() + b"\n"
    )
    scratch.metrics("v1", {"summed": "size", "calls": None})
    report = scratch.ingest()
    assert report.problems == ()
    return scratch


def test_the_same_events_in_five_formats_are_one_set_of_events(loaded: Scratch) -> None:
    names = ("flat.jsonl", "lago.jsonl.gz", "plain.csv", "json.csv.gz", "rows.parquet")
    counts = loaded.rows(
        "select sum(accepted_count), sum(duplicate_count), sum(conflict_count), sum(rejected_count)"
        " from landing.fct_file_verdicts inner join landing.files using (file_hash)"
        f" where file_name in {names}"
    )
    assert counts == [(len(EVENTS), 4 * len(EVENTS), 0, 0)]


def test_events_keep_every_digit_and_microsecond(loaded: Scratch) -> None:
    rows = loaded.rows(
        "select transaction_id, external_subscription_id, code, strftime(event_at, '%Y-%m-%dT%H:%M:%S.%fZ'), properties"
        " from landing.fct_events where transaction_id like 't-%' order by 1"
    )
    expected = []
    for transaction_id, subscription, code, instant, tokens, model in EVENTS:
        properties = {"model": model, "tokens": tokens} if model else {"tokens": tokens}
        expected.append((transaction_id, subscription, code, instant, properties))
    assert [(*row, json.loads(properties)) for *row, properties in rows] == expected


def test_each_bad_line_says_what_is_wrong(loaded: Scratch) -> None:
    rows = loaded.rows(
        "select line_number, reason, detail, line_text from landing.fct_rejected_lines"
        " where file_name = 'lines.jsonl' order by 1"
    )
    rejected = [
        (number, line, reason, part)
        for number, (line, reason, part) in enumerate(LINES, 1)
        if reason is not None
    ]
    assert [(number, reason) for number, reason, _, _ in rows] == [
        (number, reason) for number, _, reason, _ in rejected
    ]
    for (_, _, detail, line_text), (_, line, _, part) in zip(rows, rejected, strict=True):
        assert part in (detail or "")
        assert line_text == (line if isinstance(line, str) else json.dumps(line))
    accepted = loaded.rows(
        "select transaction_id from landing.fct_events inner join landing.files using (file_hash)"
        " where file_name = 'lines.jsonl' order by line_number"
    )
    assert accepted == [("deep",), ("null",), ("77",)]


def test_line_that_is_no_text_is_one_rejected_line(loaded: Scratch) -> None:
    assert loaded.rows(
        "select line_number, reason, detail, line_text from landing.fct_rejected_lines"
        " where file_name = 'bad_bytes.jsonl'"
    ) == [(1, "not_json", "The line is not valid UTF-8.", '{"code":"\\xff"}')]
    assert loaded.rows(
        "select line_number from landing.fct_events where transaction_id = 'after'"
    ) == [(2,)]


def test_event_without_timestamp_happened_when_its_file_was_modified(loaded: Scratch) -> None:
    ((microseconds, properties),) = loaded.rows(
        "select epoch_us(event_at), properties from landing.fct_events where transaction_id = '77'"
    )
    assert microseconds == MODIFIED_NS // 1000
    assert properties == "{}"


def test_values_are_summed_exactly_and_faults_are_counted(loaded: Scratch) -> None:
    rows = loaded.rows(
        "select external_subscription_id, external_customer_id, event_count, numeric_count, value_sum,"
        " not_numeric_count, too_precise_count, out_of_range_count"
        " from landing.fct_usage_hours where field_name = 'size' order by 1 nulls last"
    )
    assert rows == [
        # 5 + 7.25 + 0.0000001 - 2; true, null, "", a list and an object are no numbers.
        ("sub_1", None, 11, 4, Decimal("10.250000100"), 5, 1, 1),
        # The short form's quantity; without one the property is looked for, and is not there.
        (None, "u", 4, 3, Decimal("4.500000000"), 1, 0, 0),
    ]
    assert loaded.rows(
        "select distinct code from landing.fct_usage_hours where field_name = 'size'"
    ) == [("summed",)]


def test_every_event_is_counted_whatever_its_code(loaded: Scratch) -> None:
    assert (
        loaded.rows(
            "select code, sum(event_count) from landing.fct_usage_hours where field_name = '' group by 1"
            " except select code, count(*) from landing.fct_events group by 1"
        )
        == []
    )
    ((counted, events),) = loaded.rows(
        "select (select sum(event_count) from landing.fct_usage_hours where field_name = ''),"
        " (select count(*) from landing.fct_events)"
    )
    assert counted == events


def test_lines_of_each_file_add_up(loaded: Scratch) -> None:
    assert (
        loaded.rows(
            "select file_name from landing.files inner join landing.fct_file_verdicts using (file_hash)"
            " where line_count <> accepted_count + duplicate_count + conflict_count + rejected_count"
        )
        == []
    )
    assert loaded.rows("select line_count from landing.files where file_name = 'lines.jsonl'") == [
        (len(LINES) - 1,)
    ]

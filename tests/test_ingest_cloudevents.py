"""CloudEvents as OpenMeter takes them: one identity per source and id, in JSONL and in tables."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from ingest_scratch import MODIFIED_NS, Scratch, flat

CSV = """\
specversion,id,source,type,time,subject,tokens,region
1.0,table-1,urn:a,tokens,2025-10-01T12:00:00Z,c,5.10,eu
1.0,table-2,urn:a,tokens,2025-10-01T12:00:00Z,c,,
"""
CSV_WITH_DATA = """\
data,specversion,id,source,type,time,subject
"{""tokens"": 5.10, ""region"": ""eu""}",1.0,table-1,urn:a,tokens,2025-10-01T14:00:00+02:00,c
none,1.0,table-3,urn:a,tokens,2025-10-01T14:00:00+02:00,c
"""


def cloud(event_id: str, /, **changes: Any) -> dict[str, Any]:
    """A good CloudEvent, with some attributes changed; one that is None is left out."""
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": "urn:a",
        "type": "tokens",
        "time": "2025-10-01T12:00:00Z",
        "subject": "c",
        "data": {"tokens": 5},
    }
    return {key: value for key, value in (event | changes).items() if value is not None}


LINES: list[tuple[Any, str]] = [
    (cloud("1"), "accepted"),
    (cloud("1", source="urn:b"), "accepted"),
    (cloud("1", subject="d"), "accepted"),
    # The subscription is the scope where it is named; the subject stays beside it.
    (cloud("1", subscription="s"), "accepted"),
    (cloud("1", subscription="s", subject="other"), "duplicate"),
    (cloud("1", subscription=""), "duplicate"),
    (cloud("1", time="2025-10-01T14:00:00.000+02:00", datacontenttype="a/b"), "duplicate"),
    (cloud("1", data={"tokens": 6}), "conflict"),
    # Without an escape these two would be one.
    (cloud("y z", source="x"), "accepted"),
    (cloud("z", source="x y"), "accepted"),
    (cloud("z", source="x\\ y"), "accepted"),
    (cloud("z", source="x\\\\ y"), "accepted"),
    # No type of shape hides another: an attribute may have any name.
    (cloud("named", event="e", code="c", event_type="t", user_id="u", retracts=""), "accepted"),
    (cloud("bare", time=None, data=None), "accepted"),
    (cloud("none", data=[1]), "properties_not_object"),
    (cloud("none", type=None), "missing_code"),
    (cloud("none", subject=None), "missing_external_subscription_id"),
    (cloud("none", source=" "), "missing_transaction_id"),
    (cloud("", source="urn:a"), "missing_transaction_id"),
    (cloud("none", time="2025-10-01T12:00:00"), "timestamp_without_offset"),
    ('{"specversion":"1.0","id":"none","id":"none"}', "not_json"),
    (
        '{"specversion":"1.0","id":"n","source":"s","type":"t","subject":"c","data":{"a":1,"a":1}}',
        "not_json",
    ),
    (cloud("cents", data={"precise_total_amount_cents": "12.000000000000001"}), "accepted"),
    (cloud("cents", data={"precise_total_amount_cents": 1e-16}), "bad_precise_total_amount"),
]


@pytest.fixture(scope="module")
def loaded() -> Scratch:
    scratch = Scratch()
    scratch.put("lines.jsonl", [line for line, _ in LINES])
    scratch.put("flat.jsonl", [flat("1", external_subscription_id="s")])
    assert scratch.ingest().problems == ()
    # Received again later: we gave the time, so it is the same.
    scratch.put("again.jsonl", [cloud("bare", time=None, data={})], MODIFIED_NS + 10**9)
    scratch.put("table.csv", CSV)
    scratch.ingest()
    scratch.put("data.csv", CSV_WITH_DATA)
    scratch.ingest()
    return scratch


def verdicts(scratch: Scratch, file: str) -> list[str]:
    rows = scratch.rows(
        f"""
        with lines as (
            select file_hash, line_number, 'accepted' as verdict from landing.fct_events
            union all
            select file_hash, line_number, verdict from landing.fct_repeated_events
            union all
            select file_hash, line_number, reason from landing.fct_rejected_lines
        )
        select verdict from lines inner join landing.files using (file_hash)
        where file_name = '{file}' order by line_number
        """
    )
    return [verdict for (verdict,) in rows]


def test_verdicts_of_lines(loaded: Scratch) -> None:
    found = verdicts(loaded, "lines.jsonl")
    assert list(zip([line for line, _ in LINES], found, strict=True)) == LINES
    assert verdicts(loaded, "flat.jsonl") == ["accepted"]
    assert verdicts(loaded, "again.jsonl") == ["duplicate"]


def test_what_an_event_says(loaded: Scratch) -> None:
    rows = loaded.rows(
        "select external_subscription_id, external_customer_id, code, epoch_us(event_at), properties,"
        " precise_total_amount_cents from landing.fct_events"
        " where transaction_id in ('urn:a cents', 'urn:a bare') or external_subscription_id = 's'"
        " and transaction_id = 'urn:a 1' order by 1 nulls last, 4"
    )
    noon = 1_759_320_000_000_000
    assert rows == [
        ("s", "c", "tokens", noon, '{"tokens":"5"}', None),
        (None, "c", "tokens", MODIFIED_NS // 1000, "{}", None),
        (
            None,
            "c",
            "tokens",
            noon,
            '{"precise_total_amount_cents":"12.000000000000001"}',
            Decimal("12.000000000000001"),
        ),
    ]


def test_rows_of_tables(loaded: Scratch) -> None:
    assert verdicts(loaded, "table.csv") == ["accepted", "accepted"]
    assert verdicts(loaded, "data.csv") == ["duplicate", "properties_not_object"]
    rows = loaded.rows(
        "select transaction_id, properties from landing.fct_events"
        " where transaction_id like '%table%' order by 1"
    )
    assert [(name, json.loads(properties)) for name, properties in rows] == [
        ("urn:a table-1", {"tokens": "5.10", "region": "eu"}),
        ("urn:a table-2", {}),
    ]

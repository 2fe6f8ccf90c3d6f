"""Events that retract or amend others, and resends that mend: what a close needs to know, through real ingests."""

from __future__ import annotations

import hashlib
import json
import uuid
from decimal import Decimal
from typing import Any

import pytest
from ingest_scratch import MODIFIED_NS, Scratch, flat

TIME = "2025-10-01T12:00:00Z"
CODELESS = {"code": None, "timestamp": None, "properties": None}


def lago(event_id: str, /, **changes: Any) -> dict[str, Any]:
    return {"event": flat(event_id, **changes)}


def cloud(event_id: str, /, **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "a",
        "subscription": "sub_1",
        "subject": "c",
    } | changes


def short(**changes: Any) -> dict[str, Any]:
    return {"user_id": "u"} | changes


def usage(event_id: str) -> dict[str, Any]:
    return short(transaction_id=event_id, event_type="calls", quantity=1, timestamp=TIME)


# Before and after what they name, in every shape. The second batch has what the first one lacks.
FIRST = [
    flat("flat-1"),
    flat("r-flat-2", retracts="flat-2", **CODELESS),
    lago("lago-1"),
    lago("r-lago-2", retracts="lago-2", **CODELESS),
    cloud("cloud-1", type="tokens", time=TIME),
    cloud("r-cloud-2", retracts="cloud-2"),
    usage("short-1"),
    short(retracts="short-2"),
    # Both in one batch; the one that amends is usage.
    flat("amended"),
    flat("mend", amends="amended", properties={"tokens": 7}),
    # Another scope or source: nothing of that name.
    flat("r-scope", external_subscription_id="sub_2", retracts="flat-3", **CODELESS),
    cloud("r-source", source="b", retracts="cloud-3"),
    flat("r-nothing", retracts="never sent", **CODELESS),
]
SECOND = [
    flat("r-flat-1", retracts="flat-1", **CODELESS),
    flat("flat-2"),
    lago("r-lago-1", retracts="lago-1", **CODELESS),
    lago("lago-2"),
    cloud("r-cloud-1", retracts="cloud-1"),
    cloud("cloud-2", type="tokens", time=TIME),
    short(transaction_id="r-short-1", retracts="short-1"),
    usage("short-2"),
    flat("flat-3"),
    cloud("cloud-3", type="tokens", time=TIME),
    # An amendment is retracted, and a retraction: neither brings anything back.
    flat("r-mend", retracts="mend", **CODELESS),
    flat("r-again", retracts="r-flat-2", **CODELESS),
    # Named twice.
    flat("r-flat-1-too", retracts="flat-1"),
]
TABLE = "transaction_id,external_subscription_id,retracts\nr-table,sub_1,flat-3\n"
REJECTED = [
    (flat("x", retracts="x", **CODELESS), "names_itself"),
    (flat("x", amends="x"), "names_itself"),
    (cloud("x", retracts="x"), "names_itself"),
    (flat("x", retracts="y", amends="z"), "retracts_and_amends"),
    (flat("x", amends="y", code=None), "unknown_shape"),
    (flat("x", retracts=" ", **CODELESS), "missing_code"),
    (flat(" ", retracts="y", **CODELESS), "missing_transaction_id"),
    (flat("x", retracts="y", external_subscription_id=None), "missing_external_subscription_id"),
    ({"retracts": "y"}, "missing_external_subscription_id"),
    (short(event_type="calls", amends="y", quantity=1), "missing_timestamp"),
    ({"amends": "y", "external_subscription_id": "s"}, "unknown_shape"),
    (flat("x", precise_total_amount_cents="1,5"), "bad_precise_total_amount"),
]


@pytest.fixture(scope="module")
def loaded() -> Scratch:
    scratch = Scratch()
    scratch.metrics("v1", {"tokens": "tokens", "calls": None})
    scratch.put("first.jsonl", FIRST)
    scratch.ingest()
    scratch.put("second.jsonl", SECOND)
    # Repeated without an id too, in a file of another time: still one retraction.
    scratch.put("copy.jsonl", [SECOND[0], short(retracts="short-2")], MODIFIED_NS + 10**9)
    scratch.put("rejected.jsonl", [line for line, _ in REJECTED])
    report = scratch.ingest()
    assert (report.duplicate, report.conflict, report.rejected) == (2, 0, len(REJECTED))
    scratch.put("third.csv", TABLE)
    assert scratch.ingest().accepted == 1
    return scratch


def retracted(scratch: Scratch, batch_number: int) -> set[str]:
    """Ids of the events that are out for a close that sees the batches up to `batch_number`."""
    return {
        name
        for (name,) in scratch.rows(
            "select distinct transaction_id from landing.fct_retracted_events"
            f" where batch_number <= {batch_number}"
        )
    }


def test_events_are_out_whatever_their_shape_and_order(loaded: Scratch) -> None:
    assert retracted(loaded, 1) == {"amended"}
    second = {"flat-1", "flat-2", "lago-1", "lago-2", "a cloud-1", "a cloud-2"}
    second |= {"short-1", "short-2", "amended", "mend"}
    assert retracted(loaded, 2) == second
    assert retracted(loaded, 3) == second | {"flat-3"}


def test_an_event_that_is_out_keeps_its_content(loaded: Scratch) -> None:
    same = "transaction_id, external_subscription_id, external_customer_id, code, event_at, quantity, properties"
    assert (
        loaded.rows(
            f"select event_key, {same} from landing.fct_retracted_events"
            f" except select event_key, {same} from landing.fct_events"
        )
        == []
    )
    rows = loaded.rows(
        "select transaction_id, batch_number, event_batch_number, retraction_kind, line_verdict"
        " from landing.fct_retracted_events where transaction_id in ('flat-1', 'flat-2', 'amended')"
        " order by all"
    )
    assert rows == [
        ("amended", 1, 1, "amends", "accepted"),
        ("flat-1", 2, 1, "retracts", "accepted"),
        ("flat-1", 2, 1, "retracts", "accepted"),
        ("flat-2", 2, 2, "retracts", "accepted"),
    ]


def test_pure_retractions_are_accepted_and_no_usage(loaded: Scratch) -> None:
    pure = loaded.rows(
        "select count(*), count(code) from landing.fct_events where retracts_transaction_id is not null"
    )
    # One of them says a code all the same.
    assert pure == [(15, 1)]
    assert loaded.rows("select count(*) from landing.fct_retractions") == [(16,)]
    ((counted, events),) = loaded.rows(
        "select (select sum(event_count) from landing.fct_usage_hours where field_name = ''),"
        " (select count(*) from landing.fct_events where retracts_transaction_id is null)"
    )
    assert counted == events
    assert loaded.rows(
        "select sum(event_count) from landing.fct_usage_hours where field_name = 'tokens'"
    ) == loaded.rows(
        "select count(*) from landing.fct_events"
        " where code = 'tokens' and retracts_transaction_id is null"
    )
    assert loaded.rows(
        "select properties, amends_transaction_id from landing.fct_events where transaction_id = 'mend'"
    ) == [('{"tokens":"7"}', "amended")]


def test_each_bad_retraction_says_what_is_wrong(loaded: Scratch) -> None:
    rows = loaded.rows(
        "select reason, coalesce(detail, '') from landing.fct_rejected_lines order by line_number"
    )
    assert [reason for reason, _ in rows] == [reason for _, reason in REJECTED]
    assert [detail for reason, detail in rows if reason == "bad_precise_total_amount"] == [
        "Not a decimal number: 1,5"
    ]


# Mended resends --------------------------------------------------------------------------------------


def test_what_lines_of_a_key_say_is_kept_in_load_order() -> None:
    scratch = Scratch()
    scratch.put("1.jsonl", [flat("t", code="tokns"), flat("other"), flat("calm"), flat("calm")])
    scratch.ingest()
    assert scratch.rows("select * from landing.fct_contested_events") == []
    mended = flat("t", precise_total_amount_cents="1.50", amends="other", properties={"tokens": 6})
    scratch.put("2.jsonl", [mended, flat("t", code="calls"), flat("t", code="tokns")])
    scratch.ingest()
    # The one before is a conflict again: it differs from the owner, not from the line before.
    scratch.put("3.jsonl", [mended, flat("other", code=None, retracts="calm"), flat("other")], 1)
    scratch.ingest()
    rows = scratch.rows(
        "select transaction_id, is_owner, batch_number, event_batch_number, line_number, code,"
        " properties, precise_total_amount_cents, amends_transaction_id, retracts_transaction_id"
        " from landing.fct_contested_events order by event_key, is_owner desc, batch_number, file_hash, line_number"
    )
    five, six = '{"tokens":"5"}', '{"tokens":"6"}'
    assert [row[1:] for row in rows if row[0] == "t"] == [
        (True, 2, 1, 1, "tokns", five, None, None, None),
        (False, 2, 2, 1, "tokens", six, Decimal("1.5"), "other", None),
        (False, 2, 2, 2, "calls", five, None, None, None),
        (False, 3, 3, 1, "tokens", six, Decimal("1.5"), "other", None),
    ]
    assert [row[1:] for row in rows if row[0] == "other"] == [
        (True, 3, 1, 2, "tokens", five, None, None, None),
        (False, 3, 3, 2, None, five, None, None, "calm"),
    ]
    assert {row[0] for row in rows} == {"t", "other"}
    # What a conflict names is out only where the conflict stands: told apart.
    assert scratch.rows(
        "select transaction_id, batch_number, retraction_kind, line_verdict, retracting_line_number"
        " from landing.fct_retracted_events order by all"
    ) == [
        ("calm", 3, "retracts", "conflict", 2),
        ("other", 2, "amends", "conflict", 1),
        ("other", 3, "amends", "conflict", 1),
    ]
    before = scratch.state()
    # An ingest that has nothing to load but aggregates adds nothing to these.
    scratch.metrics("v1", {"tokens": "tokens"})
    assert scratch.ingest().batch_number is None
    after = scratch.state()
    for table in ("fct_contested_events", "fct_retractions", "fct_retracted_events"):
        assert after[table] == before[table]


def prefixed(*texts: str) -> str:
    *others, last = texts
    return "".join(f"{len(text)}:{text}" for text in others) + last


def test_hashes_of_earlier_releases_still_hold() -> None:
    """Computed anew: another text would make every resend of an old event a conflict, or new usage."""
    scratch = Scratch()
    event = {"event_type": "calls", "user_id": "u", "quantity": 2, "timestamp": TIME}
    scratch.put("old.jsonl", [flat("old"), event])
    scratch.ingest()
    at = "2025-10-01 12:00:00"
    content = [
        prefixed(
            "tokens",
            "sub_1",
            f"subscription {at} -",
            json.dumps({"tokens": "5"}, separators=(",", ":")),
        ),
        prefixed("calls", "u", f"customer {at} 2.000000000", "{}"),
    ]
    hashes = [stored_md5(text) for text in content]
    keys = [prefixed("subscription", "sub_1", "old"), prefixed(hashes[1], "1")]
    assert scratch.rows(
        "select cast(event_key as varchar), cast(content_hash as varchar) from landing.fct_event_keys"
        " order by line_number"
    ) == [(stored_md5(key), content_hash) for key, content_hash in zip(keys, hashes, strict=True)]


def stored_md5(text: str) -> str:
    """The MD5 as the warehouse writes it: as an identifier, its last byte first."""
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    return str(uuid.UUID(bytes=digest[::-1]))

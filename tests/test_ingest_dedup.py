"""Deduplication: the first accepted line of a key owns it, within a file, across files and across batches."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from ingest_scratch import MODIFIED_NS, Scratch, flat

SEED = 20251001
SHORT_TIME = 1_759_276_800


def short(**changes: Any) -> dict[str, Any]:
    return {"user_id": "u", "event_type": "calls", "quantity": 1, "timestamp": SHORT_TIME} | changes


@pytest.fixture(scope="module")
def loaded() -> Scratch:
    """Two batches. Files of a batch are loaded in the order of their hashes: only lines of one file have an order."""
    scratch = Scratch()
    scratch.put(
        "one/first.jsonl",
        [
            flat("same"),
            flat("same", properties={"tokens": 5.0}),
            # The same instant in another zone, the keys in another order: the same content.
            {
                "properties": {"tokens": 5},
                **flat("same", timestamp="2025-10-01T14:00:00+02:00", properties=None),
            }
            | {"properties": {"tokens": 5}},
            flat("same", timestamp="2025-10-01T12:00:00.000001Z"),
            flat("same", code="calls"),
            # Another scope is another key.
            flat("same", external_subscription_id="sub_2"),
            flat("same", external_subscription_id=None, external_customer_id="sub_1"),
            # A rejected line owns no key.
            flat("mended", timestamp="2025-10-01T12:00:00"),
            flat("stamped", timestamp=None),
            # Without ids, equal events are different events.
            short(),
            short(quantity="1.000"),
            short(quantity=2),
        ],
    )
    scratch.ingest()
    # The same without a time, in a file of another time: we gave the time, so the content is the same.
    scratch.put("two/stamped.jsonl", [flat("stamped", timestamp=None)], MODIFIED_NS + 10**9)
    scratch.put(
        "two/mended.jsonl",
        [flat("mended"), flat("same", properties={"tokens": 6}), "", flat("mended")],
    )
    # Two of these are known by content and number; the third is new.
    scratch.put(
        "two/short.jsonl", [short(), {"quantity": 1, **short()}, short(timestamp=f"{SHORT_TIME}.0")]
    )
    scratch.ingest()
    return scratch


def verdicts(scratch: Scratch, file: str) -> dict[int, str]:
    """Line number to verdict, for the lines of one file."""
    return dict(
        scratch.rows(
            f"""
            with lines as (
                select file_hash, line_number, 'accepted' as verdict from landing.fct_events
                union all
                select file_hash, line_number, verdict from landing.fct_repeated_events
                union all
                select file_hash, line_number, reason from landing.fct_rejected_lines
            )
            select line_number, verdict from lines inner join landing.files using (file_hash)
            where file_name = '{file}' order by line_number
            """
        )
    )


def test_within_a_file(loaded: Scratch) -> None:
    assert verdicts(loaded, "one/first.jsonl") == {
        1: "accepted",
        2: "conflict",
        3: "duplicate",
        4: "conflict",
        5: "conflict",
        6: "accepted",
        7: "accepted",
        8: "timestamp_without_offset",
        9: "accepted",
        10: "accepted",
        11: "accepted",
        12: "accepted",
    }


def test_a_time_that_ingest_gave_is_not_compared(loaded: Scratch) -> None:
    assert verdicts(loaded, "two/stamped.jsonl") == {1: "duplicate"}
    assert loaded.rows(
        "select epoch_us(event_at) from landing.fct_events where transaction_id = 'stamped'"
    ) == [(MODIFIED_NS // 1000,)]


def test_a_mended_line_is_accepted_once(loaded: Scratch) -> None:
    assert verdicts(loaded, "two/mended.jsonl") == {1: "accepted", 2: "conflict", 4: "duplicate"}


def test_events_without_id_are_known_by_content_and_number(loaded: Scratch) -> None:
    assert verdicts(loaded, "two/short.jsonl") == {1: "duplicate", 2: "duplicate", 3: "accepted"}


def test_a_repetition_names_the_line_that_owns_the_key(loaded: Scratch) -> None:
    rows = loaded.rows(
        """
        select owners.file_name, repeated.first_batch_number, repeated.first_line_number, repeated.verdict
        from landing.fct_repeated_events as repeated
        inner join landing.files as files on repeated.file_hash = files.file_hash
        inner join landing.files as owners on repeated.first_file_hash = owners.file_hash
        where files.file_name = 'two/mended.jsonl'
        order by repeated.line_number
        """
    )
    assert rows == [
        ("one/first.jsonl", 1, 1, "conflict"),
        ("two/mended.jsonl", 2, 1, "duplicate"),
    ]


# Against an independent computation -----------------------------------------------------------------


def random_line(rng: random.Random) -> dict[str, Any]:
    """A line from a space so small that keys and contents often meet."""
    tokens = rng.choice([1, 2])
    if rng.random() < 0.4:
        return short(
            user_id=rng.choice("uv"), quantity=tokens, timestamp=SHORT_TIME + rng.randrange(3)
        )
    return flat(
        f"t{rng.randrange(150)}",
        external_subscription_id=rng.choice(["sub_1", "sub_2"]),
        timestamp=rng.choice([None, "soon", "2025-10-01T12:00:00Z", "2025-10-02T12:00:00Z"]),
        properties={"tokens": tokens},
    )


def expected_verdicts(
    files: list[list[tuple[str, list[dict[str, Any]]]]],
) -> Iterator[tuple[str, int, str]]:
    """(file hash, line number, verdict) of each line, by the rules; batches of files, each with its hash."""
    owners: dict[Any, Any] = {}
    for batch in files:
        for file_hash, lines in sorted(batch):
            occurrences: Counter[Any] = Counter()
            for line_number, line in enumerate(lines, 1):
                if line.get("timestamp") == "soon":
                    yield file_hash, line_number, "rejected"
                    continue
                content: tuple[Any, ...]
                if "event_type" in line:
                    content = (
                        line["user_id"],
                        line["event_type"],
                        Decimal(line["quantity"]),
                        line["timestamp"],
                    )
                    occurrences[content] += 1
                    key: tuple[Any, ...] = (content, occurrences[content])
                else:
                    key = (line["external_subscription_id"], line["transaction_id"])
                    content = (line["code"], line.get("timestamp"), line["properties"]["tokens"])
                if key not in owners:
                    owners[key] = content
                    yield file_hash, line_number, "accepted"
                else:
                    yield (
                        file_hash,
                        line_number,
                        "duplicate" if owners[key] == content else "conflict",
                    )


def test_random_batches_agree_with_the_rules() -> None:
    rng = random.Random(SEED)
    scratch = Scratch()
    batches = []
    for batch_number in (1, 2):
        batch = []
        for file_number in range(3):
            lines = [random_line(rng) for _ in range(300)]
            path = scratch.put(f"{batch_number}/{file_number}.jsonl", lines)
            batch.append((hashlib.sha256(path.read_bytes()).hexdigest(), lines))
        batches.append(batch)
        scratch.ingest()
    expected = sorted(expected_verdicts(batches))
    assert {verdict for _, _, verdict in expected} == {
        "accepted",
        "duplicate",
        "conflict",
        "rejected",
    }
    found = scratch.rows(
        """
        select file_hash, line_number, 'accepted' from landing.fct_events
        union all
        select file_hash, line_number, verdict from landing.fct_repeated_events
        union all
        select file_hash, line_number, 'rejected' from landing.fct_rejected_lines
        order by all
        """
    )
    assert found == expected

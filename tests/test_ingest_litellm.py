"""What LiteLLM's callbacks post is usage as it stands: bodies as recorded, through a real ingest."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ingest_scratch import MODIFIED_NS, Scratch

RECORDINGS = Path(__file__).parent / "recordings"
NAMES = ("litellm_lago.jsonl", "litellm_openmeter.jsonl")


def bodies(name: str) -> list[dict[str, Any]]:
    """The bodies of a recording, each number as the text that stands in it."""
    lines = (RECORDINGS / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line, parse_int=str, parse_float=str) for line in lines]


@pytest.fixture(scope="module")
def loaded() -> Scratch:
    scratch = Scratch()
    for name in NAMES:
        scratch.put(name, (RECORDINGS / name).read_bytes())
        # Sent twice, as a caller does that got no answer.
        scratch.put(f"again/{name}", (RECORDINGS / name).read_bytes() + b"\n", MODIFIED_NS + 10**9)
    scratch.metrics("v1", {"llm_tokens": "total_tokens"})
    report = scratch.ingest()
    assert report.problems == ()
    assert (report.conflict, report.rejected) == (0, 0)
    assert report.accepted == report.duplicate == 6
    return scratch


def events(scratch: Scratch, column: str) -> dict[str, tuple[Any, ...]]:
    """Accepted events that have `column`, by transaction id."""
    rows = scratch.rows(
        "select transaction_id, external_subscription_id, external_customer_id, code, epoch_us(event_at), properties"
        f" from landing.fct_events where {column} is not null order by 1"
    )
    return {transaction_id: tuple(others) for transaction_id, *others in rows}


def test_lago_bodies_happened_when_their_file_was_modified(loaded: Scratch) -> None:
    sent = [body["event"] for body in bodies("litellm_lago.jsonl")]
    found = events(loaded, "external_subscription_id")
    assert set(found) == {event["transaction_id"] for event in sent}
    assert all("timestamp" not in event for event in sent)
    # Of two copies that are the same but for our time, the one with the smaller hash is the first.
    received = {MODIFIED_NS // 1000, MODIFIED_NS // 1000 + 10**6}
    for event in sent:
        subscription, customer, code, microseconds, properties = found[event["transaction_id"]]
        assert (subscription, customer) == (event["external_subscription_id"], None)
        assert (code, microseconds in received) == (event["code"], True)
        assert json.loads(properties) == event["properties"]
    assert len({microseconds for *_, microseconds, _ in found.values()}) == 1


def test_openmeter_bodies_name_their_customer_and_time(loaded: Scratch) -> None:
    sent = bodies("litellm_openmeter.jsonl")
    found = events(loaded, "external_customer_id")
    assert set(found) == {f"{event['source']} {event['id']}" for event in sent}
    for event in sent:
        row = found[f"{event['source']} {event['id']}"]
        instant = datetime.fromisoformat(event["time"])
        microseconds = int(instant.timestamp()) * 10**6 + instant.microsecond
        assert row[:4] == (None, event["subject"], event["type"], microseconds)
        assert json.loads(row[4]) == event["data"]


@pytest.mark.parametrize(
    ("name", "properties", "cost"),
    [(NAMES[0], "properties", "response_cost"), (NAMES[1], "data", "cost")],
)
def test_recordings_hold_what_makes_them_worth_having(
    name: str, properties: str, cost: str
) -> None:
    """Costs in scientific notation and with the digits of a binary float, model names, all token counts."""
    sent = [body.get("event", body)[properties] for body in bodies(name)]
    assert {"model", "prompt_tokens", "completion_tokens", "total_tokens", cost} <= set(sent[0])
    assert any("e-" in event[cost] for event in sent)
    assert any(len(event[cost]) > 15 for event in sent)
    assert len({event["model"] for event in sent}) == 3


def test_tokens_are_summed_per_name(loaded: Scratch) -> None:
    tokens = [
        sum(int(body.get("event", body)[key]["total_tokens"]) for body in bodies(name))
        for name, key in zip(NAMES, ("properties", "data"), strict=True)
    ]
    rows = loaded.rows(
        "select external_customer_id is not null, cast(sum(value_sum) as bigint), sum(numeric_count)"
        " from landing.fct_usage_hours where field_name = 'total_tokens' group by 1 order by 1"
    )
    assert rows == [(False, tokens[0], 3), (True, tokens[1], 3)]

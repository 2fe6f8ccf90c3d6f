"""The oracle's events by hand: CloudEvents, callbacks without a timestamp, retractions, resends, verdicts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.hand_written import BASE, charge, charge_lines, event, hand_bill, write_lines
from tests.oracle.usage import count_reasons, read_batches

CLOUD: dict[str, Any] = {
    "specversion": "1.0",
    "id": "1",
    "source": "proxy",
    "type": "tokens",
    "time": "2025-06-10T12:00:00Z",
    "subject": "atlas",
    "data": {"amount": 5, "model": "large"},
}
FREE = {"prices/charges": [charge("tokens", unit_amount="1")]}


def cloud(transaction_id: str, **changes: Any) -> dict[str, Any]:
    record = {**CLOUD, "id": transaction_id, **changes}
    return {name: value for name, value in record.items() if value is not ...}


def verdicts_of(tmp_path: Path, *records: dict[str, Any]) -> list[str]:
    lines = read_batches([[write_lines(tmp_path / "usage.jsonl", records)]])
    return [line.reason or line.verdict for line in lines]


def billed(
    tmp_path: Path, *records: dict[str, Any], through: str = "2025-07-01", **tables: Any
) -> tuple[list[tuple[str, ...]], dict[tuple[str, str], int]]:
    """Quantities on 1 July, and the verdicts."""
    result = hand_bill(tmp_path, {**FREE, **tables}, [records], through)
    return charge_lines(result, "quantity"), dict(result.event_verdicts)


# CloudEvents.


def test_a_cloud_event_says_what_the_flat_shape_says(tmp_path: Path) -> None:
    [line] = read_batches([[write_lines(tmp_path / "usage.jsonl", [CLOUD])]])
    assert line.event is not None
    assert line.event.code == "tokens"
    assert line.event.at == datetime(2025, 6, 10, 12, tzinfo=UTC)
    assert line.event.external_customer_id == "atlas"
    assert line.event.properties == {"amount": Decimal(5), "model": "large"}
    assert line.event.transaction_key[1:] == ("proxy", "1")


def test_a_cloud_event_is_identified_by_source_and_id(tmp_path: Path) -> None:
    records = (
        CLOUD,
        cloud("1", source="other"),
        cloud("1", subscription="ext"),  # another subscription is other content, not another id
        cloud("1", time="2025-06-10T14:00:00+02:00"),
        cloud("1", data={"model": "large", "amount": "5"}),
        event("1", "2025-06-10", "tokens", amount=5),
    )
    assert verdicts_of(tmp_path, *records) == [
        "accepted",
        "accepted",
        "conflict",
        "duplicate",
        "duplicate",
        "accepted",
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"source": ...}, "missing_transaction_id"),
        ({"id": ""}, "missing_transaction_id"),
        ({"type": ...}, "missing_code"),
        ({"subject": ...}, "missing_external_subscription_id"),
        ({"subject": ..., "subscription": "ext"}, "accepted"),
        ({"time": ...}, "accepted"),
        ({"time": "2025-06-10 12:00:00"}, "timestamp_without_offset"),
        ({"data": ...}, "accepted"),
        ({"data": [1]}, "properties_not_object"),
        ({"data": {"precise_total_amount_cents": "few"}}, "bad_precise_total_amount"),
    ],
)
def test_what_a_cloud_event_must_hold(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    assert verdicts_of(tmp_path, cloud("7", **changes)) == [reason]


def test_bodies_of_callbacks(tmp_path: Path) -> None:
    """A proxy posts Lago's shape without a timestamp, and CloudEvents with token counts; both count."""
    lago = {"event": {**event("1", "2025-06-10", "tokens", amount=3), "timestamp": None}}
    meter = cloud("2", data={"model": "large", "amount": 4, "cost": 0.1})
    path = write_lines(tmp_path / "usage.jsonl", [lago, meter])
    first, second = read_batches([[path]])
    assert (first.verdict, second.verdict) == ("accepted", "accepted")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ('"12.000000000000001"', "accepted"),
        ("0.0000000000000001", "bad_precise_total_amount"),
        ("99999999999999999999999", "accepted"),
        ("1e23", "bad_precise_total_amount"),
        ("-1.50000000000000000000", "accepted"),
        ("true", "bad_precise_total_amount"),
        ("null", "accepted"),
    ],
)
def test_precise_amounts_have_fifteen_decimals(tmp_path: Path, text: str, verdict: str) -> None:
    line = json.dumps(event("1", "2025-06-10", "tokens"))[:-1]
    path = write_lines(tmp_path / "u.jsonl", [f'{line}, "precise_total_amount_cents": {text}}}'])
    [found] = read_batches([[path]])
    assert (found.reason or found.verdict) == verdict


# Retract, amend, mend.


def retraction(transaction_id: str, named: str) -> dict[str, Any]:
    return {
        "transaction_id": transaction_id,
        "external_subscription_id": "ext",
        "retracts": named,
    }


def amended(transaction_id: str, named: str, amount: int) -> dict[str, Any]:
    return event(transaction_id, "2025-06-10", "tokens", amount=amount) | {"amends": named}


ONE = event("1", "2025-06-09", "tokens", amount=1)


def test_a_retracted_event_is_out(tmp_path: Path) -> None:
    """Also where the retraction comes first; one that names another subscription's id changes nothing."""
    two = event("2", "2025-06-09", "tokens", amount=2)
    other = {**retraction("r", "2"), "external_subscription_id": "clock"}
    assert billed(tmp_path, retraction("x", "1"), ONE, two, other) == (
        [("2025-07-01", "2.000000000")],
        {("retracted", "tokens"): 1, ("retracted", ""): 2, ("billed", "tokens"): 1},
    )


def test_an_amendment_stands_instead(tmp_path: Path) -> None:
    assert billed(tmp_path, ONE, amended("2", "1", 5)) == (
        [("2025-07-01", "5.000000000")],
        {("retracted", "tokens"): 1, ("billed", "tokens"): 1},
    )


def test_a_retracted_amendment_does_not_bring_the_first_back(tmp_path: Path) -> None:
    assert billed(tmp_path, ONE, amended("2", "1", 5), retraction("r", "2")) == (
        [("2025-07-01", "0.000000000")],
        {("retracted", "tokens"): 2, ("retracted", ""): 1},
    )


def test_a_retracted_retraction_does_not_either(tmp_path: Path) -> None:
    assert billed(tmp_path, ONE, retraction("r", "1"), retraction("s", "r"))[1] == {
        ("retracted", "tokens"): 1,
        ("retracted", ""): 2,
    }


def test_cloud_events_retract_within_their_source(tmp_path: Path) -> None:
    other = cloud("r", source="other", retracts="1", type=..., data=..., time=...)
    same = {**other, "source": "proxy", "id": "q"}
    assert billed(tmp_path, CLOUD, other)[0] == [("2025-07-01", "5.000000000")]
    assert billed(tmp_path, CLOUD, other, same)[0] == [("2025-07-01", "0.000000000")]


def test_lago_events_retract(tmp_path: Path) -> None:
    assert billed(tmp_path, ONE, {"event": retraction("r", "1")})[0] == [
        ("2025-07-01", "0.000000000")
    ]


def test_a_mended_resend_stands_for_an_unmatched_row(tmp_path: Path) -> None:
    """The owner names an unknown metric, the second resend carries no number, the third is right: it stands."""
    records = [
        event("1", "2025-06-09", "token", amount=5),
        event("1", "2025-06-09", "tokens", amount="five"),
        event("1", "2025-06-09", "tokens", amount=5),
        event("1", "2025-06-09", "tokens", amount=500),
    ]
    assert verdicts_of(tmp_path, *records) == ["accepted", "conflict", "conflict", "conflict"]
    assert billed(tmp_path, *records) == (
        [("2025-07-01", "5.000000000")],
        {("billed", "tokens"): 1},
    )


def test_a_matched_owner_stands_whatever_comes(tmp_path: Path) -> None:
    assert billed(tmp_path, ONE, {**ONE, "properties": {"amount": 500}})[0] == [
        ("2025-07-01", "1.000000000")
    ]


def test_an_owner_stands_if_no_resend_is_matched(tmp_path: Path) -> None:
    records = [event("1", "2025-06-09", code, amount=1) for code in ("token", "tokn")]
    assert billed(tmp_path, *records)[1] == {("unknown_metric", "token"): 1}


# Verdicts: the first that holds.


def test_the_order_of_verdicts(tmp_path: Path) -> None:
    """Billing of `ext` begins on 1 June, its charge on the 5th; it starts on 1 May and ends on 1 August."""
    first, clock = BASE["accounts/subscriptions"]
    subscription = {**first, "started_at": "2025-05-01T00:00:00Z"}
    subscription |= {
        "billing_starts_at": "2025-06-01T00:00:00Z",
        "ended_at": "2025-08-01T00:00:00Z",
    }
    second = {**first, "subscription_id": "s3", "external_subscription_id": "more"}
    nobody = {"external_subscription_id": None, "external_customer_id": "atlas"}
    records = [
        event("1", "2025-04-30", "nothing", amount="x") | nobody,
        event("2", "2025-06-30", "tokens", amount="x") | nobody,
        event("3", "2025-04-30", "tokens", amount="x"),
        event("4", "2025-05-31T23:59:59.999999Z", "tokens", amount="x"),
        event("5", "2025-06-04T23:59:59.999999Z", "tokens", amount="x"),
        event("6", "2025-06-05T00:00:00Z", "tokens", amount="x"),
        event("7", "2025-06-05T00:00:00Z", "tokens", amount=1),
        event("8", "2025-07-01T00:00:00Z", "tokens", amount=1),
        event("9", "2025-07-31T23:59:59.999999Z", "tokens", amount="1e15"),
        event("10", "2025-08-01T00:00:00Z", "tokens", amount=1),
    ]
    tables = {
        "accounts/subscriptions": [subscription, clock, second],
        "prices/charges": [charge("tokens", unit_amount="1", valid_from="2025-06-05")],
    }
    assert billed(tmp_path, *records, **tables)[1] == {
        ("unknown_metric", "nothing"): 1,
        ("ambiguous_subscription", "tokens"): 1,
        ("no_active_subscription", "tokens"): 2,
        ("before_start", "tokens"): 1,
        ("not_charged", "tokens"): 1,
        ("not_numeric", "tokens"): 1,
        ("billed", "tokens"): 1,
        ("open", "tokens"): 1,
        ("out_of_range", "tokens"): 1,
    }


def test_usage_that_names_a_customer_is_matched_by_what_is_active_then(tmp_path: Path) -> None:
    """`ext` from 1 May to 1 August, `more` from 10 June, 12:30, on: alone, both, alone again; before, none."""
    first, clock = BASE["accounts/subscriptions"]
    subscription = {**first, "started_at": "2025-05-01T00:00:00Z"}
    subscription |= {"ended_at": "2025-08-01T00:00:00Z"}
    second = {**first, "subscription_id": "s3", "external_subscription_id": "more"}
    second |= {"started_at": "2025-06-10T12:30:00Z"}
    nobody = {"external_subscription_id": None, "external_customer_id": "atlas"}
    days = (
        "04-30T23:59Z",
        "05-01T00:00Z",
        "06-10T12:29Z",
        "06-10T12:30Z",
        "07-31T23:59Z",
        "08-01T00:00Z",
    )
    records = [event(day, f"2025-{day}", "tokens", amount=1) | nobody for day in days]
    tables = {"accounts/subscriptions": [subscription, clock, second]}
    assert billed(tmp_path, *records, **tables)[1] == {
        ("no_active_subscription", "tokens"): 1,
        ("billed", "tokens"): 2,
        ("ambiguous_subscription", "tokens"): 2,
        ("open", "tokens"): 1,
    }


@pytest.mark.parametrize(
    ("value", "verdict"),
    [("a", "billed"), (7, "billed"), ("", "not_numeric"), (None, "not_numeric")],
)
def test_a_unique_count_needs_a_value(tmp_path: Path, value: Any, verdict: str) -> None:
    tables = {"prices/charges": [charge("users", unit_amount="1")]}
    records = [event("1", "2025-06-09", "users", user=value)]
    assert billed(tmp_path, *records, **tables)[1] == {(verdict, "users"): 1}


def test_reasons_are_counted(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "usage.jsonl", [CLOUD, cloud("1", type="other"), "{"])
    assert count_reasons(read_batches([[path]])) == {"conflict": 1, "not_json": 1}

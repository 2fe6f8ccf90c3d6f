"""The oracle reads usage and bills a whole company: checked by hand, before it is trusted against the product."""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from tests.oracle.bill import Bill, bill
from tests.oracle.catalog import read_catalog
from tests.oracle.company_files import COLUMNS
from tests.oracle.numbers import parse_number
from tests.oracle.usage import count_reasons, count_verdicts, landing_files, read_batches
from tests.oracle.wallets import lots_in_order

# Usage files.


def flat(transaction_id: str, /, **changes: Any) -> dict[str, Any]:
    record = {
        "transaction_id": transaction_id,
        "external_subscription_id": "ext",
        "code": "tokens",
        "timestamp": "2025-10-10T12:00:00Z",
        "properties": {"amount": 5},
    }
    return {name: value for name, value in {**record, **changes}.items() if value is not ...}


SHORT = {"user_id": "c", "event_type": "tokens", "timestamp": 1759276800, "quantity": 2}


def write_jsonl(path: Path, *records: dict[str, Any] | str) -> Path:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in records]
    path.write_text("".join(f"{text}\n" for text in texts))
    return path


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("{not json", "not_json"),
        ('{"code": NaN}', "not_json"),
        ({"hello": 1}, "unknown_shape"),
        ("[1, 2]", "unknown_shape"),
        (flat("1", transaction_id=...), "missing_transaction_id"),
        (flat("1", external_subscription_id=""), "missing_external_subscription_id"),
        (flat("1", timestamp="soon"), "bad_timestamp"),
        (flat("1", timestamp=True), "bad_timestamp"),
        (flat("1", timestamp="2025-10-10T12:00:00"), "timestamp_without_offset"),
        (flat("1", timestamp=1759276800000), "timestamp_out_of_range"),
        (flat("1", timestamp="1e99999999"), "timestamp_out_of_range"),
        (flat("1", properties=[]), "properties_not_object"),
        (flat("1", properties="text"), "properties_not_object"),
        ({"user_id": "c", "event_type": "tokens", "quantity": 1}, "missing_timestamp"),
        ({**SHORT, "quantity": "x"}, "bad_quantity"),
        ({**SHORT, "quantity": True}, "bad_quantity"),
        (json.dumps(SHORT).replace("2}", "1e-10}"), "too_precise"),
        (json.dumps(SHORT).replace("2}", "1e15}"), "out_of_range"),
        ({"event": {"code": "tokens", "transaction_id": "1"}}, "missing_external_subscription_id"),
    ],
)
def test_lines_that_are_no_events(tmp_path: Path, record: Any, reason: str) -> None:
    path = write_jsonl(tmp_path / "usage.jsonl", record)
    assert count_reasons(read_batches([[path]])) == {reason: 1}


def test_first_accepted_line_owns_its_id(tmp_path: Path) -> None:
    path = write_jsonl(
        tmp_path / "usage.jsonl",
        flat("1", timestamp="never"),  # rejected: owns nothing
        flat("1"),
        "",  # no line at all
        flat("1", properties={"amount": "5"}),  # a text of the same number
        flat("1", timestamp="2025-10-10T14:00:00+02:00"),  # the same instant
        flat("1", timestamp="2025-10-11T12:00:00Z"),  # the same id on another day
        flat("1", external_subscription_id="other"),  # an id counts within its subscription
    )
    lines = read_batches([[path]])
    assert [line.verdict for line in lines] == [
        "rejected",
        "accepted",
        "duplicate",
        "duplicate",
        "conflict",
        "accepted",
    ]


@pytest.mark.parametrize("text", ["0.000000001", "-0.50", "12345678901234.123456789"])
def test_a_number_and_its_digits_are_the_same_content(tmp_path: Path, text: str) -> None:
    line = json.dumps(flat("1", properties={"amount": text}))
    path = write_jsonl(tmp_path / "usage.jsonl", line, line.replace(f'"{text}"', text))
    assert count_verdicts(read_batches([[path]])) == {"accepted": 1, "duplicate": 1}


def test_batches_come_first_then_file_hashes(tmp_path: Path) -> None:
    paths = [
        write_jsonl(tmp_path / f"{name}.jsonl", flat("1", properties={"amount": name}))
        for name in range(4)
    ]
    lines = read_batches([paths[:3], [*paths[3:], paths[0]]])
    assert [line.verdict for line in lines] == ["accepted", "conflict", "conflict", "conflict"]
    assert [line.batch_number for line in lines] == [1, 1, 1, 2]  # known bytes are not read again
    assert [line.file_hash for line in lines[:3]] == sorted(line.file_hash for line in lines[:3])


def test_lines_without_id_count_within_their_file(tmp_path: Path) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", SHORT, SHORT)
    two = write_jsonl(tmp_path / "two.jsonl", SHORT, SHORT, SHORT, {**SHORT, "user_id": "d"})
    verdicts = count_verdicts(read_batches([[one], [two]]))
    assert verdicts == {"accepted": 4, "duplicate": 2}


def test_an_absent_timestamp_is_the_file_time_and_no_content(tmp_path: Path) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", flat("1", timestamp=...))
    two = write_jsonl(tmp_path / "two.jsonl", flat("1", timestamp=...), "")
    os.utime(one, ns=(0, 1_759_276_800_123_456_789))
    first, second = read_batches([[one], [two]])
    assert first.event is not None
    assert first.event.at == datetime(2025, 10, 1, 0, 0, 0, 123456, tzinfo=UTC)
    assert second.verdict == "duplicate"


def test_all_formats_and_shapes_read_alike(tmp_path: Path) -> None:
    """The same event from JSONL, gzip, CSV, Parquet and Lago's shape: one is accepted, four repeat it."""
    value = "12345678901234.123456789"
    text = json.dumps(flat("1", properties={"amount": 0})).replace(": 0}", f": {value}}}")
    jsonl = write_jsonl(tmp_path / "a.jsonl", text, '{"event": ' + text + "}")
    zipped = tmp_path / "b.jsonl.gz"
    zipped.write_bytes(gzip.compress(text.encode()))
    record = {**flat("1", properties=...), "amount": value}
    with (tmp_path / "c.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [*record, "note"], restval="")
        writer.writeheader()
        writer.writerow(record)
    columns = {
        **{name: [cell] for name, cell in record.items()},
        "timestamp": [datetime(2025, 10, 10, 12, tzinfo=UTC)],
        "amount": [Decimal(value)],
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "d.parquet")
    lines = read_batches([landing_files(tmp_path)])
    assert count_verdicts(lines) == {"accepted": 1, "duplicate": 4}
    assert jsonl in landing_files(tmp_path)
    events = [line.event for line in lines if line.event is not None]
    assert {event.at for event in events} == {datetime(2025, 10, 10, 12, tzinfo=UTC)}
    assert {parse_number(event.properties["amount"]) for event in events} == {Decimal(value)}


@pytest.mark.parametrize(
    "timestamp", ["1760097600.25", 1760097600.25, "2025-10-10T17:45:00.250+05:45"]
)
def test_timestamps_are_instants(tmp_path: Path, timestamp: Any) -> None:
    path = write_jsonl(tmp_path / "usage.jsonl", flat("1", timestamp=timestamp))
    [line] = read_batches([[path]])
    assert line.event is not None
    assert line.event.at == datetime(2025, 10, 10, 12, 0, 0, 250_000, tzinfo=UTC)


# A whole company, by hand.

ALWAYS = {"valid_from": "2025-01-01", "recorded_at": "2025-01-01T00:00:00Z"}
COMPANY: dict[str, list[dict[str, str]]] = {
    "prices/billable_metrics": [
        {"metric_code": "calls", "aggregation_type": "count"},
        {"metric_code": "tokens", "aggregation_type": "sum", "field_name": "amount"},
        {"metric_code": "idle", "aggregation_type": "count"},
    ],
    "prices/plans": [
        {"plan_code": "pro", "interval": "monthly", "is_pay_in_advance": "false"}
        | {"amount": "99", "currency": "USD", **ALWAYS},
        {"plan_code": "pre", "interval": "weekly", "is_pay_in_advance": "true"}
        | {"amount": "10", "currency": "EUR", **ALWAYS},
    ],
    "prices/charges": [
        {"plan_code": "pro", "charge_code": "calls", "metric_code": "calls"}
        | {"charge_model": "standard", "unit_amount": "0.01", **ALWAYS},
        {"plan_code": "pro", "charge_code": "tokens", "metric_code": "tokens"}
        | {"charge_model": "graduated", **ALWAYS},
        {"plan_code": "pre", "charge_code": "tokens", "metric_code": "tokens"}
        | {"charge_model": "package", "package_amount": "2", "package_size": "1000"}
        | {"free_units": "500", **ALWAYS},
    ],
    "prices/charge_tiers": [
        {"plan_code": "pro", "charge_code": "tokens", **ALWAYS}
        | {"up_to": "1000", "unit_amount": "0", "flat_amount": ""},
        {"plan_code": "pro", "charge_code": "tokens", **ALWAYS}
        | {"up_to": "", "unit_amount": "0.0333", "flat_amount": "1"},
    ],
    "accounts/billing_entities": [
        {"billing_entity_code": "us", "timezone": "America/New_York"}
        | {"net_payment_days": "30", "grace_days": "2"},
    ],
    "accounts/customers": [
        {"customer_id": "atlas", "billing_entity_code": "us", "timezone": ""},
        {"customer_id": "everest", "billing_entity_code": "us", "timezone": "Asia/Kathmandu"},
    ],
    "accounts/subscriptions": [
        {"subscription_id": "s1", "external_subscription_id": "atlas-main"}
        | {"customer_id": "atlas", "plan_code": "pro", "started_at": "2025-10-01T01:00:00-04:00"}
        | {"recorded_at": "2025-01-01T00:00:00Z"},
        {"subscription_id": "s2", "external_subscription_id": "everest-main"}
        | {"customer_id": "everest", "plan_code": "pre", "recorded_at": "2025-01-01T00:00:00Z"}
        | {"started_at": "2025-10-08T12:00:00+05:45", "ended_at": "2025-10-14T12:00:00+05:45"},
    ],
    "credits/wallets": [
        {"wallet_id": "later", "customer_id": "atlas", "currency": "USD", "priority": "2"},
        {"wallet_id": "first", "customer_id": "atlas", "currency": "USD", "priority": "1"},
        {"wallet_id": "euro", "customer_id": "atlas", "currency": "EUR", "priority": "1"},
    ],
    "credits/wallet_lots": [
        {"lot_id": "l1", "wallet_id": "later", "lot_kind": "granted", "amount": "50"}
        | {"granted_on": "2025-01-01"},
        {"lot_id": "f1", "wallet_id": "first", "lot_kind": "purchased", "amount": "20"}
        | {"granted_on": "2025-01-01"},
        {"lot_id": "f2", "wallet_id": "first", "lot_kind": "granted", "amount": "30"}
        | {"granted_on": "2025-02-01"},
        {"lot_id": "f3", "wallet_id": "first", "lot_kind": "granted", "amount": "500"}
        | {"granted_on": "2025-11-04"},
        {"lot_id": "e1", "wallet_id": "euro", "lot_kind": "granted", "amount": "500"}
        | {"granted_on": "2025-01-01"},
    ],
    "tax/taxes": [
        {"tax_code": "ny", "rate_percent": "8.875", **ALWAYS},
    ],
    "tax/customer_taxes": [{"customer_id": "atlas", "tax_code": "ny"}],
}


def write_catalog(folder: Path, tables: dict[str, list[dict[str, str]]]) -> Path:
    for name, columns in COLUMNS.items():
        path = folder / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns.split(), restval="")
            writer.writeheader()
            writer.writerows(tables.get(name, []))
    return folder


def bill_company(folder: Path, records: Iterable[dict[str, Any]], through: date) -> Bill:
    catalog = write_catalog(folder / "catalog", COMPANY)
    usage = write_jsonl(folder / "usage.jsonl", *records)
    return bill(catalog, [[usage]], through)


def test_monthly_invoice_with_tax_and_wallets(tmp_path: Path) -> None:
    """October in New York ends at 2025-11-01 04:00 UTC; due on 1 + 2 November. The first day counts whole.

    Base 99. Calls: 3 × 0.01 = 0.03. Tokens: 1,100.5: 1,000 free, 100.5 × 0.0333 = 3.34665, flat 1: 4.34665 → 4.35.
    Fees 103.38; tax 8.875 % = 9.174975 → 9.17; total 112.55.
    Wallet `first`: granted f2 30, then purchased f1 20 (f3 is granted a day later); `later`: l1 50; due 12.55.
    """
    events = [
        *(
            flat(
                f"call{number}",
                code="calls",
                timestamp=timestamp,
                external_subscription_id="atlas-main",
            )
            for number, timestamp in enumerate(
                [
                    "2025-10-01T04:59:59.999999Z",  # before the start at 05:00
                    "2025-10-01T05:00:00Z",
                    "2025-10-20T00:00:00Z",
                    "2025-11-01T03:59:59.999999Z",
                    "2025-11-01T04:00:00Z",  # November's first instant
                ]
            )
        ),
        *(
            flat(
                f"tokens{number}",
                external_subscription_id="atlas-main",
                properties={"amount": value},
            )
            for number, value in enumerate(["1000", 100.5, "many", "0.0000000001"])
        ),
        flat("idle", code="idle", external_subscription_id="atlas-main"),
        flat("unknown", code="nothing", external_subscription_id="atlas-main"),
    ]
    result = bill_company(tmp_path, events, date(2025, 11, 3))
    [invoice] = [one for one in result.invoices if one.customer_id == "atlas"]
    assert (invoice.close_date, invoice.due_date) == (date(2025, 11, 3), date(2025, 12, 3))
    lines = {line.charge_code: line for line in invoice.lines}
    assert {code: (line.quantity, line.amount) for code, line in lines.items()} == {
        None: (Decimal(1), Decimal(99)),
        "calls": (Decimal(3), Decimal("0.03")),
        "tokens": (Decimal("1100.5"), Decimal("4.35")),
    }
    assert lines["tokens"].amount_unrounded == Decimal("4.34665")
    assert lines["tokens"].unit_amount == Decimal("0.003949704680")  # 4.34665 ÷ 1100.5
    assert lines[None].service_period_start == datetime(2025, 10, 1, 5, tzinfo=UTC)
    assert lines[None].service_period_end == datetime(2025, 11, 1, 4, tzinfo=UTC)
    assert (invoice.fees_amount, invoice.tax_amount) == (Decimal("103.38"), Decimal("9.17"))
    assert [(draw.lot_id, draw.amount) for draw in invoice.draws] == [
        ("f2", Decimal(30)),
        ("f1", Decimal(20)),
        ("l1", Decimal(50)),
    ]
    assert invoice.amount_due == Decimal("12.55")
    assert result.event_verdicts == {
        ("no_active_subscription", "calls"): 1,
        ("billed", "calls"): 3,
        ("open", "calls"): 1,
        ("billed", "tokens"): 2,
        ("not_numeric", "tokens"): 1,
        ("too_precise", "tokens"): 1,
        ("not_charged", "idle"): 1,
        ("unknown_metric", "nothing"): 1,
    }


def test_weekly_advance_with_usage_in_arrears(tmp_path: Path) -> None:
    """8 (Wed) to 14 (Tue) October in Kathmandu: 5 days of the first week, 2 of the second; grace 2 days.

    Advance: 10 × 5/7 = 7.142857… → 7.14 on 8 + 2; 10 × 2/7 = 2.857142… → 2.86 on 13 + 2.
    Usage: week one 1,500.5 tokens: 1,000.5 above 500 free make 2 packages: 4.00 on 13 + 2. Week two is over on the
    15th (its last day counts): none used: 0.00 on 15 + 2.
    """
    first_monday = datetime(2025, 10, 12, 18, 15, tzinfo=UTC)
    events = [
        flat("1", external_subscription_id="everest-main", properties={"amount": "1500.5"}),
        {
            "user_id": "everest",
            "event_type": "tokens",
            "quantity": 400,
            "timestamp": first_monday.isoformat(),
        },
        {
            "user_id": "everest",
            "event_type": "tokens",
            "quantity": 1,
            "timestamp": "2025-10-14T12:00:00+05:45",  # the end itself is outside
        },
    ]
    result = bill_company(tmp_path, events, date(2025, 10, 31))
    summary = {
        invoice.close_date.day: [(line.charge_code, str(line.amount)) for line in invoice.lines]
        for invoice in result.invoices
    }
    assert summary == {
        10: [(None, "7.14")],
        15: [(None, "2.86"), ("tokens", "4.00")],
        17: [("tokens", "0.00")],
    }
    assert {invoice.currency for invoice in result.invoices} == {"EUR"}
    assert result.event_verdicts == {
        ("billed", "tokens"): 2,
        ("no_active_subscription", "tokens"): 1,
    }


def test_lots_pay_by_priority_kind_and_age(tmp_path: Path) -> None:
    catalog = read_catalog(write_catalog(tmp_path, COMPANY))
    lots = lots_in_order(catalog, "atlas", "USD", date(2025, 11, 4))
    assert [lot.lot_id for _, lot in lots] == ["f2", "f3", "f1", "l1"]
    lots = lots_in_order(catalog, "atlas", "USD", date(2025, 11, 3))
    assert [lot.lot_id for _, lot in lots] == ["f2", "f1", "l1"]


def test_billing_start_takes_the_place_of_the_start(tmp_path: Path) -> None:
    subscriptions = [
        {**COMPANY["accounts/subscriptions"][0], "billing_starts_at": "2025-11-01T00:00:00-04:00"}
    ]
    tables = {**COMPANY, "accounts/subscriptions": subscriptions}
    usage = write_jsonl(
        tmp_path / "usage.jsonl",
        flat("1", external_subscription_id="atlas-main", timestamp="2025-11-01T03:59:59Z"),
        flat("2", external_subscription_id="atlas-main", timestamp="2025-11-01T04:00:00Z"),
    )
    result = bill(write_catalog(tmp_path / "catalog", tables), [[usage]], date(2025, 12, 31))
    assert [invoice.close_date for invoice in result.invoices] == [date(2025, 12, 3)]
    assert result.event_verdicts == {("before_start", "tokens"): 1, ("billed", "tokens"): 1}

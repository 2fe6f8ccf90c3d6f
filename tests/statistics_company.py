"""A company whose fifth month is unusual in every way that the statistical checks look for.

Belongs here: its catalog, its usage and its closes. Does not belong here: what is said of it
(`test_statistics`).

Plans are monthly in arrears without a base fee; a call costs 0.01, a job 1. `atlas` and `borea` make 30 calls each on
every day of 2025, 60 together. All others run jobs, once a month, in numbers that the table says: five closes, the
last one on 1 June for May. On Thursday 15 May 6 calls arrive, on Friday 16 May 12, on Tuesday 20 May none. The files of
May are loaded before the last close: 1,766 lines, of which 50 are no events and 10 repeat others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.price_book import write_book

SINCE = {"valid_from": "2025-01-01", "recorded_at": "2025-01-01T00:00:00Z"}
CLOSES = tuple(date(2025, month, 1) for month in (2, 3, 4, 5, 6))
LAST = CLOSES[-1]

CALLERS = ("atlas", "borea")
# Jobs by customer and month, January to May; None is a month before the customer's first.
JOBS: dict[str, Sequence[str | None]] = {
    # Ten times the median of 100, of which 5 times, 500, is still usual.
    "cobalt": ("100", "100", "100", "100", "1000"),
    "dune": ("100", "100", "100", "100", "500"),
    "ember": ("100", "100", "100", "100", "500.01"),
    # A tenth of the median of 2,000 is still usual.
    "flint": ("2000", "2000", "2000", "2000", "199.99"),
    "garnet": ("2000", "2000", "2000", "2000", "200"),
    # Two earlier invoices say nothing.
    "heath": (None, None, "10", "10", "5000"),
    # Fifteen times the median, by 70: less than the smallest change that counts.
    "iris": ("5", "5", "5", "5", "75"),
    # What swings as much as this has a wide range: median 1,000, spread 1.4826 x 900 = 1,334.34; 4 spreads more make
    # 6,337.36, and 6,000 is usual though it is six times the median.
    "jade": ("100", "1900", "100", "1900", "6000"),
}
CALLS_OF_MAY = {15: 3, 16: 6, 20: 0}


def clock() -> datetime:
    return datetime(2026, 6, 1, tzinfo=UTC)


def catalog() -> dict[str, list[dict[str, Any]]]:
    names = (*CALLERS, *JOBS)
    starts = {
        name: f"2025-{1 + sum(jobs is None for jobs in JOBS.get(name, ())):02}-01T00:00:00Z"
        for name in names
    }
    return {
        "prices/billable_metrics": [
            {"metric_code": code, "metric_name": code, "aggregation_type": "sum", "field_name": "n"}
            for code in ("calls", "jobs")
        ],
        "prices/plans": [
            {"plan_code": "usage", "plan_name": "Usage", "amount": "0", "interval": "monthly"}
            | {"currency": "USD", "is_pay_in_advance": "false"}
            | SINCE
        ],
        "prices/charges": [
            {"plan_code": "usage", "charge_code": code, "metric_code": code, "display_name": code}
            | {"charge_model": "standard", "unit_amount": price}
            | SINCE
            for code, price in (("calls", "0.01"), ("jobs", "1"))
        ],
        "accounts/billing_entities": [
            {"billing_entity_code": "us", "entity_name": "Example Inc.", "country": "US"}
            | {"invoice_prefix": "US", "net_payment_days": "30", "grace_days": "0"}
        ],
        "accounts/customers": [
            {"customer_id": name, "customer_name": name.title(), "billing_entity_code": "us"}
            for name in names
        ],
        "accounts/subscriptions": [
            {"subscription_id": name, "external_subscription_id": name, "customer_id": name}
            | {"plan_code": "usage", "started_at": starts[name], "recorded_at": starts[name]}
            for name in names
        ],
        "tax/taxes": [{"tax_code": "none", "tax_name": "None", "rate_percent": "0"} | SINCE],
        "tax/customer_taxes": [{"customer_id": name, "tax_code": "none"} for name in names],
    }


def event(key: str, name: str, code: str, timestamp: str, quantity: str) -> str:
    return json.dumps(
        {"transaction_id": key, "external_subscription_id": name, "code": code}
        | {"timestamp": timestamp, "properties": {"n": quantity}}
    )


def calls(first: date, after: date) -> Iterator[str]:
    """One line per call of the days from `first` to before `after`."""
    day = first
    while day < after:
        count = CALLS_OF_MAY.get(day.day, 30) if day.month == 5 else 30
        for name in CALLERS:
            for number in range(count):
                key = f"{name}-{day}-{number}"
                yield event(key, name, "calls", f"{day}T{number % 24:02}:15:00Z", "1")
        day += timedelta(days=1)


def jobs(months: Sequence[int]) -> Iterator[str]:
    for name, counts in JOBS.items():
        for month in months:
            if (count := counts[month - 1]) is not None:
                yield event(f"{name}-{month}", name, "jobs", f"2025-{month:02}-10T09:00:00Z", count)


def write_lines(ws: Workspace, name: str, lines: Sequence[str]) -> None:
    file = ws.landing / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def write_first_months(folder: Path) -> Workspace:
    """Catalog, and usage through April."""
    ws = write_book(folder, catalog())
    header = "plan_code,charge_code,valid_from,recorded_at,up_to,unit_amount\n"
    (ws.catalog / "prices/charge_tiers.csv").write_text(header, encoding="utf-8")
    write_lines(ws, "api/2025-01.jsonl", list(calls(date(2025, 1, 1), date(2025, 5, 1))))
    write_lines(ws, "jobs/2025-01.jsonl", list(jobs((1, 2, 3, 4))))
    return ws


def write_may(ws: Workspace) -> None:
    made = list(calls(date(2025, 5, 1), date(2025, 6, 1)))
    # 28 usual days of 60, and 6 and 12: 1,698 calls.
    assert len(made) == 1698
    write_lines(ws, "api/2025-05.jsonl", [*made, *made[:10], *["{this is no JSON"] * 50])
    # With 8 jobs 1,766 lines, of which the broken ones are 2.83 %.
    write_lines(ws, "jobs/2025-05.jsonl", list(jobs((5,))))


def close_company(folder: Path) -> ClosedCompany:
    """The company after its five closes."""
    ws = write_first_months(folder)
    close_through(ws, CLOSES[3], clock=clock, has_statistics=True)
    write_may(ws)
    close_through(ws, LAST, clock=clock, has_statistics=True, may_hold=True)
    return ClosedCompany(ws)

"""Anniversary subscriptions whose start is corrected after billing, against amounts worked by hand.

Belongs here: the anchor, which stays what it was when the first period was registered. Does not belong here: starts on
calendar periods (`test_adjustments`), anchors and clamping as such (`test_periods`).

All are billed from the 31st on which they start: 868.00 a month (28 x 31), or 365.00 a year, and on one of them a token
a day at 1.00. After the close of 28 February they turn out to have started on 26 January, one on 5 February, one on
5 March.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.errors import BadInput
from tests import progressive_company
from tests.conftest import ClosedCompany
from tests.plain_close import close_date, close_through
from tests.price_book import write_book
from tests.progressive_company import Row, charge, plan, subscription, used

LATER = datetime(2026, 8, 1, tzinfo=UTC)
AS_BILLED = "2026-01-31T00:00:00Z"
CORRECTED = {"later": "2026-02-05T00:00:00Z", "beyond": "2026-03-05T00:00:00Z"}
PLANS = [
    plan("advance", "868", is_pay_in_advance="true"),
    plan("arrears", "868"),
    plan("trial", "868", trial_days="10"),
    plan("yearly", "365", interval="yearly", is_pay_in_advance="true"),
    plan("later", "868"),
    plan("beyond", "868"),
]
NAMES = [row["plan_code"] for row in PLANS]
STEPS = (date(2026, 2, 28), date(2026, 3, 31))


def catalog(*, is_corrected: bool) -> dict[str, list[Row]]:
    rows = progressive_company.catalog(0, ())
    rows["prices/plans"] += PLANS
    rows["prices/charges"] += [charge("arrears")]
    rows["accounts/customers"] += [
        {"customer_id": name, "customer_name": name, "billing_entity_code": "eu", "timezone": "UTC"}
        for name in NAMES
    ]
    rows["accounts/subscriptions"] = [
        subscription(name, start_of(name, is_corrected=is_corrected))
        | {"billing_time": "anniversary"}
        for name in NAMES
    ]
    return rows


def start_of(name: str, *, is_corrected: bool) -> str:
    return CORRECTED.get(name, "2026-01-26T00:00:00Z") if is_corrected else AS_BILLED


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    folder = tmp_path_factory.mktemp("anniversaries")
    ws = write_book(folder, catalog(is_corrected=False))
    ws.landing.mkdir(exist_ok=True)
    days = [date(2026, 1, 1) + timedelta(days=day) for day in range(90)]
    lines = [json.dumps(used("arrears", f"{day}T12:00:00Z", 1)) for day in days]
    (ws.landing / "usage.jsonl").write_text("\n".join(lines), encoding="utf-8")
    close_through(ws, STEPS[0], clock=lambda: LATER)
    write_book(folder, catalog(is_corrected=True))
    close_through(ws, STEPS[1], clock=lambda: LATER)
    return ClosedCompany(ws)


def periods(company: ClosedCompany, name: str, family: str = "base") -> list[tuple[Any, ...]]:
    """First day, first day after, days and days of the whole period, each as it was registered last."""
    return company.warehouse(
        f"""
        select period_start_date::varchar, period_end_date::varchar, days, period_days
        from issued.billed_periods
        where subscription_id = '{name}' and fee_family = '{family}'
        qualify row_number() over (partition by period_start_date order by publication_sequence desc) = 1
        order by 1
        """
    )


def lines(company: ClosedCompany, name: str) -> list[tuple[Any, ...]]:
    """Close date, fee type, first day, amount and cause of every line."""
    return company.finance(
        f"""
        select
            invoices.issue_date::varchar, lines.fee_type, cast(lines.service_period_start as date)::varchar,
            lines.amount::varchar, lines.cause
        from invoice_lines as lines
        inner join invoices on lines.invoice_number = invoices.invoice_number
        where subscription_id = '{name}' and lines.amount <> 0
        order by 1, 2, 3
        """
    )


def notes(company: ClosedCompany, name: str) -> list[tuple[Any, ...]]:
    """Close date, amount and cause of every credited line."""
    return company.finance(
        f"""
        select notes.issue_date::varchar, lines.amount::varchar, lines.cause
        from credit_note_lines as lines
        inner join credit_notes as notes on lines.credit_note_number = notes.credit_note_number
        where lines.subscription_id = '{name}'
        """
    )


def test_days_before_a_registered_period_are_of_the_one_before_it(company: ClosedCompany) -> None:
    # 31 December to 31 January has 31 days; 868 * 5 / 31.
    assert periods(company, "advance") == [
        ("2026-01-26", "2026-01-31", 5, 31),
        ("2026-01-31", "2026-02-28", 28, 28),
        ("2026-02-28", "2026-03-31", 31, 31),
        ("2026-03-31", "2026-04-30", 30, 30),
    ]
    assert lines(company, "advance") == [
        ("2026-01-31", "subscription", "2026-01-31", "868.0000", None),
        ("2026-02-28", "subscription", "2026-02-28", "868.0000", None),
        ("2026-03-31", "subscription", "2026-01-26", "140.0000", None),
        ("2026-03-31", "subscription", "2026-03-31", "868.0000", None),
    ]
    assert notes(company, "advance") == []


def test_usage_before_the_old_start_is_billed_once(company: ClosedCompany) -> None:
    assert lines(company, "arrears") == [
        ("2026-02-28", "charge", "2026-01-31", "28.0000", None),
        ("2026-02-28", "subscription", "2026-01-31", "868.0000", None),
        ("2026-03-31", "charge", "2026-01-26", "5.0000", None),
        ("2026-03-31", "charge", "2026-02-28", "31.0000", None),
        ("2026-03-31", "subscription", "2026-01-26", "140.0000", None),
        ("2026-03-31", "subscription", "2026-02-28", "868.0000", None),
    ]
    assert notes(company, "arrears") == []


def test_a_year_that_is_billed_stays_and_the_days_before_are_of_the_year_before(
    company: ClosedCompany,
) -> None:
    assert periods(company, "yearly") == [
        ("2026-01-26", "2026-01-31", 5, 365),
        ("2026-01-31", "2027-01-31", 365, 365),
    ]
    assert lines(company, "yearly") == [
        ("2026-01-31", "subscription", "2026-01-31", "365.0000", None),
        ("2026-03-31", "subscription", "2026-01-26", "5.0000", None),
    ]


def test_a_trial_counts_from_the_start_as_it_is_known_now(company: ClosedCompany) -> None:
    # Free until 10 February, 18 of 28 days: 558; until 5 February, 23 of 28: 713. The days before are free.
    assert periods(company, "trial")[0][:3] == ("2026-01-26", "2026-01-31", 0)
    assert lines(company, "trial") == [
        ("2026-02-28", "subscription", "2026-02-10", "558.0000", None),
        ("2026-03-31", "subscription", "2026-02-05", "713.0000", "changed_subscription"),
        ("2026-03-31", "subscription", "2026-02-10", "-558.0000", "changed_subscription"),
        ("2026-03-31", "subscription", "2026-02-28", "868.0000", None),
    ]


def test_days_after_all_not_begun_are_given_back(company: ClosedCompany) -> None:
    # 868 * 5 / 28; the day on which the customer is billed stays.
    assert periods(company, "later") == [
        ("2026-01-31", "2026-02-28", 23, 28),
        ("2026-02-28", "2026-03-31", 31, 31),
    ]
    assert notes(company, "later") == [("2026-03-31", "155.0000", "changed_subscription")]


def test_a_period_before_a_start_that_moved_beyond_it_is_given_back_whole(
    company: ClosedCompany,
) -> None:
    # 868 * 26 / 31 from 5 March on.
    assert periods(company, "beyond") == [
        ("2026-01-31", "2026-02-28", 0, 28),
        ("2026-03-05", "2026-03-31", 26, 31),
    ]
    assert lines(company, "beyond") == [
        ("2026-02-28", "subscription", "2026-01-31", "868.0000", None),
        ("2026-03-31", "subscription", "2026-03-05", "728.0000", None),
    ]
    assert notes(company, "beyond") == [("2026-03-31", "868.0000", "changed_subscription")]


def test_what_was_billed_must_begin(company: ClosedCompany, tmp_path: Path) -> None:
    """A row that starts at the same instant would leave nothing of the one that was billed."""
    ws = company.copy(tmp_path).workspace
    rows = catalog(is_corrected=True)
    same = subscription("arrears", start_of("advance", is_corrected=True))
    named = {"subscription_id": "again", "external_subscription_id": "advance"}
    rows["accounts/subscriptions"].append(same | named | {"customer_id": "advance"})
    write_book(ws.catalog.parent, rows)
    with pytest.raises(BadInput, match="subscription 'advance' never begins any more"):
        close_through(ws, date(2026, 4, 30), clock=lambda: LATER)


def test_the_closes_repeat_to_the_byte(company: ClosedCompany) -> None:
    for day in STEPS:
        (report,) = close_date(company.workspace, day, clock=lambda: LATER)
        assert report.outcome == "unchanged"

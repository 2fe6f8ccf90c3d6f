"""Adjustments in real closes: what changes after a period was billed, against amounts worked by hand.

Belongs here: one small company, each subscription of which has something changed behind it. Does not belong here:
single steps, which have unit tests beside their models, and random histories.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.look import credit_notes, invoice
from tests.conftest import ClosedCompany
from tests.plain_close import close_date, close_through
from tests.price_book import Book, write_book

SINCE = {"valid_from": "2025-01-01", "recorded_at": "2025-01-01T00:00:00Z"}
CORRECTED = {"valid_from": "2025-01-01", "recorded_at": "2025-02-10T00:00:00Z"}
LATER = datetime(2026, 1, 1, tzinfo=UTC)


def plan(code: str, amount: str = "0", **columns: str) -> dict[str, str]:
    terms = {"interval": "monthly", "is_pay_in_advance": "false", "currency": "EUR"}
    return {"plan_code": code, "plan_name": code, "amount": amount} | terms | SINCE | columns


def charge(plan_code: str, metric: str = "calls", **columns: str) -> dict[str, str]:
    named = {"plan_code": plan_code, "charge_code": metric, "metric_code": metric}
    price = {"charge_model": "standard", "unit_amount": "1", "display_name": metric}
    return named | price | SINCE | columns


NAMES = (
    "advance", "backdated", "both", "committed", "corrected", "ended", "graded", "late", "monthly_cap", "old",
    "paid", "retracted", "refunded", "seats", "small",
    "withdrawn", "withdrawn_advance",
)  # fmt: skip


def subscriptions(*, is_changed: bool, is_withdrawn: bool) -> list[dict[str, str]]:
    """As they are at first, once a start and ends are known, or once two of the ends are withdrawn."""
    rows = {
        name: {
            "subscription_id": name, "external_subscription_id": name, "customer_id": name, "plan_code": name,
            "started_at": "2025-01-01T00:00:00Z", "ended_at": "", "recorded_at": "2025-01-01T00:00:00Z",
        }
        for name in NAMES
    }  # fmt: skip
    if is_changed:
        rows["ended"]["ended_at"] = "2025-01-16T00:00:00Z"
    else:
        rows["backdated"]["started_at"] = "2025-01-11T00:00:00Z"
    if not is_withdrawn:
        rows["withdrawn"]["ended_at"] = "2025-02-11T00:00:00Z"
        rows["withdrawn_advance"]["ended_at"] = "2025-02-11T00:00:00Z" if is_changed else ""
    return list(rows.values())


PLANS = [
    plan("advance", "31", is_pay_in_advance="true"),
    plan("backdated", "31"),
    plan("both", "31"),
    plan("committed", minimum_commitment_amount="50"),
    plan("corrected"),
    plan("ended", "31"),
    plan("graded"),
    plan("late"),
    plan("monthly_cap", interval="yearly", bills_charges_monthly="true", maximum_amount="100"),
    plan("old", adjustment_days="10"),
    plan("paid"),
    plan("refunded"),
    plan("retracted"),
    plan("seats"),
    plan("small", adjustment_minimum_amount="3"),
    plan("withdrawn", "28"),
    plan("withdrawn_advance", "28", is_pay_in_advance="true"),
]
CHARGES = [
    charge("backdated", minimum_amount="31"),
    charge("both"),
    charge("committed"),
    charge("corrected"),
    charge("ended"),
    charge("graded", charge_model="graduated", unit_amount=""),
    charge("late"),
    charge("monthly_cap"),
    charge("old"),
    charge("paid", is_pay_in_advance="true"),
    charge("refunded", is_pay_in_advance="true"),
    charge("retracted"),
    charge("seats", "seats"),
    charge("small"),
    charge("withdrawn", charge_model="graduated", unit_amount=""),
]
CORRECTED_PLANS = [plan("advance", "62", is_pay_in_advance="true") | CORRECTED]
CORRECTED_CHARGES = [charge("corrected", unit_amount="2") | CORRECTED]


def book(*, is_changed: bool, is_withdrawn: bool = False) -> Book:
    return {
        "prices/billable_metrics": [
            {"metric_code": "calls", "metric_name": "Calls", "aggregation_type": "sum", "field_name": "n"},
            {"metric_code": "seats", "metric_name": "Seats", "aggregation_type": "sum", "field_name": "n",
             "is_recurring": "true"},
        ],
        "prices/plans": PLANS + (CORRECTED_PLANS if is_changed else []),
        "prices/charges": CHARGES + (CORRECTED_CHARGES if is_changed else []),
        "prices/charge_tiers": [
            {"plan_code": code, "charge_code": "calls", "up_to": up_to, "unit_amount": price, "flat_amount": "0"}
            | SINCE
            for code in ("graded", "withdrawn")
            for up_to, price in (("10", "2"), ("", "1"))
        ],
        "accounts/billing_entities": [
            {"billing_entity_code": "eu", "entity_name": "Example GmbH", "country": "DE", "invoice_prefix": "EU",
             "net_payment_days": "30", "grace_days": "0"},
        ],
        "accounts/customers": [
            {"customer_id": name, "customer_name": name.title(), "billing_entity_code": "eu"} for name in NAMES
        ],
        "accounts/subscriptions": subscriptions(is_changed=is_changed, is_withdrawn=is_withdrawn),
        "tax/taxes": [{"tax_code": "vat", "tax_name": "VAT", "rate_percent": "20"} | SINCE],
        "tax/customer_taxes": [{"customer_id": name, "tax_code": "vat"} for name in ("late", "retracted")],
    }  # fmt: skip


def event(key: str, name: str, instant: str, units: int, **more: Any) -> dict[str, Any]:
    code = "seats" if name == "seats" else "calls"
    named = {"transaction_id": key, "external_subscription_id": name, "code": code}
    return named | {"timestamp": instant, "properties": {"n": units}} | more


JANUARY = [
    event(f"{name}-1", name, "2025-01-20T12:00:00Z", 10)
    for name in NAMES
    if name not in ("advance", "ended", "monthly_cap", "graded", "refunded", "withdrawn_advance")
] + [
    event("ended-1", "ended", "2025-01-10T12:00:00Z", 7),
    event("ended-2", "ended", "2025-01-20T12:00:00Z", 3),
    event("graded-1", "graded", "2025-01-20T12:00:00Z", 8),
    event("monthly_cap-1", "monthly_cap", "2025-01-20T12:00:00Z", 60),
    event("retracted-2", "retracted", "2025-01-21T12:00:00Z", 4),
    event("both-2", "both", "2025-01-21T12:00:00Z", 4),
]  # fmt: skip
FEBRUARY = [
    event(f"late-{name}", name, "2025-01-15T12:00:00Z", 5)
    for name in ("late", "committed", "old", "graded", "paid", "seats")
] + [
    event("late-small", "small", "2025-01-15T12:00:00Z", 2),
    event("february-cap", "monthly_cap", "2025-02-15T12:00:00Z", 60),
    {"transaction_id": "r-1", "external_subscription_id": "retracted", "retracts": "retracted-2"},
    {"transaction_id": "r-2", "external_subscription_id": "both", "retracts": "both-2"},
    event("withdrawn-2", "withdrawn", "2025-02-05T12:00:00Z", 8),
    event("refunded-1", "refunded", "2025-02-05T12:00:00Z", 8),
    event("late-both", "both", "2025-01-15T12:00:00Z", 5),
]  # fmt: skip
MARCH = [
    event("later-small", "small", "2025-01-16T12:00:00Z", 2),
    event("withdrawn-3", "withdrawn", "2025-02-25T12:00:00Z", 8),
    event("backdated-0", "backdated", "2025-01-05T12:00:00Z", 30),
    {"transaction_id": "r-4", "external_subscription_id": "refunded", "retracts": "refunded-1"},
    event("later-cap", "monthly_cap", "2025-01-16T12:00:00Z", 50),
    event("later-ended", "ended", "2025-01-02T12:00:00Z", 6),
    {"transaction_id": "r-3", "external_subscription_id": "late", "retracts": "late-late"},
]


def step(
    folder: Path, files: Sequence[tuple[str, Sequence[Any]]], through: date, **known: bool
) -> ClosedCompany:
    ws = write_book(folder, book(**known))
    ws.landing.mkdir(exist_ok=True)
    for name, rows in files:
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (ws.landing / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    close_through(ws, through, clock=lambda: LATER)
    return ClosedCompany(ws)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    folder = tmp_path_factory.mktemp("adjusted")
    step(folder, [("january", JANUARY)], date(2025, 2, 1), is_changed=False)
    step(folder, [("february", FEBRUARY)], date(2025, 3, 1), is_changed=True)
    return step(folder, [("march", MARCH)], date(2025, 4, 1), is_changed=True, is_withdrawn=True)


def lines_of(company: ClosedCompany, customer: str) -> list[tuple[str, ...]]:
    """Issue date, fee type, first day, amount, cause and original invoice's date of every line, zero lines left out."""
    rows = company.finance(
        f"""
        select
            cast(invoices.issue_date as varchar), lines.fee_type, cast(lines.service_period_start as date)::varchar,
            lines.amount, lines.cause, cast(originals.issue_date as varchar)
        from invoice_lines as lines
        inner join invoices on lines.invoice_number = invoices.invoice_number
        left join invoices as originals on lines.original_invoice_number = originals.invoice_number
        where invoices.customer_id = '{customer}' and lines.amount <> 0
        order by invoices.issue_date, lines.line_number
        """
    )
    return [(row[0], row[1], row[2], f"{row[3]:.2f}", *row[4:]) for row in rows]


def notes_of(company: ClosedCompany, customer: str) -> list[tuple[str, ...]]:
    rows = company.finance(
        f"""
        select
            cast(notes.issue_date as varchar), cast(invoices.issue_date as varchar), notes.reason,
            notes.subtotal_amount, notes.tax_amount, notes.offset_amount, notes.credit_amount
        from credit_notes as notes
        inner join invoices on notes.invoice_number = invoices.invoice_number
        where notes.customer_id = '{customer}'
        order by notes.credit_note_number
        """
    )
    return [(*row[:3], *(f"{amount:.2f}" for amount in row[3:])) for row in rows]


def adjusted(company: ClosedCompany, customer: str) -> list[tuple[str, ...]]:
    return [row for row in lines_of(company, customer) if row[4] is not None]


def test_late_usage_is_a_line_of_the_next_invoice_and_a_retraction_takes_it_back(
    company: ClosedCompany,
) -> None:
    """5 late are billed in March at the original 20 %; retracted by April, that line is credited, unpaid as it is."""
    assert adjusted(company, "late") == [
        ("2025-03-01", "charge", "2025-01-01", "5.00", "late_usage", "2025-02-01")
    ]
    assert notes_of(company, "late") == [
        ("2025-04-01", "2025-03-01", "adjustment", "5.00", "1.00", "6.00", "0.00")
    ]


def test_retracted_usage_is_credited_with_its_tax(company: ClosedCompany) -> None:
    assert adjusted(company, "retracted") == []
    assert notes_of(company, "retracted") == [
        ("2025-03-01", "2025-02-01", "adjustment", "4.00", "0.80", "4.80", "0.00")
    ]


def test_what_came_and_what_went_is_netted(company: ClosedCompany) -> None:
    """5 late, 4 retracted."""
    assert adjusted(company, "both") == [
        ("2025-03-01", "charge", "2025-01-01", "1.00", "late_usage,retracted_usage", "2025-02-01")
    ]
    assert notes_of(company, "both") == []


def test_what_a_commitment_had_billed_is_not_billed_again(company: ClosedCompany) -> None:
    """15 of usage leave 35 of the commitment of 50; 10 and 40 were billed."""
    assert adjusted(company, "committed") == notes_of(company, "committed") == []
    assert company.finance(
        "select fee_type, computed_amount, issued_amount, handling from adjustments"
        " where subscription_id = 'committed' order by fee_type"
    ) == [
        ("charge", Decimal(15), Decimal(10), "none"),
        ("commitment_true_up", Decimal(35), Decimal(40), "none"),
    ]


def test_the_tiers_are_those_of_the_whole_period(company: ClosedCompany) -> None:
    """8 at 2 are 16; 13 are 10 at 2 and 3 at 1."""
    assert [row[3] for row in adjusted(company, "graded")] == ["7.00"]


def test_a_recurring_metric_changes_every_later_period(company: ClosedCompany) -> None:
    """5 more of January; February was not billed yet and counts them."""
    assert [(row[0], row[3]) for row in lines_of(company, "seats")] == [
        ("2025-02-01", "10.00"), ("2025-03-01", "15.00"), ("2025-03-01", "5.00"), ("2025-04-01", "15.00"),
    ]  # fmt: skip


def test_fees_in_advance_are_adjusted_by_the_charge(company: ClosedCompany) -> None:
    assert [(row[1], row[3]) for row in adjusted(company, "paid")] == [
        ("charge_in_advance", "5.00")
    ]


def test_a_corrected_price_reaches_back(company: ClosedCompany) -> None:
    """Each period's difference corrects the invoice that billed it."""
    assert adjusted(company, "advance") == [
        ("2025-03-01", "subscription", "2025-01-01", "31.00", "corrected_price", "2025-01-01"),
        ("2025-03-01", "subscription", "2025-02-01", "31.00", "corrected_price", "2025-02-01"),
    ]
    assert [row[3] for row in adjusted(company, "corrected")] == ["10.00"]


def test_an_end_that_moved_back_credits_days_and_usage_after_it(company: ClosedCompany) -> None:
    """15 of 31 days, 7 of 10 calls: 16 and 3 too much. 6 more of before the end come in the next month."""
    assert notes_of(company, "ended") == [
        ("2025-03-01", "2025-02-01", "adjustment", "19.00", "0.00", "19.00", "0.00")
    ]
    assert [(row[0], row[1], row[3]) for row in adjusted(company, "ended")] == [
        ("2025-04-01", "charge", "6.00")
    ]


def test_a_start_that_moved_back_makes_the_period_whole(company: ClosedCompany) -> None:
    """21 days of 31, a minimum of 21 and 10 calls; then 31, 31 and 10; at last 40 calls without a true-up."""
    lines = adjusted(company, "backdated")
    by_date = {
        day: sum(Decimal(row[3]) for row in lines if row[0] == day)
        for day in ("2025-02-11", "2025-04-01")
    }
    assert by_date == {"2025-02-11": Decimal(20), "2025-04-01": Decimal(9)}
    total = sum(Decimal(row[3]) for row in lines_of(company, "backdated") if row[2] < "2025-02-01")
    assert total == Decimal(31 + 40)


def test_an_end_that_is_withdrawn_makes_the_period_whole_again(company: ClosedCompany) -> None:
    """10 of 28 days and 8 calls at 2 were billed; 28 days and 16 calls are 28 and 20 + 6."""
    assert [(row[1], row[3]) for row in adjusted(company, "withdrawn")] == [
        ("charge", "10.00"),
        ("subscription", "18.00"),
    ]
    assert [row[3] for row in lines_of(company, "withdrawn") if row[2] == "2025-03-01"] == ["28.00"]


def test_what_a_note_gave_back_is_billed_again_once_its_end_is_withdrawn(
    company: ClosedCompany,
) -> None:
    assert notes_of(company, "withdrawn_advance")[0][2:4] == ("termination", "18.00")
    assert [(row[0], row[3]) for row in adjusted(company, "withdrawn_advance")] == [
        ("2025-04-01", "18.00")
    ]


def test_the_maximum_of_a_long_plan_moves_with_late_usage(company: ClosedCompany) -> None:
    """60 and 60 less 20; with 50 more in January it is 110 less 10, and 60 less 60: 40 up and 40 down."""
    assert [(row[1], row[3]) for row in adjusted(company, "monthly_cap")] == [
        ("charge", "50.00"),
        ("period_maximum", "-10.00"),
    ]
    assert [row[3] for row in notes_of(company, "monthly_cap")] == ["40.00"]


def test_what_policy_leaves_out_is_reported(company: ClosedCompany) -> None:
    """old: ended 28 days ago, 10 are allowed. small: 2, then 4 of at least 3."""
    left_out = company.finance(
        "select subscription_id, close_date, left_out_amount, is_latest from adjustments"
        " where left_out_amount <> 0 order by 1"
    )
    assert left_out == [
        ("old", date(2025, 3, 1), Decimal(5), True),
        ("small", date(2025, 3, 1), Decimal(2), False),
    ]
    assert adjusted(company, "old") == []
    assert [(row[0], row[3]) for row in adjusted(company, "small")] == [("2025-04-01", "4.00")]


def test_what_was_billed_in_advance_and_retracted_goes_back(company: ClosedCompany) -> None:
    """8 were billed on 11 February; the retraction comes after February was closed."""
    assert [row[3] for row in lines_of(company, "refunded")] == ["8.00"]
    assert [row[3] for row in notes_of(company, "refunded")] == ["8.00"]


def test_daily_usage_follows(company: ClosedCompany) -> None:
    assert company.finance(
        "select usage_date, event_count, quantity from usage_daily where subscription_id = 'retracted' order by 1"
    ) == [(date(2025, 1, 20), 1, Decimal(10)), (date(2025, 1, 21), 0, Decimal(0))]


def test_a_close_with_adjustments_computed_again_is_unchanged(company: ClosedCompany) -> None:
    (report,) = close_date(company.workspace, date(2025, 4, 1), clock=lambda: LATER)
    assert report.outcome == "unchanged"


def test_an_invoice_and_a_note_say_what_they_correct(
    company: ClosedCompany, capsys: pytest.CaptureFixture[str]
) -> None:
    ((number,),) = company.finance(
        "select invoice_number from invoices where customer_id = 'late' and issue_date = '2025-03-01'"
    )
    ((corrected,),) = company.finance(
        "select invoice_number from invoices where customer_id = 'late' and issue_date = '2025-02-01'"
    )
    invoice.show(company.workspace, number)
    shown = " ".join(capsys.readouterr().out.split())
    assert f"late_usage, corrects {corrected}" in shown
    assert "is 15.00 now, 10.00 was billed" in shown
    ((note,),) = company.finance(
        "select credit_note_number from credit_notes where customer_id = 'retracted'"
    )
    credit_notes.show(company.workspace, note)
    shown = " ".join(capsys.readouterr().out.split())
    assert "calls 2025-01-01 to 2025-02-01 UTC 4.00" in shown
    assert "billed too much (retracted_usage, retracted)" in shown

"""The oracle's progressive billing, by hand: what the next bill credits, and what a note gives back.

Belongs here: credits, their caps, notes. Does not belong here: thresholds and the invoices themselves
(`test_oracle_progressive`).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.oracle.hand_progressive import CALLS, TOKENS, company, documents, notes, threshold, used
from tests.oracle.hand_written import hand_bill, plan, subscription
from tests.oracle.invoices import Payment


def retracted(day: str, transaction_id: str) -> dict[str, Any]:
    return {
        "transaction_id": f"no-{transaction_id}",
        "external_subscription_id": "ext",
        "timestamp": f"2025-{day}T12:00:00Z",
        "retracts": transaction_id,
    }


def test_usage_taken_back_is_credited_by_a_note(tmp_path: Path) -> None:
    """110 + 20 % are billed on the 6th; 60 of them are retracted on the 10th. June owes 50: a note of 60 + 12."""
    usage = [used("06-03", 60), used("06-05", 50)]
    invoice = (date(2025, 6, 6), "atlas", "EUR", "progressive")
    for paid, offset in (("0", "72"), ("100", "32"), ("132", "0")):
        result = hand_bill(
            tmp_path / paid,
            company([threshold("100")], tax="20"),
            [usage, [retracted("06-03", usage[0]["transaction_id"])]],
            "2025-07-01",
            batches_known_on=lambda day: 1 if day < date(2025, 6, 10) else 2,
            payments=[Payment(invoice, Decimal(paid), date(2025, 6, 20))],
        )
        assert documents(result)[1:] == ["07-01 subscription: fee tokens 50, credit tokens -50"]
        assert notes(result) == [f"07-01 of 06-06 progressive: 60 + 12, offset {offset}"]
        assert result.invoices[-1].total_amount == 0


def test_a_credit_is_per_charge_and_the_note_pays_the_same_close(tmp_path: Path) -> None:
    """30 tokens are billed and paid; they turn to 10, and 40 calls are used. The 20 too much pay half of the calls."""
    usage = [used("06-03", 30), used("06-10", -20), used("06-11", 0, "calls")]
    tables = company([threshold("25")], TOKENS, {**CALLS, "unit_amount": "40"})
    paid = Payment((date(2025, 6, 4), "atlas", "EUR", "progressive"), Decimal(30), date(2025, 6, 9))
    for payments, due in (([paid], 20), ([], 40)):
        result = hand_bill(tmp_path / str(due), tables, [usage], "2025-07-01", payments=payments)
        assert documents(result) == [
            "06-04 progressive: fee tokens 30",
            "07-01 subscription: fee calls 40, fee tokens 10, credit tokens -10",
        ]
        assert notes(result) == [
            f"07-01 of 06-04 progressive: 20 + 0, offset {20 if due == 40 else 0}"
        ]
        assert result.invoices[-1].amount_due == due


def test_the_next_progressive_invoice_credits_no_more_than_its_own_fees(tmp_path: Path) -> None:
    """30 tokens fall to 5, then 61 for a call pass 40: 5 of the 30 are credited, and a note gives back 25."""
    usage = [used("06-03", 30), used("06-10", -25), used("06-12", 0, "calls")]
    tables = company([threshold("25"), threshold("40")], TOKENS, {**CALLS, "unit_amount": "61"})
    result = hand_bill(tmp_path, tables, [usage], "2025-07-01")
    assert documents(result) == [
        "06-04 progressive: fee tokens 30",
        "06-13 progressive: fee calls 61, fee tokens 5, credit tokens -5",
        "07-01 subscription: fee calls 61, fee tokens 5, credit tokens -5, credit calls -61",
    ]
    assert notes(result) == ["06-13 of 06-04 progressive: 25 + 0, offset 25"]


def test_notes_never_give_back_more_than_their_invoice(tmp_path: Path) -> None:
    """30 and 60 less 30 are billed with 20 % tax; all is taken back. Each invoice returns the 30 + 6 it came to."""
    usage = [used("06-03", 30), used("06-05", 30), used("06-10", -60)]
    result = hand_bill(
        tmp_path, company([threshold("25"), threshold("50")], tax="20"), [usage], "2025-07-01"
    )
    assert documents(result)[1] == "06-06 progressive: fee tokens 60, credit tokens -30"
    assert notes(result) == [
        "07-01 of 06-06 progressive: 30 + 6, offset 36",
        "07-01 of 06-04 progressive: 30 + 6, offset 36",
    ]


def test_the_plan_s_maximum_caps_all_credits_in_the_order_of_rows(tmp_path: Path) -> None:
    """30 tokens and 20 calls are billed; the plan's maximum of 40 then leaves 10 of calls to a note."""
    usage = [used("06-03", 30), used("06-04", 0, "calls")]
    tables = company([threshold("50")], TOKENS, {**CALLS, "unit_amount": "20"}, maximum_amount="40")
    result = hand_bill(tmp_path, tables, [usage], "2025-07-01")
    assert documents(result)[0] == "06-05 progressive: fee calls 20, fee tokens 30"
    assert documents(result)[1] == (
        "07-01 subscription: fee calls 20, fee tokens 30, period_maximum None -10, "
        "credit tokens -30, credit calls -10"
    )
    assert notes(result) == ["07-01 of 06-05 progressive: 10 + 0, offset 10"]


def test_an_upgrade_ends_the_period_and_goes_on_with_the_lifetime(tmp_path: Path) -> None:
    """60 are billed on the 4th, and taken off on the 21st; the new plan passes 100 with 45 more, and bills these."""
    rows = [
        subscription("s", "p", "2025-06-01"),
        subscription("t", "q", "2025-06-20T10:00:00Z"),
    ]
    tables = company([threshold("50"), threshold("100", plan_code="q")], rows=rows)
    tables["prices/plans"].append(plan("q", "10"))
    tables["prices/charges"].append({**TOKENS, "plan_code": "q"})
    usage = [used("06-03", 60), used("06-25", 45)]
    result = hand_bill(tmp_path, tables, [usage], "2025-07-01")
    assert documents(result) == [
        "06-04 progressive: fee tokens 60",
        "06-21 subscription: fee tokens 60, credit tokens -60",
        "06-26 progressive: fee tokens 45",
        "07-01 subscription: fee tokens 45, credit tokens -45",
    ]


def test_a_commitment_does_not_count_progressive_lines(tmp_path: Path) -> None:
    """A commitment of 100 lacks 40, however often the 60 stand on an invoice."""
    tables = company([threshold("50")], minimum_commitment_amount="100")
    result = hand_bill(tmp_path, tables, [[used("06-03", 60)]], "2025-07-01")
    assert documents(result)[1] == (
        "07-01 subscription: fee tokens 60, commitment_true_up None 40, credit tokens -60"
    )

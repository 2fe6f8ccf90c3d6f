"""What is put in, drawn, returned and left of coupons, lots and notes: many random customers, a year of closes.

Belongs here: laws of conservation, summed in Python over what finance reads. Does not belong here: single amounts,
which the oracle computes (`test_properties_credits`), and the company (`credits_at_scale`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.workspace import Workspace
from tests.company_check import query_of
from tests.conftest import ClosedCompany
from tests.credits_at_scale import COUPONS, MONTHS, PRESENT, closed
from tests.plain_close import close_date
from tests.small_company import published_bytes

ZERO = Decimal(0)
Sums = dict[Any, Decimal]


def sums(rows: list[tuple[Any, ...]]) -> Sums:
    """The last column summed by the others."""
    found: Sums = defaultdict(lambda: ZERO)
    for *key, amount in rows:
        found[tuple(key) if len(key) > 1 else key[0]] += amount
    return found


def check_laws(ws: Workspace) -> Counter[str]:
    """Assert every law; returns how often each kind of credit occurred."""
    read = query_of(ws.published / "finance.duckdb")
    kinds: Counter[str] = Counter()
    _check_invoices(read, kinds)
    _check_coupons(read, kinds)
    _check_lots(read, kinds)
    _check_notes(read, kinds)
    _check_numbers(read)
    return kinds


def _check_invoices(read: Any, kinds: Counter[str]) -> None:
    fees = sums(read("select invoice_number, amount from invoice_lines"))
    line_coupons = sums(read("select invoice_number, coupon_amount from invoice_lines"))
    taxes = sums(read("select invoice_number, tax_amount from invoice_taxes"))
    uses = sums(read("select invoice_number, amount from credit_note_uses"))
    draws = sums(read("select invoice_number, amount from wallet_draws"))
    for number, fee, coupon, tax, total, used, drawn, due in read(
        "select invoice_number, fees_amount, coupon_amount, tax_amount, total_amount, credit_note_amount,"
        " prepaid_credit_amount, amount_due from invoices"
    ):
        assert fee == fees[number], number
        assert coupon == line_coupons[number], number
        assert tax == taxes[number], number
        assert total == fee - coupon + tax, number
        assert used == uses[number], number
        assert drawn == draws[number], number
        assert due == total - used - drawn >= 0, number
        kinds["invoices"] += 1
        kinds["paid whole by credit"] += total > 0 == due


def _check_coupons(read: Any, kinds: Counter[str]) -> None:
    """What coupons take off is on the lines, but for corrections, which bear the coupons of what they correct.

    A fixed coupon of one use never gives more than it has.
    """
    uses = sums(read("select invoice_number, amount from coupon_uses"))
    taken = sums(
        read("select invoice_number, coupon_amount from invoice_lines where cause is null")
    )
    assert {key: amount for key, amount in taken.items() if amount} == uses
    ((corrected,),) = read(
        "select count(*) from invoice_lines where cause is not null and coupon_amount > 0"
    )
    kinds["corrections with coupons"] += corrected
    given = sums(read("select applied_coupon_id, coupon_code, amount from coupon_uses"))
    for (applied, code), amount in given.items():
        row = COUPONS[int(code.removeprefix("coupon"))]
        assert amount > 0, applied
        if row["coupon_type"] == "fixed" and row["frequency"] == "once":
            assert amount <= Decimal(row["amount"]), applied
        kinds[f"coupon {row['coupon_type']} {row['frequency']}"] += 1


def _check_lots(read: Any, kinds: Counter[str]) -> None:
    """Each lot's ledger is a chain that begins at 0, never falls below it, and ends at what is left."""
    left: Sums = defaultdict(lambda: ZERO)
    for lot, opening, granted, returned, used, expired, voided, closing in read(
        "select lot_id, opening_amount, granted_amount, returned_amount, used_amount, expired_amount, voided_amount,"
        " closing_amount from credit_ledger order by close_date, publication_no"
    ):
        assert opening == left[lot], lot
        assert closing == opening + granted + returned - used - expired - voided >= 0, lot
        left[lot] = closing
        kinds["lots used"] += used > 0
        kinds["lots expired"] += expired > 0
        kinds["lots returned to"] += returned > 0
    assert left == dict(read("select lot_id, remaining_amount from wallet_lots"))
    signs = {"granted": 1, "returned": 1, "used": -1, "expired": -1, "voided": -1}
    moved: Sums = defaultdict(lambda: ZERO)
    for lot, kind, amount in read("select lot_id, movement_kind, amount from credit_movements"):
        assert amount > 0, lot
        moved[lot] += signs[kind] * amount
    assert moved == left
    drawn = sums(read("select lot_id, amount from wallet_draws"))
    used_of = dict(read("select lot_id, used_amount from wallet_lots where used_amount <> 0"))
    assert drawn == used_of


def _check_notes(read: Any, kinds: Counter[str]) -> None:
    """A note is its lines and taxes; what becomes of it adds up, and invoices never use more than its credit."""
    lines = sums(read("select credit_note_number, amount - coupon_amount from credit_note_lines"))
    taxes = sums(read("select credit_note_number, tax_amount from credit_note_taxes"))
    uses = sums(read("select credit_note_number, amount from credit_note_uses"))
    credited = sums(read("select invoice_number, total_amount from credit_notes"))
    for (
        number,
        reason,
        subtotal,
        tax,
        total,
        credit,
        refund,
        offset,
        returned,
        used,
        balance,
    ) in read(
        "select credit_note_number, reason, subtotal_amount, tax_amount, total_amount, credit_amount, refund_amount,"
        " offset_amount, returned_amount, used_amount, balance_amount from credit_notes"
    ):
        assert subtotal == lines[number], number
        assert tax == taxes[number], number
        assert total == subtotal + tax == credit + refund + offset + returned, number
        assert used == uses[number], number
        assert balance == credit - used >= 0, number
        kinds[f"note {reason}"] += 1
        kinds["notes used"] += used > 0
    for invoice, total in read("select invoice_number, total_amount from invoices"):
        assert credited[invoice] <= max(total, ZERO), invoice


def _check_numbers(read: Any) -> None:
    """Each entity counts from 1 without a gap."""
    for table, column, infix in (
        ("invoices", "invoice_number", "-"),
        ("credit_notes", "credit_note_number", "-CN-"),
    ):
        found: dict[str, list[int]] = defaultdict(list)
        for entity, number in read(f"select billing_entity_code, {column} from {table}"):
            found[entity].append(int(number.removeprefix(f"{entity.upper()}{infix}")))
        for entity, numbers in found.items():
            assert sorted(numbers) == list(range(1, len(numbers) + 1)), entity


def check_replay(ws: Workspace, month: int) -> None:
    """Computing a close again gives the same movements, and changes no byte of what is published."""
    before = published_bytes(ClosedCompany(ws))
    (report,) = close_date(ws, MONTHS[month], clock=lambda: PRESENT)
    assert report.outcome == "unchanged"
    assert published_bytes(ClosedCompany(ws)) == before


EVERY_KIND = (
    {"invoices", "paid whole by credit", "lots used", "lots expired", "lots returned to"}
    | {"notes used", "corrections with coupons", "note manual", "note termination"}
    | {f"coupon {row['coupon_type']} {row['frequency']}" for row in COUPONS}
)


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_credit_is_conserved_of_some(tmp_path: Path) -> None:
    ws = closed(tmp_path, count=300, months=5, seed=1)
    kinds = check_laws(ws)
    assert min(kinds[kind] for kind in EVERY_KIND - {"lots expired"}) > 0, kinds
    assert {name for name in kinds if name.startswith("note ")} >= {
        "note manual",
        "note termination",
    }
    check_replay(ws, 3)


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_credit_is_conserved_of_ten_thousand_in_a_year(tmp_path: Path) -> None:
    ws = closed(tmp_path, count=10_000, months=12, seed=2)
    kinds = check_laws(ws)
    assert min(kinds[kind] for kind in EVERY_KIND) > 100, kinds
    check_replay(ws, 7)

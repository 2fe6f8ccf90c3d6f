"""Fixed charges and limits that contradict themselves, or change what was billed, are named with their mend.

Each case takes the price book with three fixed charges, changes it, and reads all that is said.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.price_book import VALID, Book, charge, errors_of, price_book, write_book  # noqa: F401
from tests.test_catalog_history import billed, refusal

A = "prices/add_ons"
X = "prices/fixed_charges"
XT = "prices/fixed_charge_tiers"
C = "prices/charges"
P = "prices/plans"

SUPPORT, SEATS, STEPS = range(3)


def fixed(code: str, model: str, **columns: str) -> dict[str, Any]:
    named = {"fixed_charge_code": code, "plan_code": "pro", "add_on_code": "support"}
    units = {"charge_model": model, "display_name": code, "units": "10"}
    return named | units | VALID | columns


def tier(code: str, up_to: str, unit_amount: str, **columns: str) -> dict[str, Any]:
    named = {"plan_code": "pro", "fixed_charge_code": code, "up_to": up_to}
    return named | {"unit_amount": unit_amount} | VALID | columns


@pytest.fixture(name="rows")
def rows_with_fixed_charges(book: Book) -> Book:
    return book | {
        A: [{"add_on_code": "support", "add_on_name": "Support"}],
        X: [
            fixed("support", "standard", unit_amount="200", is_prorated="true"),
            fixed("seats", "graduated", is_pay_in_advance="true"),
            fixed("steps", "volume", subscription_id="sub_1"),
        ],
        XT: [
            tier("seats", "5", "2", flat_amount="1"),
            tier("seats", "", "1"),
            tier("steps", "", "3", subscription_id="sub_1"),
        ],
    }


Change = Callable[[Book], object]
KEY = "copy plan_code, fixed_charge_code, subscription_id, first_month, valid_from and recorded_at from"


def in_arrears(rows: Book) -> Book:
    """The rows with nothing in advance, so that a plan may have a maximum."""
    for row in (*rows[C], *rows[X]):
        row["is_pay_in_advance"] = "false"
    return rows


def base_in_advance(rows: Book) -> Book:
    for row in rows[P]:
        row["is_pay_in_advance"] = "true"
    return rows


CASES: dict[str, tuple[Change, str]] = {
    "unknown add-on": (
        lambda b: b[X][SUPPORT].update(add_on_code="suport"),
        f"{X}.csv row 2: unknown add on 'suport'; add it to add_ons or correct add_on_code",
    ),
    "no price": (
        lambda b: b[X][SUPPORT].update(unit_amount=""),
        f"{X}.csv row 2: a standard fixed charge needs unit_amount; fill it in",
    ),
    "price beside tiers": (
        lambda b: b[X][SEATS].update(unit_amount="1"),
        f"{X}.csv row 3: a graduated fixed charge does not use unit_amount; leave it empty",
    ),
    "no tiers": (
        lambda b: b[XT].pop(2),
        f"{X}.csv row 4: volume fixed charge 'steps' has no tiers; add them to {XT}.csv",
    ),
    "tiers beside a price": (
        lambda b: b[XT].append(tier("support", "", "1")),
        f"{X}.csv row 2: a standard fixed charge has no tiers; remove them from {XT}.csv",
    ),
    "units below 0": (
        lambda b: b[X][SUPPORT].update(units="-1"),
        f"{X}.csv row 2: units is -1; it must be 0 or more",
    ),
    "another model's word": (
        lambda b: b[X][SUPPORT].update(charge_model="package"),
        f"{X}.csv row 2: charge_model is 'package'; it must be one of standard, graduated, volume",
    ),
    "more than there is room for": (
        lambda b: b[X][SUPPORT].update(units="100000000000", unit_amount="1000"),
        f"{X}.csv row 2: units 100000000000 come to 100000000000000, with more than 14 digits before the point; "
        "correct units or price",
    ),
    "terms that differ": (
        lambda b: b[X].append(fixed("support", "standard", unit_amount="1", recorded_at="2026-01-01T00:00:00Z")),
        f"{X}.csv row 5: is_prorated of fixed charge 'support' differs from row 2; give the new terms a "
        "fixed_charge_code of their own",
    ),
    "a plan that the subscription is not on": (
        lambda b: (
            b[P].append(b[P][0] | {"plan_code": "other"}),
            b[X].append(fixed("x", "standard", unit_amount="1", plan_code="other", subscription_id="sub_1")),
        ),
        f"{X}.csv row 5: subscription 'sub_1' is not on plan 'other'; correct subscription_id or plan_code",
    ),
    "two rows at once": (
        lambda b: b[X].append(b[X][SUPPORT] | {"valid_from": "2025-06-01"}),
        f"{X}.csv row 5: its validity overlaps that of row 2 at the same recorded_at; end the earlier one, or record "
        "the correction later",
    ),
    "days without a row": (
        lambda b: (
            b[X][SUPPORT].update(valid_to="2025-06-01"),
            b[X].append(b[X][SUPPORT] | {"valid_from": "2025-07-01", "valid_to": ""}),
        ),
        f"{X}.csv row 5: fixed charge 'support' of plan 'pro' has no row in force from 2025-06-01 to 2025-06-30; let "
        "row 2 hold until then (valid_to 2025-07-01), or add a row for these days",
    ),
    "tier of no row": (
        lambda b: b[XT].append(tier("seat", "", "1")),
        f"{XT}.csv row 5: no fixed charge row has plan_code pro, fixed_charge_code seat, valid_from 2025-01-01, "
        f"recorded_at 2025-01-01T00:00:00Z; {KEY} {X}.csv",
    ),
    "tier without a price": (
        lambda b: b[XT][0].update(unit_amount=""),
        f"{XT}.csv row 2: a tier needs unit_amount; fill it in",
    ),
    "tiers that do not ascend": (
        lambda b: b[XT].insert(1, tier("seats", "4", "1")),
        f"{XT}.csv row 3: up_to 4 is not above the tier before; tiers must ascend",
    ),
    "last tier bounded": (
        lambda b: b[XT][1].update(up_to="10"),
        f"{XT}.csv row 3: the last tier must be open; leave its up_to empty",
    ),
    "maximum in advance": (
        lambda b: b[C][5].update(maximum_amount="10"),
        f"{C}.csv row 7: a charge paid in advance has no maximum_amount; leave it empty",
    ),
    "fee in advance above the maximum": (
        lambda b: base_in_advance(in_arrears(b))[P][0].update(maximum_amount="98.99"),
        f"{P}.csv row 2: plan 'pro' is paid in advance, and its amount 99 is above maximum_amount 98.99; correct "
        "one of them",
    ),
    "charge in advance beside a maximum": (
        lambda b: b[P][0].update(maximum_amount="1000"),
        f"{P}.csv row 2: plan 'pro' has a maximum_amount, and {C}.csv row 7 is billed in advance, before the "
        "maximum is reached; bill it in arrears, or leave the maximum out",
    ),
    "minimum above the maximum": (
        lambda b: b[C][1].update(maximum_amount="4.99"),
        f"{C}.csv row 3: minimum_amount 5 is above maximum_amount 4.99; correct one of them",
    ),
    "commitment above the maximum": (
        lambda b: in_arrears(b)[P][0].update(minimum_commitment_amount="10", maximum_amount="9"),
        f"{P}.csv row 2: minimum_commitment_amount 10 is above maximum_amount 9; correct one of them",
    ),
    "commitment with too many decimals": (
        lambda b: b[P][0].update(minimum_commitment_amount="10.001"),
        f"{P}.csv row 2: minimum_commitment_amount 10.001 has more decimals than USD has (2); round it",
    ),
    "maximum with too many decimals": (
        lambda b: in_arrears(b)[P][0].update(maximum_amount="10.001"),
        f"{P}.csv row 2: maximum_amount 10.001 has more decimals than USD has (2); round it",
    ),
    "maximum of a charge with too many decimals": (
        lambda b: b[C][0].update(maximum_amount="10.001"),
        f"{C}.csv row 2: maximum_amount 10.001 has more decimals than USD has (2); round it",
    ),
}  # fmt: skip


def test_a_maximum_that_a_later_row_takes_back_stays_in_its_file(
    tmp_path: Path, rows: Book
) -> None:
    """A row that has billed may not change, so that only another one can mend it."""
    limited = rows[P][0] | {"maximum_amount": "1000"}
    rows[P][0] = limited
    assert len(errors_of(write_book(tmp_path, rows))) == 1
    rows[P].append(limited | {"maximum_amount": "", "recorded_at": "2025-06-01T00:00:00Z"})
    assert errors_of(write_book(tmp_path, rows)) == []


def test_a_maximum_may_end_before_a_charge_in_advance_begins(tmp_path: Path, rows: Book) -> None:
    in_arrears(rows)
    row = rows[P][0]
    rows[P][0] = row | {"maximum_amount": "1000", "valid_to": "2025-11-01"}
    rows[P].append(row | {"valid_from": "2025-11-01"})
    fees = charge("later", "calls", "standard", unit_amount="1", is_pay_in_advance="true")
    rows[C].append(fees | {"valid_from": "2025-11-01"})
    assert errors_of(write_book(tmp_path, rows)) == []
    rows[C][-1]["valid_from"] = "2025-10-01"
    assert len(errors_of(write_book(tmp_path, rows))) == 1


def test_the_rows_that_the_cases_spoil_are_good(tmp_path: Path, rows: Book) -> None:
    rows[C][1] |= {"maximum_amount": "5"}
    in_arrears(rows)[P][0] |= {"minimum_commitment_amount": "0", "maximum_amount": "0"}
    assert errors_of(write_book(tmp_path, rows)) == []


@pytest.mark.parametrize("case", CASES)
def test_a_contradiction_names_file_row_and_mend(tmp_path: Path, rows: Book, case: str) -> None:
    change, message = CASES[case]
    change(rows)
    problems = errors_of(write_book(tmp_path, rows))
    assert any(problem.startswith(message) for problem in problems), problems
    assert len(problems) == 1, problems


SINCE = "when days through 2025-10-31 were billed"
MEND = "put it back, and add a row with the same validity and a later recorded_at"
TIER_MEND = "put {}, and add a fixed charge row with the same validity and a later recorded_at"

CHANGES: dict[str, tuple[Change, str]] = {
    "units": (
        lambda b: b[X][SUPPORT].update(units="11"),
        f"{X}.csv row 2: units of fixed charge 'support' of plan 'pro' was 10 {SINCE} by this row, and is 11 now; "
        f"{MEND}",
    ),
    "row gone": (
        lambda b: (b[X].pop(SUPPORT)),
        f"{X}.csv: the row of fixed charge 'support' of plan 'pro' with plan_code pro, fixed_charge_code support, "
        "valid_from 2025-01-01, recorded_at 2025-01-01T00:00:00Z is gone, but days through 2025-10-31 were billed by "
        f"it; {MEND}",
    ),
    "price of a tier": (
        lambda b: b[XT][2].update(unit_amount="4"),
        f"{XT}.csv row 4: unit_amount of tier 1 of fixed charge 'steps' of plan 'pro' was 3 {SINCE} by row 4 of "
        f"{X}.csv, and is 4 now; {TIER_MEND.format('it back')}",
    ),
    "another tier": (
        lambda b: b[XT].insert(2, tier("steps", "5", "3", subscription_id="sub_1")),
        f"{XT}.csv row 4: fixed charge 'steps' of plan 'pro' had 1 tier {SINCE} by row 4 of {X}.csv, and has 2 now; "
        f"{TIER_MEND.format('them back')}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_what_billed_cannot_be_changed(tmp_path: Path, rows: Book, case: str) -> None:
    billed(tmp_path, rows, ("fixed",))
    change, message = CHANGES[case]
    change(rows)
    assert message in refusal(tmp_path, rows)


def test_each_family_binds_its_own_rows(tmp_path: Path, rows: Book) -> None:
    """Charges in arrears are billed, seats in advance not yet: only these may still change."""
    ws = billed(tmp_path, rows, ("fixed",))
    rows[X][SEATS] |= {"units": "11"}
    rows[X].append(rows[X][SUPPORT] | {"units": "9", "recorded_at": "2025-11-02T00:00:00Z"})
    write_book(tmp_path, rows)
    assert errors_of(ws) == []
    rows[X][SUPPORT] |= {"units": "9"}
    assert "was 10" in refusal(tmp_path, rows)

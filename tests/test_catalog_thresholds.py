"""Thresholds that no usage passes, or that contradict each other, are named with their mend.

Each case takes the price book with a fixed and a recurring threshold, changes it, and reads all that is said.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.price_book import Book, errors_of, price_book, write_book  # noqa: F401

T = "prices/usage_thresholds"
FIXED, STEP = range(2)


@pytest.fixture(name="rows")
def rows_with_thresholds(book: Book) -> Book:
    plan = {"plan_code": book["prices/plans"][0]["plan_code"]}
    return book | {
        T: [
            plan | {"threshold_amount": "100", "is_recurring": ""},
            plan | {"threshold_amount": "100", "is_recurring": "true", "display_name": "Each 100"},
        ]
    }


CASES: dict[str, tuple[Callable[[Book], object], str]] = {
    "an amount of 0": (
        lambda b: b[T][FIXED].update(threshold_amount="0"),
        f"{T}.csv row 2: plan '{{plan}}' has a threshold_amount of 0, which no usage passes; correct it or remove the "
        "row",
    ),
    "two recurring ones": (
        lambda b: b[T].append(b[T][STEP] | {"threshold_amount": "50"}),
        f"{T}.csv row 4: plan '{{plan}}' has a recurring threshold in row 3 already; remove one",
    ),
    "below 0": (
        lambda b: b[T][STEP].update(threshold_amount="-5"),
        f"{T}.csv row 3: threshold_amount is -5; it must be 0 or more",
    ),
    "of no plan": (
        lambda b: b[T][FIXED].update(plan_code="nothing"),
        f"{T}.csv row 2: unknown plan 'nothing'; add it to plans or correct plan_code",
    ),
    "twice": (
        lambda b: b[T].append(b[T][FIXED]),
        f"{T}.csv row 4: duplicate key (plan_code {{plan}}, threshold_amount 100, is_recurring False), which row 2 has "
        "too; remove one, or give the correction a later recorded_at",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_thresholds_that_nobody_could_mean_are_refused(
    case: str, rows: Book, tmp_path: Path
) -> None:
    change, message = CASES[case]
    plan = rows[T][FIXED]["plan_code"]
    change(rows)
    assert errors_of(write_book(tmp_path, rows)) == [message.format(plan=plan)]


def test_a_fixed_and_a_recurring_threshold_of_one_amount_are_fine(
    rows: Book, tmp_path: Path
) -> None:
    assert errors_of(write_book(tmp_path, rows)) == []

"""Periods that are cut in random places at one price: the parts, as a close bills them, add up to the whole price.

Belongs here: sums of parts, exact before rounding and within the rounding rule after it, for base fees, fixed charges
by days and commitments. Does not belong here: the cuts (`split_periods`), prices that change at them, and credit notes.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.lines import AMOUNT_UNROUNDED_SCALE
from tests.oracle.numbers import minor_unit, round_half_away
from tests.split_periods import Split, closed_company, draw_splits

LINES = """
    select subscription_id, fee_type, service_period_start, amount_unrounded, amount, price_details
    from invoice_lines
"""
COMMITMENT = "commitment_true_up"
KINDS = (
    *("new row", "correction", "own row", "return", "plan change"),
    *("subscription", "fixed_charge", "fixed_charge_in_advance", "commitment"),
    *("many parts", "nothing rounded", "no coin rounded", "off by rounding"),
)
FINEST = Fraction(1, 10**AMOUNT_UNROUNDED_SCALE)


@dataclass(frozen=True)
class Part:
    """One line of a period: amounts in currency units, and the days as the line states them (0: it does not)."""

    fee_type: str
    amount_unrounded: Decimal
    amount: Decimal
    days: int
    period_days: int


@dataclass(frozen=True)
class Whole:
    """One period of a split, with its lines."""

    split: Split
    days: int
    parts: Sequence[Part]

    def of(self, fee_type: str) -> list[Part]:
        return [part for part in self.parts if part.fee_type == fee_type]


def wholes_of(splits: Sequence[Split], lines: Sequence[tuple[Any, ...]]) -> list[Whole]:
    """Every period of every split; a line is of the period in which its service begins."""
    bounds = {split.name: split.bounds_in_utc() for split in splits}
    parts = defaultdict(list)
    for subscription_id, fee_type, starts_at, amount_unrounded, amount, details in lines:
        name = subscription_id.split("_")[0]
        stated = json.loads(details)
        days, period_days = (int(stated.get(word, 0)) for word in ("days", "period_days"))
        part = Part(fee_type, amount_unrounded, amount, days, period_days)
        parts[name, bisect_right(bounds[name], starts_at)].append(part)
    wholes = [
        Whole(split, (end - begin).days, parts.pop((split.name, number), []))
        for split in splits
        for number, (begin, end) in enumerate(zip(split.bounds, split.bounds[1:], strict=False), 1)
    ]
    assert not parts, f"lines outside their periods: {list(parts)[:5]}"
    return wholes


def faults(whole: Whole) -> Iterator[str]:
    """In what the lines of a period differ from its prices."""
    if strange := {part.fee_type for part in whole.parts} - {*whole.split.prices, COMMITMENT}:
        yield f"lines of {strange}"
    for fee_type, price in whole.split.prices.items():
        yield from _faults_of_fee(whole, whole.of(fee_type), Fraction(price))
    if whole.split.commitment is not None:
        # Each true-up fills its subscription's fees up to the share of the days that it is for, rounded.
        off = abs(sum(part.amount for part in whole.parts) - whole.split.commitment)
        if off > len(whole.of(COMMITMENT)) * coin_of(whole) / 2:
            yield f"{whole.parts} are off the commitment of {whole.split.commitment} by {off}"


def _faults_of_fee(whole: Whole, parts: Sequence[Part], price: Fraction) -> Iterator[str]:
    if sum(part.days for part in parts) != whole.days:
        yield f"not each of {whole.days} days once: {parts}"
    shares = [price * part.days / whole.days for part in parts]
    for part, share in zip(parts, shares, strict=True):
        if part.period_days != whole.days:
            yield f"not out of {whole.days} days: {part}"
        if part.amount_unrounded != round_half_away(share, AMOUNT_UNROUNDED_SCALE):
            yield f"{part} is not {share}"
        if part.amount != round_half_away(share, minor_unit(whole.split.currency)):
            yield f"{part} is not {share}, rounded once"
    off = abs(sum(Fraction(part.amount_unrounded) for part in parts) - price)
    if off > may_be_off(shares, FINEST):
        yield f"before rounding, {parts} are off {price} by {off}"
    off = abs(sum(Fraction(part.amount) for part in parts) - price)
    if off > may_be_off(shares, coin_of(whole)):
        yield f"{parts} are off {price} by {off}"


def may_be_off(shares: Sequence[Fraction], step: Fraction) -> Fraction:
    """How far shares may be off together when each is rounded to steps: half of one for each that is between two."""
    return sum((share / step).denominator > 1 for share in shares) * step / 2


def coin_of(whole: Whole) -> Fraction:
    return Fraction(1, 10 ** minor_unit(whole.split.currency))


def check_splits(folder: Path, count: int, seed: int) -> Counter[str]:
    """Bill splits, all of which must add up; returns how many periods and fees were compared, by what was in them."""
    splits = draw_splits(count, seed)
    company = closed_company(folder, splits)
    wholes = wholes_of(splits, company.finance(LINES))
    found = [f"{one.split.name}: {fault}" for one in wholes for fault in faults(one)]
    assert found[:5] == []
    compared = Counter(cut for split in splits for cut in split.cuts)
    for whole in wholes:
        compared["commitment"] += whole.split.commitment is not None
        for fee_type, price in whole.split.prices.items():
            parts = whole.of(fee_type)
            shares = [Fraction(price) * part.days / whole.days for part in parts]
            compared[fee_type] += len(parts) > 1
            compared["many parts"] += len(parts) > 4
            compared["nothing rounded"] += len(parts) > 1 and not may_be_off(shares, FINEST)
            compared["no coin rounded"] += len(parts) > 1 and not may_be_off(shares, coin_of(whole))
            compared["off by rounding"] += sum(part.amount for part in parts) != price
    return compared


def whole_of(*parts: tuple[int, str]) -> Whole:
    """June 2025 at 10.00, with a line of so many days and such an amount each."""
    june = [date(2025, 6, 1), date(2025, 7, 1)]
    prices = {"subscription": Decimal("10.00")}
    split = Split("june", "UTC", "USD", "monthly", "calendar", june, prices, None)
    lines = [
        Part(
            "subscription",
            round_half_away(Fraction(10 * days, 30), AMOUNT_UNROUNDED_SCALE),
            Decimal(amount),
            days,
            30,
        )
        for days, amount in parts
    ]
    return Whole(split, 30, lines)


@pytest.mark.parametrize(
    ("whole", "is_fault"),
    [
        (whole_of((30, "10.00")), False),
        (whole_of((15, "5.00"), (15, "5.00")), False),
        (whole_of((10, "3.33"), (10, "3.33"), (10, "3.33")), False),
        (whole_of((10, "3.34"), (20, "6.66")), True),
        (whole_of((10, "3.33"), (19, "6.33")), True),
        (whole_of((10, "3.33"), (21, "7.00")), True),
        (whole_of(), True),
    ],
)
def test_what_does_not_add_up_is_found(whole: Whole, *, is_fault: bool) -> None:
    assert bool(list(faults(whole))) == is_fault


def test_parts_of_a_period_sum_to_the_whole_price(tmp_path: Path) -> None:
    compared = check_splits(tmp_path, count=300, seed=7)
    assert {kind: compared[kind] for kind in KINDS if compared[kind] < 100} == {}


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(8, 12))
def test_parts_of_many_more_periods_sum_to_the_whole_price(tmp_path: Path, seed: int) -> None:
    compared = check_splits(tmp_path, count=2_000, seed=seed)
    assert {kind: compared[kind] for kind in KINDS if compared[kind] < 800} == {}

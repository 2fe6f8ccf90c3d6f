"""The shrinker, with a fault put into one side: what is left of an example is what the fault needs.

Belongs here: fast tests without the product: the oracle stands on both sides. Does not belong here: the comparison
with the product (`test_properties_billing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from tests.company_check import Billed, billed_by_oracle, check
from tests.oracle.charge_models import rating
from tests.oracle.company_files import Company
from tests.oracle.draw import draw_examples
from tests.oracle.random_rows import OCTOBER, Example
from tests.oracle.shrinking import MOST_CANDIDATES, ROUNDS, reduced, reductions, shrink, size

EXAMPLES = 40


def charges_in(example: Example) -> list[dict[str, str]]:
    return example.rows.get("prices/charges", [])


@pytest.fixture(scope="module")
def drawn() -> list[Example]:
    return draw_examples(OCTOBER, count=EXAMPLES, seed_number=3)


def with_fault(company: Company, _folder: Path) -> Billed:
    """A product that prices packages by their full size only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rating, "package", _whole_packages_only)
        return billed_by_oracle(company)


def _whole_packages_only(
    units: Fraction, *, package_amount: Fraction, package_size: Fraction, free_units: Fraction
) -> Fraction:
    return max((units - free_units) // package_size, Fraction(0)) * package_amount


def test_two_equal_sides_pass(tmp_path: Path, drawn: list[Example]) -> None:
    check(tmp_path, drawn, OCTOBER, billing=lambda company, _folder: billed_by_oracle(company))


def test_a_fault_is_reported_with_the_smallest_example(
    tmp_path: Path, drawn: list[Example]
) -> None:
    with pytest.raises(AssertionError) as failure:
        check(tmp_path, drawn, OCTOBER, billing=with_fault)
    lines = str(failure.value).splitlines()
    rows = [line for line in lines if line.startswith(("prices/", "accounts/", "credits/", "tax/"))]
    charges = [row for row in rows if row.startswith("prices/charges:")]
    assert "examples differ" in lines[0]
    assert any("invoice_lines" in line and "oracle" in line for line in lines)
    assert len(charges) == 1
    assert "'package'" in charges[0]
    assert not [row for row in rows if row.startswith(("credits/", "tax/", "prices/charge_tiers"))]
    # A customer, a subscription, a plan, a charge, at most a filter and a unit, metrics; a line or two of usage.
    assert len(rows) <= 10
    usage = [line for line in lines if line.startswith(("jsonl", "csv", "parquet"))]
    assert len(usage) <= 2


def test_each_round_asks_once_about_examples_that_are_smaller(drawn: list[Example]) -> None:
    example = max(drawn, key=size)
    rounds = []

    def failing(candidates: Sequence[Example]) -> list[bool]:
        rounds.append(len(candidates))
        assert all(size(one) < size(example) for one in candidates)
        return [len(one.lines) >= 2 and bool(charges_in(one)) for one in candidates]

    smallest = shrink(example, failing)
    assert len(rounds) <= ROUNDS
    assert max(rounds) <= MOST_CANDIDATES
    assert len(smallest.lines) == 2
    assert len(charges_in(smallest)) == 1
    assert len(smallest.rows["accounts/subscriptions"]) == 1


def test_an_example_that_does_not_fail_alone_stays_as_it_is(drawn: list[Example]) -> None:
    assert shrink(drawn[0], lambda candidates: [False] * len(candidates)) == drawn[0]


def test_no_reduction_leaves_rows_without_what_they_belong_to(drawn: list[Example]) -> None:
    for example in drawn:
        for one in reductions(example):
            rows = reduced(example, frozenset({one})).rows
            plans = {row["plan_code"] for row in rows["prices/plans"]}
            assert {row["plan_code"] for row in rows.get("prices/charges", [])} <= plans
            charges = {
                (row["plan_code"], row["charge_code"]) for row in rows.get("prices/charges", [])
            }
            for table in ("prices/charge_tiers", "prices/charge_filter_values"):
                own = {(row["plan_code"], row["charge_code"]) for row in rows.get(table, [])}
                assert own <= charges

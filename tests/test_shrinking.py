"""The shrinker, with a fault put into one side: what is left of an example is what the fault needs.

Belongs here: fast tests without a close: the oracle stands on both sides, and of the product only the checks of a
catalog are asked. Does not belong here: the comparison with the product (`test_properties_billing`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from orchestration.catalog.examine import examine_folder
from orchestration.errors import BadInput, MeterhouseError, OffenderTable, Refused
from tests.company_check import RUNS_PER_ROUND, Billed, billed_by_oracle, check
from tests.oracle.charge_models import rating
from tests.oracle.company_files import Company, customer_of, write_company
from tests.oracle.draw import draw_examples
from tests.oracle.random_rows import OCTOBER, Example, Past
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


def test_a_subscription_is_left_out_of_the_past_too(drawn: list[Example]) -> None:
    table = "accounts/subscriptions"
    example = max(drawn, key=lambda one: len(one.rows[table]))
    past = Past(OCTOBER.first, {table: example.rows[table]})
    left = reduced(replace(example, pasts=(past,)), frozenset({("row", table, 0)}))
    assert len(left.rows[table]) == len(example.rows[table]) - 1 > 0
    assert left.pasts[0].rows[table] == left.rows[table]


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


def test_no_reduction_is_refused_by_the_catalog(tmp_path: Path, drawn: list[Example]) -> None:
    """One that is would cost a run of its round: blank `is_recurring`, where a charge is prorated by it."""
    smaller = [
        replace(reduced(example, frozenset({one})), lines=())
        for example in drawn
        for one in reductions(example)
        if one[0] != "line"
    ]
    written = write_company(tmp_path, smaller, OCTOBER)
    assert [finding.text for finding in examine_folder(written.catalog).errors] == []


# What the product refuses. Here it refuses customers, whose names stand in the error in one way or another.

Refusal = Callable[[Company, list[str]], Exception]


def by_id(_company: Company, customers: list[str]) -> Exception:
    return BadInput("\n".join(f"customer '{one}' has no usage; give it some" for one in customers))


def by_row(company: Company, customers: list[str]) -> Exception:
    rows = (company.catalog / "accounts/customers.csv").read_text(encoding="utf-8").splitlines()
    return BadInput(
        "\n".join(
            f"accounts/customers.csv row {number}: no usage; give it some"
            for number, row in enumerate(rows, 1)
            if row.split(",")[0] in customers
        )
    )


def by_table(_company: Company, customers: list[str]) -> Exception:
    table = OffenderTable("has_usage (drafts): No usage.", ("customer",), [customers])
    return Refused("The close is refused.", [table])


def without_usage(company: Company) -> list[str]:
    return [customer_of(name, "a") for name, one in company.examples.items() if not one.lines]


def with_packages(company: Company) -> list[str]:
    return [
        customer_of(name, "a")
        for name, one in company.examples.items()
        if any(row["charge_model"] == "package" for row in charges_in(one))
    ]


def report_of(
    folder: Path, drawn: list[Example], billing: Callable[[Company, Path], Billed]
) -> str:
    with pytest.raises(AssertionError) as failure:
        check(folder, drawn, OCTOBER, billing=billing)
    return str(failure.value)


@pytest.mark.parametrize("refusal", [by_id, by_row, by_table])
def test_a_difference_is_not_left_for_a_refusal(
    tmp_path: Path, drawn: list[Example], refusal: Refusal
) -> None:
    def billing(company: Company, folder: Path) -> Billed:
        if without_usage(company):
            raise refusal(company, without_usage(company))
        return with_fault(company, folder)

    report = report_of(tmp_path, drawn, billing)
    assert "usage; give it some" not in report
    assert "invoice_lines" in report
    # Those that were not refused were judged: it became as small as without any refusal.
    assert report.count("prices/charges:") == 1
    assert report.count("jsonl") + report.count("csv") + report.count("parquet") <= 2


def test_a_refusal_is_not_left_for_another_one(tmp_path: Path, drawn: list[Example]) -> None:
    def billing(company: Company, _folder: Path) -> Billed:
        problems = [f"customer '{one}' has no usage" for one in without_usage(company)]
        problems += [f"customer '{one}' has packages" for one in with_packages(company)]
        if problems:
            raise BadInput("\n".join(problems))
        return billed_by_oracle(company)

    report = report_of(tmp_path, drawn, billing)
    found = report[report.index("the smallest example") :]
    assert "has packages" in found
    assert "has no usage" not in found
    assert found.count("prices/charges:") == 1
    assert "'package'" in found


def test_a_refusal_that_names_nobody_leaves_the_example_as_it_was(
    tmp_path: Path, drawn: list[Example]
) -> None:
    runs = []

    def billing(company: Company, folder: Path) -> Billed:
        runs.append(company)
        if len(runs) > 1:
            raise MeterhouseError("no space is left")
        return with_fault(company, folder)

    report = report_of(tmp_path, drawn, billing)
    assert "invoice_lines" in report
    assert "no space" not in report
    # All of them, one round, and the example that is reported.
    assert len(runs) == 3


def test_a_round_is_billed_a_few_times_at_most(tmp_path: Path, drawn: list[Example]) -> None:
    runs = []

    def billing(company: Company, folder: Path) -> Billed:
        runs.append(company)
        if len(runs) > 1:
            raise by_id(company, [customer_of(next(iter(company.examples)), "a")])
        return with_fault(company, folder)

    assert "invoice_lines" in report_of(tmp_path, drawn, billing)
    assert len(runs) == 1 + RUNS_PER_ROUND + 1

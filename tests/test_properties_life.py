"""Random companies whose subscriptions have a life: what is drawn of it, and the long runs that the product bills too.

Belongs here: counts with margins, and what must hold of every such bill. Does not belong here: how two sides are
compared (`company_check`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from tests.company_check import billed_by_oracle, check, compare, oracle_bill
from tests.oracle.bill import Bill
from tests.oracle.company_files import Company, write_company
from tests.oracle.draw import draw_examples
from tests.oracle.invoices import InvoiceKey, NoteKey
from tests.oracle.periods import ONE_DAY
from tests.oracle.progressive import INVOICE_TYPE as PROGRESSIVE
from tests.oracle.random_life import (
    LEAP_YEAR,
    NEW_YEAR_2026,
    SUMMER_TIME,
    WINTER_TIME,
)
from tests.oracle.random_rows import Example, Window
from tests.oracle.terms import Terms, terms_of

EXAMPLES = 60
SEED = 3


@dataclass(frozen=True)
class Lives:
    examples: list[Example]
    company: Company
    bill: Bill


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Lives:
    examples = draw_examples(NEW_YEAR_2026, count=EXAMPLES, seed_number=SEED, life=True)
    folder = tmp_path_factory.mktemp("lives")
    company = write_company(folder, examples, NEW_YEAR_2026, batch_count=2)
    return Lives(examples, company, oracle_bill(company))


def test_closes_are_daily_and_nothing_falls_due_before(drawn: Lives) -> None:
    """But for thresholds that are passed."""
    closed = {one.close_date for one in drawn.bill.invoices}
    passed = {one.close_date for one in drawn.bill.invoices if one.invoice_type == PROGRESSIVE}
    assert closed >= NEW_YEAR_2026.close_dates
    assert closed - NEW_YEAR_2026.close_dates <= passed
    assert len(passed) >= 5


def test_lines_are_of_every_kind(drawn: Lives) -> None:
    kinds = Counter(line.fee_type for one in drawn.bill.invoices for line in one.lines)
    least = {
        **dict.fromkeys(["subscription", "charge", "charge_in_advance"], 100),
        **dict.fromkeys(["fixed_charge", "fixed_charge_in_advance", "add_on"], 30),
        **dict.fromkeys(["charge_true_up", "commitment_true_up"], 10),
        "period_maximum": 3,
        "charge_maximum": 8,
    }
    assert {kind: kinds[kind] for kind in least if kinds[kind] < least[kind]} == {}
    negative = [
        line
        for one in drawn.bill.invoices
        for line in one.lines
        if line.fee_type in ("charge_maximum", "period_maximum")
    ]
    assert all(line.exact_amount < 0 for line in negative)


def test_subscriptions_end_in_every_way(drawn: Lives) -> None:
    subscriptions = drawn.bill.catalog.subscriptions
    kinds = Counter(one.end_kind for one in subscriptions)
    assert min(kinds[kind] for kind in ("upgrade", "downgrade", "terminated", None)) >= 30
    assert sum(one.is_last_day_shared for one in subscriptions) >= 20
    plans = [drawn.bill.catalog.plan_rows[one.plan_code][0] for one in subscriptions]
    assert min(Counter(one.interval for one in plans).values()) >= 20
    assert len({one.interval for one in plans}) == 5
    assert sum(one.trial_days > 0 for one in plans) >= 40
    assert min(Counter(one.billing_time for one in subscriptions).values()) >= 60


def test_notes_are_given_and_used(drawn: Lives) -> None:
    assert drawn.company.earlier_catalog is not None
    assert len(drawn.bill.credit_notes) >= 10
    assert sum(bool(one.note_uses) for one in drawn.bill.invoices) >= 5
    modes = {one.subscription_id: one.on_termination for one in drawn.bill.catalog.subscriptions}
    assert len({modes[note.subscription_id] for note in drawn.bill.credit_notes}) >= 2


def test_notes_never_give_back_more_than_was_billed(drawn: Lives) -> None:
    invoices = {one.key: one for one in drawn.bill.invoices}
    given: Counter[InvoiceKey] = Counter()
    for note in drawn.bill.credit_notes:
        given[note.invoice_key] += note.total_amount
        assert (
            min(note.credit_amount, note.refund_amount, note.offset_amount, note.returned_amount)
            >= 0
        )
    for key, amount in given.items():
        assert amount <= invoices[key].total_amount
    used: Counter[NoteKey] = Counter()
    for invoice in drawn.bill.invoices:
        assert invoice.total_amount < 0 or invoice.amount_due >= 0
        for use in invoice.note_uses:
            used[use.note_key] += use.amount
    for note in drawn.bill.credit_notes:
        left = note.credit_amount - used[note.key]
        assert left == drawn.bill.note_balances[note.key] >= 0


def test_base_fees_bill_no_day_twice(drawn: Lives) -> None:
    """A local day of an external id has one base fee at most, whatever was known when.

    Days after a subscription's last one, billed before its end was known, are what notes give back (or are skipped).
    """
    terms = {
        one.subscription_id: terms_of(drawn.bill.catalog, one)
        for one in drawn.bill.catalog.subscriptions
    }
    billed: Counter[tuple[str, date]] = Counter()
    given_back = 0
    for line in (line for one in drawn.bill.invoices for line in one.lines):
        if line.fee_type == "subscription":
            own = terms[line.subscription_id]
            assert line.first_day is not None
            assert line.end_day is not None
            for number in range((line.end_day - line.first_day).days):
                day = line.first_day + number * ONE_DAY
                if is_used(own, day):
                    billed[own.subscription.external_subscription_id, day] += 1
                else:
                    given_back += 1
    assert len(billed) > 1000
    assert set(billed.values()) == {1}
    assert given_back > 100


def is_used(terms: Terms, day: date) -> bool:
    """Whether a day is one of a subscription's, and no later subscription's."""
    if terms.last_day is None:
        return True
    is_shared = terms.subscription.is_last_day_shared
    return day < terms.last_day or (day == terms.last_day and not is_shared)


@pytest.mark.parametrize("batch_count", [1, 2])
def test_oracle_bills_permuted_files_alike(tmp_path: Path, drawn: Lives, batch_count: int) -> None:
    company = write_company(tmp_path, drawn.examples[:30], NEW_YEAR_2026, batch_count=batch_count)
    expected = billed_by_oracle(company)
    assert compare(company, expected, expected).is_equal
    assert ("fees" in expected.tables) == (batch_count == 2)


def test_two_equal_sides_pass(tmp_path: Path, drawn: Lives) -> None:
    check(
        tmp_path,
        drawn.examples[:20],
        NEW_YEAR_2026,
        batch_count=2,
        billing=lambda company, _folder: billed_by_oracle(company),
    )


def test_a_seed_draws_the_same_lives(drawn: Lives) -> None:
    again = draw_examples(NEW_YEAR_2026, count=8, seed_number=SEED, life=True)
    assert again == drawn.examples[:8]


# With the product: a close every day, at turns of years and of clocks; a third of the lives have thresholds.
DEEP = [(NEW_YEAR_2026, 3, 1), (LEAP_YEAR, 5, 1), (SUMMER_TIME, 6, 2), (WINTER_TIME, 7, 2)]


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("window", "seed_number", "batch_count"),
    DEEP,
    ids=lambda value: value.name if isinstance(value, Window) else str(value),
)
def test_lives_are_billed_as_the_oracle_bills_them(
    tmp_path: Path, window: Window, seed_number: int, batch_count: int
) -> None:
    examples = draw_examples(window, count=40, seed_number=seed_number, life=True)
    check(tmp_path, examples, window, batch_count=batch_count)

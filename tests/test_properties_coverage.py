"""What the random examples of `make test` cover: a strategy that stops drawing a case makes comparisons emptier.

Belongs here: counts with margins, by the oracle alone. Does not belong here: comparisons (`test_properties_billing`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from tests.company_check import oracle_bill
from tests.oracle.bill import Bill
from tests.oracle.company_files import write_company
from tests.oracle.coverage import features_of, matched, segmented_periods, shapes_in
from tests.oracle.draw import draw_examples
from tests.oracle.periods import local_date
from tests.oracle.random_rows import OCTOBER, Example
from tests.oracle.terms import terms_of
from tests.test_properties_billing import EXAMPLES, SEED


@dataclass(frozen=True)
class Drawn:
    examples: list[Example]
    bill: Bill
    features: Counter[str]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """The company that `make test` bills."""
    examples = draw_examples(OCTOBER, count=EXAMPLES, seed_number=SEED)
    bill = oracle_bill(write_company(tmp_path_factory.mktemp("drawn"), examples, OCTOBER))
    return Drawn(examples, bill, features_of(bill))


# Lines with an amount, over both copies of each example: at least so many of each.
FEATURES = {
    **dict.fromkeys(["arrears", "advance"], 200),
    **dict.fromkeys(["true-up", "group", "filter", "default beside filters"], 30),
    # Aggregations.
    **dict.fromkeys(["count", "sum", "sum recurring", "unique_count recurring"], 40),
    **dict.fromkeys(["max", "latest", "unique_count", "weighted_sum"], 16),
    **dict.fromkeys(["weighted_sum recurring", "custom", "custom recurring"], 8),
    **dict.fromkeys(["expression", "state in advance"], 10),
    **dict.fromkeys(["ceil negative", "floor negative", "round negative"], 6),
    **dict.fromkeys(["ceil other", "floor other", "round other"], 10),
    # Charge models.
    **dict.fromkeys(["arrears standard", "arrears graduated", "arrears package"], 15),
    **dict.fromkeys(["arrears percentage", "arrears graduated_percentage", "arrears custom"], 20),
    **dict.fromkeys(["arrears volume", "arrears dynamic"], 10),
    **dict.fromkeys(["advance standard", "advance graduated", "advance package"], 10),
    **dict.fromkeys(["advance percentage", "advance graduated_percentage", "advance dynamic"], 10),
    **dict.fromkeys(["arrears standard prorated", "arrears graduated prorated"], 10),
    **dict.fromkeys(["arrears volume prorated", "advance standard prorated"], 10),
    "advance graduated prorated": 10,
    # Prices.
    **dict.fromkeys(["fixed_amount", "free_units", "free_units_per_events"], 16),
    "free_units_per_total_aggregation": 16,
    **dict.fromkeys(["per_transaction_min_amount", "per_transaction_max_amount"], 16),
    **dict.fromkeys(["tiers graduated", "tiers graduated_percentage", "tiers volume"], 16),
    **dict.fromkeys(["minimum", "pricing unit", "filter and group"], 16),
    **dict.fromkeys([f"filter {model}" for model in ("standard", "graduated", "package")], 8),
    **dict.fromkeys([f"filter {model}" for model in ("volume", "percentage", "custom")], 8),
    # Rows in force.
    **dict.fromkeys(["override", "phase", "correction", "other metric"], 16),
    **dict.fromkeys(["huge", "negative"], 4),
    # Usage thresholds.
    **dict.fromkeys(["progressive_charge", "progressive_credit"], 8),
    "progressive_maximum": 4,
}


def test_lines_have_every_feature(drawn: Drawn) -> None:
    lacking = {
        name: (drawn.features[name], least)
        for name, least in FEATURES.items()
        if drawn.features[name] < least
    }
    assert lacking == {}


def test_prices_change_inside_periods(drawn: Drawn) -> None:
    assert segmented_periods(drawn.bill) >= 12


def test_progressive_lines_add_up_to_nothing_once_their_period_is_billed(drawn: Drawn) -> None:
    """By subscription: what they bill, less credits and notes, is what is outstanding of periods that are not due."""
    billed: Counter[str] = Counter()
    last = {one.subscription_id: one for one in drawn.bill.catalog.subscriptions}
    kinds: Counter[str] = Counter()
    for line in (line for one in drawn.bill.invoices for line in one.lines):
        if line.fee_type.startswith("progressive"):
            terms = terms_of(drawn.bill.catalog, last[line.subscription_id])
            day = local_date(line.service_period_start, terms.zone_name)
            period = next(one for one in terms.periods("usage") if day < one.end)
            is_due = terms.due_on(period, "usage") <= OCTOBER.through
            kinds["due" if is_due else "open"] += 1
            if is_due:
                billed[line.subscription_id] += line.amount
    given_back: Counter[str] = Counter()
    for note in drawn.bill.credit_notes:
        given_back[note.subscription_id] += note.subtotal_amount
    assert min(kinds.values()) > 10
    assert {name: amount for name, amount in billed.items() if amount != given_back[name]} == {}


def test_lines_have_every_shape_and_verdict(drawn: Drawn) -> None:
    shapes = shapes_in(drawn.examples)
    least = {
        **dict.fromkeys(["jsonl", "jsonl.gz", "csv", "parquet", "flat", "lago", "cloud"], 100),
        **dict.fromkeys(["short", "raw", "retracts", "amends", "cents"], 50),
        "without a timestamp": 50,
    }
    assert {name: shapes[name] for name in least if shapes[name] < least[name]} == {}
    verdicts = drawn.bill.line_verdicts
    assert min(verdicts[one] for one in ("duplicate", "conflict", "rejected")) > 100
    assert len(drawn.bill.rejection_reasons) >= 12


def test_events_have_every_verdict(drawn: Drawn) -> None:
    counts: Counter[str] = Counter()
    for (verdict, _code), number in drawn.bill.event_verdicts.items():
        counts[verdict] += number
    assert set(counts) == {
        "billed",
        "open",
        "not_charged",
        "before_start",
        "no_active_subscription",
        "unknown_metric",
        "ambiguous_subscription",
        "not_numeric",
        "too_precise",
        "out_of_range",
        "retracted",
    }
    assert min(counts.values()) >= 10
    assert counts["billed"] > 1000
    assert matched(drawn.bill) > 2000


def test_catalogs_have_every_interval_and_many_customers_pay_taxes_from_wallets(
    drawn: Drawn,
) -> None:
    bill = drawn.bill
    assert {plan.interval for plan in bill.catalog.plans} == {"weekly", "monthly", "yearly"}
    assert sum(1 for invoice in bill.invoices if invoice.draws) > 20
    assert sum(1 for invoice in bill.invoices if len(invoice.taxes) > 1) > 20
    assert sum(1 for one in drawn.examples if not one.is_permutable) < EXAMPLES / 2
    assert sum(1 for one in drawn.examples for line in one.lines if line.is_late) > 300

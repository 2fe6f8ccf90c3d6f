"""Random companies with wallets of units: what is drawn of them, and bills by both sides.

Belongs here: counts with margins, what holds of every such bill, and comparisons. Does not belong here: units worked
by hand (`test_unit_wallets`), running sums of draws (`test_properties_unit_wallets`), and periods computed again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path

import pytest

from tests.company_check import check, oracle_bill
from tests.oracle.bill import Bill
from tests.oracle.company_files import write_company
from tests.oracle.draw import draw_examples
from tests.oracle.random_rows import OCTOBER

EXAMPLES = 100
SEED = 1
EXAMPLES_DEEP = 300
SEEDS_DEEP = (2, 3)


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Bill:
    drawn = draw_examples(OCTOBER, count=EXAMPLES, seed_number=SEED, credits=True, units=True)
    return oracle_bill(write_company(tmp_path_factory.mktemp("units"), drawn, OCTOBER))


def features_of(bill: Bill) -> Counter[str]:
    """How many draws of units have each feature, over both copies of each example."""
    found: Counter[str] = Counter(lapsed=len(bill.units.lapses))
    charges = {(one.plan_code, one.charge_code): one for one in bill.catalog.charges}
    subscriptions = {one.subscription_id: one for one in bill.catalog.subscriptions}
    parts: defaultdict[object, int] = defaultdict(int)
    for one in bill.units.draws:
        subscription = subscriptions[one.key[0]]
        charge = charges[subscription.plan_code, one.key[1]]
        found.update([charge.charge_model, "draws"])
        found["of another's use"] += subscription.customer_id != one.customer_id
        found["by filter or group"] += bool(one.key[2] or one.key[3])
        found["to several lots"] += parts[one.key] > 0
        parts[one.key] += 1
    return found


# At least so many.
LEAST = {"draws": 20, "lapsed": 10, "of another's use": 2, "to several lots": 4}
LEAST_DEEP = dict.fromkeys(["standard", "graduated", "package", "volume", "by filter or group"], 2)


def lacking(bill: Bill, least: dict[str, int]) -> dict[str, int]:
    features = features_of(bill)
    return {name: features[name] for name in least if features[name] < least[name]}


def test_units_are_drawn_in_every_way(billed: Bill) -> None:
    assert lacking(billed, LEAST) == {}


def test_no_lot_pays_more_than_it_holds(billed: Bill) -> None:
    spent: defaultdict[str, Fraction] = defaultdict(Fraction)
    for one in billed.units.draws:
        spent[one.lot_id] += Fraction(one.units)
    for wallet in billed.catalog.unit_wallets:
        for lot in wallet.lots:
            assert spent[lot.lot_id] <= lot.amount


@pytest.mark.timeout(1800)
def test_bills_with_units_equal_the_oracles(tmp_path: Path) -> None:
    drawn = draw_examples(OCTOBER, count=EXAMPLES, seed_number=SEED, credits=True, units=True)
    # No plan has thresholds, on which usage would make closes of its own.
    check(tmp_path, [one for one in drawn if "prices/usage_thresholds" not in one.rows], OCTOBER)


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed_number", SEEDS_DEEP)
def test_bills_of_many_with_units_equal_the_oracles(tmp_path: Path, seed_number: int) -> None:
    drawn = draw_examples(
        OCTOBER, count=EXAMPLES_DEEP, seed_number=seed_number, credits=True, units=True
    )
    company = write_company(tmp_path / "oracle", drawn, OCTOBER)
    assert lacking(oracle_bill(company), LEAST | LEAST_DEEP) == {}
    check(tmp_path, drawn, OCTOBER)


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_bills_with_units_where_payers_change_equal_the_oracles(tmp_path: Path) -> None:
    drawn = draw_examples(
        OCTOBER, count=EXAMPLES_DEEP, seed_number=4, credits=True, units=True, payers=True
    )
    company = write_company(tmp_path / "oracle", drawn, OCTOBER)
    assert lacking(oracle_bill(company), {"draws": 16, "of another's use": 16}) == {}
    check(tmp_path, drawn, OCTOBER)


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_bills_with_lots_given_up_equal_the_oracles(tmp_path: Path) -> None:
    drawn = draw_examples(
        OCTOBER, count=EXAMPLES_DEEP, seed_number=5, credits=True, units=True, voids=True
    )
    bill = oracle_bill(write_company(tmp_path / "oracle", drawn, OCTOBER))
    for lapses in (bill.lapses, bill.units.lapses):
        assert Counter(one.is_voided for one in lapses)[True] >= 10
    check(tmp_path, drawn, OCTOBER)

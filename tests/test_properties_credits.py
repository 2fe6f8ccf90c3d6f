"""Random companies with coupons, taxes of lines and wallets: what is drawn of them, and what holds of every such bill.

Belongs here: counts with margins, sums, and bills by both sides. Does not belong here: how two sides are compared
(`company_check`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random

import duckdb
import pytest

from tests.company_check import (
    Billed,
    billed_by_oracle,
    billed_by_product,
    check,
    compare,
    oracle_bill,
)
from tests.oracle.bill import Bill
from tests.oracle.company_files import Company, write_company
from tests.oracle.draw import draw_examples
from tests.oracle.random_life import NEW_YEAR_2026
from tests.oracle.random_rows import OCTOBER, Example, Window

EXAMPLES = 40
SEED = 5
EXAMPLES_BILLED = 60
EXAMPLES_DEEP = 300
# Beside prices: plans asked for at one instant, coupons and lots of a day, wallets of one priority.
ORDER_DECIDES = ("subscriptions", "applied_coupons", "wallets", "wallet_lots")


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Bill:
    examples = draw_examples(
        NEW_YEAR_2026, count=EXAMPLES, seed_number=SEED, life=True, credits=True
    )
    folder = tmp_path_factory.mktemp("credits")
    return oracle_bill(write_company(folder, examples, NEW_YEAR_2026))


def test_coupons_of_every_kind_are_used(billed: Bill) -> None:
    applied = {one.applied_coupon_id: one for one in billed.catalog.applied_coupons}
    kinds: Counter[str] = Counter()
    for invoice in billed.invoices:
        kinds["stacked"] += len(invoice.coupon_uses) > 1
        for use in invoice.coupon_uses:
            coupon = applied[use.applied_coupon_id].coupon
            kinds[f"{coupon.coupon_type} {coupon.frequency}"] += 1
            kinds["plans"] += bool(coupon.plan_codes)
            kinds["metrics"] += bool(coupon.metric_codes)
            kinds["per invoice"] += coupon.is_per_invoice
    assert len(kinds) == 10
    assert min(kinds.values()) >= 2


def test_lines_are_taxed_on_every_level(billed: Bill) -> None:
    levels = Counter(level for level, _ in billed.catalog.assigned_taxes)
    assert len(levels) == 6
    mixed = [one for one in billed.invoices if len({tuple(own) for own in one.line_rates}) > 1]
    assert len(mixed) >= 10


def test_wallets_are_limited_and_expire(billed: Bill) -> None:
    lots = {lot.lot_id: (own, lot) for own in billed.catalog.wallets for lot in own.lots}
    used = Counter(draw.lot_id for one in billed.invoices for draw in one.draws)
    assert sum(bool(lots[name][0].fee_types or lots[name][0].metric_codes) for name in used) >= 10
    assert sum(lots[name][1].expires_on is not None for name in used) >= 10


def test_payers_pay_for_others_and_for_several(billed: Bill) -> None:
    users = billed.catalog.users
    fees = {one.one_off_fee_id: one.customer_id for one in billed.catalog.one_offs}
    kinds: Counter[str] = Counter()
    for invoice in billed.invoices:
        own = {
            fees[line.one_off_fee_id] if line.one_off_fee_id else users[line.subscription_id]
            for line in invoice.lines
        }
        is_for_others = own != {invoice.customer_id}
        kinds["for others"] += is_for_others
        kinds["for several"] += len(own) > 1
        kinds["with coupons"] += is_for_others and bool(invoice.coupon_uses)
        kinds["from lots"] += is_for_others and bool(invoice.draws)
        kinds["with tax"] += is_for_others and bool(invoice.taxes)
    assert len(kinds) == 5
    # Most examples have one subscription: several on one invoice are worked by hand, too (`test_payers`).
    assert kinds.pop("for several") >= 2
    assert min(kinds.values()) >= 8, kinds


def test_sums_hold(billed: Bill) -> None:
    """Shares make the credits, no coupon credits more than it has, and nothing below 0 is asked for or left."""
    used: dict[str, Fraction] = defaultdict(Fraction)
    for invoice in billed.invoices:
        assert sum(invoice.line_coupon_amounts, Decimal(0)) == invoice.coupon_amount
        for use in invoice.coupon_uses:
            assert sum(use.shares) == Fraction(use.amount) > 0
            used[use.applied_coupon_id] += Fraction(use.amount)
        if invoice.total_amount >= 0:
            assert invoice.amount_due >= 0
    for one in billed.catalog.applied_coupons:
        if one.coupon.is_fixed and one.coupon.frequency == "once":
            assert used[one.applied_coupon_id] + Fraction(one.used_amount) <= one.coupon.amount
    assert all(left >= 0 for left in billed.remaining_lot_amounts.values())


def test_oracle_bills_permuted_files_alike(tmp_path: Path) -> None:
    examples = draw_examples(
        NEW_YEAR_2026, count=EXAMPLES, seed_number=SEED, life=True, credits=True
    )
    company = write_company(tmp_path, examples[:15], NEW_YEAR_2026)
    expected = billed_by_oracle(company)
    assert {"coupon_amounts", "coupon_uses"} <= expected.tables.keys()
    assert compare(company, expected, expected).is_equal


@pytest.mark.timeout(3600)
def test_bills_with_credits_equal_the_oracles_whatever_the_order_of_rows(tmp_path: Path) -> None:
    drawn = draw_examples(OCTOBER, count=EXAMPLES_BILLED, seed_number=3, credits=True)
    check_shuffled(tmp_path, drawn, OCTOBER)


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_lives_with_credits_equal_the_oracles_whatever_the_order_of_rows(tmp_path: Path) -> None:
    drawn = draw_examples(NEW_YEAR_2026, count=EXAMPLES, seed_number=SEED, life=True, credits=True)
    check_shuffled(tmp_path, drawn, NEW_YEAR_2026)


def check_shuffled(tmp_path: Path, drawn: Sequence[Example], window: Window) -> None:
    """Bills equal the oracle's; with the rows of its files in another order they are the same."""
    built: list[tuple[Company, Path]] = []

    def billed(company: Company, folder: Path) -> Billed:
        built.append((company, folder))
        return billed_by_product(company, folder)

    check(tmp_path / "as_drawn", drawn, window, billing=billed)
    company, folder = built[-1]
    moves = Random(SEED)
    for catalog in {company.catalog, company.earlier_catalog} - {None}:
        for file in sorted(catalog.rglob("*.csv")):
            if file.parent.name == "prices" or file.stem in ORDER_DECIDES:
                continue
            header, *rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
            moves.shuffle(rows)
            file.write_text("".join([header, *rows]), encoding="utf-8")
    moved = tmp_path / "moved"
    moved.mkdir()
    billed_by_product(company, moved)
    as_drawn = published_in(folder)
    assert len(as_drawn["invoices"]) >= 30
    assert as_drawn == published_in(moved)


def published_in(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """All that finance has of a company, but for the versions of its catalog and what follows from them."""
    with duckdb.connect(str(folder / "published/finance.duckdb"), read_only=True) as con:
        names = con.execute("select table_name from duckdb_tables()").fetchall()
        return {
            name: con.execute(f"from {name} order by all").fetchall()
            for (name,) in names
            if name != "publications"
        }


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed_number", [7, 8])
def test_bills_of_many_with_credits_equal_the_oracles(tmp_path: Path, seed_number: int) -> None:
    drawn = draw_examples(OCTOBER, count=EXAMPLES_DEEP, seed_number=seed_number, credits=True)
    check(tmp_path, drawn, OCTOBER)

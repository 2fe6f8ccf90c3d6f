"""Random customers whose past changes between closes: what is issued in the end is what is owed.

Belongs here: drawing them, billing them close by close, and what such a history must cover. Does not belong here: what
is drawn (`oracle.random_histories`), what is owed (`oracle.full_knowledge`), how the two are compared
(`adjustments_check`).
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from tests.adjustments_check import close_all, differences, write_histories
from tests.company_check import query_of
from tests.oracle.comparison_fees import expected_fees, issued_fees
from tests.oracle.draw import draw_histories
from tests.oracle.random_histories import SUBSCRIPTIONS, History

EXAMPLES = 40
SEED = 1
EXAMPLES_DEEP = 200
SEEDS_DEEP = (2, 3, 4, 5)
# Some 70 closes instead of three.
EXAMPLES_ON_DUE_DATES = 12


def handlings(
    folder: Path, histories: list[History], *, is_on_each_due_date: bool = False
) -> Counter[str]:
    """How the adjustments of a company were handled, all of whose fees must be issued as owed."""
    company = write_histories(folder, histories)
    workspace, close_dates = close_all(company, is_on_each_due_date=is_on_each_due_date)
    owed = company.owed(close_dates)
    assert differences(workspace, owed) == []
    assert len(expected_fees(owed)["fees"]) >= 3 * len(histories)
    return issued_fees(query_of(workspace.published / "finance.duckdb"), owed).handlings


def test_what_is_issued_over_closes_is_what_is_owed(tmp_path: Path) -> None:
    found = handlings(tmp_path, draw_histories(count=EXAMPLES, seed_number=SEED))
    assert found.keys() == {"lines", "credit_note", "left_out", "none"}


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed_number", SEEDS_DEEP)
def test_what_is_issued_to_many_is_what_is_owed(tmp_path: Path, seed_number: int) -> None:
    found = handlings(tmp_path, draw_histories(count=EXAMPLES_DEEP, seed_number=seed_number))
    assert min(found[one] for one in ("lines", "credit_note", "left_out")) >= 50


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_what_is_issued_on_each_due_date_is_what_is_owed(tmp_path: Path) -> None:
    found = handlings(
        tmp_path,
        draw_histories(count=EXAMPLES_ON_DUE_DATES, seed_number=SEED),
        is_on_each_due_date=True,
    )
    assert found.keys() >= {"lines", "credit_note"}


# The histories themselves, without the product.


def test_histories_change_in_every_way() -> None:
    """A history in which nothing changes tests nothing."""
    found: Counter[str] = Counter()
    for history in draw_histories(count=EXAMPLES, seed_number=SEED):
        found["late usage"] += any(history.batches[1:])
        prices = {
            "late price" for one in history.catalogs if rows_of(one) != rows_of(history.catalogs[0])
        }
        found.update(prices | changes_of(history))
    least = {"late usage": 30, "late price": 15} | dict.fromkeys(
        ["late row", "late end", "withdrawn end", "earlier start"], 2
    )
    assert {one: found[one] for one in least if found[one] < least[one]} == {}


def rows_of(catalog: dict[str, list[dict[str, str]]]) -> int:
    """How many price rows a catalog has."""
    return sum(len(own) for table, own in catalog.items() if table.startswith("prices/"))


def changes_of(history: History) -> set[str]:
    """In which ways the subscriptions of a history change from one close to the next."""
    known = [
        {one["subscription_id"]: one for one in own[SUBSCRIPTIONS]} for own in history.catalogs
    ]
    found: set[str] = set()
    for before, after in pairwise(known):
        for subscription, row in after.items():
            if subscription not in before:
                found.add("late row")
                continue
            old = before[subscription]
            starts = ("started_at", "billing_starts_at")
            if any(row.get(name) != old.get(name) for name in starts):
                found.add("earlier start")
            if row["ended_at"] != old["ended_at"]:
                found.add("late end" if row["ended_at"] else "withdrawn end")
    return found

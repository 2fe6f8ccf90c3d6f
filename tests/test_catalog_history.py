"""A row that a registered period was billed by stays as it is; its correction is a row of its own.

The price book is loaded and October 2025 registered for both subscriptions, as a close would. Each case changes the
files and reads why they are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.catalog import load_catalog
from orchestration.control import latest_catalog_version
from orchestration.errors import BadInput
from orchestration.migrate import init
from orchestration.workspace import Workspace
from tests.price_book import (  # noqa: F401  a fixture
    Book,
    C,
    F,
    M,
    P,
    T,
    V,
    charge,
    copied_book,
    detail,
    errors_of,
    metric,
    price_book,
    write_book,
)

MEND = "put it back, and add a row with the same validity and a later recorded_at"
CHARGE_MEND = "put it back, and add a charge row with the same validity and a later recorded_at"
SINCE = "when days through 2025-10-31 were billed"

Change = Callable[[Book], object]


def billed(folder: Path, rows: Book, families: tuple[str, ...] = ("base", "usage")) -> Workspace:
    """The book, loaded, with October registered for both subscriptions."""
    ws = write_book(folder, rows)
    init(ws)
    load_catalog(ws)
    publish(ws, families)
    return ws


def publish(ws: Workspace, families: tuple[str, ...], until: date = date(2025, 11, 1)) -> None:
    with duckdb.connect(str(ws.warehouse_file)) as con:
        (count,) = con.execute("select count(*) from issued.publications").fetchone() or (0,)
        con.execute(
            "insert into issued.publications (publication_sequence, close_sequence, catalog_version) values (?, ?, ?)",
            [count + 1, count + 1, latest_catalog_version(con)],
        )
        for subscription in ("sub_1", "sub_2"):
            for family in families:
                con.execute(
                    "insert into issued.billed_periods (publication_sequence, subscription_id, fee_family,"
                    " period_start_date, period_end_date) values (?, ?, ?, ?, ?)",
                    [count + 1, subscription, family, date(2025, 10, 1), until],
                )


def refusal(folder: Path, rows: Book) -> str:
    ws = write_book(folder, rows)
    with pytest.raises(BadInput) as error:
        load_catalog(ws)
    told = errors_of(ws)
    assert str(error.value).splitlines()[-len(told) :] == told
    return str(error.value)


S = "accounts/subscriptions"
SUBSCRIPTION_MEND = "put it back, end this subscription, and begin another one"

CASES: dict[str, tuple[Change, str]] = {
    "subscription gone": (
        lambda b: b[S].pop(1),
        "accounts/subscriptions.csv: subscription 'sub_2' is gone, but days through 2025-10-31 were billed for it; put "
        "it back; if nothing was to be billed, give it a billing_starts_at after the last day that was",
    ),
    "calendar of a subscription": (
        lambda b: b[S][0].update(billing_time="anniversary"),
        "accounts/subscriptions.csv row 2: billing_time of subscription 'sub_1' was calendar when days through "
        f"2025-10-31 were billed, and is anniversary now; {SUBSCRIPTION_MEND}",
    ),
    "external id of a subscription": (
        lambda b: b[S].append(b[S][1] | {"external_subscription_id": "ext_3", "recorded_at": "2025-11-01T00:00:00Z"}),
        "accounts/subscriptions.csv row 4: external_subscription_id of subscription 'sub_2' was ext_2 when days "
        f"through 2025-10-31 were billed, and is ext_3 now; {SUBSCRIPTION_MEND}",
    ),
    "price of a plan": (
        lambda b: b[P][0].update(amount="89"),
        f"prices/plans.csv row 2: amount of plan 'pro' was 99 {SINCE} by this row, and is 89 now; {MEND}",
    ),
    "price of an override": (
        lambda b: b[P][1].update(amount="69"),
        f"prices/plans.csv row 3: amount of plan 'pro' was 79 {SINCE} by this row, and is 69 now; {MEND}",
    ),
    "plan row gone": (
        lambda b: b[P].pop(1),
        "prices/plans.csv: the row of plan 'pro' with plan_code pro, subscription_id sub_1, valid_from 2025-01-01, "
        f"recorded_at 2025-01-01T00:00:00Z is gone, but days through 2025-10-31 were billed by it; {MEND}",
    ),
    "price of a charge": (
        lambda b: b[C][0].update(unit_amount="0.02"),
        "prices/charges.csv row 2: unit_amount of charge 'calls' of plan 'pro' was 0.01 "
        f"{SINCE} by this row, and is 0.02 now; {MEND}",
    ),
    "option of a charge": (
        lambda b: b[C][9].update(is_prorated="false"),
        "prices/charges.csv row 11: is_prorated of charge 'stock' of plan 'pro' was true "
        f"{SINCE} by this row, and is false now; {MEND}",
    ),
    "column filled in": (
        lambda b: b[C][9].update(minimum_amount="7.5"),
        "prices/charges.csv row 11: minimum_amount of charge 'stock' of plan 'pro' was empty "
        f"{SINCE} by this row, and is 7.5 now; {MEND}",
    ),
    "end inside what is billed": (
        lambda b: b[C][0].update(valid_to="2025-10-31"),
        "prices/charges.csv row 2: valid_to of charge 'calls' of plan 'pro' was empty "
        f"{SINCE} by this row, and is 2025-10-31 now; {MEND}",
    ),
    "beginning moved": (
        lambda b: b[C][0].update(valid_from="2025-02-01"),
        "prices/charges.csv: the row of charge 'calls' of plan 'pro' with plan_code pro, charge_code calls, "
        "valid_from 2025-01-01, recorded_at 2025-01-01T00:00:00Z is gone, but days through 2025-10-31 were billed by "
        f"it; {MEND}",
    ),
    "price of a tier": (
        lambda b: b[T][0].update(unit_amount="0.003"),
        "prices/charge_tiers.csv row 2: unit_amount of tier 1 of charge 'tokens' of plan 'pro' was 0.002 "
        f"{SINCE} by row 3 of prices/charges.csv, and is 0.003 now; {CHARGE_MEND}",
    ),
    "bound of a filter's tier": (
        lambda b: b[T][7].update(up_to="11"),
        "prices/charge_tiers.csv row 9: up_to of tier 1 of filter 'eu' of charge 'bulk' of plan 'pro' was 10.5 "
        f"{SINCE} by row 15 of prices/charges.csv, and is 11 now; {CHARGE_MEND}",
    ),
    "tier added": (
        lambda b: b[T].insert(1, detail("tokens", up_to="5000", unit_amount="0.0015")),
        f"prices/charge_tiers.csv row 2: charge 'tokens' of plan 'pro' had 2 tiers {SINCE} by row 3 of "
        "prices/charges.csv, and has 3 now; put them back, and add a charge row with the same validity and a later "
        "recorded_at",
    ),
    "price of a filter": (
        lambda b: b[F][0].update(unit_amount="2.5"),
        "prices/charge_filters.csv row 2: unit_amount of filter 'large' of charge 'models' of plan 'pro' was 2 "
        f"{SINCE} by row 14 of prices/charges.csv, and is 2.5 now; {CHARGE_MEND}",
    ),
    "filter added": (
        lambda b: (
            b[F].append(detail("models", filter_code="us", display_name="US", unit_amount="1")),
            b[V].append(detail("models", filter_code="us", property_name="region", property_value="us")),
        ),
        "prices/charge_filters.csv row 5: filter 'us' of charge 'models' of plan 'pro' was not there "
        f"{SINCE} by row 14 of prices/charges.csv; take it out, and add a charge row with the same validity and a "
        "later recorded_at that has it",
    ),
    "filter gone": (
        lambda b: (b[F].pop(1), b[V].pop(3), b[V].pop(2)),
        f"prices/charge_filters.csv: filter 'large_eu' of charge 'models' of plan 'pro' is gone, but was there {SINCE} "
        f"by row 14 of prices/charges.csv; {CHARGE_MEND}",
    ),
    "filters in another order": (
        lambda b: b[F].reverse(),
        "prices/charge_filters.csv row 3: the filters of charge 'models' of plan 'pro' stood in another order "
        f"{SINCE} by row 14 of prices/charges.csv; {CHARGE_MEND}",
    ),
    "value of a filter": (
        lambda b: b[V].pop(1),
        "prices/charge_filter_values.csv: the values of filter 'large' of charge 'models' of plan 'pro' were others "
        f"{SINCE} by row 14 of prices/charges.csv; put them back, and add a charge row with the same validity and a "
        "later recorded_at",
    ),
    "field of a metric": (
        lambda b: b[M][1].update(field_name="words"),
        "prices/billable_metrics.csv row 3: field_name of metric 'tokens' was tokens "
        f"{SINCE} by it, and is words now; put it back, and define the new one under a code of its own",
    ),
    "expression of a metric": (
        lambda b: b[M][4].update(expression="prompt + 5 * completion"),
        "prices/billable_metrics.csv row 6: expression of metric 'weighted' was prompt + 4 * completion "
        f"{SINCE} by it, and is prompt + 5 * completion now; put it back, and define the new one under a code of its "
        "own",
    ),
}  # fmt: skip


@pytest.fixture(name="billed_book", scope="module")
def billed_book_company(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The book as it is, billed. Nothing may be loaded into it."""
    return billed(tmp_path_factory.mktemp("history"), copied_book())


@pytest.mark.parametrize("case", CASES)
def test_what_billed_cannot_be_changed(
    tmp_path: Path, book: Book, billed_book: Workspace, case: str
) -> None:
    change, message = CASES[case]
    change(book)
    ws = replace(write_book(tmp_path, book), warehouse=billed_book.warehouse)
    assert errors_of(ws) == message.splitlines()


def test_what_is_refused_is_told_by_the_load_too(tmp_path: Path, book: Book) -> None:
    change, message = CASES["price of a plan"]
    billed(tmp_path, book)
    change(book)
    assert refusal(tmp_path, book) == message


ALLOWED: dict[str, Change] = {
    "another order of rows": lambda b: b[C].reverse(),
    "a correction": lambda b: b[C].append(
        charge("calls", "calls", "standard", unit_amount="0.02", recorded_at="2025-11-05T00:00:00Z")
    ),
    "an end after what is billed": lambda b: (
        b[C][0].update(valid_to="2025-11-01"),
        b[C].append(charge("calls", "calls", "standard", unit_amount="1", valid_from="2025-11-01")),
    ),
    "the name of a metric": lambda b: b[M][1].update(metric_name="Words", unit_name="word"),
    "a digit more of the same price": lambda b: b[C][0].update(unit_amount="0.0100"),
    "a new metric and its charge": lambda b: (
        b[M].append(metric("words", "sum", field_name="words")),
        b[C].append(charge("words", "words", "standard", unit_amount="1")),
    ),
    "a filter of a new row": lambda b: (
        b[C].append(b[C][12] | {"recorded_at": "2025-11-05T00:00:00Z"}),
        b[F].append(b[F][0] | {"recorded_at": "2025-11-05T00:00:00Z", "unit_amount": "9"}),
        b[V].append(b[V][0] | {"recorded_at": "2025-11-05T00:00:00Z"}),
    ),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_what_changes_no_billed_day_may_be_loaded(
    tmp_path: Path, book: Book, billed_book: Workspace, case: str
) -> None:
    ALLOWED[case](book)
    ws = replace(write_book(tmp_path, book), warehouse=billed_book.warehouse)
    assert errors_of(ws) == []


def test_before_anything_is_published_every_row_may_change(tmp_path: Path, book: Book) -> None:
    ws = write_book(tmp_path, book)
    init(ws)
    load_catalog(ws)
    book[C][0] |= {"unit_amount": "7"}
    assert load_catalog(write_book(tmp_path, book)).is_new


def test_charges_stay_free_until_usage_is_registered(tmp_path: Path, book: Book) -> None:
    billed(tmp_path, book, families=("base",))
    book[C][0] |= {"unit_amount": "7"}
    book[M][1] |= {"field_name": "words"}
    assert load_catalog(write_book(tmp_path, book)).is_new
    book[P][0] |= {"amount": "1"}
    assert "row 2: amount of plan 'pro' was 99" in refusal(tmp_path, book)


def test_a_row_of_later_days_or_months_may_change(tmp_path: Path, book: Book) -> None:
    book[C][0] |= {"valid_to": "2025-11-01"}
    book[C].append(charge("calls", "calls", "standard", unit_amount="1", valid_from="2025-11-01"))
    for first, last in (("1", "1"), ("2", "")):
        months = {"first_month": first, "last_month": last}
        book[C].append(charge("ramp", "calls", "standard", unit_amount="1", **months))
    ws = billed(tmp_path, book)
    book[C][14] |= {"unit_amount": "2"}
    book[C][16] |= {"unit_amount": "2"}
    assert load_catalog(write_book(tmp_path, book)).is_new
    book[C][15] |= {"unit_amount": "2"}
    assert "row 17: unit_amount of charge 'ramp'" in refusal(tmp_path, book)
    book[C][15] |= {"unit_amount": "1"}
    load_catalog(write_book(tmp_path, book))
    publish(ws, ("usage",), until=date(2025, 12, 1))
    for index, row in ((14, 16), (16, 18)):
        book[C][index] |= {"unit_amount": "3"}
        assert f"row {row}: unit_amount of charge" in refusal(tmp_path, book)
        book[C][index] |= {"unit_amount": "2"}


def test_a_start_and_an_end_may_be_corrected(tmp_path: Path, book: Book) -> None:
    billed(tmp_path, book)
    book[S][0] |= {"started_at": "2025-09-20T00:00:00Z", "billing_time": "calendar"}
    book[S][1] |= {"ended_at": "2025-10-20T00:00:00Z", "recorded_at": "2025-11-01T00:00:00Z"}
    assert load_catalog(write_book(tmp_path, book)).is_new


def test_an_override_is_bound_by_its_own_subscription(tmp_path: Path, book: Book) -> None:
    billed(tmp_path, book)
    started = {"started_at": "2025-12-01T00:00:00Z", "recorded_at": "2025-12-01T00:00:00Z"}
    named = {"subscription_id": "sub_3", "external_subscription_id": "ext_3"}
    book["accounts/subscriptions"].append(book["accounts/subscriptions"][0] | named | started)
    book[P].append(book[P][1] | {"subscription_id": "sub_3"})
    assert load_catalog(write_book(tmp_path, book)).is_new
    book[P][2] |= {"amount": "1"}
    assert load_catalog(write_book(tmp_path, book)).is_new


def test_going_back_to_a_version_takes_no_correction_away(tmp_path: Path, book: Book) -> None:
    ws = billed(tmp_path, book)
    later = charge(
        "calls", "calls", "standard", unit_amount="9", recorded_at="2025-11-05T00:00:00Z"
    )
    book[C].append(later)
    second = load_catalog(write_book(tmp_path, book))
    book[C].pop()
    first = load_catalog(write_book(tmp_path, book))
    assert (first.version_number, first.is_new) == (1, False)
    book[C].append(later)
    assert load_catalog(write_book(tmp_path, book)).catalog_version == second.catalog_version
    publish(ws, ("usage",), until=date(2025, 12, 1))
    book[C].pop()
    assert "recorded_at 2025-11-05T00:00:00Z is gone" in refusal(tmp_path, book)


def test_a_version_from_before_a_column_has_its_default(tmp_path: Path, book: Book) -> None:
    ws = billed(tmp_path, book)
    with duckdb.connect(str(ws.warehouse_file)) as con:
        con.execute(
            "update catalog.charges set is_pay_in_advance = null where charge_code <> 'fees'"
        )
        con.execute(
            "update catalog.billable_metrics set rounding_precision = null where metric_code <> 'peak'"
        )
        con.execute("alter table catalog.charge_tiers drop column rate")
        con.execute("drop table catalog.metric_terms")
    init(ws)
    book[T][2] |= {"rate": "2"}
    book["accounts/customers"][0] |= {"customer_name": "Atlas Inc."}
    assert refusal(tmp_path, book).count("rate of tier") == 2

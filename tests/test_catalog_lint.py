"""`meterhouse catalog check`: what can be loaded but is hardly meant, how grave it is, and how it is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.catalog import check_catalog, load_catalog
from orchestration.errors import BadInput
from orchestration.look import catalog as look
from orchestration.migrate import init
from orchestration.workspace import REPO, Workspace
from tests.price_book import (  # noqa: F401  a fixture
    Book,
    C,
    F,
    M,
    P,
    T,
    V,
    charge,
    detail,
    errors_of,
    metric,
    price_book,
    write_book,
)

SUBSCRIPTIONS = "accounts/subscriptions"

Change = Callable[[Book], object]


def found(folder: Path, rows: Book) -> list[tuple[str, str, str]]:
    return [
        (finding.severity, finding.subject, finding.text)
        for finding in check_catalog(write_book(folder, rows))
    ]


def ramp(first: str, last: str, **columns: str) -> dict[str, str]:
    return charge(
        "ramp", "calls", "standard", unit_amount="1", first_month=first, last_month=last, **columns
    )


def value(code: str, name: str, text: str) -> dict[str, str]:
    return detail("models", filter_code=code, property_name=name, property_value=text)


def add_filter(rows: Book, code: str, *values: tuple[str, str]) -> None:
    rows[F].append(detail("models", filter_code=code, display_name=code, unit_amount="1"))
    rows[V].extend(value(code, name, text) for name, text in values)


# How the good book is changed, and the one finding. `{C}` and such stand for the files.
CASES: dict[str, tuple[Change, tuple[str, str, str]]] = {
    "a day between two charge rows": (
        lambda b: (
            b[C][0].update(valid_to="2025-06-30"),
            b[C].append(charge("calls", "calls", "standard", unit_amount="1", valid_from="2025-07-01")),
        ),
        ("error", "validity",
         "{C} row 16: charge 'calls' of plan 'pro' has no row in force from 2025-06-30 to 2025-06-30; let row 2 hold "
         "until then (valid_to 2025-07-01), or add a row for these days"),
    ),
    "months between two plan rows": (
        lambda b: (
            b[P][0].update(valid_to="2025-11-01"),
            b[P].append(b[P][0] | {"valid_from": "2026-01-01", "valid_to": ""}),
        ),
        ("error", "validity",
         "{P} row 4: plan 'pro' has no row in force from 2025-11-01 to 2025-12-31; let row 2 hold until then (valid_to "
         "2026-01-01), or add a row for these days"),
    ),
    "a gap between tax rates": (
        lambda b: b.update({"tax/taxes": [
            b["tax/taxes"][0] | {"valid_to": "2025-06-01"}, b["tax/taxes"][0] | {"valid_from": "2025-06-02"},
        ]}),
        ("error", "validity",
         "tax/taxes.csv row 3: tax 'ny' has no row in force from 2025-06-01 to 2025-06-01; let row 2 hold until then "
         "(valid_to 2025-06-02), or add a row for these days"),
    ),
    "a month between two phases": (
        lambda b: b[C].extend([ramp("1", "3"), ramp("5", "")]),
        ("error", "validity",
         "{C} row 17: charge 'ramp' of plan 'pro' has no row in force in month 4 of a subscription; join the months, "
         "or add a row for them"),
    ),
    "months between three phases": (
        lambda b: b[C].extend([ramp("7", ""), ramp("1", "2"), ramp("3", "3")]),
        ("error", "validity",
         "{C} row 16: charge 'ramp' of plan 'pro' has no row in force in months 4 to 6 of a subscription; join the "
         "months, or add a row for them"),
    ),
    "a gap in the only rows of a subscription": (
        lambda b: b[C].extend([
            ramp("", "", subscription_id="sub_1", valid_to="2025-06-01"),
            ramp("", "", subscription_id="sub_1", valid_from="2025-07-01"),
        ]),
        ("error", "validity",
         "{C} row 17: charge 'ramp' of plan 'pro' for subscription 'sub_1' has no row in force from 2025-06-01 to "
         "2025-06-30; let row 16 hold until then (valid_to 2025-07-01), or add a row for these days"),
    ),
    "a filter without values": (
        lambda b: add_filter(b, "empty"),
        ("error", "filters",
         "{F} row 5: filter 'empty' never matches: it has no values; add them to {V}, or remove it"),
    ),
    "two filters of the same values": (
        lambda b: add_filter(b, "again", ("model", "xl"), ("model", "l")),
        ("error", "filters",
         "{F} row 5: filter 'again' never matches: each event of its values goes to 'large' (row 2) first; remove it, "
         "change its values, or move it up"),
    ),
    "a filter inside another": (
        lambda b: add_filter(b, "part", ("model", "xl")),
        ("error", "filters",
         "{F} row 5: filter 'part' never matches: each event of its values goes to 'large' (row 2) first; remove it, "
         "change its values, or move it up"),
    ),
    "a filter behind two that share its values": (
        lambda b: (
            add_filter(b, "small", ("model", "s")),
            add_filter(b, "medium", ("model", "m")),
            add_filter(b, "rest", ("model", "m"), ("model", "s"), ("model", "xl")),
        ),
        ("error", "filters",
         "{F} row 7: filter 'rest' never matches: each event of its values goes to 'large' (row 2) or 'small' (row 5) "
         "or 'medium' (row 6) first; remove it, change its values, or move it up"),
    ),
    "a wallet of who pays for nothing": (
        lambda b: (
            b["accounts/customers"].append(b["accounts/customers"][0] | {"customer_id": "group"}),
            b["tax/customer_taxes"].append(b["tax/customer_taxes"][0] | {"customer_id": "group"}),
            b["accounts/customers"][0].update(payer_customer_id="group"),
            b.update({"credits/wallets": [
                {"wallet_id": f"w_{owner}", "customer_id": owner, "wallet_name": "w", "currency": "USD"}
                | {"priority": "1", "scope_fee_types": ""}
                for owner in (b[SUBSCRIPTIONS][0]["customer_id"], "group")
            ]}),
        ),
        ("warning", "wallets",
         "credits/wallets.csv row 2: wallet 'w_atlas' pays nothing: 'group' is invoiced for what its customer 'atlas' "
         "uses; give it to 'group', or leave it if 'atlas' will pay again"),
    ),
    "a metric without a charge": (
        lambda b: b[M].append(metric("watched", "count")),
        ("warning", "metrics",
         "{M} row 11: no charge prices metric 'watched', its usage is free; add a charge to {C}, or leave it if it is "
         "only watched"),
    ),
    "a volume tier between two counts": (
        lambda b: (
            b[C].append(charge("v", "calls", "volume")),
            b[T].extend([
                detail("v", up_to="10", unit_amount="3"), detail("v", up_to="10.5", unit_amount="2"),
                detail("v", unit_amount="1"),
            ]),
        ),
        ("warning", "tiers",
         "{T} row 12: no quantity of metric 'calls' lies above 10 and up to 10.5, it comes in steps of 1; remove the "
         "tier"),
    ),
    "a volume tier below the rounding": (
        lambda b: (
            b[C].append(charge("v", "peak", "volume")),
            b[T].extend([detail("v", up_to="9", unit_amount="3"), detail("v", unit_amount="1")]),
        ),
        ("warning", "tiers",
         "{T} row 11: no quantity of metric 'peak' lies above 0 and up to 9, it comes in steps of 10; remove the tier"),
    ),
    "a correction that ends first": (
        lambda b: b[C].append(charge(
            "calls", "calls", "standard", unit_amount="1", valid_to="2026-01-01", recorded_at="2025-02-01T00:00:00Z"
        )),
        ("warning", "validity",
         "{C} row 16: it corrects row 2 until 2025-12-31 only, then row 2 holds again; give both the same valid_to, or "
         "add a row for what follows"),
    ),
    "a plan that ends before its subscriptions": (
        lambda b: b.update({P: [b[P][0] | {"valid_to": "2025-12-01"}]}),
        ("warning", "validity",
         "{P} row 2: plan 'pro' has no row in force from 2025-12-01 on, but subscription 'sub_1' goes on; add the row "
         "that follows, or end the subscription"),
    ),
    "a plan that begins after its subscriptions": (
        lambda b: b.update({P: [b[P][0] | {"valid_from": "2025-10-03"}]}),
        ("warning", "validity",
         "{P} row 2: plan 'pro' has no row in force before 2025-10-03, but subscription 'sub_1' is billed from "
         "2025-10-01; let the row begin earlier, or correct billing_starts_at"),
    ),
    "a currency in which nobody is taxed": (
        lambda b: b.pop("tax/customer_taxes"),
        ("warning", "taxes",
         "{P} row 2: no customer billed in USD has a tax; add them to tax/customer_taxes.csv, or leave it if none is "
         "due"),
    ),
}  # fmt: skip


def test_the_book_and_the_demo_have_nothing_to_say(tmp_path: Path, book: Book) -> None:
    assert found(tmp_path, book) == []
    assert check_catalog(Workspace.resolve(catalog=REPO / "seeds", warehouse=tmp_path)) == []


@pytest.mark.parametrize("case", CASES)
def test_what_is_hardly_meant_is_said(tmp_path: Path, book: Book, case: str) -> None:
    change, (severity, subject, text) = CASES[case]
    change(book)
    files = {
        name: f"{file}.csv"
        for name, file in (("M", M), ("C", C), ("F", F), ("V", V), ("T", T), ("P", P))
    }
    assert found(tmp_path, book) == [(severity, subject, text.format(**files))]


QUIET: dict[str, Change] = {
    "a row of some days over one that stays": lambda b: b[C].append(
        charge(
            "calls", "calls", "standard", unit_amount="0", valid_from="2025-12-01", valid_to="2026-01-01",
            recorded_at="2025-11-01T00:00:00Z",
        )
    ),
    "a correction in two parts": lambda b: b[C].extend(
        charge("calls", "calls", "standard", unit_amount="1", recorded_at="2025-02-01T00:00:00Z", **days)
        for days in ({"valid_to": "2026-01-01"}, {"valid_from": "2026-01-01"})
    ),
    "a gap of an override": lambda b: b[C].extend(
        charge("calls", "calls", "standard", unit_amount="1", subscription_id="sub_1", **days)
        for days in ({"valid_to": "2025-06-01"}, {"valid_from": "2025-07-01"})
    ),
    "a charge that begins with a later month": lambda b: b[C].append(ramp("4", "")),
    "phases beside a row for all months": lambda b: b[C].extend([ramp("", ""), ramp("2", "2"), ramp("5", "6")]),
    "a filter of more properties": lambda b: add_filter(b, "us", ("model", "l"), ("region", "us")),
    "a filter of other properties": lambda b: add_filter(b, "us", ("region", "us")),
    "a filter with one value more": lambda b: add_filter(b, "most", *(("model", m) for m in ("l", "xl", "s"))),
    "a filter that others leave a corner of": lambda b: (
        add_filter(b, "one", ("a", "1"), ("b", "1"), ("b", "2")),
        add_filter(b, "two", ("a", "2"), ("b", "1")),
        add_filter(b, "all", ("a", "1"), ("a", "2"), ("b", "1"), ("b", "2")),
    ),
    "a graduated tier between two counts": lambda b: (
        b[C].append(charge("g", "calls", "graduated")),
        b[T].extend([detail("g", up_to="10.5", unit_amount="2"), detail("g", unit_amount="1")]),
    ),
    "a subscription that ends with its plan": lambda b: (
        b.update({P: [b[P][0] | {"valid_to": "2025-12-01"}]}),
        [row.update(ended_at="2025-12-01T00:00:00Z") for row in b[SUBSCRIPTIONS]],
    ),
    "a currency without a subscription": lambda b: b[P].append(
        b[P][0] | {"plan_code": "yen", "currency": "JPY", "amount": "1000"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", QUIET)
def test_what_may_be_meant_is_not_said(tmp_path: Path, book: Book, case: str) -> None:
    QUIET[case](book)
    assert found(tmp_path, book) == []


def test_filters_that_together_cover_a_corner_each_hide_the_whole(
    tmp_path: Path, book: Book
) -> None:
    add_filter(book, "one", ("a", "1"), ("b", "1"), ("b", "2"))
    add_filter(book, "two", ("a", "2"), ("b", "1"))
    add_filter(book, "three", ("a", "2"), ("a", "3"), ("b", "2"))
    add_filter(book, "all", ("a", "1"), ("a", "2"), ("b", "1"), ("b", "2"))
    (finding,) = found(tmp_path, book)
    assert (
        "filter 'all' never matches: each event of its values goes to 'one' (row 5) or 'two'"
        in finding[2]
    )


def test_a_plan_row_that_begins_within_a_day_serves_every_zone(tmp_path: Path, book: Book) -> None:
    book[P] = [book[P][0] | {"valid_from": "2025-10-02"}]
    assert found(tmp_path, book) == []


def test_an_error_blocks_the_load_and_a_warning_does_not(tmp_path: Path, book: Book) -> None:
    book[M].append(metric("watched", "count"))
    ws = write_book(tmp_path, book)
    init(ws)
    assert errors_of(ws) == []
    version = load_catalog(ws)
    assert version.is_new
    assert [warning.partition(";")[0] for warning in version.warnings] == [
        "prices/billable_metrics.csv row 11: no charge prices metric 'watched', its usage is free"
    ]
    add_filter(book, "empty")
    ws = write_book(tmp_path, book)
    with pytest.raises(BadInput, match="filter 'empty' never matches: it has no values"):
        load_catalog(ws)
    assert len(errors_of(ws)) == 1


GOLDEN = """\
         about     where, what, and the mend
error    validity  prices/charges.csv row 16: charge 'calls' of plan 'pro' has no row in force from 2025-06-30 to 2025-06-30; let row 2 hold until then
                   (valid_to 2025-07-01), or add a row for these days
error    filters   prices/charge_filters.csv row 5: filter 'empty' never matches: it has no values; add them to prices/charge_filter_values.csv, or remove it
warning  metrics   prices/billable_metrics.csv row 11: no charge prices metric 'watched', its usage is free; add a charge to prices/charges.csv, or leave it if
                   it is only watched
{folder}: 2 errors, 1 warning; it cannot be loaded.
"""  # noqa: E501


def three_findings(rows: Book) -> None:
    rows[M].append(metric("watched", "count"))
    add_filter(rows, "empty")
    rows[C][0].update(valid_to="2025-06-30")
    rows[C].append(charge("calls", "calls", "standard", unit_amount="1", valid_from="2025-07-01"))


def test_findings_as_a_table(
    tmp_path: Path, book: Book, capsys: pytest.CaptureFixture[str]
) -> None:
    three_findings(book)
    ws = write_book(tmp_path, book)
    assert look.show(ws) == 2
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == GOLDEN.format(folder=ws.catalog).splitlines()


def test_findings_as_json(tmp_path: Path, book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    three_findings(book)
    assert look.show(write_book(tmp_path, book), as_json=True) == 2
    answer = json.loads(capsys.readouterr().out)
    assert {name: answer[name] for name in answer if name not in ("findings", "catalog")} == {
        "can_be_loaded": False,
        "error_count": 2,
        "warning_count": 1,
    }
    assert answer["findings"][2] == {
        "severity": "warning",
        "subject": "metrics",
        "file": "prices/billable_metrics.csv",
        "row": 11,
        "message": "no charge prices metric 'watched', its usage is free; add a charge to prices/charges.csv, "
        "or leave it if it is only watched",
    }


def test_what_cannot_be_read_is_an_error_too(tmp_path: Path, book: Book) -> None:
    book[P][0] |= {"amount": "many"}
    (finding,) = check_catalog(write_book(tmp_path, book))
    assert (finding.severity, finding.subject, finding.file, finding.row) == (
        "error", "files", "prices/plans.csv", 2,
    )  # fmt: skip
    book[P][0] |= {"amount": "9"}
    del book[P][1]
    ws = write_book(tmp_path, book)
    (ws.catalog / "prices/plans.csv").unlink()
    (finding,) = check_catalog(ws)
    assert (finding.file, finding.row) == ("prices/plans.csv", None)


def test_nothing_to_say(tmp_path: Path, book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    ws = write_book(tmp_path, book)
    assert look.show(ws) == 0
    assert capsys.readouterr().out == f"{ws.catalog}: nothing to say, it can be loaded.\n"
    with pytest.raises(BadInput, match="no such catalog folder"):
        look.show(Workspace.resolve(catalog=tmp_path / "none"))

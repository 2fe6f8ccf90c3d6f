"""`meterhouse periods`: what a person reads of a subscription's periods, billed and to come.

Belongs here: what is listed, amounts worked by hand, and how it fits a terminal. Does not belong here: periods
that were adjusted, whose companies are closed elsewhere (`test_adjustments`).
"""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from orchestration.errors import BadInput
from orchestration.look import periods
from orchestration.look.periods_table import print_tables
from tests.small_company import small_company  # noqa: F401

THROUGH = date(2025, 12, 10)
Period = dict[str, Any]


@pytest.fixture(scope="module")
def company(small_company, tmp_path_factory):  # noqa: F811
    """Closed through 1 November, with a copy of its own: looking loads the catalog."""
    return small_company.copy(tmp_path_factory.mktemp("look_periods"))


@pytest.fixture(scope="module")
def borea(company) -> list[Period]:
    """What is read of a subscription that began on 15 October in New York."""
    return periods.read(company.workspace, "sub_borea", THROUGH)


def printed(capsys, rows: list[Period], columns: int) -> list[str]:
    """The lines that a terminal of so many columns shows, trailing blanks cut."""
    print_tables(Console(width=columns), rows)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_billed_periods_name_their_invoice_and_others_their_close(borea, capsys) -> None:
    """99.00 × 17 / 31 is 54.29. 2 calls at 0.01; 1,000 tokens at 0.002 and 501 at 0.001: 0.02 + 2.50."""
    lines = [" ".join(line.split()) for line in printed(capsys, borea, 160)]
    assert lines[:2] == [
        "sub_borea plan starter, USD, America/New_York",
        "fees from (local) until from (UTC) until days close invoice billed price",
    ]
    first = "2025-10-15 08:00 2025-11-01 00:00 2025-10-15 12:00 2025-11-01 04:00 17 of 31"
    assert lines[2:4] == [
        f"base {first} 2025-11-01 US-000002 54.29",
        f"usage {first} 2025-11-01 US-000002 2.52",
    ]
    # The clocks have changed in November; its base fee has a price, its usage is not known.
    second = "2025-11-01 00:00 2025-12-01 00:00 2025-11-01 04:00 2025-12-01 05:00 30 of 30"
    assert lines[4:6] == [
        f"base {second} 2025-12-01 99.00",
        f"usage {second} 2025-12-01",
    ]
    assert len(lines) == 8


def test_amounts_are_exact_and_only_where_there_are_any(borea) -> None:
    amounts = [
        (row["state"], row["billed_amount"], row["adjusted_amount"], row["price_amount"])
        for row in borea[:4]
    ]
    assert amounts == [
        ("billed", Decimal("54.29"), None, None),
        ("billed", Decimal("2.52"), None, None),
        ("to come", None, None, Decimal(99)),
        ("to come", None, None, None),
    ]
    assert {row["currency"] for row in borea} == {"USD"}
    assert not any(row["is_pay_in_advance"] for row in borea)


def test_a_narrow_terminal_shows_utc_below_local_times(borea, capsys) -> None:
    assert printed(capsys, borea, 80)[:9] == [
        "sub_borea  plan starter, USD, America/New_York",
        "fees   from (local)      until                 days  billed  invoice",
        "       from (UTC)                                            or close",
        "base   2025-10-15 08:00  2025-11-01 00:00  17 of 31   54.29  US-000002",
        "       2025-10-15 12:00  2025-11-01 04:00",
        "usage  2025-10-15 08:00  2025-11-01 00:00  17 of 31    2.52  US-000002",
        "       2025-10-15 12:00  2025-11-01 04:00",
        "base   2025-11-01 00:00  2025-12-01 00:00  30 of 30          2025-12-01",
        "       2025-11-01 04:00  2025-12-01 05:00             99.00  price",
    ]


def year_in_advance(zone: str, **columns: Any) -> Period:
    """A base fee of 123,456.78 for a year, of which 10,000.00 came back."""
    bounds = {"starts_at": datetime(2025, 1, 1), "ends_at": datetime(2026, 1, 1)}
    return {
        "subscription_id": "sub_large", "plan_code": "large", "fee_family": "base", "is_pay_in_advance": True,
        "timezone": zone, **bounds, **{f"local_{name}": at for name, at in bounds.items()},
        "days": 365, "period_days": 365, "state": "billed", "close_date": date(2025, 1, 1),
        "invoice_number": "US-000001", "currency": "USD", "billed_amount": Decimal("123456.7800"),
        "adjusted_amount": Decimal("-10000.0000"), "price_amount": None,
    } | columns  # fmt: skip


@pytest.mark.parametrize("columns", [80, 100, 160])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_nothing_is_cut_at_any_width(zone: str, columns: int, capsys) -> None:
    rows = [year_in_advance(zone), year_in_advance(zone, fee_family="fixed_in_advance")]
    lines = printed(capsys, rows, columns)
    assert max(len(line) for line in lines) <= columns
    text = "\n".join(lines)
    assert "…" not in text
    for whole in ("365 of 365", "123,456.78", "-10,000.00", "US-000001", "2026-01-01 00:00"):
        assert text.count(whole) >= 2
    # In UTC there is one pair of times to a period, and no word of local ones.
    assert ("local" in text) == (zone != "UTC")
    assert text.count("2025-01-01 00:00") == (2 if zone == "UTC" else 4)


def test_a_number_that_no_width_holds_runs_on(capsys) -> None:
    lines = printed(capsys, [year_in_advance("UTC", invoice_number="A" * 70)], 80)
    assert "A" * 70 in "\n".join(lines)


def test_periods_without_document_say_so_and_an_unknown_close_is_the_next(capsys) -> None:
    nothing = {"adjusted_amount": None, "is_pay_in_advance": False, "invoice_number": None}
    rows = [
        year_in_advance("UTC", billed_amount=Decimal(0), **nothing),
        year_in_advance("UTC", state="to come", close_date=None, billed_amount=None, **nothing),
    ]
    lines = [" ".join(line.split()) for line in printed(capsys, rows, 160)]
    bounds = "2025-01-01 00:00 2026-01-01 00:00 365 of 365"
    assert lines[2:] == [f"base {bounds} 2025-01-01 none 0.00", f"base {bounds} the next"]
    narrow = printed(capsys, rows, 60)
    assert [line.split("365 of 365")[1].split() for line in narrow[-2:]] == [
        ["0.00", "none"],
        ["the", "next"],
    ]


def test_an_external_id_shows_all_its_subscriptions(company, capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    file = company.workspace.catalog / "accounts/subscriptions.csv"
    text = file.read_text(encoding="utf-8")
    row = "sub_more,ext_atlas,atlas,starter,2025-11-16T00:00:00Z,,,2025-11-16T00:00:00Z\n"
    file.write_text(text + row, encoding="utf-8")
    periods.show(company.workspace, "ext_atlas", THROUGH)
    file.write_text(text, encoding="utf-8")
    out = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert [line for line in out if line.startswith("sub_")] == [
        "sub_atlas plan starter, USD, UTC",
        "sub_more plan starter, USD, UTC",
    ]
    # An equal plan is an upgrade: the old one ends in the middle of November, which half of its price is billed for.
    old, new = "\n".join(out).split("\n\n")
    assert old.splitlines()[-1].startswith(
        "usage 2025-11-01 00:00 2025-11-16 00:00 15 of 30 2025-11-16"
    )
    assert new.splitlines()[2].endswith("15 of 30 2025-12-01 99.00")


def test_json_has_instants_local_times_dates_and_amounts(company, capsys) -> None:
    periods.show(company.workspace, "sub_borea", THROUGH, as_json=True)
    first, _, to_come, *_ = json.loads(capsys.readouterr().out)
    assert first["local_starts_at"] == "2025-10-15T08:00:00"
    assert first["starts_at"] == "2025-10-15T12:00:00Z"
    assert (first["period_start_date"], first["period_end_date"]) == ("2025-10-15", "2025-11-01")
    assert (first["state"], first["invoice_number"]) == ("billed", "US-000002")
    assert (first["plan_code"], first["currency"]) == ("starter", "USD")
    assert (first["billed_amount"], first["adjusted_amount"]) == ("54.29", None)
    assert (to_come["billed_amount"], to_come["price_amount"]) == (None, "99")


def test_looking_changes_nothing_that_a_close_would_do(company) -> None:
    before = company.warehouse("select count(*) from issued.billed_periods")
    periods.read(company.workspace, "sub_borea", THROUGH)
    assert company.warehouse("select count(*) from issued.billed_periods") == before


def test_an_unknown_subscription_is_refused_with_near_names(company) -> None:
    with pytest.raises(BadInput, match=r"'sub_bora' is not in the catalog; did you mean sub_borea"):
        periods.read(company.workspace, "sub_bora", THROUGH)

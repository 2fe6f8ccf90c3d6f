"""`meterhouse periods`: what a person reads of a subscription's periods, billed and to come."""

from __future__ import annotations

import json
from datetime import date

import pytest

from orchestration.errors import BadInput
from orchestration.look import periods
from tests.small_company import small_company  # noqa: F401

THROUGH = date(2025, 12, 10)


@pytest.fixture(scope="module")
def company(small_company, tmp_path_factory):  # noqa: F811
    """Closed through 1 November, with a copy of its own: looking loads the catalog."""
    return small_company.copy(tmp_path_factory.mktemp("look_periods"))


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")


def shown(company, capsys, name: str) -> list[str]:
    periods.show(company.workspace, name, THROUGH)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_billed_periods_name_their_invoice_and_others_their_close(company, capsys) -> None:
    lines = shown(company, capsys, "sub_borea")
    assert lines[0] == "fees from (America/New_York) until from (UTC) until days close invoice"
    first = "2025-10-15 08:00 2025-11-01 00:00 2025-10-15 12:00 2025-11-01 04:00 17 of 31"
    assert lines[1:3] == [
        f"base {first} 2025-11-01 US-000002",
        f"usage {first} 2025-11-01 US-000002",
    ]
    # The clocks have changed in November.
    second = "2025-11-01 00:00 2025-12-01 00:00 2025-11-01 04:00 2025-12-01 05:00 30 of 30"
    assert lines[3] == f"base {second} 2025-12-01"
    assert len(lines) == 7


def test_an_external_id_shows_all_its_subscriptions(company, capsys) -> None:
    file = company.workspace.catalog / "accounts/subscriptions.csv"
    text = file.read_text(encoding="utf-8")
    row = "sub_more,ext_atlas,atlas,starter,2025-11-16T00:00:00Z,,,2025-11-16T00:00:00Z\n"
    file.write_text(text + row, encoding="utf-8")
    lines = shown(company, capsys, "ext_atlas")
    file.write_text(text, encoding="utf-8")
    usage = [line.split()[0] + line[-31:] for line in lines if " usage " in line]
    assert [line.split()[0] for line in lines if " usage " in line] == [
        "sub_atlas",
        "sub_atlas",
        "sub_more",
        "sub_more",
    ], usage
    assert any("2025-11-16 00:00 15 of 30 2025-11-16" in line for line in lines)


def test_json_has_instants_local_times_and_dates(company, capsys) -> None:
    periods.show(company.workspace, "sub_borea", THROUGH, as_json=True)
    first = json.loads(capsys.readouterr().out)[0]
    assert first["local_starts_at"] == "2025-10-15T08:00:00"
    assert first["starts_at"] == "2025-10-15T12:00:00Z"
    assert (first["period_start_date"], first["period_end_date"]) == ("2025-10-15", "2025-11-01")
    assert (first["state"], first["invoice_number"]) == ("billed", "US-000002")


def test_looking_changes_nothing_that_a_close_would_do(company) -> None:
    before = company.warehouse("select count(*) from issued.billed_periods")
    periods.read(company.workspace, "sub_borea", THROUGH)
    assert company.warehouse("select count(*) from issued.billed_periods") == before


def test_an_unknown_subscription_is_refused_with_near_names(company) -> None:
    with pytest.raises(BadInput, match=r"'sub_bora' is not in the catalog; did you mean sub_borea"):
        periods.read(company.workspace, "sub_bora", THROUGH)

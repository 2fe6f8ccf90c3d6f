"""Plans and subscriptions over their life: which changes of plan a catalog may ask for, and which terms go together.

Each case adds rows to the good catalog of the small company and reads the messages.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.price_book import errors_of
from tests.small_company import write_company

PLANS = "prices/plans"
SUBSCRIPTIONS = "accounts/subscriptions"
PLAN_HEADER = (
    "plan_code,plan_name,interval,is_pay_in_advance,amount,currency,trial_days,bills_charges_monthly,"
    "bills_fixed_charges_monthly,valid_from,valid_to,recorded_at"
)
DATED = "2025-01-01,,2025-01-01T00:00:00Z"
# As sub_atlas, which the small company has since October, and its next rows.
ATLAS = "ext_atlas,atlas"


def problems(folder: Path, plans: list[str], subscriptions: list[str]) -> list[str]:
    """The catalog check's lines on the small company with more plans and more subscriptions."""
    ws = write_company(folder)
    starter = f"starter,Starter,monthly,false,99,USD,,,,{DATED}"
    file = ws.catalog / f"{PLANS}.csv"
    file.write_text("\n".join([PLAN_HEADER, starter, *plans]) + "\n", encoding="utf-8")
    file = ws.catalog / f"{SUBSCRIPTIONS}.csv"
    file.write_text(
        file.read_text(encoding="utf-8") + "".join(f"{row}\n" for row in subscriptions),
        encoding="utf-8",
    )
    return errors_of(ws)


def test_requests_for_other_plans_are_fine(tmp_path: Path) -> None:
    plans = [f"pro,Pro,yearly,true,999,USD,14,true,true,{DATED}"]
    rows = [
        f"sub_2,{ATLAS},pro,2025-10-05T00:00:00Z,,,2025-10-01T00:00:00Z",
        # Two on one instant, and a return.
        f"sub_3,{ATLAS},starter,2025-10-05T00:00:00Z,2025-12-01T00:00:00Z,,2025-10-01T00:00:00Z",
        f"sub_4,{ATLAS},pro,2025-12-24T00:00:00Z,,,2025-10-01T00:00:00Z",
    ]
    assert problems(tmp_path, plans, rows) == []


def test_another_currency_needs_another_external_id(tmp_path: Path) -> None:
    plans = [f"euro,Euro,monthly,false,99,EUR,,,,{DATED}"]
    rows = [f"sub_2,{ATLAS},euro,2025-10-05T00:00:00Z,,,2025-10-01T00:00:00Z"]
    assert problems(tmp_path, plans, rows) == [
        "accounts/subscriptions.csv row 4: external_subscription_id 'ext_atlas' changes from plan 'starter' in USD "
        "(row 2) to 'euro' in EUR; end that one first, or use another external id"
    ]


def test_a_return_may_come_in_another_currency_and_of_another_customer(tmp_path: Path) -> None:
    plans = [f"euro,Euro,monthly,false,99,EUR,,,,{DATED}"]
    ended = (
        "sub_2,ext_2,atlas,starter,2025-10-05T00:00:00Z,2025-10-06T00:00:00Z,,2025-10-01T00:00:00Z"
    )
    euro = "sub_3,ext_2,atlas,euro,2025-10-06T00:00:00Z,2025-10-07T00:00:00Z,,2025-10-01T00:00:00Z"
    other = "sub_4,ext_2,borea,starter,2025-10-07T00:00:00Z,,,2025-10-01T00:00:00Z"
    assert problems(tmp_path, plans, [ended, euro, other]) == []


def test_the_last_recorded_row_of_a_subscription_counts(tmp_path: Path) -> None:
    rows = [
        f"sub_atlas,{ATLAS},starter,2025-10-01T00:00:00Z,2025-10-20T00:00:00Z,,2025-10-20T00:00:00Z",
        "sub_2,ext_atlas,borea,starter,2025-10-20T00:00:00Z,,,2025-10-20T00:00:00Z",
    ]
    assert problems(tmp_path, [], rows) == []


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ("yearly,true,999,USD,,,", "interval of plan 'starter' differs from row 2"),
        ("monthly,false,89,USD,14,,", "trial_days of plan 'starter' differs from row 2"),
    ],
)
def test_rows_of_a_plan_differ_in_price_only(tmp_path: Path, terms: str, message: str) -> None:
    row = f"starter,Starter,{terms},2026-01-01,,2025-01-01T00:00:00Z"
    first = f"prices/plans.csv row 3: {message}; give the new terms a plan code of their own"
    assert first in problems(tmp_path, [row], [])


@pytest.mark.parametrize("column", ["bills_charges_monthly", "bills_fixed_charges_monthly"])
@pytest.mark.parametrize("interval", ["weekly", "monthly"])
def test_only_a_longer_interval_is_billed_monthly(
    tmp_path: Path, column: str, interval: str
) -> None:
    flags = "true," if column == "bills_charges_monthly" else ",true"
    row = f"pro,Pro,{interval},true,999,USD,,{flags},{DATED}"
    assert problems(tmp_path, [row], []) == [
        f"prices/plans.csv row 3: {column} is for an interval longer than a month, and this plan is billed {interval}; "
        "write false"
    ]


def test_a_trial_is_not_shorter_than_nothing(tmp_path: Path) -> None:
    row = f"pro,Pro,yearly,true,999,USD,-1,,,{DATED}"
    (line,) = problems(tmp_path, [row], [])
    assert line.startswith("prices/plans.csv row 3: trial_days is -1")

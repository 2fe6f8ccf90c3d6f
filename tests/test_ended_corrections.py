"""Base fees in advance whose price or end is corrected around the end, against amounts worked by hand.

Belongs here: what notes and lines add up to, whatever becomes known first. Does not belong here: notes of an end alone
(`test_credit_notes`), adjustments of what goes on (`test_adjustments`).

The quarter from October 2025 has 92 days: a plan of 92.00 is worth 1.00 a day, at first. Most customers leave on 15
November, after 46 days. A price of 46.00 or 184.00 becomes known before the end, with it, or after it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import pytest

from tests import progressive_company
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.price_book import write_book
from tests.progressive_company import Row, plan, subscription, used

CUSTOMERS = ("lowbefore", "highbefore", "lowwith", "highwith", "lowafter", "highafter")
ENDS_MOVE = ("known", "earlier", "later", "withdrawn", "skipped")
# Of plans with a minimum commitment of 10.00 a day.
COMMITTED = ("foreseen", "credited", "recosted", "backdated", "natural", "netted", "kept")
FIFTEENTH = "2025-11-15T12:00:00Z"
STEPS = (
    date(2025, 10, 1),
    date(2025, 11, 1),
    date(2025, 11, 16),
    date(2025, 12, 1),
    date(2026, 1, 1),
    date(2026, 2, 1),
)
# What becomes known before each step: the prices that are corrected, and the ends.
PRICES: Sequence[Mapping[str, str]] = (
    {},
    {"lowbefore": "46", "highbefore": "184", "natural": "46", "netted": "46"},
    {"lowwith": "46", "highwith": "184"},
    {"lowafter": "46", "highafter": "184", "earlier": "46", "skipped": "46", "recosted": "46"},
    {},
    {},
)
DESK = (("10", "2025-10-01T00:00:00Z"), ("30", "2025-10-03T00:00:00Z"))
ENDS: Sequence[Mapping[str, str]] = (
    {"known": "2025-12-15T12:00:00Z", "foreseen": FIFTEENTH},
    {},
    dict.fromkeys([*CUSTOMERS, *ENDS_MOVE, "credited", "recosted", "netted", "kept"], FIFTEENTH)
    | {"natural": "2025-12-31T12:00:00Z"},
    {"later": "2025-11-25T12:00:00Z", "withdrawn": ""},
    {"earlier": "2025-10-31T12:00:00Z", "withdrawn": "2025-12-10T12:00:00Z"},
    {"backdated": FIFTEENTH},
)


def catalog(step: int) -> dict[str, list[Row]]:
    """What is known before a step."""
    names = (*CUSTOMERS, *ENDS_MOVE, *COMMITTED)
    terms = {"interval": "quarterly", "is_pay_in_advance": "true", "bills_charges_monthly": "true"}
    committed = {"minimum_commitment_amount": "920"}
    of_plan = {name: terms | (committed if name in COMMITTED else {}) for name in names}
    of_plan["natural"] |= {"adjustment_minimum_amount": "50"}
    plans = [plan(name, "92", **own) for name, own in of_plan.items()]
    december = {"valid_from": "2025-12-01"}
    plans[-1] |= {"valid_to": december["valid_from"]}
    plans.append(plan("kept", "46", **of_plan["kept"]) | december)
    ends: dict[str, str] = {}
    for number in range(step + 1):
        recorded = {"recorded_at": f"2025-10-0{number + 2}T00:00:00Z"}
        plans += [plan(name, to, **of_plan[name]) | recorded for name, to in PRICES[number].items()]
        ends |= ENDS[number]
    rows = progressive_company.catalog(0, ())
    rows["prices/plans"] += plans
    rows["prices/add_ons"] = [{"add_on_code": "desk", "add_on_name": "Desk"}]
    rows["prices/fixed_charges"] = [
        {"plan_code": "netted", "fixed_charge_code": "desk", "add_on_code": "desk", "units": "1"}
        | {"charge_model": "standard", "unit_amount": price, "is_pay_in_advance": "true"}
        | {"display_name": "Desk", "valid_from": "2025-01-01", "recorded_at": recorded_at}
        for price, recorded_at in DESK[: step + 1]
    ]
    rows["accounts/customers"] += [
        {"customer_id": name, "customer_name": name, "billing_entity_code": "eu", "timezone": "UTC"}
        for name in names
    ]
    rows["accounts/subscriptions"] = [
        subscription(name)
        | {"started_at": "2025-10-01T00:00:00Z", "ended_at": ends.get(name, "")}
        | {"on_termination": "skip" if name in ("skipped", "kept") else "credit"}
        for name in names
    ]
    return rows


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    folder = tmp_path_factory.mktemp("ended_corrections")
    for step, through in enumerate(STEPS):
        ws = write_book(folder, catalog(step))
        ws.landing.mkdir(exist_ok=True)
        (ws.landing / "usage.jsonl").write_text(
            json.dumps(used("nobody", "04", 1)), encoding="utf-8"
        )
        close_through(ws, through, clock=lambda: datetime(2026, 6, 1, tzinfo=UTC))
    return ClosedCompany(ws)


def documents(company: ClosedCompany, customer: str) -> list[str]:
    """Date and fees of each invoice but empty ones, reason and amount of each note, in order."""
    rows = company.finance(
        f"""
        select strftime(close_date, '%y-%m-%d'), 'fees', fees_amount from invoices
        where customer_id = '{customer}' and fees_amount <> 0
        union all
        select strftime(n.issue_date, '%y-%m-%d'), n.reason, -n.subtotal_amount
        from credit_notes as n inner join invoices as i using (invoice_number)
        where i.customer_id = '{customer}'
        order by 1, 2, 3
        """
    )
    return [f"{day} {kind} {amount:.2f}" for day, kind, amount in rows]


def test_a_price_corrected_before_the_end_is_what_unused_days_are_worth(
    company: ClosedCompany,
) -> None:
    """Half of 46.00, and half of 184.00."""
    assert documents(company, "lowbefore") == [
        "25-10-01 fees 92.00",
        "25-11-01 adjustment -46.00",
        "25-11-16 termination -23.00",
    ]
    assert documents(company, "highbefore") == [
        "25-10-01 fees 92.00",
        "25-11-01 fees 92.00",
        "25-11-16 termination -92.00",
    ]


def test_price_and_end_in_one_close(company: ClosedCompany) -> None:
    assert documents(company, "lowwith") == [
        "25-10-01 fees 92.00",
        "25-11-16 adjustment -46.00",
        "25-11-16 termination -23.00",
    ]
    assert documents(company, "highwith") == [
        "25-10-01 fees 92.00",
        "25-11-16 fees 92.00",
        "25-11-16 termination -92.00",
    ]


def test_a_price_corrected_after_the_end_counts_for_the_used_days_alone(
    company: ClosedCompany,
) -> None:
    """46 days stand at 1.00 each, and cost 0.50, or 2.00."""
    first = ["25-10-01 fees 92.00", "25-11-16 termination -46.00"]
    assert documents(company, "lowafter") == [*first, "25-12-01 adjustment -23.00"]
    assert documents(company, "highafter") == [*first, "25-12-01 fees 46.00"]


def test_an_end_that_was_known_is_no_bound_for_an_earlier_one(company: ClosedCompany) -> None:
    """76 days were billed, 46 are used."""
    found = documents(company, "known")
    assert found[0] == "25-10-01 fees 76.00"
    assert [one.rpartition(" ")[2] for one in found[1:]] == ["-30.00"]


def test_an_end_that_moves_back_gives_back_more(company: ClosedCompany) -> None:
    """46 days at 1.00, then at 0.50, then 31 of them."""
    assert documents(company, "earlier") == [
        "25-10-01 fees 92.00",
        "25-11-16 termination -46.00",
        "25-12-01 adjustment -23.00",
        "25-12-11 termination -7.50",
    ]


def test_an_end_that_moves_on_or_is_withdrawn_is_billed_again(company: ClosedCompany) -> None:
    """10 days; and all 46, of which 21 come back with the second end."""
    first = ["25-10-01 fees 92.00", "25-11-16 termination -46.00"]
    assert documents(company, "later") == [*first, "25-11-26 fees 10.00"]
    assert documents(company, "withdrawn")[:3] == [*first, "25-12-01 fees 46.00"]


def test_an_end_that_is_skipped_gives_back_nothing(company: ClosedCompany) -> None:
    assert documents(company, "skipped") == ["25-10-01 fees 92.00", "25-12-01 adjustment -46.00"]


def test_a_commitment_is_lacked_by_what_notes_leave(company: ClosedCompany) -> None:
    """46 days are committed to 460.00 and cost 46.00, at 0.50 a day 23.00; with `skip` all 61 + 15.50 stay billed.

    Where the end becomes known after the quarter, 828.00 were lacked, and a quarter more was billed. What policy leaves
    out of a correction stands, and so it counts: 828.00. A desk of 10.00 that becomes 30.00 is netted with a price of
    46.00: of 76.00 that are left 23.00 come back.
    """
    assert documents(company, "foreseen") == ["25-10-01 fees 46.00", "25-11-16 fees 414.00"]
    first = ["25-10-01 fees 92.00", "25-11-16 fees 414.00", "25-11-16 termination -46.00"]
    assert documents(company, "credited") == first
    assert documents(company, "recosted") == [
        *first,
        "25-12-01 adjustment -23.00",
        "25-12-01 fees 23.00",
    ]
    assert documents(company, "backdated") == [
        "25-10-01 fees 92.00",
        "26-01-01 fees 920.00",
        "26-02-01 adjustment -414.00",
        "26-02-01 termination -92.00",
        "26-02-01 termination -46.00",
    ]
    assert documents(company, "natural") == ["25-10-01 fees 92.00", "26-01-01 fees 828.00"]
    assert documents(company, "netted") == [
        "25-10-01 fees 102.00",
        "25-11-01 adjustment -26.00",
        "25-11-16 fees 407.00",
        "25-11-16 termination -23.00",
    ]
    assert documents(company, "kept") == ["25-10-01 fees 76.50", "25-11-16 fees 383.50"]


def test_what_stands_issued_is_what_the_used_days_cost(company: ClosedCompany) -> None:
    rows = company.finance(
        """
        with amounts as (
            select customer_id, fees_amount as amount from invoices
            union all
            select i.customer_id, -n.subtotal_amount
            from credit_notes as n inner join invoices as i using (invoice_number)
        )
        select customer_id, sum(amount) from amounts group by customer_id
        """
    )
    assert {name: f"{amount:.2f}" for name, amount in rows} == {
        **dict.fromkeys(["lowbefore", "lowwith", "lowafter"], "23.00"),
        **dict.fromkeys(["highbefore", "highwith", "highafter"], "92.00"),
        "known": "46.00",
        "earlier": "15.50",
        "later": "56.00",
        "withdrawn": "71.00",
        "skipped": "46.00",
        **dict.fromkeys(COMMITTED, "460.00"),
        "natural": "920.00",
    }

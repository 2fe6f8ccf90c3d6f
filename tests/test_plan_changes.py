"""Customers who change their plans, end and return, in real closes, against amounts worked by hand.

Belongs here: what a customer owes over the month of a change. Does not belong here: the company
(`plan_changes_company`) and single steps, which have unit tests beside their models.

A line is (issue date, subscription, fee type, amount); lines of 0.00 are left out.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.conftest import ClosedCompany
from tests.plan_changes_company import close_company

# Four closes; a busy machine takes its time.
pytestmark = pytest.mark.timeout(900)

DEC_1, DEC_10, DEC_11, NEW_YEAR = "2025-12-01", "2025-12-10", "2025-12-11", "2026-01-01"
BASE, CHARGE = "subscription", "charge"
Row = tuple[str, str, str, str]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    return close_company(tmp_path_factory.mktemp("plan_changes"))


def lines_of(company: ClosedCompany, customer: str) -> list[Row]:
    rows = company.finance(
        f"""
        select cast(issue_date as varchar), subscription_id, fee_type, cast(amount as decimal(20, 2))
        from invoice_lines inner join invoices using (invoice_number)
        where invoices.customer_id = '{customer}' and amount <> 0
        order by issue_date, subscription_id, fee_type desc
        """
    )
    return [(*row[:3], str(row[3])) for row in rows]


def notes_of(company: ClosedCompany, customer: str) -> list[tuple[str, str, str]]:
    """Issue date, subscription and total."""
    rows = company.finance(
        f"""
        select cast(issue_date as varchar), subscription_id, cast(total_amount as decimal(20, 2))
        from credit_notes where customer_id = '{customer}' order by 1, 2
        """
    )
    return [(*row[:2], str(row[2])) for row in rows]


def dues_of(company: ClosedCompany, customer: str) -> dict[str, Decimal]:
    """What is due by issue date, after credit notes."""
    rows = company.finance(
        "select cast(issue_date as varchar), amount_due from invoices"
        f" where customer_id = '{customer}'"
    )
    return dict(rows)


def test_closes_are_those_on_which_something_was_due(company: ClosedCompany) -> None:
    dates = company.finance("select cast(close_date as varchar) from publications order by 1")
    assert dates == [(DEC_1,), (DEC_10,), (DEC_11,), (NEW_YEAR,)]


def test_an_upgrade_is_at_once_and_splits_usage_at_the_instant(company: ClosedCompany) -> None:
    """9 of 31 days of 31.00, 22 of 62.00; two calls at 1.00, then two at 0.50, the first at the very instant."""
    assert lines_of(company, "rise") == [
        (DEC_11, "rise_1", BASE, "9.00"),
        (DEC_11, "rise_1", CHARGE, "2.00"),
        (NEW_YEAR, "rise_2", BASE, "44.00"),
        (NEW_YEAR, "rise_2", CHARGE, "1.00"),
    ]
    assert notes_of(company, "rise") == []


def test_an_upgrade_in_advance_gives_back_the_day_of_the_change_too(company: ClosedCompany) -> None:
    """22 days of 31.00 and 20 % tax: 26.40. It pays the last call, 1.20, and 25.20 of January's 74.40."""
    assert lines_of(company, "ahead") == [
        (DEC_1, "ahead_1", BASE, "31.00"),
        (DEC_10, "ahead_2", BASE, "44.00"),
        (DEC_11, "ahead_1", CHARGE, "1.00"),
        (NEW_YEAR, "ahead_2", BASE, "62.00"),
    ]
    assert notes_of(company, "ahead") == [(DEC_11, "ahead_1", "26.40")]
    assert dues_of(company, "ahead") == {
        DEC_1: Decimal("37.20"),
        DEC_10: Decimal("52.80"),
        DEC_11: Decimal(0),
        NEW_YEAR: Decimal("49.20"),
    }


def test_a_downgrade_waits_for_the_end_of_the_period(company: ClosedCompany) -> None:
    """December whole, both calls at 0.50; in advance January is the cheaper plan's, and nothing is given back."""
    assert lines_of(company, "down") == [
        (NEW_YEAR, "down_1", BASE, "62.00"),
        (NEW_YEAR, "down_1", CHARGE, "1.00"),
    ]
    assert lines_of(company, "downahead") == [
        (DEC_1, "downahead_1", BASE, "62.00"),
        (NEW_YEAR, "downahead_2", BASE, "31.00"),
    ]
    assert notes_of(company, "downahead") == []


def test_three_changes_of_a_month_told_late(company: ClosedCompany) -> None:
    """Days 1 and 2 of 31.00, 3 and 4 of 62.00, 5 to 9 of 93.00, 10 to 31 of 124.00."""
    assert lines_of(company, "three") == [
        (NEW_YEAR, "three_1", BASE, "2.00"),
        (NEW_YEAR, "three_2", BASE, "4.00"),
        (NEW_YEAR, "three_3", BASE, "15.00"),
        (NEW_YEAR, "three_4", BASE, "88.00"),
    ]


def test_two_changes_of_a_day(company: ClosedCompany) -> None:
    """The day is the last plan's: the one between has usage and no fee. A call at 1.00, one at 0.50, one at 0.25."""
    assert lines_of(company, "twice") == [
        (DEC_11, "twice_1", BASE, "9.00"),
        (DEC_11, "twice_1", CHARGE, "1.00"),
        (DEC_11, "twice_2", CHARGE, "0.50"),
        (NEW_YEAR, "twice_3", BASE, "66.00"),
        (NEW_YEAR, "twice_3", CHARGE, "0.25"),
    ]
    assert lines_of(company, "twiceahead") == [
        (DEC_1, "twiceahead_1", BASE, "31.00"),
        (DEC_10, "twiceahead_3", BASE, "66.00"),
        (NEW_YEAR, "twiceahead_3", BASE, "93.00"),
    ]
    assert notes_of(company, "twiceahead") == [(DEC_11, "twiceahead_1", "22.00")]
    assert dues_of(company, "twiceahead")[NEW_YEAR] == Decimal("71.00")


def test_who_cancels_and_returns_on_one_local_day_is_billed_once(company: ClosedCompany) -> None:
    """9 and 22 days; a call between is nobody's. In advance 22 days are given back, and the return pays them again."""
    assert lines_of(company, "back") == [
        (DEC_11, "back_1", BASE, "9.00"),
        (DEC_11, "back_1", CHARGE, "1.00"),
        (NEW_YEAR, "back_2", BASE, "22.00"),
    ]
    assert lines_of(company, "backahead") == [
        (DEC_1, "backahead_1", BASE, "31.00"),
        (DEC_10, "backahead_2", BASE, "22.00"),
        (NEW_YEAR, "backahead_2", BASE, "31.00"),
    ]
    assert notes_of(company, "backahead") == [(DEC_11, "backahead_1", "22.00")]
    assert dues_of(company, "backahead")[NEW_YEAR] == Decimal("9.00")


def test_a_pending_downgrade_that_an_upgrade_replaces_never_begins(company: ClosedCompany) -> None:
    """9 of 31 days of 93.00, 22 of 124.00."""
    assert lines_of(company, "wavers") == [
        (DEC_11, "wavers_1", BASE, "27.00"),
        (NEW_YEAR, "wavers_3", BASE, "88.00"),
    ]
    known = company.warehouse("select subscription_id from subscriptions.dim_subscriptions")
    assert ("wavers_1",) in known
    assert ("wavers_2",) not in known


def test_a_whole_state_is_billed_by_the_new_plan_alone(company: ClosedCompany) -> None:
    """Three seats at 20.00 at the end of December; none of the two that the old plan would have billed at 10.00."""
    assert lines_of(company, "seats") == [
        (DEC_11, "seats_1", BASE, "9.00"),
        (NEW_YEAR, "seats_2", BASE, "44.00"),
        (NEW_YEAR, "seats_2", CHARGE, "60.00"),
    ]


def test_a_state_that_the_new_plan_does_not_charge_is_billed_by_the_old_one(
    company: ClosedCompany,
) -> None:
    """Two seats at 10.00."""
    assert lines_of(company, "gone") == [
        (DEC_11, "gone_1", BASE, "9.00"),
        (DEC_11, "gone_1", CHARGE, "20.00"),
        (NEW_YEAR, "gone_2", BASE, "44.00"),
    ]


def test_a_period_that_had_ended_at_the_upgrade_keeps_its_state(company: ClosedCompany) -> None:
    """December is the old plan's, whole: two seats at 10.00."""
    assert lines_of(company, "whole") == [
        (NEW_YEAR, "whole_1", BASE, "31.00"),
        (NEW_YEAR, "whole_1", CHARGE, "20.00"),
    ]


def test_a_state_by_days_is_billed_once_for_each_day(company: ClosedCompany) -> None:
    """One seat since November: 9 of 31 days at 62.00, 22 at 93.00."""
    assert lines_of(company, "days") == [
        (DEC_11, "days_1", BASE, "9.00"),
        (DEC_11, "days_1", CHARGE, "18.00"),
        (NEW_YEAR, "days_2", BASE, "44.00"),
        (NEW_YEAR, "days_2", CHARGE, "66.00"),
    ]


def test_a_trial_counts_from_the_first_start(company: ClosedCompany) -> None:
    """From the 15th 17 days of 31.00, all given back; the new plan's 20 days end on the 20th: 11 days of 62.00."""
    assert lines_of(company, "trial") == [
        (DEC_1, "trial_1", BASE, "17.00"),
        (DEC_10, "trial_2", BASE, "22.00"),
        (NEW_YEAR, "trial_2", BASE, "62.00"),
    ]
    assert notes_of(company, "trial") == [(DEC_11, "trial_1", "17.00")]


def test_a_year_is_committed_once_beside_monthly_charges(company: ClosedCompany) -> None:
    """47 of 365 days: 47.00 of the plan, 470.00 of the commitment, less 47.00, 10.00 and 20.00."""
    assert lines_of(company, "yearly") == [
        (DEC_1, "yearly_1", CHARGE, "10.00"),
        (NEW_YEAR, "yearly_1", BASE, "47.00"),
        (NEW_YEAR, "yearly_1", "commitment_true_up", "393.00"),
        (NEW_YEAR, "yearly_1", CHARGE, "20.00"),
    ]


def test_every_event_has_a_verdict(company: ClosedCompany) -> None:
    """Between cancelling and returning there is no subscription; seats of a plan without them are not charged."""
    counts = dict(
        company.warehouse(
            "select verdict, sum(event_count) from metering.fct_event_verdicts group by verdict"
        )
    )
    assert counts["no_active_subscription"] == 1
    assert sum(counts.values()) == 20

"""The oracle's top-ups against sums worked by hand, and against their own definition.

Belongs here: the arithmetic of a rule in the oracle. Does not belong here: what the product makes of it (`test_top_ups`
compares the two).
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tests.oracle.top_ups import TopUp, TopUpRule, top_up

D = Decimal


def test_a_gap_is_filled_by_the_smallest_multiple_above_it() -> None:
    rule = TopUpRule("EUR", threshold=D(10), paid_credits=D(50))
    # 439.8 below the threshold; at it the gap is 0; a gap of 50 takes two.
    assert top_up(rule, D("-429.8")) == TopUp(D(450), D(450))
    assert top_up(rule, D(10)) == TopUp(D(50), D(50))
    assert top_up(rule, D(-40)) == TopUp(D(100), D(100))
    assert top_up(rule, D("10.01")) == TopUp()


def test_a_target_is_held_to_the_limits_unless_it_is_given() -> None:
    rule = TopUpRule("EUR", threshold=D(5), target=D(10), least=D(50), most=D(60))
    assert top_up(rule, D(4)) == TopUp(D(50), D(50))
    assert top_up(rule, D(-45)) == TopUp(D(55), D(55))
    assert top_up(rule, D(-90)) == TopUp(D(60), D(60))
    free = TopUpRule("EUR", threshold=D(5), target=D(10), is_granted=True, least=D(50))
    assert top_up(free, D(4)) == TopUp(granted_credits=D(6), granted_amount=D(6))


def test_money_is_rounded_and_buys_its_credits() -> None:
    assert top_up(TopUpRule("JPY", paid_credits=D("4.39999")), D(0)) == TopUp(D(4), D(4))
    hundred = TopUpRule("EUR", D(100), paid_credits=D("4.3789"), granted_credits=D("0.12345"))
    # 12.345 round to 12.35; what is given keeps its credits.
    expected = TopUp(D("4.3789"), D("437.89"), D("0.12345"), D("12.35"))
    assert top_up(hundred, D(0)) == expected


@given(
    st.decimals("-1000", "10", places=2),
    st.decimals("0.01", "300", places=5),
    st.decimals("0.01", "20", places=3),
)
def test_the_multiple_is_the_smallest_above_the_gap(
    ongoing: Decimal, credits: Decimal, rate: Decimal
) -> None:
    """Of credits that are given none are rounded: their count is the multiple."""
    rule = TopUpRule("EUR", rate, threshold=D(1000), granted_credits=credits)
    given_credits = Fraction(top_up(rule, ongoing).granted_credits)
    gap = 1000 - Fraction(ongoing) / Fraction(rate)
    if gap >= 0:
        assert given_credits - Fraction(credits) <= gap < given_credits
        assert given_credits % Fraction(credits) == 0
    else:
        assert given_credits == 0

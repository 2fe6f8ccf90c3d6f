"""Pay in advance: high-water marks, and the fees of single events. Source: BILLING_RULES §3 "Pay in advance".

Belongs here: what each event pays, within one close and across several. Does not belong here: what a mark costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from ..numbers import round_half_away


def high_water_marks(
    quantities: Iterable[Fraction], *, start: Fraction = Fraction(0)
) -> list[Fraction]:
    """The highest quantity so far after each event, in time order; `start`: the mark that they begin from.

    Source: "high-water mark of the period, in timestamp order"; "removed and re-added units are free".

    >>> [int(mark) for mark in high_water_marks(map(Fraction, [10, 5, 7, 12]))]
    [10, 10, 10, 12]
    """
    marks = []
    highest = start
    for quantity in quantities:
        highest = max(highest, quantity)
        marks.append(highest)
    return marks


def first_fees(
    amounts: Sequence[Fraction], *, scale: int, before: Fraction = Fraction(0)
) -> list[Decimal]:
    """The fee of each event: round(A(m_k)) − round(A(m_{k−1})).

    `amounts`: A after each event, unrounded; `before`: A before the first (0, where nothing precedes it: the flat of a
    first tier is paid by the first event).
    """
    rounded = [round_half_away(amount, scale) for amount in (before, *amounts)]
    return [after - earlier for earlier, after in pairwise(rounded)]


def advance_fees(
    amounts: Sequence[Fraction],
    issued: Sequence[Decimal | None],
    *,
    scale: int,
    before: Fraction = Fraction(0),
    issued_to_others: Decimal = Decimal(0),
) -> list[Decimal | None]:
    """What a close issues to each event; None for those that an earlier close has issued (their fee in `issued`).

    `issued_to_others`: what was issued to events that are no longer known (retracted ones).
    Source: "across closes: round(A(mark known now)) − Σ issued, never negative before the period ends"; given to the
    events not issued yet in time order, each at most its own fee, the last takes what is left. A fee of its own below 0
    counts as 0, so that the fees of a close add up.
    """
    if not amounts:
        return []
    fees_issued = [issued_to_others, *(fee for fee in issued if fee is not None)]
    already = sum(map(Fraction, fees_issued), Fraction(0))
    known = Fraction(round_half_away(amounts[-1], scale) - round_half_away(before, scale))
    left = max(known - already, Fraction(0))
    own_fees = first_fees(amounts, scale=scale, before=before)
    waiting = [position for position, fee in enumerate(issued) if fee is None]
    found: list[Decimal | None] = [None] * len(amounts)
    for position in waiting:
        share = min(max(Fraction(own_fees[position]), Fraction(0)), left)
        if position == waiting[-1]:
            share = left
        found[position] = round_half_away(share, scale)
        left -= share
    return found

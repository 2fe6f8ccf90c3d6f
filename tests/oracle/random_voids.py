"""Random lots that are given up, for customers drawn with credits.

Belongs here: on which day a lot of an example is given up. Does not belong here: wallets and lots (see `random_credits`
and `random_units`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import strategies as st

from .periods import ONE_DAY
from .random_rows import Example, Window

LOTS = "credits/wallet_lots"


@st.composite
def with_voided_lots(
    draw: st.DrawFn, examples: st.SearchStrategy[Example], window: Window
) -> Example:
    """An example of whose lots about half are given up, most within the window, some on the day of their grant."""
    example = draw(examples)
    days = (window.through - window.first).days
    lots = []
    for row in example.rows.get(LOTS, []):
        granted_on = date.fromisoformat(row["granted_on"])
        voided_on = draw(
            st.one_of(
                st.none(),
                st.just(granted_on),
                st.integers(0, days + 3).map(lambda number: window.first + number * ONE_DAY),
            )
        )
        given_up = (
            {} if voided_on is None else {"voided_on": max(voided_on, granted_on).isoformat()}
        )
        lots.append(row | given_up)
    return replace(example, rows={**example.rows, LOTS: lots})

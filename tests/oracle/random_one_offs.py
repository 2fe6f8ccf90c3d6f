"""Random one-off fees and the add-ons that they sell.

Belongs here: fees of one example's customer in a window with daily closes. Does not belong here: add-ons of fixed
charges (`random_fixed_charges`).
"""

from __future__ import annotations

from hypothesis import strategies as st

from .periods import ONE_DAY
from .random_charges import Rows
from .random_metrics import neighbours
from .random_rows import COPY, CURRENCIES, PRICES, RECORDED, Window, decimals_of

PACK, VISIT, OPEN = (f"{PRICES}{name}" for name in ("pack", "visit", "open"))


@st.composite
def one_offs_of(draw: st.DrawFn, window: Window, currency: str) -> tuple[Rows, frozenset[str]]:
    """Add-ons and up to three fees on days of the window, and which of them closes through its middle do not know."""
    pack_units = draw(st.sampled_from(["1", "10", "0.3", "1000"]))
    add_ons = [
        {"add_on_code": PACK, "unit_amount": draw(decimals_of(40, 6)), "currency": currency, "pack_units": pack_units},
        {"add_on_code": VISIT, "unit_amount": draw(decimals_of(400, 12)), "currency": currency},
        {"add_on_code": OPEN},
    ]  # fmt: skip
    units = st.one_of(
        st.sampled_from(["0", "1", "2.5", *neighbours({pack_units})]), decimals_of(5000, 9)
    )
    days = st.integers(0, (window.through - window.first).days)
    fees = []
    late = set()
    for number in range(draw(st.sampled_from([0, 1, 2, 3]))):
        row = {
            "one_off_fee_id": f"{COPY}fee{number}",
            "customer_id": f"{COPY}customer",
            "add_on_code": draw(st.sampled_from([PACK, VISIT, OPEN])),
            "billed_on": (window.first + draw(days) * ONE_DAY).isoformat(),
            "units": draw(units),
            "recorded_at": RECORDED,
        }
        if row["add_on_code"] == OPEN or draw(st.integers(0, 3)) == 0:
            row["unit_amount"] = draw(decimals_of(100, 9))
            row["currency"] = draw(st.sampled_from([currency, *CURRENCIES]))
        if draw(st.integers(0, 2)) == 0:
            late.add(row["one_off_fee_id"])
        fees.append(row)
    named = [{**row, "add_on_name": "An add-on"} for row in add_ons]
    return {"prices/add_ons": named, "accounts/one_off_fees": fees}, frozenset(late)

"""Random fixed charges: rows and tiers of units of an add-on.

Belongs here: fixed charges of a plan. Does not belong here: charges of usage (`random_charges`).
"""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from .random_charges import Rows
from .random_rows import COPY, PRICES, decimals_of, scopes_of

ADD_ONS = (f"{PRICES}seat", f"{PRICES}desk")
KEY_COLUMNS = (
    "plan_code",
    "fixed_charge_code",
    "subscription_id",
    "first_month",
    "valid_from",
    "recorded_at",
)


def add_on_rows() -> list[dict[str, str]]:
    """The add-ons of an example, which its plans share."""
    return [{"add_on_code": code, "add_on_name": "An add-on"} for code in ADD_ONS]


@st.composite
def fixed_charges_of_plan(draw: st.DrawFn, number: int, change_day: date) -> Rows:
    """Up to two fixed charges of the plan of a number; the terms of a code are those of all its rows."""
    found: Rows = {"prices/fixed_charges": [], "prices/fixed_charge_tiers": []}
    for fixed_number in range(draw(st.sampled_from([0, 1, 1, 2]))):
        charge_model = draw(st.sampled_from(["standard", "graduated", "volume"]))
        terms = {
            "fixed_charge_code": f"fixed{fixed_number}",
            "plan_code": f"{PRICES}plan{number}",
            "add_on_code": draw(st.sampled_from(ADD_ONS)),
            "charge_model": charge_model,
            "display_name": "A fixed charge",
            "is_pay_in_advance": str(draw(st.booleans())).lower(),
            "is_prorated": str(draw(st.integers(0, 2)) > 0).lower(),
        }
        for scope in draw(scopes_of(f"{COPY}sub{number}", change_day, may_begin_late=True)):
            units = draw(st.one_of(st.sampled_from(["0", "1", "10", "21"]), decimals_of(50, 9)))
            row = {**terms, **scope, "units": units}
            if charge_model == "standard":
                row["unit_amount"] = draw(decimals_of(40, 6))
            else:
                found["prices/fixed_charge_tiers"].extend(draw(_tiers(row)))
            found["prices/fixed_charges"].append(row)
    return found


@st.composite
def _tiers(draw: st.DrawFn, row: dict[str, str]) -> list[dict[str, str]]:
    """One to three tiers."""
    key = {name: row[name] for name in KEY_COLUMNS if name in row}
    bounds = [["10", ""], ["1", "10", ""], [""], ["0.5", "21", ""]]
    return [
        {
            **key,
            "up_to": up_to,
            "unit_amount": draw(decimals_of(20, 6)),
            "flat_amount": draw(st.one_of(st.sampled_from(["", "0"]), decimals_of(30, 4))),
        }
        for up_to in draw(st.sampled_from(bounds))
    ]

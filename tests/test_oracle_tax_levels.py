"""The oracle's levels of tax, by hand and by the worked cases: which taxes a line bears, less its coupons."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from tests.oracle.bill import Bill
from tests.oracle.hand_coupons import coupon, with_coupons
from tests.oracle.hand_progressive import company, threshold, used
from tests.oracle.hand_written import (
    ALWAYS,
    Cells,
    Tables,
    charge,
    event,
    fixed_charge,
    hand_bill,
    hand_catalog,
    plan,
    subscription,
)
from tests.oracle.settlement import effective_tax_rate, tax_rates_of_line, tax_rows_of_lines

CASES = {
    one["id"]: one
    for one in json.loads((Path(__file__).parent / "cases/cases.json").read_text())
    if one["kind"] == "tax"
}
LEVELS = ("one_off_fee", "charge", "add_on", "commitment", "plan", "entity")
# A tax of some percent each, so that a rate names its level.
RATES = {"one_off_fee": "1", "charge": "2", "add_on": "3", "commitment": "4", "plan": "5"} | {
    "customer": "6",
    "entity": "7",
}
CODES = {
    "one_off_fee": "marked",
    "charge": "tokens",
    "add_on": "setup",
    "commitment": "p",
    "plan": "p",
    "entity": "us",
}


def taxes(*levels: str) -> Tables:
    """A tax at each of some levels, and its rate."""
    return {
        "tax/taxes": [{"tax_code": one, "rate_percent": RATES[one], **ALWAYS} for one in RATES],
        "tax/customer_taxes": [
            {"customer_id": "atlas", "tax_code": one} for one in levels if one == "customer"
        ],
        "tax/assigned_taxes": [
            {"level": one, "code": CODES[one], "tax_code": one}
            for one in levels
            if one != "customer"
        ],
    }


def every_fee(*levels: str) -> Tables:
    """A month with each kind of fee: base 10, tokens 2, calls 1, setup 4, seat 6, a commitment of 40; one-offs."""
    in_plan: Cells = {"plan_code": "p"}
    return {
        "prices/plans": [plan("p", "10", minimum_commitment_amount="40")],
        "prices/charges": [
            charge("tokens", unit_amount="1") | in_plan | {"minimum_amount": "5"},
            charge("calls", unit_amount="1") | in_plan,
        ],
        "prices/add_ons": [
            {"add_on_code": "setup", "unit_amount": "4", "currency": "EUR"},
            {"add_on_code": "seat", "unit_amount": "6", "currency": "EUR"},
        ],
        "prices/fixed_charges": [fixed_charge("setup", "1", "4"), fixed_charge("seat", "1", "6")],
        "accounts/one_off_fees": [
            {"one_off_fee_id": name, "customer_id": "atlas", "units": "1"}
            | {"add_on_code": add_on, "billed_on": "2025-07-01"}
            for name, add_on in (("marked", "setup"), ("plain", "setup"), ("other", "seat"))
        ],
        "accounts/subscriptions": [subscription("s", "p", "2025-06-01")],
        **taxes(*levels),
    }


def rates(result: Bill) -> dict[str, str]:
    """The rates of every line, by fee type and code."""
    return {
        f"{line.fee_type} {line.one_off_fee_id or line.charge_code or ''}".strip(): "+".join(
            str(rate) for rate in own.values()
        )
        for invoice in result.invoices
        for line, own in zip(invoice.lines, invoice.line_rates, strict=True)
    }


EVENTS = [event("t", "2025-06-05", "tokens", amount=2), event("c", "2025-06-05", "calls")]
ALL = (*LEVELS, "customer")


def test_each_line_has_the_first_level_that_says_anything(tmp_path: Path) -> None:
    result = hand_bill(tmp_path, every_fee(*ALL), [EVENTS], "2025-07-01")
    assert rates(result) == {
        "subscription": "5",
        "charge tokens": "2",
        "charge_true_up tokens": "2",
        "charge calls": "5",
        "fixed_charge setup": "3",
        "fixed_charge seat": "5",
        "commitment_true_up": "4",
        "add_on marked": "1",
        "add_on plain": "3",
        "add_on other": "6",
    }


@pytest.mark.parametrize(
    ("levels", "base", "one_off"),
    [
        (("customer", "entity"), "6", "6"),
        (("entity",), "7", "7"),
        (("plan", "entity"), "5", "7"),
        ((), "", ""),
    ],
)
def test_an_empty_level_is_passed_over(
    tmp_path: Path, levels: tuple[str, ...], base: str, one_off: str
) -> None:
    found = rates(hand_bill(tmp_path, every_fee(*levels), [EVENTS], "2025-07-01"))
    assert {found[one] for one in ("subscription", "charge tokens", "commitment_true_up")} == {base}
    assert {found[one] for one in ("add_on marked", "add_on other")} == {one_off}


def test_rates_of_a_level_add_and_are_those_of_the_day(tmp_path: Path) -> None:
    tables = every_fee("plan")
    tables["tax/assigned_taxes"].append({"level": "plan", "code": "p", "tax_code": "customer"})
    tables["tax/taxes"][4] |= {"valid_to": "2025-07-01"}
    tables["tax/taxes"].append(
        {"tax_code": "plan", "rate_percent": "9", **ALWAYS, "valid_from": "2025-07-01"}
    )
    result = hand_bill(tmp_path, tables, [EVENTS], "2025-07-01")
    assert rates(result)["subscription"] == "9+6"


def test_the_tax_is_that_of_what_coupons_leave(tmp_path: Path) -> None:
    """Base 10 at 5 %, tokens 2 + 3 at 2 %, 4 off 15: 10 × 11 ÷ 15 × 5 % + 5 × 11 ÷ 15 × 2 % = 0.44; of 11: 4 %."""
    tables = {
        **every_fee("charge", "plan"),
        "prices/plans": [plan("p", "10")],
        "prices/fixed_charges": [],
        "accounts/one_off_fees": [],
        **with_coupons(coupon("c", "fixed", "4")),
    }
    tables["prices/charges"] = tables["prices/charges"][:1]
    [invoice] = hand_bill(tmp_path, tables, [EVENTS[:1]], "2025-07-01").invoices
    assert (invoice.tax_amount, invoice.total_amount) == (Decimal("0.44"), Decimal("11.44"))
    assert invoice.effective_tax_rate == 4
    bases = {row.tax_code: row.taxable_amount for row in invoice.taxes}
    assert bases == {"charge": Decimal("3.6667"), "plan": Decimal("7.3333")}


def test_a_progressive_credit_and_its_note_have_the_tax_of_the_charge(tmp_path: Path) -> None:
    """Tokens of 20 at 2 %, billed as they come; then 15 of 20 are owed: 15 are credited, 5 come back with 0.10."""
    tables = {**company([threshold("20")], tax="10"), **taxes("charge", "customer")}
    lines = [used("06-04", 20), used("06-20", -5)]
    result = hand_bill(tmp_path, tables, [lines], "2025-07-01")
    found = rates(result)
    assert found["progressive_charge tokens"] == found["progressive_credit tokens"] == "2"
    [note] = result.credit_notes
    assert (note.subtotal_amount, note.tax_amount) == (Decimal(5), Decimal("0.10"))


def test_a_note_has_the_tax_of_its_fee(tmp_path: Path) -> None:
    """The plan's 5 % of 16, not what tokens bear."""
    row = subscription("s", "p", "2025-06-15")
    before: Tables = {
        **taxes("charge", "plan", "customer"),
        "prices/plans": [plan("p", "31", is_pay_in_advance="true")],
        "prices/charges": [{**charge("tokens", unit_amount="1"), "plan_code": "p"}],
        "accounts/subscriptions": [row],
    }
    after = {**before, "accounts/subscriptions": [{**row, "ended_at": "2025-07-15T10:00Z"}]}
    events = [event("t", "2025-06-20", "tokens", amount=50)]
    result = hand_bill(tmp_path, after, [events], "2025-07-31", earlier={"2025-07-05": before})
    [note] = result.credit_notes
    assert (note.subtotal_amount, note.tax_amount) == (Decimal(16), Decimal("0.80"))


# Worked cases.


@pytest.mark.parametrize("case_id", ["tax-plan", "tax-explicit-codes"])
def test_case_of_a_fee(tmp_path: Path, case_id: str) -> None:
    """The fee stands on its own line: of a charge, or a one-off fee with taxes of its own."""
    inputs, expected = CASES[case_id]["inputs"], CASES[case_id]["expected"]
    is_explicit = "explicit_tax_rates" in inputs
    own = inputs["explicit_tax_rates"] if is_explicit else inputs["plan_tax_rates"]
    level, code = ("one_off_fee", "marked") if is_explicit else ("plan", "p")
    given = [(level, code, rate) for rate in own]
    given += [("entity", "us", rate) for rate in inputs["billing_entity_tax_rates"]]
    tables = {
        **every_fee(),
        "tax/taxes": [
            {"tax_code": rate, "rate_percent": rate, **ALWAYS}
            for rate in dict.fromkeys(rate for _, _, rate in given)
        ],
        "tax/assigned_taxes": [
            {"level": level, "code": code, "tax_code": rate} for level, code, rate in given
        ],
    }
    day = date(2025, 7, 1)
    invoices = hand_bill(tmp_path, tables, [EVENTS], "2025-07-01").invoices
    lines = [one for invoice in invoices for one in invoice.lines]
    wanted = "marked" if is_explicit else None
    line = next(
        one
        for one in lines
        if one.one_off_fee_id == wanted and one.fee_type == ("add_on" if is_explicit else "charge")
    )
    found = tax_rates_of_line(hand_catalog(tmp_path, tables), "atlas", line, day)
    fee = Decimal(inputs["fee_amount_cents"]) / 100
    rows = tax_rows_of_lines([(fee, found)], scale=2)
    tax = sum((row.tax_amount for row in rows), Decimal(0))
    assert tax * 100 == int(expected["taxes_amount_cents"])
    assert effective_tax_rate([(fee, found)]) == Decimal(
        expected.get("taxes_rate", sum(map(int, own)))
    )


@pytest.mark.parametrize("case_id", ["tax-inv-coupon", "tax-inv-zero"])
def test_case_of_an_invoice(case_id: str) -> None:
    """Shares of a third of a cent are stated in binary: they are thirds here."""
    inputs, expected = CASES[case_id]["inputs"], CASES[case_id]["expected"]
    lines = [
        (
            (Fraction(one["amount_cents"]) - Fraction(one["coupon"]).limit_denominator(3)) / 100,
            {rate: Decimal(rate) for rate in one["tax_rates"]},
        )
        for one in inputs["fees"]
    ]
    rows = tax_rows_of_lines(lines, scale=2)
    tax = sum((row.tax_amount for row in rows), Decimal(0))
    assert tax * 100 == int(expected["taxes_amount_cents"])
    assert effective_tax_rate(lines) == Decimal(expected["taxes_rate"])
    for row, stated in zip(rows, expected.get("per_tax", ()), strict=False):
        assert row.tax_amount * 100 == int(stated["amount_cents"])
        assert int(row.taxable_amount * 100) == int(stated["base"])

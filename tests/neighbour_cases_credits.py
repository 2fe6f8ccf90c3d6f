"""Cases of coupons, taxes and credit notes with other numbers and other combinations of their keys.

Belongs here: cases in the format of tests/cases/cases.json whose amounts are worked by hand. Does not belong here: how
they are run (`test_cases`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.cases.reading import Case


def _case(name: str, kind: str, subkind: str, inputs: Mapping[str, Any], **expected: Any) -> Case:
    return Case(name, kind, subkind, inputs, expected)


def _base(name: str, coupon: Mapping[str, Any], base: int, credit: str, **more: Any) -> Case:
    inputs = {"base_amount_cents": base, "coupon": coupon, **more}
    return _case(name, "coupon", "coupon_amount", inputs, credit_amount_cents=credit)


_AMOUNTS = [
    # 333 x 12.5 % = 41.625.
    _base(
        "a percentage once",
        {"type": "percentage", "rate": "12.5", "frequency": "once"},
        333,
        "42",
        currency="EUR",
    ),
    _base(
        "a recurring amount with nothing left",
        {"type": "fixed", "amount_cents": 50, "frequency": "recurring", "remaining": 0},
        300,
        "0",
    ),
    _base(
        "the last of three periods",
        {
            "type": "fixed",
            "amount_cents": 50,
            "frequency": "recurring",
            "frequency_duration": 3,
            "frequency_duration_remaining": 1,
        },
        30,
        "30",
    ),
    _base(
        "used up before",
        {"type": "fixed", "amount_cents": 50, "frequency": "once", "already_used_cents": 50},
        300,
        "0",
    ),
    _base(
        "a coupon of another currency",
        {"type": "fixed", "amount_cents": 50, "frequency": "forever", "currency": "USD"},
        300,
        "0",
    ),
    _base(
        "everything off, in yen",
        {"type": "percentage", "rate": "100", "frequency": "forever"},
        301,
        "301",
        currency="JPY",
    ),
    # 1001 x 0.15 % = 1.5015.
    _base(
        "a part of a fils",
        {"type": "percentage", "rate": "0.15", "frequency": "forever"},
        1001,
        "2",
        currency="KWD",
    ),
]
_STACKS = [
    # The one limited to metrics takes 20 of 100; the next one half of 80; the last one of what is left of both fees.
    _case(
        "three ranks, applied in the wrong order",
        "coupon",
        "coupon_stack",
        {
            "fees": [
                {"type": "subscription", "plan": "P1", "amount_cents": 300},
                {"type": "charge", "plan": "P2", "metric": "calls", "amount_cents": 100},
            ],
            "coupons_in_created_order": [
                {"type": "percentage", "rate": "10", "frequency": "forever"},
                {
                    "type": "percentage",
                    "rate": "50",
                    "frequency": "once",
                    "limited_to_plans": ["P2"],
                },
                {"type": "fixed", "amount_cents": 20, "limited_to_metrics": ["calls"]},
            ],
            "invoice_currency": "USD",
        },
        coupons_amount_cents="94",
        credits=["20", "40", "34"],
        fee1_coupon="30",
        fee2_coupon="64",
        sub_total_excluding_taxes_amount_cents="306",
        credits_count="3",
    ),
    _case(
        "limited to a plan and to a metric that no fee has",
        "coupon",
        "coupon_stack",
        {
            "fees": [{"type": "subscription", "plan": "P1", "amount_cents": 300}],
            "coupons": [
                {"type": "fixed", "amount_cents": 20, "limited_to_plans": ["P9"]},
                {"type": "fixed", "amount_cents": 20, "limited_to_metrics": ["calls"]},
                {"type": "fixed", "amount_cents": 7},
            ],
        },
        coupons_amount_cents="7",
        credits_count="1",
        coupon3_amount_cents="7",
    ),
    _case(
        "one has expired, one begins later",
        "coupon",
        "coupon_stack",
        {
            "billing_at": "2025-03-10",
            "fees": [{"type": "fixed_charge", "amount_cents": 300}],
            "coupons": [
                {"type": "fixed", "amount_cents": 20, "expires_at": "2025-03-10"},
                {"type": "fixed", "amount_cents": 30, "expires_at": "2025-03-11"},
                {"type": "fixed", "amount_cents": 40, "applied_at": "2025-03-11"},
            ],
        },
        coupons_amount_cents="30",
        total_amount_cents="270",
    ),
]
_DISTRIBUTIONS = [
    # 10 over 60 and 90: what a progressive invoice took is no part of it.
    _case(
        "beside what a progressive invoice took, and its tax",
        "coupon",
        "coupon_distribution",
        {
            "fees": [
                {"id": "a", "metric": "m", "amount_cents": 100, "already_discounted": "40"},
                {"id": "b", "metric": "n", "amount_cents": 90, "tax_rates": ["10"]},
            ],
            "coupon": {"type": "fixed", "amount_cents": 10, "frequency": "forever"},
            "invoice_currency": "EUR",
        },
        credit_amount_cents="10",
        a_coupon_total="44",
        b_coupon="6",
        taxes_amount_cents="8",
        terminated="false",
    ),
    _case(
        "two periods left, of which one is used",
        "coupon",
        "coupon_distribution",
        {
            "fees": [{"id": "fee1", "amount_cents": 200}, {"id": "fee2", "amount_cents": 100}],
            "coupon": {
                "type": "percentage",
                "rate": "10",
                "frequency": "recurring",
                "remaining": 2,
            },
        },
        credit_amount_cents="30",
        fee1_coupon="20",
        remaining_after="1",
        terminated=False,
    ),
]
_FRACTIONS = [
    # A third of each fee is gone; 30 over 66.67 and 133.33.
    _case(
        "beside what an earlier coupon took",
        "coupon",
        "coupon_distribution",
        {
            "fees": [
                {"id": "a", "plan": "P", "amount_cents": 100, "already_discounted": "33.3333333"},
                {"id": "b", "plan": "P", "amount_cents": 200, "already_discounted": "66.6666667"},
            ],
            "coupon": {"type": "percentage", "rate": "15", "limited_to_plans": ["P"]},
        },
        credit_amount_cents="30",
        a_coupon="10",
        b_coupon_total="86.66667",
    )
]
_NOTES = [
    # 90 x 1/3 = 30 of 60 stays; tax of 30 at 20 %.
    _case(
        "two items of three fees, a coupon over two of them",
        "invoice",
        "credit_note",
        {
            "fees": [
                {"id": "a", "amount_cents": 100, "coupon": "33.3333333333", "tax_rates": ["20"]},
                {"id": "b", "amount_cents": 200, "coupon": "66.6666666667", "tax_rates": ["20"]},
                {"id": "c", "amount_cents": 50, "tax_rates": []},
            ],
            "items": [{"fee": "a", "amount_cents": 30}, {"fee": "c", "amount_cents": 50}],
            "currency": "USD",
        },
        invoice={
            "fees_amount_cents": "350",
            "coupons_amount_cents": "100",
            "taxes_amount_cents": "40",
            "total_amount_cents": "290",
        },
        # 30 - 10 + 50, and 20 % of 20.
        credit_note={"sub_total": "70", "taxes": "4", "coupons_adjustment": "10", "total": "74"},
    ),
    _case(
        "the whole of a discounted fee, in yen",
        "tax",
        "credit_note_tax",
        {
            "items": [
                {
                    "amount_cents": 500,
                    "fee_amount_cents": 500,
                    "fee_coupon": "125",
                    "tax_rates": ["8", "2"],
                }
            ],
            "currency": "JPY",
        },
        per_tax=[{"rate": "8", "amount_cents": "30"}, {"rate": "2", "amount_cents": "8"}],
        # 10 % of 375 is 37.5.
        taxes_amount_cents="38",
        taxes_rate="10",
        coupons_adjustment_amount_cents="125",
    ),
    # 20 of 31 days are left, of which 10 were credited: 1000, less 100 of the coupon, with 10 %.
    _case(
        "a note after a note, a coupon, nothing paid",
        "proration",
        "termination_credit_note",
        {
            "plan_amount_cents": 3100,
            "pay_in_advance": True,
            "started_at": "2023-01-01T00:00:00Z",
            "terminated_at": "2023-03-11T10:00:00Z",
            "tax_rate_percent": "10",
            "coupon_amount_cents": 310,
            "existing_credit_note_item_cents": 1000,
            "mode": "credit",
        },
        item_precise_amount_cents="1000",
        sub_total_amount_cents="900",
        taxes_amount_cents="90",
        credit_amount_cents="990",
        refund_amount_cents="0",
    ),
]


def _fee_tax(name: str, taxes: str, rate: str, **inputs: Any) -> Case:
    return _case(
        name,
        "tax",
        "fee_tax",
        {"fee_amount_cents": 1000, **inputs},
        taxes_amount_cents=taxes,
        taxes_rate=rate,
    )


_TAXES = [
    _fee_tax(
        "the charge before its plan and the customer",
        "75",
        "7.5",
        charge_tax_rates=["5", "2.5"],
        plan_tax_rates=["20"],
        customer_tax_rates=["19"],
    ),
    _fee_tax(
        "a base fee is of the plan, whatever charges bear",
        "200",
        "20",
        fee_type="subscription",
        charge_tax_rates=["5"],
        plan_tax_rates=["20"],
    ),
    _fee_tax(
        "a commitment before its plan", "10", "1", commitment_tax_rates=["1"], plan_tax_rates=["2"]
    ),
    _fee_tax(
        "an add-on knows no plan", "30", "3", add_on_tax_rates=["3"], billing_entity_tax_rates=["9"]
    ),
    _fee_tax(
        "a fixed charge of a taxed customer",
        "60",
        "6",
        fee_type="fixed_charge",
        customer_tax_rates=["6"],
        billing_entity_tax_rates=["9"],
    ),
    _fee_tax("the entity at last", "90", "9", plan_tax_rates=[], billing_entity_tax_rates=["9"]),
    _fee_tax("nobody taxes it", "0", "0"),
    # 90 % of 1000 at 10 %.
    _case(
        "a tax on what a percentage leaves of two fees",
        "tax",
        "invoice_tax",
        {
            "fees": [
                {"type": "subscription", "amount_cents": 600, "tax_rates": ["10"]},
                {"type": "charge", "amount_cents": 400, "tax_rates": ["10", "10"]},
            ],
            "coupons": [{"type": "percentage", "rate": "10", "frequency": "forever"}],
        },
        # One tax of 10 % on both, another one on the second.
        per_tax=[
            {"rate": "10", "base": "900", "amount_cents": "90"},
            {"rate": "10", "base": "360", "amount_cents": "36"},
        ],
        taxes_amount_cents="126",
        taxes_rate="14",
        fee1_coupon="60",
        fee2_taxes_amount_cents="72",
    ),
]
_PLACES = [
    _case(
        f"EU VAT of {code}",
        "tax",
        "eu_vat",
        {"billing_entity_country": entity, "customer": customer},
        tax_code=code,
    )
    for code, entity, customer in (
        ("lago_eu_fr_reunion", "FR", {"country": "FR", "zipcode": "97411"}),
        ("lago_eu_tax_exempt", "DE", {"country": "US", "zipcode": "97411"}),
        ("lago_eu_es_standard", "ES", {}),
        ("lago_eu_reverse_charge", "FR", {"country": "DE", "vat_id": "DE1", "vat_valid": True}),
        ("lago_eu_gr_standard", "GR", {"country": "DE", "vat_id": "EL94", "vat_valid": True}),
        (
            "lago_eu_pt_standard",
            "FR",
            {"country": "PT", "vat_id": "PT501442600", "vat_valid": False},
        ),
        ("lago_eu_it_livigno", "IT", {"zipcode": "23041", "country": "IT"}),
    )
]
CREDITS = [*_AMOUNTS, *_STACKS, *_DISTRIBUTIONS, *_FRACTIONS, *_NOTES, *_TAXES, *_PLACES]

"""Cases of wallets, of lots in them and of what notes pay, with other numbers and combinations of their keys.

Belongs here: cases in the format of tests/cases/cases.json whose amounts are worked by hand. Does not belong here: how
they are run (`test_cases`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.cases.reading import Case


def _case(
    name: str, kind: str, subkind: str, inputs: Mapping[str, Any], /, **expected: Any
) -> Case:
    return Case(name, kind, subkind, inputs, expected)


WALLETS = [
    # The charges of calls are one bucket of 90, before the base fee's of 80.
    _case(
        "two charges of a metric are one bucket",
        "wallet",
        "wallet_allocation",
        {
            "wallets_in_created_order": [
                {"id": "any", "priority": 2, "balance_cents": 100},
                {
                    "id": "base",
                    "priority": 1,
                    "balance_cents": 500,
                    "allowed_fee_types": ["subscription"],
                    "limited_to_metrics": ["seats"],
                },
                {"id": "dollars", "priority": 1, "balance_cents": 500, "currency": "USD"},
                {"id": "late", "priority": 50, "balance_cents": 3},
                {"id": "nobody", "priority": 1, "balance_cents": 3, "limited_to_metrics": ["x"]},
            ],
            "fees": [
                {"type": "subscription", "amount_cents": "80"},
                {"type": "charge", "metric": "calls", "amount_cents": "50"},
                {"type": "charge", "metric": "calls", "amount_cents": "40"},
                {"type": "charge", "metric": "seats", "amount_cents": "60"},
            ],
            "invoice_total_cents": "230",
            "invoice_currency": "EUR",
        },
        base="140",
        any="90",
        dollars="0",
        late="0",
        nobody="0",
        base_balance_after_cents="360",
        total="230",
        total_amount_cents="0",
    ),
    _case(
        "lots by priority, expiry, kind and age",
        "wallet",
        "inbound_consumption",
        {
            "invoice_total_cents": 100,
            "inbound": [
                {"kind": "purchased", "remaining_cents": 30},
                {"kind": "granted", "remaining_cents": 30},
                {"kind": "purchased", "remaining_cents": 30, "expires_at": "2025-02-01"},
                {"kind": "purchased", "remaining_cents": 30, "priority": 1},
            ],
        },
        prepaid_granted_cents="30",
        prepaid_purchased_cents="70",
        remaining_cents=["20", "0", "0", "0"],
    ),
    # 7 credits at 0.3 are 2.1; 0.5 less leaves 1.6, which is 5.33333 credits.
    _case(
        "credits of a rate that does not divide",
        "wallet",
        "balance",
        {"credits_balance": "7", "outbound_amount": "0.5", "rate": "0.3", "currency": "USD"},
        balance_cents="160",
        credits_balance="5.33333",
        consumed_credits="1.66666",
    ),
    _case(
        "credits beside those that were there",
        "wallet",
        "balance",
        {"balance_cents": 1000, "credits_balance": "10", "inbound_credits": "2.5", "rate": "1"},
        balance_cents="1250",
        credits_balance="12.5",
    ),
    # 1034 x 0.001 = 1.034, which is 1.03, which buys 1030.
    _case(
        "bought credits are those that the money buys",
        "wallet",
        "credit_conversion",
        {"credits": "1034", "rate": "0.001", "currency": "EUR", "invoiceable": True},
        credit_amount="1030",
        amount="1.03",
        rounds_to_zero=False,
    ),
    _case(
        "three notes, the last of which is not needed in full",
        "wallet",
        "credit_note_application",
        {"invoice_total_cents": 100, "credit_notes_oldest_first": [30, 20, 70], "currency": "EUR"},
        credits=["30", "20", "50"],
        balances_after=["0", "0", "20"],
        total_amount_cents="0",
    ),
    _case(
        "a wallet that runs dry in the second of three months",
        "wallet",
        "wallet_scenario",
        {
            "granted_credits": "10",
            "paid_credits": "5",
            "rate": "2",
            "currency": "EUR",
            "invoices": [
                {"charge": "20", "tax_rate_percent": "10"},
                {"charge": "10", "tax_rate_percent": "10"},
                {"charge": "1", "tax_rate_percent": "10"},
            ],
        },
        invoice_totals_incl_tax=["22", "11", "1.1"],
        prepaid=["22", "8", "0"],
        balance_after=["8", "0", "0"],
        invoice_total_amount=["0", "3", "1.1"],
    ),
    # -30 is 35 below 5; a step is 10 + 5, and three exceed 35.
    _case(
        "a gap between two multiples of what is sold and given",
        "wallet",
        "threshold_top_up",
        {
            "ongoing_credits": "-30",
            "threshold_credits": "5",
            "method": "fixed",
            "paid_credits": "10",
            "granted_credits": "5",
            "rate": "1",
        },
        paid_credits="30",
        granted_credits="15",
    ),
    # A gap of exactly two steps is filled by three.
    _case(
        "a gap of whole multiples",
        "wallet",
        "threshold_top_up",
        {
            "ongoing_credits": "-90",
            "threshold_credits": "10",
            "method": "fixed",
            "paid_credits": "50",
            "rate": "0.5",
        },
        paid_credits="150",
        granted_credits="0",
    ),
    _case(
        "a balance above the threshold",
        "wallet",
        "threshold_top_up",
        {
            "ongoing_credits": "10.00001",
            "threshold_credits": "10",
            "method": "fixed",
            "paid_credits": "50",
            "rate": "1000",
        },
        paid_credits="0",
    ),
    # 10 credits are 20.00, less 12 are 8.00, 4 credits; to 10 credits lack 12.00, and 15.00 at least are sold.
    _case(
        "a target that is sold for the minimum",
        "wallet",
        "threshold_top_up",
        {
            "granted_credits": "10",
            "usage_cents": 1200,
            "threshold_credits": "4",
            "method": "target",
            "target_ongoing_balance": "10",
            "paid_top_up_min_amount_cents": 1500,
            "rate": "2",
        },
        top_up_credits="7.5",
        kind="purchased",
        credits_balance_after="10",
    ),
    # 1000 yen less 985 are 15, 1.5 credits; to 3 credits lack 15 yen, at most 12 are sold: 1.2 credits.
    _case(
        "a target that is sold up to the maximum",
        "wallet",
        "threshold_top_up",
        {
            "granted_credits": "100",
            "invoice_cents": 985,
            "threshold_credits": "1.5",
            "method": "target",
            "target_ongoing_balance": "3",
            "paid_top_up_max_amount_cents": 12,
            "rate": "10",
            "currency": "JPY",
        },
        top_up_credits="1.2",
        kind="purchased",
        prepaid_credit_amount_cents="985",
        credits_balance_after="2.7",
    ),
]

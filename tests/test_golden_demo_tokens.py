"""The demo's invoices by model and kind of token, by hand: list price per million, and 20 % on top.

Usage comes from `orchestration/demo/model_usage.py`, list prices from `seeds/token_prices/`. A filter's default and
every filter have a line; those that nothing matched are lines of 0.
"""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from tests.conftest import ClosedCompany

OCTOBER, NOVEMBER, DECEMBER = "2025-10-01 04:00:00", "2025-11-01 04:00:00", "2025-12-01 05:00:00"
FROM_2_DECEMBER = "2025-12-02 05:00:00"

# Close date: (filter, start of the service period) to (tokens, amount) of what was used; amount due; number of lines.
GOLDEN = {
    "2025-11-01": (
        {
            # 1.25 x 1.2 = 1.5: 12.345678 x 1.5 = 18.518517.
            ("gpt-5/input", OCTOBER): (12_345_678, "18.52"),
            # 10 x 1.2 = 12: 1.234567 x 12 = 14.814804.
            ("gpt-5/output", OCTOBER): (1_234_567, "14.81"),
            # 0.125 x 1.2 = 0.15: 40 x 0.15.
            ("gpt-5/cached", OCTOBER): (40_000_000, "6.00"),
            # gpt-5-mini-2025-08-07 is another name of it. 0.25 x 1.2 = 0.3: 9.999999 x 0.3 = 2.9999997.
            ("gpt-5-mini/input", OCTOBER): (9_999_999, "3.00"),
            # 3 x 1.2 = 3.6: 3.000001 x 3.6 = 10.8000036.
            ("claude-sonnet-4-5/input", OCTOBER): (3_000_001, "10.80"),
            # 15 x 1.2 = 18: 0.75 x 18.
            ("claude-sonnet-4-5/output", OCTOBER): (750_000, "13.50"),
            # Three properties match more narrowly than two. 6 x 1.2 = 7.2: 2.5 x 7.2.
            ("claude-sonnet-4-5/input/over_200000", OCTOBER): (2_500_000, "18.00"),
            # 2,000,000 of input and 1,000,000 cached, which cost the same. 0.3 x 1.2 = 0.36: 3 x 0.36.
            ("codestral/input", OCTOBER): (3_000_000, "1.08"),
            # 0.0375 x 1.2 = 0.045: 333 x 0.045 = 14.985, half away from zero.
            ("command-r7b/input", OCTOBER): (333_000_000, "14.99"),
            # A model that is not listed, 1,000,000, and reasoning tokens of gpt-5, 500,000. 5 x 1.2 = 6: 1.5 x 6.
            (None, OCTOBER): (1_500_000, "9.00"),
        },
        # 18.52 + 14.81 + 6 + 3 + 10.80 + 13.50 + 18 + 1.08 + 14.99 + 9.
        "109.70",
        # The base fee, the default, 76 filters.
        78,
    ),
    "2025-12-01": (
        {
            # One token less than half a cent: 332.999999 x 0.045 = 14.984999955.
            ("command-r7b/input", NOVEMBER): (332_999_999, "14.98"),
            # 0.15 x 1.2 = 0.18: 0.00006 x 0.18 = 0.0000108.
            ("command-r7b/output", NOVEMBER): (60, "0.00"),
            # 8 x 1.5; over 200,000 tokens of context 2.5 x 1.2 = 3.
            ("gemini-2.5-pro/input", NOVEMBER): (8_000_000, "12.00"),
            ("gemini-2.5-pro/input/over_200000", NOVEMBER): (1_000_000, "3.00"),
            # 0.6 x 1.2 = 0.72: 77.777777 x 0.72 = 55.99999944.
            ("gpt-4o-mini/output", NOVEMBER): (77_777_777, "56.00"),
        },
        # 14.98 + 0 + 12 + 3 + 56.
        "85.98",
        78,
    ),
    "2026-01-01": (
        {
            # The list price goes from 0.1 to 0.15 on 2 December: 0.12, then 0.18.
            # 20 x 0.12; then A(100) - A(20) = 100 x 0.18 - 20 x 0.18 = 18 - 3.6.
            ("ministral-8b-latest/input", DECEMBER): (20_000_000, "2.40"),
            ("ministral-8b-latest/input", FROM_2_DECEMBER): (80_000_000, "14.40"),
            # 5 x 12.
            ("gpt-5/output", FROM_2_DECEMBER): (5_000_000, "60.00"),
        },
        # 2.40 + 14.40 + 60.
        "76.80",
        # The base fee; twice the default and 76 filters, and the price of cached tokens that begins on 2 December.
        156,
    ),
}


@pytest.mark.parametrize("close_date", GOLDEN)
def test_invoice_by_hand(demo: ClosedCompany, close_date: str) -> None:
    used, due, line_count = GOLDEN[close_date]
    [(number, amount_due)] = demo.finance(
        f"""
        select invoice_number, amount_due from invoices
        where payer_customer_id = 'cust_quill' and close_date = '{close_date}'
        """
    )
    lines = demo.finance(
        f"""
        select fee_type, filter_code, cast(service_period_start as varchar), quantity, amount
        from invoice_lines where invoice_number = '{number}' order by line_number
        """
    )
    found = {
        (filter_code, start): (quantity, amount)
        for fee_type, filter_code, start, quantity, amount in lines
        if fee_type == "charge" and quantity != 0
    }
    assert found == {key: (D(tokens), D(amount)) for key, (tokens, amount) in used.items()}
    assert sum(amount for *_, amount in lines) == amount_due == D(due)
    assert len(lines) == line_count


def test_the_price_of_a_token_has_every_decimal(demo: ClosedCompany) -> None:
    """List price 0.0375 per million x 1.2 is 0.000000045 a token; 333,000,000 of them are 14.985."""
    rows = demo.finance(
        """
        select distinct unit_amount, max(amount_unrounded) from invoice_lines
        where filter_code = 'command-r7b/input' and quantity = 333000000 group by all
        """
    )
    assert rows == [(D("0.000000045"), D("14.985"))]

"""The demo's invoices, by hand. Each plan of the story is a case; its arithmetic is written out.

Usage comes from `orchestration/demo/story.py`, prices from `seeds/`. A line is rounded half away from zero once; an
invoice's tax is the rounded sum of the exact taxes; amount due = fees + tax - prepaid credit.
"""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from tests.conftest import ClosedCompany
from tests.golden_invoices import check_invoice

# (customer, close date): lines as (fee type, quantity, amount), tax, prepaid credit, amount due.
GOLDEN = {
    # Plan 1: 99/month in advance + 0.01 per API call, with a prepaid pack of 500.
    # 1 October: the base fee of October alone. Tax 99 x 8.875 % = 8.78625. The pack pays all of 107.79.
    ("cust_atlas", "2025-10-01"): ([("subscription", 1, "99.00")], "8.79", "107.79", "0.00"),
    # 1 November: base of November; October's 12,345 calls x 0.01 = 123.45.
    # Tax 222.45 x 8.875 % = 19.7424375; the pack has 500 - 107.79 = 392.21 and pays all of 242.19.
    ("cust_atlas", "2025-11-01"): (
        [("subscription", 1, "99.00"), ("charge", 12_345, "123.45")], "19.74", "242.19", "0.00",
    ),
    # 1 December: 20,000 x 0.01 = 200. Tax 299 x 8.875 % = 26.53625. What is left of the pack,
    # 392.21 - 242.19 = 150.02, pays a part; the overage 325.54 - 150.02 = 175.52 is due.
    ("cust_atlas", "2025-12-01"): (
        [("subscription", 1, "99.00"), ("charge", 20_000, "200.00")], "26.54", "150.02", "175.52",
    ),
    # 1 January: 31,415 x 0.01 = 314.15. Tax 413.15 x 8.875 % = 36.6670625. The pack is used up.
    ("cust_atlas", "2026-01-01"): (
        [("subscription", 1, "99.00"), ("charge", 31_415, "314.15")], "36.67", "0.00", "449.82",
    ),
    # Plan 1 without a pack: 8,000, 9,876 and 10,001 calls.
    ("cust_beacon", "2025-10-01"): ([("subscription", 1, "99.00")], "8.79", "0.00", "107.79"),
    # Tax 179 x 8.875 % = 15.88625.
    ("cust_beacon", "2025-11-01"): (
        [("subscription", 1, "99.00"), ("charge", 8_000, "80.00")], "15.89", "0.00", "194.89",
    ),
    # Tax 197.76 x 8.875 % = 17.5512.
    ("cust_beacon", "2025-12-01"): (
        [("subscription", 1, "99.00"), ("charge", 9_876, "98.76")], "17.55", "0.00", "215.31",
    ),
    # Tax 199.01 x 8.875 % = 17.6621375.
    ("cust_beacon", "2026-01-01"): (
        [("subscription", 1, "99.00"), ("charge", 10_001, "100.01")], "17.66", "0.00", "216.67",
    ),
    # Plan 2: 100/month in arrears with 1,000,000 tokens, then 0.02 per 1,000.
    # 250,000 above x 0.00002 = 5.00. Tax 105 x 8.875 % = 9.31875.
    ("cust_delta", "2025-11-01"): (
        [("subscription", 1, "100.00"), ("charge", 1_250_000, "5.00")], "9.32", "0.00", "114.32",
    ),
    # Exactly what is included. Tax 100 x 8.875 % = 8.875, half away from zero.
    ("cust_delta", "2025-12-01"): (
        [("subscription", 1, "100.00"), ("charge", 1_000_000, "0.00")], "8.88", "0.00", "108.88",
    ),
    # 2,456,789 above x 0.00002 = 49.13578. Tax 149.14 x 8.875 % = 13.236175.
    ("cust_delta", "2026-01-01"): (
        [("subscription", 1, "100.00"), ("charge", 3_456_789, "49.14")], "13.24", "0.00", "162.38",
    ),
    # Plan 3: 50/month with 500,000 tokens, then 0.01 per 1,000; VAT 19 %. One token below, one above, and far above.
    ("cust_hanse", "2025-11-01"): (
        [("subscription", 1, "50.00"), ("charge", 499_999, "0.00")], "9.50", "0.00", "59.50",
    ),
    # 1 x 0.00001 rounds to 0.00.
    ("cust_hanse", "2025-12-01"): (
        [("subscription", 1, "50.00"), ("charge", 500_001, "0.00")], "9.50", "0.00", "59.50",
    ),
    # 1,250,000 x 0.00001 = 12.50. Tax 62.50 x 19 % = 11.875.
    ("cust_hanse", "2026-01-01"): (
        [("subscription", 1, "50.00"), ("charge", 1_750_000, "12.50")], "11.88", "0.00", "74.38",
    ),
    # Plan 4: 99/month in advance + 0.002 per token, with lots of 50 (granted) and 600 (purchased); VAT 21 %.
    # 99 x 21 % = 20.79.
    ("cust_iris", "2025-10-01"): ([("subscription", 1, "99.00")], "20.79", "119.79", "0.00"),
    # 60,000 x 0.002 = 120. Tax 219 x 21 % = 45.99. Left: 650 - 119.79 = 530.21.
    ("cust_iris", "2025-11-01"): (
        [("subscription", 1, "99.00"), ("charge", 60_000, "120.00")], "45.99", "264.99", "0.00",
    ),
    # 123,456 x 0.002 = 246.912. Tax 345.91 x 21 % = 72.6411. Left: 530.21 - 264.99 = 265.22 of 418.55.
    ("cust_iris", "2025-12-01"): (
        [("subscription", 1, "99.00"), ("charge", 123_456, "246.91")], "72.64", "265.22", "153.33",
    ),
    # 98,765 x 0.002 = 197.53. Tax 296.53 x 21 % = 62.2713.
    ("cust_iris", "2026-01-01"): (
        [("subscription", 1, "99.00"), ("charge", 98_765, "197.53")], "62.27", "0.00", "358.80",
    ),
    # Plan 5: first 10,000 at 0.01, next 90,000 at 0.008, then 0.005; taxes 4 + 4.5 + 0.375 %.
    # 9,999 x 0.01 = 99.99. Tax 99.99 x 8.875 % = 8.8741125.
    ("cust_fable", "2025-11-01"): (
        [("subscription", 1, "0.00"), ("charge", 9_999, "99.99")], "8.87", "0.00", "108.86",
    ),
    # 100 + 90,000 x 0.008 = 820. Tax 72.775.
    ("cust_fable", "2025-12-01"): (
        [("subscription", 1, "0.00"), ("charge", 100_000, "820.00")], "72.78", "0.00", "892.78",
    ),
    # 100 + 720 + 150,000 x 0.005 = 1,570. Tax 139.3375.
    ("cust_fable", "2026-01-01"): (
        [("subscription", 1, "0.00"), ("charge", 250_000, "1570.00")], "139.34", "0.00", "1709.34",
    ),
    # Plan 5 at scale: first 1,000,000 at 0.01, then 0.008; and 10^-12 per GFLOP of training. No tax.
    # 1,234,565,000,000,000 x 10^-12 = 1,234.565: half away from zero.
    ("cust_granite", "2025-11-01"): (
        [
            ("subscription", 1, "0.00"), ("charge", 1_000_000, "10000.00"),
            ("charge", 1_234_565_000_000_000, "1234.57"),
        ],
        "0.00", "0.00", "11234.57",
    ),
    # The last of 25 digits decides: 1,234,564,999,999,999.999999999 x 10^-12 = 1,234.564999999999999999999.
    ("cust_granite", "2025-12-01"): (
        [
            ("subscription", 1, "0.00"), ("charge", 1_500_000, "14000.00"),
            ("charge", "1234564999999999.999999999", "1234.56"),
        ],
        "0.00", "0.00", "15234.56",
    ),
    # 10,000 + 1,000,001 x 0.008 = 18,000.008; 999.999999999999999999999 rounds to 1,000.
    ("cust_granite", "2026-01-01"): (
        [
            ("subscription", 1, "0.00"), ("charge", 2_000_001, "18000.01"),
            ("charge", "999999999999999.999999999", "1000.00"),
        ],
        "0.00", "0.00", "19000.01",
    ),
    # Plan 6: 20/month + 2.50 per started 1,000 inferences: 20, 21 and 20 packages.
    ("cust_everest", "2025-11-01"): (
        [("subscription", 1, "20.00"), ("charge", 20_000, "50.00")], "0.00", "0.00", "70.00",
    ),
    ("cust_everest", "2025-12-01"): (
        [("subscription", 1, "20.00"), ("charge", 20_001, "52.50")], "0.00", "0.00", "72.50",
    ),
    ("cust_everest", "2026-01-01"): (
        [("subscription", 1, "20.00"), ("charge", 19_999, "50.00")], "0.00", "0.00", "70.00",
    ),
    # Plan 7: 10/week + 0.12 per GB, weeks in Los Angeles. 100.000000001 x 0.12 = 12.00000000012.
    ("cust_cinder", "2025-10-13"): (
        [("subscription", 1, "10.00"), ("charge", "100.000000001", "12.00")], "0.00", "0.00", "22.00",
    ),
    # 250.5 x 0.12 = 30.06.
    ("cust_cinder", "2025-10-20"): (
        [("subscription", 1, "10.00"), ("charge", "250.5", "30.06")], "0.00", "0.00", "40.06",
    ),
    # 99.999999999 x 0.12 = 11.99999999988.
    ("cust_cinder", "2025-10-27"): (
        [("subscription", 1, "10.00"), ("charge", "99.999999999", "12.00")], "0.00", "0.00", "22.00",
    ),
    # The week in which Los Angeles leaves summer time: 123.456789012 x 0.12 = 14.81481468144.
    ("cust_cinder", "2025-11-03"): (
        [("subscription", 1, "10.00"), ("charge", "123.456789012", "14.81")], "0.00", "0.00", "24.81",
    ),
    # 87.125 x 0.12 = 10.455: half away from zero.
    ("cust_cinder", "2025-11-10"): (
        [("subscription", 1, "10.00"), ("charge", "87.125", "10.46")], "0.00", "0.00", "20.46",
    ),
    # Plan 8: 12,000 for the year 2026, in advance, billed from 2026 although it runs since 2025.
    ("cust_nimbus", "2026-01-01"): ([("subscription", 1, "12000.00")], "0.00", "0.00", "12000.00"),
    # Yen have no minor unit: 15,001 x 0.5 = 7,500.5 rounds to 7,501. Tax 8,501 x 10 % = 850.1.
    ("cust_koi", "2025-11-01"): (
        [("subscription", 1, "1000"), ("charge", 15_001, "7501")], "850", "0", "9351",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("customer", "close_date"), GOLDEN)
def test_invoice_by_hand(demo: ClosedCompany, customer: str, close_date: str) -> None:
    check_invoice(demo, customer, close_date, GOLDEN[customer, close_date])


def test_three_taxes_share_the_rounded_whole(demo: ClosedCompany) -> None:
    """Fable, December: 99.99 x (4, 4.5, 0.375) % = 3.9996, 4.49955, 0.3749625; together 8.8741125, rounded 8.87.

    Whole cents are 3.99 + 4.49 + 0.37 = 8.85; the two odd cents go to the largest remainders, 0.0096 and 0.00955.
    """
    rows = demo.finance(
        """
        select tax_code, invoice_taxes.tax_amount from invoice_taxes
        inner join invoices using (invoice_number)
        where payer_customer_id = 'cust_fable' and close_date = '2025-11-01' order by tax_code
        """
    )
    assert rows == [
        ("us_ny_city", D("4.50")),
        ("us_ny_mctd", D("0.37")),
        ("us_ny_state", D("4.00")),
    ]


def test_granted_credit_goes_before_purchased(demo: ClosedCompany) -> None:
    """Iris: the welcome lot is granted on 15 October, so only the bundle can pay on 1 October."""
    rows = demo.finance(
        """
        select close_date::varchar, lot_id, opening_amount, granted_amount, used_amount, closing_amount
        from credit_ledger where customer_id = 'cust_iris' order by 1, 2
        """
    )
    assert rows == [
        ("2025-10-01", "lot_iris_bundle", D(0), D(600), D("119.79"), D("480.21")),
        ("2025-10-20", "lot_iris_welcome", D(0), D(50), D(0), D(50)),
        ("2025-11-01", "lot_iris_bundle", D("480.21"), D(0), D("214.99"), D("265.22")),
        ("2025-11-01", "lot_iris_welcome", D(50), D(0), D(50), D(0)),
        ("2025-12-01", "lot_iris_bundle", D("265.22"), D(0), D("265.22"), D(0)),
    ]


def test_months_are_cut_at_local_midnight(demo: ClosedCompany) -> None:
    rows = demo.finance(
        """
        select distinct subscription_id, service_period_start::varchar, service_period_end::varchar
        from invoice_lines
        where fee_type = 'charge' and subscription_id in ('sub_everest', 'sub_hanse', 'sub_atlas')
        and service_period_start < '2025-10-02' order by 1
        """
    )
    assert rows == [
        ("sub_atlas", "2025-10-01 04:00:00", "2025-11-01 04:00:00"),
        ("sub_everest", "2025-09-30 18:15:00", "2025-10-31 18:15:00"),
        # Berlin leaves summer time in October: the month begins at +02:00 and ends at +01:00.
        ("sub_hanse", "2025-09-30 22:00:00", "2025-10-31 23:00:00"),
    ]


def test_every_line_has_its_verdict(demo: ClosedCompany) -> None:
    """What the story's defects became; the rest was billed, or is open."""
    verdicts = dict(
        demo.warehouse(
            "select verdict, sum(event_count) from metering.fct_event_verdicts group by 1"
        )
    )
    assert {k: v for k, v in verdicts.items() if k not in ("billed",)} == {
        # Without a timestamp they are of the instant at which they came, on 1 January.
        "open": 5,
        "no_active_subscription": 55,
        "unknown_metric": 40,
        "before_start": 20,
    }
    assert sum(verdicts.values()) == 322_496


def test_rejected_lines_are_published_with_their_reason(demo: ClosedCompany) -> None:
    rows = demo.finance("select reason, count(*) from rejected_events group by 1 order by 1")
    assert rows == [
        ("bad_timestamp", 10),
        ("conflict", 60),
        ("missing_code", 10),
        ("not_json", 10),
        ("timestamp_without_offset", 10),
        ("too_precise", 10),
    ]

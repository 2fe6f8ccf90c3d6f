"""The demo's invoices that depend on order, on days held, or on each event alone, by hand.

Usage comes from `orchestration/demo/single_events.py`, prices from `seeds/`. Only Rhea has prepaid something
(hours), and only Pluto is taxed.
"""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from tests.conftest import ClosedCompany
from tests.golden_invoices import check_invoice

# (customer, close date): lines as (fee type, quantity, amount), tax, prepaid credit, amount due.
GOLDEN = {
    # Seats: 20/month + 30 per seat and month by days; a seat's first and last day both count, a day once.
    # October: ann 1-31 = 31 days, bob 1-20 and 25-31 = 27, cy 16-31 = 16. 74 x 30 / 31 = 71.6129...; 74/31 seats.
    ("cust_lyra", "2025-11-01"): (
        [("subscription", 1, "20.00"), ("charge", "2.387096774", "71.61")], "0.00", "0.00", "91.61",
    ),
    # November: ann 1-10 = 10 days, bob and cy 30 each, dee the last day. 71 x 30 / 30 = 71.
    ("cust_lyra", "2025-12-01"): (
        [("subscription", 1, "20.00"), ("charge", "2.366666667", "71.00")], "0.00", "0.00", "91.00",
    ),
    # December: bob, cy and dee, of whom nothing was heard in it. 3 x 30 = 90.
    ("cust_lyra", "2026-01-01"): (
        [("subscription", 1, "20.00"), ("charge", 3, "90.00")], "0.00", "0.00", "110.00",
    ),
    # In advance: the first 100 minutes of a month at 0.105, then 0.0825; each event is billed by the next close.
    # Totals 33.3, 66.7, 116.75: A = 3.4965, 7.0035, 10.5 + 16.75 x 0.0825 = 11.881875, rounded 3.50, 7.00, 11.88.
    # The third event is in the last microsecond before 13 October.
    ("cust_mosaic", "2025-10-13"): (
        [
            ("charge_in_advance", "33.3", "3.50"), ("charge_in_advance", "33.4", "3.50"),
            ("charge_in_advance", "50.05", "4.88"),
        ],
        "0.00", "0.00", "11.88",
    ),
    # The correction of 10 gives nothing back; of the 15 after it, 10 were paid before. The mark goes from 116.75 to
    # 121.75: 10.5 + 21.75 x 0.0825 = 12.294375, rounded 12.29, less 11.88.
    ("cust_mosaic", "2025-10-20"): (
        [("charge_in_advance", 0, "0.00"), ("charge_in_advance", 15, "0.41")], "0.00", "0.00", "0.41",
    ),
    # The base fee of October, in arrears; nothing of October's usage is left to bill.
    ("cust_mosaic", "2025-11-01"): ([("subscription", 1, "15.00")], "0.00", "0.00", "15.00"),
    # A new month counts from 0: 40 x 0.105.
    ("cust_mosaic", "2025-12-01"): (
        [("subscription", 1, "15.00"), ("charge_in_advance", 40, "4.20")], "0.00", "0.00", "19.20",
    ),
    # The last microsecond of the year: 5 x 0.105 = 0.525, half away from zero.
    ("cust_mosaic", "2026-01-01"): (
        [("subscription", 1, "15.00"), ("charge_in_advance", 5, "0.53")], "0.00", "0.00", "15.53",
    ),
    # Payments: 2.9 % + 0.30 each, at most 5; the first of a month is free.
    # 10 is free; 49.99 x 2.9 % + 0.30 = 1.74971; 200 x 2.9 % + 0.30 = 6.10, cut to 5; 100 x 2.9 % + 0.30 = 3.20.
    # 1.74971 + 5 + 3.20 = 9.94971.
    ("cust_orbit", "2025-11-01"): (
        [("subscription", 1, "0.00"), ("charge", "359.99", "9.95")], "0.00", "0.00", "9.95",
    ),
    # No payment, no fixed part.
    ("cust_orbit", "2025-12-01"): (
        [("subscription", 1, "0.00"), ("charge", 0, "0.00")], "0.00", "0.00", "0.00",
    ),
    # 10.345 is free; 17.25 x 2.9 % + 0.30 = 0.80025; 1,000,000.01 is cut to 5; 0.01 x 2.9 % + 0.30 = 0.30029.
    # 0.80025 + 5 + 0.30029 = 6.10054.
    ("cust_orbit", "2026-01-01"): (
        [("subscription", 1, "0.00"), ("charge", "1000027.615", "6.10")], "0.00", "0.00", "6.10",
    ),
    # Stored vectors: 1.20 EUR per GB held for a month; VAT 19 %. Berlin's October has 31 x 24 + 1 = 745 hours.
    # 100 GB all month; 50 GB from the 17th, 07:00, after 16 x 24 + 7 = 391 hours, so for 354; 30 GB less from the 26th,
    # 02:30 winter time, after 25 x 24 + 3.5 = 603.5 hours, so for 141.5.
    # 100 + (50 x 354 - 30 x 141.5) / 745 = 100 + 13,455 / 745 = 118.060402684..., half up at nine decimals.
    # 118.060402685 x 1.2 = 141.672483222. Tax 141.67 x 19 % = 26.9173.
    ("cust_pluto", "2025-11-01"): (
        [("subscription", 1, "0.00"), ("charge", "118.060402685", "141.67")], "26.92", "0.00", "168.59",
    ),
    # 120 GB came over; 20 less for the second half of the month: 110 x 1.2 = 132. Tax 25.08.
    ("cust_pluto", "2025-12-01"): (
        [("subscription", 1, "0.00"), ("charge", 110, "132.00")], "25.08", "0.00", "157.08",
    ),
    # 100 GB came over, and no event: 100 x 1.2 = 120. Tax 22.80.
    ("cust_pluto", "2026-01-01"): (
        [("subscription", 1, "0.00"), ("charge", 100, "120.00")], "22.80", "0.00", "142.80",
    ),
    # GPU hours: 30/month, 100 hours at 2.40 and more at 2.00; from 16 November 45/month, 2.20 and 1.80.
    # 60 x 2.40 = 144.
    ("cust_rhea", "2025-11-01"): (
        [("subscription", 1, "30.00"), ("charge", 60, "144.00")], "0.00", "0.00", "174.00",
    ),
    # Base 30 x 15/30 = 15 and 45 x 15/30 = 22.50. Hours 80 before and 50 after: 80 x 2.40 = 192; then by the new prices
    # A(130) - A(80) = (100 x 2.20 + 30 x 1.80) - 80 x 2.20 = 274 - 176 = 98. The tier of 100 hours is given once.
    ("cust_rhea", "2025-12-01"): (
        [
            ("subscription", 1, "15.00"), ("subscription", 1, "22.50"),
            ("charge", 80, "192.00"), ("charge", 50, "98.00"),
        ],
        "0.00", "0.00", "327.50",
    ),
    # 8 of the 10.5 hours are prepaid by a pack of 5 December: 2.5 x 2.20 = 5.50.
    ("cust_rhea", "2026-01-01"): (
        [("subscription", 1, "45.00"), ("charge", "10.5", "5.50")], "0.00", "0.00", "50.50",
    ),
    # A ramp: 20/month and 0.004 per call in the first two months from 15 October, then 50 and 0.006.
    # 17 of 31 days: 20 x 17 / 31 = 10.9677...; 1,000 x 0.004 = 4.
    ("cust_solis", "2025-11-01"): (
        [("subscription", 1, "10.97"), ("charge", 1_000, "4.00")], "0.00", "0.00", "14.97",
    ),
    # 2,500 x 0.004 = 10.
    ("cust_solis", "2025-12-01"): (
        [("subscription", 1, "20.00"), ("charge", 2_500, "10.00")], "0.00", "0.00", "30.00",
    ),
    # 20 x 14 / 31 = 9.0322...; 50 x 17 / 31 = 27.4193...; 1,000 x 0.004 = 4; (1,500 - 1,000) x 0.006 = 3.
    ("cust_solis", "2026-01-01"): (
        [
            ("subscription", 1, "9.03"), ("subscription", 1, "27.42"),
            ("charge", 1_000, "4.00"), ("charge", 500, "3.00"),
        ],
        "0.00", "0.00", "43.45",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("customer", "close_date"), GOLDEN)
def test_invoice_by_hand(demo: ClosedCompany, customer: str, close_date: str) -> None:
    check_invoice(demo, customer, close_date, GOLDEN[customer, close_date])


def test_no_invoice_but_these(demo: ClosedCompany) -> None:
    customers = ", ".join(f"'{customer}'" for customer in {customer for customer, _ in GOLDEN})
    rows = demo.finance(
        f"""
        select payer_customer_id, cast(close_date as varchar) from invoices
        where payer_customer_id in ({customers}) order by 1, 2
        """
    )
    assert rows == sorted(GOLDEN)


def test_fees_in_advance_name_their_event(demo: ClosedCompany) -> None:
    rows = demo.finance(
        """
        select event_id, amount from invoice_lines
        where subscription_id = 'sub_mosaic' and fee_type = 'charge_in_advance' order by event_id
        """
    )
    assert rows == [
        ("mosaic-09", D("3.50")),
        ("mosaic-10", D("3.50")),
        ("mosaic-11", D("4.88")),
        ("mosaic-12", D("0.00")),
        ("mosaic-13", D("0.41")),
        ("mosaic-14", D("4.20")),
        ("mosaic-15", D("0.53")),
    ]


def test_a_price_change_cuts_the_service_period_at_local_midnight(demo: ClosedCompany) -> None:
    rows = demo.finance(
        """
        select fee_type, cast(service_period_start as varchar), cast(service_period_end as varchar)
        from invoice_lines inner join invoices using (invoice_number)
        where subscription_id = 'sub_rhea' and close_date = '2025-12-01' order by line_number
        """
    )
    halves = [
        ("2025-11-01 04:00:00", "2025-11-16 05:00:00"),
        ("2025-11-16 05:00:00", "2025-12-01 05:00:00"),
    ]
    assert rows == [(fee_type, *half) for fee_type in ("subscription", "charge") for half in halves]

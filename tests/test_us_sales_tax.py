"""US sales tax by state, county and city, and certificates that exempt of it: what each customer of one entity bears.

Belongs here: one company closed twice, and sums worked by hand. Does not belong here: taxes that are stated
(`test_tax_levels`), EU VAT (`test_eu_vat`), and checks of the catalog's rows (`test_catalog_taxes`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import pytest

from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.price_book import VALID, charge, metric, write_book
from tests.small_company import clock

# Between the two, New York State raises its rate and a certificate ends.
FIRST, SECOND = date(2025, 11, 1), date(2025, 12, 1)
NEW_YORK = ("US", "NY", "Kings", "New York")
# customer: country, state, county, city.
CUSTOMERS = {
    "albany": ("US", "ny", "Albany", "Albany"),
    "brooklyn": NEW_YORK,
    "exempt": NEW_YORK,
    "partly": NEW_YORK,
    "stated": NEW_YORK,
    "texas": ("", "TX", "", "Austin"),
    "toronto": ("CA", "NY", "", ""),
}
RATES = [
    ("state", "4", "2025-01-01", "2025-11-15"),
    ("state", "4.25", "2025-11-15", ""),
    ("albany", "4", "2025-01-01", ""),
    ("city", "4.5", "2025-01-01", ""),
    ("district", "0.375", "2025-01-01", ""),
    ("own", "10", "2025-01-01", ""),
    ("usage", "7", "2025-01-01", ""),
]
# State, county, city, tax.
JURISDICTIONS = [
    ("NY", "", "", "state"),
    ("NY", "Albany", "", "albany"),
    ("NY", "", "New York", "city"),
    ("NY", "Kings", "New York", "district"),
    ("NY", "Queens", "New York", "own"),
]
BOOK = {
    "prices/billable_metrics": [metric("calls", "count"), metric("tokens", "count")],
    "prices/plans": [
        {"plan_code": "pro", "plan_name": "Pro", "interval": "monthly", "is_pay_in_advance": "false",
         "amount": "50.01", "currency": "USD"} | VALID
    ],
    "prices/charges": [
        charge("calls", "calls", "standard", unit_amount="10"),
        charge("tokens", "tokens", "standard", unit_amount="1"),
    ],
    "accounts/billing_entities": [
        {"billing_entity_code": "us", "entity_name": "Example Inc.", "country": "US", "invoice_prefix": "US",
         "net_payment_days": "30", "grace_days": "0", "automatic_tax": "us_sales_tax"},
    ],
    "accounts/customers": [
        {"customer_id": name, "customer_name": name.title(), "billing_entity_code": "us", "country": country,
         "state": state, "county": county, "city": city}
        for name, (country, state, county, city) in CUSTOMERS.items()
    ],
    "accounts/subscriptions": [
        {"subscription_id": name, "external_subscription_id": name, "customer_id": name, "plan_code": "pro",
         "started_at": "2025-10-01T00:00:00Z", "recorded_at": "2025-10-01T00:00:00Z"}
        for name in CUSTOMERS
    ],
    "tax/taxes": [
        {"tax_code": code, "tax_name": code.title(), "rate_percent": rate, "valid_from": start, "valid_to": end,
         "recorded_at": VALID["recorded_at"]}
        for code, rate, start, end in RATES
    ],
    "tax/customer_taxes": [{"customer_id": "stated", "tax_code": "own"}],
    "tax/assigned_taxes": [{"level": "charge", "code": "calls", "tax_code": "usage"}],
    "tax/us_sales_taxes": [
        {"state": state, "county": county, "city": city, "tax_code": tax, "valid_from": "2025-01-01"}
        for state, county, city, tax in JURISDICTIONS
    ],
    "tax/tax_exemptions": [
        {"customer_id": "exempt", "certificate": "ST-120 77", "tax_code": "", "valid_from": "2025-10-15",
         "valid_to": "2025-12-01"},
        {"customer_id": "partly", "certificate": "NYC 5", "tax_code": "city", "valid_from": "2025-10-15",
         "valid_to": ""},
    ],
}  # fmt: skip


def _events(named: Iterable[tuple[str, str, str]]) -> str:
    return "".join(
        json.dumps(
            {
                "transaction_id": f"{subscription}-{code}-{day}",
                "external_subscription_id": subscription,
                "code": code,
                "timestamp": f"2025-10-{day}T09:00:00Z",
                "properties": {},
            }
        )
        + "\n"
        for subscription, code, day in named
    )


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    """In Texas a call and a token, and a call of who is exempt; the second close knows of one more token and call."""
    ws = write_book(tmp_path_factory.mktemp("us_sales_tax"), BOOK)
    tiers = "plan_code,charge_code,valid_from,recorded_at,up_to,unit_amount,flat_amount\n"
    (ws.catalog / "prices" / "charge_tiers.csv").write_text(tiers, encoding="utf-8")
    ws.landing.mkdir()
    usage = _events(
        [("texas", "calls", "10"), ("texas", "tokens", "10"), ("exempt", "calls", "10")]
    )
    (ws.landing / "usage.jsonl").write_text(usage, encoding="utf-8")
    close_through(ws, FIRST, clock=clock)
    late = _events([("texas", "tokens", "11"), ("exempt", "calls", "11")])
    (ws.landing / "late.jsonl").write_text(late, encoding="utf-8")
    close_through(ws, SECOND, clock=clock)
    return ClosedCompany(ws)


def _lines(company: ClosedCompany, customer: str, close: date) -> list[tuple]:
    rows = company.finance(
        "select fee_type, amount, tax_codes, tax_rate, tax_evidence from invoice_lines"
        " inner join invoices using (invoice_number)"
        f" where invoices.customer_id = '{customer}' and invoices.close_date = date '{close}' and amount <> 0"
        " order by line_number"
    )
    return [
        (kind, f"{amount.normalize():f}", codes, f"{rate.normalize():f}", why)
        for kind, amount, codes, rate, why in rows
    ]


def _base_fee(codes: str | None, rate: str, evidence: str | None) -> tuple:
    return "subscription", "50.01", codes, rate, evidence


IN_NEW_YORK = "customer: us_sales_tax, NY, Kings, New York"


def test_state_county_and_city_add_up(company: ClosedCompany) -> None:
    assert _lines(company, "brooklyn", FIRST) == [
        _base_fee("city,district,state", "8.875", IN_NEW_YORK)
    ]
    assert _lines(company, "albany", FIRST) == [
        _base_fee("albany,state", "8", "customer: us_sales_tax, ny, Albany, Albany")
    ]
    # The state's rate is another one in December.
    assert _lines(company, "brooklyn", SECOND) == [
        _base_fee("city,district,state", "9.125", IN_NEW_YORK)
    ]


def test_elsewhere_there_is_none_and_stated_taxes_win(company: ClosedCompany) -> None:
    assert _lines(company, "toronto", FIRST) == [_base_fee(None, "0", None)]
    assert _lines(company, "texas", FIRST) == [
        _base_fee(None, "0", None),
        ("charge", "10", "usage", "7", "charge"),
        ("charge", "1", None, "0", None),
    ]
    assert _lines(company, "stated", FIRST) == [_base_fee("own", "10", "customer")]


def test_a_certificate_exempts_of_all_taxes_or_of_one_while_it_holds(
    company: ClosedCompany,
) -> None:
    all_three = ", ".join(
        f"{code} exempt by certificate ST-120 77" for code in ("city", "district", "state")
    )
    assert _lines(company, "exempt", FIRST) == [
        _base_fee(None, "0", f"{IN_NEW_YORK}; {all_three}"),
        ("charge", "10", None, "0", "charge; usage exempt by certificate ST-120 77"),
    ]
    assert _lines(company, "partly", FIRST) == [
        _base_fee("district,state", "4.375", f"{IN_NEW_YORK}; city exempt by certificate NYC 5")
    ]


def test_what_bore_no_tax_is_corrected_without_one(company: ClosedCompany) -> None:
    # In December the certificate has ended; its call of October was exempt, and so is one more.
    assert _lines(company, "exempt", SECOND) == [
        _base_fee("city,district,state", "9.125", IN_NEW_YORK),
        ("charge", "10", None, "0", None),
    ]
    # The token stood beside a call that was taxed.
    assert _lines(company, "texas", SECOND) == [
        _base_fee(None, "0", None),
        ("charge", "1", None, "0", None),
    ]


def test_taxes_of_the_invoices(company: ClosedCompany) -> None:
    def taxes(close: date) -> dict[str, Decimal]:
        rows = company.finance(
            f"select customer_id, tax_amount from invoices where close_date = date '{close}'"
        )
        return dict(rows)

    # 8 % of 50.01 is 4.0008, 8.875 % is 4.4383875, 4.375 % is 2.1879375, 10 % is 5.001; and 7 % of a call of 10.00.
    assert taxes(FIRST) == {
        "albany": Decimal("4.00"),
        "brooklyn": Decimal("4.44"),
        "exempt": Decimal(0),
        "partly": Decimal("2.19"),
        "stated": Decimal("5.00"),
        "texas": Decimal("0.70"),
        "toronto": Decimal(0),
    }
    # 9.125 % is 4.5634125, 8.25 % is 4.125825 and 4.625 % is 2.3129625.
    assert taxes(SECOND) == {
        "albany": Decimal("4.13"),
        "brooklyn": Decimal("4.56"),
        "exempt": Decimal("4.56"),
        "partly": Decimal("2.31"),
        "stated": Decimal("5.00"),
        "texas": Decimal(0),
        "toronto": Decimal(0),
    }

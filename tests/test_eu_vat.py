"""EU VAT from places, VAT ids and the answers of registries: what each customer of one entity in France bears, and why.

Belongs here: one company closed twice, and sums worked by hand. Does not belong here: taxes that are stated
(`test_tax_levels`), checks of the catalog's rows (`test_catalog_taxes`), and the rates themselves (`test_reference`).
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from orchestration.look import invoice
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.price_book import VALID, charge, metric, write_book
from tests.small_company import clock

# Estonia's rate changes on the second day.
FIRST, SECOND = date(2025, 6, 1), date(2025, 7, 1)
ITALIAN, FRENCH = "IT00743110157", "FR40303265045"
# customer: country, zip code, VAT id.
CUSTOMERS = {
    "estonia": ("EE", "", ""),
    "home": ("FR", "75001", FRENCH),
    "later": ("IT", "20121", ITALIAN),
    "livigno": ("IT", "23041", ITALIAN),
    "madeira": ("PT", "9000-034", ""),
    "nowhere": ("", "", ""),
    "outside": ("US", "22061", ""),
    "reverse": ("IT", "", ITALIAN),
    "stated": ("IT", "", ITALIAN),
}
CHECKS = [
    ("home", FRENCH, "2025-05-02", "true"),
    ("later", ITALIAN, "2025-05-02", "false"),
    ("later", ITALIAN, "2025-06-15", "true"),
    *((name, ITALIAN, "2025-05-02", "true") for name in ("livigno", "reverse", "stated")),
]
BOOK = {
    "prices/billable_metrics": [metric("calls", "count")],
    "prices/plans": [
        {"plan_code": "pro", "plan_name": "Pro", "interval": "monthly", "is_pay_in_advance": "false",
         "amount": "99.99", "currency": "EUR"} | VALID
    ],
    "prices/charges": [charge("calls", "calls", "standard", unit_amount="10")],
    "accounts/billing_entities": [
        {"billing_entity_code": "fr", "entity_name": "Exemple SA", "country": "FR", "invoice_prefix": "FR",
         "net_payment_days": "30", "grace_days": "0", "automatic_tax": "eu_vat"},
    ],
    "accounts/customers": [
        {"customer_id": name, "customer_name": name.title(), "billing_entity_code": "fr", "country": country,
         "zipcode": zipcode, "vat_id": vat_id}
        for name, (country, zipcode, vat_id) in CUSTOMERS.items()
    ],
    "accounts/subscriptions": [
        {"subscription_id": name, "external_subscription_id": name, "customer_id": name, "plan_code": "pro",
         "started_at": "2025-05-01T00:00:00Z", "recorded_at": "2025-05-01T00:00:00Z"}
        for name in CUSTOMERS
    ],
    "tax/taxes": [{"tax_code": "own", "tax_name": "Own", "rate_percent": "10"} | VALID],
    "tax/customer_taxes": [{"customer_id": "stated", "tax_code": "own"}],
    "tax/tax_checks": [
        {"customer_id": name, "vat_id": vat_id, "checked_on": day, "is_valid": is_valid, "source": "vies"}
        for name, vat_id, day, is_valid in CHECKS
    ],
}  # fmt: skip


def _call(instant: str) -> str:
    event = {
        "transaction_id": instant,
        "external_subscription_id": "estonia",
        "code": "calls",
        "timestamp": instant,
        "properties": {},
    }
    return json.dumps(event) + "\n"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    """Base fees of 99.99 only; a call of May by who is in Estonia becomes known before the second close."""
    ws = write_book(tmp_path_factory.mktemp("eu_vat"), BOOK)
    tiers = "plan_code,charge_code,valid_from,recorded_at,up_to,unit_amount,flat_amount\n"
    (ws.catalog / "prices" / "charge_tiers.csv").write_text(tiers, encoding="utf-8")
    ws.landing.mkdir()
    (ws.landing / "usage.jsonl").write_text(_call("2025-07-10T09:00:00Z"), encoding="utf-8")
    close_through(ws, FIRST, clock=clock)
    (ws.landing / "late.jsonl").write_text(_call("2025-05-10T09:00:00Z"), encoding="utf-8")
    close_through(ws, SECOND, clock=clock)
    return ClosedCompany(ws)


def _base_fees(company: ClosedCompany, close: date) -> dict[str, tuple]:
    rows = company.finance(
        "select invoices.customer_id, tax_codes, tax_rate, tax_evidence from invoice_lines"
        " inner join invoices using (invoice_number)"
        f" where invoices.close_date = date '{close}' and fee_type = 'subscription'"
    )
    return {
        customer: (codes, f"{rate.normalize():f}", evidence)
        for customer, codes, rate, evidence in rows
    }


def test_each_customer_bears_what_place_and_vat_id_say(company: ClosedCompany) -> None:
    assert _base_fees(company, FIRST) == {
        "estonia": ("eu_ee_standard", "22", "customer: eu_vat, standard EE, no VAT id"),
        "home": (
            "eu_fr_standard", "20", f"customer: eu_vat, standard FR, {FRENCH} valid on 2025-05-02 by vies"
        ),
        "later": (
            "eu_it_standard", "22", f"customer: eu_vat, standard IT, {ITALIAN} not valid on 2025-05-02 by vies"
        ),
        "livigno": ("eu_it_livigno", "0", "customer: eu_vat, Livigno, zipcode 23041"),
        "madeira": ("eu_pt_madeira", "22", "customer: eu_vat, Madeira, zipcode 9000-034"),
        "nowhere": ("eu_fr_standard", "20", "customer: eu_vat, standard FR, country not known"),
        "outside": ("eu_tax_exempt", "0", "customer: eu_vat, US is outside the EU"),
        "reverse": (
            "eu_reverse_charge", "0", f"customer: eu_vat, reverse charge, {ITALIAN} valid on 2025-05-02 by vies"
        ),
        "stated": ("own", "10", "customer"),
    }  # fmt: skip


def test_a_later_check_and_a_later_rate_hold_from_their_day_on(company: ClosedCompany) -> None:
    before, after = _base_fees(company, FIRST), _base_fees(company, SECOND)
    assert {customer: rates for customer, rates in after.items() if rates != before[customer]} == {
        "estonia": ("eu_ee_standard", "24", "customer: eu_vat, standard EE, no VAT id"),
        "later": (
            "eu_reverse_charge", "0", f"customer: eu_vat, reverse charge, {ITALIAN} valid on 2025-06-15 by vies"
        ),
    }  # fmt: skip


def test_taxes_of_the_invoices(company: ClosedCompany) -> None:
    rows = company.finance(
        "select customer_id, total_amount from invoices"
        f" where close_date = date '{FIRST}' order by customer_id"
    )
    # 99.99 and its 22 % (21.9978), 20 % (19.998), 10 % (9.999), or nothing.
    assert [(customer, str(total.normalize())) for customer, total in rows] == [
        ("estonia", "121.99"),
        ("home", "119.99"),
        ("later", "121.99"),
        ("livigno", "99.99"),
        ("madeira", "121.99"),
        ("nowhere", "119.99"),
        ("outside", "99.99"),
        ("reverse", "99.99"),
        ("stated", "109.99"),
    ]


def test_a_correction_bears_the_rate_of_its_invoice(company: ClosedCompany) -> None:
    # One call of 10.00 in May at 22 %, June's fee at 24 %: 2.20 and 23.9976, together 26.1976.
    assert company.finance(
        "select tax_code, tax_rate, taxable_amount, invoice_taxes.tax_amount from invoice_taxes"
        " inner join invoices using (invoice_number)"
        f" where customer_id = 'estonia' and close_date = date '{SECOND}' order by tax_rate"
    ) == [
        ("eu_ee_standard", Decimal(22), Decimal(10), Decimal("2.20")),
        ("eu_ee_standard", Decimal(24), Decimal("99.99"), Decimal("24.00")),
    ]


def test_an_invoice_names_reverse_charge(
    company: ClosedCompany, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    ((number,),) = company.finance(
        f"select invoice_number from invoices where customer_id = 'reverse' and close_date = date '{FIRST}'"
    )
    invoice.show(company.workspace, number)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "Reverse charge 0 % on 99.99 0.00" in lines

"""Invoices in the currency in which their billing entity reports, effective tax rates, first numbers, worked by hand.

Belongs here: one small company closed once, and a copy without rates. Does not belong here: which taxes a line bears
(`test_tax_levels`).
"""

from __future__ import annotations

from contextlib import redirect_stdout
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.catalog.exchange_rates import add_rates
from orchestration.cli import app
from orchestration.errors import BadInput
from orchestration.holds import decisions
from orchestration.look import invoice
from orchestration.warehouse import connect
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.price_book import VALID, charge, metric, write_book
from tests.small_company import clock

# A Saturday, on which the bank states no rates.
CLOSE, NEXT = date(2025, 11, 1), date(2025, 12, 1)
# Customer: billing entity, currency, base fee.
CUSTOMERS = {
    "berlin": ("de", "EUR", "100"),
    "boston": ("de", "USD", "100"),
    "kyoto": ("us", "JPY", "10001"),
    "kuwait": ("us", "KWD", "8.125"),
    "free": ("de", "USD", "0"),
    "silent": ("uk", "GBP", "50"),
}
# Of the dinar, the bank that states it has none for the last day.
RATES = """rate_date,currency,units_per_euro
2025-10-24,USD,9
2025-10-30,USD,1.16
2025-10-30,KWD,0.3541
2025-10-31,USD,1.1554
2025-10-31,JPY,178.16
2025-11-02,USD,7
"""


def _entity(code: str, country: str, reporting: str) -> dict[str, str]:
    named = {"billing_entity_code": code, "entity_name": code.upper(), "country": country}
    terms = {"invoice_prefix": code.upper(), "net_payment_days": "30", "grace_days": "0"}
    return named | terms | {"reporting_currency": reporting}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    book = {
        "prices/billable_metrics": [metric("calls", "count")],
        "prices/charges": [
            charge("calls", "calls", "standard", unit_amount="1") | {"plan_code": "silent"}
        ],
        "prices/plans": [
            {"plan_code": name, "plan_name": name.title(), "interval": "monthly", "currency": currency,
             "amount": amount, "is_pay_in_advance": "false"} | VALID
            for name, (_, currency, amount) in CUSTOMERS.items()
        ],
        "prices/add_ons": [
            {"add_on_code": "visit", "add_on_name": "Visit", "unit_amount": "30", "currency": "EUR"}
        ],
        "accounts/billing_entities": [
            _entity("de", "DE", "EUR"),
            _entity("us", "US", "USD"),
            _entity("uk", "GB", "") | {"next_invoice_number": "42"},
        ],
        "accounts/customers": [
            {"customer_id": name, "customer_name": name.title(), "billing_entity_code": entity, "country": "DE"}
            for name, (entity, _, _) in CUSTOMERS.items()
        ],
        "accounts/subscriptions": [
            {"subscription_id": name, "external_subscription_id": name, "customer_id": name, "plan_code": name,
             "started_at": "2025-10-01T00:00:00Z", "recorded_at": "2025-10-01T00:00:00Z"}
            for name in CUSTOMERS
        ],
        "accounts/one_off_fees": [
            {"one_off_fee_id": fee, "customer_id": "berlin", "add_on_code": "visit", "units": units,
             "billed_on": "2025-11-01", "recorded_at": VALID["recorded_at"]}
            for fee, units in (("taxed", "1"), ("half", "0.5"), ("thirds", "2"))
        ],
        "tax/taxes": [
            {"tax_code": code, "tax_name": code, "rate_percent": rate} | VALID
            for code, rate in (("vat", "19"), ("low", "7"), ("city", "2.5"))
        ],
        "tax/customer_taxes": [
            {"customer_id": name, "tax_code": "vat"} for name in ("berlin", "boston", "free")
        ],
        "tax/assigned_taxes": [
            {"level": "one_off_fee", "code": "half", "tax_code": "low"},
            {"level": "one_off_fee", "code": "half", "tax_code": "city"},
            {"level": "one_off_fee", "code": "thirds", "tax_code": "city"},
        ],
    }  # fmt: skip
    ws = write_book(tmp_path_factory.mktemp("reporting"), book)
    tiers = "plan_code,charge_code,valid_from,recorded_at,up_to,unit_amount,flat_amount\n"
    (ws.catalog / "prices" / "charge_tiers.csv").write_text(tiers, encoding="utf-8")
    (ws.catalog / "tax" / "exchange_rates.csv").write_text(RATES, encoding="utf-8")
    ws.landing.mkdir()
    usage = (
        '{"transaction_id": "1", "external_subscription_id": "silent", "code": "calls", '
        '"timestamp": "2025-10-02T00:00:00Z", "properties": {}}'
    )
    (ws.landing / "usage.jsonl").write_text(usage + "\n", encoding="utf-8")
    close_through(ws, CLOSE, clock=clock)
    return ClosedCompany(ws)


def _reported(company: ClosedCompany, customer: str) -> list[tuple]:
    return company.finance(
        "select total_amount, reporting_currency, reporting_amount, reporting_tax_amount, fx_rate, fx_date "
        f"from invoices where customer_id = '{customer}' and invoice_type = 'subscription'"
    )


@pytest.mark.parametrize(
    ("customer", "total", "currency", "amount", "tax", "rate", "day"),
    [
        # One currency: as it is.
        ("berlin", "119", "EUR", "119", "19", "1", CLOSE),
        # 1 / 1.1554 = 0.8655011251514...; x 119.00 = 102.994..., x 19.00 = 16.444...
        ("boston", "119", "EUR", "102.99", "16.44", "0.865501125151", date(2025, 10, 31)),
        # 1.1554 / 178.16 = 0.0064851818589...; x 10001 = 64.858...
        ("kyoto", "10001", "USD", "64.86", "0", "0.006485181859", date(2025, 10, 31)),
        # The last day that has both: 1.16 / 0.3541 = 3.27591076...; x 8.125 = 26.6167...
        ("kuwait", "8.125", "USD", "26.62", "0", "3.275910759672", date(2025, 10, 30)),
    ],
)
def test_an_invoice_is_reported_at_the_last_rate(
    company: ClosedCompany, customer: str, total: str, currency: str, amount: str, tax: str, rate: str, day: date
) -> None:  # fmt: skip
    expected = (Decimal(total), currency, Decimal(amount), Decimal(tax), Decimal(rate), day)
    assert _reported(company, customer) == [expected]


def test_an_entity_without_a_reporting_currency_reports_none(company: ClosedCompany) -> None:
    assert _reported(company, "silent") == [(Decimal(51), None, None, None, None, None)]


def test_effective_tax_rates(company: ClosedCompany) -> None:
    """Two lines of one invoice in different rates, and an invoice of nothing."""
    found = company.finance(
        "select customer_id, invoice_type, effective_tax_rate from invoices order by 1, 2"
    )
    assert found == [
        # 30.00 at 19 %, 15.00 at 9.5 %, 60.00 at 2.5 %: 8.625 of 105.00 are 8.2142857... %.
        ("berlin", "one_off", Decimal("8.21429")),
        ("berlin", "subscription", Decimal(19)),
        ("boston", "subscription", Decimal(19)),
        ("free", "subscription", Decimal(19)),
        ("kuwait", "subscription", Decimal(0)),
        ("kyoto", "subscription", Decimal(0)),
        ("silent", "subscription", Decimal(0)),
    ]


def test_the_command_shows_what_is_reported(company: ClosedCompany) -> None:
    ((number,),) = company.finance(
        "select invoice_number from invoices where customer_id = 'boston'"
    )
    shown = StringIO()
    with redirect_stdout(shown):
        invoice.show(company.workspace, number, as_json=False)
    text = " ".join(shown.getvalue().split())
    assert "Total reported at 0.865501125151 of 2025-10-31, tax 16.44 EUR 102.99" in text


def credit_whole(company: ClosedCompany, customer: str, first: str) -> None:
    """Credit a customer's invoice in two notes."""
    ((number,),) = company.finance(
        f"select invoice_number from invoices where customer_id = '{customer}'"
    )
    rest = "Why,Who,2025-11-20T00:00:00Z"
    (company.workspace.catalog / "accounts" / "manual_credits.csv").write_text(
        "manual_credit_id,invoice_number,line_number,amount,credited_on,handling,reason,author,recorded_at\n"
        f"part,{number},1,{first},2025-12-01,credit,{rest}\nrest,{number},,,2025-12-01,offset,{rest}\n",
        encoding="utf-8",
    )


def test_an_invoice_without_a_rate_of_the_last_days_is_held(
    company: ClosedCompany, tmp_path: Path
) -> None:
    """The others go out. Once there is a rate, what was held is discarded and billed anew, with the month after."""
    copy = company.copy(tmp_path)
    close_through(copy.workspace, NEXT, clock=clock, may_hold=True)
    with connect(copy.workspace) as con:
        found = con.execute("select payer_customer_id, check_names from issued.holds").fetchall()
    held = {customer for customer, _ in found}
    assert {names for _, names in found} == {"invoices_without_exchange_rate"}
    assert "boston" in held
    assert "berlin" not in held
    published = "select customer_id from invoices where close_date = date '2025-12-01'"
    assert held.isdisjoint(customer for (customer,) in copy.finance(published))

    add_rates_through_december(copy)
    for number in range(1, len(held) + 1):
        decisions.discard(copy.workspace, f"H-{number}", "Who", "There was no rate")
    close_through(copy.workspace, date(2026, 1, 1), clock=clock)
    # November and December, at the rate of the last day before.
    assert copy.finance(
        "select fees_amount, fx_date, reporting_amount is not null from invoices"
        " where customer_id = 'boston' and close_date = date '2026-01-01'"
    ) == [(Decimal(200), date(2025, 12, 31), True)]


def add_rates_through_december(company: ClosedCompany) -> None:
    """The bank's rates of the dollar and the yen, and two of the dinar."""
    add_rates(company.workspace.catalog, ["USD", "JPY"], date(2025, 11, 20))
    rates = company.workspace.catalog / "tax" / "exchange_rates.csv"
    with rates.open("a", encoding="utf-8") as file:
        file.write("2025-11-28,KWD,0.3555\n2025-12-31,KWD,0.3555\n")


def test_all_that_is_credited_of_an_invoice_is_reported_at_its_rate(
    company: ClosedCompany, tmp_path: Path
) -> None:
    copy = company.copy(tmp_path)
    credit_whole(copy, "boston", "33.33")
    add_rates_through_december(copy)
    close_through(copy.workspace, NEXT, clock=clock)
    numbers = copy.finance(
        "select invoice_number from invoices where billing_entity_code = 'uk' order by 1"
    )
    assert numbers == [("UK-000042",), ("UK-000043",)]
    # 33.33 and 6.33 of tax are 39.66, x 0.865501125151 = 34.3257... and 5.478...; then 119.00 and 19.00 less these.
    notes = "select total_amount, reporting_amount, reporting_tax_amount, fx_date from credit_notes order by 1"
    assert copy.finance(notes) == [
        (Decimal("39.66"), Decimal("34.33"), Decimal("5.48"), date(2025, 10, 31)),
        (Decimal("79.34"), Decimal("68.66"), Decimal("10.96"), date(2025, 10, 31)),
    ]
    # The bank stated 1.1646 on that Monday.
    assert copy.finance(
        "select fx_date, round(1 / fx_rate, 4) from invoices where customer_id = 'boston' order by close_date desc"
    )[0] == (date(2025, 12, 1), 1.1646)


def test_rates_are_added_and_those_that_stand_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "tax" / "exchange_rates.csv"
    file.parent.mkdir()
    file.write_text("rate_date,currency,units_per_euro\n2026-10-29,USD,1.5\n", encoding="utf-8")
    report = add_rates(tmp_path, ["usd", "EUR", "GBP"], date(2026, 10, 28))
    assert (report.added, report.kept) == (5, 1)
    assert file.read_text(encoding="utf-8").splitlines()[1:] == [
        "2026-10-28,GBP,0.83785",
        "2026-10-28,USD,1.1133",
        "2026-10-29,GBP,0.83578",
        "2026-10-29,USD,1.5",
        "2026-10-30,GBP,0.8338",
        "2026-10-30,USD,1.1172",
    ]
    again = CliRunner().invoke(
        app, ["catalog", "exchange-rates", "USD", "--since", "2026-10-28", "--catalog", str(tmp_path)]
    )  # fmt: skip
    assert "0 rates added, 6 kept" in again.stdout


@pytest.mark.parametrize(
    ("currency", "content", "message"),
    [
        (
            "KWD",
            None,
            "KWD: the European Central Bank quotes no rate of it; state its rates in tax/",
        ),
        ("USD", "date,rate\n", "row 1: its columns must be rate_date, currency, units_per_euro"),
    ],
)
def test_what_cannot_be_added_is_left_as_it_was(
    tmp_path: Path, currency: str, content: str | None, message: str
) -> None:
    file = tmp_path / "tax" / "exchange_rates.csv"
    if content:
        file.parent.mkdir()
        file.write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=message):
        add_rates(tmp_path, [currency], date(2026, 10, 28))
    assert (file.read_text(encoding="utf-8") if file.exists() else None) == content

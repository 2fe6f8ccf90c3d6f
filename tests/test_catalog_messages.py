"""Every bad catalog gets one line that names file, row and mend; nothing of it is loaded.

Each case takes the good catalog of the small company, spoils one place, and reads the message.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.catalog import load_catalog
from orchestration.errors import BadInput
from orchestration.migrate import init
from orchestration.workspace import Workspace
from tests.price_book import errors_of
from tests.small_company import write_company

TIER = "starter,tokens,2025-01-01,2025-01-01T00:00:00Z"

# file, text that is replaced, replacement, and the whole message.
CASES = {
    "unknown column": (
        "prices/plans", "plan_name", "plan_nam",
        "prices/plans.csv row 1: unknown column 'plan_nam'; did you mean 'plan_name'?",
    ),
    "wrong decimal": (
        "prices/plans", "false,99,", "false,99 USD,",
        "prices/plans.csv row 2: amount is '99 USD', which is no decimal number; write it like 0.002",
    ),
    "too many decimals": (
        "prices/charges", "0.01,", "0.0000000000001,",
        "prices/charges.csv row 2: unit_amount is 1E-13, with more than 12 decimals; prices are never rounded",
    ),
    "more decimals than the currency": (
        "prices/plans", "false,99,", "false,99.999,",
        "prices/plans.csv row 2: amount 99.999 has more decimals than USD has (2); round it",
    ),
    "wrong boolean": (
        "prices/plans", "monthly,false", "monthly,no",
        "prices/plans.csv row 2: is_pay_in_advance is 'no'; write true or false",
    ),
    "wrong date": (
        "prices/plans", "USD,2025-01-01", "USD,01.01.2025",
        "prices/plans.csv row 2: valid_from is '01.01.2025', which is no date; write it like 2025-10-01",
    ),
    "instant without offset": (
        "accounts/subscriptions", "2025-10-01T00:00:00Z,,", "2025-10-01T00:00:00,,",
        "accounts/subscriptions.csv row 2: started_at is '2025-10-01T00:00:00', which has no offset from UTC; "
        "write it with its offset, like 2025-10-01T00:00:00-04:00",
    ),
    "wrong whole number": (
        "accounts/billing_entities", "US,30,0", "US,thirty,0",
        "accounts/billing_entities.csv row 2: net_payment_days is 'thirty', which is no whole number",
    ),
    "empty required value": (
        "prices/plans", "starter,Starter", "starter,",
        "prices/plans.csv row 2: plan_name is empty; fill it in",
    ),
    "wrong number of fields": (
        "accounts/customers", "atlas,Atlas,us,US,,PO-1,", "atlas,Atlas, Inc.,us,US,,PO-1,",
        "accounts/customers.csv row 2: 8 fields, but the header has 7; add or remove commas",
    ),
    "duplicate key": (
        "accounts/customers", "borea,Borea", "atlas,Borea",
        "accounts/customers.csv row 3: duplicate key (customer_id atlas), which row 2 has too; "
        "remove one, or give the correction a later recorded_at",
    ),
    "unknown charge model": (
        "prices/charges", "calls,standard", "calls,per_unit",
        "prices/charges.csv row 2: charge_model is 'per_unit'; it must be one of standard, graduated, "
        "graduated_percentage, package, volume, percentage, dynamic, custom",
    ),
    "unknown currency": (
        "prices/plans", "99,USD", "99,USX",
        "prices/plans.csv row 2: unknown currency 'USX'; add it to currencies or correct currency",
    ),
    "unknown time zone": (
        "accounts/customers", "America/New_York", "America/NewYork",
        "accounts/customers.csv row 3: unknown timezone 'America/NewYork'; add it to tz_offsets or correct timezone",
    ),
    "negative price": (
        "prices/charges", "0.01,", "-0.01,",
        "prices/charges.csv row 2: unit_amount is -0.01; it must be 0 or more",
    ),
    "subscription on an unknown plan": (
        "accounts/subscriptions", "atlas,starter", "atlas,startr",
        "accounts/subscriptions.csv row 2: unknown plan 'startr'; add it to plans or correct plan_code",
    ),
    "price column that the model lacks": (
        "prices/charges", "API calls,0.01,", "API calls,,",
        "prices/charges.csv row 2: a standard charge needs unit_amount; fill it in",
    ),
    "price column that the model does not use": (
        "prices/charges", "0.01,,,", "0.01,,,5",
        "prices/charges.csv row 2: a standard charge does not use free_units; leave it empty",
    ),
    "tiers not ascending": (
        "prices/charge_tiers", f"{TIER},,0.001,0", f"{TIER},1000,0.001,0\n{TIER},,0.001,0",
        "prices/charge_tiers.csv row 3: up_to 1000 is not above the tier before; tiers must ascend",
    ),
    "last tier not open": (
        "prices/charge_tiers", f"{TIER},,0.001,0", f"{TIER},2000,0.001,0",
        "prices/charge_tiers.csv row 3: the last tier must be open; leave its up_to empty",
    ),
    "open tier in the middle": (
        "prices/charge_tiers", f"{TIER},1000,0.002,0", f"{TIER},,0.002,0",
        "prices/charge_tiers.csv row 2: an open tier (empty up_to) must be the last; give it its bound",
    ),
    "no validity": (
        "prices/plans", "2025-01-01,,2025", "2025-01-01,2025-01-01,2025",
        "prices/plans.csv row 2: valid_to 2025-01-01 is not after valid_from 2025-01-01; "
        "valid_to is the first day on which the row no longer holds",
    ),
    "sum without a field": (
        "prices/billable_metrics", "sum,tokens", "sum,",
        "prices/billable_metrics.csv row 3: a sum needs a value; name the property that holds it in field_name, or "
        "write an expression",
    ),
    "subscription that ends before it starts": (
        "accounts/subscriptions", "2025-10-01T00:00:00Z,,,", "2025-10-01T00:00:00Z,2025-09-01T00:00:00Z,,",
        "accounts/subscriptions.csv row 2: ended_at is not after started_at; correct one of them",
    ),
    "external id of another customer": (
        "accounts/subscriptions", "ext_borea", "ext_atlas",
        "accounts/subscriptions.csv row 3: external_subscription_id 'ext_atlas' is still that of row 2 at its start, "
        "and of another customer; end that one first, or use another external id",
    ),
}  # fmt: skip

OVERLAP = "starter,Starter,monthly,false,89,USD,2025-06-01,,2025-01-01T00:00:00Z\n"


def spoil(ws: Workspace, file: str, old: str, new: str) -> None:
    path = ws.catalog / f"{file}.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return write_company(tmp_path)


def test_the_catalog_that_the_cases_spoil_is_good(ws: Workspace) -> None:
    assert errors_of(ws) == []


@pytest.mark.parametrize("case", CASES)
def test_bad_value_names_file_row_and_mend(ws: Workspace, case: str) -> None:
    file, old, new, message = CASES[case]
    spoil(ws, file, old, new)
    assert errors_of(ws)[0] == message


def test_overlapping_validity_at_equal_recorded_at(ws: Workspace) -> None:
    path = ws.catalog / "prices/plans.csv"
    path.write_text(path.read_text(encoding="utf-8") + OVERLAP, encoding="utf-8")
    assert errors_of(ws) == [
        "prices/plans.csv row 3: its validity overlaps that of row 2 at the same recorded_at; "
        "end the earlier one, or record the correction later"
    ]
    later = OVERLAP.replace("2025-01-01T", "2025-05-01T")
    text = path.read_text(encoding="utf-8").replace(OVERLAP, later)
    path.write_text(text, encoding="utf-8")
    assert errors_of(ws) == []


def test_missing_column(ws: Workspace) -> None:
    path = ws.catalog / "credits/wallets.csv"
    path.write_text("wallet_id,customer_id,currency,priority\nw,atlas,USD,1\n", encoding="utf-8")
    assert errors_of(ws)[0] == (
        "credits/wallets.csv row 1: column 'wallet_name' is missing; add it to the header"
    )


def test_missing_file_and_misspelt_file(ws: Workspace) -> None:
    (ws.catalog / "prices/plans.csv").rename(ws.catalog / "prices/plan.csv")
    assert errors_of(ws) == [
        "prices/plan.csv: not a file of the catalog; did you mean 'prices/plans.csv'?",
        "prices/plans.csv: the file is missing; create it with the header plan_code,plan_name,interval,"
        "is_pay_in_advance,amount,currency,trial_days,bills_charges_monthly,bills_fixed_charges_monthly,"
        "minimum_commitment_amount,maximum_amount,adjustment_days,adjustment_minimum_amount,subscription_id,first_month,"
        "last_month,valid_from,valid_to,recorded_at",
    ]


def test_not_utf8(ws: Workspace) -> None:
    path = ws.catalog / "accounts/customers.csv"
    path.write_bytes(path.read_bytes().replace(b"Borea", b"Bor\xe9a"))
    assert errors_of(ws) == ["accounts/customers.csv row 3: not UTF-8 text; save the file as UTF-8"]


def test_a_bad_catalog_is_refused_whole(ws: Workspace) -> None:
    init(ws)
    spoil(ws, "prices/plans", "99,USD", "99,USX")
    spoil(ws, "prices/charges", "calls,starter", "calls,startr")
    with pytest.raises(BadInput, match="2 problems in the catalog") as refusal:
        load_catalog(ws)
    assert refusal.value.exit_code == 2
    assert "prices/charges.csv row 2: unknown plan 'startr'" in str(refusal.value)
    with duckdb.connect(str(ws.warehouse_file)) as con:
        assert con.execute("select count(*) from catalog.versions").fetchone() == (0,)
        assert con.execute("select count(*) from catalog.plans").fetchone() == (0,)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    ws = Workspace.resolve(catalog=tmp_path / "none", warehouse=tmp_path / "warehouse")
    init(ws)
    with pytest.raises(BadInput, match="no such catalog folder; give one by --catalog"):
        load_catalog(ws)

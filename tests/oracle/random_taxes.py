"""Random places, VAT ids with answers of registries, sales taxes and certificates, for customers drawn without them.

Belongs here: rows that are added to an example. Does not belong here: what the other draws leave in it, so that they
stay as they are; the entities with automatic tax (see `entities`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import strategies as st

from .entities import seller_state_of, twin_of
from .periods import ONE_DAY
from .random_charges import Rows
from .random_histories import CLOSE_DATES, History
from .random_rows import ALWAYS, PRICES, RECORDED, Example, Window, decimals_of

Cells = dict[str, str]

# Two ids with right check digits of each of some member states, Greece among them, by country of the address.
VAT_IDS = {
    "AT": ("ATU40303266", "ATU40303275"),
    "DE": ("DE403032658", "DE403032666"),
    "EE": ("EE403032659", "EE403032662"),
    "FR": ("FR40303265045", "FR40303265433"),
    "GR": ("EL403032655", "EL403032667"),
    "IT": ("IT40303268888", "IT40303269993"),
    "PT": ("PT403032652", "PT403032660"),
}
# Of no member state: a registry may know them all the same.
FOREIGN_VAT_IDS = ("CHE107787577MWST", "NO974760673MVA")
# Countries with zip codes of a special territory, and with others that begin almost like one.
TERRITORIES = (
    *(("AT", "6691"), ("DE", "27498"), ("DE", "78266"), ("ES", "35001"), ("ES", "38999")),
    *(("FI", "22100"), ("FR", "97110"), ("FR", "97400"), ("GR", "63086"), ("IT", "23041")),
    *(("PT", "9000-034"), ("PT", "9500-321")),
)
BESIDE_TERRITORIES = (
    *(("AT", "6690"), ("DE", "27499"), ("ES", "53001"), ("FI", "02210"), ("FR", "97")),
    *(("FR", "97500"), ("IT", "23042"), ("PT", "8990-034"), ("DE", "23041"), ("US", "22061")),
)
OUTSIDE = ("US", "CH", "GB", "NO", "CA")
BRANCHES = (
    *("reverse charge", "reverse charge", "same state", "same state", "same state", "consumer"),
    *("not valid", "not valid", "not checked", "territory", "territory", "beside territory"),
    *("outside", "outside", "no country", "no country", "no country", "foreign id", "any", "any"),
)
# What changes for histories changes between their closes, and shortly before the first.
CLOSES = Window("closes of histories", CLOSE_DATES[0] - 7 * ONE_DAY, CLOSE_DATES[-1])
SALES_TAXES = ("state", "county", "city", "district")


@st.composite
def with_taxes(draw: st.DrawFn, examples: st.SearchStrategy[Example], window: Window) -> Example:
    """An example whose customers have places and certificates, most of them in an entity with automatic tax."""
    example = draw(examples)
    return replace(example, rows={**example.rows, **draw(taxed_tables(example.rows, window))})


@st.composite
def histories_with_taxes(draw: st.DrawFn, histories: st.SearchStrategy[History]) -> History:
    """A history whose customers have places and certificates, as known to all closes; much changes between these."""
    history = draw(histories)
    tables = draw(taxed_tables(history.catalogs[0], CLOSES))
    catalogs = tuple({**catalog, **tables} for catalog in history.catalogs)
    return replace(history, catalogs=catalogs)


@st.composite
def taxed_tables(draw: st.DrawFn, before: Rows, window: Window) -> Rows:
    """The tables of an example that taxes by place change, whole."""
    customers = [dict(row) for row in before["accounts/customers"]]
    kind = draw(st.sampled_from([*["vat"] * 4, *["sales"] * 3, "none"]))
    entity_code = customers[0]["billing_entity_code"]
    own_taxes = before.get("tax/customer_taxes", [])
    if kind != "none":
        # Who has taxes of its own is none for automatic tax: a few are left, some with a code of the EU.
        kept = {one["customer_id"] for one in customers if draw(st.integers(0, 5)) == 5}
        own_taxes = [one for one in own_taxes if one["customer_id"] in kept]
        if kind == "vat" and kept and draw(st.booleans()):
            own = [{"customer_id": one, "tax_code": "eu_it_standard"} for one in sorted(kept)]
            own_taxes.extend(own)
    found: Rows = {
        "accounts/customers": customers,
        "tax/taxes": list(before.get("tax/taxes", [])),
        "tax/customer_taxes": own_taxes,
        "tax/tax_checks": [],
    }
    for row in customers:
        if kind != "none":
            row["billing_entity_code"] = twin_of(entity_code, kind)
        if kind == "sales":
            row |= draw(us_places())
        else:
            row |= draw(eu_places(seller_state_of(entity_code)))
            found["tax/tax_checks"].extend(draw(checks_of(row, window)))
            row.pop("branch")
    if kind == "sales":
        sales = draw(sales_taxes(window))
        found["tax/us_sales_taxes"] = sales["tax/us_sales_taxes"]
        found["tax/taxes"].extend(sales["tax/taxes"])
    codes = [one["tax_code"] for one in found["tax/taxes"]]
    if kind == "vat":
        codes = [*codes, "eu_it_standard", "eu_fr_standard", "eu_de_standard", "eu_reverse_charge"]
    found["tax/tax_exemptions"] = [
        one for row in customers for one in draw(exemptions_of(row["customer_id"], codes, window))
    ]
    return found


def days_near(window: Window) -> st.SearchStrategy[date]:
    """Days from shortly before a window to its end, those of closes and their neighbours most of all."""
    near = [
        day + number * ONE_DAY for day in sorted(window.close_dates) for number in (0, 0, -1, 1)
    ]
    length = (window.through - window.first).days
    any_day = st.integers(-9, length).map(lambda number: window.first + number * ONE_DAY)
    return st.one_of(st.sampled_from(near), any_day)


# EU VAT.


@st.composite
def eu_places(draw: st.DrawFn, seller_state: str) -> Cells:
    """An address and VAT id for each branch of the decision, `branch`: which, so that its checks may follow."""
    branch = draw(st.sampled_from(BRANCHES))
    elsewhere = [state for state in VAT_IDS if state != seller_state]
    ids_elsewhere = [one for state in elsewhere for one in VAT_IDS[state]]
    own_id = draw(st.sampled_from([*VAT_IDS[seller_state], *ids_elsewhere]))
    country, zipcode, vat_id = draw(st.sampled_from([*VAT_IDS, "SE", "LU"])), "", ""
    if branch in ("reverse charge", "not valid", "not checked"):
        country = draw(st.sampled_from(elsewhere))
        vat_id = draw(st.sampled_from(VAT_IDS[country]))
    elif branch == "same state":
        country = draw(st.sampled_from([seller_state, seller_state, country]))
        vat_id = draw(st.sampled_from(VAT_IDS[seller_state]))
    elif branch in ("territory", "beside territory"):
        listed = TERRITORIES if branch == "territory" else BESIDE_TERRITORIES
        country, zipcode = draw(st.sampled_from(listed))
        vat_id = draw(st.sampled_from(["", own_id]))
    elif branch == "outside":
        country = draw(st.sampled_from(OUTSIDE))
        vat_id = draw(st.sampled_from(["", "", *FOREIGN_VAT_IDS, own_id]))
    elif branch == "no country":
        country, zipcode = "", draw(st.sampled_from(["", "23041"]))
        vat_id = draw(st.sampled_from(["", "", own_id]))
    elif branch == "foreign id":
        vat_id = draw(st.sampled_from(FOREIGN_VAT_IDS))
    elif branch == "any":
        country, vat_id = draw(st.sampled_from(["", country, *OUTSIDE])), own_id
    return {"branch": branch, "country": country, "zipcode": zipcode, "vat_id": vat_id}


@st.composite
def checks_of(draw: st.DrawFn, customer: Cells, window: Window) -> list[Cells]:
    """Answers about a customer's VAT id, at most one a day, and about one that it had before."""
    branch, vat_id = customer["branch"], customer["vat_id"]
    answers: dict[tuple[str, date], bool] = {}
    long_ago = window.first - 40 * ONE_DAY
    if vat_id and branch != "not checked":
        answers[vat_id, long_ago] = branch != "not valid"
        if draw(st.integers(0, 7)) == 7:
            del answers[vat_id, long_ago]
        for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
            answers[vat_id, draw(days_near(window))] = draw(st.booleans())
    if draw(st.integers(0, 5)) == 5:
        other = VAT_IDS["AT"][1] if vat_id != VAT_IDS["AT"][1] else VAT_IDS["PT"][1]
        answers[other, draw(days_near(window))] = draw(st.booleans())
    return [
        {
            "customer_id": customer["customer_id"],
            "vat_id": own,
            "checked_on": day.isoformat(),
            "is_valid": str(is_valid).lower(),
            "source": draw(st.sampled_from(["vies", "bzst"])),
        }
        for (own, day), is_valid in answers.items()
    ]


# US sales tax.


@st.composite
def us_places(draw: st.DrawFn) -> Cells:
    """An address mostly in an example's own state, in any spelling, some without county or city, or abroad."""
    places = [f"{PRICES}NY", f"{PRICES}NY", f"{PRICES}NY", f"{PRICES}ny", f"{PRICES}TX", ""]
    return {
        "country": draw(st.sampled_from(["US", "US", "US", "US", "", "CA"])),
        "state": draw(st.sampled_from(places)),
        "county": draw(st.sampled_from(["Kings", "Kings", "Kings", "kings", "Queens", ""])),
        "city": draw(
            st.sampled_from(["New York", "New York", "New York", "NEW YORK", "Albany", ""])
        ),
        "zipcode": draw(st.sampled_from(["", "10001"])),
    }


@st.composite
def sales_taxes(draw: st.DrawFn, window: Window) -> Rows:
    """Taxes of a state, its counties and cities; rates and rows change within the window, also a row of one tax."""
    rates = st.one_of(st.sampled_from(["4", "4.25", "4.5", "0.375", "0"]), decimals_of(9, 5))
    found: Rows = {"tax/taxes": [], "tax/us_sales_taxes": []}
    for name in SALES_TAXES:
        code = f"{PRICES}sales_{name}"
        change = draw(days_near(window)).isoformat()
        is_changed = draw(st.booleans())
        validities = [(ALWAYS, change), (change, "")] if is_changed else [(ALWAYS, "")]
        for valid_from, valid_to in validities:
            dates = {"valid_from": valid_from, "valid_to": valid_to, "recorded_at": RECORDED}
            named = {"tax_code": code, "tax_name": f"Sales tax of the {name}"}
            found["tax/taxes"].append(named | {"rate_percent": draw(rates)} | dates)
        for county, city in draw(jurisdictions_of(name)):
            dates = draw(dates_near(window))
            row = {"state": f"{PRICES}NY", "county": county, "city": city, "tax_code": code}
            found["tax/us_sales_taxes"].append(row | dates)
    elsewhere = {"state": f"{PRICES}NJ", "county": "", "city": "", "valid_from": ALWAYS}
    found["tax/us_sales_taxes"].append(elsewhere | {"tax_code": f"{PRICES}sales_state"})
    return found


def jurisdictions_of(name: str) -> st.SearchStrategy[list[tuple[str, str]]]:
    """(county, city) of the rows of a tax: mostly one, at times two that may both hold."""
    one = {"state": ("", ""), "county": ("Kings", ""), "city": ("", "New York")}
    own = one.get(name, ("Kings", "New York"))
    return st.sampled_from([[own], [own], [own], [own, ("Queens", "")], [own, ("", "")], []]).map(
        lambda listed: list(dict.fromkeys(listed))
    )


@st.composite
def dates_near(draw: st.DrawFn, window: Window) -> Cells:
    """valid_from and valid_to: mostly always, else from or until a day near a close, or between two."""
    kind = draw(st.sampled_from(["always", "always", "always", "from", "until", "between"]))
    first, second = sorted([draw(days_near(window)), draw(days_near(window))])
    return {
        "valid_from": first.isoformat() if kind in ("from", "between") else ALWAYS,
        "valid_to": (second + ONE_DAY).isoformat() if kind in ("until", "between") else "",
    }


# Certificates.


@st.composite
def exemptions_of(
    draw: st.DrawFn, customer_id: str, codes: list[str], window: Window
) -> list[Cells]:
    """None, one or two certificates of a customer, for all taxes or for one of some codes."""
    return [
        {
            "customer_id": customer_id,
            "certificate": f"{PRICES}ST-120-{number}",
            "tax_code": draw(st.sampled_from(["", *codes])),
            **draw(dates_near(window)),
        }
        for number in range(draw(st.sampled_from([0, 0, 1, 1, 1, 2])))
    ]

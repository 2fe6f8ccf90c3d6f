"""Make `seeds/reference/eu_vat_rates.csv` and `eu_vat_territories.csv`: standard rates, and where they do not hold.

Run it by `python -m orchestration.reference.make_eu_vat`.

Belongs here: dated rates of the member states and of their special territories. Does not belong here: which rate a
customer bears (the models of settlement), reduced rates, and taxes elsewhere.

The pinned package eu-vat-rates-data (from the Commission's database of taxes, TEDB) knows today's standard rates but
not since when they hold, so the changes stand here with their dates; a rate of the package that is not the last one
here is refused. Territories are those of articles 6, 104 and 105 of Directive 2006/112/EC, and those of Austria with
Germany's rate.
"""

from __future__ import annotations

from orchestration.workspace import REFERENCE

# The rates of this day stand without the date on which they came.
FIRST_DAY = "2017-01-01"
# Member state: its rates since the first day, each with the day from which it holds.
STANDARD_RATES = {
    "AT": ("Austria", {FIRST_DAY: "20"}),
    "BE": ("Belgium", {FIRST_DAY: "21"}),
    "BG": ("Bulgaria", {FIRST_DAY: "20"}),
    "CY": ("Cyprus", {FIRST_DAY: "19"}),
    "CZ": ("Czechia", {FIRST_DAY: "21"}),
    "DE": ("Germany", {FIRST_DAY: "19", "2020-07-01": "16", "2021-01-01": "19"}),
    "DK": ("Denmark", {FIRST_DAY: "25"}),
    "EE": ("Estonia", {FIRST_DAY: "20", "2024-01-01": "22", "2025-07-01": "24"}),
    "ES": ("Spain", {FIRST_DAY: "21"}),
    "FI": ("Finland", {FIRST_DAY: "24", "2024-09-01": "25.5"}),
    "FR": ("France", {FIRST_DAY: "20"}),
    "GR": ("Greece", {FIRST_DAY: "24"}),
    "HR": ("Croatia", {FIRST_DAY: "25"}),
    "HU": ("Hungary", {FIRST_DAY: "27"}),
    "IE": ("Ireland", {FIRST_DAY: "23", "2020-09-01": "21", "2021-03-01": "23"}),
    "IT": ("Italy", {FIRST_DAY: "22"}),
    "LT": ("Lithuania", {FIRST_DAY: "21"}),
    "LU": ("Luxembourg", {FIRST_DAY: "17", "2023-01-01": "16", "2024-01-01": "17"}),
    "LV": ("Latvia", {FIRST_DAY: "21"}),
    "MT": ("Malta", {FIRST_DAY: "18"}),
    "NL": ("Netherlands", {FIRST_DAY: "21"}),
    "PL": ("Poland", {FIRST_DAY: "23"}),
    "PT": ("Portugal", {FIRST_DAY: "23"}),
    "RO": ("Romania", {FIRST_DAY: "19", "2025-08-01": "21"}),
    "SE": ("Sweden", {FIRST_DAY: "25"}),
    "SI": ("Slovenia", {FIRST_DAY: "22"}),
    "SK": ("Slovakia", {FIRST_DAY: "20", "2025-01-01": "23"}),
}
# Where no state's standard rate holds.
NO_VAT = {
    "eu_reverse_charge": "Reverse charge",
    "eu_tax_exempt": "VAT exempt: outside the EU",
}
# State, name in codes, name, rates as above, and how the territory's zip codes begin.
TERRITORIES = (
    ("AT", "jungholz", "Jungholz", {FIRST_DAY: "19"}, ("6691",)),
    ("AT", "mittelberg", "Mittelberg", {FIRST_DAY: "19"}, ("6991", "6992", "6993")),
    ("DE", "busingen", "Büsingen", {FIRST_DAY: "0"}, ("78266",)),
    ("DE", "heligoland", "Heligoland", {FIRST_DAY: "0"}, ("27498",)),
    ("ES", "canary_islands", "Canary Islands", {FIRST_DAY: "0"}, ("35", "38")),
    ("ES", "ceuta", "Ceuta", {FIRST_DAY: "0"}, ("51",)),
    ("ES", "melilla", "Melilla", {FIRST_DAY: "0"}, ("52",)),
    ("FI", "aland", "Åland Islands", {FIRST_DAY: "0"}, ("22",)),
    ("FR", "guadeloupe", "Guadeloupe", {FIRST_DAY: "8.5"}, ("971",)),
    ("FR", "guyane", "French Guiana", {FIRST_DAY: "0"}, ("973",)),
    ("FR", "martinique", "Martinique", {FIRST_DAY: "8.5"}, ("972",)),
    ("FR", "mayotte", "Mayotte", {FIRST_DAY: "0"}, ("976",)),
    ("FR", "reunion", "Réunion", {FIRST_DAY: "8.5"}, ("974",)),
    ("GR", "mount_athos", "Mount Athos", {FIRST_DAY: "0"}, ("63086",)),
    ("IT", "campione", "Campione d'Italia", {FIRST_DAY: "0"}, ("22061",)),
    ("IT", "livigno", "Livigno", {FIRST_DAY: "0"}, ("23041",)),
    ("PT", "azores", "Azores", {FIRST_DAY: "18", "2021-07-01": "16"}, ("95", "96", "97", "98", "99")),
    ("PT", "madeira", "Madeira", {FIRST_DAY: "22"}, ("90", "91", "92", "93", "94")),
)  # fmt: skip


def eu_vat_rates_csv() -> str:
    """The CSV text: a row per tax code and day from which its rate holds; `member_state` says whose standard it is."""
    lines = ["tax_code,tax_name,member_state,rate_percent,valid_from"]
    for state, (name, rates) in STANDARD_RATES.items():
        code = f"eu_{state.lower()}_standard"
        lines += [f"{code},VAT {name},{state},{rate},{day}" for day, rate in rates.items()]
    lines += [f"{code},{name},,0,{FIRST_DAY}" for code, name in NO_VAT.items()]
    for state, word, name, rates, _ in TERRITORIES:
        for day, rate in rates.items():
            tax_name = f"VAT {name}" if rate != "0" else f"VAT exempt: {name}"
            lines.append(f"eu_{state.lower()}_{word},{tax_name},,{rate},{day}")
    return "\n".join(lines) + "\n"


def eu_vat_territories_csv() -> str:
    """The CSV text: one row per state and beginning of zip codes that mean a special territory."""
    lines = ["country,zipcode_prefix,territory_name,tax_code"]
    for state, word, name, _, prefixes in TERRITORIES:
        lines += [f"{state},{prefix},{name},eu_{state.lower()}_{word}" for prefix in prefixes]
    return "\n".join(lines) + "\n"


def rates_that_changed() -> list[str]:
    """Member states whose standard rate in the package is not the last one here, with both; in order of their codes."""
    # Development has it, a company that bills does not.
    from eu_vat_rates_data import get_all_rates

    known = {state: list(rates.values())[-1] for state, (_, rates) in STANDARD_RATES.items()}
    packaged = {
        state: f"{row['standard']:g}" for state, row in get_all_rates().items() if row["eu_member"]
    }
    return [
        f"{state}: {known.get(state, 'no rate')} here, {packaged.get(state, 'no rate')} in the package"
        for state in sorted({*known, *packaged})
        if known.get(state) != packaged.get(state)
    ]


if __name__ == "__main__":
    changed = rates_that_changed()
    if changed:
        raise SystemExit("State the day from which the new rate holds:\n" + "\n".join(changed))
    (REFERENCE / "eu_vat_rates.csv").write_text(eu_vat_rates_csv(), encoding="utf-8")
    (REFERENCE / "eu_vat_territories.csv").write_text(eu_vat_territories_csv(), encoding="utf-8")

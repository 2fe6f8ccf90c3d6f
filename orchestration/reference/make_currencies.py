"""Make `seeds/reference/currencies.csv` from the pinned package iso4217.

Run it by `python -m orchestration.reference.make_currencies`.

Belongs here: currencies in use and their minor units. Does not belong here: rates of exchange.
"""

from __future__ import annotations

from iso4217 import Currency

from orchestration.workspace import REFERENCE


def currencies_csv() -> str:
    """The CSV text: one row per ISO 4217 currency that has a minor unit, by code."""
    lines = ["currency,currency_name,minor_unit"]
    for currency in sorted(Currency, key=lambda currency: currency.code):
        if currency.exponent is not None:
            name = currency.currency_name.replace('"', '""')
            lines.append(f'{currency.code},"{name}",{currency.exponent}')
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    REFERENCE.mkdir(parents=True, exist_ok=True)
    (REFERENCE / "currencies.csv").write_text(currencies_csv(), encoding="utf-8")

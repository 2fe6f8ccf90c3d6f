"""Cases of kind tax: which level taxes a fee, what fees of several taxes come to, and EU VAT by place.

Belongs here: which keys these cases have, and where each expected value is read. Does not belong here: the fees
(`life_fees`), taxes of notes (`translate_credit_notes`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

from .life_credits import Coupon, Place, Taxed
from .life_facts import SUBSCRIPTION, LifeFacts, LifeInvoice
from .life_fees import Fee, FeeLife, fee_kind, take_fee
from .prices import in_units
from .reading import Case, Keys, UnsupportedCase
from .translate_coupons import (
    billing_of,
    coupon_on_fees,
    coupons_of_shares,
    known_of_fees,
    take_share,
    tax_of,
)
from .translate_credit_notes import invoice_parts, tax_rows
from .translate_proration import readers_of
from .trials import Translation

ONE_OFF = "one_off"
# The levels by the keys that state their rates, the first one first; and the type of fee that has such a level.
_LEVELS = {
    "explicit_tax_rates": ("one_off_fee", "add_on"),
    "charge_tax_rates": ("charge", "charge"),
    "add_on_tax_rates": ("add_on", "add_on"),
    "fixed_charge_tax_rates": ("add_on", "fixed_charge"),
    "commitment_tax_rates": ("commitment", "commitment"),
    "plan_tax_rates": ("plan", None),
    "customer_tax_rates": ("customer", None),
    "billing_entity_tax_rates": ("entity", None),
    "organization_tax_rates": ("entity", None),
}


def translate_fee_tax(case: Case) -> Translation:
    """One fee, and the rates that are stated at each level."""
    keys = Keys(case.inputs, "inputs")
    billing = billing_of(keys)
    amount = in_units(keys.needed("fee_amount_cents"), billing.currency)
    share = take_share(keys, billing.currency)
    stated = {name: tuple(keys.numbers(name)) for name in _LEVELS}
    kind = _kind(keys, stated)
    keys.refuse_rest()
    fee = Fee("fee", kind, amount)
    book = FeeLife([fee], billing)
    taxes = []
    for name, rates in stated.items():
        level, _ = _LEVELS[name]
        code = book.code_at(level, 0)
        if rates and code is not None:
            taxes.append(Taxed(level, code, rates))
    coupons = coupons_of_shares(book, [amount], [share])
    return Translation(
        {"": book.life(taxes=tuple(taxes), coupons=coupons)}, readers_of(case, _known(case, book))
    )


def _kind(keys: Keys, stated: dict[str, tuple[Decimal, ...]]) -> str:
    """The type of the fee; where it is not stated, one that has the first level whose rates are.

    Rates of the fee itself are those of a fee that is billed once, whatever it is for: no other level can change them.
    """
    named = keys.text("fee_type")
    implied = [_LEVELS[name][1] for name, rates in stated.items() if rates]
    if stated["explicit_tax_rates"]:
        return fee_kind("add_on")
    first = next((kind for kind in implied if kind is not None), "charge")
    return fee_kind(named or first, keys.where)


def translate_invoice_tax(case: Case) -> Translation:
    """Fees with their own taxes, and what coupons take off each; or coupons."""
    keys = Keys(case.inputs, "inputs")
    billing = billing_of(keys)
    fees, shares = [], []
    for position, stated in enumerate(keys.objects("fees")):
        fees.append(take_fee(stated, position, billing.currency))
        shares.append(take_share(stated, billing.currency))
        stated.refuse_rest()
    if not fees:
        raise UnsupportedCase("inputs: key 'fees' is missing")
    book = FeeLife(fees, billing)
    coupons: list[Coupon] = [coupon_on_fees(one, book) for one in keys.objects("coupons")]
    if any(shares) and coupons:
        raise UnsupportedCase("inputs: 'coupons' beside fees with a 'coupon' each")
    coupons += coupons_of_shares(book, [fee.amount for fee in fees], shares)
    keys.refuse_rest()
    life = book.life(coupons=tuple(replace(one, moment=book.first) for one in coupons))
    return Translation({"": life}, readers_of(case, _known(case, book)))


def _known(case: Case, book: FeeLife) -> dict[str, Callable[[LifeFacts], Any]]:
    """What an invoice and its fees come to; of keys that name no fee, the first one's."""

    def invoice(facts: LifeFacts) -> LifeInvoice | None:
        kinds = {ONE_OFF if fee.kind == "add_on" else SUBSCRIPTION for fee in book.fees}
        return facts.invoice(book.first, kinds.pop()) if len(kinds) == 1 else None

    known = known_of_fees(case, book)
    for key in ("taxes_rate", "taxes_amount_cents", "total_amount_cents", "fees_amount_cents"):
        known[key] = lambda facts, key=key: invoice_parts({}, facts, invoice(facts)).get(key)
    known["per_tax"] = lambda facts: (
        None
        if (found := invoice(facts)) is None
        else tax_rows(case.expected["per_tax"], facts, found.taxes)
    )
    known["fee_coupon"] = known[f"{book.fees[0].label}_coupon"]
    known["fee_taxes_rate"] = lambda facts: _rate_of_fee(book, facts)
    if not isinstance(case.expected.get("fee_taxes_amount_cents"), list):
        known["fee_taxes_amount_cents"] = lambda facts: tax_of(book, facts, 0)
    return known


def _rate_of_fee(book: FeeLife, facts: LifeFacts) -> Decimal | None:
    lines = book.lines(facts, 0)
    return lines[0].tax_rate if lines else None


# EU VAT by place.

# A VAT id of each member state, of the form and with the check digits that it gives (EL is Greece).
_VAT_IDS = (
    "ATU13585627",
    "BE0428759497",
    "BG175074752",
    "CY10259033P",
    "CZ25123891",
    "DE136695976",
    "DK13585628",
    "EE100931558",
    "EL094259216",
    "ESB58378431",
    "FI20774740",
    "FR40303265045",
    "HR33392005961",
    "HU12892312",
    "IE6433435F",
    "IT00743110157",
    "LT119511515",
    "LU15027442",
    "LV40003521600",
    "MT11679112",
    "NL004495445B01",
    "PL8567346215",
    "PT501964843",
    "RO18547290",
    "SE123456789701",
    "SI50223054",
    "SK2022749619",
)
_LETTER, _DIGIT = "A", "0"


def translate_eu_vat(case: Case) -> Translation:
    """A customer of an entity with EU VAT, and where it was on the invoice before."""
    keys = Keys(case.inputs, "inputs")
    billing = billing_of(keys)
    country = keys.text("billing_entity_country")
    if country is None:
        raise UnsupportedCase("inputs: key 'billing_entity_country' is missing")
    stated = Keys(keys.take("customer", {}), "inputs: customer")
    place = Place(
        stated.text("country", "") or "",
        str(stated.take("zipcode", "")),
        *_vat_id(stated),
    )
    before = stated.text("previous_country")
    stated.refuse_rest()
    keys.refuse_rest()
    places = (place,) if before is None else (replace(place, country=before), place)
    book = FeeLife([Fee("fee", "charge", in_units(Decimal(10_000), "EUR"))], billing, len(places))
    life = book.life(taxes=(), vat_country=country, places=places)
    last = len(places) - 1

    def tax_code(facts: LifeFacts) -> str | None:
        lines = book.lines(facts, 0, last)
        return f"lago_{lines[0].tax_codes}" if lines and lines[0].tax_codes else None

    def rate(facts: LifeFacts) -> Decimal | None:
        lines = book.lines(facts, 0, last)
        return lines[0].tax_rate if lines else None

    known: dict[str, Callable[[LifeFacts], Any]] = {
        "tax_code": tax_code,
        "tax_rate": rate,
        "taxes_rate": rate,
    }
    return Translation({"": life}, readers_of(case, known))


def _vat_id(keys: Keys) -> tuple[str, bool]:
    """The VAT id and what a registry says of it.

    No catalog takes an id whose form its state does not give: such a customer has none. Else an example of the same
    state stands for it, whose check digits are right: whether an id is valid is the registry's answer.
    """
    stated, is_valid = keys.text("vat_id"), keys.flag("vat_valid")
    state = keys.text("vat_country") or (stated or "")[:2].upper()
    state = "EL" if state == "GR" else state
    if stated is None and not is_valid:
        return "", False
    example = next((one for one in _VAT_IDS if one[:2] == state), None)
    if example is None:
        raise UnsupportedCase(f"{keys.where}: 'vat_id' {stated!r} is of no member state")
    if not is_valid and _form(stated or "") != _form(example):
        return "", False
    if find_spec("stdnum") is None:
        raise UnsupportedCase(
            f"{keys.where}: 'vat_id' needs the package python-stdnum, which is not installed"
        )
    return example, is_valid


def _form(vat_id: str) -> str:
    return "".join(_LETTER if one.isalpha() else _DIGIT for one in vat_id.upper() if one.isalnum())

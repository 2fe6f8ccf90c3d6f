"""The billing entities of random companies: those that all have, and their twins with automatic tax.

Belongs here: the rows of entities, and of taxes that their customers share. Does not belong here: customers.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from .random_charges import Rows
from .random_rows import ALWAYS, ENTITIES, RECORDED

# Member states of the twins with EU VAT, in the order of ENTITIES.
SELLER_STATES = ("FR", "DE", "EE", "GR", "IT")
AUTOMATIC = {"vat": "eu_vat", "sales": "us_sales_tax"}
# A tax of the entity, where its automatic tax makes nothing of the place: of which twins.
ENTITY_TAX = "twin_tax"
TAXED_TWINS = ("prompt_sales", "week_sales", "week_vat")


def twin_of(entity_code: str, kind: str) -> str:
    """The entity with the automatic tax of a kind (vat, sales) that is else like another one."""
    return f"{entity_code}_{kind}"


def seller_state_of(entity_code: str) -> str:
    """The member state of the twin with EU VAT of an entity."""
    return SELLER_STATES[[code for code, *_ in ENTITIES].index(entity_code)]


def entity_rows(used: Collection[str]) -> list[dict[str, str]]:
    """All entities without automatic tax, and those with one that are used."""
    rows = []
    for code, zone_name, net_payment_days, grace_days in ENTITIES:
        automatic = {twin_of(code, kind): kind for kind in AUTOMATIC}
        for own in (code, *(twin for twin in automatic if twin in used)):
            row = {
                "billing_entity_code": own,
                "entity_name": own.title(),
                "country": seller_state_of(code) if automatic.get(own) == "vat" else "US",
                "timezone": zone_name,
                "invoice_prefix": f"{own.upper()}-",
                "net_payment_days": str(net_payment_days),
                "grace_days": str(grace_days),
            }
            if own in automatic:
                row["automatic_tax"] = AUTOMATIC[automatic[own]]
            rows.append(row)
    return rows


def shared_taxes(entity_codes: Collection[str], changed_on: date) -> Rows:
    """Rates of the EU by rows of the company's own, and a tax of some entities, for those that are used.

    France's begins on a day, Italy's ends there, Germany's changes.
    """
    day = changed_on.isoformat()
    used = [code for code in TAXED_TWINS if code in entity_codes]
    rates = (
        ("eu_fr_standard", "20.5", day, ""),
        ("eu_it_standard", "21.25", ALWAYS, day),
        ("eu_de_standard", "18", ALWAYS, day),
        ("eu_de_standard", "16.33333", day, ""),
        (ENTITY_TAX, "6.5", ALWAYS, ""),
    )
    taxes: list[dict[str, Any]] = [
        {
            "tax_code": code,
            "tax_name": "A tax of the company's own",
            "rate_percent": rate,
            "valid_from": valid_from,
            "valid_to": valid_to,
            "recorded_at": RECORDED,
        }
        for code, rate, valid_from, valid_to in rates
        if used or code != ENTITY_TAX
    ]
    assigned = [{"level": "entity", "code": code, "tax_code": ENTITY_TAX} for code in used]
    return {"tax/taxes": taxes, "tax/assigned_taxes": assigned}

"""One-off fees: units of an add-on, billed once on a day.

Belongs here: reading add-ons and fees, and the line of a fee. Does not belong here: which close bills it (see `bill`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil
from pathlib import Path

from .cells import Row, day_in, decimal_in, rows_of, text_in
from .lines import InvoiceLine
from .periods import ONE_DAY, first_instant

FEE_TYPE = "add_on"
INVOICE_TYPE = "one_off"


@dataclass(frozen=True)
class OneOff:
    """A fee with what its add-on says where it says nothing itself. `pack_units`: None if units are sold one by one."""

    one_off_fee_id: str
    customer_id: str
    add_on_code: str
    billed_on: date
    units: Decimal
    unit_amount: Decimal
    currency: str
    pack_units: Decimal | None

    @property
    def quantity(self) -> Fraction:
        """Units, or whole packs: who asks for a part of a pack buys all of it."""
        if self.pack_units is None:
            return Fraction(self.units)
        return Fraction(ceil(Fraction(self.units) / Fraction(self.pack_units)))


def read_one_offs(folder: Path) -> list[OneOff]:
    """All fees in the order of their file; none where there is no file."""
    add_ons = {text_in(row, "add_on_code"): row for row in rows_of(folder / "prices/add_ons.csv")}
    return [
        _one_off(row, add_ons[text_in(row, "add_on_code")])
        for row in rows_of(folder / "accounts/one_off_fees.csv")
    ]


def _one_off(row: Row, add_on: Row) -> OneOff:
    unit_amount = decimal_in(row, "unit_amount")
    if unit_amount is None:
        unit_amount = Decimal(text_in(add_on, "unit_amount"))
    return OneOff(
        one_off_fee_id=text_in(row, "one_off_fee_id"),
        customer_id=text_in(row, "customer_id"),
        add_on_code=text_in(row, "add_on_code"),
        billed_on=day_in(row, "billed_on"),
        units=Decimal(text_in(row, "units")),
        unit_amount=unit_amount,
        currency=row.get("currency") or text_in(add_on, "currency"),
        pack_units=decimal_in(add_on, "pack_units"),
    )


def due_one_offs(fees: Iterable[OneOff], issued: Iterable[str], close_date: date) -> list[OneOff]:
    """The fees of a close: their day has come, and no earlier close issued them.

    Source: BILLING_RULES §4 "Close dates: … a one-off's … date"; one that was recorded late is billed all the same.
    """
    known = set(issued)
    return [fee for fee in fees if fee.billed_on <= close_date and fee.one_off_fee_id not in known]


def one_off_line(fee: OneOff, timezone: str) -> InvoiceLine:
    """The line of a fee, for the customer's local day; it belongs to no subscription."""
    return InvoiceLine(
        subscription_id="",
        fee_type=FEE_TYPE,
        charge_code=fee.add_on_code,
        metric_code=None,
        service_period_start=first_instant(timezone, fee.billed_on),
        service_period_end=first_instant(timezone, fee.billed_on + ONE_DAY),
        exact_quantity=fee.quantity,
        exact_amount=fee.quantity * Fraction(fee.unit_amount),
        currency=fee.currency,
        one_off_fee_id=fee.one_off_fee_id,
    )

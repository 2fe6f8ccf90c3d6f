"""Coupons and taxes of a life: their pieces, the keys that state a coupon, and their rows.

Belongs here: coupons as cases state them, and files of `credits/` and `tax/`. Does not belong here: which life has them
(`translate_…`), fees (`life_fees`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .case_periods import instant_of
from .company_rows import NO_TAX, VALID_FROM, Rows, add_tax
from .prices import in_units
from .reading import Keys, UnsupportedCase, plain
from .trials import DAY

COLUMNS = {
    "credits/coupons": "coupon_code coupon_name coupon_type amount currency rate_percent frequency "
    "frequency_duration is_per_invoice expires_on",
    "credits/coupon_targets": "coupon_code plan_code metric_code",
    "credits/applied_coupons": "applied_coupon_id coupon_code customer_id applied_on ended_on "
    "used_amount used_periods",
    "tax/assigned_taxes": "level code tax_code",
    "tax/tax_checks": "customer_id vat_id checked_on is_valid source",
}
# A plan and a metric of nobody whom a case is about: what a coupon is limited to that its fees do not have.
_FOREIGN = {"plan_code": "host_0_plan", "metric_code": "host_0_units"}
_LEVELS_OF_CUSTOMER = ("customer", "entity")


@dataclass(frozen=True)
class Coupon:
    """A coupon that is applied to a life's customer, amounts in currency units.

    `plans`: codes of its subscriptions, `metrics`: of its metrics; None: not limited to any, empty: to foreign ones.
    `moment`: the close, from 0, from which on it is known. Days count from the date of that close.
    """

    currency: str
    amount: Decimal | None = None
    rate_percent: Decimal | None = None
    frequency: str = "once"
    duration: int | None = None
    is_per_invoice: bool = False
    used_amount: Decimal | None = None
    used_periods: int | None = None
    plans: tuple[str, ...] | None = None
    metrics: tuple[str, ...] | None = None
    moment: int = 0
    applied_in_days: int | None = None
    expires_in_days: int | None = None


@dataclass(frozen=True)
class Place:
    """Where a customer is, with a VAT id of which a registry says whether it is valid."""

    country: str = ""
    zipcode: str = ""
    vat_id: str = ""
    is_vat_id_valid: bool = False


@dataclass(frozen=True)
class Taxed:
    """Tax rates in percent at a level. `code`: a charge, add-on, one-off fee or subscription of the life; '' else."""

    level: str
    code: str
    rates: tuple[Decimal, ...]


# Keys.


def take_coupon(
    keys: Keys,
    currency: str,
    plans: Mapping[str, Sequence[str]] | None = None,
    metrics: Mapping[str, Sequence[str]] | None = None,
    billed_on: date | None = None,
) -> Coupon:
    """Take a coupon; `plans` and `metrics`: what it can be limited to, as codes by the words of the case."""
    kind = keys.text("type", "fixed") or "fixed"
    frequency = keys.text("frequency", "once") or "once"
    if kind not in ("fixed", "fixed_amount", "percentage"):
        raise UnsupportedCase(f"{keys.where}: type {kind!r} is unknown")
    if frequency not in ("once", "recurring", "forever"):
        raise UnsupportedCase(f"{keys.where}: frequency {frequency!r} is unknown")
    is_fixed = kind != "percentage"
    own_currency = _text(keys, "currency", "amount_currency") or currency
    duration, used_periods = _periods(keys, frequency)
    used = keys.number("already_used_cents", Decimal(0)) or Decimal(0)
    # Of other coupons it says what earlier periods took: theirs, nothing of this one's.
    is_used_up = is_fixed and frequency == "once"
    coupon = Coupon(
        currency=own_currency,
        amount=in_units(keys.needed("amount_cents"), own_currency) if is_fixed else None,
        rate_percent=None if is_fixed else _rate(keys),
        frequency=frequency,
        duration=duration,
        is_per_invoice=keys.flag("per_invoice"),
        used_amount=in_units(used, own_currency) if is_used_up and used else None,
        used_periods=used_periods,
        plans=_limits(keys, "limited_to_plans", plans),
        metrics=_limits(keys, "limited_to_metrics", metrics),
        applied_in_days=_days(keys, billed_on, "applied_at", "created_at"),
        expires_in_days=_days(keys, billed_on, "expires_at", "expiration_at"),
    )
    keys.refuse_rest()
    return coupon


def take_coupons(keys: Keys, currency: str) -> tuple[Coupon, ...]:
    """Take the coupon or coupons of a case that names no plans or metrics to limit them to."""
    one = [Keys(keys.take("coupon"), f"{keys.where}: coupon")] if "coupon" in keys else []
    return tuple(take_coupon(stated, currency) for stated in [*one, *keys.objects("coupons")])


def _text(keys: Keys, *names: str) -> str | None:
    found = [value for name in names if (value := keys.text(name)) is not None]
    return found[0] if found else None


def _rate(keys: Keys) -> Decimal:
    found = [
        value for name in ("rate", "percentage_rate") if (value := keys.number(name)) is not None
    ]
    if not found:
        raise UnsupportedCase(f"{keys.where}: key 'rate' is missing")
    return found[0]


def _periods(keys: Keys, frequency: str) -> tuple[int | None, int | None]:
    """How many periods a recurring coupon has, and how many of them are used."""
    duration = keys.number("frequency_duration")
    found = [
        value
        for name in ("remaining", "frequency_duration_remaining")
        if (value := keys.number(name)) is not None
    ]
    if frequency != "recurring":
        return None, None
    remaining = found[0] if found else duration
    if remaining is None:
        raise UnsupportedCase(f"{keys.where}: key 'remaining' is missing")
    whole = max(duration or remaining, remaining, Decimal(1))
    return int(whole), int(whole - remaining)


def _limits(
    keys: Keys, name: str, known: Mapping[str, Sequence[str]] | None
) -> tuple[str, ...] | None:
    stated = keys.take(name)
    if not stated:
        return None
    if known is None or not isinstance(stated, list):
        raise UnsupportedCase(f"{keys.where}: {name!r} is not read here")
    return tuple(code for word in stated for code in known.get(str(word), ()))


def _days(keys: Keys, billed_on: date | None, *names: str) -> int | None:
    """How many days after the billing date an instant lies."""
    for name in names:
        value = keys.take(name)
        if value is not None:
            if billed_on is None:
                raise UnsupportedCase(f"{keys.where}: {name!r} needs 'billing_at' in the inputs")
            return (instant_of(value, f"{keys.where}: {name!r}").date() - billed_on).days
    return None


# Rows.


def add_coupons(
    rows: Rows, name: str, coupons: Sequence[Coupon], number: int, close_date: date
) -> None:
    """Add the coupons that are known at close `number`, from 0, of `close_date`, in their order."""
    for position, coupon in enumerate(coupons):
        if number < coupon.moment:
            continue
        code = coupon_id(name, position)
        own_close = close_date + (coupon.moment - number) * DAY
        row = {
            "coupon_code": code,
            "coupon_name": code,
            "coupon_type": "percentage" if coupon.amount is None else "fixed",
            "frequency": coupon.frequency,
            "is_per_invoice": "true" if coupon.is_per_invoice else "",
        }
        if coupon.amount is None:
            row["rate_percent"] = plain(coupon.rate_percent or Decimal(0))
        else:
            row |= {"amount": plain(coupon.amount), "currency": coupon.currency}
        if coupon.duration is not None:
            row["frequency_duration"] = str(coupon.duration)
        if coupon.expires_in_days is not None:
            row["expires_on"] = (own_close + coupon.expires_in_days * DAY).isoformat()
        rows.setdefault("credits/coupons", []).append(row)
        rows.setdefault("credits/coupon_targets", []).extend(_targets(name, code, coupon))
        days = coupon.applied_in_days
        applied = {
            "applied_coupon_id": code,
            "coupon_code": code,
            "customer_id": name,
            "applied_on": VALID_FROM if days is None else (own_close + days * DAY).isoformat(),
        }
        if coupon.used_amount is not None:
            applied["used_amount"] = plain(coupon.used_amount)
        if coupon.used_periods:
            applied["used_periods"] = str(coupon.used_periods)
        rows.setdefault("credits/applied_coupons", []).append(applied)


def coupon_id(name: str, position: int) -> str:
    """The id of a life's coupon number `position`, from 0."""
    return f"{name}_coupon_{position:02d}"


def _targets(name: str, code: str, coupon: Coupon) -> list[dict[str, str]]:
    targets = (
        (
            "metric_code",
            None if coupon.metrics is None else [f"{name}_{m}" for m in coupon.metrics],
        ),
        ("plan_code", None if coupon.plans is None else [f"{name}_{p}_plan" for p in coupon.plans]),
    )
    return [
        {"coupon_code": code, column: target}
        for column, codes in targets
        if codes is not None
        for target in dict.fromkeys(codes or [_FOREIGN[column]])
    ]


def add_taxes(rows: Rows, name: str, taxes: Sequence[Taxed]) -> None:
    """Add what is taxed at which level; a customer of whom neither it nor its entity has taxes has one of 0 %."""
    for taxed in taxes:
        owner = {"plan": f"{name}_{taxed.code}_plan", "commitment": f"{name}_{taxed.code}_plan"}
        code = owner.get(taxed.level, f"{name}_{taxed.code}" if taxed.code else name)
        for tax_code in tax_codes(rows, name, taxed.rates):
            if taxed.level == "customer":
                row = {"customer_id": name, "tax_code": tax_code}
                rows["tax/customer_taxes"].append(row)
            else:
                row = {"level": taxed.level, "code": code, "tax_code": tax_code}
                rows.setdefault("tax/assigned_taxes", []).append(row)
    if not any(taxed.level in _LEVELS_OF_CUSTOMER and taxed.rates for taxed in taxes):
        rows["tax/customer_taxes"].append({"customer_id": name, "tax_code": NO_TAX})


def add_place(rows: Rows, name: str, place: Place) -> None:
    """Put the customer of the last row there, with what a registry says of its VAT id."""
    row = {"country": place.country, "zipcode": place.zipcode, "vat_id": place.vat_id}
    rows["accounts/customers"][-1] |= row
    if place.vat_id:
        rows.setdefault("tax/tax_checks", []).append(
            {
                "customer_id": name,
                "vat_id": place.vat_id,
                "checked_on": VALID_FROM,
                "is_valid": str(place.is_vat_id_valid).lower(),
                "source": "a registry",
            }
        )


def tax_codes(rows: Rows, name: str, rates: Sequence[Decimal]) -> list[str]:
    """A code for each rate, the same wherever it stands; a rate that stands twice is two taxes."""
    known = {row["tax_code"] for row in rows["tax/taxes"]}
    seen: Counter[str] = Counter()
    found = []
    for rate in rates:
        seen[plain(rate)] += 1
        code = f"{name}_tax_{plain(rate)}_{seen[plain(rate)]}"
        if code not in known:
            add_tax(rows, code, rate)
            known.add(code)
        found.append(code)
    return found

"""Lives as rows of the catalog, as it is known at one of their moments, and their usage.

Belongs here: the rows and lines of a life, under names of its own. Does not belong here: what a life is made of
(`lives`), and writing files (`company`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from .company_rows import (
    RECORDED_AT,
    VALID_FROM,
    Rows,
    add_charge,
    add_metric,
    event_line,
    instant_text,
)
from .life_credits import COLUMNS as CREDIT_COLUMNS
from .life_credits import Taxed, add_coupons, add_place, add_taxes
from .life_wallets import COLUMNS as WALLET_COLUMNS
from .life_wallets import add_wallets
from .lives import FixedCharge, Life, PlanTerms, Signed
from .reading import plain
from .trials import DAY

COLUMNS = {
    **CREDIT_COLUMNS,
    **WALLET_COLUMNS,
    "prices/add_ons": "add_on_code add_on_name",
    "prices/fixed_charges": "plan_code fixed_charge_code add_on_code charge_model display_name "
    "is_pay_in_advance is_prorated units unit_amount valid_from valid_to recorded_at",
    "accounts/one_off_fees": "one_off_fee_id customer_id add_on_code billed_on units unit_amount "
    "currency recorded_at",
    "accounts/payments": "payment_id invoice_number amount paid_on",
    "prices/usage_thresholds": "plan_code threshold_amount is_recurring",
}


def add_life(rows: Rows, name: str, life: Life, number: int, close_date: date) -> None:
    """Add what is known of a life when close `number`, from 0, of `close_date` bills it."""
    known_on = life.moment(number)
    rows["accounts/billing_entities"].append(
        {
            "billing_entity_code": name,
            "entity_name": name,
            "country": life.vat_country or "FR",
            "timezone": "UTC",
            "invoice_prefix": name,
            "net_payment_days": "30",
            "grace_days": str((close_date - known_on).days),
            **({"automatic_tax": "eu_vat"} if life.vat_country else {}),
        }
    )
    rows["accounts/customers"].append(
        {
            "customer_id": name,
            "customer_name": name,
            "billing_entity_code": name,
            "country": "FR",
            "timezone": life.timezone,
        }
    )
    if life.vat_country:
        add_place(rows, name, life.places[min(number, len(life.places) - 1)])
    own_rate = life.tax_rate_percent
    own = () if own_rate is None else (Taxed("customer", "", (own_rate,)),)
    if not life.vat_country:
        add_taxes(rows, name, (*own, *life.taxes))
    add_wallets(rows, name, life.wallets, close_date - number * DAY)
    add_coupons(rows, name, life.coupons, number, close_date)
    for metric in life.metrics:
        add_metric(rows, name, metric)
    for signed in life.signed:
        if signed.known_on <= known_on:
            _add_subscription(rows, name, life, signed, known_on)
            _add_plan(rows, name, plan_code(name, signed), signed.plan, life.currency)
            _add_thresholds(rows, plan_code(name, signed), signed.plan, known_on)
    _add_one_offs(rows, name, life)
    for position, payment in enumerate(life.payments):
        if payment.known_on <= known_on:
            rows.setdefault("accounts/payments", []).append(
                {
                    "payment_id": f"{name}_payment_{position}",
                    # Numbers are gapless within a billing entity, and this one has no other customer.
                    "invoice_number": f"{name}-{payment.number:06d}",
                    "amount": plain(payment.amount),
                    "paid_on": payment.known_on.isoformat(),
                }
            )


def _add_one_offs(rows: Rows, name: str, life: Life) -> None:
    for fee in life.one_offs:
        add_on = life_code(name, f"add_on_{fee.code}")
        rows.setdefault("prices/add_ons", []).append(
            {"add_on_code": add_on, "add_on_name": fee.code}
        )
        rows.setdefault("accounts/one_off_fees", []).append(
            {
                "one_off_fee_id": life_code(name, fee.code),
                "customer_id": name,
                "add_on_code": add_on,
                "billed_on": fee.billed_on.isoformat(),
                "units": "1",
                "unit_amount": plain(fee.amount),
                "currency": life.currency,
                "recorded_at": RECORDED_AT,
            }
        )


def plan_code(name: str, signed: Signed) -> str:
    return f"{name}_{signed.code}_plan"


def life_code(name: str, code: str) -> str:
    return f"{name}_{code}"


def life_subscription_id(name: str, signed: Signed) -> str:
    return f"{name}_{signed.code}"


def _add_subscription(rows: Rows, name: str, life: Life, signed: Signed, known_on: date) -> None:
    ended_at = signed.ended_at if signed.end_known_on <= known_on else None
    if ended_at is None and signed.earlier_end is not None:
        earlier, since = signed.earlier_end
        ended_at = earlier if since <= known_on else None
    begins_at = signed.billing_starts_at
    row = {"lifetime_usage_amount": plain(signed.lifetime_usage)} if signed.lifetime_usage else {}
    rows["accounts/subscriptions"].append(
        {
            **row,
            "subscription_id": life_subscription_id(name, signed),
            "external_subscription_id": f"{name}_{signed.external}",
            "customer_id": name,
            "plan_code": plan_code(name, signed),
            "started_at": instant_text(signed.started_at),
            "ended_at": "" if ended_at is None else instant_text(ended_at),
            "billing_starts_at": "" if begins_at is None else instant_text(begins_at),
            "billing_time": life.billing_time,
            "on_termination": signed.on_termination,
            "recorded_at": RECORDED_AT,
        }
    )


def _add_plan(rows: Rows, name: str, code: str, plan: PlanTerms, currency: str) -> None:
    row = {
        "plan_code": code,
        "plan_name": code,
        "interval": plan.interval,
        "is_pay_in_advance": str(plan.is_pay_in_advance).lower(),
        "amount": plain(plan.amount),
        "currency": currency,
        "trial_days": str(plan.trial_days),
        "bills_charges_monthly": str(plan.bills_charges_monthly).lower(),
        "valid_from": VALID_FROM,
        "recorded_at": RECORDED_AT,
    }
    if plan.minimum_commitment is not None:
        row["minimum_commitment_amount"] = plain(plan.minimum_commitment)
    rows["prices/plans"].append(row)
    for charge in plan.charges:
        # A tax on a charge names its code, which must be of this life alone.
        add_charge(rows, name, code, replace(charge, code=life_code(name, charge.code)))
    for position, fixed_charge in enumerate(plan.fixed_charges):
        _add_fixed_charge(rows, name, code, position, fixed_charge)


def _add_thresholds(rows: Rows, code: str, plan: PlanTerms, known_on: date) -> None:
    """Those of the moment; a plan without thresholds has no rows."""
    for threshold in plan.thresholds:
        if threshold.known_on in (None, known_on):
            rows.setdefault("prices/usage_thresholds", []).append(
                {
                    "plan_code": code,
                    "threshold_amount": plain(threshold.amount),
                    "is_recurring": str(threshold.is_recurring).lower(),
                }
            )


def _add_fixed_charge(
    rows: Rows, name: str, code: str, position: int, fixed_charge: FixedCharge
) -> None:
    add_on = {"add_on_code": f"{name}_{fixed_charge.add_on}", "add_on_name": fixed_charge.add_on}
    add_ons = rows.setdefault("prices/add_ons", [])
    if add_on not in add_ons:
        add_ons.append(add_on)
    rows.setdefault("prices/fixed_charges", []).append(
        {
            "plan_code": code,
            "fixed_charge_code": fixed_charge.code or f"fixed_{position:02d}",
            "add_on_code": add_on["add_on_code"],
            "charge_model": "standard",
            "display_name": fixed_charge.add_on,
            "is_pay_in_advance": str(fixed_charge.is_pay_in_advance).lower(),
            "is_prorated": str(fixed_charge.is_prorated).lower(),
            "units": plain(fixed_charge.units),
            "unit_amount": plain(fixed_charge.amount),
            "valid_from": VALID_FROM,
            "recorded_at": RECORDED_AT,
        }
    )


def life_usage_lines(lives: Mapping[str, Life], number: int) -> Iterable[str]:
    """The events that arrive before close `number`, from 0, as flat JSON lines.

    One that names no metric is sent for every metric of its life.
    """
    for name, life in lives.items():
        for position, event in life.events_of(number):
            for metric in life.metrics:
                if event.metric_code in (None, metric.code):
                    owners = [one for one in life.signed if event.code in (None, one.code)]
                    external = f"{name}_{owners[-1].external}"
                    yield event_line(name, external, metric.code, position, event)

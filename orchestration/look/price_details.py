"""The prices of an invoice line as applied, told in rows under it.

Belongs here: one function per word of `price_details.model`. Does not belong here: computing anything; every figure
was published with the line.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from rich.markup import escape

from orchestration.texts import counted, grouped, money

Row = tuple[str, str, str, str]  # description, quantity, unit price, amount


def detail_rows(details: dict[str, Any], decimals: int) -> Iterator[Row]:
    """Rows that say how a line's amount came about; none where quantity times unit price says it all.

    `details`: the line's price_details as parsed JSON, decimals as texts; `decimals`: of the currency.
    """
    model = details["model"]
    if model == "subscription" and details["days"] != details["period_days"]:
        plan = money(Decimal(details["plan_amount"]), decimals)
        yield f"  {details['days']} of {details['period_days']} days at {plan}", "", "", ""
    elif model == "package":
        free = Decimal(details["free_units"])
        note = f", {grouped(free)} free" if free else ""
        size = grouped(Decimal(details["package_size"]))
        packages = grouped(Decimal(details["packages"]))
        yield f"  packages of {size}{note}", packages, details["package_amount"], ""
    elif model == "percentage":
        yield from _percentage(details)
    elif model == "minimum":
        least, fees = details["minimum_amount"], details["fees_amount"]
        yield f"  minimum {grouped(Decimal(least))}, fees {grouped(Decimal(fees))}", "", "", ""
    elif model in ("commitment", "maximum"):
        limit = details["maximum_amount" if model == "maximum" else "minimum_amount"]
        amounts = (
            money(_rounded(text, decimals), decimals) for text in (limit, details["fees_amount"])
        )
        yield "  {} {}, fees {}".format(model, *amounts), "", "", ""
    elif model == "add_on" and "pack_units" in details:
        size, units = (grouped(Decimal(details[name])) for name in ("pack_units", "units"))
        yield f"  packs of {size}, {units} asked for", "", "", ""
    elif model == "manual":
        yield f"  {escape(details['reason'])} ({escape(details['author'])})", "", "", ""
    elif model == "fixed_charge" and details.get("days") != details.get("period_days"):
        full = grouped(Decimal(details["full_amount"]))
        yield f"  {details['days']} of {details['period_days']} days at {full}", "", "", ""
    elif model == "top_up" and "ongoing_balance" in details:
        yield from _top_up(details, decimals)
    elif model == "adjustment":
        now, issued = (
            money(_rounded(details[name], decimals), decimals)
            for name in ("computed_amount", "issued_amount")
        )
        yield f"  is {now} now, {issued} was billed", "", "", ""
    elif model == "progressive_credit" and Decimal(details["credited_by_note"]):
        billed, noted = (
            money(Decimal(details[name]), decimals)
            for name in ("billed_amount", "credited_by_note")
        )
        yield f"  of {billed} billed before, {noted} by credit note", "", "", ""
    if "unit_days" in details:
        unit_days = grouped(Decimal(details["unit_days"]))
        yield f"  unit-days of {details['period_days']} days", unit_days, "", ""
    if "highest_units" in details:
        highest, amount = (
            grouped(Decimal(details[name])) for name in ("highest_units", "units_amount")
        )
        yield f"  units by their days, up to {highest} at once", "", "", amount
        flat = Decimal(details["flat_amount"])
        if flat:
            yield "  flat amounts of the tiers reached", "", "", grouped(flat)
    for tier in details.get("tiers", ()):
        yield _tier(tier)
    if "paid_before_amount" in details:
        paid = grouped(-Decimal(details["paid_before_amount"]))
        yield "  less what was paid before the upgrade", "", "", paid
    if Decimal(details.get("amount_before", "0")):
        before = grouped(Decimal(details["quantity_before"]))
        amount = grouped(-Decimal(details["amount_before"]))
        yield f"  less what {before} before it cost", "", "", amount


def _rounded(text: str, decimals: int) -> Decimal:
    """An exact amount for display: half away from zero, as on the line."""
    return Decimal(text).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def _top_up(details: dict[str, Any], decimals: int) -> Iterator[Row]:
    """What the rule found, and what it was to be brought above or up to."""
    ongoing = money(_rounded(details["ongoing_balance"], decimals), decimals)
    if "target_credits" in details:
        aim = f"to {grouped(Decimal(details['target_credits']))} credits"
    else:
        aim = f"above {grouped(Decimal(details['threshold_credits']))} credits"
    yield f"  from an ongoing balance of {ongoing} {aim}", "", "", ""


def _percentage(details: dict[str, Any]) -> Iterator[Row]:
    parts = [f"{details['rate']} %"]
    if Decimal(details.get("fixed_amount", "0")):
        parts.append(f"{details['fixed_amount']} per event")
    text = " + ".join(parts)
    if "per_transaction_min_amount" in details:
        text += f", at least {details['per_transaction_min_amount']} each"
    if "per_transaction_max_amount" in details:
        text += f", at most {details['per_transaction_max_amount']} each"
    if "free_events" in details:
        text += f", {counted(int(details['free_events']), 'event')} free"
    if "free_total" in details:
        text += f", {grouped(Decimal(details['free_total']))} free"
    if "paid_units" in details:
        text += f"; {grouped(Decimal(details['paid_units']))} paid, {counted(int(details['paid_events']), 'event')}"
    else:
        text += f"; {counted(int(details['event_count']), 'event')}"
    yield f"  {text}", "", "", ""


def _tier(tier: dict[str, Any]) -> Row:
    above = grouped(Decimal(tier["from"]))
    span = f"above {above}" if tier["up_to"] is None else f"to {grouped(Decimal(tier['up_to']))}"
    flat = "" if Decimal(tier["flat_amount"]) == 0 else f" + {tier['flat_amount']} flat"
    return (
        f"  {span}",
        grouped(Decimal(tier["units"])),
        f"{tier['unit_amount']}{flat}",
        grouped(Decimal(tier["amount"])),
    )

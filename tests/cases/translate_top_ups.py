"""Cases of wallets that are topped up by a rule with a threshold.

Belongs here: which keys these cases have, and where each expected value is read. Does not belong here: rows of wallets
and rules (`life_wallets`).

What is billed at the close lies in the first month, what is open then in the second. The rule is in force on the date
of the first close only; the second one knows that what was sold is paid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from .life_facts import LifeFacts
from .life_fees import FIRST
from .life_keys import Billing
from .life_wallets import LotTerms, RuleTerms, WalletTerms
from .lives import Life, Payment, PlanTerms, Signed
from .prices import in_units
from .reading import Case, Keys, UnsupportedCase, plain
from .translate_coupons import billing_of
from .translate_proration import readers_of
from .trials import Charge, Metric, Prices, Translation, UsageEvent

# More than any top-up of a case comes to: paid in full is what counts.
_PLENTY = Decimal(1_000_000)
_TOP_UP_INVOICE = 2


@dataclass(frozen=True)
class _Usage:
    """Money that is billed at the close, and that is open then."""

    billed: Decimal
    open: Decimal


def translate_threshold_top_up(case: Case) -> Translation:
    """A wallet, usage and a rule; or an ongoing balance, which is then made of a lot and open usage."""
    keys = Keys(case.inputs, "inputs")
    billing = billing_of(keys)
    rate = keys.number("rate") or Decimal(1)
    ongoing = keys.number("ongoing_credits")
    lots, usage = _held(keys, billing.currency) if ongoing is None else _of_balance(ongoing, rate)
    # Of a wallet that is stated by its balance these are the rule's.
    given = keys.number("granted_credits") if ongoing is not None else None
    rule = RuleTerms(
        keys.needed("threshold_credits"),
        keys.text("method") or "",
        keys.number("paid_credits") or Decimal(0),
        given or Decimal(0),
        keys.number("target_ongoing_balance"),
        keys.flag("grants_target_top_up", False),
        keys.flag("ignore_paid_top_up_limits", False),
    )
    limits = tuple(
        None
        if (value := keys.number(f"paid_top_up_{side}_amount_cents")) is None
        else in_units(value, billing.currency)
        for side in ("min", "max")
    )
    keys.refuse_rest()
    least, most = limits
    wallet = WalletTerms(billing.currency, lots, rate=rate, rule=rule, top_up_limits=(least, most))
    return Translation({"": _life(billing, wallet, usage)}, readers_of(case, _known()))


def _held(keys: Keys, currency: str) -> tuple[tuple[LotTerms, ...], _Usage]:
    """Credits that the wallet was given, and usage that is billed or open."""
    lots = (LotTerms(credits=keys.needed("granted_credits")),)
    billed, open_cents = keys.number("invoice_cents"), keys.number("usage_cents")
    return lots, _Usage(
        in_units(billed or Decimal(0), currency), in_units(open_cents or Decimal(0), currency)
    )


def _of_balance(ongoing: Decimal, rate: Decimal) -> tuple[tuple[LotTerms, ...], _Usage]:
    """A credit more than the balance, and open usage that takes what is too much."""
    held = max(ongoing, Decimal(0)) + 1
    if held != round(held, 5):
        raise UnsupportedCase("inputs: 'ongoing_credits' with more than 5 decimals")
    return (LotTerms(credits=held),), _Usage(Decimal(0), (held - ongoing) * rate)


def _life(billing: Billing, wallet: WalletTerms, usage: _Usage) -> Life:
    second = billing.whole(FIRST, FIRST)[1]
    third = billing.whole(second, FIRST)[1]
    events = tuple(
        UsageEvent(billing.first_instant(start) + timedelta(hours=1), {"value": plain(amount)})
        for start, amount in ((FIRST, usage.billed), (second, usage.open))
        if amount
    )
    plan = PlanTerms(
        Decimal(0),
        trial_days=(third - FIRST).days,
        charges=(Charge("standard", Prices({"unit_amount": "1"})),),
    )
    signed = Signed(plan, billing.first_instant(FIRST), ended_at=billing.first_instant(third))
    is_paid = bool(usage.billed)
    return Life(
        (signed,),
        (second, third) if is_paid else (second,),
        (Metric(),),
        events,
        payments=(Payment(_PLENTY, third, _TOP_UP_INVOICE),) if is_paid else (),
        **billing.life(),
        wallets=(wallet,),
    )


def _known() -> dict[str, Callable[[LifeFacts], Any]]:
    def sold(facts: LifeFacts, *kinds: str) -> Decimal:
        return sum((one.credits for one in facts.top_ups if one.kind in kinds), Decimal(0))

    def kind(facts: LifeFacts) -> str | None:
        found = {one.kind for one in facts.top_ups}
        return found.pop() if len(found) == 1 else None

    return {
        "paid_credits": lambda facts: sold(facts, "purchased"),
        "granted_credits": lambda facts: sold(facts, "granted"),
        "top_up_credits": lambda facts: sold(facts, "granted", "purchased"),
        "kind": kind,
        "credits_balance_after": lambda facts: sum(
            (one.remaining_credits for one in facts.lots), Decimal(0)
        ),
        "prepaid_credit_amount_cents": lambda facts: facts.cents(
            sum((one.amount for one in facts.draws if one.moment == 0), Decimal(0))
        ),
    }

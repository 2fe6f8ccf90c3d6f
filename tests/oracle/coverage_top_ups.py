"""What top-ups a bill was made of: counts per feature, so that a test sees when one is no longer drawn.

Belongs here: naming the features of what rules put in. Does not belong here: how many there should be.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from .bill import Bill
from .top_up_rows import DatedRule
from .topping_up import ToppedUp


def top_up_features_of(bill: Bill) -> Counter[str]:
    """How many lots of rules have each feature, over both copies of each example.

    `pays`: a lot that paid something; `sold on its way`: one that was sold while an earlier one was not paid.
    """
    found: Counter[str] = Counter()
    used = {draw.lot_id for invoice in bill.invoices for draw in invoice.draws}
    lots = {lot.lot_id: lot for wallet in bill.catalog.wallets for lot in wallet.lots}
    rules = {one.rule_id: one for one in bill.catalog.top_up_rules}
    by_wallet: defaultdict[str, list[ToppedUp]] = defaultdict(list)
    for one in bill.top_ups:
        rule = rules.get(one.rule_id)
        found.update([one.lot_kind] if rule is None else _features(one, rule))
        if rule is None:
            found["rule that is gone"] += 1
        found[f"{one.lot_kind} pays"] += one.lot_id in used
        lot = lots.get(one.lot_id)
        found["not paid"] += lot is None
        found["paid later"] += lot is not None and lot.granted_on > one.close_date
        unpaid = (lots.get(other.lot_id) for other in by_wallet[one.wallet_id])
        found["sold on its way"] += any(
            other is None or other.granted_on > one.close_date for other in unpaid
        )
        found["again"] += bool(by_wallet[one.wallet_id])
        by_wallet[one.wallet_id].append(one)
    found["lapsed"] = sum(one.lot_id in lots and " " in one.lot_id for one in bill.lapses)
    found["balances that set nothing off"] = _quiet(bill)
    return found


def _features(one: ToppedUp, rule: DatedRule) -> Iterator[str]:
    terms = rule.terms
    trigger = "threshold" if terms.threshold is not None else "interval"
    method = "fixed" if terms.target is None else "target"
    yield f"{trigger} {method} {one.lot_kind}"
    if one.ongoing is not None and one.ongoing < 0:
        yield "below zero"
    if terms.target is not None and one.lot_kind == "purchased":
        yield from _limits(one, rule)
    elif terms.threshold is not None and one.lot_kind == "purchased":
        if one.exact_amount > Decimal(terms.paid_credits) * terms.rate:
            yield "several steps"
        if terms.most is not None and one.exact_amount * 2 > terms.most:
            yield "near the most"
    if one.exact_amount and one.exact_amount != one.amount:
        yield "rounded"
    if terms.rate != 1:
        yield "other rate"


def _limits(one: ToppedUp, rule: DatedRule) -> Iterator[str]:
    if one.exact_amount == rule.terms.least:
        yield "the least"
    elif one.exact_amount == rule.terms.most:
        yield "the most"
    else:
        yield "the gap"


def _quiet(bill: Bill) -> int:
    """Rules by threshold, per close on which they hold, that put nothing in."""
    closes: set[date] = {one.close_date for one in bill.invoices}
    fired = {(one.rule_id, one.close_date) for one in bill.top_ups}
    return sum(
        rule.terms.threshold is not None and rule.holds_on(day) and (rule.rule_id, day) not in fired
        for rule in bill.catalog.top_up_rules
        for day in closes
    )

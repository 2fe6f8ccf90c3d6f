"""Cases of kind wallet: which wallet and lot pays what of an invoice, and what credits are worth.

Belongs here: which keys these cases have, and where each expected value is read. Does not belong here: the fees
(`life_fees`), rows of wallets (`life_wallets`), what notes pay (`translate_credit_notes`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .case_periods import instant_of
from .comparing import rounded
from .life_facts import LifeFacts
from .life_fees import FIRST, Fee, FeeLife, take_fee
from .life_keys import Billing
from .life_wallets import FOREIGN, LotTerms, WalletTerms
from .lives import Life, PlanTerms, Signed
from .prices import in_units
from .reading import Case, Keys, UnsupportedCase, plain
from .translate_coupons import billing_of
from .translate_proration import readers_of
from .trials import DAY, Charge, Metric, Prices, Translation, UsageEvent

# As many as the product draws from one after another.
_MOST_WALLETS = 8
_RATE_DECIMALS = 5
_CREDIT_DECIMALS = 5
# Lots expire in the order of their dates, all of them after whatever is billed.
_EXPIRIES_FROM = date(2100, 1, 1)
_FEE_TYPES = ("subscription", "fixed_charge", "charge", "commitment", "add_on")
_KINDS = {"granted": "granted", "purchased": "purchased", "paid": "purchased"}
#: What the product says of credits that are worth nothing, which it does not take.
WORTHLESS = "come to nothing"


# Which wallet pays what.


def translate_allocation(case: Case) -> Translation:
    """Wallets in the order in which the customer got them, and an invoice's fees with their tax."""
    keys = Keys(case.inputs, "inputs")
    billing = billing_of(keys)
    fees = _taxed_fees(keys, billing)
    book = FeeLife(fees, billing, shares_metrics=True)
    labels, wallets = [], []
    for position, one in enumerate(_wallet_keys(keys)):
        labels.append(str(one.take("id", f"wallet{position + 1}")))
        wallets.append(_wallet(one, billing.currency, book))
    _refuse_more(wallets)
    keys.refuse_rest()
    life = book.life(wallets=tuple(wallets))
    known = _known(book.first)
    for place, label in enumerate(labels):
        known |= {
            label: lambda facts, place=place: _drawn(facts, place),
            f"{label}_amount_cents": lambda facts, place=place: _drawn(facts, place),
            f"{label}_balance_after_cents": lambda facts, place=place: _left(facts, place),
        }
    return Translation({"": life}, readers_of(case, known))


def _wallet_keys(keys: Keys) -> list[Keys]:
    return [*keys.objects("wallets_in_created_order"), *keys.objects("wallets")]


def _taxed_fees(keys: Keys, billing: Billing) -> list[Fee]:
    """Fees with the rates that give their taxes, or one fee of the invoice's total."""
    fees, taxes = [], []
    for position, stated in enumerate(keys.objects("fees")):
        fees.append(take_fee(stated, position, billing.currency))
        tax = stated.number("precise_tax_cents") or Decimal(0)
        taxes.append(in_units(tax, billing.currency))
        stated.refuse_rest()
    stated_total = keys.number("invoice_total_cents")
    total = None if stated_total is None else in_units(stated_total, billing.currency)
    if not fees:
        if total is None:
            raise UnsupportedCase("inputs: key 'fees' is missing")
        return [Fee("fee1", "charge", total)]
    if len({fee.kind == "add_on" for fee in fees}) > 1:
        raise UnsupportedCase("inputs: an add-on is billed on an invoice of its own")
    _add_gap(fees, taxes, total, in_units(Decimal(1), billing.currency))
    found = []
    for fee, tax in zip(fees, taxes, strict=True):
        if tax and not fee.amount:
            raise UnsupportedCase("inputs: 'precise_tax_cents' of a fee of 0")
        rate = rounded(tax * 100 / fee.amount, "round", _RATE_DECIMALS) if tax else None
        found.append(fee if rate is None else replace(fee, rates=(rate,)))
    return found


def _add_gap(
    fees: Sequence[Fee], taxes: list[Decimal], total: Decimal | None, unit: Decimal
) -> None:
    """Who rounds the tax of each fee has a total some units from the exact one; the largest fee takes the gap.

    The product rounds the tax of all fees once, and needs none of it where that is the total.
    """
    exact = _sum(fee.amount for fee in fees) + _sum(taxes)
    if total is None or rounded(exact / unit, "round", 0) == total / unit:
        return
    if abs(total - exact) > len(fees) * unit:
        raise UnsupportedCase("inputs: 'invoice_total_cents' is not what fees and taxes come to")
    largest = max(range(len(fees)), key=lambda place: fees[place].amount)
    taxes[largest] += total - exact


def _wallet(keys: Keys, currency: str, book: FeeLife | None = None) -> WalletTerms:
    """A wallet with one lot of its balance, or with the lots that are listed."""
    own = keys.text("currency", currency) or currency
    balance = keys.number("balance_cents")
    lots = [_lot(one, own) for one in keys.objects("inbound")]
    if not lots and balance:
        lots = [LotTerms(amount=in_units(balance, own))]
    types = keys.take("allowed_fee_types", [])
    metrics = keys.take("limited_to_metrics", [])
    for word in types:
        if word not in _FEE_TYPES:
            raise UnsupportedCase(f"{keys.where}: fee type {word!r} is unknown")
    codes = [code for word in metrics for code in (book.codes_of_metric(str(word)) if book else ())]
    if metrics and not codes:
        codes = [FOREIGN]
    wallet = WalletTerms(
        own,
        _by_expiry(lots),
        priority=int(keys.number("priority") or 50),
        rate=keys.number("rate") or Decimal(1),
        fee_types=tuple(types),
        metrics=tuple(dict.fromkeys(codes)),
    )
    keys.refuse_rest()
    return wallet


def _lot(keys: Keys, currency: str) -> LotTerms:
    kind = keys.text("kind", "granted") or "granted"
    if kind not in _KINDS:
        raise UnsupportedCase(f"{keys.where}: kind {kind!r} is unknown")
    priority = keys.number("priority")
    expires_at = keys.take("expires_at") or keys.take("expiration_at")
    keys.take("expiration_at")
    lot = LotTerms(
        _KINDS[kind],
        in_units(keys.needed("remaining_cents"), currency),
        priority=None if priority is None else int(priority),
        expires_on=None
        if expires_at is None
        else instant_of(expires_at, f"{keys.where}: 'expires_at'").date(),
    )
    keys.refuse_rest()
    return lot


def _by_expiry(lots: Sequence[LotTerms]) -> tuple[LotTerms, ...]:
    """Lots that expire in the same order, but in years to come; those that hold nothing are left out by the rows."""
    days = sorted({lot.expires_on for lot in lots if lot.expires_on is not None})
    return tuple(
        lot
        if lot.expires_on is None
        else replace(lot, expires_on=_EXPIRIES_FROM + days.index(lot.expires_on) * DAY)
        for lot in lots
    )


def _refuse_more(wallets: Sequence[WalletTerms]) -> None:
    steps = {(place, lot.priority) for place, wallet in enumerate(wallets) for lot in wallet.lots}
    if len(steps) > _MOST_WALLETS:
        raise UnsupportedCase(f"inputs: the product draws from at most {_MOST_WALLETS} wallets")


def _known(moment: int) -> dict[str, Callable[[LifeFacts], Any]]:
    """What all wallets pay of the invoice of a close, by kind of lot and lot by lot."""

    def of_kind(facts: LifeFacts, kind: str) -> Decimal | None:
        lots = {(one.wallet, one.lot) for one in facts.lots if one.kind == kind}
        own = (one for one in facts.draws if (one.wallet, one.lot) in lots)
        return facts.cents(_sum(one.amount for one in own))

    def of_lots(facts: LifeFacts, read: Callable[[Any], Decimal]) -> list[Decimal | None]:
        return [facts.cents(read(one)) for one in _in_order(facts)]

    def total(facts: LifeFacts) -> Decimal | None:
        return facts.cents(_sum(one.amount for one in facts.draws if one.moment == moment))

    return {
        "total": total,
        "prepaid_credit_amount_cents": total,
        "total_amount_cents": lambda facts: _due(facts, moment),
        "prepaid_granted_cents": lambda facts: of_kind(facts, "granted"),
        "prepaid_purchased_cents": lambda facts: of_kind(facts, "purchased"),
        "remaining_cents": lambda facts: of_lots(facts, lambda one: one.remaining_amount),
        "consumed_cents": lambda facts: of_lots(
            facts, lambda one: one.granted_amount - one.remaining_amount
        ),
    }


def _in_order(facts: LifeFacts) -> list[Any]:
    return sorted(facts.lots, key=lambda one: (one.wallet, one.lot))


def _sum(amounts: Any) -> Decimal:
    return sum(amounts, Decimal(0))


def _due(facts: LifeFacts, moment: int) -> Decimal | None:
    own = [one for one in facts.invoices if one.moment == moment]
    return facts.cents(own[0].amount_due) if len(own) == 1 else None


def _drawn(facts: LifeFacts, place: int) -> Decimal | None:
    return facts.cents(_sum(one.amount for one in facts.draws if one.wallet == place))


def _left(facts: LifeFacts, place: int) -> Decimal | None:
    return facts.cents(_sum(one.remaining_amount for one in facts.lots if one.wallet == place))


# Which lot pays what.


def translate_consumption(case: Case) -> Translation:
    """Lots of one wallet, or of several, and an invoice of a stated total."""
    keys = Keys(case.inputs, "inputs")
    billing = billing_of(keys)
    fees = _taxed_fees(keys, billing)
    book = FeeLife(fees, billing, shares_metrics=True)
    lots = [_lot(one, billing.currency) for one in keys.objects("inbound")]
    wallets = [WalletTerms(billing.currency, _by_expiry(lots))] if lots else []
    for one in _wallet_keys(keys):
        one.take("id")
        wallets.append(_wallet(one, billing.currency, book))
    _refuse_more(wallets)
    keys.refuse_rest()
    life = book.life(wallets=tuple(wallets))
    return Translation({"": life}, readers_of(case, _known(book.first)))


# What a balance becomes, and what credits are worth.


def translate_balance(case: Case) -> Translation:
    """A balance, what is put in beside it, and an invoice that takes something."""
    keys = Keys(case.inputs, "inputs")
    billing = billing_of(keys)
    rate = keys.number("rate") or Decimal(1)
    balance = in_units(keys.number("balance_cents") or Decimal(0), billing.currency)
    stated = keys.number("credits_balance")
    credits = balance / rate if stated is None else stated
    if credits * rate != balance and keys.take("balance_cents") is not None:
        raise UnsupportedCase("inputs: 'balance_cents' is not 'credits_balance' at the rate")
    lots = [LotTerms(credits=credits)] if credits else []
    for name, kind in (("inbound", "granted"), ("purchased", "purchased")):
        more = _money_of(keys, name, rate)
        if more:
            lots.append(LotTerms(kind, credits=more / rate))
    used = _money_of(keys, "outbound", rate)
    keys.refuse_rest()
    book = FeeLife([Fee("fee1", "charge", used)], billing)
    wallet = WalletTerms(billing.currency, tuple(lots), rate=rate)
    known: dict[str, Callable[[LifeFacts], Any]] = {
        "balance_cents": lambda facts: _left(facts, 0),
        "credits_balance": lambda facts: _sum(one.remaining_credits for one in facts.lots),
        "consumed_credits": lambda facts: _sum(one.credits for one in facts.draws),
        "consumed_amount_cents": lambda facts: _drawn(facts, 0),
    }
    return Translation({"": book.life(wallets=(wallet,))}, readers_of(case, known))


def _money_of(keys: Keys, name: str, rate: Decimal) -> Decimal:
    """A movement in currency units, which may be stated in credits too."""
    amount, credits = keys.number(f"{name}_amount"), keys.number(f"{name}_credits")
    if amount is not None and credits is not None and credits * rate != amount:
        raise UnsupportedCase(f"inputs: '{name}_amount' is not '{name}_credits' at the rate")
    if amount is None:
        amount = (credits or Decimal(0)) * rate
    return amount


def translate_conversion(case: Case) -> Translation:
    """Credits that are bought, or given: what they are worth, and how many they are then."""
    keys = Keys(case.inputs, "inputs")
    billing = billing_of(keys)
    rate = keys.number("rate") or Decimal(1)
    kind = "purchased" if keys.flag("invoiceable", True) else "granted"
    stated = [
        (own, value)
        for name, own in (
            ("credits", kind),
            ("paid_credits", "purchased"),
            ("granted_credits", "granted"),
        )
        if (value := keys.number(name))
    ]
    keys.refuse_rest()
    if len(stated) != 1:
        raise UnsupportedCase("inputs: one of 'credits', 'paid_credits' and 'granted_credits'")
    [(own, credits)] = stated
    if rounded(credits, "floor", _CREDIT_DECIMALS) != credits:
        raise UnsupportedCase(
            f"inputs: {credits} credits have more than {_CREDIT_DECIMALS} decimals, which no catalog takes"
        )
    book = FeeLife([Fee("fee1", "charge", Decimal(0))], billing)
    wallet = WalletTerms(billing.currency, (LotTerms(own, credits=credits),), rate=rate)
    known: dict[str, Callable[[LifeFacts], Any]] = {
        "credit_amount": lambda facts: _sum(one.granted_credits for one in facts.lots),
        "amount": lambda facts: _sum(one.granted_amount for one in facts.lots),
        "amount_cents": lambda facts: facts.cents(_sum(one.granted_amount for one in facts.lots)),
        "rounds_to_zero": lambda facts: _as_expected(
            case, not _sum(one.granted_amount for one in facts.lots)
        ),
    }
    return Translation(
        {"": book.life(wallets=(wallet,))}, readers_of(case, known), refusal=WORTHLESS
    )


def _as_expected(case: Case, is_so: bool) -> Any:
    """A truth as the case writes it, which may be text."""
    return is_so if isinstance(case.expected["rounds_to_zero"], bool) else str(is_so).lower()


# Invoices one after another.


def translate_wallet_scenario(case: Case) -> Translation:
    """A wallet and the invoices of some months."""
    keys = Keys(case.inputs, "inputs")
    billing = billing_of(keys)
    rate = keys.number("rate") or Decimal(1)
    lots = tuple(
        LotTerms(kind, credits=value)
        for name, kind in (("granted_credits", "granted"), ("paid_credits", "purchased"))
        if (value := keys.number(name))
    )
    amounts, rates = [], set()
    for stated in keys.objects("invoices"):
        amounts.append(stated.needed("charge"))
        rates.add(stated.number("tax_rate_percent"))
        stated.refuse_rest()
    keys.refuse_rest()
    if len(rates) != 1:
        raise UnsupportedCase("inputs: 'invoices' without a tax rate that all of them have")
    starts = [FIRST]
    for _ in amounts:
        starts.append(billing.whole(starts[-1], FIRST)[1])
    events = tuple(
        UsageEvent(
            billing.first_instant(start) + timedelta(hours=1),
            {"value": plain(amount)},
            known_on=end,
        )
        for start, end, amount in zip(starts, starts[1:], amounts, strict=False)
    )
    plan = PlanTerms(
        Decimal(0),
        trial_days=(starts[-1] - FIRST).days,
        charges=(Charge("standard", Prices({"unit_amount": "1"})),),
    )
    signed = Signed(plan, billing.first_instant(FIRST), ended_at=billing.first_instant(starts[-1]))
    life = Life(
        (signed,),
        tuple(starts[1:]),
        (Metric(),),
        events,
        **billing.life() | {"tax_rate_percent": rates.pop()},
        wallets=(WalletTerms(billing.currency, lots, rate=rate),),
    )
    return Translation({"": life}, readers_of(case, _scenario_readers(len(amounts), rate)))


def _scenario_readers(count: int, rate: Decimal) -> dict[str, Callable[[LifeFacts], Any]]:
    def each(read: Callable[[Any], Decimal]) -> Callable[[LifeFacts], Any]:
        return lambda facts: [
            None if (found := facts.invoice(number)) is None else read(found)
            for number in range(count)
        ]

    def balances(facts: LifeFacts) -> list[Decimal]:
        granted = _sum(one.granted_amount for one in facts.lots)
        return [
            granted - _sum(one.amount for one in facts.draws if one.moment <= number)
            for number in range(count)
        ]

    return {
        "invoice_totals_incl_tax": each(lambda one: one.total_amount),
        "prepaid": each(lambda one: one.prepaid_credit_amount),
        "invoice_total_amount": each(lambda one: one.amount_due),
        "balance_after": balances,
        "credits_balance_after": lambda facts: [one / rate for one in balances(facts)],
    }

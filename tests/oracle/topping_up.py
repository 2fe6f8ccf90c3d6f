"""Top-ups in closes: what rules find in wallets, the lots that they put in, and the invoices of what is sold.

Belongs here: ongoing balances, which rules a close looks at, and since when a lot counts. Does not belong here: the
arithmetic of one rule (see `top_ups`), what lots pay (see `wallets`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from .catalog import Catalog, Lot, Wallet
from .closing import Knowledge, Memory
from .invoices import Invoice, InvoiceKey
from .lines import InvoiceLine
from .numbers import minor_unit, round_half_away
from .payments import Payments
from .periods import ONE_DAY, first_instant
from .progressive import fees_so_far, open_periods
from .settlement import LineTaxes, taxes_of_line
from .terms import terms_of
from .top_up_rows import DatedRule
from .top_ups import top_up
from .wallets import BucketKey, is_admitted

INVOICE_TYPE = "top_up"
FEE_TYPE = "top_up"
# Beyond the places of all lots that the catalog has.
FIRST_POSITION = 1_000_000


@dataclass(frozen=True)
class OpenUsage:
    """What the open usage of a charge comes to with its tax, as far as no invoice has billed it."""

    key: BucketKey
    amount: Fraction


UsageOf = Callable[[str, str], Sequence[OpenUsage]]  # of a payer, in a currency


@dataclass(frozen=True)
class ToppedUp:
    """A lot that a rule put into a wallet. `invoice_key`: of what sells it, None of what is given.

    `exact_amount`: of what is sold, before it was rounded; `rate`: currency units per credit. `ongoing`: the balance
    that the rule found; None where it does not ask.
    """

    close_date: date
    rule_id: str
    wallet_id: str
    customer_id: str
    lot_kind: str
    credits: Decimal
    amount: Decimal
    exact_amount: Fraction
    rate: Decimal
    ongoing: Fraction | None
    invoice_key: InvoiceKey | None

    @property
    def lot_id(self) -> str:
        return f"{self.rule_id} {self.close_date} {self.lot_kind}"


class TopUpBook:
    """All that rules have put in, and since when each lot counts."""

    def __init__(self) -> None:
        self.found: list[ToppedUp] = []
        self._counts_from: dict[str, date] = {}
        self._invoiced: dict[InvoiceKey, Decimal] = {}

    def funded(self, catalog: Catalog, payments: Payments, close_date: date) -> Catalog:
        """The catalog with the lots that count by a close, each in its wallet.

        Source: BILLING_RULES §5 "A purchased lot counts once its (untaxed) invoice is paid"; decision D-54 "It counts
        from the day on which payments reached the amount due, in the first close that knows of them; once granted it
        stays", "Topped-up lots have the priority of lots that state none, and expire with their wallet".
        """
        lots: dict[str, list[Lot]] = defaultdict(list)
        for number, one in enumerate(self.found):
            if one.lot_id not in self._counts_from and one.invoice_key is not None:
                due = self._invoiced[one.invoice_key]
                paid_on = payments.reached_on(one.invoice_key, due, close_date)
                if paid_on is not None:
                    self._counts_from[one.lot_id] = paid_on
            if one.lot_id in self._counts_from:
                granted_on = self._counts_from[one.lot_id]
                lot = Lot(one.lot_id, one.lot_kind, one.amount, granted_on, FIRST_POSITION + number)
                lots[one.wallet_id].append(lot)
        wallets = [
            replace(wallet, lots=(*wallet.lots, *lots.get(wallet.wallet_id, ())))
            for wallet in catalog.wallets
        ]
        return replace(catalog, wallets=wallets)

    def top_up(
        self,
        catalog: Catalog,
        close_date: date,
        remaining: Mapping[str, Decimal],
        usage_of: UsageOf,
    ) -> list[Invoice]:
        """What the rules of a close put in; the invoices of what they sell.

        `catalog`: funded. `remaining`: money that is left of each lot once the close has drawn and lots have lapsed.
        Source: BILLING_RULES §5 "Top-ups: threshold or interval"; decision D-54 "the threshold looks after what the
        interval has put in".
        """
        known = len(self.found)
        dated = [one for one in catalog.top_up_rules if close_date in one.dates_through(close_date)]
        watching = [
            one
            for one in catalog.top_up_rules
            if one.terms.threshold is not None and one.holds_on(close_date)
        ]
        looked_at = {one.wallet_id for one in (*dated, *watching)}
        balances = {
            wallet.wallet_id: self._held(wallet, close_date, remaining)
            for wallet in catalog.wallets
        }
        open_usage = _held_against(catalog, looked_at, balances, usage_of)
        unpaid = self._unpaid()
        wallets = {wallet.wallet_id: wallet for wallet in catalog.wallets}
        for rule in (*dated, *watching):
            wallet_id = rule.wallet_id
            put_in = sum(
                (one.amount for one in self.found[known:] if one.wallet_id == wallet_id), Decimal(0)
            )
            ongoing = balances[wallet_id] + unpaid[wallet_id] + Fraction(put_in)
            ongoing -= open_usage.get(wallet_id, Fraction(0))
            # Decision D-53 "rounded as the bill of that usage will be".
            scale = minor_unit(wallets[wallet_id].currency)
            as_billed = Fraction(round_half_away(ongoing, scale))
            self._put_in(rule, wallets[wallet_id], close_date, as_billed)
        for one in self.found[known:]:
            if one.invoice_key is None:
                self._counts_from[one.lot_id] = close_date
        return self._invoices(catalog, self.found[known:], close_date)

    def _held(self, wallet: Wallet, close_date: date, remaining: Mapping[str, Decimal]) -> Fraction:
        own = (remaining[lot.lot_id] for lot in wallet.lots if lot.granted_on <= close_date)
        return sum(map(Fraction, own), Fraction(0))

    def _unpaid(self) -> dict[str, Fraction]:
        """By wallet, what was sold and does not count yet.

        Source: decision D-53 "What top-ups sold and was not paid yet counts as being on its way".
        """
        found: dict[str, Fraction] = defaultdict(Fraction)
        for one in self.found:
            if one.lot_id not in self._counts_from:
                found[one.wallet_id] += Fraction(one.amount)
        return found

    def _put_in(self, rule: DatedRule, wallet: Wallet, close_date: date, ongoing: Fraction) -> None:
        """The lots of one rule; none of nothing."""
        found = top_up(rule.terms, ongoing)
        key = (close_date, wallet.customer_id, wallet.currency, INVOICE_TYPE)
        for lot_kind, credits, amount, exact_amount, invoice_key in (
            ("purchased", found.paid_credits, found.paid_amount, found.paid_exact, key),
            ("granted", found.granted_credits, found.granted_amount, Fraction(0), None),
        ):
            if amount:
                self.found.append(
                    ToppedUp(
                        close_date=close_date,
                        rule_id=rule.rule_id,
                        wallet_id=wallet.wallet_id,
                        customer_id=wallet.customer_id,
                        lot_kind=lot_kind,
                        credits=credits,
                        amount=amount,
                        exact_amount=exact_amount,
                        rate=rule.terms.rate,
                        ongoing=ongoing if is_asking(rule) else None,
                        invoice_key=invoice_key,
                    )
                )

    def _invoices(
        self, catalog: Catalog, found: Sequence[ToppedUp], close_date: date
    ) -> list[Invoice]:
        """Source: BILLING_RULES §5 "Top-up invoices carry no tax, coupon or credit"; §6 "One invoice per (payer,
        currency, entity, invoice type) and close".
        """
        lines: dict[InvoiceKey, list[InvoiceLine]] = defaultdict(list)
        for one in found:
            if one.invoice_key is not None:
                lines[one.invoice_key].append(_line(catalog, one))
        invoices = []
        for key, own in sorted(lines.items(), key=lambda item: item[0]):
            entity = catalog.entity_of(key[1])
            invoice = Invoice(
                close_date=close_date,
                due_date=close_date + timedelta(days=entity.net_payment_days),
                customer_id=key[1],
                billing_entity_code=entity.billing_entity_code,
                currency=key[2],
                lines=tuple(own),
                taxes=(),
                draws=(),
                invoice_type=INVOICE_TYPE,
                line_taxes=tuple(LineTaxes("none", {}, "", {}) for _ in own),
            )
            self._invoiced[key] = invoice.amount_due
            invoices.append(invoice)
        return invoices


def is_asking(rule: DatedRule) -> bool:
    """Whether a rule asks for the ongoing balance: by threshold or target."""
    return rule.terms.threshold is not None or rule.terms.target is not None


def _line(catalog: Catalog, one: ToppedUp) -> InvoiceLine:
    """What is sold: credits at their rate, for the local day of the close."""
    zone_name = catalog.timezone_of(one.customer_id)
    assert one.invoice_key is not None
    return InvoiceLine(
        subscription_id="",
        fee_type=FEE_TYPE,
        charge_code=None,
        metric_code=None,
        service_period_start=first_instant(zone_name, one.close_date),
        service_period_end=first_instant(zone_name, one.close_date + ONE_DAY),
        exact_quantity=Fraction(one.credits),
        exact_amount=one.exact_amount,
        full_units=one.exact_amount / Fraction(one.rate),
        currency=one.invoice_key[2],
        customer_id=one.customer_id,
    )


def _held_against(
    catalog: Catalog,
    looked_at: set[str],
    balances: Mapping[str, Fraction],
    usage_of: UsageOf,
) -> dict[str, Fraction]:
    """Open usage by the wallet that it is held against.

    Source: decision D-53 "Usage is held against the first wallet, in the order of drawing, that admits it and that
    holds something or has a rule the close looks at".
    """
    found: dict[str, Fraction] = defaultdict(Fraction)
    holders = {
        (wallet.customer_id, wallet.currency)
        for wallet in catalog.wallets
        if wallet.wallet_id in looked_at
    }
    for customer_id, currency in sorted(holders):
        own = [
            wallet
            for wallet in sorted(catalog.wallets, key=lambda one: (one.priority, one.position))
            if (wallet.customer_id, wallet.currency) == (customer_id, currency)
            and (balances[wallet.wallet_id] or wallet.wallet_id in looked_at)
        ]
        for usage in usage_of(customer_id, currency):
            first = next((wallet for wallet in own if is_admitted(wallet, usage.key)), None)
            if first is not None:
                found[first.wallet_id] += usage.amount
    return found


def open_usage(
    catalog: Catalog,
    memory: Memory,
    knowledge: Knowledge,
    batch_count: int,
    close_date: date,
) -> UsageOf:
    """What no invoice has billed of the usage that a payer pays, after all that a close bills.

    Source: BILLING_RULES §5 "Ongoing balance = balance − (open usage + unpublished invoices − already billed in
    advance)"; decision D-53 "for events before the close date, with their maximums, rated like a progressive invoice
    would bill them", "what progressive invoices billed of a charge … comes off it, never below 0", "It bears the tax
    that it would bear if it were billed at this close".
    """

    def usage_of(payer: str, currency: str) -> list[OpenUsage]:
        found = []
        for subscription in catalog.subscriptions:
            terms = terms_of(catalog, subscription)
            is_own = catalog.payer_of(subscription.customer_id, subscription) == payer
            if not is_own or terms.currency != currency:
                continue
            events = knowledge.events_of(subscription, batch_count)
            billed = memory.progressive.outstanding(subscription.subscription_id)
            for period in open_periods(memory, terms, close_date):
                by_charge: dict[str, list[InvoiceLine]] = defaultdict(list)
                for line in fees_so_far(catalog, terms, period, events, close_date):
                    by_charge[line.charge_code or ""].append(line)
                for charge_code, lines in by_charge.items():
                    key = (subscription.subscription_id, charge_code, period.start)
                    rates = taxes_of_line(catalog, payer, lines[0], close_date).rates
                    rate = sum(map(Fraction, rates.values()), Fraction(0)) / 100
                    for metric_code, left in _unbilled(lines, billed.get(key, Fraction(0))):
                        found.append(OpenUsage(("charge", metric_code), left + left * rate))
        return found

    return usage_of


def _unbilled(lines: Sequence[InvoiceLine], billed: Fraction) -> Iterator[tuple[str, Fraction]]:
    """What is left of a charge's fees by metric: where it has had several, what began first was billed first."""
    sums: dict[str, Fraction] = defaultdict(Fraction)
    begins: dict[str, datetime] = {}
    for line in lines:
        metric_code = line.metric_code or ""
        sums[metric_code] += Fraction(line.amount)
        starts_at = line.service_period_start
        begins[metric_code] = max(begins.get(metric_code, starts_at), starts_at)
    left = sum(sums.values(), Fraction(0)) - billed
    for metric_code in sorted(sums, key=lambda code: begins[code], reverse=True):
        part = max(min(sums[metric_code], left), Fraction(0))
        left -= part
        yield metric_code, part

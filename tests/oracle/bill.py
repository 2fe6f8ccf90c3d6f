"""Every invoice of a company, as closes in date order would issue them.

Belongs here: the order of things. Does not belong here: any rule of its own. Each close bills all periods that fall
due on its date; every batch is known to every close.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import takewhile
from pathlib import Path

from .catalog import Catalog, read_catalog
from .invoicing import InvoiceLine, base_fee_line, usage_lines
from .metering import Meter, MeteredEvent, Terms, terms_of
from .numbers import minor_unit, round_half_away
from .periods import Period
from .settlement import Draw, TaxRow, customer_tax_rates, draw_from_lots, lots_in_order, tax_rows
from .usage import count_reasons, count_verdicts, read_batches

EventsByCode = dict[str, list[MeteredEvent]]


@dataclass(frozen=True)
class Invoice:
    """One invoice per customer, currency and close. Amounts in currency units."""

    close_date: date
    due_date: date
    customer_id: str
    billing_entity_code: str
    currency: str
    lines: tuple[InvoiceLine, ...]
    taxes: tuple[TaxRow, ...]
    draws: tuple[Draw, ...]

    @property
    def fees_amount(self) -> Decimal:
        return _total(line.amount for line in self.lines)

    @property
    def tax_amount(self) -> Decimal:
        return _total(tax.tax_amount for tax in self.taxes)

    @property
    def total_amount(self) -> Decimal:
        return _total((self.fees_amount, self.tax_amount))

    @property
    def prepaid_credit_amount(self) -> Decimal:
        return _total(draw.amount for draw in self.draws)

    @property
    def amount_due(self) -> Decimal:
        return _total((self.total_amount, -self.prepaid_credit_amount))


@dataclass(frozen=True)
class Bill:
    """What a company is billed through a day, and where every line of its usage went."""

    invoices: tuple[Invoice, ...]
    line_verdicts: Counter[str]
    rejection_reasons: Counter[str]
    event_verdicts: Counter[tuple[str, str]]
    remaining_lot_amounts: dict[str, Decimal]
    last_close_date: date | None
    catalog: Catalog


@dataclass(frozen=True)
class DuePeriod:
    due_on: date
    fee_family: str
    terms: Terms
    period: Period


def bill(catalog_folder: Path, batches: Sequence[Sequence[Path]], through: date) -> Bill:
    """Bill the company of `catalog_folder` for the usage files of `batches`, every close through a day.

    `event_verdicts` counts accepted events by (verdict, code), as the last of these closes knows them.
    """
    catalog = read_catalog(catalog_folder)
    lines = read_batches(batches)
    meter = Meter(catalog, through)
    metered = [
        meter.judge(line.event)
        for line in lines
        if line.verdict == "accepted" and line.event is not None
    ]
    remaining = {lot.lot_id: lot.amount for wallet in catalog.wallets for lot in wallet.lots}
    return Bill(
        invoices=tuple(_invoices(catalog, _billable(metered), through, remaining)),
        line_verdicts=count_verdicts(lines),
        rejection_reasons=count_reasons(lines),
        event_verdicts=Counter((one.verdict, one.event.code) for one in metered),
        remaining_lot_amounts=remaining,
        last_close_date=max((due.due_on for due in due_periods(catalog, through)), default=None),
        catalog=catalog,
    )


def _billable(metered: Sequence[MeteredEvent]) -> dict[str, EventsByCode]:
    """Events to bill, by subscription and metric code."""
    found: dict[str, EventsByCode] = defaultdict(lambda: defaultdict(list))
    for one in metered:
        if one.verdict in ("billed", "open") and one.subscription_id is not None:
            found[one.subscription_id][one.event.code].append(one)
    return found


def due_periods(catalog: Catalog, through: date) -> list[DuePeriod]:
    """Every period of both fee families that falls due by `through`, in order of that date."""
    found: list[DuePeriod] = []
    for subscription in catalog.subscriptions:
        terms = terms_of(catalog, subscription)
        for fee_family in ("base", "usage"):
            dated = (
                DuePeriod(terms.due_on(period, fee_family), fee_family, terms, period)
                for period in terms.periods()
            )
            found.extend(takewhile(lambda due: due.due_on <= through, dated))
    return sorted(found, key=lambda due: due.due_on)


def _invoices(
    catalog: Catalog,
    events: dict[str, EventsByCode],
    through: date,
    remaining: dict[str, Decimal],
) -> list[Invoice]:
    """The invoices of every close, in order; `remaining` (money left per lot) is drawn down on the way.

    Source: BILLING_RULES §6 "One invoice per (payer, currency, entity, invoice type) and close"; a customer has one
    entity, and its invoices of one close settle in the order of their currency (§5).
    """
    lines: dict[tuple[date, str, str], list[InvoiceLine]] = defaultdict(list)
    for due in due_periods(catalog, through):
        subscription = due.terms.subscription
        key = (due.due_on, subscription.customer_id, due.terms.currency)
        if due.fee_family == "base":
            lines[key].append(base_fee_line(catalog, due.terms, due.period))
        else:
            own_events = events.get(subscription.subscription_id, {})
            lines[key].extend(usage_lines(catalog, due.terms, due.period, own_events))
    return [_settled(catalog, key, lines[key], remaining) for key in sorted(lines) if lines[key]]


def _settled(
    catalog: Catalog,
    key: tuple[date, str, str],
    lines: list[InvoiceLine],
    remaining: dict[str, Decimal],
) -> Invoice:
    """Fees → tax → wallets. Source: BILLING_RULES §5 "this order, always"."""
    close_date, customer_id, currency = key
    entity = catalog.entity_of(customer_id)
    fees = _total(line.amount for line in lines)
    rates = customer_tax_rates(catalog, customer_id, close_date)
    taxes = tax_rows(fees, rates, scale=minor_unit(currency))
    total = _total([fees, *(tax.tax_amount for tax in taxes)])
    lots = [lot for _, lot in lots_in_order(catalog, customer_id, currency, close_date)]
    draws = draw_from_lots(total, lots, remaining)
    for draw in draws:
        remaining[draw.lot_id] = _total((remaining[draw.lot_id], -draw.amount))
    return Invoice(
        close_date=close_date,
        due_date=close_date + timedelta(days=entity.net_payment_days),
        customer_id=customer_id,
        billing_entity_code=entity.billing_entity_code,
        currency=currency,
        lines=tuple(lines),
        taxes=tuple(taxes),
        draws=tuple(draws),
    )


def _total(amounts: Iterable[Decimal]) -> Decimal:
    """An exact sum of money (four decimals, the scale of every money column)."""
    return round_half_away(sum(map(Fraction, amounts), Fraction(0)), 4)

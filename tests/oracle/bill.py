"""Every invoice of a company, as closes in date order would issue them.

Belongs here: the order of things. Does not belong here: any rule of its own. Each close bills all periods that fall
due on its date, and what is paid in advance; every batch is known to every close unless the caller says otherwise.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import takewhile
from pathlib import Path

from .advance_lines import AdvanceBook, has_charges_in_advance
from .catalog import Catalog, Subscription, read_catalog
from .invoicing import InvoiceLine, base_fee_lines, usage_lines
from .metering import Meter, MeteredEvent
from .numbers import minor_unit, round_half_away
from .periods import Period
from .retractions import standing_events
from .settlement import Draw, TaxRow, customer_tax_rates, draw_from_lots, lots_in_order, tax_rows
from .terms import Terms, terms_of
from .usage import Line, count_reasons, count_verdicts, read_batches

EventsByExternalId = dict[str, list[MeteredEvent]]


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


def bill(
    catalog_folder: Path,
    batches: Sequence[Sequence[Path]],
    through: date,
    *,
    batches_known_on: Callable[[date], int] | None = None,
) -> Bill:
    """Bill the company of `catalog_folder` for the usage files of `batches`, every close through a day.

    `batches_known_on`: how many batches the close of a date knows (all, where it is not given). `event_verdicts` counts
    accepted events by (verdict, code), as the last of these closes knows them.
    """
    catalog = read_catalog(catalog_folder)
    lines = read_batches(batches)
    knowledge = _Knowledge(catalog, lines, through)
    known_on = batches_known_on or (lambda _close_date: len(batches))
    remaining = {lot.lot_id: lot.amount for wallet in catalog.wallets for lot in wallet.lots}
    due = due_periods(catalog, through)
    metered = knowledge.standing(known_on(through))
    return Bill(
        invoices=tuple(_invoices(catalog, knowledge, due, known_on, remaining)),
        line_verdicts=count_verdicts(lines),
        rejection_reasons=count_reasons(lines),
        event_verdicts=Counter((one.verdict, one.event.code or "") for one in metered),
        remaining_lot_amounts=remaining,
        last_close_date=max((one.due_on for one in due), default=None),
        catalog=catalog,
    )


class _Knowledge:
    """What is known of the usage once a number of batches has arrived."""

    def __init__(self, catalog: Catalog, lines: Sequence[Line], through: date) -> None:
        self._lines = lines
        self._meter = Meter(catalog, through)
        self._external_ids = {
            one.subscription_id: one.external_subscription_id for one in catalog.subscriptions
        }
        self._standing: dict[int, list[MeteredEvent]] = {}
        self._by_external_id: dict[int, EventsByExternalId] = {}

    def standing(self, batch_count: int) -> list[MeteredEvent]:
        """One metered event per accepted line."""
        if batch_count not in self._standing:
            known = [line for line in self._lines if line.batch_number <= batch_count]
            self._standing[batch_count] = standing_events(known, self._meter)
        return self._standing[batch_count]

    def events_of(self, subscription: Subscription, batch_count: int) -> list[MeteredEvent]:
        """The matched events of all subscriptions of an external id."""
        if batch_count not in self._by_external_id:
            found: EventsByExternalId = defaultdict(list)
            for one in self.standing(batch_count):
                if one.subscription_id is not None:
                    found[self._external_ids[one.subscription_id]].append(one)
            self._by_external_id[batch_count] = found
        return self._by_external_id[batch_count][subscription.external_subscription_id]


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
    knowledge: _Knowledge,
    due: Sequence[DuePeriod],
    known_on: Callable[[date], int],
    remaining: dict[str, Decimal],
) -> list[Invoice]:
    """The invoices of every close, in order; `remaining` (money left per lot) is drawn down on the way.

    Source: BILLING_RULES §6 "One invoice per (payer, currency, entity, invoice type) and close"; a customer has one
    entity, and its invoices of one close settle in the order of their currency (§5).
    """
    lines: dict[tuple[date, str, str], list[InvoiceLine]] = defaultdict(list)
    for one in due:
        subscription = one.terms.subscription
        key = (one.due_on, subscription.customer_id, one.terms.currency)
        if one.fee_family == "base":
            lines[key].extend(base_fee_lines(catalog, one.terms, one.period))
        else:
            events = knowledge.events_of(subscription, known_on(one.due_on))
            lines[key].extend(usage_lines(catalog, one.terms, one.period, events))
    for key, line in _advance_lines(catalog, knowledge, due, known_on):
        lines[key].append(line)
    return [_settled(catalog, key, lines[key], remaining) for key in sorted(lines) if lines[key]]


def _advance_lines(
    catalog: Catalog,
    knowledge: _Knowledge,
    due: Sequence[DuePeriod],
    known_on: Callable[[date], int],
) -> Iterator[tuple[tuple[date, str, str], InvoiceLine]]:
    """What every close bills in advance, for every subscription, in periods that are not registered before it.

    Source: BILLING_RULES §4 "Pay-in-advance event fees wait for the next close", whatever makes the company close.
    """
    book = AdvanceBook(catalog)
    close_dates = sorted({one.due_on for one in due})
    for subscription in catalog.subscriptions:
        terms = terms_of(catalog, subscription)
        if not has_charges_in_advance(catalog, terms):
            continue
        for close_date in close_dates:
            events = knowledge.events_of(subscription, known_on(close_date))
            for period in _unregistered_periods(terms, close_date):
                key = (close_date, subscription.customer_id, terms.currency)
                for line in book.lines(terms, period, events, close_date):
                    yield key, line


def _unregistered_periods(terms: Terms, close_date: date) -> list[Period]:
    """The periods that have begun by a close, the usage of which no earlier close has billed."""
    begun = takewhile(lambda period: period.start <= close_date, terms.periods())
    return [period for period in begun if terms.due_on(period, "usage") >= close_date]


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

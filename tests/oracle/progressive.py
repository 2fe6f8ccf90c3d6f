"""Progressive billing: usage of an open period that is billed once it is much, and credited by the next bill of it.

Belongs here: what usage there has been, the lines of a progressive invoice, what is outstanding of such invoices, and
how the period's invoice takes it off. Does not belong here: which thresholds are passed (see `thresholds`), on which
days that is looked at (see `bill`), the credit notes (see `credit_notes`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from .catalog import Catalog, Subscription
from .charge_limits import maximum_lines
from .invoices import InvoiceKey
from .invoicing import segment_lines
from .lines import PROGRESSIVE_CREDIT, InvoiceLine
from .measuring import period_usage
from .metering import MeteredEvent
from .periods import Period, first_instant
from .terms import Terms, charge_segments, terms_of
from .thresholds import passed_thresholds
from .upgrades import is_left_to_successor

if TYPE_CHECKING:
    from .closing import Knowledge, Memory

INVOICE_TYPE = "progressive"
FEE_TYPES = {"charge": "progressive_charge", "charge_maximum": "progressive_maximum"}
LIFETIME_FEE_TYPES = ("charge", "charge_in_advance", "charge_maximum")
# What the invoice of a period bills for usage of a charge.
CREDITED_FEE_TYPES = ("charge", "charge_maximum", "charge_true_up")
ChargeKey = tuple[str, str, date]  # subscription, charge, first day of the period


@dataclass(frozen=True)
class Excess:
    """What usage no longer owes of a progressive invoice, of a charge; before coupons and tax."""

    subscription_id: str
    invoice_key: InvoiceKey
    charge_code: str
    amount: Fraction


@dataclass(frozen=True, order=True)
class Standing:
    """Fees of a charge and period on a progressive invoice, less what it credits, and the time that they are for."""

    invoice_key: InvoiceKey
    amount: Fraction
    starts_at: datetime
    ends_at: datetime


class ProgressiveBook:
    """What progressive invoices have billed of each charge and period, uncredited; oldest invoice first."""

    def __init__(self) -> None:
        self._standing: dict[ChargeKey, list[Standing]] = defaultdict(list)

    def copy(self) -> ProgressiveBook:
        other = ProgressiveBook()
        for key, standing in self._standing.items():
            other._standing[key] = list(standing)
        return other

    def subscription_ids(self) -> set[str]:
        return {key[0] for key in self._standing}

    def outstanding(self, subscription_id: str) -> dict[ChargeKey, Fraction]:
        """None of 0."""
        found = {
            key: sum((one.amount for one in standing), Fraction(0))
            for key, standing in self._standing.items()
            if key[0] == subscription_id
        }
        return {key: amount for key, amount in found.items() if amount}

    def bounds(self, keys: Iterable[ChargeKey]) -> tuple[datetime, datetime]:
        """The time for which these were billed: that of the newest invoice."""
        standing = [one for key in keys for one in self._standing[key]]
        return min(one.starts_at for one in standing), max(one.ends_at for one in standing)

    def add(self, key: ChargeKey, standing: Standing) -> None:
        self._standing[key].append(standing)

    def give_back(self, keys: Iterable[ChargeKey], amount: Fraction) -> dict[InvoiceKey, Fraction]:
        """What notes take off each invoice for an amount that is too much: the newest first, none below 0."""
        found: dict[InvoiceKey, Fraction] = defaultdict(Fraction)
        standing = ((one, key) for key in keys for one in self._standing[key])
        for one, key in sorted(standing, reverse=True):
            part = min(max(one.amount, Fraction(0)), amount)
            if part > 0:
                found[one.invoice_key] += part
                amount -= part
                self._standing[key].remove(one)
                self._standing[key].append(replace(one, amount=one.amount - part))
        return found

    def close(self, keys: Iterable[ChargeKey]) -> None:
        """Nothing of these is outstanding any more."""
        for key in keys:
            del self._standing[key]


# A progressive invoice.


def progressive_lines(
    catalog: Catalog, memory: Memory, knowledge: Knowledge, batch_count: int, close_date: date
) -> tuple[dict[str, list[InvoiceLine]], list[Excess]]:
    """The lines of the progressive invoices of a close by subscription, and what they leave to credit notes.

    Their amounts are in the book afterwards.

    `memory`: holds the lines of the close itself. All subscriptions of an external id with usage that is open are
    billed together, by the thresholds of the plan that began last.
    """
    found: dict[str, list[InvoiceLine]] = {}
    excess: list[Excess] = []
    groups = _by_external_id(catalog)
    # The currency of the first subscription of each, in which what was used before it is.
    opening_currencies = dict(reversed(groups))
    for (external_id, currency), subscriptions in groups.items():
        if all(one.plan_code not in catalog.thresholds for one in subscriptions):
            continue
        opened: dict[str, list[Period]] = {}
        terms = {one.subscription_id: terms_of(catalog, one) for one in subscriptions}
        for name, own in terms.items():
            if periods := list(open_periods(memory, own, close_date)):
                opened[name] = periods
        newest = [one for one in subscriptions if one.subscription_id in opened][-1:]
        if not newest or newest[0].plan_code not in catalog.thresholds:
            continue
        events = knowledge.events_of(newest[0], batch_count)
        fees = [
            (period, lines)
            for name, periods in opened.items()
            for period in periods
            if (lines := fees_so_far(catalog, terms[name], period, events, close_date))
        ]
        issued = [line for name in terms for line in memory.lines[name]]
        billed = _sum(line for line in issued if line.fee_type in LIFETIME_FEE_TYPES)
        if currency == opening_currencies[external_id]:
            billed += Fraction(catalog.opening_usage.get(external_id, 0))
        outstanding = sum(
            (amount for name in terms for amount in memory.progressive.outstanding(name).values()),
            Fraction(0),
        )
        so_far = _sum(line for _, own in fees for line in own)
        thresholds = catalog.thresholds[newest[0].plan_code]
        if passed_thresholds(thresholds, billed + outstanding, billed + so_far):
            for period, own in fees:
                user = terms[own[0].subscription_id].subscription
                payer = catalog.payer_of(user.customer_id, user)
                key = (close_date, payer, own[0].currency, INVOICE_TYPE)
                billed = _without_negative_charges(own)
                name = own[0].subscription_id
                credits, more = _credits_of_invoice(memory.progressive, (name, period), billed, key)
                found.setdefault(name, []).extend([*billed, *credits])
                excess.extend(more)
    return found, excess


def _by_external_id(catalog: Catalog) -> dict[tuple[str, str], list[Subscription]]:
    """Those of each external id and currency, by their start."""
    found: dict[tuple[str, str], list[Subscription]] = defaultdict(list)
    for one in sorted(catalog.subscriptions, key=lambda one: one.started_at):
        found[one.external_subscription_id, terms_of(catalog, one).currency].append(one)
    return found


def open_periods(
    memory: Memory, terms: Terms, close_date: date, *, is_at_once: bool = False
) -> Iterator[Period]:
    """The usage periods that have begun before the local midnight that begins a date, and are not due by it.

    `is_at_once`: those too that begin at this midnight.
    """
    cut_off = first_instant(terms.zone_name, close_date)
    for period in terms.periods("usage"):
        starts_at = terms.bounds(period)[0]
        if starts_at > cut_off or (starts_at == cut_off and not is_at_once):
            return
        left = memory.left_of(terms, period, "usage")
        if left is not None and terms.due_on(period, "usage") > close_date:
            yield left


def fees_so_far(
    catalog: Catalog,
    terms: Terms,
    period: Period,
    events: Sequence[MeteredEvent],
    close_date: date,
) -> list[InvoiceLine]:
    """What the charges in arrears of a period come to by the local midnight that begins a date, as progressive lines.

    Source: BILLING_RULES §5 "A progressive invoice's fees are all usage of the period so far"; a charge's maximum is
    that of the whole period; there are no minimums.
    """
    cut_off = first_instant(terms.zone_name, close_date)
    usage = period_usage(terms, period, events)
    found = []
    for own_segments in charge_segments(catalog, terms, period).values():
        in_arrears = [
            one
            for one in own_segments
            if not one.row.is_pay_in_advance
            and not is_left_to_successor(catalog, terms, period, one.row)
        ]
        fees = [
            line for one in in_arrears for line in segment_lines(catalog, usage, one, until=cut_off)
        ]
        fees.extend(maximum_lines(terms, period, in_arrears, fees))
        found.extend(
            replace(
                line,
                fee_type=FEE_TYPES[line.fee_type],
                service_period_end=min(line.service_period_end, cut_off),
                period_start=period.start,
            )
            for line in fees
        )
    return found


def _without_negative_charges(fees: Sequence[InvoiceLine]) -> list[InvoiceLine]:
    """A charge that has come to less than 0 waits for the period's bill: no later invoice could credit it."""
    sums: dict[str | None, Fraction] = defaultdict(Fraction)
    for line in fees:
        sums[line.charge_code] += Fraction(line.amount)
    return [line for line in fees if sums[line.charge_code] >= 0]


def _credits_of_invoice(
    book: ProgressiveBook,
    period_of: tuple[str, Period],
    fees: Sequence[InvoiceLine],
    invoice_key: InvoiceKey,
) -> tuple[list[InvoiceLine], list[Excess]]:
    """One line per charge of what is outstanding of it in the period, at most its fees; notes give back the rest.

    The new fees are in the book afterwards.
    """
    subscription_id, period = period_of
    outstanding = book.outstanding(subscription_id)
    charge_codes = [line.charge_code or "" for line in fees]
    charge_codes.extend(key[1] for key in outstanding if key[2] == period.start)
    found: list[InvoiceLine] = []
    excess: list[Excess] = []
    for charge_code in dict.fromkeys(charge_codes):
        own = [line for line in fees if line.charge_code == charge_code]
        key = (subscription_id, charge_code, period.start)
        standing = outstanding.get(key, Fraction(0))
        credited = _between(standing, _sum(own))
        if credited > 0:
            found.append(_credit_line(own[0], book.bounds([key]), credited))
        excess.extend(_excess(book, [key], standing - credited))
        if own:
            bounds = (own[0].service_period_start, max(line.service_period_end for line in own))
            book.add(key, Standing(invoice_key, _sum(own) - credited, *bounds))
    return found, excess


# The invoice of the period.


def settle_progressive(
    catalog: Catalog,
    book: ProgressiveBook,
    subscription_id: str,
    opened: Sequence[Period],
    lines: Sequence[InvoiceLine],
    *,
    is_billed: bool,
) -> tuple[list[InvoiceLine], list[Excess]]:
    """The credits on the invoice that bills usage periods of one subscription, and what is left to credit notes.

    `opened`: its usage periods that go on; what is outstanding of them waits for their own bill. All else is settled by
    a close that bills usage of it (`is_billed`), or once nothing of it goes on, so that usage which a correction moved
    away is too. `lines`: of the subscription in this close.
    Source: BILLING_RULES §5 "the period's invoice credits the latest one's *fees*, per charge, capped; the excess is a
    credit note": by what the charge's usage comes to on this invoice, and by what all of it comes to with the plan's
    maximum, charges in the order of their rows.
    """
    outstanding = {
        key: amount
        for key, amount in book.outstanding(subscription_id).items()
        if not any(one.start <= key[2] < one.end for one in opened)
    }
    if not outstanding or (opened and not is_billed):
        return [], []
    fees = [line for line in lines if line.fee_type in CREDITED_FEE_TYPES]
    maximum = _sum(line for line in lines if line.fee_type == "period_maximum")
    left = max(_sum(fees) + maximum, Fraction(0))
    by_charge: dict[str, list[ChargeKey]] = defaultdict(list)
    for key in outstanding:
        by_charge[key[1]].append(key)
    credits: list[InvoiceLine] = []
    excess: list[Excess] = []
    for charge_code in sorted(
        by_charge, key=lambda code: _position(catalog, subscription_id, code)
    ):
        own = [line for line in fees if line.charge_code == charge_code]
        keys = by_charge[charge_code]
        standing = sum((outstanding[key] for key in keys), Fraction(0))
        credited = min(_between(standing, _sum(own)), left)
        left -= credited
        if credited > 0:
            credits.append(_credit_line(own[0], book.bounds(keys), credited))
        excess.extend(_excess(book, keys, standing - credited))
        book.close(keys)
    return credits, excess


def _excess(book: ProgressiveBook, keys: Sequence[ChargeKey], amount: Fraction) -> list[Excess]:
    """What notes give back of each invoice for an amount that these have too much."""
    given_back = book.give_back(keys, amount).items()
    name, charge_code, _ = keys[0]
    return [Excess(name, invoice_key, charge_code, part) for invoice_key, part in given_back]


def _position(catalog: Catalog, subscription_id: str, charge_code: str) -> int:
    """The place of a charge's first row in its file; last, where the plan has no such charge any more."""
    plans = [
        one.plan_code for one in catalog.subscriptions if one.subscription_id == subscription_id
    ]
    rows = [row for one in plans for row in catalog.charge_rows.get(one, {}).get(charge_code, [])]
    return min((row.scope.position for row in rows), default=len(catalog.charges))


def _between(outstanding: Fraction, fees: Fraction) -> Fraction:
    """What of an outstanding amount fees can take; never below 0."""
    return max(min(outstanding, fees), Fraction(0))


def _credit_line(
    fee: InvoiceLine, bounds: tuple[datetime, datetime], amount: Fraction
) -> InvoiceLine:
    """A credit for the charge of a fee, for the time that was billed before."""
    return InvoiceLine(
        subscription_id=fee.subscription_id,
        fee_type=PROGRESSIVE_CREDIT,
        charge_code=fee.charge_code,
        metric_code=fee.metric_code,
        service_period_start=bounds[0],
        service_period_end=bounds[1],
        exact_quantity=Fraction(1),
        exact_amount=-amount,
        currency=fee.currency,
    )


def _sum(lines: Iterable[InvoiceLine]) -> Fraction:
    return sum((Fraction(line.amount) for line in lines), Fraction(0))

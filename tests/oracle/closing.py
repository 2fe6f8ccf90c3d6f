"""The closes of a company in date order: which periods each one bills, and the lines that it issues for them.

Belongs here: what is due and not registered, and the order of steps within a subscription. Does not belong here: any
rule of a fee, and what becomes of the lines (see `bill`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import takewhile

from .advance_lines import AdvanceBook, has_charges_in_advance
from .catalog import Catalog, Subscription
from .fixed_charges import fixed_charge_lines, less_what_was_paid
from .invoicing import base_fee_lines, usage_lines
from .lines import InvoiceLine
from .metering import Meter, MeteredEvent
from .periods import Period
from .plan_limits import commitment_lines, period_maximum_lines
from .progressive import ProgressiveBook
from .retractions import standing_events
from .terms import Terms, terms_of
from .unit_wallets import Prepaid, UnitBook, parts_of_period
from .upgrades import predecessors_of
from .usage import Line

EventsByExternalId = dict[str, list[MeteredEvent]]


@dataclass(frozen=True)
class DuePeriod:
    due_on: date
    fee_family: str
    terms: Terms
    period: Period


def due_periods(catalog: Catalog, through: date) -> list[DuePeriod]:
    """Every period of every fee family that falls due by `through`, in order of that date."""
    found: list[DuePeriod] = []
    for subscription in catalog.subscriptions:
        terms = terms_of(catalog, subscription)
        for fee_family in terms.fee_families:
            dated = (
                DuePeriod(terms.due_on(period, fee_family), fee_family, terms, period)
                for period in terms.periods(fee_family)
            )
            found.extend(takewhile(lambda due: due.due_on <= through, dated))
    return sorted(found, key=lambda due: due.due_on)


class Knowledge:
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


class Memory:
    """What closes have issued: registered periods, lines, what was paid in advance event by event, and one-off fees.

    Progressive lines stand in a book of their own: nothing that counts issued fees counts them.
    """

    def __init__(self) -> None:
        self.book = AdvanceBook()
        self.progressive = ProgressiveBook()
        self.units = UnitBook()
        self.lines: dict[str, list[InvoiceLine]] = defaultdict(list)
        self.one_offs: set[str] = set()
        self._registered_until: dict[tuple[str, str], date] = {}

    def copy(self) -> Memory:
        """A memory in which a close can be tried."""
        other = Memory()
        other.book = self.book.copy()
        other.progressive = self.progressive.copy()
        other.units = self.units.copy()
        for subscription_id, lines in self.lines.items():
            other.lines[subscription_id] = list(lines)
        other.one_offs = set(self.one_offs)
        other._registered_until = dict(self._registered_until)
        return other

    def register(self, due: Iterable[DuePeriod]) -> None:
        for one in due:
            key = (one.terms.subscription.subscription_id, one.fee_family)
            known = self._registered_until.get(key, date.min)
            self._registered_until[key] = max(known, one.period.end)

    def left_of(self, terms: Terms, period: Period, fee_family: str) -> Period | None:
        """The part of a period that is not registered yet; None if all of it is.

        Source: BILLING_RULES §4 "Once registered, its bounds, days and zone are facts …; the next period starts where
        the last registered one ended".
        """
        key = (terms.subscription.subscription_id, fee_family)
        until = self._registered_until.get(key, date.min)
        if period.end <= until:
            return None
        return replace(period, start=max(period.start, until))


def due_now(
    memory: Memory, due: Sequence[DuePeriod], close_date: date
) -> dict[str, list[DuePeriod]]:
    """What a close registers, by subscription: of the periods that are due by its date, what is not registered yet."""
    own: dict[str, list[DuePeriod]] = defaultdict(list)
    for one in due:
        left = memory.left_of(one.terms, one.period, one.fee_family)
        if one.due_on <= close_date and left is not None:
            subscription_id = one.terms.subscription.subscription_id
            own[subscription_id].append(replace(one, period=left))
    return own


def lines_of_close(
    catalog: Catalog,
    memory: Memory,
    due: Sequence[DuePeriod],
    knowledge: Knowledge,
    batch_count: int,
    close_date: date,
) -> dict[str, list[InvoiceLine]]:
    """The lines of a close by subscription, which are in the memory afterwards. `due`: all periods due by the date."""
    own = due_now(memory, due, close_date)
    prepaid = _prepaid(catalog, memory, own, knowledge, batch_count, close_date)
    found: dict[str, list[InvoiceLine]] = {}
    for subscription in catalog.subscriptions:
        terms = terms_of(catalog, subscription)
        dues = own[subscription.subscription_id]
        if dues or has_charges_in_advance(catalog, terms):
            events = knowledge.events_of(subscription, batch_count)
            step = _Step(catalog, memory, terms, dues, events, close_date, prepaid)
            found[subscription.subscription_id] = step.lines()
    for subscription_id, lines in found.items():
        memory.lines[subscription_id].extend(lines)
    memory.register(one for dues in own.values() for one in dues)
    return found


def _prepaid(
    catalog: Catalog,
    memory: Memory,
    due: Mapping[str, Sequence[DuePeriod]],
    knowledge: Knowledge,
    batch_count: int,
    close_date: date,
) -> Prepaid:
    """The units of the usage of all subscriptions that lots of units pay, before any of it is priced."""
    holders = {wallet.customer_id for wallet in catalog.unit_wallets}
    parts = [
        part
        for subscription in catalog.subscriptions
        if catalog.payer_of(subscription.customer_id, subscription) in holders
        for one in due.get(subscription.subscription_id, ())
        if one.fee_family == "usage"
        for part in parts_of_period(
            catalog, one.terms, one.period, knowledge.events_of(subscription, batch_count)
        )
    ]
    return memory.units.draw(catalog, parts, close_date)


@dataclass(frozen=True)
class _Step:
    """One subscription in one close."""

    catalog: Catalog
    memory: Memory
    terms: Terms
    due: Sequence[DuePeriod]
    events: Sequence[MeteredEvent]
    close_date: date
    prepaid: Prepaid

    def lines(self) -> list[InvoiceLine]:
        """Fees first, then what a period owes at most, then what it owes at least.

        Source: BILLING_RULES §3 "Maximum spend: … before minimums", §4 "true-up = commitment − all fees of the period".
        """
        issued = self.memory.lines[self.terms.subscription.subscription_id]
        now = [line for one in self.due for line in _of_period(one.period, self._fees(one))]
        now.extend(self._fees_in_advance())
        for one in self._due_of("usage"):
            lines = period_maximum_lines(self.catalog, self.terms, one.period, issued, now)
            now.extend(_of_period(one.period, lines))
        for one in self._due_of("commitment"):
            lines = commitment_lines(self.catalog, self.terms, one.period, [*issued, *now])
            now.extend(_of_period(one.period, lines))
        return now

    def _due_of(self, fee_family: str) -> list[DuePeriod]:
        return [one for one in self.due if one.fee_family == fee_family]

    def _fees(self, one: DuePeriod) -> list[InvoiceLine]:
        if one.fee_family == "base":
            return base_fee_lines(self.catalog, self.terms, one.period)
        if one.fee_family == "usage":
            return usage_lines(self.catalog, self.terms, one.period, self.events, self.prepaid)
        if one.fee_family == "commitment":
            return []
        lines = fixed_charge_lines(self.catalog, self.terms, one.period, one.fee_family)
        if one.fee_family == "fixed_in_advance" and one.period.start == self.terms.first_day:
            before = predecessors_of(self.catalog, self.terms.subscription)
            issued = [self.memory.lines[own.subscription_id] for own in before]
            return less_what_was_paid(lines, issued, self.terms.first_day, self.terms.days_end)
        return lines

    def _fees_in_advance(self) -> list[InvoiceLine]:
        """Of periods that have begun and were not registered before this close.

        Source: BILLING_RULES §4 "Pay-in-advance event fees wait for the next close", whatever makes the company close.
        """
        begun = takewhile(
            lambda period: period.start <= self.close_date, self.terms.periods("usage")
        )
        open_periods = [
            period for period in begun if self.memory.left_of(self.terms, period, "usage")
        ]
        return [
            line
            for period in open_periods
            for line in _of_period(
                self.memory.left_of(self.terms, period, "usage") or period,
                self.memory.book.lines(
                    self.catalog, self.terms, period, self.events, self.close_date
                ),
            )
        ]


def _of_period(period: Period, lines: Iterable[InvoiceLine]) -> list[InvoiceLine]:
    return [replace(line, period_start=period.start) for line in lines]

"""What a company owes for each period when all that became known of it is known at once.

Belongs here: one computation of everything due, and which fees a close had billed whole before an end was known. Does
not belong here: what closes issued for it one after another, and comparing the two.

Fees are summed by subscription, fee type, charge, filter, group and whole period: where a start moves, lines get other
keys, but stay in their period.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import takewhile
from pathlib import Path

from .advance_lines import has_charges_in_advance
from .catalog import Catalog, read_catalog
from .closing import DuePeriod, Knowledge, Memory, due_periods, lines_of_close
from .fixed_charges import fixed_charge_lines, less_what_was_paid
from .invoicing import base_fee_lines
from .lines import InvoiceLine
from .periods import ONE_DAY, local_date, whole_period
from .terms import Terms, terms_of
from .timelines import with_timelines
from .upgrades import predecessors_of
from .usage import read_batches

# (subscription, fee type, charge, filter, group, first day of the whole period)
FeeKey = tuple[str, str, str, str, str, date]
FAMILIES = {
    "subscription": "base",
    "fixed_charge": "fixed",
    "fixed_charge_in_advance": "fixed_in_advance",
    "commitment_true_up": "commitment",
}
# The fee type under which all progressive lines of a charge are summed.
PROGRESSIVE = "progressive"
ONE_MICROSECOND = timedelta(microseconds=1)
# Limits of a plan's period stand at one of the shorter periods in it, which depends on when it was reached.
OF_PLAN_PERIODS = ("period_maximum", "commitment_true_up")


class Owed:
    """What is owed by the last of a company's catalogs, through the last of its closes.

    `known`: the date and the catalog of each close.
    """

    def __init__(self, known: Sequence[tuple[date, Path]], batches: Sequence[Sequence[Path]]):
        self._catalogs = _as_known(known)
        self.last_close_date = max(self._catalogs)
        self.catalog = self._catalogs[self.last_close_date]
        self.terms = {
            one.subscription_id: terms_of(self.catalog, one) for one in self.catalog.subscriptions
        }
        self._due = {day: due_periods(own, day) for day, own in self._catalogs.items()}
        # The first close that bills a period (subscription, family, its first day), as far as its catalog has it.
        self._billed_on = {
            _period_of(one): day
            for day in sorted(self._due, reverse=True)
            for one in self._due[day]
        }
        self.whole = self._whole_fees()
        lines = read_batches(batches)
        knowledge = Knowledge(self.catalog, lines, self.last_close_date)
        memory = Memory()
        kept = {key: own for key, own in self.whole.items() if self._is_kept(key)}
        for line in (one for own in kept.values() for one in own):
            memory.lines[line.subscription_id].append(line)
        periods_kept = {(key[0], FAMILIES[key[1]], key[-1]) for key in kept}
        due = [
            one for one in self._due[self.last_close_date] if _period_of(one) not in periods_kept
        ]
        found = lines_of_close(
            self.catalog, memory, due, knowledge, len(batches), self.last_close_date
        )
        self.lines = [line for own in found.values() for line in own]

    def amounts(self) -> dict[FeeKey, Decimal]:
        """The sum of each fee in each period."""
        found: dict[FeeKey, Decimal] = defaultdict(Decimal)
        whole = {(key[0], key[1], key[-1]) for key in self.whole if not self.is_end_noted(key)}
        for line in self.lines:
            key = self._key_of_line(line)
            if (key[0], key[1], key[-1]) not in whole:
                found[key] += line.amount
        for key, lines in self.whole.items():
            if self.is_end_noted(key):
                continue
            found[key] += sum((line.amount for line in lines), Decimal(0))
        return found

    def is_end_noted(self, key: FeeKey) -> bool:
        """Whether a base fee in advance is of a period that its subscription left, so that notes give back the rest.

        Source: BILLING_RULES §4 "End of an advance plan: credit note for the unused days … (credit, refund, offset,
        skip)".
        """
        terms = self.terms[key[0]]
        if key[1] != "subscription" or terms.last_day is None or self.is_end_open(key):
            return False
        is_skipped = terms.subscription.on_termination == "skip"
        due_on = terms.last_day + ONE_DAY + timedelta(days=terms.grace_days)
        return terms.is_in_advance("base") and not is_skipped and due_on <= self.last_close_date

    def _is_kept(self, key: FeeKey) -> bool:
        """Whether nothing of a fee in advance comes back for the days after an end."""
        on_termination = self.terms[key[0]].subscription.on_termination
        return key[1] != "subscription" or on_termination == "skip"

    def _key_of_line(self, line: InvoiceLine) -> FeeKey:
        cells = (line.charge_code, line.filter_code, line.group_key)
        bounds = (line.service_period_start, line.service_period_end)
        return self.key_of(line.subscription_id, line.fee_type, cells, bounds)

    def key_of(
        self,
        subscription_id: str,
        fee_type: str,
        cells: Iterable[str | None],
        bounds: tuple[datetime, datetime],
    ) -> FeeKey:
        """Under which key a line is summed. `cells`: its charge, filter and group; `bounds`: of its service period.

        Its last instant names the period: a service that goes on after a withdrawn end begins at that end's instant,
        which may be on the last day of the period before.
        """
        terms = self.terms[subscription_id]
        family = "base" if fee_type in OF_PLAN_PERIODS else FAMILIES.get(fee_type, "usage")
        day = local_date(max(bounds[0], bounds[1] - ONE_MICROSECOND), terms.zone_name)
        first, _ = whole_period(terms.interval(family), day, terms.anchor)
        charge_code, filter_code, group_key = (cell or "" for cell in cells)
        return subscription_id, fee_type, charge_code, filter_code, group_key, first

    def _whole_fees(self) -> dict[FeeKey, list[InvoiceLine]]:
        """The lines in advance that a close billed through the end of their whole period, before an end was known.

        Those of a base fee stay whole where the end is skipped, or is not due yet; those of fixed charges always.
        Source: BILLING_RULES §4 "this note alone settles an end, adjustments count it as issued", of base fees; and of
        fixed charges "less the unused part already paid for the same add-on after an upgrade".
        """
        registered: dict[tuple[str, str, date], DuePeriod] = {}
        # By their closes: what one close bills in advance, a later one finds paid; what one cut, a later one may
        # bill whole.
        for day in sorted(self._due):
            for one in self._due[day]:
                is_whole = one.period.end == one.period.whole_end
                if is_whole and one.terms.is_in_advance(one.fee_family):
                    registered.setdefault(_period_of(one), one)
        found: dict[FeeKey, list[InvoiceLine]] = defaultdict(list)
        for (subscription_id, family, whole_start), one in registered.items():
            terms = self.terms[subscription_id]
            is_end_news = terms.last_day not in (None, one.terms.last_day)
            has_begun = terms.first_day < one.period.end
            if is_end_news and has_begun:
                unended = _unended(terms)
                periods = unended.periods(family)
                period = next(own for own in periods if own.whole_start == whole_start)
                lines = (
                    base_fee_lines(self.catalog, unended, period)
                    if family == "base"
                    else fixed_charge_lines(self.catalog, unended, period, family)
                )
                if family != "base" and period.start == terms.first_day:
                    before_it = predecessors_of(self.catalog, terms.subscription)
                    names_before = [own.subscription_id for own in before_it]
                    paid = [
                        [line for key, own in found.items() for line in own if key[0] == before]
                        for before in names_before
                    ]
                    lines = less_what_was_paid(lines, paid, terms.first_day, unended.days_end)
                for line in lines:
                    found[self._key_of_line(line)].append(line)
        return found

    def is_end_open(self, key: FeeKey) -> bool:
        """Whether a period's subscription goes on through its whole, so that a note for its end was withdrawn."""
        terms = self.terms[key[0]]
        return terms.last_day is None or terms.last_day >= self.plan_period_end(key)

    def plan_period_end(self, key: FeeKey) -> date:
        """The day after the plan's whole period that begins on a key's first day."""
        terms = self.terms[key[0]]
        return whole_period(terms.interval("base"), key[-1], terms.anchor)[1]

    def is_settled(self, key: FeeKey) -> bool:
        """Whether the last close has looked at a subscription, and the fees of a period are final.

        It looks at those with something that falls due, and at those that are over if a month has begun since the
        close before. Fees in advance, and commitments that count some, wait for the close after the one that ends
        their period. What an end that was withdrawn had closed of a period is one with the rest when that is due.
        """
        terms = self.terms[key[0]]
        if self._is_closed_early(key):
            return False
        if key[1] == PROGRESSIVE:
            return self._is_billed(terms, key[-1])
        if key in self.whole and key[1] == "subscription" and not self._is_end_settled(key):
            return False
        before = max(day for day in self._due if day < self.last_close_date)
        last = [one for one in self._due[self.last_close_date] if one.terms == terms]
        has_month_begun = before.replace(day=1) < self.last_close_date.replace(day=1)
        is_looked_at = any(one.due_on > before for one in last) or (
            has_month_begun and self._is_over(terms)
        )
        if key[1] not in ("charge_in_advance", "commitment_true_up"):
            return is_looked_at
        if not has_charges_in_advance(self.catalog, terms):
            return is_looked_at
        family = "usage" if key[1] == "charge_in_advance" else "commitment"
        _, end = whole_period(terms.interval(family), key[-1], terms.anchor)
        usage = (one.period for one in last if one.fee_family == "usage")
        own = [one.whole_start for one in usage if key[-1] <= one.whole_start < end]
        billed_on = [self._billed_on[key[0], "usage", whole_start] for whole_start in own]
        return is_looked_at and bool(own) and max(billed_on) <= before

    def _is_closed_early(self, key: FeeKey) -> bool:
        """Whether an end that was withdrawn had closed a period whose rest is not due: its base fee, or its limits."""
        if key[1] not in ("subscription", *OF_PLAN_PERIODS):
            return False
        terms, whole_end = self.terms[key[0]], self.plan_period_end(key)
        end = whole_end if terms.last_day is None else min(terms.last_day + ONE_DAY, whole_end)
        is_open = end + timedelta(days=terms.grace_days) > self.last_close_date
        ends = (
            one.terms.last_day
            for due in self._due.values()
            for one in due
            if one.terms.subscription.subscription_id == key[0] and one.terms.last_day is not None
        )
        return is_open and any(key[-1] <= last_day < whole_end - ONE_DAY for last_day in ends)

    def _is_end_settled(self, key: FeeKey) -> bool:
        """Whether nothing more will be given back of a base fee."""
        is_skipped = self.terms[key[0]].subscription.on_termination == "skip"
        return is_skipped or self.is_end_open(key) or self.is_end_noted(key)

    def _is_billed(self, terms: Terms, whole_start: date) -> bool:
        """Whether all usage of the periods within a whole one is due."""
        begun = takewhile(lambda one: one.whole_start <= whole_start, terms.periods("usage"))
        own = [one for one in begun if one.whole_start == whole_start]
        return all(terms.due_on(one, "usage") <= self.last_close_date for one in own)

    def _is_over(self, terms: Terms) -> bool:
        """Whether nothing of a subscription falls due any more."""
        if terms.last_day is None:
            return False
        dues = (
            terms.due_on(period, family)
            for family in terms.fee_families
            for period in terms.periods(family)
        )
        return all(due <= self.last_close_date for due in dues)


def _as_known(known: Sequence[tuple[date, Path]]) -> dict[date, Catalog]:
    """The catalog of each close; anniversaries are counted from the start as the first close that billed one knew it.

    Source: BILLING_RULES §4 "Once registered, its bounds, days and zone are facts"; decision D-26.
    """
    catalogs: dict[date, Catalog] = {}
    anchors: dict[str, datetime] = {}
    for day, folder in known:
        catalogs[day] = with_timelines(read_catalog(folder), anchors)
        for one in due_periods(catalogs[day], day):
            subscription = one.terms.subscription
            anchor_at = subscription.anchor_at or subscription.started_at
            anchors.setdefault(subscription.external_subscription_id, anchor_at)
    return catalogs


def _period_of(due: DuePeriod) -> tuple[str, str, date]:
    """Subscription, fee family, and first day of the whole period."""
    return due.terms.subscription.subscription_id, due.fee_family, due.period.whole_start


def _unended(terms: Terms) -> Terms:
    """The terms as if the subscription had no end."""
    subscription = replace(
        terms.subscription, ended_at=None, end_kind=None, is_last_day_shared=False
    )
    return replace(terms, subscription=subscription, last_day=None)

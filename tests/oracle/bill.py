"""Every invoice of a company, as closes in date order would issue them.

Belongs here: the order of things, and which days are closed. Does not belong here: any rule of its own. Each close
bills all periods that fall due on its date, what is paid in advance, and what has passed a threshold; every batch and
one catalog are known to every close unless the caller says otherwise.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import takewhile
from pathlib import Path

from .catalog import Catalog, read_catalog
from .closing import DuePeriod, Knowledge, Memory, due_now, due_periods, lines_of_close
from .coupons import CouponBook, CouponScene, use_coupons
from .credit_notes import Notes
from .invoices import CreditNote, Invoice, Lapse, NoteKey, Payment, coupon_shares, total
from .lines import InvoiceLine
from .numbers import minor_unit, round_half_away
from .one_offs import INVOICE_TYPE as ONE_OFF
from .one_offs import due_one_offs, one_off_line
from .periods import ONE_DAY, first_instant
from .progressive import INVOICE_TYPE as PROGRESSIVE
from .progressive import Excess, open_periods, progressive_lines, settle_progressive
from .settlement import tax_rows_of_lines, taxes_of_line
from .terms import terms_of
from .timelines import with_timelines
from .topping_up import ToppedUp, TopUpBook, open_usage
from .unit_wallets import UnitBook
from .usage import Line, count_reasons, count_verdicts, read_batches
from .wallets import buckets_of, draw_from_lots, lapsed_lots, lots_in_order, owed_of_lines

GroupKey = tuple[str, str, str]  # payer, currency, type of the invoice


@dataclass(frozen=True)
class Bill:
    """What a company is billed through a day, and where every line of its usage went.

    `catalog`: the last one known, with the lots that rules have put in. `note_balances`: the credit that is left of
    each note.
    """

    invoices: tuple[Invoice, ...]
    line_verdicts: Counter[str]
    rejection_reasons: Counter[str]
    event_verdicts: Counter[tuple[str, str]]
    remaining_lot_amounts: dict[str, Decimal]
    last_close_date: date | None
    catalog: Catalog
    credit_notes: tuple[CreditNote, ...] = ()
    note_balances: Mapping[NoteKey, Decimal] = field(default_factory=dict)
    lapses: tuple[Lapse, ...] = ()
    units: UnitBook = field(default_factory=UnitBook)
    top_ups: tuple[ToppedUp, ...] = ()


class _Version:
    """A catalog as it is known for a time, what falls due by it, and what it makes of the usage."""

    def __init__(self, folder: Path, lines: Sequence[Line], through: date) -> None:
        self.catalog = with_timelines(read_catalog(folder))
        self.due: list[DuePeriod] = due_periods(self.catalog, through)
        self.knowledge = Knowledge(self.catalog, lines, through)
        days = {one.due_on for one in self.due}
        #: The days on which something becomes due.
        self.close_dates = days | {one.billed_on for one in self.catalog.one_offs}
        for rule in self.catalog.top_up_rules:
            self.close_dates.update(rule.dates_through(through))

        limited = {
            one.external_subscription_id
            for one in self.catalog.subscriptions
            if one.plan_code in self.catalog.thresholds
        }
        self._limited = replace(
            self.catalog,
            subscriptions=[
                one for one in self.catalog.subscriptions if one.external_subscription_id in limited
            ],
        )

    def first_look(self) -> date | None:
        """The first day on which a subscription has thresholds; None if none has."""
        return min(
            (
                terms_of(self.catalog, one).first_day
                for one in self._limited.subscriptions
                if one.plan_code in self.catalog.thresholds
            ),
            default=None,
        )

    def passes_threshold(self, memory: Memory, batch_count: int, day: date) -> bool:
        """Whether a close of the day would have a progressive invoice, for which nobody else's fees matter."""
        return bool(_Found(self._limited, self, memory.copy(), batch_count, day).progressive)


def bill(
    catalog_folder: Path,
    batches: Sequence[Sequence[Path]],
    through: date,
    *,
    batches_known_on: Callable[[date], int] | None = None,
    earlier_catalogs: Mapping[date, Path] | None = None,
    payments: Iterable[Payment] = (),
    pays: Callable[[Invoice], Iterable[Payment]] | None = None,
) -> Bill:
    """Bill the company of `catalog_folder` for the usage files of `batches`, every close through a day.

    `batches_known_on`: how many batches the close of a date knows (all, where it is not given). `earlier_catalogs`:
    what closes knew instead of `catalog_folder`, by the last date of such a close. `event_verdicts` counts accepted
    events by (verdict, code), as the last of these closes knows them. `payments`: to invoices, at any time; `pays`:
    what is paid to an invoice once it is issued.
    """
    lines = read_batches(batches)
    known_on = batches_known_on or (lambda _close_date: len(batches))
    last = _Version(catalog_folder, lines, through)
    versions = [
        (until, _Version(folder, lines, through))
        for until, folder in sorted((earlier_catalogs or {}).items())
    ]
    versions.append((through, last))
    books = _Books(payments)
    last_close_date = None
    for day, version, is_close in _days(versions):
        if is_close or version.passes_threshold(books.memory, known_on(day), day):
            last_close_date = day
            for invoice in books.close(version, known_on(day), day):
                books.notes.payments.add(pays(invoice) if pays else ())
    metered = last.knowledge.standing(known_on(through))
    catalog = books.funded(last.catalog, last_close_date or date.min)
    return Bill(
        invoices=tuple(books.invoices),
        line_verdicts=count_verdicts(lines),
        rejection_reasons=count_reasons(lines),
        event_verdicts=Counter((one.verdict, one.event.code or "") for one in metered),
        remaining_lot_amounts=books.remaining,
        last_close_date=last_close_date,
        catalog=catalog,
        credit_notes=tuple(books.notes.issued),
        note_balances=books.notes.balances,
        lapses=tuple(books.lapses),
        units=books.memory.units,
        top_ups=tuple(books.top_ups.found),
    )


class _Books:
    """All that the closes of a company have issued, and what is left of it. `remaining`: the money of each lot."""

    def __init__(self, payments: Iterable[Payment]) -> None:
        self.memory = Memory()
        self.notes = Notes(payments)
        self.coupons = CouponBook()
        self.top_ups = TopUpBook()
        self.remaining: dict[str, Decimal] = {}
        self.invoices: list[Invoice] = []
        self.lapses: list[Lapse] = []

    def funded(self, catalog: Catalog, close_date: date) -> Catalog:
        """The catalog with the lots that rules have put in; every lot is in `remaining` afterwards."""
        found = self.top_ups.funded(catalog, self.notes.payments, close_date)
        for lot in (lot for wallet in found.wallets for lot in wallet.lots):
            self.remaining.setdefault(lot.lot_id, lot.amount)
        return found

    def close(self, version: _Version, batch_count: int, day: date) -> list[Invoice]:
        """The invoices of a close, which are in the books afterwards.

        Source: decision D-53 "The balance is what the wallet's lots hold after the close has drawn and lots have
        lapsed".
        """
        catalog = self.funded(version.catalog, day)
        found = _Found(catalog, version, self.memory, batch_count, day)
        issued = self.notes.issue(catalog, self.invoices, day)
        issued += self.notes.issue_progressive(self.invoices, found.excess, day)
        for one in (one for note in issued for one in note.returns):
            self.remaining[one.lot_id] = total((self.remaining[one.lot_id], one.amount))
        own_lines = _lines_by_invoice(catalog, self.memory, found, day)
        new = _invoices(catalog, own_lines, day, self.coupons, self.notes, self.remaining)
        is_all_billed = partial(_is_all_billed, catalog, self.memory)
        for lot in lapsed_lots(catalog, day, is_all_billed):
            if self.remaining[lot.lot_id]:
                left = self.remaining[lot.lot_id]
                self.lapses.append(Lapse(day, lot.lot_id, left, lot.is_voided(day)))
                self.remaining[lot.lot_id] = Decimal(0)
        self.memory.units.lapse(catalog, day, is_all_billed)
        usage_of = open_usage(catalog, self.memory, version.knowledge, batch_count, day)
        new += self.top_ups.top_up(catalog, day, self.remaining, usage_of)
        self.invoices.extend(new)
        return new


def _is_all_billed(catalog: Catalog, memory: Memory, customer_id: str, before: date) -> bool:
    """Whether no period that a customer pays, and that starts before a date of its zone, waits for its bill.

    A period starts with its subscription if that begins within it, as the lines that a lot may pay do.
    """
    expires_at = first_instant(catalog.timezone_of(customer_id), before)
    return not any(
        memory.left_of(terms, period, fee_family)
        for one in catalog.subscriptions
        if catalog.payer_of(one.customer_id, one) == customer_id
        for terms in [terms_of(catalog, one)]
        for fee_family in terms.fee_families
        for period in takewhile(
            lambda period, terms=terms: terms.bounds(period)[0] < expires_at,
            terms.periods(fee_family),
        )
    )


class _Found:
    """What a close finds to bill for the subscriptions of a catalog, which is in the memory afterwards."""

    def __init__(
        self, catalog: Catalog, version: _Version, memory: Memory, batch_count: int, day: date
    ) -> None:
        knowledge = version.knowledge
        due = due_now(memory, version.due, day)
        self.lines = lines_of_close(catalog, memory, version.due, knowledge, batch_count, day)
        self.excess: list[Excess] = []
        terms = {one.subscription_id: terms_of(catalog, one) for one in catalog.subscriptions}
        for subscription_id in sorted(memory.progressive.subscription_ids()):
            lines = self.lines.get(subscription_id, [])
            own = terms.get(subscription_id)
            opened = list(open_periods(memory, own, day, is_at_once=True)) if own else []
            families = {one.fee_family for one in due.get(subscription_id, [])}
            credits, excess = settle_progressive(
                catalog,
                memory.progressive,
                subscription_id,
                opened,
                lines,
                is_billed="usage" in families,
            )
            if credits:
                self.lines[subscription_id] = [*lines, *credits]
            self.excess.extend(excess)
        self.progressive, more = progressive_lines(catalog, memory, knowledge, batch_count, day)
        self.excess.extend(more)


def _days(versions: Sequence[tuple[date, _Version]]) -> Iterator[tuple[date, _Version, bool]]:
    """The days of closes and, once there is a subscription with thresholds, all others; whether it is a close anyhow.

    Each with the catalog known then; what an earlier date would have billed, had it been known, waits for the next of
    them.
    Source: BILLING_RULES §4 "Close dates: those on which something becomes due in this sense, a one-off's … date, a
    date on which a progressive threshold is passed".
    """
    since = date.min
    for until, version in versions:
        first_look = version.first_look()
        days = {day for day in version.close_dates if since < day <= until}
        looks = set(days)
        if first_look is not None:
            first = max(first_look, since + ONE_DAY)
            looks.update(first + number * ONE_DAY for number in range((until - first).days + 1))
        for day in sorted(looks):
            yield day, version, day in days
        since = until


def _lines_by_invoice(
    catalog: Catalog,
    memory: Memory,
    found: _Found,
    close_date: date,
) -> dict[GroupKey, list[InvoiceLine]]:
    """The lines of a close: those of subscriptions, and the one-off fees, which are in the memory afterwards.

    Source: BILLING_RULES §6 "One invoice per (payer, currency, entity, invoice type) and close"; a payer and whom it
    pays for have one entity.
    """
    payers = {
        one.subscription_id: catalog.payer_of(one.customer_id, one) for one in catalog.subscriptions
    }
    lines: dict[GroupKey, list[InvoiceLine]] = defaultdict(list)
    for invoice_type, by_subscription in (
        ("subscription", found.lines),
        (PROGRESSIVE, found.progressive),
    ):
        for subscription_id, own in by_subscription.items():
            for line in own:
                lines[payers[subscription_id], line.currency, invoice_type].append(line)
    for fee in due_one_offs(catalog.one_offs, memory.one_offs, close_date):
        line = one_off_line(fee, catalog.timezone_of(fee.customer_id))
        lines[catalog.payer_of(fee.customer_id), fee.currency, ONE_OFF].append(line)
        memory.one_offs.add(fee.one_off_fee_id)
    return lines


def _invoices(
    catalog: Catalog,
    lines: Mapping[GroupKey, list[InvoiceLine]],
    close_date: date,
    coupons: CouponBook,
    notes: Notes,
    remaining: dict[str, Decimal],
) -> list[Invoice]:
    """The invoices of a close, in order; coupons, notes and `remaining` (money left per lot) are used on the way.

    Invoices of a customer and close settle in the order of their currency (§5), then of their type.
    """
    return [
        _settled(catalog, close_date, key, lines[key], coupons, notes, remaining)
        for key in sorted(lines)
    ]


def _settled(
    catalog: Catalog,
    close_date: date,
    key: GroupKey,
    lines: list[InvoiceLine],
    coupons: CouponBook,
    notes: Notes,
    remaining: dict[str, Decimal],
) -> Invoice:
    """Fees → progressive credit → coupons → tax → credit notes → wallets.

    Source: BILLING_RULES §5 "this order, always".
    """
    customer_id, currency, invoice_type = key
    entity = catalog.entity_of(customer_id)
    scene = CouponScene(
        (close_date, customer_id, currency, invoice_type), lines, catalog.plan_codes
    )
    coupon_uses = use_coupons(catalog.applied_coupons, scene, coupons)
    shares = coupon_shares(lines, coupon_uses)
    left = [Fraction(line.amount) - share for line, share in zip(lines, shares, strict=True)]
    decided = [taxes_of_line(catalog, customer_id, line, close_date) for line in lines]
    rates = [one.rates for one in decided]
    taxes = tax_rows_of_lines(zip(left, rates, strict=True), scale=minor_unit(currency))
    subtotal = round_half_away(sum(left, Fraction(0)), minor_unit(currency))
    owed = total([subtotal, *(tax.tax_amount for tax in taxes)])
    uses = notes.pay(customer_id, currency, owed)
    still_owed = total([owed, *(-use.amount for use in uses)])
    owed_lines = owed_of_lines(lines, left, rates, catalog.timezone_of(customer_id))
    draws = draw_from_lots(
        still_owed,
        buckets_of(owed_lines, Fraction(owed), minor_unit(currency)),
        lots_in_order(catalog, customer_id, currency, close_date),
        remaining,
        scale=minor_unit(currency),
    )
    for draw in draws:
        remaining[draw.lot_id] = total((remaining[draw.lot_id], -draw.amount))
    return Invoice(
        close_date=close_date,
        due_date=close_date + timedelta(days=entity.net_payment_days),
        customer_id=customer_id,
        billing_entity_code=entity.billing_entity_code,
        currency=currency,
        lines=tuple(lines),
        taxes=tuple(taxes),
        draws=tuple(draws),
        note_uses=tuple(uses),
        invoice_type=invoice_type,
        coupon_uses=tuple(coupon_uses),
        line_taxes=tuple(decided),
    )

"""Credit notes at the end of a plan that was paid in advance and of progressive invoices, and what their balances pay.

Belongs here: BILLING_RULES §4 "End of an advance plan", §5 "Credit notes". Does not belong here: when a subscription
ends (see `timelines`), what of a progressive invoice is given back (see `progressive`), notes of adjustments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from .catalog import Catalog
from .invoices import CreditNote, Invoice, InvoiceKey, NoteKey, NoteUse, Payment, total
from .lines import InvoiceLine
from .numbers import minor_unit, round_half_away
from .payments import Payments
from .periods import ONE_DAY
from .progressive import Excess
from .settlement import Draw, effective_tax_rate, tax_rows_of_lines
from .terms import Terms, terms_of


@dataclass(frozen=True)
class _Part:
    """A line of a base fee with its days: all that were billed, and those of them that are credited now.

    `credited_before`: what notes have given back of it, before coupons. `owed`, `tax`: what coupons leave of a unit of
    its amount, and the tax of that.
    """

    line: InvoiceLine
    billed_days: int
    unused_days: int
    credited_days: int
    credited_before: Fraction
    owed: Fraction
    tax: Fraction

    @property
    def credited(self) -> Fraction:
        """What comes back now. A line of which no day was used comes back as it was billed, rounded.

        Source: BILLING_RULES §4 "credit note for the unused days", as read by D-29.
        """
        if self.unused_days < self.billed_days:
            return self.amount_of(self.credited_days)
        return Fraction(self.line.amount) - self.credited_before

    def amount_of(self, days: int) -> Fraction:
        assert self.line.price is not None
        return self.line.price * days / self.line.period_days


class Notes:
    """All credit notes of a company, with the money that is left of each."""

    def __init__(self, payments: Iterable[Payment] = ()) -> None:
        self.issued: list[CreditNote] = []
        self.balances: dict[NoteKey, Decimal] = {}
        self.payments = Payments(payments)
        # By subscription and first day of a line: from which day on, and how much of it.
        self._credited_from: dict[tuple[str, date], date] = {}
        self._credited: dict[tuple[str, date], Fraction] = defaultdict(Fraction)

    def issue(
        self, catalog: Catalog, invoices: Sequence[Invoice], close_date: date
    ) -> list[CreditNote]:
        """The notes of a close: one per ended subscription and invoice whose base fee has days after the last used one.

        `invoices`: of earlier closes. Source: BILLING_RULES §4 "End of an advance plan: credit note for the unused days
        after the last used day (credit, refund, offset, skip)".
        """
        found = []
        for subscription in sorted(catalog.subscriptions, key=lambda one: one.subscription_id):
            terms = terms_of(catalog, subscription)
            is_skipped = subscription.on_termination == "skip"
            if terms.is_in_advance("base") and _end_is_due(terms, close_date) and not is_skipped:
                for invoice in invoices:
                    note = self._note(terms, invoice, close_date)
                    if note is not None:
                        found.append(note)
                        self.issued.append(note)
                        self.balances[note.key] = note.credit_amount
        return found

    def issue_progressive(
        self, invoices: Sequence[Invoice], excess: Iterable[Excess], close_date: date
    ) -> list[CreditNote]:
        """The notes of a close on progressive invoices: one per subscription and invoice, with the invoice's tax.

        What is unpaid of the invoice is offset, the rest is credit. Source: BILLING_RULES §5 "the excess is a credit
        note"; §6 "unpaid original → offset, else credit".
        """
        by_key = {invoice.key: invoice for invoice in invoices}
        grouped: dict[tuple[str, InvoiceKey], list[Excess]] = defaultdict(list)
        for part in excess:
            grouped[part.subscription_id, part.invoice_key].append(part)
        found = []
        for (subscription_id, invoice_key), parts in grouped.items():
            invoice = by_key[invoice_key]
            exact = exact_tax = Fraction(0)
            taxed = []
            for part in parts:
                numbers = _lines_of_charge(invoice, part)
                owed, tax_of_unit = invoice.owed_of(numbers)
                taxed.append((part.amount * owed, invoice.line_rates[numbers[0]]))
                exact += part.amount * owed
                exact_tax += part.amount * tax_of_unit
            subtotal = self._subtotal_of(invoice, exact)
            tax = self._tax_of(invoice, exact_tax)
            offset = self._open_part(invoice, subtotal + tax, close_date)
            earlier = [own for own in self.issued if own.invoice_key == invoice.key]
            returns = returns_of_note(
                invoice.amount_due,
                invoice.draws,
                [(own.total_amount, own.returns) for own in earlier],
                round_half_away(subtotal + tax, 4),
                offset,
            )
            note = CreditNote(
                close_date=close_date,
                subscription_id=subscription_id,
                invoice_key=invoice_key,
                subtotal_amount=round_half_away(subtotal, 4),
                tax_amount=round_half_away(tax, 4),
                refund_amount=Decimal(0),
                offset_amount=offset,
                returns=tuple(returns),
                reason="progressive_billing",
                item_amount=sum((part.amount for part in parts), Fraction(0)),
                taxes=tuple(tax_rows_of_lines(taxed, scale=minor_unit(invoice.currency))),
                tax_rate=effective_tax_rate(taxed),
            )
            self.issued.append(note)
            self.balances[note.key] = note.credit_amount
            found.append(note)
        return found

    def _subtotal_of(self, invoice: Invoice, exact: Fraction) -> Fraction:
        """An amount of an invoice, rounded; where coupons leave parts of a cent, at most what notes have left of it.

        Source: BILLING_RULES §5 "the last note of an invoice absorbs earlier rounding".
        """
        rounded = Fraction(round_half_away(exact, minor_unit(invoice.currency)))
        if not invoice.coupon_uses:
            return rounded
        earlier = [one for one in self.issued if one.invoice_key == invoice.key]
        left = Fraction(invoice.subtotal_amount) - _sum(one.subtotal_amount for one in earlier)
        return max(min(rounded, left), Fraction(0))

    def _tax_of(self, invoice: Invoice, exact: Fraction) -> Fraction:
        """A tax of an invoice, rounded, at most what earlier notes have left of the invoice's."""
        earlier = [one for one in self.issued if one.invoice_key == invoice.key]
        return min(
            Fraction(round_half_away(exact, minor_unit(invoice.currency))),
            Fraction(invoice.tax_amount) - _sum(one.tax_amount for one in earlier),
        )

    def _note(self, terms: Terms, invoice: Invoice, close_date: date) -> CreditNote | None:
        """Subtotal and tax are rounded once each, and are no more than what is left of the invoice's.

        Source: BILLING_RULES §0, rounding 5: "subtotal and tax rounded each, total = their sum"; of what coupons left.
        """
        parts = list(self._parts(terms, invoice))
        if sum((one.credited for one in parts), Fraction(0)) == 0:
            return None
        exact = sum((one.credited * one.owed for one in parts), Fraction(0))
        scale = minor_unit(invoice.currency)
        fee = sum((Fraction(one.line.amount) * one.owed for one in parts), Fraction(0))
        earlier = [one for one in self.issued if one.invoice_key == invoice.key]
        own = [one for one in earlier if one.subscription_id == terms.subscription.subscription_id]
        subtotal = min(
            self._subtotal_of(invoice, exact),
            Fraction(round_half_away(fee, scale)) - _sum(one.subtotal_amount for one in own),
        )
        tax = self._tax_of(invoice, sum((one.credited * one.tax for one in parts), Fraction(0)))
        for one in parts:
            self._remember(terms, one)
        offset = self._offset(terms, invoice, subtotal + tax, close_date)
        returns = returns_of_note(
            invoice.amount_due,
            invoice.draws,
            [(one.total_amount, one.returns) for one in earlier],
            round_half_away(subtotal + tax, 4),
            offset,
        )
        returned = _sum(one.amount for one in returns)
        refund = self._refund(terms, invoice, parts, subtotal + tax, close_date)
        money = self.payments.paid(invoice.key, close_date) - _sum(
            one.refund_amount for one in earlier
        )
        return CreditNote(
            close_date=close_date,
            subscription_id=terms.subscription.subscription_id,
            invoice_key=invoice.key,
            subtotal_amount=round_half_away(subtotal, 4),
            tax_amount=round_half_away(tax, 4),
            refund_amount=round_half_away(
                min(max(refund - returned, Fraction(0)), max(money, Fraction(0))), 4
            ),
            offset_amount=offset,
            returns=tuple(returns),
            item_amount=sum((one.credited for one in parts), Fraction(0)),
        )

    def _parts(self, terms: Terms, invoice: Invoice) -> Iterable[_Part]:
        """The base fee lines of a subscription on an invoice."""
        assert terms.last_day is not None
        is_shared = terms.subscription.is_last_day_shared
        unused_from = terms.last_day if is_shared else terms.last_day + ONE_DAY
        for number, line in enumerate(invoice.lines):
            is_own = line.subscription_id == terms.subscription.subscription_id
            if is_own and line.fee_type == "subscription":
                assert line.first_day is not None
                assert line.end_day is not None
                first = max(line.first_day, unused_from)
                key = (line.subscription_id, line.first_day)
                end = self._credited_from.get(key, line.end_day)
                owed, tax = invoice.owed_of([number])
                yield _Part(
                    line=line,
                    billed_days=(line.end_day - line.first_day).days,
                    unused_days=max((line.end_day - first).days, 0),
                    credited_days=max((end - first).days, 0),
                    credited_before=self._credited[key],
                    owed=owed,
                    tax=tax,
                )

    def _remember(self, terms: Terms, part: _Part) -> None:
        assert part.line.first_day is not None
        assert part.line.end_day is not None
        if part.credited_days > 0:
            key = (part.line.subscription_id, part.line.first_day)
            self._credited_from[key] = part.line.end_day - timedelta(days=part.unused_days)
            self._credited[key] += part.credited

    def _refund(
        self,
        terms: Terms,
        invoice: Invoice,
        parts: Sequence[_Part],
        note_total: Fraction,
        close_date: date,
    ) -> Fraction:
        """What was paid beyond the used part, whoever paid it; none of it to be given back twice.

        Source: BILLING_RULES §4 "Refund = max(0, paid share of the fee − used part with tax), the rest is credit".
        Both are money, rounded, less the coupons' share. What wallets and payments paid of an invoice is shared by its
        fees with tax.
        """
        if terms.subscription.on_termination != "refund" or invoice.total_amount <= 0:
            return Fraction(0)
        scale = minor_unit(invoice.currency)
        fee = used = Fraction(0)
        for one in parts:
            fee += Fraction(one.line.amount) * (one.owed + one.tax)
            used += one.amount_of(one.billed_days - one.unused_days) * (one.owed + one.tax)
        paid = Fraction(invoice.prepaid_credit_amount) + self.payments.paid(invoice.key, close_date)
        paid = min(max(paid, Fraction(0)), Fraction(invoice.total_amount))
        share = round_half_away(paid * fee / Fraction(invoice.total_amount), scale)
        own = [
            note
            for note in self.issued
            if note.invoice_key == invoice.key
            and note.subscription_id == terms.subscription.subscription_id
        ]
        above = Fraction(share) - Fraction(round_half_away(used, scale))
        above -= _sum(one.refund_amount for one in own) + _sum(one.returned_amount for one in own)
        return min(max(above, Fraction(0)), note_total)

    def _offset(
        self, terms: Terms, invoice: Invoice, note_total: Fraction, close_date: date
    ) -> Decimal:
        """What a note takes from what is still open of its invoice."""
        if terms.subscription.on_termination != "offset":
            return Decimal(0)
        return self._open_part(invoice, note_total, close_date)

    def _open_part(self, invoice: Invoice, note_total: Fraction, close_date: date) -> Decimal:
        """What is still open of an invoice, at most the total of a note."""
        offset = _sum(one.offset_amount for one in self.issued if one.invoice_key == invoice.key)
        left = Fraction(invoice.amount_due) - self.payments.paid(invoice.key, close_date) - offset
        return round_half_away(min(max(left, Fraction(0)), note_total), 4)

    def pay(self, customer_id: str, currency: str, amount: Decimal) -> list[NoteUse]:
        """What the balances of a customer's notes pay of an invoice total, oldest note first.

        Source: BILLING_RULES §5 "Credit notes: oldest first, same currency, after tax", before wallets.
        """
        uses = []
        still_due = Fraction(amount)
        for note in self.issued:
            is_own = note.invoice_key[1:3] == (customer_id, currency)
            part = min(still_due, Fraction(self.balances[note.key]))
            if is_own and part > 0:
                use = NoteUse(note.key, round_half_away(part, 4))
                uses.append(use)
                still_due -= part
                self.balances[note.key] = total((self.balances[note.key], -use.amount))
        return uses


def returns_of_note(
    amount_due: Decimal,
    draws: Sequence[Draw],
    earlier: Sequence[tuple[Decimal, Sequence[Draw]]],
    note_total: Decimal,
    offset_amount: Decimal,
) -> list[Draw]:
    """What a note returns to the lots that paid its invoice, which leaves `amount_due`, by `draws`, in their order.

    `earlier`: total and returns of each note before it on the same invoice.

    An invoice is paid by notes, then by lots in the order of drawing, then by what is due. Notes take it back the other
    way round, each going on where the one before stopped; what is offset is not returned too.
    Source: BILLING_RULES §5 "this order, always", §6 "what wallets paid returns to its lots in reverse order".
    """

    def of_lots(credited: Fraction) -> Fraction:
        return min(max(credited - Fraction(amount_due), Fraction(0)), _sum(d.amount for d in draws))

    taken = _sum(amount for amount, _ in earlier)
    left = of_lots(taken + Fraction(note_total)) - of_lots(taken)
    left = min(left, Fraction(note_total) - Fraction(offset_amount))
    back: dict[str, Fraction] = defaultdict(Fraction)
    for one in (one for _, returns in earlier for one in returns):
        back[one.lot_id] += Fraction(one.amount)
    found = []
    for draw in reversed(draws):
        part = min(left, Fraction(draw.amount) - back[draw.lot_id])
        if part > 0:
            found.append(Draw(draw.lot_id, round_half_away(part, 4)))
            left -= part
    return found


def _lines_of_charge(invoice: Invoice, part: Excess) -> list[int]:
    """The places of the lines of a subscription's charge on a progressive invoice, what it credits among them."""
    return [
        number
        for number, line in enumerate(invoice.lines)
        if (line.subscription_id, line.charge_code or "")
        == (part.subscription_id, part.charge_code)
    ]


def _end_is_due(terms: Terms, close_date: date) -> bool:
    """Whether a subscription has ended, and its last period of usage is due."""
    if terms.last_day is None:
        return False
    return terms.last_day + ONE_DAY + timedelta(days=terms.grace_days) <= close_date


def _sum(amounts: Iterable[Decimal]) -> Fraction:
    return sum(map(Fraction, amounts), Fraction(0))

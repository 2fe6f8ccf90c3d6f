"""How the payers of random companies pay: what is paid to an invoice, and which closes know of it.

Belongs here: payments from habits. Does not belong here: what is done with them (see `payments`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .invoices import Invoice, Payment
from .numbers import floor_to_scale, from_units, minor_unit
from .periods import ONE_DAY
from .random_rows import Habit

# What is paid of an invoice.
WORDS = ("in full", "nothing", "a unit short", "in two parts", "a unit more", "taken back")


@dataclass(frozen=True)
class Payer:
    """Habits of a payer. `known_days`: the days through which the closes of a company run, one after another.

    Of an invoice that a close through one of these days issues, the closes through the next one may know of payments.
    """

    habits: Sequence[Habit]
    known_days: Sequence[date]

    def payments_of(self, invoice: Invoice) -> Iterator[Payment]:
        """All payments that there will ever be to an invoice; none where nothing is due."""
        if invoice.amount_due <= 0 or not self.habits:
            return
        first = min(self.known_days)
        habit = self.habits[(invoice.close_date - first).days % len(self.habits)]
        later = [day + ONE_DAY for day in self.known_days if day >= invoice.close_date]
        if habit.is_told_late:
            later = later[1:]
        for number, (amount, days) in enumerate(_parts(habit, invoice)):
            # What is taken back is told one close after what was paid.
            is_taken_back = amount < 0 and habit.is_told_late
            known_from = dict(enumerate(later)).get(1 if is_taken_back else 0)
            if known_from is not None and amount:
                assert number <= 1
                paid_on = invoice.close_date + days * ONE_DAY
                yield Payment(invoice.key, amount, paid_on, known_from)


def _parts(habit: Habit, invoice: Invoice) -> list[tuple[Decimal, int]]:
    """Amounts, each with the days after the invoice's date."""
    due, scale = invoice.amount_due, minor_unit(invoice.currency)
    unit = from_units(1, scale)
    match habit.word:
        case "in full":
            return [(due, habit.days)]
        case "nothing":
            return []
        case "a unit short":
            return [(due - unit, habit.days)]
        case "a unit more":
            return [(due + unit, habit.days)]
        case "in two parts":
            half = floor_to_scale(due / 2, scale)
            return [(half, habit.days), (due - half, habit.days + 2)]
        case "taken back":
            return [(due, habit.days), (-due, habit.days + 3)]
    raise ValueError(f"habit {habit.word!r}")

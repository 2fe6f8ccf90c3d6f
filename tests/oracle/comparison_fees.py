"""What was issued of every fee over several closes, against what is owed once everything is known.

Belongs here: which documents count how, and naming a fee alike on both sides. Does not belong here: what is owed (see
`full_knowledge`), and the documents of one close (see `comparison`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from .comparison import Query, Rows
from .full_knowledge import FAMILIES, OF_PLAN_PERIODS, PROGRESSIVE, FeeKey, Owed
from .numbers import minor_unit

KEY = (
    "subscription_id, fee_type, charge_code, filter_code, group_key, "
    "service_period_start, service_period_end"
)
OF_LINES = ", ".join(f"lines.{column}" for column in KEY.split(", "))
LINES = f"select {OF_LINES}, lines.amount from invoice_lines as lines"
# What an adjustment takes of a progressive line is usage of its charge.
CREDITED_TYPE = """case when credits.cause = 'progressive_billing' then lines.fee_type else
    replace(replace(lines.fee_type, 'progressive_charge', 'charge'), 'progressive_maximum', 'charge_maximum') end"""
CREDITS = f"""
    select {OF_LINES.replace("lines.fee_type", CREDITED_TYPE)},
        credits.amount, credits.cause, notes.issue_date,
        coalesce(lines.original_invoice_number, lines.invoice_number)
    from credit_note_lines as credits
    inner join credit_notes as notes using (credit_note_number)
    inner join invoice_lines as lines
        on credits.invoice_number = lines.invoice_number
        and credits.invoice_line_number = lines.line_number
"""
ADJUSTMENTS = f"""
    select {KEY},
        difference_amount, left_out_amount, handling, close_date, original_invoice_number, is_latest
    from adjustments
"""
CREDITED_ABOVE = """
    select lines.invoice_number, lines.line_number, lines.amount, sum(credits.amount)
    from invoice_lines as lines
    inner join credit_note_lines as credits
        on lines.invoice_number = credits.invoice_number
        and lines.line_number = credits.invoice_line_number
    group by lines.invoice_number, lines.line_number, lines.amount
    having sum(credits.amount) > lines.amount
"""
ENDS = ("terminated", "upgrade", "downgrade")
Amounts = defaultdict[FeeKey, Decimal]


@dataclass
class Issued:
    """What was issued of each fee: lines less notes.

    `elsewhere`: what the newest adjustment owes to a fee but settled with others of its net, or left out. `left_out`:
    the latter alone. `pieces`: the beginnings of the service periods of its lines.
    """

    amounts: Amounts = field(default_factory=lambda: defaultdict(Decimal))
    pieces: defaultdict[FeeKey, set[datetime]] = field(default_factory=lambda: defaultdict(set))
    elsewhere: Amounts = field(default_factory=lambda: defaultdict(Decimal))
    left_out: Amounts = field(default_factory=lambda: defaultdict(Decimal))
    handlings: Counter[str] = field(default_factory=Counter)


def issued_fees(finance: Query, owed: Owed) -> Issued:
    """What finance reads of the subscriptions that are owed anything for."""
    found = Issued()
    newest: dict[FeeKey, date] = {}
    netted: set[tuple[str, date, str]] = set()
    named: set[tuple[FeeKey, date]] = set()

    def keyed(sql: str) -> list[tuple[FeeKey, tuple[Any, ...]]]:
        rows = (row for row in finance(sql) if row[0] in owed.terms)
        return [
            (owed.key_of(row[0], *_named_fee(row[1], row[2:5]), _bounds(*row[5:7])), row[5:])
            for row in rows
        ]

    for key, (starts_at, _, amount) in keyed(LINES):
        found.amounts[key] += amount
        found.pieces[key].add(starts_at)
    for key, (_, _, difference, left_out, handling, close_date, number, is_latest) in keyed(
        ADJUSTMENTS
    ):
        named.add((key, close_date))
        if not is_latest:
            continue
        netted.add((key[0], close_date, number))
        newest[key] = max(newest.get(key, date.min), close_date)
        found.handlings[handling] += 1
        found.left_out[key] += left_out
        if handling != "lines":
            found.elsewhere[key] += difference
    for key, (_, _, amount, cause, close_date, number) in keyed(CREDITS):
        found.amounts[key] -= amount
        if cause in ENDS:
            continue
        # What its own lines have not left goes off other fees of the net, of which no adjustment says anything.
        is_of_others = (key, close_date) not in named and (key[0], close_date, number) in netted
        if is_of_others or newest.get(key) == close_date:
            found.elsewhere[key] += amount
    return found


def _named_fee(fee_type: str, cells: tuple[str | None, ...]) -> tuple[str, tuple[str | None, ...]]:
    """The fee type, and charge, filter and group.

    What progressive invoices bill of a charge and what is credited of it are one: nothing, once the period is billed.
    """
    if fee_type.startswith(PROGRESSIVE):
        return PROGRESSIVE, (cells[0], None, None)
    return fee_type, cells


def expected_fees(owed: Owed) -> dict[str, Rows]:
    """What is owed of each fee that is final, and nothing else of any customer."""
    amounts = owed.amounts()
    return {
        "fees": {
            _named(owed, key): {"amount": amount}
            for key, amount in amounts.items()
            if amount and owed.is_settled(key)
        },
        "left": {},
        "lines credited above their amount": {},
    }


def published_fees(finance: Query, owed: Owed) -> dict[str, Rows]:
    """What was issued of the same fees, and what of a customer's money was neither issued nor left out."""
    issued, amounts = issued_fees(finance, owed), owed.amounts()
    keys = sorted({*issued.amounts, *issued.elsewhere, *amounts})
    fees: Rows = {}
    left: Counter[tuple[str, str]] = Counter()
    unsettled: set[tuple[str, str]] = set()
    progressive: Counter[tuple[Any, ...]] = Counter()
    for key in keys:
        name = _named(owed, key)
        customer = (name[0], owed.terms[key[0]].currency)
        if key[1] == PROGRESSIVE:
            # One line credits what was billed of all periods that its invoice bills.
            if owed.is_settled(key):
                progressive[name[:-1]] += issued.amounts[key]
            continue
        if not owed.is_settled(key):
            unsettled.add(customer)
            continue
        amount = issued.amounts[key] + issued.elsewhere[key]
        owes = amounts.get(key, Decimal(0))
        allowed = _rounded_apart(owed, key, issued, owes) + _left_out_of(owed, key, issued, owes)
        amount += allowed
        left[customer] += owes - issued.amounts[key] - issued.left_out[key] - allowed
        if amount:
            fees[name] = {"amount": amount}
    fees.update((name, {"amount": amount}) for name, amount in progressive.items() if amount)
    return {
        "fees": fees,
        "left": {
            name: {"amount": amount}
            for name, amount in left.items()
            if amount and name not in unsettled
        },
        "lines credited above their amount": {
            ("", *row[:2]): {"amount": row[2], "credited": row[3]}
            for row in finance(CREDITED_ABOVE)
        },
    }


def _rounded_apart(owed: Owed, key: FeeKey, issued: Issued, owes: Decimal) -> Decimal:
    """What is owed of a fee beyond what was issued, if that is no more than the rounding of its pieces.

    A prorated fee of a period that was registered in pieces is rounded in each of them, and so are unused days. What
    policy leaves out of a correction is reported for the whole period, whatever of it notes gave back at an end.
    """
    is_noted = owed.is_end_noted(key)
    pieces = len(issued.pieces[key]) + is_noted
    difference = owes - issued.amounts[key] - issued.elsewhere[key]
    unit = Decimal(1).scaleb(-minor_unit(owed.terms[key[0]].currency))
    is_prorated = key[1] in FAMILIES and key[1] not in OF_PLAN_PERIODS
    if is_prorated and pieces > 1 and abs(difference) <= unit * (pieces + 1) / 2:
        return difference
    left_out = abs(issued.left_out[key])
    if is_noted and left_out and abs(difference) <= left_out + unit:
        return difference
    return Decimal(0)


def _left_out_of(owed: Owed, key: FeeKey, issued: Issued, owes: Decimal) -> Decimal:
    """What a commitment lacks because a fee of its period stands as issued: at most what policy leaves out of it.

    Source: BILLING_RULES §6 "policy per plan, what policy leaves out reported", D-28 "against all rounded lines".
    """
    if key[1] != "commitment_true_up":
        return Decimal(0)
    end = owed.plan_period_end(key)
    left_out = sum(
        (
            amount
            for other, amount in issued.left_out.items()
            if other[0] == key[0] and other != key and key[-1] <= other[-1] < end
        ),
        Decimal(0),
    )
    difference = owes - issued.amounts[key] - issued.elsewhere[key]
    return difference if 0 <= difference * -left_out <= left_out**2 else Decimal(0)


def _named(owed: Owed, key: FeeKey) -> tuple[Any, ...]:
    """The key, behind its customer."""
    return owed.terms[key[0]].subscription.customer_id, *key


def _bounds(starts_at: datetime, ends_at: datetime) -> tuple[datetime, datetime]:
    return _utc(starts_at), _utc(ends_at)


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)

"""Which days the rows of one plan, charge or tax cover, and which they leave out.

Belongs here: gaps between rows, corrections that end before what they correct, rows that end before a subscription.
Does not belong here: overlaps in which nobody could tell which row holds (`validity_checks`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

from orchestration.catalog.charge_rows import PLANS, Tables, by_key
from orchestration.catalog.subscription_checks import current_subscriptions
from orchestration.catalog.validate import Row
from orchestration.catalog.validity_checks import months, valid_until

_DAY = timedelta(days=1)


def gap_problems(file: str, noun: str, rows: Sequence[Row], key: tuple[str, ...]) -> Iterator[str]:
    """Days, or months of a subscription, that no row covers though earlier and later ones are covered.

    Rows of single subscriptions count only where no row holds for all: elsewhere that one steps in.

    Args:
        file: the rows' file, for the message.
        noun: what the rows are about, with the columns of `key` in braces.
        rows: plans, charges or taxes.
        key: the columns whose values make rows one thing.
    """
    for group in by_key(rows, lambda row: tuple(row[column] for column in key)).values():
        named = noun.format_map(group[0].values)
        common = [row for row in group if row.values.get("subscription_id") is None]
        if common:
            yield from _group_gaps(file, named, common)
        else:
            for own in by_key(group, lambda row: (row["subscription_id"],)).values():
                whose = f"{named} for subscription '{own[0]['subscription_id']}'"
                yield from _group_gaps(file, whose, own)


def _group_gaps(file: str, named: str, rows: Sequence[Row]) -> Iterator[str]:
    spans = [(row, *months(row)) for row in rows]
    marks = sorted({mark for _, first, end in spans for mark in (first, end)})
    covered_until = marks[0]
    said = set()
    for first, end in pairwise(marks):
        covering = [row for row, since, until in spans if since <= first and until >= end]
        if not covering:
            continue
        if covered_until < first:
            begins = next(row for row, since, _ in spans if since == first)
            yield (
                f"{file} row {begins.line}: {named} has no row in force in {_month_words(covered_until, first)} of a "
                "subscription; join the months, or add a row for them"
            )
        covered_until = end
        for before, after, start, stop in _day_gaps(covering):
            if (start, stop) not in said:
                said.add((start, stop))
                yield (
                    f"{file} row {after.line}: {named} has no row in force from {start} to {stop - _DAY}; let row "
                    f"{before.line} hold until then (valid_to {stop}), or add a row for these days"
                )


def _month_words(start: int, end: int) -> str:
    return f"month {start}" if end == start + 1 else f"months {start} to {end - 1}"


def _day_gaps(rows: Sequence[Row]) -> Iterator[tuple[Row, Row, date, date]]:
    """The row before, the row after, the first day and the first day after of each gap."""
    ordered = sorted(rows, key=lambda row: row["valid_from"])
    latest = ordered[0]
    for row in ordered[1:]:
        if row["valid_from"] > valid_until(latest):
            yield latest, row, valid_until(latest), row["valid_from"]
        if valid_until(row) > valid_until(latest):
            latest = row


def correction_problems(file: str, rows: Sequence[Row], key: tuple[str, ...]) -> Iterator[str]:
    """Corrections that end before the row they correct, which then holds again."""
    columns = (*key, "subscription_id", "first_month", "last_month")
    for group in by_key(rows, lambda row: tuple(row[column] for column in columns)).values():
        for versions in by_key(group, lambda row: (row["valid_from"],)).values():
            ordered = sorted(versions, key=lambda row: row["recorded_at"])
            for earlier, later in pairwise(ordered):
                end = valid_until(later)
                if end < valid_until(earlier) and _holder(group, end) is earlier:
                    yield (
                        f"{file} row {later.line}: it corrects row {earlier.line} until {end - _DAY} only, then "
                        f"row {earlier.line} holds again; give both the same valid_to, or add a row for what follows"
                    )


def _holder(rows: Sequence[Row], day: date) -> Row | None:
    in_force = [row for row in rows if row["valid_from"] <= day < valid_until(row)]
    return max(in_force, key=lambda row: (row["recorded_at"], row.line), default=None)


def uncovered_problems(tables: Tables) -> Iterator[str]:
    """Plans whose rows begin after, or end before, a subscription on them: no base fee and no charge is known then.

    Instants are compared as UTC days with a day of leeway, because the customer's zone decides the local one.
    """
    rows = by_key(tables["plans"], lambda row: (row["plan_code"],))
    said = set()
    for subscription in sorted(current_subscriptions(tables), key=lambda row: row.line):
        code, own = subscription["plan_code"], subscription["subscription_id"]
        holding = [row for row in rows[(code,)] if row["subscription_id"] in (None, own)]
        if not holding:
            continue
        first = min(holding, key=lambda row: row["valid_from"])
        last = max(holding, key=valid_until)
        begins = (subscription["billing_starts_at"] or subscription["started_at"]).date()
        ends = subscription["ended_at"].date() if subscription["ended_at"] else date.max
        if first["valid_from"] > begins + _DAY and ("first", first.line) not in said:
            said.add(("first", first.line))
            yield (
                f"{PLANS} row {first.line}: plan '{code}' has no row in force before {first['valid_from']}, but "
                f"subscription '{own}' is billed from {begins}; let the row begin earlier, or correct "
                "billing_starts_at"
            )
        if valid_until(last) < ends - _DAY and ("last", last.line) not in said:
            said.add(("last", last.line))
            yield (
                f"{PLANS} row {last.line}: plan '{code}' has no row in force from {last['valid_to']} on, but "
                f"subscription '{own}' goes on; add the row that follows, or end the subscription"
            )

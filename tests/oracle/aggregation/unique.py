"""Unique counts. Source: BILLING_RULES §2 "unique_count".

Belongs here: which values are present. Does not belong here: for how long (see `prorated`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

REMOVE = "remove"
Change = tuple[str, str]  # the value as text, and "add" or "remove"


def _states(changes: Iterable[Change], present: Iterable[str]) -> Iterator[frozenset[str]]:
    """The values that are present after each change, in time order.

    Source: "add counts if the value is absent, remove if present": otherwise they change nothing.
    """
    state = frozenset(present)
    for value, operation in changes:
        state = state - {value} if operation == REMOVE else state | {value}
        yield state


def present_values(changes: Iterable[Change], present: Iterable[str] = ()) -> frozenset[str]:
    """The values that are present after all changes; `present`: those that were before them."""
    last = frozenset(present)
    for state in _states(changes, present):
        last = state
    return last


def unique_count(changes: Iterable[Change], present: Iterable[str] = ()) -> Fraction:
    """How many values are present.

    >>> unique_count([("a", "add"), ("b", "add"), ("a", "add"), ("b", "remove")])
    Fraction(1, 1)
    """
    return Fraction(len(present_values(changes, present)))


def unique_counts(changes: Iterable[Change], present: Iterable[str] = ()) -> list[Fraction]:
    """How many values are present after each change."""
    return [Fraction(len(state)) for state in _states(changes, present)]

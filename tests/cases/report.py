"""Verdicts for the terminal and as JSON.

Belongs here: how they look. Does not belong here: what they are.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from .comparing import Agreement
from .runner import STATUSES, Verdict


def lines_of(verdict: Verdict) -> list[str]:
    """One line with id, level and verdict, and one per expected value.

    Example:
        std-10                          usage  pass
            amount                      expected 51.2345          got 51.2345
    """
    name = verdict.case.id.ljust(32) if len(verdict.case.id) < 32 else f"{verdict.case.id} "
    head = f"{name}{verdict.level or '-':<7}{verdict.status}"
    # A refusal may quote a whole error of the database; the JSON has all of it.
    reason = textwrap.shorten(verdict.reason, 300, placeholder=" …")
    lines = [f"{head}  {reason}" if reason else head]
    for one in verdict.agreements:
        mark = "" if one.is_equal else "  DIFFERENT"
        note = f"  ({one.note})" if one.note else ""
        lines.append(f"    {one.key:<31} expected {one.expected:<19} got {one.got}{mark}{note}")
    return lines


def totals(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many cases have each status, and how many there are."""
    counts = Counter(verdict.status for verdict in verdicts)
    return {**{status: counts[status] for status in STATUSES}, "cases": len(verdicts)}


def total_lines(verdicts: Sequence[Verdict]) -> list[str]:
    """Totals by kind, and of all."""
    lines = [f"{'kind':<16}" + "".join(f"{name:>13}" for name in (*STATUSES, "cases"))]
    for kind in dict.fromkeys(verdict.case.kind for verdict in verdicts):
        own = [verdict for verdict in verdicts if verdict.case.kind == kind]
        lines.append(_total_line(kind, own))
    lines.append(_total_line("all", verdicts))
    levels = Counter(verdict.level for verdict in verdicts if verdict.level)
    if levels:
        lines.append("levels: " + ", ".join(f"{name} {count}" for name, count in levels.items()))
    return lines


def _total_line(name: str, verdicts: Sequence[Verdict]) -> str:
    return f"{name:<16}" + "".join(f"{count:>13}" for count in totals(verdicts).values())


def as_json(verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """The same, for programs; numbers are texts."""
    listed = list(verdicts)
    return {
        "cases": [
            {
                "id": verdict.case.id,
                "kind": verdict.case.kind,
                "subkind": verdict.case.subkind,
                "level": verdict.level or None,
                "status": verdict.status,
                "reason": verdict.reason or None,
                "values": [_value(one) for one in verdict.agreements],
            }
            for verdict in listed
        ],
        "totals": totals(listed),
    }


def _value(one: Agreement) -> dict[str, Any]:
    return {
        "key": one.key,
        "expected": one.expected,
        "got": one.got,
        "equal": one.is_equal,
        "note": one.note or None,
    }

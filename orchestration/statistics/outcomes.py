"""What became of each statistical check of a close.

Belongs here: an outcome, its wording, and its form in JSON, the same for the same rows. Does not belong here: how it
came about (`run`, `expectations`) and how it is shown (`page`, `orchestration.look.checks`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

PASS, TRIPPED, NOT_RUN, HELD = "pass", "tripped", "not_run", "held"
# Decimal digits with which results are worded: more than any quantity has.
PRECISION = 60


@dataclass(frozen=True)
class Series:
    """One judged value beside those that it was judged by, oldest first; `lowest` or `highest` is None if open.

    `labels` are dates; `values`, `value` and the bounds are in `unit`: a currency, or a word for what is counted.
    """

    title: str
    unit: str
    labels: tuple[str, ...]
    values: tuple[Decimal, ...]
    label: str
    value: Decimal
    median: Decimal | None
    lowest: Decimal | None
    highest: Decimal | None
    is_offender: bool


@dataclass(frozen=True)
class StatisticalOutcome:
    """What became of one check. `columns` and `offenders` hold text, dates and decimals, in a fixed order.

    `result` is pass, tripped or not_run: it could not run, and `message` says why. Too little history is a pass that
    says so, with a `judged_count` of 0. `document_keys` are the drafts that it names, sorted.
    """

    name: str
    # What a tripped one means, in one sentence.
    description: str
    result: str
    message: str
    columns: tuple[str, ...] = ()
    offenders: tuple[tuple[Any, ...], ...] = ()
    document_keys: tuple[str, ...] = ()
    judged_count: int = 0
    series: tuple[Series, ...] = ()
    # What Great Expectations was asked and answered, without ids and times.
    expectations: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def evidence(self) -> str:
        """The result as it is published: a check that names documents holds them."""
        return HELD if self.document_keys else self.result


def suite_result(
    outcomes: Sequence[StatisticalOutcome], thresholds: Mapping[str, Any]
) -> dict[str, Any]:
    """All outcomes, each with the thresholds that made it, in JSON's own types; equal for equal rows.

    Args:
        outcomes: as `run_statistics` gives them.
        thresholds: by name of the check.
    """
    checks = [
        {**asdict(outcome), "thresholds": thresholds.get(outcome.name, {})} for outcome in outcomes
    ]
    found: dict[str, Any] = json.loads(json.dumps({"checks": checks}, default=_as_text))
    return found


def outcome_of(check: Mapping[str, Any]) -> StatisticalOutcome:
    """The outcome that one of the `checks` of a `suite_result` tells of; offenders are texts."""
    return StatisticalOutcome(
        name=check["name"],
        description=check["description"],
        result=check["result"],
        message=check["message"],
        columns=tuple(check["columns"]),
        offenders=tuple(tuple(row) for row in check["offenders"]),
        document_keys=tuple(check["document_keys"]),
        judged_count=check["judged_count"],
        series=tuple(_series_of(one) for one in check["series"]),
        expectations=tuple(check["expectations"]),
    )


def _series_of(one: Mapping[str, Any]) -> Series:
    bounds = {
        name: None if one[name] is None else Decimal(one[name])
        for name in ("median", "lowest", "highest")
    }
    return Series(
        **{
            **one,
            **bounds,
            "labels": tuple(one["labels"]),
            "values": tuple(map(Decimal, one["values"])),
            "value": Decimal(one["value"]),
        }
    )


def _as_text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a stored result")

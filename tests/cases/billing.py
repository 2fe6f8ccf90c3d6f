"""All trials billed once: catalog and usage written, every date closed, given rows put in, results read.

Belongs here: the order of these steps, and what becomes of a trial that the product refuses. Does not belong here:
the files (`company`), the given rows (`given_rows`) and the tables (`stored`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from orchestration.close import SilentReporter
from orchestration.close_steps import CloseReport
from orchestration.errors import MeterhouseError
from orchestration.workspace import Workspace
from tests.plain_close import close_through

from .company import Members, write_catalog, write_usage
from .facts import Facts
from .given_rows import run_with_given_rows
from .life_facts import LifeFacts
from .life_stored import facts_of_lives
from .lives import Life
from .stored import Stored
from .trials import Trial

_ATTEMPTS = 5


@dataclass
class Billed:
    """Facts by trial; what the product refused, by trial, in its own words; and the dates that were closed."""

    facts: dict[str, Facts | LifeFacts] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    closes: list[CloseReport] = field(default_factory=list)


class _Snapshots(SilentReporter):
    """Reads the metering drafts after each close, before the next one replaces them."""

    def __init__(self, ws: Workspace, stored: Stored) -> None:
        self._ws = ws
        self._stored = stored
        self.begun: list[date] = []

    def close_begins(self, close_date: date) -> None:
        self.begun.append(close_date)

    def close_ended(self, report: CloseReport) -> None:
        self._stored.take_metering(self._ws.warehouse_file)


def bill_trials(folder: Path, trials: Mapping[str, Trial | Life]) -> Billed:
    """Bill all trials and lives in one company below `folder`.

    If the product refuses it and names some (the catalog check tells the row, an overflow the subscription), the
    others are billed again without them; a refusal that names none concerns them all.
    """
    billed = Billed()
    left = Members(
        {name: one for name, one in trials.items() if isinstance(one, Trial)},
        {name: one for name, one in trials.items() if isinstance(one, Life)},
    )
    for attempt in range(1, _ATTEMPTS + 1):
        if not left.names:
            break
        home = folder / f"company_{attempt}"
        try:
            _bill_once(home, left, billed)
            break
        except (MeterhouseError, AssertionError) as error:
            message = _message_of(error, home / "catalog")
            named = _named_trials(left.names, message)
            if not named or attempt == _ATTEMPTS:
                named = left.names
            billed.refused.update(dict.fromkeys(named, message))
            left = left.without(named)
    return billed


def _named_trials(trials: Collection[str], message: str) -> set[str]:
    """The trials that a refusal names, with all of their case."""
    cases = {case for case in map(case_of, trials) if re.search(rf"\b{case}(?![0-9])", message)}
    return {name for name in trials if case_of(name) in cases}


def case_of(name: str) -> str:
    """The part of a trial's name that its case's probes share."""
    return name.split("_")[0]


def _bill_once(home: Path, members: Members, billed: Billed) -> None:
    names = ("catalog", "landing", "warehouse", "published")
    ws = Workspace.resolve(**{name: home / name for name in names})
    stored = Stored()
    reporter = _Snapshots(ws, stored)
    throughs = [members.trials_through, *members.life_closes]
    # Cases may lie in the future; a close of theirs must have ended.
    ended = datetime.combine(throughs[-1] + timedelta(days=2), time(), UTC)
    now = max(datetime.now(UTC), ended)
    for number, through in enumerate(throughs):
        write_catalog(home, members, number - 1 if number else None)
        write_usage(home, members, number - 1 if number else None)
        billed.closes += close_through(ws, through, reporter, clock=lambda: now)
    finance = ws.published / "finance.duckdb"
    stored.take_published(finance)
    refused = _bill_given_rows(ws, members.trials, stored, home / "catalog")
    billed.refused.update(refused)
    billed.facts.update(
        {
            name: stored.facts(name, trial)
            for name, trial in members.trials.items()
            if name not in refused
        }
    )
    billed.facts.update(facts_of_lives(finance, ws.warehouse_file, members))


def _bill_given_rows(
    ws: Workspace, trials: Mapping[str, Trial], stored: Stored, catalog: Path
) -> dict[str, str]:
    """Bill the trials at level `model`; what the product refuses, it refuses for all of them."""
    given = {name: trial for name, trial in trials.items() if trial.given}
    if given:
        try:
            run_with_given_rows(ws, given, stored)
        except (MeterhouseError, AssertionError) as error:
            return dict.fromkeys(given, _message_of(error, catalog))
    return {}


def _message_of(error: BaseException, catalog: Path) -> str:
    """The refusal with the rows it names, on one line."""
    parts = [str(error)]
    for table in getattr(error, "tables", ()):
        parts += [" ".join(map(str, row)) for row in table.rows]
    message = " ".join(" ".join(parts).split())
    # The catalog check names a file and a row; the row names the trial.
    for file, row in re.findall(r"(\w+/\w+\.csv) row (\d+)", message):
        lines = (catalog / file).read_text(encoding="utf-8").splitlines()
        if int(row) <= len(lines):
            message += f" [{lines[int(row) - 1]}]"
    return message

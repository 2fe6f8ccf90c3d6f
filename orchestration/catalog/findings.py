"""What is said about a catalog: a finding, and whether it keeps the catalog from being loaded.

Belongs here: the form of a finding. Does not belong here: what is found (`checks`, `lint`, `history`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

ERROR = "error"
WARNING = "warning"

_PLACE = re.compile(r"(?P<file>[\w./-]+\.csv)(?: row (?P<row>\d+))?: (?P<message>.*)", re.DOTALL)


@dataclass(frozen=True)
class Finding:
    """One line about a catalog. An `error` keeps it from being loaded, a `warning` does not.

    `subject` is what it is about (validity, tiers, filters, metrics, taxes, history, …); `file` is relative to the
    catalog folder and None where no file is to blame; `row` is a line of it, the header being 1.
    """

    severity: str
    subject: str
    file: str | None
    row: int | None
    message: str

    @property
    def text(self) -> str:
        """`file row N: what; mend`."""
        place = f"{self.file} row {self.row}" if self.row is not None else self.file
        return f"{place}: {self.message}" if place else self.message


def findings(severity: str, subject: str, lines: Iterable[str]) -> Iterator[Finding]:
    """Lines `file row N: what; mend` as findings."""
    for line in lines:
        place = _PLACE.fullmatch(line)
        if place:
            row = int(place["row"]) if place["row"] else None
            yield Finding(severity, subject, place["file"], row, place["message"])
        else:
            yield Finding(severity, subject, None, None, line)

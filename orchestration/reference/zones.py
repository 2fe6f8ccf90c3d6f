"""Time zones as the pinned package tzdata has them, whatever the operating system knows.

Belongs here: opening a zone. Does not belong here: offsets in SQL, which come from `seeds/reference/tz_offsets.csv`,
made from the same package.
"""

from __future__ import annotations

import importlib.resources
from functools import cache
from zoneinfo import ZoneInfo


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name, such as America/New_York.

    Raises:
        FileNotFoundError: the package has no such zone.
    """
    path = importlib.resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with path.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def zone_names() -> list[str]:
    """The names of all zones, links included, in alphabetical order."""
    listing = importlib.resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return sorted(line for line in listing.splitlines() if line)

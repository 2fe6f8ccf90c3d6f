"""Which price of a charge an event falls under: filters and groups. Source: BILLING_RULES §2.

Belongs here: property values as text, filters, `pricing_group_keys`. Does not belong here: reading them from files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Filter:
    """A filter of a charge: its code, and for each property the values that it takes."""

    filter_code: str
    values: Mapping[str, frozenset[str]]


class WrittenNumber(Decimal):
    """A JSON number that remembers its digits as they were written."""

    written: str

    def __new__(cls, text: str) -> WrittenNumber:
        number = super().__new__(cls, text)
        number.written = text
        return number


def text_of(value: Any) -> str | None:
    """A property's value as text: a JSON number as it is written, booleans true or false; None if it is absent.

    >>> text_of("eu"), text_of(True), text_of(WrittenNumber("1.50")), text_of(None)
    ('eu', 'true', '1.50', None)
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, WrittenNumber):
        return value.written
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return _json_text(value)
    return str(value)


def _json_text(value: Any) -> str:
    """JSON without spaces, numbers as they are written."""
    if isinstance(value, dict):
        members = (
            f"{json.dumps(name, ensure_ascii=False)}:{_json_text(member)}"
            for name, member in value.items()
        )
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json_text, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return text_of(value) or "null"


def matching_filter(filters: Sequence[Filter], properties: Mapping[str, Any]) -> Filter | None:
    """The filter whose price an event has; None: the charge's default price. `filters` in the order of the catalog.

    Source: "a filter matches if for each of its keys the event's value is in its list (OR inside a key, AND across);
    the match with most keys wins, then the filter's position; else the charge's default price".
    """
    matching = [
        one
        for one in filters
        if all(text_of(properties.get(name)) in values for name, values in one.values.items())
    ]
    most_keys = max((len(one.values) for one in matching), default=0)
    return next((one for one in matching if len(one.values) == most_keys), None)


def group_key(pricing_group_keys: Sequence[str], properties: Mapping[str, Any]) -> str | None:
    """The event's tuple as a JSON object, in the order of the keys, values as text, absent ones null; None: no keys.

    Source: "`pricing_group_keys`: one fee per distinct tuple".

    >>> group_key(["region", "tier"], {"region": "eu"})
    '{"region":"eu","tier":null}'
    """
    if not pricing_group_keys:
        return None
    members = {name: text_of(properties.get(name)) for name in pricing_group_keys}
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))

"""A file of cases as it is written, and objects whose keys are taken one by one.

Belongs here: the file's format, and telling which keys nobody understood. Does not belong here: what a key means
(`translate_charge_models`, `translate_aggregations`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any


class BadFile(Exception):
    """The file is no list of cases; the message says what is wrong, and where."""


class UnsupportedCase(Exception):
    """The translation does not know a kind, a subkind, a key or a combination of them; the message names it."""


@dataclass(frozen=True)
class Case:
    """One worked case: `inputs` and `expected` are JSON objects, their fractions exact decimals."""

    id: str
    kind: str
    subkind: str
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any]
    note: str = ""


def read_cases(file: Path) -> list[Case]:
    """The cases of `file`, in its order.

    Raises:
        BadFile: it cannot be read, is no JSON list, or an entry lacks one of id, kind, subkind, inputs, expected.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{file} cannot be read: {error}") from error
    try:
        entries = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"{file} is no JSON: {error}") from error
    if not isinstance(entries, list):
        raise BadFile(f"{file} holds {_kind_of(entries)}, not a list of cases.")
    cases = [_case(file, position, entry) for position, entry in enumerate(entries, start=1)]
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            raise BadFile(f"{file}: the id {case.id!r} stands there twice.")
        seen.add(case.id)
    return cases


def _case(file: Path, position: int, entry: Any) -> Case:
    where = f"{file}: case {position}"
    if not isinstance(entry, dict):
        raise BadFile(f"{where} is {_kind_of(entry)}, not an object.")
    for name, wanted in (
        ("id", str),
        ("kind", str),
        ("subkind", str),
        ("inputs", dict),
        ("expected", dict),
    ):
        if not isinstance(entry.get(name), wanted):
            noun = "an object" if wanted is dict else "a text"
            raise BadFile(f"{where} ({entry.get('id', 'without id')}): {name!r} must be {noun}.")
    names = ("id", "kind", "subkind", "inputs", "expected")
    return Case(*(entry[name] for name in names), note=str(entry.get("note") or ""))


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _kind_of(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else f"the value {value!r}"


class Keys:
    """A JSON object whose keys are taken one by one; a key that nobody took is unknown to the translation.

    Example:
        >>> keys = Keys({"units": "10", "colour": "red"}, "inputs")
        >>> keys.number("units")
        Decimal('10')
        >>> keys.refuse_rest()
        Traceback (most recent call last):
        tests.cases.reading.UnsupportedCase: inputs: unknown key 'colour'
    """

    def __init__(self, members: Any, where: str) -> None:
        if not isinstance(members, Mapping):
            raise UnsupportedCase(f"{where}: {_kind_of(members)} where an object is expected")
        self.where = where
        self._members = members
        self._left = dict.fromkeys(members)

    def __contains__(self, name: str) -> bool:
        """Whether the key stands there with a value; null is as good as absent."""
        return self._members.get(name) is not None

    def take(self, name: str, default: Any = None) -> Any:
        """The value of a key as it stands, or `default` where it is absent or null."""
        self._left.pop(name, None)
        value = self._members.get(name)
        return default if value is None else value

    def text(self, name: str, default: str | None = None) -> str | None:
        """The value of a key as text."""
        value = self.take(name, default)
        if value is not None and not isinstance(value, str):
            raise UnsupportedCase(f"{self.where}: {name!r} is {value!r}, a text is expected")
        return value

    def number(self, name: str, default: Decimal | None = None) -> Decimal | None:
        """The value of a key, a number or its text, as an exact decimal."""
        value = self.take(name)
        return default if value is None else number_of(value, f"{self.where}: {name!r}")

    def needed(self, name: str) -> Decimal:
        """The number of a key that must be there."""
        value = self.number(name)
        if value is None:
            raise UnsupportedCase(f"{self.where}: key {name!r} is missing")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """The value of a key that is true or false."""
        value = self.take(name, default)
        if not isinstance(value, bool):
            raise UnsupportedCase(f"{self.where}: {name!r} is {value!r}, true or false is expected")
        return value

    def numbers(self, name: str) -> list[Decimal]:
        """The numbers of a key that holds a list; empty where it is absent."""
        return [number_of(value, f"{self.where}: {name!r}") for value in self._list(name)]

    def objects(self, name: str) -> list[Keys]:
        """The objects of a key that holds a list; empty where it is absent."""
        return [
            Keys(value, f"{self.where}: {name}[{position}]")
            for position, value in enumerate(self._list(name))
        ]

    def rest(self) -> dict[str, Any]:
        """What nobody took yet, which is taken by this; nulls left out."""
        found = {name: self._members[name] for name in self._left}
        self._left = {}
        return {name: value for name, value in found.items() if value is not None}

    def refuse_rest(self) -> None:
        """Raises UnsupportedCase naming the keys that nobody took; nulls say nothing."""
        left = [repr(name) for name in self._left if self._members[name] is not None]
        if left:
            noun = "unknown key" if len(left) == 1 else "unknown keys"
            raise UnsupportedCase(f"{self.where}: {noun} {', '.join(left)}")

    def _list(self, name: str) -> list[Any]:
        value = self.take(name, [])
        if not isinstance(value, list):
            raise UnsupportedCase(f"{self.where}: {name!r} is {value!r}, a list is expected")
        return value


def number_of(value: Any, where: str) -> Decimal:
    """An exact decimal from a JSON number or its text."""
    if isinstance(value, int | Decimal | str) and not isinstance(value, bool):
        try:
            found = Decimal(value)
        except InvalidOperation:
            found = Decimal("NaN")
        if found.is_finite():
            return found
    raise UnsupportedCase(f"{where} is {value!r}, a number is expected")


def plain(value: Decimal) -> str:
    """A decimal without exponent and without zeros at its end.

    Example:
        >>> plain(Decimal("1.50E+2")), plain(Decimal("0.0200")), plain(Decimal("-0"))
        ('150', '0.02', '0')
    """
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text

"""Expressions over properties, in place of a field.

Belongs here: reading and evaluating `prompt_tokens + 4 * completion_tokens` with exact fractions. Does not belong here:
which metrics may have one. Rules: + − * and parentheses over property names and numbers; division only by constants
whose reciprocal has an end in decimals ("expressions may divide only by constants that terminate").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ..numbers import event_value_fault, exact_value_fault, parse_number

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<sign>[-+*/()]))"
)
Values = Mapping[str, Fraction]


class ExpressionError(ValueError):
    """An expression that the catalog must not hold."""


@dataclass(frozen=True)
class Expression:
    """A read expression: the properties that it names, and how it is computed from their values."""

    names: frozenset[str]
    compute: Callable[[Values], Fraction]

    @classmethod
    def read(cls, text: str) -> Expression:
        """Raises ExpressionError where the text is none."""
        reader = _Reader(text)
        expression = reader.sum()
        if reader.coming is not None:
            raise ExpressionError(f"{reader.coming!r} is too much in {text!r}")
        return expression


def expression_value(
    text: str, properties: Mapping[str, Any]
) -> tuple[Fraction | None, str | None]:
    """The value of an expression for an event's properties and None, or None and the fault.

    A property that is absent or no number: `not_numeric`. A result with more than nine decimals: `too_precise`; one
    that an event value cannot hold: `out_of_range`.

    >>> expression_value("bytes / 1e3", {"bytes": "1500"})
    (Fraction(3, 2), None)
    """
    expression = Expression.read(text)
    values = {}
    for name in expression.names:
        number = parse_number(properties.get(name))
        if number is None:
            return None, "not_numeric"
        if number and abs(number.adjusted()) > 1000:  # no result could hold it, nor this machine
            return None, event_value_fault(number)
        values[name] = Fraction(number)
    result = expression.compute(values)
    fault = exact_value_fault(result)
    return (None, fault) if fault is not None else (result, None)


class _Reader:
    """Reads an expression from left to right; one method per level of precedence."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split(text))
        self._next = 0

    def _split(self, text: str) -> list[str]:
        tokens, position = [], 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if found is None:
                raise ExpressionError(f"{text[position:].strip()!r} is no part of an expression")
            tokens.append(found.group().strip())
            position = found.end()
        return tokens

    @property
    def coming(self) -> str | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self) -> str:
        token = self.coming
        if token is None:
            raise ExpressionError(f"{self._text!r} ends too early")
        self._next += 1
        return token

    def sum(self) -> Expression:
        left = self.product()
        while self.coming in ("+", "-"):
            sign = 1 if self._take() == "+" else -1
            left = _added(left, self.product(), sign)
        return left

    def product(self) -> Expression:
        left = self.factor()
        while self.coming in ("*", "/"):
            if self._take() == "*":
                left = _multiplied(left, self.factor())
            else:
                left = _multiplied(left, _constant(1 / self._divisor()))
        return left

    def _divisor(self) -> Fraction:
        divisor = self.factor()
        if divisor.names:
            raise ExpressionError(f"{self._text!r} divides by a property")
        value = divisor.compute({})
        if value == 0 or not terminates(1 / value):
            raise ExpressionError(f"{self._text!r} divides by {value}, which has no end")
        return value

    def factor(self) -> Expression:
        token = self._take()
        if token == "(":
            inside = self.sum()
            if self._take() != ")":
                raise ExpressionError(f"{self._text!r} lacks a parenthesis")
            return inside
        if token in ("-", "+"):
            return _multiplied(_constant(Fraction(-1 if token == "-" else 1)), self.factor())
        if token[0].isdigit() or token[0] == ".":
            return _constant(Fraction(Decimal(token)))
        if token in ("*", "/", ")"):
            raise ExpressionError(f"{token!r} stands where a value should in {self._text!r}")
        return Expression(frozenset({token}), lambda values: values[token])


def _constant(value: Fraction) -> Expression:
    return Expression(frozenset(), lambda _values: value)


def _added(left: Expression, right: Expression, sign: int) -> Expression:
    return Expression(
        left.names | right.names,
        lambda values: left.compute(values) + sign * right.compute(values),
    )


def _multiplied(left: Expression, right: Expression) -> Expression:
    return Expression(
        left.names | right.names, lambda values: left.compute(values) * right.compute(values)
    )


def terminates(value: Fraction) -> bool:
    """Whether a fraction has an end in decimals: nothing but 2 and 5 divides its denominator.

    >>> terminates(Fraction(1, 40)), terminates(Fraction(1, 3))
    (True, False)
    """
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1

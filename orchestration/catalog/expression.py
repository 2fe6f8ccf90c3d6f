"""Metric expressions such as `prompt_tokens + 4 * completion_tokens`: read, and brought into a form that SQL adds up.

Belongs here: the grammar, its errors, and the normal form. Does not belong here: which metrics may have an expression
(`metric_checks`) and the values of events (the model `int_metering__expression_values`).

    sum     = product { ("+" | "-") product }
    product = factor { ("*" | "/") factor }
    factor  = "-" factor | number | name | "`" any name "`" | "(" sum ")"

A number is decimal (`4`, `0.5`, `1e9`); a name is a property: letters, digits, `_` and `.`, not beginning with a digit.
Only a constant may divide, and only one whose reciprocal ends: exact decimals need no rounding then. Multiplied out, an
expression is a sum of terms, each an integer times at most two properties, over one common power of ten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

# What the warehouse's integer arithmetic holds without overflow (see int_metering__expression_values): a numerator has
# at most 24 digits, the common denominator is at most 10^21, and there are at most 30 terms.
MAX_LENGTH = 1000
MAX_TERMS = 30
MAX_NUMERATOR_DIGITS = 24
MAX_DECIMALS = 21
MAX_DEGREE = 2
_MAX_DEPTH = 50
_MAX_EXPONENT = 60

# A term's properties in alphabetical order, none for a constant.
Properties = tuple[str, ...]
Polynomial = Mapping[Properties, Fraction]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_.]*)|`(?P<quoted>[^`]*)`|(?P<mark>[-+*/()]))"
)


class BadExpression(ValueError):
    """Why an expression cannot be read: `position` counts its characters from 1, `mend` says what to write."""

    def __init__(self, position: int, reason: str, mend: str) -> None:
        super().__init__(f"at character {position}: {reason}; {mend}")
        self.position = position


@dataclass(frozen=True)
class Term:
    """One summand: numerator × property_name_1 × property_name_2 ÷ the expression's denominator. None stands for 1."""

    numerator: int
    property_name_1: str | None
    property_name_2: str | None


@dataclass(frozen=True)
class NormalForm:
    """An expression multiplied out: Σ terms ÷ `denominator`, which is the lowest power of ten that serves all terms."""

    terms: Sequence[Term]
    denominator: int

    @property
    def properties(self) -> frozenset[str]:
        """The properties that an event must have."""
        names = (
            name for term in self.terms for name in (term.property_name_1, term.property_name_2)
        )
        return frozenset(name for name in names if name is not None)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: int


def compile_expression(text: str) -> NormalForm:
    """The normal form of an expression; terms in alphabetical order of their properties, a constant last.

    Raises:
        BadExpression: it does not follow the grammar, or it has no exact value that the warehouse could hold.

    Example:
        >>> compile_expression("prompt_tokens + 4 * completion_tokens").terms[0]
        Term(numerator=4, property_name_1='completion_tokens', property_name_2=None)
        >>> compile_expression("bytes / 1e9").denominator
        1000000000
    """
    if len(text) > MAX_LENGTH:
        mend = f"shorten it to {MAX_LENGTH} characters"
        raise BadExpression(MAX_LENGTH + 1, "the expression is too long", mend)
    parser = _Parser(list(_tokens(text)), len(text) + 1)
    polynomial = parser.whole()
    kept = {name for properties in polynomial for name in properties}
    for name, position in parser.named.items():
        if name not in kept:
            raise BadExpression(position, f"'{name}' cancels out", "leave it out of the expression")
    if not kept:
        raise BadExpression(1, "no property is named", "name one, or use a metric that counts")
    return _normal_form(polynomial)


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        if not found:
            start = position + len(text[position:]) - len(text[position:].lstrip())
            raise _unreadable(text, start)
        kind = str(found.lastgroup)
        token = _Token(kind, found[kind], found.start(kind) + 1)
        _refuse_what_runs_together(text, found.end(), token)
        if kind == "quoted":
            reason = property_name_fault(token.text)
            if reason:
                raise BadExpression(token.position, f"a property name {reason}", "correct it")
        yield token
        position = found.end()


def _unreadable(text: str, start: int) -> BadExpression:
    if text[start] == "`":
        return BadExpression(start + 1, "the backtick is not closed", "add the second one")
    mend = "use property names, numbers, + - * / and parentheses"
    return BadExpression(start + 1, f"'{text[start]}' has no meaning", mend)


def _refuse_what_runs_together(text: str, end: int, token: _Token) -> None:
    """`4tokens` is no number, and nobody can say whether `a-b` is a difference or one name."""
    follows = text[end : end + 1]
    if token.kind == "number" and re.match(r"[A-Za-z0-9_.]", follows):
        reason = f"'{token.text}{follows}' is neither a number nor a name"
        raise BadExpression(token.position, reason, "write `*` between a number and a property")
    if token.kind == "name" and re.match(r"-[A-Za-z0-9_]", text[end : end + 2]):
        mend = "write blanks around a minus, or the whole name in backticks"
        raise BadExpression(end + 1, "is this '-' a minus or part of a name", mend)


def property_name_fault(name: str) -> str | None:
    """Why a text cannot name a property of an event, as the end of a sentence; None if it can.

    Quotes and backslashes would end the path by which the engine looks the property up, and `*` is its wildcard.
    """
    if not name.strip():
        return "is empty"
    if name != name.strip():
        return f"'{name}' has blanks around it"
    if name == "*":
        return "'*' stands for every property"
    if any(character in "\"'\\`" or not character.isprintable() for character in name):
        return f"'{name}' holds a quote, a backslash or a character that cannot be seen"
    return None


class _Parser:
    """Recursive descent; each method reads one rule of the grammar and returns its polynomial."""

    def __init__(self, tokens: Sequence[_Token], end: int) -> None:
        self.named: dict[str, int] = {}
        self._tokens = tokens
        self._next = 0
        self._end = end
        self._depth = 0

    def whole(self) -> Polynomial:
        if not self._tokens:
            raise BadExpression(1, "the expression is empty", "write one, such as bytes / 1e9")
        value = self._sum()
        token = self._peek()
        if token:
            mend = "add an operator before it, or remove it"
            if token.text == ")":
                mend = "remove it, or open it before"
            raise BadExpression(token.position, f"'{token.text}' is not expected here", mend)
        return value

    def _sum(self) -> Polynomial:
        value = self._product()
        while mark := self._take("+", "-"):
            sign = -1 if mark.text == "-" else 1
            value = _added(value, self._product(), sign)
            if len(value) > MAX_TERMS:
                raise _too_many_terms(mark)
        return value

    def _product(self) -> Polynomial:
        value = self._factor()
        while mark := self._take("*", "/"):
            start = self._peek()
            factor = self._factor()
            if mark.text == "/":
                factor = _reciprocal(factor, start or mark)
            value = _multiplied(value, factor, mark)
        return value

    def _factor(self) -> Polynomial:
        token = self._peek()
        if token is None:
            mend = "write a property, a number or a parenthesis"
            raise BadExpression(self._end, "the expression ends too early", mend)
        self._next += 1
        if token.kind == "number":
            return {(): _constant(token)}
        if token.kind in ("name", "quoted"):
            self.named.setdefault(token.text, token.position)
            return {(token.text,): Fraction(1)}
        if token.text not in ("-", "("):
            mend = "write a property, a number or a parenthesis"
            raise BadExpression(token.position, f"'{token.text}' is not expected here", mend)
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise BadExpression(token.position, "it is nested too deep", "simplify it")
        value = self._negated() if token.text == "-" else self._enclosed(token)
        self._depth -= 1
        return value

    def _negated(self) -> Polynomial:
        return {properties: -coefficient for properties, coefficient in self._factor().items()}

    def _enclosed(self, opening: _Token) -> Polynomial:
        value = self._sum()
        if not self._take(")"):
            raise BadExpression(opening.position, "the parenthesis is not closed", "add a ')'")
        return value

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, *marks: str) -> _Token | None:
        token = self._peek()
        if token is None or token.kind != "mark" or token.text not in marks:
            return None
        self._next += 1
        return token


def _constant(token: _Token) -> Fraction:
    mantissa, _, exponent = token.text.lower().partition("e")
    if abs(int(exponent or 0)) > _MAX_EXPONENT:
        reason = f"the exponent of {token.text} is too large"
        raise BadExpression(token.position, reason, "use constants of at most 24 digits")
    return Fraction(mantissa.rstrip(".")) * Fraction(10) ** int(exponent or 0)


def _added(left: Polynomial, right: Polynomial, sign: int) -> Polynomial:
    total = dict(left)
    for properties, coefficient in right.items():
        total[properties] = total.get(properties, Fraction(0)) + sign * coefficient
    return _without_zeros(total)


def _multiplied(left: Polynomial, right: Polynomial, mark: _Token) -> Polynomial:
    total: dict[Properties, Fraction] = {}
    for left_properties, left_coefficient in left.items():
        for right_properties, right_coefficient in right.items():
            properties = tuple(sorted(left_properties + right_properties))
            if len(properties) > MAX_DEGREE:
                reason = f"this multiplies {len(properties)} properties"
                raise BadExpression(mark.position, reason, "two are the most; split the metric")
            product = left_coefficient * right_coefficient
            total[properties] = total.get(properties, Fraction(0)) + product
    if len(total) > MAX_TERMS:
        raise _too_many_terms(mark)
    return _without_zeros(total)


def _too_many_terms(mark: _Token) -> BadExpression:
    reason = f"multiplied out, it has more than {MAX_TERMS} terms"
    return BadExpression(mark.position, reason, "simplify it, or split the metric")


def _without_zeros(polynomial: Polynomial) -> Polynomial:
    return {key: coefficient for key, coefficient in polynomial.items() if coefficient}


def _reciprocal(divisor: Polynomial, token: _Token) -> Polynomial:
    if any(divisor):
        mend = "divide by a number, such as 1e9"
        raise BadExpression(token.position, "a property cannot divide", mend)
    value = divisor.get((), Fraction(0))
    if value == 0:
        raise BadExpression(token.position, "this divides by zero", "divide by another number")
    if _decimals(1 / value) is None:
        mend = (
            "divide by a number whose only prime factors are 2 and 5, or change the price instead"
        )
        raise BadExpression(token.position, f"1 / {value} has no last decimal", mend)
    return {(): 1 / value}


def _decimals(value: Fraction) -> int | None:
    """How many decimals a fraction has; None if they never end."""
    rest, powers = value.denominator, {2: 0, 5: 0}
    for prime in powers:
        while rest % prime == 0:
            rest //= prime
            powers[prime] += 1
    return max(powers.values()) if rest == 1 else None


def _normal_form(polynomial: Polynomial) -> NormalForm:
    decimals = max(_decimals(coefficient) or 0 for coefficient in polynomial.values())
    if decimals > MAX_DECIMALS:
        reason = f"multiplied out, a coefficient has {decimals} decimals"
        raise BadExpression(1, reason, f"use at most {MAX_DECIMALS}")
    denominator = 10**decimals
    terms = []
    for properties, coefficient in sorted(
        polynomial.items(), key=lambda item: (not item[0], item[0])
    ):
        numerator = int(coefficient * denominator)
        if abs(numerator) >= 10**MAX_NUMERATOR_DIGITS:
            reason = f"its constants span more than {MAX_NUMERATOR_DIGITS} digits"
            raise BadExpression(1, reason, "use shorter ones")
        first, second = (*properties, None, None)[:MAX_DEGREE]
        terms.append(Term(numerator, first, second))
    return NormalForm(tuple(terms), denominator)

"""Metric expressions: what they may say, where an error points, and their values against exact fractions.

Belongs here: the compiler, and the SQL that adds up its terms. Does not belong here: which metrics may have an
expression (test_catalog_metrics).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from orchestration.catalog.expression import (
    MAX_TERMS,
    BadExpression,
    NormalForm,
    Term,
    compile_expression,
)
from orchestration.dbt_runner import run_dbt
from orchestration.workspace import Workspace

MODEL = "int_metering__expression_values"
FAULTS = ("out_of_range", "too_precise")
INPUTS = {"int_metering__candidate_events": "events", "stg_catalog__metric_terms": "terms"}
NAMES = ("a", "b_2", "c.d", "with blank", "x-y")


def test_the_two_expressions_of_the_readers() -> None:
    weighted = compile_expression("prompt_tokens + 4 * completion_tokens")
    assert weighted == NormalForm(
        (Term(4, "completion_tokens", None), Term(1, "prompt_tokens", None)), 1
    )
    assert compile_expression("bytes / 1e9") == NormalForm((Term(1, "bytes", None),), 10**9)


def test_products_are_multiplied_out_and_constants_come_last() -> None:
    form = compile_expression("(a + 1.5) * (a - b) - -0.25")
    assert form == NormalForm(
        (
            Term(150, "a", None),
            Term(100, "a", "a"),
            Term(-100, "a", "b"),
            Term(-150, "b", None),
            Term(25, None, None),
        ),
        100,
    )


def test_names_with_other_characters_stand_in_backticks() -> None:
    form = compile_expression("`prompt-tokens` * `größe in mm` + usage.total")
    assert form.properties == {"prompt-tokens", "größe in mm", "usage.total"}


# expression, and the whole message.
ERRORS = {
    "": "at character 1: the expression is empty; write one, such as bytes / 1e9",
    "a +": "at character 4: the expression ends too early; write a property, a number or a parenthesis",
    "a ** b": "at character 4: '*' is not expected here; write a property, a number or a parenthesis",
    "a b": "at character 3: 'b' is not expected here; add an operator before it, or remove it",
    "(a + b": "at character 1: the parenthesis is not closed; add a ')'",
    "a)": "at character 2: ')' is not expected here; remove it, or open it before",
    "a ^ 2": "at character 3: '^' has no meaning; use property names, numbers, + - * / and parentheses",
    "`a": "at character 1: the backtick is not closed; add the second one",
    "a + ``": "at character 6: a property name is empty; correct it",
    "`*`": "at character 2: a property name '*' stands for every property; correct it",
    "`a\"b`": "at character 2: a property name 'a\"b' holds a quote, a backslash or a character that cannot be seen; "
    "correct it",
    "4tokens": "at character 1: '4t' is neither a number nor a name; write `*` between a number and a property",
    "1.2.3 * a": "at character 1: '1.2.' is neither a number nor a name; write `*` between a number and a property",
    "a-b": "at character 2: is this '-' a minus or part of a name; write blanks around a minus, or the whole name in "
    "backticks",
    "a - 2 / b": "at character 9: a property cannot divide; divide by a number, such as 1e9",
    "a / (2 - 2)": "at character 5: this divides by zero; divide by another number",
    "a / 0.3": "at character 5: 1 / 3/10 has no last decimal; divide by a number whose only prime factors are 2 and "
    "5, or change the price instead",
    "a * b * c": "at character 7: this multiplies 3 properties; two are the most; split the metric",
    "(a * b) * (c * d)": "at character 9: this multiplies 4 properties; two are the most; split the metric",
    "b + a - a": "at character 5: 'a' cancels out; leave it out of the expression",
    "0 * a + b": "at character 5: 'a' cancels out; leave it out of the expression",
    "2 * 3": "at character 1: no property is named; name one, or use a metric that counts",
    "a * 1e99": "at character 5: the exponent of 1e99 is too large; use constants of at most 24 digits",
    "a * 1e24": "at character 1: its constants span more than 24 digits; use shorter ones",
    "1e4 * a + b * 1e-20": "at character 1: its constants span more than 24 digits; use shorter ones",
    "a * 1e-22": "at character 1: multiplied out, a coefficient has 22 decimals; use at most 21",
    "-" * 60 + "a": "at character 51: it is nested too deep; simplify it",
    "a" * 1001: "at character 1001: the expression is too long; shorten it to 1000 characters",
}  # fmt: skip


@pytest.mark.parametrize("text", ERRORS)
def test_an_error_points_at_its_place(text: str) -> None:
    with pytest.raises(BadExpression) as error:
        compile_expression(text)
    assert str(error.value) == ERRORS[text]


def test_an_expression_has_a_limited_number_of_terms() -> None:
    fitting = " + ".join(f"p{number}" for number in range(MAX_TERMS))
    assert len(compile_expression(fitting).terms) == MAX_TERMS
    for text in (fitting + " + q", f"({fitting}) * (a + b)"):
        with pytest.raises(BadExpression, match=f"more than {MAX_TERMS} terms; simplify it"):
            compile_expression(text)


def test_the_largest_numerators_and_denominators_are_kept() -> None:
    assert compile_expression("999999999999999999999999 * a").terms[0].numerator == 10**24 - 1
    assert compile_expression("a * 1e-21").denominator == 10**21


# --- against fractions --------------------------------------------------------------------------------

# A drawn expression: its text, and its value for given properties, worked out without the compiler.
Drawn = tuple[str, Callable[[Mapping[str, Fraction]], Fraction], int]

constants = st.one_of(
    st.decimals(-1000, 1000, places=3),
    st.sampled_from([Decimal(10**12 - 1), Decimal(-(10**12)), Decimal("0.000000001")]),
).map(lambda value: (f"{value:f}" if value >= 0 else f"({value:f})", Fraction(value)))


def _leaf(draw: Any) -> Drawn:
    if draw(st.booleans()):
        text, value = draw(constants)
        return text, lambda _: value, 0
    name = draw(st.sampled_from(NAMES))
    text = name if name in ("a", "b_2", "c.d") and draw(st.booleans()) else f"`{name}`"
    return text, lambda values: values[name], 1


@st.composite
def expressions(draw: Any, depth: int = 3) -> Drawn:
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return _leaf(draw)
    text, value, degree = draw(expressions(depth=depth - 1))
    kind = draw(st.sampled_from("+-*/n"))
    if kind == "n":
        return f"-({text})", lambda values: -value(values), degree
    if kind == "/":
        divisor = draw(st.sampled_from((2, 4, 5, 8, Fraction(1, 2), Fraction(-1, 5), 10**6)))
        shown = f"({Decimal(divisor.numerator) / divisor.denominator:f})"
        return f"({text}) / {shown}", lambda values: value(values) / divisor, degree
    other, other_value, other_degree = draw(expressions(depth=depth - 1))
    if kind == "*":
        if degree + other_degree > 2:
            return text, value, degree
        return (
            f"({text}) * ({other})",
            lambda values: value(values) * other_value(values),
            degree + other_degree,
        )
    sign = 1 if kind == "+" else -1
    return (
        f"{text} {kind} ({other})",
        lambda values: value(values) + sign * other_value(values),
        max(degree, other_degree),
    )


def _compiled(text: str) -> NormalForm | None:
    """None where the drawn properties cancel out or the constants need too many digits."""
    try:
        return compile_expression(text)
    except BadExpression as error:
        message = str(error)
        assert any(
            words in message
            for words in ("cancels out", "no property", "span more", "decimals; use at most")
        ), f"{text}: {message}"
        return None


def _value(form: NormalForm, values: Mapping[str | None, Fraction]) -> Fraction:
    summed = sum(
        term.numerator * values[term.property_name_1] * values[term.property_name_2]
        for term in form.terms
    )
    return Fraction(summed) / form.denominator


edges = st.sampled_from(
    [Decimal(10**15) - Decimal("1e-9"), Decimal("1e-12"), Decimal("-1e-9")]
    + [Decimal(f"{sign}{'9' * 24}.{'9' * 12}") for sign in ("", "-")]
    + [Decimal(10**16), Decimal(-(10**23))]
)
numbers = st.one_of(
    st.decimals(-(10**4), 10**4, places=4), st.decimals(-(10**14), 10**14, places=9), edges
)
rows = st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, numbers)), min_size=1, max_size=4)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(expressions(), rows)
def test_the_normal_form_has_the_value_of_the_expression(
    drawn: Drawn, events: Sequence[Mapping[str, Decimal]]
) -> None:
    text, value, _ = drawn
    form = _compiled(text)
    for event in events if form else ():
        fractions = {name: Fraction(number) for name, number in event.items()}
        assert form is not None
        assert _value(form, {None: Fraction(1), **fractions}) == value(fractions), text


@pytest.fixture(scope="module")
def model_sql(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The model's SQL as dbt compiles it, its inputs being the tables `events` and `terms`."""
    ws = Workspace.resolve(warehouse=tmp_path_factory.mktemp("expressions"))
    compile_one = ["compile", "--no-introspect", "--no-populate-cache", "--select", MODEL]
    assert run_dbt(ws, compile_one).success
    (file,) = (ws.target_path / "compiled").rglob(f"{MODEL}.sql")
    sql = file.read_text(encoding="utf-8")
    for model, table in INPUTS.items():
        sql, count = re.subn(rf'"warehouse"\."\w+"\."{model}"', f"main.{table}", sql)
        assert count == 1
    return sql


def _expected(value: Fraction) -> tuple[Decimal | None, str | None]:
    nanos = value * 10**9
    if abs(nanos) >= 10**24:
        return None, "out_of_range"
    if nanos.denominator != 1:
        return None, "too_precise"
    return Decimal(nanos.numerator).scaleb(-9), None


def test_sql_gives_the_value_or_names_the_fault(model_sql: str) -> None:
    """All examples are drawn first and put to the SQL at once: planning it costs more than a thousand events."""
    terms, events, expected = [], [], {}

    @settings(max_examples=400, derandomize=True, deadline=None, phases=[Phase.generate])
    @given(expressions(), rows)
    def draw(drawn: Drawn, drawn_events: Sequence[Mapping[str, Decimal]]) -> None:
        text, value, _ = drawn
        form, metric = _compiled(text), f"m{len(expected)}"
        for term in form.terms if form else ():
            assert form is not None
            names = (term.property_name_1, term.property_name_2)
            terms.append([metric, *names, str(term.numerator), str(form.denominator)])
        for number, event in enumerate(drawn_events if form else ()):
            properties = json.dumps({name: f"{value:f}" for name, value in event.items()})
            events.append([f"{metric}/{number}", metric, properties])
            fractions = {name: Fraction(number) for name, number in event.items()}
            expected[f"{metric}/{number}"] = (text, properties, _expected(value(fractions)))

    draw()
    found = run(model_sql, events, terms)
    assert len(expected) > 400
    assert {fault for _, _, (_, fault) in expected.values()} == {None, *FAULTS}
    assert {key: (*expected[key][:2], (value, fault)) for key, value, fault in found} == expected


def run(sql: str, events: list[list[str]], terms: list[list[str | None]]) -> list[tuple]:
    """Key, value and fault of each event; events are (key, metric, properties), terms rows of metric_terms."""
    with duckdb.connect() as con:
        con.execute(
            "create table events (file_hash text, line_number bigint, metric_code text, properties text)"
        )
        con.execute(
            "create table terms (metric_code text, property_name_1 text, property_name_2 text,"
            " numerator decimal(38, 0), denominator decimal(38, 0))"
        )
        con.executemany("insert into events values (?, 1, ?, ?)", events)
        con.executemany("insert into terms values (?, ?, ?, ?, ?)", terms)
        return con.execute(f"select file_hash, event_value, fault from ({sql})").fetchall()


@pytest.mark.parametrize("sign", ["", "-"])
def test_as_many_terms_as_can_be_of_the_largest_numbers_do_not_overflow(
    model_sql: str, sign: str
) -> None:
    largest, widest = f"{sign}{10**24 - 1}", f"{'9' * 24}.{'9' * 12}"
    for denominator in ("1", str(10**21)):
        terms = [["m", "a", "b", largest, denominator]] * MAX_TERMS
        events = [["e", "m", json.dumps({"a": widest, "b": widest})]]
        assert run(model_sql, events, terms) == [("e", None, "out_of_range")]
        cancelling = [*terms, *([["m", "a", "b", f"{-int(largest)}", denominator]] * MAX_TERMS)]
        assert run(model_sql, events, cancelling[15:45]) == [("e", Decimal(0), None)]

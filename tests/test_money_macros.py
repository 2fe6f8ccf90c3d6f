"""The macros that round and divide money, against exact fractions: random values, and each edge by itself."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction

import duckdb
import jinja2
import pytest

from orchestration.workspace import REPO

DRAWN = 400


@pytest.fixture(scope="module")
def macro() -> Callable[..., str]:
    """Renders a macro of macros/{engine,money} as dbt would for DuckDB: `macro(name, *arguments)`."""
    files = [
        file for folder in ("engine", "money") for file in (REPO / "macros" / folder).glob("*.sql")
    ]
    text = "\n".join(file.read_text(encoding="utf-8") for file in sorted(files))

    def render(name: str, *arguments: object) -> str:
        call = ", ".join(repr(argument) for argument in arguments)
        template = environment.from_string(text + "\n<<<{{ " + f"{name}({call})" + " }}")
        return template.render().split("<<<")[1].strip()

    class Adapter:
        @staticmethod
        def dispatch(name: str, _package: str) -> Callable[..., str]:
            return lambda *arguments: render(f"duckdb__{name}", *arguments)

    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    environment.globals.update({"adapter": Adapter(), "return": lambda value: value})
    return render


def evaluate(sql: str, **types: tuple[str, list[object]]) -> list[Decimal]:
    """The value of an expression for each row of its typed arguments."""
    count = len(next(iter(types.values()))[1])
    with duckdb.connect() as con:
        columns = ", ".join(f"{name} {kind}" for name, (kind, _) in types.items())
        con.execute(f"create table arguments (position integer, {columns})")
        for row in range(count):
            values = [row, *(str(values[row]) for _, values in types.values())]
            con.execute(f"insert into arguments values ({', '.join('?' * len(values))})", values)
        return [
            row[0]
            for row in con.execute(f"select {sql} from arguments order by position").fetchall()
        ]


def half_away(value: Fraction, scale: int) -> Decimal:
    """`value` rounded half away from zero to `scale` decimals, exactly."""
    scaled = abs(value) * 10**scale
    whole = int(scaled) + (1 if scaled - int(scaled) >= Fraction(1, 2) else 0)
    sign = -1 if value < 0 else 1
    return Decimal(sign * whole).scaleb(-scale, Context(prec=80))


def drawn_decimal(draw: random.Random, digits: int, scale: int) -> Decimal:
    return Decimal(draw.randrange(-(10**digits), 10**digits)).scaleb(-scale, Context(prec=80))


def test_prorated_amount(macro) -> None:
    draw = random.Random(1)
    amounts = [drawn_decimal(draw, draw.choice([3, 8, 16]), 4) for _ in range(DRAWN)]
    period_days = [draw.choice([7, 28, 29, 30, 31, 90, 91, 92, 365, 366]) for _ in range(DRAWN)]
    days = [draw.randint(1, period) for period in period_days]
    found = evaluate(
        macro("prorated_amount", "amount", "days", "period_days"),
        amount=("decimal(20, 4)", amounts),
        days=("integer", days),
        period_days=("integer", period_days),
    )
    rows = zip(amounts, days, period_days, strict=True)
    assert found == [half_away(Fraction(a) * d / p, 21) for a, d, p in rows]


def test_displayed_unit_amount(macro) -> None:
    draw = random.Random(2)
    amounts = [drawn_decimal(draw, draw.choice([5, 25, 37]), 21) for _ in range(DRAWN)]
    quantities = [drawn_decimal(draw, draw.choice([1, 9, 20]), 9) for _ in range(DRAWN)]
    # A quotient of more than 26 digits before the point has no display; usage cannot make one.
    quantities = [q if abs(q) >= Decimal("0.001") else Decimal(0) for q in quantities]
    found = evaluate(
        macro("displayed_unit_amount", "amount", "quantity"),
        amount=("decimal(38, 21)", amounts),
        quantity=("decimal(38, 9)", quantities),
    )
    expected = [
        half_away(Fraction(a) / Fraction(q), 12) if q else Decimal(0)
        for a, q in zip(amounts, quantities, strict=True)
    ]
    assert found == expected


def test_started_packages(macro) -> None:
    units = [
        Decimal(text)
        for text in ("0.000000001", "999.999999999", "1000", "1000.000000001", "999999999999999")
    ]
    found = evaluate(
        macro("started_packages", "units", "size"),
        units=("decimal(24, 9)", [f"{unit:f}" for unit in units]),
        size=("decimal(24, 9)", ["1000"] * len(units)),
    )
    assert found == [(unit / 1000).to_integral_value(ROUND_CEILING) for unit in units]


@pytest.mark.parametrize("rounding_function", ["round", "ceil", "floor"])
@pytest.mark.parametrize("precision", range(-9, 10))
def test_round_units(macro, rounding_function: str, precision: int) -> None:
    draw = random.Random(precision)
    divisors = [draw.choice([1, 1, 7, 31, 366, 2_678_400_000_000]) for _ in range(DRAWN // 10)]
    dividends = [drawn_decimal(draw, draw.choice([3, 12, 25]), 9) for _ in divisors]
    # On a half, on a whole and a billionth to either side of them.
    unit = Decimal(10) ** -precision
    edges = [
        sign * unit * n / 2 + nudge
        for sign in (1, -1)
        for n in (0, 1, 2, 3)
        for nudge in (Decimal("-0.000000001"), 0, Decimal("0.000000001"))
        if precision < 9 or n % 2 == 0
    ]
    dividends, divisors = [*dividends, *edges], [*divisors, *(1 for _ in edges)]
    found = evaluate(
        macro("round_units", "dividend", "divisor", "rounding_function", "digits"),
        dividend=("decimal(38, 9)", [f"{dividend:f}" for dividend in dividends]),
        divisor=("bigint", divisors),
        rounding_function=("varchar", [rounding_function] * len(dividends)),
        digits=("integer", [precision] * len(dividends)),
    )
    expected = []
    for dividend, divisor in zip(dividends, divisors, strict=True):
        scaled = Fraction(dividend) / divisor * Fraction(10) ** precision
        whole = {
            "round": int(half_away(scaled, 0)),
            "ceil": -(-scaled.numerator // scaled.denominator),
            "floor": scaled.numerator // scaled.denominator,
        }[rounding_function]
        expected.append(whole / Fraction(10) ** precision)
    assert [Fraction(quantity) for quantity in found] == expected


@pytest.mark.parametrize(
    ("total", "inside"),
    [
        ("-1", ("-1", "0", "0")),
        ("0", ("0", "0", "0")),
        ("5", ("5", "0", "0")),
        ("5.000000001", ("5", "0.000000001", "0")),
        ("15", ("5", "10", "0")),
        ("16", ("5", "10", "1")),
    ],
)
def test_total_in_range(macro, total: str, inside: tuple[str, ...]) -> None:
    sql = macro("total_in_range", "total", "previous_up_to", "up_to")
    with duckdb.connect() as con:
        con.execute(
            "create table ranges (n integer, previous_up_to decimal(38,9), up_to decimal(38,9))"
        )
        con.execute("insert into ranges values (1, null, 5), (2, 5, 15), (3, 15, null)")
        query = f"select {sql} from ranges, (select cast(? as decimal(38,9)) as total) order by n"
        assert [row[0] for row in con.execute(query, [total]).fetchall()] == list(
            map(Decimal, inside)
        )


@pytest.mark.parametrize("minor_unit", [0, 2, 3, 4])
def test_round_to_minor_unit(macro, minor_unit: int) -> None:
    draw = random.Random(minor_unit)
    half = Decimal(5).scaleb(-minor_unit - 1)
    tiny = Decimal(1).scaleb(-21)
    amounts = [drawn_decimal(draw, 30, 21) for _ in range(DRAWN)]
    amounts += [
        sign * (n + half + nudge) for sign in (1, -1) for n in (0, 7) for nudge in (-tiny, 0, tiny)
    ]
    amounts += [Decimal("9999999999999999.123456789012345678901")]  # the most that a line holds
    arguments = {
        "amount": ("decimal(38, 21)", [f"{amount:f}" for amount in amounts]),
        "unit": ("integer", [minor_unit] * len(amounts)),
    }
    found = evaluate(macro("round_to_minor_unit", "amount", "unit"), **arguments)
    assert found == [half_away(Fraction(amount), minor_unit) for amount in amounts]
    whole = evaluate(macro("whole_minor_units", "abs(amount)", "unit"), **arguments)
    assert whole == [int(abs(Fraction(amount)) * 10**minor_unit) for amount in amounts]


@pytest.mark.parametrize("minor_unit", [0, 2, 3, 4])
def test_share_of_amount(macro, minor_unit: int) -> None:
    draw = random.Random(10 + minor_unit)
    amounts = [abs(drawn_decimal(draw, draw.choice([4, 9, 14]), 4)) for _ in range(DRAWN)]
    parts = [abs(drawn_decimal(draw, draw.choice([9, 13, 16]), 11)) for _ in range(DRAWN)]
    wholes = [abs(drawn_decimal(draw, draw.choice([4, 9, 14]), 4)) + 1 for _ in range(DRAWN)]
    # The half of a minor unit, and a hair below it.
    half = Decimal(5).scaleb(-minor_unit - 1)
    amounts += [Decimal(1), Decimal(1)]
    parts += [half * 7, half * 7 - Decimal(1).scaleb(-11)]
    wholes += [Decimal(7), Decimal(7)]
    found = evaluate(
        macro("share_of_amount", "amount", "part", "whole", "unit"),
        amount=("decimal(20, 4)", [f"{amount:f}" for amount in amounts]),
        part=("decimal(38, 11)", [f"{part:f}" for part in parts]),
        whole=("decimal(20, 4)", [f"{whole:f}" for whole in wholes]),
        unit=("integer", [minor_unit] * len(amounts)),
    )
    rows = zip(amounts, parts, wholes, strict=True)
    assert found == [
        half_away(Fraction(a) * Fraction(p) / Fraction(w), minor_unit) for a, p, w in rows
    ]


def test_an_unknown_minor_unit_is_null_which_contracts_refuse(macro) -> None:
    sql = macro("round_to_minor_unit", "amount", "unit")
    assert evaluate(sql, amount=("decimal(38, 21)", ["1.5"]), unit=("integer", [5])) == [None]

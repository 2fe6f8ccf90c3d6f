"""Any lots and parts of usage: what the models' running sums draw is what drawing unit by unit gives.

Belongs here: the order of draws within and between steps of drawing. Does not belong here: how parts and lots come
about (unit tests beside the models) and whole closes (`test_unit_wallets`).
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import hypothesis.strategies as st
import sql_checks
from hypothesis import given, settings

from orchestration.workspace import DBT_PROJECT

RATING = DBT_PROJECT / "models/rating"
NEVER = 99

Draws = dict[tuple[int, int], int]


@dataclass(frozen=True)
class Lot:
    step: int
    expires: int
    units: int


@dataclass(frozen=True)
class Part:
    starts: int
    units: int
    is_reopened: bool


LOTS = st.lists(
    st.builds(Lot, st.integers(1, 4), st.sampled_from([1, 2, 3, 4, NEVER]), st.integers(1, 9)),
    max_size=9,
).map(lambda lots: sorted(lots, key=lambda lot: (lot.step, lot.expires)))
PARTS = st.lists(
    st.builds(Part, st.integers(0, 5), st.integers(0, 9), st.sampled_from([False, False, True])),
    max_size=7,
).map(lambda parts: sorted(parts, key=lambda part: part.starts))


def unit_by_unit(lots: list[Lot], parts: list[Part]) -> Draws:
    """By (place of the part, place of the lot): each unit in turn takes one of the first lot that may pay it."""
    held = [lot.units for lot in lots]
    draws: Draws = {}
    for i, part in enumerate(parts):
        for _ in range(0 if part.is_reopened else part.units):
            may_pay = (k for k, lot in enumerate(lots) if held[k] and part.starts < lot.expires)
            k = next(may_pay, None)
            if k is not None:
                held[k] -= 1
                draws[i, k] = draws.get((i, k), 0) + 1
    return draws


def by_the_models(con: duckdb.DuckDBPyConnection, lots: list[Lot], parts: list[Part]) -> Draws:
    con.execute("delete from int_rating__unit_lots")
    con.execute("delete from int_rating__unit_parts")
    day = "timestamp '2025-01-01' + to_days(cast(? as integer))"
    for k, lot in enumerate(lots):
        con.execute(
            "insert into int_rating__unit_lots values (?, 'w', 'granted', 'c', 'gpu',"
            f" case when ? < 99 then {day} end, ?, ?, ?)",
            [str(k), lot.expires, lot.expires, lot.units, k, lot.step],
        )
    through = {False: 0, True: 0}
    for i, part in enumerate(parts):
        through[part.is_reopened] += part.units
        con.execute(
            f"insert into int_rating__unit_parts values ('c', 'gpu', {day}, ?, ?, ?, ?)",
            [part.starts, part.is_reopened, i, part.units, through[part.is_reopened]],
        )
    rows = con.execute("select part_number, lot_id, units from int_rating__unit_draws").fetchall()
    return {(i, int(lot)): int(units) for i, lot, units in rows}


@settings(max_examples=40, deadline=None)
@given(lots=LOTS, parts=PARTS)
def test_the_running_sums_are_drawing_unit_by_unit(lots: list[Lot], parts: list[Part]) -> None:
    with duckdb.connect() as con:
        con.execute(
            "create table int_rating__unit_lots (lot_id varchar, wallet_id varchar, lot_kind varchar,"
            " customer_id varchar, metric_code varchar, expires_at timestamp, available_units decimal(38, 9),"
            " drawing_rank integer, drawing_step integer)"
        )
        con.execute(
            "create table int_rating__unit_parts (customer_id varchar, metric_code varchar,"
            " segment_starts_at timestamp, is_reopened boolean, part_number integer, units decimal(38, 9),"
            " ends_at_units decimal(38, 9))"
        )
        for model in ("int_rating__unit_reaches", "int_rating__unit_draws"):
            sql = sql_checks.render((RATING / f"{model}.sql").read_text(encoding="utf-8"))
            con.execute(f"create view {model} as {sql}")
        assert by_the_models(con, lots, parts) == unit_by_unit(lots, parts)

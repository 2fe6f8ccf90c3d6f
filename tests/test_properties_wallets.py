"""Any lots, wallets and invoices: what the model's running sums draw is what drawing one by one gives.

Belongs here: the order of draws within steps of drawing. Does not belong here: how buckets and steps come about (unit
tests beside the models) and whole closes (`test_wallets`).
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import hypothesis.strategies as st
import sql_checks
from hypothesis import given, settings

from orchestration.workspace import DBT_PROJECT

MODEL = DBT_PROJECT / "models/settlement/int_settlement__step_draws.sql"
NEVER = 99


@dataclass(frozen=True)
class Lot:
    step: int
    expires: int
    amount: int


@dataclass(frozen=True)
class Part:
    starts: int
    amount: int
    steps: frozenset[int]


LOTS = st.lists(
    st.builds(Lot, st.integers(1, 4), st.sampled_from([1, 2, 3, 4, NEVER]), st.integers(1, 20)),
    max_size=9,
).map(lambda lots: sorted(lots, key=lambda lot: (lot.step, lot.expires)))
PARTS = st.lists(
    st.builds(Part, st.integers(0, 5), st.integers(1, 20), st.frozensets(st.integers(1, 4))),
    max_size=7,
)

Draws = dict[tuple[int, int], int]


def one_by_one(lots: list[Lot], parts: list[Part]) -> Draws:
    """By (place of the part, place of the lot): each step in turn, its parts in order, each from its lots in order."""
    left, held = [part.amount for part in parts], [lot.amount for lot in lots]
    draws: Draws = {}
    for step in range(1, 5):
        for i, part in enumerate(parts):
            for k, lot in enumerate(lots):
                if lot.step == step and step in part.steps and part.starts < lot.expires:
                    amount = min(left[i], held[k])
                    left[i] -= amount
                    held[k] -= amount
                    if amount:
                        draws[i, k] = amount
    return draws


def by_the_model(
    con: duckdb.DuckDBPyConnection, sql: str, lots: list[Lot], parts: list[Part]
) -> Draws:
    con.execute("delete from int_settlement__available_lots")
    con.execute("delete from int_settlement__admitted_parts")
    for k, lot in enumerate(lots):
        con.execute(
            "insert into int_settlement__available_lots values ('c', 'EUR',"
            " case when ? < 99 then timestamp '2025-01-01' + to_days(cast(? as integer)) end, ?, ?, ?)",
            [lot.expires, lot.expires, lot.amount, k, lot.step],
        )
    for i, part in enumerate(parts):
        for step in part.steps:
            con.execute(
                "insert into int_settlement__admitted_parts values ('c', 'EUR', ?, ?,"
                " timestamp '2025-01-01' + to_days(cast(? as integer)), ?)",
                [step, i, part.starts, part.amount],
            )
    rows = con.execute(f"select payment_rank, drawing_rank, amount from ({sql})").fetchall()
    return {(i, k): int(amount) for i, k, amount in rows}


@settings(max_examples=60, deadline=None)
@given(lots=LOTS, parts=PARTS)
def test_the_least_over_the_dates_of_expiry_is_drawing_one_by_one(
    lots: list[Lot], parts: list[Part]
) -> None:
    sql = sql_checks.render(MODEL.read_text(encoding="utf-8"))
    with duckdb.connect() as con:
        con.execute(
            "create table int_settlement__available_lots (customer_id varchar, currency varchar, expires_at timestamp,"
            " available_amount decimal(20, 4), drawing_rank integer, drawing_step integer)"
        )
        con.execute(
            "create table int_settlement__admitted_parts (customer_id varchar, currency varchar, drawing_step integer,"
            " payment_rank integer, service_period_start timestamp, amount decimal(20, 4))"
        )
        assert by_the_model(con, sql, lots, parts) == one_by_one(lots, parts)

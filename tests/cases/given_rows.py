"""Level `model`: rows that no usage makes, put into input relations, and the real models run from there on.

Belongs here: which columns are given in which relation, and which models dbt builds after each. Does not belong here:
which cases need it (the translations). The warehouse is the generated company's, after its last close; it is thrown
away, so that the rows of all other subscriptions may go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import duckdb

from orchestration.close_run import published_run, set_run_of
from orchestration.dbt_runner import run_dbt
from orchestration.prepare import dbt_refusal
from orchestration.warehouse import connect
from orchestration.workspace import Workspace

from .company import entity_code, subscription_id
from .stored import Stored
from .trials import Trial, first_instant, local_date

PERIODS = "fct_subscription_periods"
BILLABLE = "int_metering__charge_segments"
EVENTS = "int_metering__charge_events"
QUANTITIES = "fct_usage_quantities"
LINES = "fct_invoice_lines"


def run_with_given_rows(ws: Workspace, trials: Mapping[str, Trial], stored: Stored) -> None:
    """Give each trial its rows, build what follows, and take quantities and draft lines.

    Raises:
        Refused: a model failed; the message names it.
    """
    with connect(ws) as con:
        _run_as_last_close(con)
        _forget_issued(con, trials)
        _give_periods(con, trials)
    _build(ws, PERIODS, QUANTITIES, but=[PERIODS])
    with_days = {name: trial for name, trial in trials.items() if trial.given.days_left}
    if with_days:
        with connect(ws) as con:
            _give_days(con, with_days)
        _build(ws, BILLABLE, QUANTITIES, but=[BILLABLE, EVENTS])
    with connect(ws) as con:
        _give_amounts(con, trials)
    _build(ws, QUANTITIES, LINES, but=[QUANTITIES])
    stored.take_metering(ws.warehouse_file)
    stored.take_drafts(ws.warehouse_file, map(subscription_id, trials))


def _build(ws: Workspace, first: str, last: str, *, but: Iterable[str]) -> None:
    """Build every model between two, but those whose rows are given."""
    arguments = ["run", "--select", f"{first}+,+{last}", "--exclude", *but]
    result = run_dbt(ws, arguments)
    if not result.success or not result.nodes:
        raise dbt_refusal(f"The models from {first} to {last} could not be built", result)


def _run_as_last_close(con: duckdb.DuckDBPyConnection) -> None:
    """Let the models see the usage and the catalog that the last close saw."""
    found = con.execute("select max(close_date) from control.closes").fetchone()
    assert found is not None
    run = published_run(con, found[0])
    assert run is not None, "the last close is not published"
    set_run_of(con, run)


def _forget_issued(con: duckdb.DuckDBPyConnection, trials: Iterable[str]) -> None:
    """Forget what the closes issued to these subscriptions: their given period is not billed yet."""
    tables = con.execute(
        """
        select columns.table_name
        from information_schema.columns
        inner join information_schema.tables using (table_schema, table_name)
        where table_schema = 'issued' and column_name = 'subscription_id' and table_type = 'BASE TABLE'
        """
    ).fetchall()
    owners = [subscription_id(name) for name in trials]
    for (table,) in tables:
        con.execute(
            f'delete from issued."{table}" where list_contains(?, subscription_id)', [owners]
        )


def _give_periods(con: duckdb.DuckDBPyConnection, trials: Mapping[str, Trial]) -> None:
    relation = _relation(con, PERIODS)
    columns = [row[0] for row in con.execute(f"describe {relation}").fetchall()]
    con.execute(f"delete from {relation}")
    for name, trial in trials.items():
        row = _period_row(name, trial)
        unknown = [column for column in columns if column not in row]
        if unknown:
            raise AssertionError(f"{PERIODS} has columns that no case gives: {', '.join(unknown)}")
        marks = ", ".join("?" for _ in columns)
        con.execute(f"insert into {relation} values ({marks})", [row[one] for one in columns])


def _period_row(name: str, trial: Trial) -> dict[str, Any]:
    """The row of a trial's usage period; instants are naive UTC."""
    span = trial.span
    first = local_date(span.starts_at, span.timezone)
    end = local_date(span.ends_at - timedelta(microseconds=1), span.timezone) + timedelta(days=1)
    whole = (
        first_instant(span.whole_start, span.timezone),
        first_instant(span.whole_end, span.timezone),
    )
    return {
        "subscription_id": subscription_id(name),
        "external_subscription_id": f"{name}_ext",
        "customer_id": name,
        "payer_customer_id": name,
        "plan_code": f"{name}_plan",
        "billing_entity_code": entity_code(0),
        "currency": trial.currency,
        "fee_family": "usage",
        "billing_interval": "monthly",
        "period_starts_at": span.starts_at.replace(tzinfo=None),
        "period_ends_at": span.ends_at.replace(tzinfo=None),
        "period_start_date": first,
        "period_end_date": end,
        "billable_end_date": end,
        "trial_end_date": None,
        "trial_ends_at": None,
        "days": (end - first).days,
        "period_days": (span.whole_end - span.whole_start).days,
        "is_reopened": False,
        "inputs_digest": "/",
        "whole_period_starts_at": whole[0].replace(tzinfo=None),
        "whole_period_ends_at": whole[1].replace(tzinfo=None),
        "whole_end_date": span.whole_end,
        "anchor_date": first,
        "timezone": span.timezone,
        "due_date": end,
    }


def _give_days(con: duckdb.DuckDBPyConnection, trials: Mapping[str, Trial]) -> None:
    """Each event's days, in the events' order, of a period of so many days."""
    for name, trial in trials.items():
        assert trial.given is not None
        owner = subscription_id(name)
        con.execute(
            f"update {_relation(con, BILLABLE)} set period_days = ? where subscription_id = ?",
            [trial.given.period_days, owner],
        )
        for number, days in enumerate(trial.given.days_left, start=1):
            con.execute(
                f"""
                update {_relation(con, EVENTS)} set days_left = ?
                where subscription_id = ? and event_number = ?
                """,
                [days, owner, number],
            )


def _give_amounts(con: duckdb.DuckDBPyConnection, trials: Mapping[str, Trial]) -> None:
    """Quantities with the amount that a custom model gave."""
    for name, trial in trials.items():
        assert trial.given is not None
        for charge_code, (units, amount) in trial.given.amounts.items():
            con.execute(
                f"""
                update {_relation(con, QUANTITIES)}
                set quantity = ?, rated_quantity = ?, given_amount_unrounded = ?
                where subscription_id = ? and charge_code = ?
                """,
                [units, units, amount, subscription_id(name), charge_code],
            )


def _relation(con: duckdb.DuckDBPyConnection, model: str) -> str:
    """Schema and name of the table that a model is stored in."""
    found = con.execute(
        "select table_schema from information_schema.tables where table_name = ?", [model]
    ).fetchone()
    if found is None:
        raise AssertionError(f"the warehouse has no table of the model {model}")
    return f'{found[0]}."{model}"'

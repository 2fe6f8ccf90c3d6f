"""What earlier closes billed by: rows that may not change any more.

Belongs here: comparing a folder with the catalog version of the last publication, row by row, where a registered period
used them. Does not belong here: what a folder must say by itself (`checks`), and the correction of what was billed.

A registered period keeps its prices as facts. A row that was in force in one stays as it is; a mistake in it is mended
by another row with the same validity and a later `recorded_at`. Only its end may move, where nothing is billed yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from orchestration.catalog.charge_rows import (
    CHARGE_ROW,
    CHARGES,
    FILTERS,
    FIXED_CHARGE_ROW,
    FIXED_CHARGES,
    FIXED_TIERS,
    MANUAL_LINES,
    METRICS,
    ONE_OFF_FEES,
    PLANS,
    TIERS,
    VALUES,
    Key,
    Tables,
    by_key,
    charge_key,
    filter_key,
    fixed_charge_key,
    key_words,
    shown,
)
from orchestration.catalog.credit_history import (
    changed_coupons,
    changed_lots,
    changed_wallets,
    voids_of_nothing,
)
from orchestration.catalog.payer_checks import vanished_entities, vanished_payers
from orchestration.catalog.reader import catalog_contracts, file_columns
from orchestration.catalog.subscription_history import subscription_changes
from orchestration.catalog.validate import Row
from orchestration.catalog.validity_checks import months, valid_until
from orchestration.texts import counted

PLAN_ROW = ("plan_code", "subscription_id", "first_month", "valid_from", "recorded_at")
# What a metric is called may change; how it is measured may not.
METRIC_NAMES = ("metric_code", "metric_name", "unit_name")
_TABLES = (
    "plans",
    "charges",
    "charge_filters",
    "charge_filter_values",
    "charge_tiers",
    "billable_metrics",
    "fixed_charges",
    "fixed_charge_tiers",
    "one_off_fees",
    "manual_lines",
    "subscriptions",
    "wallet_lots",
    "coupons",
    "applied_coupons",
)
_DAY = timedelta(days=1)
_MEND = "put it back, and add a row with the same validity and a later recorded_at"
_CHARGE_ROW_TO_ADD = "add a charge row with the same validity and a later recorded_at"
_CHARGE_MEND = f"put it back, and {_CHARGE_ROW_TO_ADD}"
_ONE_OFF_MEND = "put it back, and add a {} with an id of its own for what is to be billed besides"
_DETAILS_MEND = f"put them back, and {_CHARGE_ROW_TO_ADD}"
_FIXED_MEND = (
    "put it back, and add a fixed charge row with the same validity and a later recorded_at"
)


@dataclass(frozen=True)
class Billed:
    """What is registered of a plan, or of one subscription on it: local days, half-open, and months since its start."""

    first: date
    until: date
    last_month: int

    def used(self, row: Row) -> bool:
        """Whether a registered period may have been billed by the row."""
        begins_in_time = row["valid_from"] < self.until and months(row)[0] <= self.last_month
        return begins_in_time and valid_until(row) > self.first

    @property
    def last_day(self) -> date:
        """The last local day that is registered."""
        return self.until - _DAY


# By plan, and subscription or None for all of the plan.
Register = Mapping[tuple[str, str | None], Billed]
UsedRow = tuple[Row, Billed]


def history_problems(con: duckdb.DuckDBPyConnection, tables: Tables) -> Iterator[str]:
    """Rows that a registered period was billed by and that `tables` has no more, or has otherwise.

    Args:
        con: the warehouse; one without publications has no such rows.
        tables: the folder's typed rows, by table.
    """
    version = _last_published_version(con)
    if version is None:
        return
    old = {name: _rows_of_version(con, name, version) for name in _TABLES}
    bases = _register(con, "base")
    usage = _register(con, "usage")
    yield from _plan_problems(old, tables, bases)
    used = [(row, billed) for row in old["charges"] if (billed := _billed(usage, row))]
    yield from _charge_problems(old, tables, used)
    yield from _metric_problems(old, tables, used)
    for is_pay_in_advance, family in ((False, "fixed"), (True, "fixed_in_advance")):
        rows = [
            row for row in old["fixed_charges"] if row["is_pay_in_advance"] == is_pay_in_advance
        ]
        yield from _fixed_charge_problems(old, tables, rows, _register(con, family))
    yield from _billed_once_problems(
        con, old["one_off_fees"], tables["one_off_fees"], ("add_on", "one_off_fee_id", ONE_OFF_FEES)
    )
    yield from _billed_once_problems(
        con, old["manual_lines"], tables["manual_lines"], ("manual", "manual_line_id", MANUAL_LINES)
    )
    yield from subscription_changes(con, old, tables)
    yield from changed_wallets(con, tables)
    yield from changed_lots(con, old["wallet_lots"], tables)
    yield from voids_of_nothing(con, tables)
    yield from changed_coupons(con, old, tables)
    # Older warehouses know no lines but those of who was invoiced.
    if "customer_id" in _columns(con, "issued", "invoice_lines"):
        yield from vanished_payers(con, tables)
    yield from vanished_entities(con, tables)


def _last_published_version(con: duckdb.DuckDBPyConnection) -> str | None:
    if not _columns(con, "issued", "publications"):
        return None
    row = con.execute(
        "select catalog_version from issued.publications order by close_sequence desc limit 1"
    ).fetchone()
    return row[0] if row else None


def _columns(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[str]:
    found = con.execute(
        "select column_name from information_schema.columns where table_catalog = current_database()"
        " and table_schema = ? and table_name = ? order by ordinal_position",
        [schema, table],
    ).fetchall()
    return [name for (name,) in found]


def _rows_of_version(con: duckdb.DuckDBPyConnection, table: str, version: str) -> list[Row]:
    """The rows as they were loaded. A column that is newer than the row has its default, as if it had been blank."""
    stored = _columns(con, "catalog", table)
    if not stored:
        return []
    contract = catalog_contracts()[table]
    columns = {column.name: column for column in contract.columns}
    names = file_columns(contract)
    cells, defaults = [], []
    for name in names:
        cell = f'"{name}"' if name in stored else "null"
        if name in stored and "default" in columns[name].meta:
            cell = f"coalesce({cell}, cast(? as {columns[name].data_type}))"
            defaults.append(str(columns[name].meta["default"]))
        cells.append(cell)
    fetched = con.execute(
        f"select row_number, {', '.join(cells)} from catalog.{table} where catalog_version = ? order by row_number",
        [*defaults, version],
    ).fetchall()
    return [Row(line, dict(zip(names, values, strict=True))) for line, *values in fetched]


def _register(con: duckdb.DuckDBPyConnection, fee_family: str) -> Register:
    """What is registered per plan and per (plan, subscription). Months are counted from the local date of the start."""
    found = con.execute(
        """
        with periods as (
            select subscription_id, min(period_start_date) as first, max(period_end_date) as until
            from issued.billed_periods
            where fee_family = ? and publication_sequence in (select publication_sequence from issued.publications)
            group by subscription_id
        ),
        starts as (
            select
                subscription_id,
                plan_code,
                cast(min(coalesce(billing_starts_at, started_at)) as date) as started_on
            from catalog.subscriptions
            where catalog_version in (select catalog_version from issued.publications)
            group by subscription_id, plan_code
        ),
        counted as (
            select
                starts.plan_code,
                periods.*,
                -- The first period starts on the local date, which is at most a day off the UTC one.
                case
                    when abs(date_diff('day', started_on, periods.first)) <= 1 then periods.first else started_on
                end as local_start
            from periods
            inner join starts on periods.subscription_id = starts.subscription_id
        )
        select
            plan_code,
            subscription_id,
            min(first) as first,
            max(until) as until,
            max(date_sub('month', local_start, until - interval '1' day)) + 1 as last_month
        from counted
        group by grouping sets ((plan_code), (plan_code, subscription_id))
        """,
        [fee_family],
    ).fetchall()
    return {(plan, subscription): Billed(*facts) for plan, subscription, *facts in found}


def _billed(register: Register, row: Row) -> Billed | None:
    """What was billed by a plan or charge row, or None if nothing was."""
    billed = register.get((row["plan_code"], row["subscription_id"]))
    return billed if billed and billed.used(row) else None


def _plan_problems(old: Tables, new: Tables, register: Register) -> Iterator[str]:
    now = {_plan_key(row): row for row in new["plans"]}
    for row in old["plans"]:
        billed = _billed(register, row)
        if billed:
            named = f"plan '{row['plan_code']}'"
            columns = [name for name in row.values if name not in PLAN_ROW]
            yield from _row_problems(PLANS, named, row, now.get(_plan_key(row)), billed, columns)


def _fixed_charge_problems(
    old: Tables, new: Tables, rows: Sequence[Row], register: Register
) -> Iterator[str]:
    now = {fixed_charge_key(row): row for row in new["fixed_charges"]}
    were, are = (by_key(tables["fixed_charge_tiers"], fixed_charge_key) for tables in (old, new))
    for row in rows:
        billed = _billed(register, row)
        if billed is None:
            continue
        key = fixed_charge_key(row)
        named = f"fixed charge '{row['fixed_charge_code']}' of plan '{row['plan_code']}'"
        columns = [name for name in row.values if name not in FIXED_CHARGE_ROW]
        yield from _row_problems(FIXED_CHARGES, named, row, now.get(key), billed, columns)
        if key in now:
            since = f"when days through {billed.last_day} were billed by row {now[key].line} of {FIXED_CHARGES}"
            before, after = were.get(key, []), are.get(key, [])
            yield from _tier_changes(FIXED_TIERS, named, before, after, since, _FIXED_MEND)


def _plan_key(row: Row) -> Key:
    return tuple(row[column] for column in PLAN_ROW)


def _row_problems(
    file: str, named: str, old: Row, new: Row | None, billed: Billed, columns: Sequence[str]
) -> Iterator[str]:
    """One row that was used, against the row of the same key now."""
    if new is None:
        columns = FIXED_CHARGE_ROW if file == FIXED_CHARGES else CHARGE_ROW
        words = key_words(tuple(old.values.get(column) for column in columns), columns)
        yield (
            f"{file}: the row of {named} with {words} is gone, but days through {billed.last_day} were billed by it; "
            f"{_MEND}"
        )
        return
    for column in columns:
        was, now = old[column], new[column]
        if was == now or (column == "valid_to" and _ends_after(was, now, billed)):
            continue
        yield (
            f"{file} row {new.line}: {column} of {named} was {shown(was)} when days through {billed.last_day} were "
            f"billed by this row, and is {shown(now)} now; {_MEND}"
        )


def _ends_after(was: date | None, now: date | None, billed: Billed) -> bool:
    """Whether moving a row's end changes nothing for the days that are billed."""
    return min(was or date.max, billed.until) == min(now or date.max, billed.until)


def _charge_problems(old: Tables, new: Tables, used: Sequence[UsedRow]) -> Iterator[str]:
    now = {charge_key(row): row for row in new["charges"]}
    details = [_Details(tables) for tables in (old, new)]
    for row, billed in used:
        key = charge_key(row)
        named = f"charge '{row['charge_code']}' of plan '{row['plan_code']}'"
        columns = [name for name in row.values if name not in CHARGE_ROW]
        yield from _row_problems(CHARGES, named, row, now.get(key), billed, columns)
        if key in now:
            yield from _filter_problems(named, key, *details, now[key], billed)
            yield from _tier_problems(named, key, *details, now[key], billed)


class _Details:
    """The filters, filter values and tiers of charge rows."""

    def __init__(self, tables: Tables) -> None:
        self.filters = by_key(tables["charge_filters"], charge_key)
        self.tiers = by_key(tables["charge_tiers"], charge_key)
        self.values = by_key(tables["charge_filter_values"], filter_key)

    def values_of(self, key: Key) -> set[tuple[str, str]]:
        return {(row["property_name"], row["property_value"]) for row in self.values.get(key, [])}


def _filter_problems(
    named: str, key: Key, old: _Details, new: _Details, charge: Row, billed: Billed
) -> Iterator[str]:
    were = {row["filter_code"]: row for row in old.filters.get(key, [])}
    are = {row["filter_code"]: row for row in new.filters.get(key, [])}
    since = f"when days through {billed.last_day} were billed by row {charge.line} of {CHARGES}"
    for code in [code for code in were if code not in are]:
        yield f"{FILTERS}: filter '{code}' of {named} is gone, but was there {since}; {_CHARGE_MEND}"
    for code in [code for code in are if code not in were]:
        yield (
            f"{FILTERS} row {are[code].line}: filter '{code}' of {named} was not there {since}; take it out, and "
            f"{_CHARGE_ROW_TO_ADD} that has it"
        )
    common = [code for code in were if code in are]
    if common != [code for code in are if code in were]:
        first = are[next(code for code in are if code in were)]
        yield f"{FILTERS} row {first.line}: the filters of {named} stood in another order {since}; {_CHARGE_MEND}"
    for code in common:
        for column in were[code].values:
            if were[code][column] != are[code][column]:
                yield (
                    f"{FILTERS} row {are[code].line}: {column} of filter '{code}' of {named} was "
                    f"{shown(were[code][column])} {since}, and is {shown(are[code][column])} now; {_CHARGE_MEND}"
                )
        if old.values_of((*key, code)) != new.values_of((*key, code)):
            yield (
                f"{VALUES}: the values of filter '{code}' of {named} were others {since}; {_DETAILS_MEND}"
            )


def _tier_problems(
    named: str, key: Key, old: _Details, new: _Details, charge: Row, billed: Billed
) -> Iterator[str]:
    were = by_key(old.tiers.get(key, []), filter_key)
    are = by_key(new.tiers.get(key, []), filter_key)
    since = f"when days through {billed.last_day} were billed by row {charge.line} of {CHARGES}"
    for price, rows in were.items():
        whose = f"filter '{price[-1]}' of {named}" if price[-1] is not None else named
        yield from _tier_changes(TIERS, whose, rows, are.get(price, []), since, _CHARGE_MEND)


def _tier_changes(
    file: str, whose: str, before: Sequence[Row], after: Sequence[Row], since: str, mend: str
) -> Iterator[str]:
    """The tiers of one price, in file order, against those that billed."""
    if len(before) != len(after):
        line = f" row {after[0].line}" if after else ""
        yield (
            f"{file}{line}: {whose} had {counted(len(before), 'tier')} {since}, and has {len(after)} now; "
            f"{mend.replace('put it back', 'put them back')}"
        )
        return
    for number, (was, now) in enumerate(zip(before, after, strict=True), 1):
        for column in ("up_to", "unit_amount", "rate", "flat_amount"):
            if was.values.get(column) != now.values.get(column):
                yield (
                    f"{file} row {now.line}: {column} of tier {number} of {whose} was {shown(was[column])} "
                    f"{since}, and is {shown(now[column])} now; {mend}"
                )


def _metric_problems(old: Tables, new: Tables, used: Sequence[UsedRow]) -> Iterator[str]:
    now = {row["metric_code"]: row for row in new["billable_metrics"]}
    last_days: dict[str, date] = {}
    for charge, billed in used:
        known = last_days.get(charge["metric_code"], date.min)
        last_days[charge["metric_code"]] = max(known, billed.last_day)
    for row in old["billable_metrics"]:
        code = row["metric_code"]
        # A metric that is gone is named by its charges already, which may not go either.
        if code not in last_days or code not in now:
            continue
        for column in row.values:
            was, is_now = row[column], now[code][column]
            if column not in METRIC_NAMES and was != is_now:
                yield (
                    f"{METRICS} row {now[code].line}: {column} of metric '{code}' was {shown(was)} when days through "
                    f"{last_days[code]} were billed by it, and is {shown(is_now)} now; put it back, and define the "
                    "new one under a code of its own"
                )


def _billed_once_problems(
    con: duckdb.DuckDBPyConnection,
    old: Sequence[Row],
    new: Sequence[Row],
    kind: tuple[str, str, str],
) -> Iterator[str]:
    """A one-off fee or manual line is a fact once it is billed; the line that billed it ends in its id.

    `kind`: the fee type of its lines, the column of its id, and its file.
    """
    fee_type, id_column, file = kind
    noun = id_column.removesuffix("_id").replace("one_off", "one-off").replace("_", " ")
    billed = {
        line_key.removeprefix(f"/{fee_type}/"): (number, issued_on)
        for line_key, number, issued_on in con.execute(
            """
            select lines.line_key, lines.invoice_number, invoices.issue_date
            from issued.invoice_lines as lines
            inner join issued.invoices as invoices
                on
                    lines.document_key = invoices.document_key
                    and lines.publication_sequence = invoices.publication_sequence
            where
                lines.fee_type = ?
                and lines.publication_sequence in (select publication_sequence from issued.publications)
            """,
            [fee_type],
        ).fetchall()
    }
    mend = _ONE_OFF_MEND.format("manual line" if fee_type == "manual" else "fee")
    now = {row[id_column]: row for row in new}
    for row in old:
        name = row[id_column]
        if name not in billed:
            continue
        number, issued_on = billed[name]
        if name not in now:
            yield f"{file}: {noun} '{name}' is gone, but {number} of {issued_on} billed it; {mend}"
            continue
        for column in row.values:
            was, is_now = row[column], now[name][column]
            if was != is_now:
                yield (
                    f"{file} row {now[name].line}: {column} of {noun} '{name}' was {shown(was)} when "
                    f"{number} of {issued_on} billed it, and is {shown(is_now)} now; {mend}"
                )

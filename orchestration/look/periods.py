"""`meterhouse periods SUBSCRIPTION`: its billing periods, what was billed for each, and what is to come.

Belongs here: registered periods with their invoice and amounts, and scheduled ones with the date of their close and the
list price. Does not belong here: the calendar, prices in force and which fee a period bills, which the models compute
and this reads; and amounts of what is to come.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import duckdb
from rich.console import Console
from rich.markup import escape

from orchestration.close_run import due_dates
from orchestration.dbt_runner import PRICE_ROWS_MODEL, SCHEDULE_MODEL
from orchestration.errors import BadInput
from orchestration.look.periods_table import print_tables
from orchestration.look.source import near_numbers, print_json, rows
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace

# A due check sees every publication: staging has what was issued until now, each period as it was registered last.
_PERIODS = f"""
    with

    subscriptions as (
        select subscriptions.subscription_id, subscriptions.plan_code, terms.currency
        from staging.stg_catalog__subscriptions as subscriptions
        left join subscriptions.int_subscriptions__terms as terms
            on subscriptions.subscription_id = terms.subscription_id
        where subscriptions.subscription_id = $name or subscriptions.external_subscription_id = $name
    ),

    -- The close that billed a period is the first that registered any of it.
    registered as (
        select
            billed.subscription_id, billed.fee_family, billed.period_start_date, billed.period_end_date,
            billed.period_starts_at, billed.period_ends_at, billed.days, billed.period_days, billed.timezone,
            billed.document_key, min(publications.close_date) as close_date
        from staging.stg_issued__billed_periods as billed
        inner join subscriptions on billed.subscription_id = subscriptions.subscription_id
        inner join issued.billed_periods as part
            on
                billed.subscription_id = part.subscription_id
                and billed.fee_family = part.fee_family
                and billed.period_starts_at < part.period_ends_at
                and billed.period_ends_at > part.period_starts_at
        inner join staging.stg_issued__publications as publications
            on part.publication_sequence = publications.publication_sequence
        group by all
    ),

    periods as (
        select *, 'billed' as state from registered
        union all by name
        select
            scheduled.subscription_id, fee_family, period_start_date, period_end_date, period_starts_at, period_ends_at,
            days, period_days, timezone, due_date as close_date, 'to come' as state
        from subscriptions.{SCHEDULE_MODEL} as scheduled
        inner join subscriptions on scheduled.subscription_id = subscriptions.subscription_id
        where period_start_date <= $through
    ),

    lines as (
        select
            invoice_number, line_number, lines.subscription_id, fee_family, service_period_start, close_sequence,
            amount - coupon_amount as amount, line_key like 'adjustment/%' as is_adjustment
        from staging.stg_issued__invoice_lines as lines
        inner join subscriptions on lines.subscription_id = subscriptions.subscription_id
    ),

    -- What a note takes off a line counts for the period of the line.
    changes as (
        select * from lines
        union all
        select lines.* replace (true as is_adjustment, notes.coupon_amount - notes.amount as amount)
        from staging.stg_issued__credit_note_lines as notes
        inner join lines
            on notes.invoice_number = lines.invoice_number and notes.invoice_line_number = lines.line_number
    ),

    amounts as (
        select
            periods.subscription_id,
            periods.fee_family,
            periods.period_starts_at,
            sum(amount) filter (where not changes.is_adjustment) as billed_amount,
            sum(amount) filter (where changes.is_adjustment) as adjusted_amount,
            first(invoice_number order by close_sequence, invoice_number) as invoice_number
        from periods
        inner join changes
            on
                periods.subscription_id = changes.subscription_id
                and periods.fee_family = changes.fee_family
                and periods.period_starts_at <= changes.service_period_start
                and periods.period_ends_at > changes.service_period_start
        group by all
    ),

    prices as (
        select
            periods.subscription_id,
            periods.fee_family,
            periods.period_starts_at,
            first(plans.amount order by price_rows.precedence) as price_amount
        from periods
        inner join subscriptions.{PRICE_ROWS_MODEL} as price_rows
            on
                periods.subscription_id = price_rows.subscription_id
                and periods.period_start_date >= price_rows.in_force_from
                and periods.period_start_date < price_rows.in_force_to
        inner join staging.stg_catalog__plans as plans on price_rows.price_row_number = plans.row_number
        where periods.state = 'to come' and periods.fee_family = 'base' and price_rows.price_kind = 'plan'
        group by all
    )

    -- Local time is UTC plus the offset of the period's zone at that instant, an end included.
    select
        periods.subscription_id,
        subscriptions.plan_code,
        periods.fee_family,
        coalesce(families.is_due_at_start, false) as is_pay_in_advance,
        periods.period_start_date,
        periods.period_end_date,
        periods.timezone,
        periods.period_starts_at + starts.offset_seconds * interval '1 second' as local_starts_at,
        periods.period_ends_at + ends.offset_seconds * interval '1 second' as local_ends_at,
        periods.period_starts_at as starts_at,
        periods.period_ends_at as ends_at,
        periods.days,
        periods.period_days,
        periods.state,
        case
            when periods.state = 'to come' and periods.close_date <= $closed then null else periods.close_date
        end as close_date,
        coalesce(invoices.invoice_number, amounts.invoice_number) as invoice_number,
        coalesce(invoices.currency, subscriptions.currency) as currency,
        coalesce(amounts.billed_amount, case when periods.state = 'billed' then 0 end) as billed_amount,
        amounts.adjusted_amount,
        prices.price_amount
    from periods
    inner join subscriptions on periods.subscription_id = subscriptions.subscription_id
    left join subscriptions.int_subscriptions__resume_points as families
        on periods.subscription_id = families.subscription_id and periods.fee_family = families.fee_family
    left join amounts
        on
            periods.subscription_id = amounts.subscription_id
            and periods.fee_family = amounts.fee_family
            and periods.period_starts_at = amounts.period_starts_at
    left join prices
        on
            periods.subscription_id = prices.subscription_id
            and periods.fee_family = prices.fee_family
            and periods.period_starts_at = prices.period_starts_at
    left join staging.stg_issued__invoices as invoices on periods.document_key = invoices.document_key
    inner join staging.stg_reference__tz_offsets as starts
        on periods.timezone = starts.timezone
        and periods.period_starts_at >= starts.offset_starts_at and periods.period_starts_at < starts.offset_ends_at
    inner join staging.stg_reference__tz_offsets as ends
        on periods.timezone = ends.timezone
        and periods.period_ends_at >= ends.offset_starts_at and periods.period_ends_at < ends.offset_ends_at
    order by periods.period_starts_at, periods.subscription_id, periods.fee_family
"""
_NAMES = "select subscription_id, external_subscription_id from staging.stg_catalog__subscriptions"


def show(ws: Workspace, subscription: str, through: date, as_json: bool = False) -> None:
    """Print the periods of a subscription, or of all that have its external id, as tables or as a JSON list.

    Args:
        ws: the workspace; its catalog is loaded as a close would do.
        subscription: a subscription's id or external id.
        through: the local date through which periods to come are shown; one that is open then is shown whole.
        as_json: for a program: what `read` gives, decimals as text; local times and UTC instants, ends exclusive.

    Raises:
        BadInput: no such subscription; near ids are named. Or the catalog cannot be loaded.
    """
    periods = read(ws, subscription, through)
    if as_json:
        print_json([{**row, **_local_texts(row)} for row in periods])
    elif periods:
        print_tables(Console(), periods)
    else:
        Console().print(f"No period of {escape(subscription)} begins by {through}.")


def read(ws: Workspace, subscription: str, through: date) -> list[dict[str, Any]]:
    """The periods that `show` prints, each once, by start.

    Returns:
        Rows with subscription_id, plan_code and fee_family; bounds as registered last or scheduled, and their zone; and

        is_pay_in_advance: whether the fees are due at the start of the period, and not after its end.
        days, period_days: local days that are billed, and those of the whole period.
        state: `billed`, or `to come`.
        close_date: the close that billed the period, or will; None where the next one does, whichever it is.
        invoice_number: the invoice of its close; else the first that billed any of its fees; None if none did.
        currency: of the amounts, which are exact decimals before tax.
        billed_amount: what invoices billed of the fees, progressive invoices and events in advance included, less
            coupons; None where nothing is billed yet.
        adjusted_amount: what lines of adjustments and credit notes changed of it since, below 0 if they gave back;
            None where no document changed anything.
        price_amount: of a base fee to come, the list price of all its days: the plan's row in force on the first one.
    """
    from orchestration.catalog import load_catalog
    from orchestration.migrate import init
    from orchestration.prepare import prepare_views

    with writer_lock(ws, "periods"):
        init(ws)
        load_catalog(ws)
        prepare_views(ws)
        with connect(ws) as con:
            due_dates(con, through)
            names = {name for row in con.execute(_NAMES).fetchall() for name in row}
            if subscription not in names:
                raise BadInput(_unknown(subscription, sorted(names)))
            return rows(con, _PERIODS, _parameters(con, subscription, through))


def _parameters(con: duckdb.DuckDBPyConnection, subscription: str, through: date) -> dict[str, Any]:
    (closed,) = con.execute("select max(close_date) from issued.publications").fetchone() or (None,)
    return {"name": subscription, "through": through, "closed": closed or date.min}


def _unknown(subscription: str, names: Sequence[str]) -> str:
    near = near_numbers(subscription, names)
    return f"subscription '{subscription}' is not in the catalog" + (f"; {near}" if near else ".")


def _local_texts(row: dict[str, Any]) -> dict[str, str]:
    """Local times without the Z that instants have."""
    return {name: row[name].isoformat() for name in ("local_starts_at", "local_ends_at")}

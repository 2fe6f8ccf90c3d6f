"""At which date each subscription is drafted: that of its own next close.

Belongs here: the dates, from the schedule as it stands in the scratch warehouse. Does not belong here: drafting
(`run`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import duckdb

from orchestration.close_run import CloseRun, last_published_date
from orchestration.control import set_run
from orchestration.dbt_runner import (
    LATE_USAGE_MODEL,
    ONE_OFF_MODEL,
    SCHEDULE_MODEL,
    TERMS_MODEL,
)
from orchestration.prepare import refresh_terms

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class DraftDate:
    """One subscription (None: what is sold once to a payer without one), and the close date that bills it next."""

    subscription_id: str | None
    customer_id: str
    payer_customer_id: str
    close_date: date


# The first date on which anything of a subscription that has begun becomes due.
_NEXT_DUE = f"""
    select periods.subscription_id, terms.customer_id, terms.payer_customer_id, min(periods.due_date) as due_date
    from subscriptions.{SCHEDULE_MODEL} as periods
    inner join subscriptions.{TERMS_MODEL} as terms on periods.subscription_id = terms.subscription_id
    group by periods.subscription_id, terms.customer_id, terms.payer_customer_id
    having min(periods.period_starts_at) <= $now
    order by periods.subscription_id
"""
# Of subscriptions that are over: what may have changed since they were billed, which no date of their own brings up.
_OVER = f"""
    select changed.subscription_id, terms.customer_id, terms.payer_customer_id
    from (
        select subscription_id from subscriptions.{LATE_USAGE_MODEL} where is_over
        union
        select subscription_id from subscriptions.int_subscriptions__registered_periods
        where is_over and $version <> (
            select catalog_version from issued.publications order by publication_sequence desc limit 1
        )
    ) as changed
    inner join subscriptions.{TERMS_MODEL} as terms on changed.subscription_id = terms.subscription_id
    order by changed.subscription_id
"""
_ONE_OFFS = f"""
    select customers.customer_id, coalesce(customers.payer_customer_id, customers.customer_id), min(waiting.billed_on)
    from subscriptions.{ONE_OFF_MODEL} as waiting
    inner join staging.stg_catalog__customers as customers on waiting.customer_id = customers.customer_id
    group by customers.customer_id, coalesce(customers.payer_customer_id, customers.customer_id)
    order by customers.customer_id
"""


def draft_dates(
    con: duckdb.DuckDBPyConnection, run: CloseRun, now: datetime
) -> Sequence[DraftDate]:
    """The next close date of every subscription with an open period, in order of subscriptions.

    A subscription's open periods are due by the first of its due dates, and by it alone: a weekly plan is drafted for
    its week and a yearly one for its year. What became known only after its date was closed joins the next date on
    which something is due, as in a close. Corrections of a subscription that is over, and what is sold once, come with
    the next invoice of their payer.

    Args:
        con: a connection to the scratch warehouse, whose schedule stands; `control.run` is replaced.
        run: the batch and catalog version; its date is the last one on which a period may have begun.
        now: the present, UTC without an offset: what begins later is not open yet.
    """
    set_run(con, "due_check", run.close_date, run.cutoff_batch, run.catalog_version, None)
    refresh_terms(con)
    last = last_published_date(con)
    due = con.execute(_NEXT_DUE, {"now": now}).fetchall()
    one_offs = con.execute(_ONE_OFFS).fetchall()
    later = [day for *_, day in (*due, *one_offs) if last is None or day > last]
    first_later = min(later, default=(last or run.close_date) + ONE_DAY)

    def closing(day: date) -> date:
        return day if last is None or day > last else first_later

    found = [DraftDate(*names, closing(day)) for *names, day in due]
    first_of_payer = first_dates(found)
    next_month = _next_month(last or run.close_date)
    # In the month of the last close they are not looked at again.
    set_run(con, "due_check", next_month, run.cutoff_batch, run.catalog_version, None)
    over = con.execute(_OVER, {"version": run.catalog_version}).fetchall()
    for subscription_id, customer_id, payer_id in over:
        day = first_of_payer.get(payer_id, next_month)
        found.append(DraftDate(subscription_id, customer_id, payer_id, day))
    billed_anyway = first_dates(found)
    for customer_id, payer_id, day in one_offs:
        if payer_id not in billed_anyway:
            found.append(DraftDate(None, customer_id, payer_id, closing(day)))
    return found


def first_dates(dates: Sequence[DraftDate]) -> dict[str, date]:
    """The first close date of each payer."""
    first: dict[str, date] = {}
    for row in dates:
        first[row.payer_customer_id] = min(
            row.close_date, first.get(row.payer_customer_id, row.close_date)
        )
    return first


def _next_month(day: date) -> date:
    return (day.replace(day=1) + 32 * ONE_DAY).replace(day=1)

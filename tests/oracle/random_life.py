"""Random customers with a life: changes of plan, returns, anniversaries, trials, fixed charges, commitments, maximums.

Belongs here: what `random_companies` leaves out, so that what it draws stays as it was. Does not belong here: files
(see `company_files`) and any amount.

Closes are daily in these windows, so that anything may fall due on any day; nothing falls due before. What the rules
leave open is not drawn: phases of a plan, a maximum on a part of a period, terms that differ between rows of one code.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile
from pathlib import Path

from hypothesis import strategies as st

from .catalog import Catalog, read_catalog
from .closing import due_periods
from .hand_written import write_tables
from .numbers import minor_unit
from .periods import ONE_DAY, first_instant, local_date
from .random_charges import PRICING_UNIT, Rows
from .random_companies import charges_of_plan, scene_of
from .random_fixed_charges import add_on_rows, fixed_charges_of_plan
from .random_limits import not_below, with_maximums
from .random_metrics import IDLE, PLAIN_METRICS, metrics
from .random_one_offs import one_offs_of
from .random_rows import (
    COPY,
    CURRENCIES,
    ENTITIES,
    PRICES,
    RECORDED,
    ZONES,
    DrawnSubscription,
    Example,
    Span,
    Window,
    credit_rows,
    decimals_of,
    instants_between,
    instants_of_day,
    tax_rows,
    validities_of,
)
from .random_thresholds import with_thresholds_on_any_day
from .random_timelines import INTERVALS
from .random_usage import usage_lines
from .terms import terms_of
from .timelines import with_timelines

NEW_YEAR_2026 = Window("turn of 2026", date(2025, 12, 30), date(2026, 1, 8), is_daily=True)
LEAP_YEAR = Window("end of February 2024", date(2024, 2, 27), date(2024, 3, 7), is_daily=True)
SUMMER_TIME = Window("end of March 2025", date(2025, 3, 29), date(2025, 4, 7), is_daily=True)
WINTER_TIME = Window("begin of November 2025", date(2025, 10, 29), date(2025, 11, 7), is_daily=True)
# In each, calendar periods begin before the middle, so that some that were paid in advance are cut after it.
LIFE_WINDOWS = {one.name: one for one in (NEW_YEAR_2026, LEAP_YEAR, SUMMER_TIME, WINTER_TIME)}
ZONES_OF_CUSTOMERS = (*ZONES, "Africa/Cairo", "Atlantic/Azores", "Pacific/Chatham", "UTC")
TABLES_OF_LIVES = (
    "accounts/billing_entities",
    "accounts/customers",
    "accounts/subscriptions",
    "prices/plans",
    "prices/fixed_charges",
)
ON_TERMINATION = ("", "credit", "credit", "refund", "refund", "offset", "offset", "skip")
TRIALS = ("", "", "", "", "3", "10", "30", "400")


@dataclass(frozen=True)
class LivedSubscription(DrawnSubscription):
    """A subscription as it really began and ended, with the instants at which its periods do."""

    changes: tuple[datetime, ...] = ()

    def bounds(self, window: Window) -> list[datetime]:
        return [*self.changes, self.billing_starts_at]


@st.composite
def life_examples(draw: st.DrawFn, window: Window) -> Example:
    """One customer with one or two external ids, each with up to four rows of subscriptions."""
    entity_code, entity_zone, _, grace_days = draw(st.sampled_from(ENTITIES))
    own_zone = draw(st.sampled_from(["", *ZONES_OF_CUSTOMERS]))
    days = (window.through - window.first).days
    change_day = window.first + draw(st.integers(1, days + 1)) * ONE_DAY
    is_huge = draw(st.integers(0, 15)) == 0
    own_metrics = tuple(draw(metrics(number, is_huge=is_huge)) for number in range(2))
    currency = draw(st.sampled_from(CURRENCIES))
    rows: Rows = {
        "accounts/customers": [
            {
                "customer_id": f"{COPY}customer",
                "customer_name": "A customer",
                "billing_entity_code": entity_code,
                "timezone": own_zone,
            }
        ],
        "accounts/billing_entities": [
            {"billing_entity_code": entity_code, "timezone": entity_zone, "net_payment_days": "0"}
            | {"grace_days": str(grace_days)}
        ],
        "prices/billable_metrics": [one.row for one in (*PLAIN_METRICS, IDLE, *own_metrics)],
        "prices/pricing_units": [
            {"pricing_unit_code": PRICING_UNIT, "pricing_unit_name": "Credits"}
        ],
        "prices/add_ons": add_on_rows(),
        **draw(credit_rows(window, st.sampled_from([currency] * 8 + list(CURRENCIES)))),
        **draw(tax_rows(change_day)),
    }
    zone_name = own_zone or entity_zone
    for external in range(draw(st.sampled_from([1, 1, 1, 2]))):
        known = len(rows.get("accounts/subscriptions", []))
        is_cut = draw(st.booleans())
        asked = draw(requests(window, zone_name, external, known, is_cut=is_cut))
        rows.setdefault("accounts/subscriptions", []).extend(asked)
        for number in range(known, known + len(asked)):
            rows.setdefault("prices/plans", []).extend(
                draw(life_plans(number, currency, change_day, is_cut=is_cut))
            )
            charges = draw(
                charges_of_plan(number, currency, own_metrics, change_day, is_huge=is_huge)
            )
            fixed = draw(fixed_charges_of_plan(number, change_day))
            for table, own_rows in (*draw(with_maximums(charges)).items(), *fixed.items()):
                rows.setdefault(table, []).extend(own_rows)
    rows = with_allowed_maximums(of_own_plans(rows))
    rows["accounts/subscriptions"] = draw(nothing_due_before(rows, window, zone_name, grace_days))
    begun = lived(rows, window)
    del rows["accounts/billing_entities"]
    scene = scene_of(
        window,
        begun,
        rows,
        own_metrics,
        is_huge=is_huge,
        order_decides=draw(st.integers(0, 7)) == 0,
    )
    lines, is_permutable = draw(usage_lines(scene))
    late_rows, late_ends = draw(known_late(rows["accounts/subscriptions"], window, zone_name))
    one_offs, late_fees = draw(one_offs_of(window, currency))
    for table, own_rows in one_offs.items():
        rows.setdefault(table, []).extend(own_rows)
    rows = draw(with_thresholds_on_any_day(rows))
    return Example(rows, lines, is_permutable, late_rows | late_fees, late_ends)


def of_own_plans(rows: Rows) -> Rows:
    """The rows without overrides of subscriptions that are on another plan."""
    plans = {row["subscription_id"]: row["plan_code"] for row in rows["accounts/subscriptions"]}

    def is_own(row: dict[str, str]) -> bool:
        plan = plans.get(row.get("subscription_id", ""))
        return plan is None or row["plan_code"] == plan

    return {table: [row for row in own if is_own(row)] for table, own in rows.items()}


# Subscriptions.


@st.composite
def requests(
    draw: st.DrawFn,
    window: Window,
    zone_name: str,
    external: int,
    first_number: int,
    *,
    is_cut: bool,
) -> list[dict[str, str]]:
    """Rows of one external id, each with a plan of its own or that of an earlier one; most changes in the window.

    `is_cut`: the first one begins before the window and ends in its second half, or is changed there.
    """
    billing_time = draw(st.sampled_from(["calendar", "anniversary"]))
    opens, ends = (
        first_instant(zone_name, day) for day in (window.first, window.through + ONE_DAY)
    )
    since = draw(st.sampled_from([800, 400, 60, 35, 10] if is_cut else [800, 400, 60, 35, 10, 0]))
    until = opens if is_cut else ends - timedelta(days=3)
    asked_at = draw(instants_between(opens - timedelta(days=since), until))
    late = instants_in(window, zone_name, is_late=True)
    found: list[dict[str, str]] = []
    for number in range(draw(st.sampled_from([1, 2, 2, 3, 4]))):
        asked_at = draw(at_times_midnight(zone_name, asked_at))
        end = draw(end_after(window, zone_name, asked_at))
        if is_cut and number == 0:
            end = draw(st.one_of(st.just(""), late.map(datetime.isoformat)))
        plan = first_number + draw(st.sampled_from([number] * 5 + list(range(number + 1))))
        found.append(
            {
                "subscription_id": f"{COPY}sub{first_number + number}",
                "external_subscription_id": f"{COPY}ext{external}",
                "customer_id": f"{COPY}customer",
                "plan_code": f"{PRICES}plan{plan}",
                "started_at": asked_at.isoformat(),
                "ended_at": end,
                "billing_time": billing_time,
                "on_termination": draw(
                    st.sampled_from(
                        ["", "credit", "credit", "refund", "refund", "offset", "offset", "skip"]
                    )
                ),
                "recorded_at": RECORDED,
            }
        )
        if is_cut and number == 0:
            asked_at = draw(late)
            continue
        gap = draw(st.sampled_from([timedelta(0), timedelta(hours=5), timedelta(days=4)]))
        near = st.just(asked_at + gap)
        somewhere = instants_in(window, zone_name).map(lambda at, since=asked_at: max(at, since))
        asked_at = draw(st.one_of(near, somewhere, somewhere))
    return found


@st.composite
def instants_in(
    draw: st.DrawFn, window: Window, zone_name: str, *, is_late: bool = False
) -> datetime:
    """Instants of a window's days, those of its second half more often, or alone."""
    days = (window.through - window.first).days
    later = [*range(days // 2 + 1, days)]
    numbers = later if is_late else [*range(days), *later * 3]
    day = window.first + draw(st.sampled_from(numbers)) * ONE_DAY
    return draw(instants_of_day(zone_name, day))


@st.composite
def at_times_midnight(draw: st.DrawFn, zone_name: str, instant: datetime) -> datetime:
    """The instant, or the midnight that ends its local day."""
    if draw(st.integers(0, 3)) > 0:
        return instant
    return first_instant(zone_name, local_date(instant, zone_name) + ONE_DAY)


@st.composite
def end_after(draw: st.DrawFn, window: Window, zone_name: str, asked_at: datetime) -> str:
    """The end of a row: mostly none, else in the window."""
    if draw(st.integers(0, 2)) > 0:
        return ""
    ended_at = draw(at_times_midnight(zone_name, draw(instants_in(window, zone_name))))
    return ended_at.isoformat() if ended_at > asked_at else ""


@st.composite
def nothing_due_before(
    draw: st.DrawFn, rows: Rows, window: Window, zone_name: str, grace_days: int
) -> list[dict[str, str]]:
    """The rows of subscriptions, their billing begun so late that nothing falls due before the window.

    Billing as it is, or taken over some time before the window, or where nothing can be due.
    """
    latest = window.first - grace_days * ONE_DAY
    takeovers: list[datetime | None] = [
        None,
        *(first_instant(zone_name, latest - days * ONE_DAY) for days in (31, 12)),
    ]
    takeovers = draw(st.permutations(takeovers))
    day = latest + draw(st.integers(0, 3)) * ONE_DAY
    takeovers.append(first_instant(zone_name, day))
    for takeover in takeovers:
        found = [_taken_over(row, takeover) for row in rows["accounts/subscriptions"]]
        due = due_periods(
            catalog_of({**rows, "accounts/subscriptions": found}), window.first - ONE_DAY
        )
        if not due:
            return found
    raise AssertionError("billing that begins in the window has nothing due before it")


def _taken_over(row: dict[str, str], takeover: datetime | None) -> dict[str, str]:
    if takeover is None or datetime.fromisoformat(row["started_at"]) >= takeover:
        return row
    return {**row, "billing_starts_at": takeover.isoformat()}


def catalog_of(rows: Rows) -> Catalog:
    """What decides the periods of rows: their catalog without usage, subscriptions as they began and ended."""
    needed = {table: own for table, own in rows.items() if table in TABLES_OF_LIVES and own}
    with tempfile.TemporaryDirectory() as folder:
        return with_timelines(read_catalog(write_tables(Path(folder), needed)))


def lived(rows: Rows, window: Window) -> list[DrawnSubscription]:
    """The subscriptions that are billed at all, as they really began and ended."""
    catalog = catalog_of(rows)
    own_rows = {row["subscription_id"]: row for row in rows["accounts/subscriptions"]}
    found: list[DrawnSubscription] = []
    for subscription in catalog.subscriptions:
        terms = terms_of(catalog, subscription)
        changes = {
            instant
            for family in terms.fee_families
            for period in takewhile(lambda one: one.start <= window.through, terms.periods(family))
            for instant in terms.bounds(period)
        }
        found.append(
            LivedSubscription(
                row=own_rows[subscription.subscription_id],
                zone_name=terms.zone_name,
                span=Span(terms.first_day, terms.last_day),
                interval=terms.interval("base"),
                billing_starts_at=subscription.billing_begins_at,
                ended_at=subscription.ended_at,
                changes=tuple(sorted({*changes, subscription.started_at})),
            )
        )
    return found


@st.composite
def known_late(
    draw: st.DrawFn, rows: list[dict[str, str]], window: Window, zone_name: str
) -> tuple[frozenset[str], frozenset[str]]:
    """Which rows and ends the closes through the window's middle do not know: all later ones, or none."""
    if draw(st.integers(0, 7)) == 0:
        return frozenset(), frozenset()
    since = first_instant(zone_name, window.middle + ONE_DAY)

    def late(column: str) -> frozenset[str]:
        return frozenset(
            row["subscription_id"]
            for row in rows
            if row[column] and datetime.fromisoformat(row[column]) >= since
        )

    return late("started_at"), late("ended_at")


# Plans and charges.


@st.composite
def life_plans(
    draw: st.DrawFn, number: int, currency: str, change_day: date, *, is_cut: bool
) -> list[dict[str, str]]:
    """The rows of the plan of a number: constant, changed, corrected, or overridden for the subscription of it.

    `is_cut`: mostly in advance, and for money.
    """
    interval = draw(st.sampled_from(INTERVALS))
    is_long = interval not in ("weekly", "monthly")
    money = st.one_of(
        st.sampled_from(["99", "310"] if is_cut else ["0", "99"]),
        decimals_of(900, minor_unit(currency)),
    )
    commits, is_limited = draw(
        st.sampled_from([(True, False), (False, True), (True, True)] + [(False, False)] * 3)
    )
    terms = {
        "plan_code": f"{PRICES}plan{number}",
        "plan_name": "A plan",
        "interval": interval,
        "is_pay_in_advance": str(draw(st.sampled_from([True, is_cut, False]))).lower(),
        "currency": currency,
        "trial_days": draw(st.sampled_from(TRIALS)),
        "bills_charges_monthly": str(is_long and draw(st.booleans())).lower(),
        "bills_fixed_charges_monthly": str(is_long and draw(st.booleans())).lower(),
    }
    scopes = draw(validities_of(change_day))
    if draw(st.integers(0, 5)) == 0:
        scopes = [*scopes[:1], {**scopes[0], "subscription_id": f"{COPY}sub{number}"}]
        scopes = [{**one, "valid_to": ""} for one in scopes]
    return [
        {
            **terms,
            "amount": draw(money),
            **draw(limits(money, commits=commits, is_limited=is_limited)),
            **scope,
        }
        for scope in scopes
    ]


@st.composite
def limits(
    draw: st.DrawFn, money: st.SearchStrategy[str], *, commits: bool, is_limited: bool
) -> dict[str, str]:
    """A plan's commitment and maximum, which is not below it."""
    commitment = draw(money) if commits else ""
    maximum = draw(money) if is_limited else ""
    return {
        "minimum_commitment_amount": commitment,
        "maximum_amount": not_below(maximum, commitment),
    }


def with_allowed_maximums(rows: Rows) -> Rows:
    """The rows without maximums of plans with charges in advance, and those of plans in advance not below their fee."""
    in_advance = {
        row["plan_code"]
        for table in ("prices/charges", "prices/fixed_charges")
        for row in rows.get(table, [])
        if row.get("is_pay_in_advance") == "true"
    }

    def allowed(row: dict[str, str]) -> str:
        if row["plan_code"] in in_advance:
            return ""
        maximum = row["maximum_amount"]
        return not_below(maximum, row["amount"]) if row["is_pay_in_advance"] == "true" else maximum

    plans = [{**row, "maximum_amount": allowed(row)} for row in rows["prices/plans"]]
    return {**rows, "prices/plans": plans}

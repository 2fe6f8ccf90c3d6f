"""Random lives of one external id, drawn by hypothesis: zones, plans of every interval, changes, ends and returns.

Belongs here: rows of subscriptions over ten years, and their plans. Does not belong here: usage, charges and credits
(see `random_companies`); what becomes of the rows (see `timelines`). Ids hold the marks of `random_rows`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from .periods import MONTHS, ONE_DAY, first_instant, local_date
from .random_rows import ALWAYS, COPY, PRICES, RECORDED, instants_between

Rows = dict[str, list[dict[str, str]]]

# Midnights that a clock skips or repeats, offsets of half and quarter hours, a day left out, rules that changed lately.
ZONES_OF_LIVES = (
    "UTC",
    "America/Havana",
    "Africa/Cairo",
    "Atlantic/Azores",
    "Asia/Beirut",
    "America/Asuncion",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "America/St_Johns",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Asia/Almaty",
    "Africa/Casablanca",
    "America/New_York",
    "Europe/Berlin",
)
INTERVALS = ("weekly", *MONTHS)
EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
HORIZON = datetime(2026, 1, 1, tzinfo=UTC)
GAPS = (
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(hours=5),
    timedelta(days=1),
    timedelta(days=12),
    timedelta(days=45),
    timedelta(days=400),
    timedelta(days=1500),
)


@st.composite
def lives(draw: st.DrawFn) -> Rows:
    """Customer, plans and up to seven rows of subscriptions of one external id; entities are the caller's.

    Each row asks for a plan some time after the one before; some are ended, some at a local midnight.
    """
    zone_name = draw(st.sampled_from(ZONES_OF_LIVES))
    plans = draw(st.integers(1, 4))
    rows: Rows = {
        "accounts/customers": [
            {
                "customer_id": f"{COPY}customer",
                "customer_name": "A customer",
                "billing_entity_code": "prompt",
                "timezone": zone_name,
            }
        ],
        "prices/plans": [draw(plan_of_life(number)) for number in range(plans)],
        "accounts/subscriptions": [],
    }
    asked_at = draw(instants_between(EARLIEST, EARLIEST + timedelta(days=800)))
    billing_time = draw(st.sampled_from(["calendar", "anniversary"]))
    for number in range(draw(st.integers(1, 7))):
        asked_at = draw(_at_times_midnight(zone_name, asked_at))
        rows["accounts/subscriptions"].append(
            {
                "subscription_id": f"{COPY}sub{number}",
                "external_subscription_id": f"{COPY}ext",
                "customer_id": f"{COPY}customer",
                "plan_code": f"{PRICES}plan{draw(st.integers(0, plans - 1))}",
                "started_at": asked_at.isoformat(),
                "ended_at": draw(_end(zone_name, asked_at)),
                "billing_starts_at": draw(_takeover(asked_at)) if number == 0 else "",
                "billing_time": billing_time,
                "recorded_at": RECORDED,
            }
        )
        gap = draw(st.sampled_from(GAPS))
        asked_at = draw(
            st.one_of(st.just(asked_at + gap), instants_between(asked_at, asked_at + gap))
        )
    return rows


@st.composite
def plan_of_life(draw: st.DrawFn, number: int) -> dict[str, str]:
    """A plan of any interval, its amounts near enough that both upgrades and downgrades occur."""
    interval = draw(st.sampled_from(INTERVALS))
    is_long = interval not in ("weekly", "monthly")
    yearly = draw(st.sampled_from([0, 364, 365, 600, 1200]))
    return {
        "plan_code": f"{PRICES}plan{number}",
        "plan_name": "A plan",
        "interval": interval,
        "is_pay_in_advance": draw(st.sampled_from(["false", "true"])),
        "amount": str(yearly // (52 if interval == "weekly" else 12 // MONTHS[interval])),
        "currency": "USD",
        "trial_days": draw(st.sampled_from(["", "0", "7", "30", "400"])),
        "bills_charges_monthly": str(is_long and draw(st.booleans())).lower(),
        "bills_fixed_charges_monthly": str(is_long and draw(st.booleans())).lower(),
        "valid_from": ALWAYS,
        "recorded_at": RECORDED,
    }


@st.composite
def _at_times_midnight(draw: st.DrawFn, zone_name: str, instant: datetime) -> datetime:
    """The instant, or the first one of its local day's successor."""
    if draw(st.integers(0, 3)) > 0:
        return instant
    return first_instant(zone_name, local_date(instant, zone_name) + ONE_DAY)


@st.composite
def _end(draw: st.DrawFn, zone_name: str, started_at: datetime) -> str:
    if draw(st.integers(0, 2)) > 0:
        return ""
    gap = draw(st.sampled_from(GAPS[1:]))
    ended_at = draw(instants_between(started_at + GAPS[1], started_at + gap))
    return draw(_at_times_midnight(zone_name, ended_at)).isoformat()


@st.composite
def _takeover(draw: st.DrawFn, started_at: datetime) -> str:
    """Where billing begins later than the subscription: one that was billed elsewhere before."""
    if draw(st.integers(0, 3)) > 0:
        return ""
    return (started_at + draw(st.sampled_from(GAPS[2:6]))).isoformat()

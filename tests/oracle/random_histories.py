"""Random customers whose past changes: what each of a few closes knows of them.

Belongs here: which rows and lines become known when. Does not belong here: the customers themselves (see
`random_life`), files and any amount.

What the rules leave open is not drawn: usage that names only a customer of several subscriptions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hypothesis import strategies as st

from .periods import first_instant
from .random_charges import Rows
from .random_life import catalog_of, life_examples
from .random_rows import ENTITIES, Example, UsageLine, Window

WINTER_2025 = Window("winter 2025, month by month", date(2024, 12, 15), date(2025, 2, 20))
# When a company's closes run: all that fell due before is billed then.
CLOSE_DATES = (date(2025, 2, 1), date(2025, 3, 1), date(2025, 4, 1))
STEPS = range(len(CLOSE_DATES))
LATE_STEPS = STEPS[1:]
SUBSCRIPTIONS = "accounts/subscriptions"
PRICE_TABLES = (
    "prices/charges",
    "prices/charge_filters",
    "prices/charge_filter_values",
    "prices/charge_tiers",
)
KEY = ("plan_code", "subscription_id", "first_month", "valid_from", "recorded_at")
OTHER_PRICES = {
    "amount": ("12", "0", "250"),
    "units": ("0", "2", "7.5"),
    "unit_amount": ("0.25", "0", "3"),
    "package_amount": ("0.25", "0", "3"),
    "fixed_amount": ("0.25", "0"),
    "rate": ("1.5", "0"),
}


@dataclass(frozen=True)
class History:
    """What each close knows: all rows of the catalog, and the lines of usage that have come since the one before."""

    catalogs: tuple[Rows, ...]
    batches: tuple[tuple[UsageLine, ...], ...]


@st.composite
def histories(draw: st.DrawFn, window: Window = WINTER_2025) -> History:
    """One customer: as `life_examples`, but with much of it known late, corrected, backdated or withdrawn."""
    example = draw(life_examples(window))
    rows = draw(with_policies(draw(mostly_monthly(example.rows))))
    lived = draw(lives_as_known(rows[SUBSCRIPTIONS], window))
    new = [
        [draw(corrections(rows, step, number)) for number in range(draw(st.integers(0, 2)))]
        for step in LATE_STEPS
    ]
    at_once = [rows[SUBSCRIPTIONS] for _ in STEPS]
    of_usage = [[one for one in own if "prices/plans" not in one] for own in new]
    possible = [as_known(rows, *known) for known in ((lived, new), (at_once, new))]
    catalogs = next(filter(subscriptions_stay, possible), as_known(rows, at_once, of_usage))
    lines = without_guesses(example, rows)
    arrivals = [draw(st.sampled_from([0, *STEPS])) for _ in lines]
    batches = [
        tuple(line for line, arrival in zip(lines, arrivals, strict=True) if arrival == step)
        for step in STEPS
    ]
    return History(tuple(catalogs), tuple(batches))


def as_known(
    rows: Rows, lived: Sequence[list[dict[str, str]]], new: Sequence[Sequence[Rows]]
) -> list[Rows]:
    """The catalogs of the closes: the subscriptions known by then, and all corrections that came since the first."""
    catalogs = []
    for step, own in enumerate(lived):
        known = {"", *(row["subscription_id"] for row in own)}
        tables = {**rows, SUBSCRIPTIONS: own}
        for correction in (one for ones in new[:step] for one in ones):
            for table, added in correction.items():
                tables[table] = [*tables[table], *added]
        catalogs.append(
            {
                table: [row for row in found if row.get("subscription_id", "") in known]
                for table, found in tables.items()
            }
        )
    return catalogs


def without_guesses(example: Example, rows: Rows) -> list[UsageLine]:
    """The lines without those that name only the customer, where it has several subscriptions."""
    if len(rows[SUBSCRIPTIONS]) == 1:
        return list(example.lines)
    return [
        line
        for line in example.lines
        if line.shape == "raw" or "external_subscription_id" in line.record
    ]


@st.composite
def mostly_monthly(draw: st.DrawFn, rows: Rows) -> Rows:
    """The rows, most plans of long intervals made monthly: others are not looked at again within a few closes."""
    monthly = {
        plan
        for plan in sorted({row["plan_code"] for row in rows["prices/plans"]})
        if draw(st.integers(0, 3)) > 0
    }
    terms = {
        "interval": "monthly",
        "bills_charges_monthly": "false",
        "bills_fixed_charges_monthly": "false",
    }
    plans = [
        {**row, **terms} if row["plan_code"] in monthly and row["interval"] != "weekly" else row
        for row in rows["prices/plans"]
    ]
    return {**rows, "prices/plans": plans}


@st.composite
def with_policies(draw: st.DrawFn, rows: Rows) -> Rows:
    """The rows, some plans with a policy of what is adjusted."""
    policies = {
        plan: {
            "adjustment_days": draw(st.sampled_from(["", "", "", "0", "20", "45"])),
            "adjustment_minimum_amount": draw(st.sampled_from(["", "", "", "2", "30"])),
        }
        for plan in sorted({row["plan_code"] for row in rows["prices/plans"]})
    }
    plans = [{**row, **policies[row["plan_code"]]} for row in rows["prices/plans"]]
    return {**rows, "prices/plans": plans}


# Subscriptions.


@st.composite
def lives_as_known(
    draw: st.DrawFn, rows: Sequence[dict[str, str]], window: Window
) -> list[list[dict[str, str]]]:
    """The rows of subscriptions as each close knows them; a row is not known before those of its id that precede it."""
    known: list[list[dict[str, str]]] = [[] for _ in STEPS]
    for external_id in dict.fromkeys(row["external_subscription_id"] for row in rows):
        own = [row for row in rows if row["external_subscription_id"] == external_id]
        since = 0
        for number, row in enumerate(own):
            since = max(since, draw(st.sampled_from([0, 0, 0, *LATE_STEPS] if number else [0])))
            end_since = draw(st.sampled_from(STEPS))
            start_since = draw(st.sampled_from([0, *LATE_STEPS]))
            other_end, end_until = "", 0
            is_last = number == len(own) - 1
            if is_last and draw(st.integers(0, 2)) == 0:
                other_end = draw(an_end(row, window))
                end_until = draw(st.sampled_from(LATE_STEPS))
            other_start = ""
            if number == 0 and start_since:
                other_start = draw(another_start(row, own, window))
            if other_end and other_end <= other_start:
                other_end = ""
            for step in STEPS[since:]:
                as_known = dict(row)
                if step < end_since:
                    as_known["ended_at"] = ""
                if other_end and (end_until - 1 <= step < end_until):
                    as_known["ended_at"] = other_end
                if other_start and step < start_since:
                    as_known[beginning_of(row)] = other_start
                known[step].append(as_known)
    order = [row["subscription_id"] for row in rows]
    return [sorted(own, key=lambda row: order.index(row["subscription_id"])) for own in known]


@st.composite
def an_end(draw: st.DrawFn, row: dict[str, str], window: Window) -> str:
    """An end of a row within the window, after its start; blank where there is none."""
    begins = max(datetime.fromisoformat(row["started_at"]), first_instant("UTC", window.first))
    ends_at = begins + timedelta(days=draw(st.integers(0, 80)), hours=draw(st.integers(1, 23)))
    return ends_at.isoformat() if ends_at < first_instant("UTC", window.through) else ""


def beginning_of(row: dict[str, str]) -> str:
    """The column that says when billing begins."""
    return "billing_starts_at" if row.get("billing_starts_at") else "started_at"


@st.composite
def another_start(
    draw: st.DrawFn, row: dict[str, str], own: Sequence[dict[str, str]], window: Window
) -> str:
    """A start before or after the real one, before whatever follows it; blank where there is no room."""
    starts_at = datetime.fromisoformat(row[beginning_of(row)])
    other_at = starts_at + timedelta(days=draw(st.sampled_from([1, 3, 12, 40, -1, -12, -40])))
    ends = [row["ended_at"], *(other["started_at"] for other in own[1:])]
    ends.append(first_instant("UTC", window.through).isoformat())
    is_free = all(other_at < datetime.fromisoformat(end) for end in ends if end)
    return other_at.isoformat() if is_free else ""


def entity_rows() -> list[dict[str, str]]:
    """The shared entities."""
    return [
        {
            "billing_entity_code": code,
            "timezone": zone_name,
            "net_payment_days": str(net_payment_days),
            "grace_days": str(grace_days),
        }
        for code, zone_name, net_payment_days, grace_days in ENTITIES
    ]


def subscriptions_stay(catalogs: Sequence[Rows]) -> bool:
    """Whether every subscription that ever begins still does by all that is known later."""
    seen: set[str] = set()
    for rows in catalogs:
        catalog = catalog_of({**rows, "accounts/billing_entities": entity_rows()})
        begun = {one.subscription_id for one in catalog.subscriptions}
        if not seen <= begun:
            return False
        seen |= begun
    return True


# Prices.


@st.composite
def corrections(draw: st.DrawFn, rows: Rows, step: int, number: int) -> Rows:
    """New rows with other prices of some plan, charge or fixed charge, recorded after all that is known."""
    table = draw(st.sampled_from(["", "prices/plans", "prices/charges", "prices/fixed_charges"]))
    if not rows.get(table):
        return {}
    row = draw(st.sampled_from(rows[table]))
    recorded = {"recorded_at": f"2002-{step + 1:02}-{number + 1:02}T00:00:00Z"}
    if table != "prices/charges":
        tiers = [
            {**tier, **recorded}
            for tier in rows.get("prices/fixed_charge_tiers", [])
            if table == "prices/fixed_charges" and is_of(tier, row, "fixed_charge_code")
        ]
        own = {table: [{**draw(repriced(row)), **recorded}], "prices/fixed_charge_tiers": tiers}
        return {name: found for name, found in own.items() if found}
    found: Rows = {}
    for name in PRICE_TABLES:
        for one in rows.get(name, []):
            if is_of(one, row, "charge_code"):
                found.setdefault(name, []).append({**draw(repriced(one)), **recorded})
    return found


def is_of(one: dict[str, str], row: dict[str, str], code: str) -> bool:
    """Whether a row is one of the same plan, charge, scope and recording."""
    return all(one.get(column, "") == row.get(column, "") for column in (*KEY, code))


@st.composite
def repriced(draw: st.DrawFn, row: dict[str, str]) -> dict[str, str]:
    """The row with other prices in some of the cells that hold any."""
    changed = {
        column: draw(st.sampled_from(others))
        for column, others in OTHER_PRICES.items()
        if row.get(column) and draw(st.booleans())
    }
    return {**row, **changed}

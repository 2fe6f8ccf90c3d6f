"""Random rules of top-ups, and habits of paying, for customers drawn with credits.

Belongs here: rows that are added to an example, rules that closes know late or no longer, and how its payers pay. Does
not belong here: what the other draws leave in it, so that they stay as they are; what is paid (see `paying`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from .numbers import floor_to_scale, from_units, minor_unit
from .paying import WORDS
from .periods import ONE_DAY
from .random_charges import Rows
from .random_rows import ALWAYS, COPY, Example, Habit, Past, Window

Cells = dict[str, str]

RULES = "credits/top_up_rules"
RATES = ("", "1", "2", "0.5", "0.01", "100", "3", "0.007")
TRIGGERS = ("threshold", "threshold", "interval", "both")
METHODS = ("fixed", "fixed", "target")
FIXED = (
    *[("paid_credits",)] * 2,
    ("granted_credits",),
    ("paid_credits", "granted_credits"),
)
INTERVALS = ("weekly", "weekly", "monthly", "quarterly", "yearly")
# Most are paid in full, so that many lots count within the few closes of a window.
HABITS = (*["in full"] * 4, *WORDS)
MOST_WALLETS = 3
CREDIT_SCALE = 5


@st.composite
def with_top_ups(draw: st.DrawFn, examples: st.SearchStrategy[Example], window: Window) -> Example:
    """An example with up to three wallets that rules fill, and with invoices that are paid."""
    example = draw(examples)
    rows: Rows = {table: list(own) for table, own in example.rows.items()}
    currencies = list(dict.fromkeys(row["currency"] for row in rows.get("prices/plans", [])))
    wallets = [dict(row) for row in rows.get("credits/wallets", [])]
    if not wallets or draw(st.booleans()):
        wallets.append(
            {
                "wallet_id": f"{COPY}filled",
                "customer_id": f"{COPY}customer",
                "wallet_name": "Filled",
                "currency": draw(st.sampled_from(currencies or ["USD"])),
                "priority": str(draw(st.sampled_from([1, 2, 50]))),
            }
        )
        if draw(st.integers(0, 2)) == 0:
            closes = sorted(window.close_dates)[1:]
            wallets[-1]["expires_on"] = draw(st.sampled_from(closes)).isoformat()
    rules: list[Cells] = []
    for row in wallets[-MOST_WALLETS:]:
        row["rate"] = draw(st.sampled_from(RATES))
        rules.extend(draw(rules_of(row, window)))
    habits = draw(st.lists(habits_of(), min_size=1, max_size=3))
    pasts: tuple[Past, ...] = ()
    if draw(st.integers(0, 2)) == 0:
        rules, pasts = draw(known_rules(rules, window))
    rows |= {"credits/wallets": wallets, RULES: rules}
    return replace(example, rows=rows, habits=tuple(habits), pasts=pasts)


def habits_of() -> st.SearchStrategy[Habit]:
    """A word, up to eight days after the invoice, mostly told at once."""
    is_late = st.sampled_from([False, False, False, True])
    return st.builds(Habit, st.sampled_from(HABITS), st.integers(0, 8), is_late)


@st.composite
def known_rules(
    draw: st.DrawFn, rules: list[Cells], window: Window
) -> tuple[list[Cells], tuple[Past, ...]]:
    """The rules that the last closes know, and those that closes through another know: some come, some go."""
    days = sorted(window.close_dates)[:-1]
    when = [draw(st.sampled_from(["always", "comes", "goes"])) for _ in rules]
    before, after = (
        [row for row, word in zip(rules, when, strict=True) if word in ("always", own)]
        for own in ("goes", "comes")
    )
    return after, (Past(draw(st.sampled_from(days)), {RULES: before}),)


@st.composite
def rules_of(draw: st.DrawFn, wallet: Cells, window: Window) -> list[Cells]:
    """One rule of a wallet, or one by threshold beside a fixed one by dates; the wallet gets its limits."""
    trigger = draw(st.sampled_from(TRIGGERS))
    triggers = ["threshold", "interval"] if trigger == "both" else [trigger]
    found = []
    for number, one in enumerate(triggers):
        is_fixed = trigger == "both" and one == "interval"
        row = {
            "top_up_rule_id": f"{wallet['wallet_id']}_rule{number}",
            "wallet_id": wallet["wallet_id"],
            "trigger_type": one,
            "method": "fixed" if is_fixed else draw(st.sampled_from(METHODS)),
        }
        row |= draw(days_of(one, wallet, window))
        if one == "threshold":
            row["threshold_credits"] = draw(credits_of(wallet, 0, 6_000))
        row |= draw(amounts_of(wallet, row))
        found.append(row)
    limits = draw(limits_of(wallet, found))
    wallet |= limits
    for row in found:
        if limits and draw(st.integers(0, 3)) == 0:
            row["ignores_paid_top_up_limits"] = "true"
    return found


@st.composite
def days_of(draw: st.DrawFn, trigger: str, wallet: Cells, window: Window) -> Cells:
    """When a rule holds. The dates of one by interval are those of closes that the company has anyhow."""
    expires_on = wallet.get("expires_on") or date.max.isoformat()
    closes = [day for day in sorted(window.close_dates) if day.isoformat() < expires_on]
    if trigger == "threshold":
        starts = draw(st.sampled_from([ALWAYS, ALWAYS, *(day.isoformat() for day in closes)]))
        row = {"starts_on": starts}
    else:
        starts_on = draw(st.sampled_from(closes))
        fits = [one for one in INTERVALS if one != "weekly" or starts_on.weekday() == 0]
        row = {"starts_on": starts_on.isoformat(), "interval": draw(st.sampled_from(fits))}
    if draw(st.integers(0, 3)) == 0:
        first = max(date.fromisoformat(row["starts_on"]), window.first)
        days = max((window.through - first).days, 0)
        row["ends_on"] = (first + (1 + draw(st.integers(0, days))) * ONE_DAY).isoformat()
    return row


@st.composite
def amounts_of(draw: st.DrawFn, wallet: Cells, row: Cells) -> Cells:
    """What a rule puts in: credits that are sold, given, or both, or those that lack to a target."""
    if row["method"] == "target":
        above = Decimal(row.get("threshold_credits", "0"))
        more = Decimal(draw(credits_of(wallet, 1, 9_000)))
        found = {"target_ongoing_balance": format(above + more, "f")}
        if draw(st.integers(0, 2)) == 0:
            found["grants_target_top_up"] = "true"
        return found
    columns = draw(st.sampled_from(FIXED))
    return {column: draw(credits_of(wallet, 1, 3_000)) for column in columns}


@st.composite
def limits_of(draw: st.DrawFn, wallet: Cells, rules: list[Cells]) -> Cells:
    """The least and the most that is sold at once, or none; no rule that is fixed sells what they refuse."""
    scale, rate = minor_unit(wallet["currency"]), Decimal(wallet["rate"] or "1")
    sold = [Decimal(row["paid_credits"]) * rate for row in rules if row.get("paid_credits")]
    found = {}
    if draw(st.booleans()):
        most = Fraction(min(sold, default=from_units(9_000, scale)))
        part = draw(st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(1, 10)]))
        fewest = floor_to_scale(most * part, scale)
        if fewest:
            found["paid_top_up_min_amount"] = format(fewest, "f")
    if draw(st.booleans()):
        least = Fraction(max(sold, default=from_units(9_000, scale)))
        times = draw(st.sampled_from([Fraction(1), Fraction(3, 2), Fraction(4)]))
        most = floor_to_scale(least * times, scale) + from_units(1, scale)
        found["paid_top_up_max_amount"] = format(most, "f")
    return found


@st.composite
def credits_of(draw: st.DrawFn, wallet: Cells, least: int, most: int) -> str:
    """Credits that are worth up to `most` hundredths of a currency's hundredfold unit, and at least `least` of one.

    Some are worth no whole number of minor units.
    """
    scale, rate = minor_unit(wallet["currency"]), Fraction(wallet["rate"] or "1")
    units = draw(st.integers(least, most))
    worth = Fraction(from_units(units, scale))
    credits = floor_to_scale(worth / rate, CREDIT_SCALE)
    if Fraction(credits) * rate < worth:
        credits += from_units(1, CREDIT_SCALE)
    return format(credits, "f")

"""Shrinks a failing example: batched delta debugging, one company per round.

Belongs here: what can be left out of an example, and which combinations are tried. Does not belong here: what failing
means (the caller's `failing`), and any amount.

A close costs seconds whoever is in it, so that each round asks about many smaller examples at once: each reduction
alone, all those that were possible alone before together, and those less a part of them. The smallest that still fails
is where the next round begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from .random_rows import ALWAYS, PRICES, Example, Past

Row = dict[str, str]
Rows = dict[str, list[Row]]
Reduction = tuple[str | int, ...]
Failing = Callable[[Sequence[Example]], Sequence[bool]]

ROUNDS = 6
MOST_CANDIDATES = 90
CHARGE_KEY = (
    "plan_code",
    "charge_code",
    "subscription_id",
    "first_month",
    "valid_from",
    "recorded_at",
)
FIXED_CHARGE_KEY = ("fixed_charge_code", *CHARGE_KEY)
DETAILS = ("prices/charge_filters", "prices/charge_filter_values", "prices/charge_tiers")
REMOVABLE = (
    "accounts/subscriptions",
    "prices/charges",
    "prices/charge_filters",
    "prices/charge_tiers",
    "prices/fixed_charges",
    "prices/fixed_charge_tiers",
    "prices/usage_thresholds",
    "prices/billable_metrics",
    "credits/wallets",
    "credits/wallet_lots",
    "credits/wallet_targets",
    "credits/top_up_rules",
    "credits/coupons",
    "credits/coupon_targets",
    "credits/applied_coupons",
    "tax/customer_taxes",
    "tax/assigned_taxes",
    "tax/tax_checks",
    "tax/us_sales_taxes",
    "tax/tax_exemptions",
)
# Where the codes stand at which lines may be taxed.
CODES_OF_LEVELS = {
    "one_off_fee": ("accounts/one_off_fees", "one_off_fee_id"),
    "charge": ("prices/charges", "charge_code"),
    "add_on": ("prices/add_ons", "add_on_code"),
    "commitment": ("prices/plans", "plan_code"),
    "plan": ("prices/plans", "plan_code"),
}
# Cells that may be blank, together with those that only stand beside them.
BLANKABLE = {
    "prices/billable_metrics": (("rounding_function", "rounding_precision"), ("is_recurring",)),
    "prices/charges": (
        ("minimum_amount",),
        ("maximum_amount",),
        ("pricing_group_keys",),
        ("is_prorated",),
        ("is_pay_in_advance",),
        ("pricing_unit_code", "conversion_rate"),
        ("free_units",),
        ("fixed_amount",),
        ("free_units_per_events",),
        ("free_units_per_total_aggregation",),
        ("per_transaction_min_amount",),
        ("per_transaction_max_amount",),
    ),
    "prices/charge_tiers": (("flat_amount",),),
    "prices/plans": (
        ("trial_days",),
        ("bills_charges_monthly",),
        ("bills_fixed_charges_monthly",),
        ("minimum_commitment_amount",),
        ("maximum_amount",),
    ),
    "prices/fixed_charges": (("is_prorated",), ("is_pay_in_advance",)),
    "prices/fixed_charge_tiers": (("flat_amount",),),
    "accounts/subscriptions": (
        ("on_termination",),
        ("lifetime_usage_amount",),
        ("payer_customer_id",),
    ),
    "accounts/customers": (
        ("timezone",),
        ("payer_customer_id",),
        ("country", "zipcode"),
        ("zipcode",),
        ("vat_id",),
        ("county",),
        ("city",),
    ),
    "tax/tax_exemptions": (("valid_to",),),
    "tax/us_sales_taxes": (("valid_to",),),
    "credits/wallets": (("scope_fee_types",), ("expires_on",)),
    "credits/wallet_lots": (("priority",), ("expires_on",)),
    "credits/coupons": (("is_per_invoice",), ("expires_on",)),
    "credits/applied_coupons": (("ended_on",), ("used_amount",), ("used_periods",)),
}


def shrink(example: Example, failing: Failing, *, rounds: int = ROUNDS) -> Example:
    """The smallest example that was found to fail; `example` itself, if it does not fail alone.

    Args:
        example: one that fails.
        failing: which of some examples fail, each by itself; called once per round.
        rounds: how often at most.
    """
    done: frozenset[Reduction] = frozenset()
    possible: list[Reduction] = []
    for _ in range(rounds):
        candidates = _candidates(example, done, possible)
        if not candidates:
            break
        fails = failing([reduced(example, one) for one in candidates])
        found = [one for one, is_failing in zip(candidates, fails, strict=True) if is_failing]
        possible = [next(iter(one - done)) for one in found if len(one - done) == 1]
        best = min(found, key=lambda one: size(reduced(example, one)), default=done)
        if best == done:
            break
        done = best
        possible = [one for one in possible if one not in done]
    return reduced(example, done) if done else example


def size(example: Example) -> int:
    """How much there is to read: lines, rows, and cells of the rows that are not blank."""
    rows = [row for own in example.rows.values() for row in own]
    cells = sum(1 for row in rows for value in row.values() if value)
    return 100 * (len(example.lines) + len(rows)) + cells


def _candidates(
    example: Example, done: frozenset[Reduction], possible: list[Reduction]
) -> list[frozenset[Reduction]]:
    """Reductions to try upon those done: combinations first, so that a limit cuts off single ones."""
    before = reduced(example, done)
    left = [one for one in reductions(example) if reduced(example, done | {one}) != before]
    possible = [one for one in possible if one in left]
    found = [done | set(part) for part in [*_parts_removed(possible), *_parts_removed(left)]]
    found.extend(done | {one} for one in left)
    unique = dict.fromkeys(one for one in found if one != done and _is_whole(reduced(example, one)))
    return list(unique)[:MOST_CANDIDATES]


def _parts_removed(items: list[Reduction]) -> Iterator[list[Reduction]]:
    """All items, all less an eighth, a quarter, a half, and each of these parts."""
    if len(items) > 1:
        yield items
    for count in (2, 4, 8):
        if len(items) >= count:
            for number in range(count):
                part = items[number::count]
                yield [one for one in items if one not in part]
                yield part


def reductions(example: Example) -> list[Reduction]:
    """Everything that may be left out of an example, one by one: rows, lines, cells, changes of price."""
    found: list[Reduction] = []
    for table in REMOVABLE:
        rows = example.rows.get(table, [])
        found.extend(("row", table, number) for number in range(len(rows)))
    found.extend(("line", number) for number in range(len(example.lines)))
    found.extend(("past", number) for number in range(len(example.pasts)))
    for table in ("prices/plans", "tax/taxes"):
        rows = example.rows.get(table, [])
        found.extend(("only", table, number) for number in range(len(rows)))
    for table, columns in BLANKABLE.items():
        for number, row in enumerate(example.rows.get(table, [])):
            found.extend(("blank", table, number, *names) for names in columns if row.get(names[0]))
    return found


def reduced(example: Example, chosen: frozenset[Reduction]) -> Example:
    """The example without what is chosen, and without what belongs to nothing then or is refused without it."""
    rows: Rows = {}
    for table, own in example.rows.items():
        rows[table] = [
            _blanked(row, table, number, chosen)
            for number, row in enumerate(own)
            if ("row", table, number) not in chosen or _is_open_tier(own, number)
        ]
    for table, name in (("prices/plans", "plan_code"), ("tax/taxes", "tax_code")):
        for number, row in enumerate(example.rows.get(table, [])):
            if ("only", table, number) in chosen:
                others = [other for other in rows[table] if other[name] != row[name]]
                rows[table] = [*others, _constant(row)]
    lines = tuple(
        line for number, line in enumerate(example.lines) if ("line", number) not in chosen
    )
    rows = _without_idle_proration(_without_orphans(rows))
    pasts = tuple(
        _past_of(rows, past)
        for number, past in enumerate(example.pasts)
        if ("past", number) not in chosen
    )
    return replace(example, rows=rows, lines=lines, pasts=pasts)


def _past_of(rows: Rows, past: Past) -> Past:
    """The past of an example that has only these rows now: none of it names a row that is gone."""
    left = {row["subscription_id"] for row in rows["accounts/subscriptions"]}
    own = {
        table: [
            row
            for row in listed
            if table != "accounts/subscriptions" or row["subscription_id"] in left
        ]
        for table, listed in past.rows.items()
    }
    known = _without_orphans({**rows, **own})
    return replace(past, rows={table: known[table] for table in own})


def _blanked(row: Row, table: str, number: int, chosen: frozenset[Reduction]) -> Row:
    for one in chosen:
        if one[:3] == ("blank", table, number):
            row = {name: value for name, value in row.items() if name not in one[3:]}
    return row


def _is_open_tier(rows: list[Row], number: int) -> bool:
    return rows[number].get("up_to", "closed") == ""


def _constant(row: Row) -> Row:
    scope = ("subscription_id", "first_month", "last_month")
    kept = {name: value for name, value in row.items() if name not in scope}
    return {**kept, "valid_from": ALWAYS, "valid_to": ""}


def _key(row: Row, *more: str) -> tuple[str, ...]:
    return tuple(row.get(name, "") for name in (*CHARGE_KEY, *more))


def _fixed_key(row: Row) -> tuple[str, ...]:
    return tuple(row.get(name, "") for name in FIXED_CHARGE_KEY)


def _without_orphans(rows: Rows) -> Rows:
    """The rows without those that name a row which is gone; units that no charge names go too."""
    rows = dict(rows)

    def keep(table: str, is_kept: Callable[[Row], bool]) -> None:
        if table in rows:
            rows[table] = [row for row in rows[table] if is_kept(row)]

    def values(table: str, name: str) -> set[str]:
        return {row.get(name, "") for row in rows.get(table, [])}

    subscriptions = values("accounts/subscriptions", "subscription_id") | {""}
    plans = values("accounts/subscriptions", "plan_code")
    metrics = values("prices/billable_metrics", "metric_code")
    of_plans = ("prices/plans", "prices/charges", "prices/fixed_charges", "prices/usage_thresholds")
    for table in of_plans:
        keep(
            table,
            lambda row: (
                row["plan_code"] in plans and row.get("subscription_id", "") in subscriptions
            ),
        )
    keep("prices/charges", lambda row: row["metric_code"] in metrics)
    charges = {_key(row) for row in rows.get("prices/charges", [])}
    for table in DETAILS:
        keep(table, lambda row: _key(row) in charges)
    filters = {_key(row, "filter_code") for row in rows.get("prices/charge_filters", [])}
    for table in DETAILS[1:]:
        keep(table, lambda row: not row.get("filter_code") or _key(row, "filter_code") in filters)
    fixed = {_fixed_key(row) for row in rows.get("prices/fixed_charges", [])}
    keep("prices/fixed_charge_tiers", lambda row: _fixed_key(row) in fixed)
    units = values("prices/charges", "pricing_unit_code")
    keep("prices/pricing_units", lambda row: row["pricing_unit_code"] in units)
    wallets = values("credits/wallets", "wallet_id")
    keep("credits/wallet_lots", lambda row: row["wallet_id"] in wallets)
    keep("credits/wallet_targets", lambda row: row["wallet_id"] in wallets)
    keep("credits/top_up_rules", lambda row: row["wallet_id"] in wallets)
    coupons = values("credits/coupons", "coupon_code")
    for table in ("credits/coupon_targets", "credits/applied_coupons"):
        keep(table, lambda row: row["coupon_code"] in coupons)
    own_metrics, own_plans = (
        values(table, name) | {""}
        for table, name in (
            ("prices/billable_metrics", "metric_code"),
            ("prices/plans", "plan_code"),
        )
    )
    for table in ("credits/coupon_targets", "credits/wallet_targets"):
        keep(table, lambda row: row.get("metric_code", "") in own_metrics)
    keep("credits/coupon_targets", lambda row: row.get("plan_code", "") in own_plans)
    for level, (table, name) in CODES_OF_LEVELS.items():
        codes = values(table, name)
        keep(
            "tax/assigned_taxes",
            lambda row, level=level, codes=codes: row["level"] != level or row["code"] in codes,
        )
    bearing = ("tax/customer_taxes", "tax/assigned_taxes", "tax/us_sales_taxes")
    taxes = {code for table in bearing for code in values(table, "tax_code")}
    keep("tax/taxes", lambda row: row["tax_code"] in taxes)
    of_others = {code for code in values("tax/tax_exemptions", "tax_code") if PRICES not in code}
    keep("tax/tax_exemptions", lambda row: row["tax_code"] in taxes | of_others)
    return rows


def _without_idle_proration(rows: Rows) -> Rows:
    """The rows, no charge prorated whose metric does not recur (any more): the catalog refuses such a charge."""
    recurring = {
        row["metric_code"]
        for row in rows.get("prices/billable_metrics", [])
        if row.get("is_recurring") == "true"
    }
    charges = [
        row
        if row["metric_code"] in recurring or row.get("is_prorated") != "true"
        else {name: value for name, value in row.items() if name != "is_prorated"}
        for row in rows.get("prices/charges", [])
    ]
    return {**rows, "prices/charges": charges} if charges else rows


def _is_whole(example: Example) -> bool:
    """Whether it is still an example: a subscription, whose plan has a price."""
    plans = {row["plan_code"] for row in example.rows.get("prices/plans", [])}
    subscriptions = example.rows.get("accounts/subscriptions", [])
    return bool(subscriptions) and all(row["plan_code"] in plans for row in subscriptions)

"""Random coupons, levels of tax, wallets with scopes and expiring lots, and payers, for customers drawn without them.

Belongs here: rows that are added to an example. Does not belong here: what the other draws leave in it, so that they
stay as they are.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import strategies as st

from .numbers import from_units, minor_unit
from .periods import ONE_DAY
from .random_charges import Rows
from .random_rows import ALWAYS, COPY, PRICES, RECORDED, ZONES, Example, Window, decimals_of

LEVELS = ("one_off_fee", "charge", "add_on", "commitment", "plan")
SCOPES = ("subscription", "fixed_charge", "charge", "commitment", "add_on")
# Of each kind as often as the others: what it takes off, and for how long.
COUPON_TYPES = ("fixed", "percentage")
FREQUENCIES = ("once", "recurring", "forever")
MOST_COUPONS = 8
ENTITY_TAX = "entity_tax"
TAXED_ENTITIES = ("berlin", "week")


@st.composite
def with_credits(draw: st.DrawFn, examples: st.SearchStrategy[Example], window: Window) -> Example:
    """An example with coupons, taxes of lines and wallets, each of them in most, and with payers, in half of all."""
    example = draw(examples)
    rows: Rows = {table: list(own) for table, own in example.rows.items()}
    parts = [
        draw(coupons_of(window, rows)),
        draw(assigned_taxes_of(rows)),
        draw(wallets_of(window, rows)),
    ]
    for part in parts:
        for table, own in part.items():
            known = [] if table.startswith("credits/wallet") else rows.get(table, [])
            rows[table] = [*known, *own]
    if draw(st.booleans()):
        rows = draw(payers_of(rows))
    return replace(example, rows=rows)


def _codes(rows: Rows, table: str, column: str) -> list[str]:
    return list(dict.fromkeys(row[column] for row in rows.get(table, [])))


@st.composite
def _days_in(draw: st.DrawFn, window: Window) -> str:
    """A day from shortly before a window to its end."""
    days = (window.through - window.first).days
    return (window.first + draw(st.integers(-5, days + 1)) * ONE_DAY).isoformat()


def _money(currency: str, most: int) -> st.SearchStrategy[str]:
    return st.integers(1, most).map(
        lambda units: format(from_units(units, minor_unit(currency)), "f")
    )


# Coupons.


@st.composite
def coupons_of(draw: st.DrawFn, window: Window, rows: Rows) -> Rows:
    """Coupons of the customer, some applied twice, never more than may be in force at once."""
    currencies = _codes(rows, "prices/plans", "currency") or ["USD"]
    found: Rows = {
        "credits/coupons": [],
        "credits/coupon_targets": [],
        "credits/applied_coupons": [],
    }
    for number in range(draw(st.sampled_from([0, 1, 2, 3, 3, 4, 5]))):
        code = f"{PRICES}coupon{number}"
        row = draw(
            coupon_row(code, draw(st.sampled_from([*currencies, *currencies, "USD"])), window)
        )
        found["credits/coupons"].append(row)
        targets = draw(targets_of(code, rows))
        found["credits/coupon_targets"].extend(targets)
        for again in range(draw(st.sampled_from([1, 1, 1, 2]))):
            if len(found["credits/applied_coupons"]) < MOST_COUPONS:
                applied = draw(applied_row(f"{COPY}applied{number}_{again}", row, window))
                found["credits/applied_coupons"].append(applied)
    return found


@st.composite
def coupon_row(draw: st.DrawFn, code: str, currency: str, window: Window) -> dict[str, str]:
    frequency = draw(st.sampled_from(FREQUENCIES))
    row = {
        "coupon_code": code,
        "coupon_name": "A coupon",
        "coupon_type": draw(st.sampled_from(COUPON_TYPES)),
        "frequency": frequency,
    }
    if row["coupon_type"] == "fixed":
        row |= {"amount": draw(_money(currency, 9_999)), "currency": currency}
    else:
        rates = decimals_of(99, 5).map(lambda text: text if Decimal(text) else "0.00001")
        row["rate_percent"] = draw(st.one_of(st.sampled_from(["5", "10", "50", "99.99999"]), rates))
    if frequency == "recurring":
        row["frequency_duration"] = str(draw(st.integers(1, 3)))
    if frequency != "once" and draw(st.integers(0, 2)) == 0:
        row["is_per_invoice"] = "true"
    if draw(st.integers(0, 3)) == 0:
        row["expires_on"] = draw(_days_in(window))
    return row


@st.composite
def targets_of(draw: st.DrawFn, code: str, rows: Rows) -> list[dict[str, str]]:
    """All plans or all metrics, up to two of them, or none."""
    column, table = draw(
        st.sampled_from([("plan_code", "prices/plans"), ("metric_code", "prices/charges")])
    )
    codes = _codes(rows, table, column)
    if not codes or draw(st.integers(0, 2)) == 0:
        return []
    chosen = draw(st.lists(st.sampled_from(codes), min_size=1, max_size=2, unique=True))
    return [{"coupon_code": code, column: one} for one in chosen]


@st.composite
def applied_row(
    draw: st.DrawFn, name: str, coupon: dict[str, str], window: Window
) -> dict[str, str]:
    row = {
        "applied_coupon_id": name,
        "coupon_code": coupon["coupon_code"],
        "customer_id": f"{COPY}customer",
        "applied_on": draw(st.one_of(st.just(ALWAYS), _days_in(window))),
    }
    if draw(st.integers(0, 5)) == 0:
        row["ended_on"] = max(draw(_days_in(window)), row["applied_on"])
    is_once = coupon["frequency"] == "once"
    if is_once and coupon["coupon_type"] == "fixed" and draw(st.integers(0, 3)) == 0:
        row["used_amount"] = str(Decimal(coupon["amount"]) - Decimal(draw(_part_of(coupon))))
    if coupon["frequency"] == "recurring" and draw(st.integers(0, 3)) == 0:
        row["used_periods"] = str(draw(st.integers(0, int(coupon["frequency_duration"]))))
    return row


def _part_of(coupon: dict[str, str]) -> st.SearchStrategy[str]:
    """What is left of a coupon's amount: nothing, all, or its smallest part."""
    amount = Decimal(coupon["amount"])
    smallest = Decimal(1).scaleb(-minor_unit(coupon["currency"]))
    return st.sampled_from([Decimal(0), amount, smallest]).map(str)


# Taxes of lines.


@st.composite
def assigned_taxes_of(draw: st.DrawFn, rows: Rows) -> Rows:
    """Two more taxes, and some of all at some of the levels; that of the entity is not an example's own."""
    taxes = [
        {
            "tax_code": f"{PRICES}level{number}",
            "tax_name": "A tax of lines",
            "rate_percent": draw(st.one_of(st.sampled_from(["5", "20"]), decimals_of(30, 5))),
            "valid_from": ALWAYS,
            "recorded_at": RECORDED,
        }
        for number in range(2)
    ]
    tax_codes = [one["tax_code"] for one in taxes]
    codes = {
        "one_off_fee": _codes(rows, "accounts/one_off_fees", "one_off_fee_id"),
        "charge": _codes(rows, "prices/charges", "charge_code"),
        "add_on": _codes(rows, "prices/add_ons", "add_on_code"),
        "commitment": _codes(rows, "prices/plans", "plan_code"),
        "plan": _codes(rows, "prices/plans", "plan_code"),
    }
    found = []
    for level in LEVELS:
        for code in codes[level]:
            if draw(st.integers(0, 2)) == 0:
                own = draw(
                    st.lists(st.sampled_from(tax_codes), min_size=1, max_size=2, unique=True)
                )
                found.extend({"level": level, "code": code, "tax_code": one} for one in own)
    return {"tax/taxes": taxes, "tax/assigned_taxes": found}


def entity_taxes() -> Rows:
    """A tax of some entities, which all examples share: written where any of them has taxes of lines."""
    tax = {
        "tax_code": ENTITY_TAX,
        "tax_name": "A tax of an entity",
        "rate_percent": "7.5",
        "valid_from": ALWAYS,
        "recorded_at": RECORDED,
    }
    assigned = [
        {"level": "entity", "code": code, "tax_code": ENTITY_TAX} for code in TAXED_ENTITIES
    ]
    return {"tax/taxes": [tax], "tax/assigned_taxes": assigned}


# Wallets.


@st.composite
def wallets_of(draw: st.DrawFn, window: Window, rows: Rows) -> Rows:
    """The drawn wallets with one more, scopes, and lots with priorities and expiries."""
    currency = draw(st.sampled_from(_codes(rows, "prices/plans", "currency") or ["USD"]))
    wallets = [dict(row) for row in rows.get("credits/wallets", [])]
    lots = [dict(row) for row in rows.get("credits/wallet_lots", [])]
    metrics = _codes(rows, "prices/charges", "metric_code")
    for number in range(draw(st.sampled_from([0, 1, 2]))):
        name = f"{COPY}scoped{number}"
        wallets.append(
            {
                "wallet_id": name,
                "customer_id": f"{COPY}customer",
                "wallet_name": "Credits",
                "currency": currency,
                "priority": str(draw(st.sampled_from([1, 2, 50]))),
            }
        )
        lots.extend(
            {
                "lot_id": f"{name}_lot{lot_number}",
                "wallet_id": name,
                "lot_kind": draw(st.sampled_from(["granted", "purchased"])),
                "amount": draw(_money(currency, 9_999)),
                "granted_on": (window.first - draw(st.integers(0, 9)) * ONE_DAY).isoformat(),
            }
            for lot_number in range(draw(st.integers(1, 3)))
        )
    targets = []
    for row in wallets:
        words = draw(st.lists(st.sampled_from(SCOPES), max_size=2, unique=True))
        row["scope_fee_types"] = ",".join(words)
        if metrics and draw(st.integers(0, 2)) == 0:
            targets.append(
                {"wallet_id": row["wallet_id"], "metric_code": draw(st.sampled_from(metrics))}
            )
        if draw(st.integers(0, 7)) == 0:
            # After its last lot: the catalog refuses a grant to a wallet that has expired.
            granted = [lot["granted_on"] for lot in lots if lot["wallet_id"] == row["wallet_id"]]
            last = type(window.first).fromisoformat(max(granted, default=window.first.isoformat()))
            row["expires_on"] = (max(window.through, last) + ONE_DAY).isoformat()
    for row in lots:
        if draw(st.booleans()):
            day = max(draw(_days_in(window)), row["granted_on"])
            row["expires_on"] = (type(window.first).fromisoformat(day) + ONE_DAY).isoformat()
        if draw(st.integers(0, 3)) == 0:
            row["priority"] = str(draw(st.sampled_from([1, 49, 50])))
    return {
        "credits/wallets": wallets,
        "credits/wallet_lots": lots,
        "credits/wallet_targets": targets,
    }


# Payers.


@st.composite
def payers_of(draw: st.DrawFn, rows: Rows) -> Rows:
    """The rows with a payer and a neighbour in other zones, among whom what one customer had is parted."""
    own = f"{COPY}customer"
    payer, neighbour = f"{own}_payer", f"{own}_neighbour"
    found = {table: [dict(row) for row in listed] for table, listed in rows.items()}
    [customer] = found["accounts/customers"]
    for name in (payer, neighbour):
        other = customer | {"customer_id": name, "timezone": draw(st.sampled_from(ZONES))}
        found["accounts/customers"].append(other)
    for row in (found["accounts/customers"][0], found["accounts/customers"][2]):
        if draw(st.integers(0, 3)):
            row["payer_customer_id"] = payer
    # Subscriptions that follow each other are of different customers, so that invoices are for several.
    order = draw(st.permutations([own, neighbour, payer]))
    users: dict[str, str] = {}
    for row in found["accounts/subscriptions"]:
        users.setdefault(row["external_subscription_id"], order[len(users) % len(order)])
    payers: dict[str, str] = {}
    for row in found["accounts/subscriptions"]:
        user = row["customer_id"] = users[row["external_subscription_id"]]
        # A payer of its own: who uses, or the one who is nobody's customer.
        choices = ["", "", "", "", user, payer]
        payers.setdefault(row["subscription_id"], draw(st.sampled_from(choices)))
        if payers[row["subscription_id"]]:
            row["payer_customer_id"] = payers[row["subscription_id"]]
    for table in ("credits/wallets", "credits/applied_coupons", "accounts/one_off_fees"):
        for row in found.get(table, []):
            row["customer_id"] = draw(st.sampled_from([own, payer, payer, neighbour]))
    for row in list(found.get("tax/customer_taxes", [])):
        for name in (payer, neighbour):
            if draw(st.booleans()):
                found["tax/customer_taxes"].append(row | {"customer_id": name})
    return found

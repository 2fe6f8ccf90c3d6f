"""What can be loaded but is hardly meant: prices with gaps, filters and tiers out of reach, usage that nobody pays for.

Belongs here: findings on a catalog that all `checks` have passed, and how grave each is. Does not belong here: what
makes a catalog impossible to load by itself (`checks`), and what earlier closes billed by (`history`).

An error blocks the load: usage would be free on days between two prices, or a price that was agreed could never apply.
A warning does not, because there are companies that mean it: a metric that is only watched, a customer without tax.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from orchestration.catalog.charge_rows import (
    CHARGES,
    FILTERS,
    FIXED_CHARGES,
    METRICS,
    PLANS,
    TIERS,
    VALUES,
    Tables,
    by_key,
    charge_key,
    filter_key,
)
from orchestration.catalog.coverage import correction_problems, gap_problems, uncovered_problems
from orchestration.catalog.findings import ERROR, WARNING, Finding, findings
from orchestration.catalog.payer_checks import payer_of
from orchestration.catalog.validate import Row

WALLETS = "credits/wallets.csv"
# Values that a filter matches, by property name.
Box = dict[str, frozenset[str]]

# More boxes than this and a filter passes for one that can match: nobody writes such a catalog by hand.
_MOST_BOXES = 2000


def lint(tables: Tables) -> Iterator[Finding]:
    """Every finding on a catalog without problems, errors first."""
    for severity, subject, find in _FINDERS:
        yield from findings(severity, subject, find(tables))


def gaps(tables: Tables) -> Iterator[str]:
    """Days between two rows of a plan, charge, fixed charge or tax on which none is in force."""
    plans, charges = tables["plans"], tables["charges"]
    yield from gap_problems(PLANS, "plan '{plan_code}'", plans, ("plan_code",))
    noun = "charge '{charge_code}' of plan '{plan_code}'"
    yield from gap_problems(CHARGES, noun, charges, ("plan_code", "charge_code"))
    noun = "fixed charge '{fixed_charge_code}' of plan '{plan_code}'"
    fixed_charges = tables["fixed_charges"]
    yield from gap_problems(FIXED_CHARGES, noun, fixed_charges, ("plan_code", "fixed_charge_code"))
    yield from gap_problems("tax/taxes.csv", "tax '{tax_code}'", tables["taxes"], ("tax_code",))


def uncovered(tables: Tables) -> Iterator[str]:
    """Corrections that end too early, and subscriptions that outlive the rows of their plan."""
    yield from correction_problems(PLANS, tables["plans"], ("plan_code",))
    yield from correction_problems(CHARGES, tables["charges"], ("plan_code", "charge_code"))
    key = ("plan_code", "fixed_charge_code")
    yield from correction_problems(FIXED_CHARGES, tables["fixed_charges"], key)
    yield from uncovered_problems(tables)


def unpriced_metrics(tables: Tables) -> Iterator[str]:
    """Metrics that no charge prices: their events are metered and never billed."""
    priced = {row["metric_code"] for row in tables["charges"]}
    for row in tables["billable_metrics"]:
        if row["metric_code"] not in priced:
            yield (
                f"{METRICS} row {row.line}: no charge prices metric '{row['metric_code']}', its usage is free; "
                f"add a charge to {CHARGES}, or leave it if it is only watched"
            )


def unreachable_tiers(tables: Tables) -> Iterator[str]:
    """Volume tiers between whose bounds no quantity of the metric lies, such as 10 to 10.5 calls."""
    charges = {charge_key(row): row for row in tables["charges"]}
    metrics = {row["metric_code"]: row for row in tables["billable_metrics"]}
    for rows in by_key(tables["charge_tiers"], filter_key).values():
        charge = charges[charge_key(rows[0])]
        step = _smallest_step(metrics[charge["metric_code"]], charge)
        if charge["charge_model"] != "volume" or step is None:
            continue
        previous = Decimal(0)
        for row in rows[:-1]:
            if row["up_to"] // step == previous // step:
                yield (
                    f"{TIERS} row {row.line}: no quantity of metric '{charge['metric_code']}' lies above "
                    f"{previous:f} and up to {row['up_to']:f}, it comes in steps of {step:f}; remove the tier"
                )
            previous = row["up_to"]


def _smallest_step(metric: Row, charge: Row) -> Decimal | None:
    """The number of which every quantity of the metric is a multiple; None if there is none."""
    steps = []
    if metric["aggregation_type"] in ("count", "unique_count"):
        steps.append(Decimal(1))
    if metric["rounding_function"] is not None and not charge["is_prorated"]:
        steps.append(Decimal(1).scaleb(-metric["rounding_precision"]))
    return max(steps, default=None)


def filters_without_a_match(tables: Tables) -> Iterator[str]:
    """Filters that match no event: without values, or always behind a filter of the same properties above them."""
    values = by_key(tables["charge_filter_values"], filter_key)
    for rows in by_key(tables["charge_filters"], charge_key).values():
        before: list[tuple[Row, Box]] = []
        for row in rows:
            box = _box(values.get(filter_key(row), []))
            where = f"{FILTERS} row {row.line}: filter '{row['filter_code']}' never matches: "
            hiding = _hiding(box, before)
            if not box:
                yield f"{where}it has no values; add them to {VALUES}, or remove it"
            elif hiding:
                names = " or ".join(
                    f"'{other['filter_code']}' (row {other.line})" for other in hiding
                )
                yield (
                    f"{where}each event of its values goes to {names} first; remove it, change its values, or move "
                    "it up"
                )
            before.append((row, box))


def _box(rows: list[Row]) -> Box:
    return {
        key[0]: frozenset(row["property_value"] for row in group)
        for key, group in by_key(rows, lambda row: (row["property_name"],)).items()
    }


def _hiding(box: Box, before: list[tuple[Row, Box]]) -> list[Row]:
    """The filters above that together match all that `box` does; empty if something is left for it.

    Only filters of the same properties can: one of more properties leaves the events that lack them, one of fewer ranks
    below.
    """
    left, used = [box], []
    for row, other in before:
        if other.keys() != box.keys():
            continue
        rest = [piece for whole in left for piece in _without(whole, other)]
        if len(rest) > _MOST_BOXES:
            return []
        if rest != left:
            used.append(row)
        left = rest
        if not left:
            return used
    return []


def _without(box: Box, other: Box) -> list[Box]:
    """`box` less `other` as boxes that do not overlap."""
    if any(not box[name] & other[name] for name in box):
        return [box]
    pieces, common = [], dict(box)
    for name in box:
        outside = common[name] - other[name]
        if outside:
            pieces.append({**common, name: outside})
        common[name] = common[name] & other[name]
    return pieces


def untaxed_currencies(tables: Tables) -> Iterator[str]:
    """Currencies in which customers are billed, none of whom is charged a tax.

    A tax on anything but customers and entities is meant for what it stands on; who is taxed otherwise is not asked.
    """
    plans = {row["plan_code"]: row for row in reversed(tables["plans"])}
    taxed = _taxed_customers(tables)
    customers = {row["customer_id"]: row for row in tables["customers"]}
    billed: dict[str, list[str]] = {}
    first: dict[str, Row] = {}
    for row in tables["subscriptions"]:
        plan = plans[row["plan_code"]]
        billed.setdefault(plan["currency"], []).append(payer_of(row, customers))
        first.setdefault(plan["currency"], plan)
    for currency, customers in billed.items():
        if taxed.isdisjoint(customers):
            yield (
                f"{PLANS} row {first[currency].line}: no customer billed in {currency} has a tax; "
                "add them to tax/customer_taxes.csv, or leave it if none is due"
            )


def _taxed_customers(tables: Tables) -> set[str]:
    """Customers with a tax of their own, or of their entity, also one that follows from their place."""
    entities = {row["code"] for row in tables["assigned_taxes"] if row["level"] == "entity"} | {
        row["billing_entity_code"]
        for row in tables["billing_entities"]
        if row["automatic_tax"] != "none"
    }
    return {row["customer_id"] for row in tables["customer_taxes"]} | {
        row["customer_id"] for row in tables["customers"] if row["billing_entity_code"] in entities
    }


def wallets_that_pay_nothing(tables: Tables) -> Iterator[str]:
    """Wallets of customers all of whose use others pay for: prepaid credit is the payer's."""
    customers = {row["customer_id"]: row for row in tables["customers"]}
    payers = {
        customer: {payer_of(row, customers) for row in rows}
        for customer, rows in by_key(
            tables["subscriptions"], lambda row: row["customer_id"]
        ).items()
    }
    paying = {payer for own in payers.values() for payer in own}
    for row in tables["wallets"]:
        customer = row["customer_id"]
        if customer in payers and customer not in paying:
            payer = min(payers[customer])
            yield (
                f"{WALLETS} row {row.line}: wallet '{row['wallet_id']}' pays nothing: '{payer}' is invoiced for what "
                f"its customer '{customer}' uses; give it to '{payer}', or leave it if '{customer}' will pay again"
            )


_FINDERS: tuple[tuple[str, str, Callable[[Tables], Iterator[str]]], ...] = (
    (ERROR, "validity", gaps),
    (ERROR, "filters", filters_without_a_match),
    (WARNING, "validity", uncovered),
    (WARNING, "metrics", unpriced_metrics),
    (WARNING, "tiers", unreachable_tiers),
    (WARNING, "taxes", untaxed_currencies),
    (WARNING, "wallets", wallets_that_pay_nothing),
)

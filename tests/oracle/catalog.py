"""The catalog folder as dataclasses: customers, subscriptions, credits and tax; prices stand in `price_rows`.

Belongs here: reading the CSV files and effective dating. Does not belong here: validation (the product refuses bad
folders before anything is billed) and any use of the rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeVar

from .cells import (
    Row,
    Validity,
    date_in,
    day_in,
    decimal_in,
    instant_in,
    integer_in,
    required_instant_in,
    rows_of,
    text_in,
    texts_in,
    validity_in,
)
from .coupon_rows import AppliedCoupon, read_applied_coupons
from .fixed_charge_rows import FixedCharge, read_fixed_charges
from .numbers import minor_unit, round_half_away
from .one_offs import OneOff, read_one_offs
from .price_rows import Charge, Metric, Plan, read_charges, read_metrics, read_plans
from .tax_place_rows import (
    NOTHING_BY_PLACE,
    NOWHERE,
    Place,
    PlaceTaxes,
    place_in,
    read_place_taxes,
)
from .thresholds import Thresholds, read_opening_usage, read_thresholds
from .top_up_rows import DatedRule, read_top_up_rules


class Dated(Protocol):
    @property
    def validity(self) -> Validity: ...


# The priority of a lot that has none.
DEFAULT_PRIORITY = 50
DatedRow = TypeVar("DatedRow", bound=Dated)


@dataclass(frozen=True)
class Entity:
    """`automatic_tax`: none, eu_vat or us_sales_tax; `country`: ISO 3166, None where the row has none."""

    billing_entity_code: str
    timezone: str | None
    net_payment_days: int
    grace_days: int
    country: str | None = None
    automatic_tax: str = "none"


@dataclass(frozen=True)
class Customer:
    customer_id: str
    billing_entity_code: str
    timezone: str | None
    payer_customer_id: str | None = None
    place: Place = NOWHERE


@dataclass(frozen=True)
class Subscription:
    """One row of a subscription, or what became of it (see `timelines`); instants are UTC.

    `position` is the row's place in its file. `first_started_at` (None: `started_at`): the first start of the external
    id. `anchor_at` (None: the same): the one that its anniversaries are counted from. `end_kind`: terminated, upgrade,
    downgrade, None while it goes on. A last day that is shared is that of the subscription which begins on it.
    """

    subscription_id: str
    external_subscription_id: str
    customer_id: str
    plan_code: str
    started_at: datetime
    ended_at: datetime | None
    billing_starts_at: datetime | None
    recorded_at: datetime
    position: int = 0
    billing_time: str = "calendar"
    on_termination: str = "credit"
    first_started_at: datetime | None = None
    anchor_at: datetime | None = None
    end_kind: str | None = None
    is_last_day_shared: bool = False
    payer_customer_id: str | None = None

    @property
    def billing_begins_at(self) -> datetime:
        """Source: BILLING_RULES §4 "Billing begins at `billing_starts_at` (default: start)"."""
        return max(self.started_at, self.billing_starts_at or self.started_at)

    @property
    def is_billed(self) -> bool:
        """Whether it has any billed time: not where it ends before its billing begins."""
        return self.ended_at is None or self.billing_begins_at < self.ended_at


@dataclass(frozen=True)
class Lot:
    lot_id: str
    lot_kind: str
    amount: Decimal
    granted_on: date
    position: int
    priority: int = DEFAULT_PRIORITY
    expires_on: date | None = None
    credits: Decimal | None = None
    voided_on: date | None = None

    def is_voided(self, day: date) -> bool:
        """Whether it was given up by a close of `day`, which takes back what is left of it."""
        return self.voided_on is not None and self.voided_on <= day


@dataclass(frozen=True)
class Wallet:
    """`fee_types` and `metric_codes`: what it is limited to; `rate`: currency units per credit.

    `unit_metric`: the metric whose units it holds in place of money; its `currency` is empty then, and the amounts of
    its lots are units.
    """

    wallet_id: str
    customer_id: str
    currency: str
    priority: int
    position: int
    lots: tuple[Lot, ...]
    fee_types: frozenset[str] = frozenset()
    metric_codes: frozenset[str] = frozenset()
    rate: Decimal = Decimal(1)
    expires_on: date | None = None
    unit_metric: str | None = None


@dataclass(frozen=True)
class Tax:
    tax_code: str
    rate_percent: Decimal
    validity: Validity


@dataclass(frozen=True)
class Catalog:
    """Everything that a company brings but its usage. Lists keep the order of their file.

    `thresholds`: by plan; `opening_usage`: by external id; `assigned_taxes`: by level and code. `wallets` hold money,
    `unit_wallets` units of a metric.
    """

    metrics: dict[str, Metric]
    plans: list[Plan]
    charges: list[Charge]
    entities: dict[str, Entity]
    customers: dict[str, Customer]
    subscriptions: list[Subscription]
    wallets: list[Wallet]
    taxes: list[Tax]
    customer_taxes: dict[str, list[str]] = field(default_factory=dict)
    fixed_charges: list[FixedCharge] = field(default_factory=list)
    one_offs: list[OneOff] = field(default_factory=list)
    thresholds: dict[str, Thresholds] = field(default_factory=dict)
    opening_usage: dict[str, Decimal] = field(default_factory=dict)
    applied_coupons: list[AppliedCoupon] = field(default_factory=list)
    assigned_taxes: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    unit_wallets: list[Wallet] = field(default_factory=list)
    place_taxes: PlaceTaxes = NOTHING_BY_PLACE
    top_up_rules: list[DatedRule] = field(default_factory=list)

    def timezone_of(self, customer_id: str) -> str:
        """Source: BILLING_RULES §4 "All in the customer's zone (customer → entity → UTC)"."""
        customer = self.customers[customer_id]
        return customer.timezone or self.entity_of(customer_id).timezone or "UTC"

    def entity_of(self, customer_id: str) -> Entity:
        return self.entities[self.customers[customer_id].billing_entity_code]

    def payer_of(self, customer_id: str, subscription: Subscription | None = None) -> str:
        """Who is invoiced for a subscription, or for one-off fees.

        Source: BILLING_RULES, Words: "payer: who is invoiced (default: the customer)"; a subscription's own wins.
        """
        own = subscription.payer_customer_id if subscription else None
        return own or self.customers[customer_id].payer_customer_id or customer_id

    @cached_property
    def users(self) -> dict[str, str]:
        """The customer of each subscription."""
        return {one.subscription_id: one.customer_id for one in self.subscriptions}

    @cached_property
    def plan_codes(self) -> dict[str, str]:
        """The plan of each subscription."""
        return {one.subscription_id: one.plan_code for one in self.subscriptions}

    @cached_property
    def plan_rows(self) -> dict[str, list[Plan]]:
        """All rows of each plan."""
        rows: dict[str, list[Plan]] = {}
        for plan in self.plans:
            rows.setdefault(plan.plan_code, []).append(plan)
        return rows

    @cached_property
    def charge_rows(self) -> dict[str, dict[str, list[Charge]]]:
        """All rows of each charge of each plan, charges by code."""
        rows: dict[str, dict[str, list[Charge]]] = {}
        for charge in sorted(self.charges, key=lambda one: one.charge_code):
            rows.setdefault(charge.plan_code, {}).setdefault(charge.charge_code, []).append(charge)
        return rows

    @cached_property
    def fixed_charge_rows(self) -> dict[str, dict[str, list[FixedCharge]]]:
        """All rows of each fixed charge of each plan, fixed charges by code."""
        rows: dict[str, dict[str, list[FixedCharge]]] = {}
        for one in sorted(self.fixed_charges, key=lambda one: one.fixed_charge_code):
            rows.setdefault(one.plan_code, {}).setdefault(one.fixed_charge_code, []).append(one)
        return rows


def in_force(rows: Iterable[DatedRow], day: date) -> DatedRow | None:
    """The row that holds on `day`; of several the one recorded last; None if there is none.

    Source: BILLING_RULES §4 "Catalog rows are effective-dated; a correction is a new row with the same validity and a
    later `recorded_at`".
    """
    valid = [row for row in rows if row.validity.contains(day)]
    return max(valid, key=lambda row: row.validity.recorded_at, default=None)


def read_catalog(folder: Path) -> Catalog:
    """Read the CSV files of a catalog folder (prices/, accounts/, credits/, tax/); subscriptions as their rows say."""
    subscriptions: dict[str, Subscription] = {}
    for position, row in enumerate(rows_of(folder / "accounts" / "subscriptions.csv")):
        subscription = _subscription(row, position)
        known = subscriptions.get(subscription.subscription_id)
        if known is None or known.recorded_at < subscription.recorded_at:
            subscriptions[subscription.subscription_id] = subscription
    customer_taxes: dict[str, list[str]] = {}
    for row in rows_of(folder / "tax" / "customer_taxes.csv"):
        customer_taxes.setdefault(text_in(row, "customer_id"), []).append(text_in(row, "tax_code"))
    assigned_taxes: dict[tuple[str, str], list[str]] = {}
    for row in rows_of(folder / "tax" / "assigned_taxes.csv"):
        key = (text_in(row, "level"), text_in(row, "code"))
        assigned_taxes.setdefault(key, []).append(text_in(row, "tax_code"))
    wallets = _wallets(folder)
    entities = [_entity(row) for row in rows_of(folder / "accounts" / "billing_entities.csv")]
    customers = [_customer(row) for row in rows_of(folder / "accounts" / "customers.csv")]
    return Catalog(
        metrics=read_metrics(folder),
        plans=read_plans(folder),
        charges=read_charges(folder),
        entities={entity.billing_entity_code: entity for entity in entities},
        customers={customer.customer_id: customer for customer in customers},
        subscriptions=list(subscriptions.values()),
        wallets=[wallet for wallet in wallets if wallet.unit_metric is None],
        taxes=[_tax(row) for row in rows_of(folder / "tax" / "taxes.csv")],
        customer_taxes=customer_taxes,
        fixed_charges=read_fixed_charges(folder),
        one_offs=read_one_offs(folder),
        thresholds=read_thresholds(folder),
        opening_usage=read_opening_usage(folder),
        applied_coupons=read_applied_coupons(folder),
        assigned_taxes=assigned_taxes,
        unit_wallets=[wallet for wallet in wallets if wallet.unit_metric is not None],
        place_taxes=read_place_taxes(folder),
        top_up_rules=read_top_up_rules(folder),
    )


def _entity(row: Row) -> Entity:
    return Entity(
        billing_entity_code=text_in(row, "billing_entity_code"),
        timezone=row.get("timezone"),
        net_payment_days=int(text_in(row, "net_payment_days")),
        grace_days=int(text_in(row, "grace_days")),
        country=row.get("country"),
        automatic_tax=row.get("automatic_tax") or "none",
    )


def _customer(row: Row) -> Customer:
    return Customer(
        text_in(row, "customer_id"),
        text_in(row, "billing_entity_code"),
        row.get("timezone"),
        row.get("payer_customer_id") or None,
        place_in(row),
    )


def _subscription(row: Row, position: int) -> Subscription:
    return Subscription(
        subscription_id=text_in(row, "subscription_id"),
        external_subscription_id=text_in(row, "external_subscription_id"),
        customer_id=text_in(row, "customer_id"),
        plan_code=text_in(row, "plan_code"),
        started_at=required_instant_in(row, "started_at"),
        ended_at=instant_in(row, "ended_at"),
        billing_starts_at=instant_in(row, "billing_starts_at"),
        recorded_at=required_instant_in(row, "recorded_at"),
        position=position,
        billing_time=row.get("billing_time") or "calendar",
        on_termination=row.get("on_termination") or "credit",
        payer_customer_id=row.get("payer_customer_id") or None,
    )


def _wallets(folder: Path) -> list[Wallet]:
    lots: dict[str, list[Lot]] = {}
    for position, row in enumerate(rows_of(folder / "credits" / "wallet_lots.csv")):
        lots.setdefault(text_in(row, "wallet_id"), []).append(
            Lot(
                lot_id=text_in(row, "lot_id"),
                lot_kind=text_in(row, "lot_kind"),
                amount=decimal_in(row, "amount") or decimal_in(row, "units") or Decimal(0),
                granted_on=max(day_in(row, "granted_on"), date_in(row, "paid_on") or date.min),
                position=position,
                priority=integer_in(row, "priority") or DEFAULT_PRIORITY,
                expires_on=date_in(row, "expires_on"),
                credits=decimal_in(row, "credits"),
                voided_on=date_in(row, "voided_on"),
            )
        )
    metrics: dict[str, set[str]] = {}
    for row in rows_of(folder / "credits" / "wallet_targets.csv"):
        own = metrics.setdefault(text_in(row, "wallet_id"), set())
        own.add(text_in(row, "metric_code"))
    return [
        Wallet(
            wallet_id=text_in(row, "wallet_id"),
            customer_id=text_in(row, "customer_id"),
            currency=row.get("currency") or "",
            priority=int(text_in(row, "priority")),
            position=position,
            lots=tuple(_lot_of(row, lot) for lot in lots.get(text_in(row, "wallet_id"), ())),
            fee_types=frozenset(texts_in(row, "scope_fee_types", separator=",")),
            metric_codes=frozenset(metrics.get(text_in(row, "wallet_id"), ())),
            rate=decimal_in(row, "rate") or Decimal(1),
            expires_on=date_in(row, "expires_on"),
            unit_metric=row.get("metric_code"),
        )
        for position, row in enumerate(rows_of(folder / "credits" / "wallets.csv"))
    ]


def _lot_of(wallet: Row, lot: Lot) -> Lot:
    """A lot that states credits holds the money that they are worth.

    Source: BILLING_RULES §0, rounding 6 "money rounded".
    """
    if lot.credits is None:
        return lot
    worth = Fraction(lot.credits) * Fraction(decimal_in(wallet, "rate") or Decimal(1))
    return replace(lot, amount=round_half_away(worth, minor_unit(text_in(wallet, "currency"))))


def _tax(row: Row) -> Tax:
    return Tax(text_in(row, "tax_code"), Decimal(text_in(row, "rate_percent")), validity_in(row))

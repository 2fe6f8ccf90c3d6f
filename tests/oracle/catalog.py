"""The catalog folder as dataclasses: customers, subscriptions, credits and tax; prices stand in `price_rows`.

Belongs here: reading the CSV files and effective dating. Does not belong here: validation (the product refuses bad
folders before anything is billed) and any use of the rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeVar

from .cells import (
    Row,
    Validity,
    day_in,
    instant_in,
    required_instant_in,
    rows_of,
    text_in,
    validity_in,
)
from .price_rows import Charge, Metric, Plan, read_charges, read_metrics, read_plans


class Dated(Protocol):
    @property
    def validity(self) -> Validity: ...


DatedRow = TypeVar("DatedRow", bound=Dated)


@dataclass(frozen=True)
class Entity:
    billing_entity_code: str
    timezone: str | None
    net_payment_days: int
    grace_days: int


@dataclass(frozen=True)
class Customer:
    customer_id: str
    billing_entity_code: str
    timezone: str | None


@dataclass(frozen=True)
class Subscription:
    """One subscription; the three instants are UTC."""

    subscription_id: str
    external_subscription_id: str
    customer_id: str
    plan_code: str
    started_at: datetime
    ended_at: datetime | None
    billing_starts_at: datetime | None
    recorded_at: datetime


@dataclass(frozen=True)
class Lot:
    lot_id: str
    lot_kind: str
    amount: Decimal
    granted_on: date
    position: int


@dataclass(frozen=True)
class Wallet:
    wallet_id: str
    customer_id: str
    currency: str
    priority: int
    position: int
    lots: tuple[Lot, ...]


@dataclass(frozen=True)
class Tax:
    tax_code: str
    rate_percent: Decimal
    validity: Validity


@dataclass(frozen=True)
class Catalog:
    """Everything that a company brings but its usage. Lists keep the order of their file."""

    metrics: dict[str, Metric]
    plans: list[Plan]
    charges: list[Charge]
    entities: dict[str, Entity]
    customers: dict[str, Customer]
    subscriptions: list[Subscription]
    wallets: list[Wallet]
    taxes: list[Tax]
    customer_taxes: dict[str, list[str]] = field(default_factory=dict)

    def timezone_of(self, customer_id: str) -> str:
        """Source: BILLING_RULES §4 "All in the customer's zone (customer → entity → UTC)"."""
        customer = self.customers[customer_id]
        return customer.timezone or self.entity_of(customer_id).timezone or "UTC"

    def entity_of(self, customer_id: str) -> Entity:
        return self.entities[self.customers[customer_id].billing_entity_code]

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


def in_force(rows: Iterable[DatedRow], day: date) -> DatedRow | None:
    """The row that holds on `day`; of several the one recorded last; None if there is none.

    Source: BILLING_RULES §4 "Catalog rows are effective-dated; a correction is a new row with the same validity and a
    later `recorded_at`".
    """
    valid = [row for row in rows if row.validity.contains(day)]
    return max(valid, key=lambda row: row.validity.recorded_at, default=None)


def read_catalog(folder: Path) -> Catalog:
    """Read the CSV files of a catalog folder (prices/, accounts/, credits/, tax/)."""
    subscriptions: dict[str, Subscription] = {}
    for row in rows_of(folder / "accounts" / "subscriptions.csv"):
        subscription = _subscription(row)
        known = subscriptions.get(subscription.subscription_id)
        if known is None or known.recorded_at < subscription.recorded_at:
            subscriptions[subscription.subscription_id] = subscription
    customer_taxes: dict[str, list[str]] = {}
    for row in rows_of(folder / "tax" / "customer_taxes.csv"):
        customer_taxes.setdefault(text_in(row, "customer_id"), []).append(text_in(row, "tax_code"))
    entities = [_entity(row) for row in rows_of(folder / "accounts" / "billing_entities.csv")]
    customers = [_customer(row) for row in rows_of(folder / "accounts" / "customers.csv")]
    return Catalog(
        metrics=read_metrics(folder),
        plans=read_plans(folder),
        charges=read_charges(folder),
        entities={entity.billing_entity_code: entity for entity in entities},
        customers={customer.customer_id: customer for customer in customers},
        subscriptions=list(subscriptions.values()),
        wallets=_wallets(folder),
        taxes=[_tax(row) for row in rows_of(folder / "tax" / "taxes.csv")],
        customer_taxes=customer_taxes,
    )


def _entity(row: Row) -> Entity:
    return Entity(
        billing_entity_code=text_in(row, "billing_entity_code"),
        timezone=row.get("timezone"),
        net_payment_days=int(text_in(row, "net_payment_days")),
        grace_days=int(text_in(row, "grace_days")),
    )


def _customer(row: Row) -> Customer:
    return Customer(
        text_in(row, "customer_id"), text_in(row, "billing_entity_code"), row.get("timezone")
    )


def _subscription(row: Row) -> Subscription:
    return Subscription(
        subscription_id=text_in(row, "subscription_id"),
        external_subscription_id=text_in(row, "external_subscription_id"),
        customer_id=text_in(row, "customer_id"),
        plan_code=text_in(row, "plan_code"),
        started_at=required_instant_in(row, "started_at"),
        ended_at=instant_in(row, "ended_at"),
        billing_starts_at=instant_in(row, "billing_starts_at"),
        recorded_at=required_instant_in(row, "recorded_at"),
    )


def _wallets(folder: Path) -> list[Wallet]:
    lots: dict[str, list[Lot]] = {}
    for position, row in enumerate(rows_of(folder / "credits" / "wallet_lots.csv")):
        lots.setdefault(text_in(row, "wallet_id"), []).append(
            Lot(
                lot_id=text_in(row, "lot_id"),
                lot_kind=text_in(row, "lot_kind"),
                amount=Decimal(text_in(row, "amount")),
                granted_on=day_in(row, "granted_on"),
                position=position,
            )
        )
    return [
        Wallet(
            wallet_id=text_in(row, "wallet_id"),
            customer_id=text_in(row, "customer_id"),
            currency=text_in(row, "currency"),
            priority=int(text_in(row, "priority")),
            position=position,
            lots=tuple(lots.get(text_in(row, "wallet_id"), ())),
        )
        for position, row in enumerate(rows_of(folder / "credits" / "wallets.csv"))
    ]


def _tax(row: Row) -> Tax:
    return Tax(text_in(row, "tax_code"), Decimal(text_in(row, "rate_percent")), validity_in(row))

"""The catalog folder as dataclasses, and which row of it holds on a day.

Belongs here: reading the CSV files and effective dating. Does not belong here: validation (the product refuses bad
folders before anything is billed) and any use of the rows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol, TypeVar

Row = dict[str, str | None]


@dataclass(frozen=True)
class Validity:
    """The days on which a row holds, [valid_from, valid_to), and when it was recorded (UTC)."""

    valid_from: date
    valid_to: date | None
    recorded_at: datetime

    def contains(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


class Dated(Protocol):
    @property
    def validity(self) -> Validity: ...


DatedRow = TypeVar("DatedRow", bound=Dated)


@dataclass(frozen=True)
class Metric:
    metric_code: str
    aggregation_type: str
    field_name: str | None


@dataclass(frozen=True)
class Plan:
    plan_code: str
    interval: str
    is_pay_in_advance: bool
    amount: Decimal
    currency: str
    validity: Validity


@dataclass(frozen=True)
class Tier:
    """One tier of a graduated charge; `up_to` is inclusive, None in the open last one."""

    up_to: Decimal | None
    unit_amount: Decimal
    flat_amount: Decimal


@dataclass(frozen=True)
class Charge:
    plan_code: str
    charge_code: str
    metric_code: str
    charge_model: str
    unit_amount: Decimal | None
    package_amount: Decimal | None
    package_size: Decimal | None
    free_units: Decimal | None
    tiers: tuple[Tier, ...]
    validity: Validity


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
    for row in _rows(folder / "accounts" / "subscriptions.csv"):
        subscription = _subscription(row)
        known = subscriptions.get(subscription.subscription_id)
        if known is None or known.recorded_at < subscription.recorded_at:
            subscriptions[subscription.subscription_id] = subscription
    customer_taxes: dict[str, list[str]] = {}
    for row in _rows(folder / "tax" / "customer_taxes.csv"):
        customer_taxes.setdefault(_text(row, "customer_id"), []).append(_text(row, "tax_code"))
    metrics = [_metric(row) for row in _rows(folder / "prices" / "billable_metrics.csv")]
    entities = [_entity(row) for row in _rows(folder / "accounts" / "billing_entities.csv")]
    customers = [_customer(row) for row in _rows(folder / "accounts" / "customers.csv")]
    return Catalog(
        metrics={metric.metric_code: metric for metric in metrics},
        plans=[_plan(row) for row in _rows(folder / "prices" / "plans.csv")],
        charges=_charges(folder),
        entities={entity.billing_entity_code: entity for entity in entities},
        customers={customer.customer_id: customer for customer in customers},
        subscriptions=list(subscriptions.values()),
        wallets=_wallets(folder),
        taxes=[_tax(row) for row in _rows(folder / "tax" / "taxes.csv")],
        customer_taxes=customer_taxes,
    )


def _rows(path: Path) -> list[Row]:
    """Rows of a CSV file by header name, blank cells as None."""
    with path.open(newline="", encoding="utf-8-sig") as lines:
        return [
            {name.strip(): (value or "").strip() or None for name, value in row.items()}
            for row in csv.DictReader(lines)
        ]


def _text(row: Row, column: str) -> str:
    value = row[column]
    assert value is not None, f"{column} is blank in {row}"
    return value


def _decimal(row: Row, column: str) -> Decimal | None:
    value = row.get(column)
    return None if value is None else Decimal(value)


def _amount(row: Row, column: str) -> Decimal:
    return Decimal(_text(row, column))


def _instant(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).astimezone(UTC)


def _required_instant(row: Row, column: str) -> datetime:
    return datetime.fromisoformat(_text(row, column)).astimezone(UTC)


def _day(row: Row, column: str) -> date:
    return date.fromisoformat(_text(row, column))


def _validity(row: Row) -> Validity:
    valid_to = row.get("valid_to")
    return Validity(
        valid_from=_day(row, "valid_from"),
        valid_to=None if valid_to is None else date.fromisoformat(valid_to),
        recorded_at=_required_instant(row, "recorded_at"),
    )


def _metric(row: Row) -> Metric:
    return Metric(_text(row, "metric_code"), _text(row, "aggregation_type"), row.get("field_name"))


def _plan(row: Row) -> Plan:
    return Plan(
        plan_code=_text(row, "plan_code"),
        interval=_text(row, "interval"),
        is_pay_in_advance=_text(row, "is_pay_in_advance").lower() in ("true", "t", "yes", "1"),
        amount=_amount(row, "amount"),
        currency=_text(row, "currency"),
        validity=_validity(row),
    )


def _charges(folder: Path) -> list[Charge]:
    """Charge rows, each with the tiers that name it by (plan, charge, valid_from, recorded_at)."""
    tiers: dict[tuple[str, str, date, datetime], list[Tier]] = {}
    for row in _rows(folder / "prices" / "charge_tiers.csv"):
        flat_amount = _decimal(row, "flat_amount")
        tiers.setdefault(_charge_row_key(row), []).append(
            Tier(
                up_to=_decimal(row, "up_to"),
                unit_amount=_amount(row, "unit_amount"),
                flat_amount=Decimal(0) if flat_amount is None else flat_amount,
            )
        )
    return [
        Charge(
            plan_code=_text(row, "plan_code"),
            charge_code=_text(row, "charge_code"),
            metric_code=_text(row, "metric_code"),
            charge_model=_text(row, "charge_model"),
            unit_amount=_decimal(row, "unit_amount"),
            package_amount=_decimal(row, "package_amount"),
            package_size=_decimal(row, "package_size"),
            free_units=_decimal(row, "free_units"),
            tiers=tuple(tiers.get(_charge_row_key(row), ())),
            validity=_validity(row),
        )
        for row in _rows(folder / "prices" / "charges.csv")
    ]


def _charge_row_key(row: Row) -> tuple[str, str, date, datetime]:
    return (
        _text(row, "plan_code"),
        _text(row, "charge_code"),
        _day(row, "valid_from"),
        _required_instant(row, "recorded_at"),
    )


def _entity(row: Row) -> Entity:
    return Entity(
        billing_entity_code=_text(row, "billing_entity_code"),
        timezone=row.get("timezone"),
        net_payment_days=int(_text(row, "net_payment_days")),
        grace_days=int(_text(row, "grace_days")),
    )


def _customer(row: Row) -> Customer:
    return Customer(
        _text(row, "customer_id"), _text(row, "billing_entity_code"), row.get("timezone")
    )


def _subscription(row: Row) -> Subscription:
    return Subscription(
        subscription_id=_text(row, "subscription_id"),
        external_subscription_id=_text(row, "external_subscription_id"),
        customer_id=_text(row, "customer_id"),
        plan_code=_text(row, "plan_code"),
        started_at=_required_instant(row, "started_at"),
        ended_at=_instant(row.get("ended_at")),
        billing_starts_at=_instant(row.get("billing_starts_at")),
        recorded_at=_required_instant(row, "recorded_at"),
    )


def _wallets(folder: Path) -> list[Wallet]:
    lots: dict[str, list[Lot]] = {}
    for position, row in enumerate(_rows(folder / "credits" / "wallet_lots.csv")):
        lots.setdefault(_text(row, "wallet_id"), []).append(
            Lot(
                lot_id=_text(row, "lot_id"),
                lot_kind=_text(row, "lot_kind"),
                amount=_amount(row, "amount"),
                granted_on=_day(row, "granted_on"),
                position=position,
            )
        )
    return [
        Wallet(
            wallet_id=_text(row, "wallet_id"),
            customer_id=_text(row, "customer_id"),
            currency=_text(row, "currency"),
            priority=int(_text(row, "priority")),
            position=position,
            lots=tuple(lots.get(_text(row, "wallet_id"), ())),
        )
        for position, row in enumerate(_rows(folder / "credits" / "wallets.csv"))
    ]


def _tax(row: Row) -> Tax:
    return Tax(_text(row, "tax_code"), _amount(row, "rate_percent"), _validity(row))

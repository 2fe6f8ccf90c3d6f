"""All trials and lives as one company: a catalog folder and one usage file, each a customer of its own.

Belongs here: the rows and lines of a trial, under names of its own, and writing the files. Does not belong here: what
trials and lives are made of (`trials`, `lives`), the rows of a life (`life_rows`), and closing (`billing`).
"""

from __future__ import annotations

import csv
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from .company_rows import (
    NO_TAX,
    RECORDED_AT,
    VALID_FROM,
    Rows,
    add_charge,
    add_metric,
    add_tax,
    event_line,
    instant_text,
)
from .life_rows import COLUMNS as LIFE_COLUMNS
from .life_rows import add_life, life_usage_lines
from .lives import Life, close_dates
from .trials import DAY, Charge, Metric, Prices, Span, Trial, first_instant, local_date

# A customer whose only period ends on a close date, so that there is one whatever the cases are.
HOST = "host"
RECEIVED_AT = datetime(2026, 1, 1, tzinfo=UTC)

# The columns that a catalog file always has; others are written where a trial fills them in.
_COLUMNS = {
    "prices/billable_metrics": "metric_code metric_name aggregation_type field_name unit_name",
    "prices/plans": "plan_code plan_name interval is_pay_in_advance amount currency valid_from "
    "valid_to recorded_at",
    "prices/charges": "charge_code plan_code metric_code charge_model display_name unit_amount "
    "package_amount package_size free_units valid_from valid_to recorded_at",
    "prices/charge_tiers": "plan_code charge_code valid_from recorded_at up_to unit_amount "
    "flat_amount",
    "accounts/billing_entities": "billing_entity_code entity_name country timezone "
    "invoice_prefix net_payment_days grace_days",
    "accounts/customers": "customer_id customer_name billing_entity_code country timezone "
    "purchase_order metadata",
    "accounts/subscriptions": "subscription_id external_subscription_id customer_id plan_code "
    "started_at ended_at billing_starts_at recorded_at",
    "credits/wallets": "wallet_id customer_id wallet_name currency priority",
    "credits/wallet_lots": "lot_id wallet_id lot_kind amount granted_on",
    "tax/taxes": "tax_code tax_name rate_percent valid_from valid_to recorded_at",
    "tax/customer_taxes": "customer_id tax_code",
}
_OPTIONAL_COLUMNS = {
    **LIFE_COLUMNS,
    **dict.fromkeys(
        ("prices/charge_filters", "prices/charge_filter_values"),
        "plan_code charge_code valid_from recorded_at",
    ),
}


@dataclass(frozen=True)
class Members:
    """All customers of the company, by name: one close bills all trials, the next ones the moments of lives.

    A close costs seconds, and periods end years apart: each trial's billing entity has as many days of grace as lie
    between its period's end and that close.
    """

    trials: Mapping[str, Trial] = field(default_factory=dict)
    lives: Mapping[str, Life] = field(default_factory=dict)

    @property
    def trials_through(self) -> date:
        """The date of the close that bills all trials, and no life."""
        ends = [_due_date(trial) for trial in self.trials.values()]
        return max(ends + [life.moments[-1] for life in self.lives.values()])

    @property
    def life_closes(self) -> list[date]:
        """The dates of the closes that bill the lives."""
        return close_dates(self.lives.values(), after=self.trials_through)

    def entity_of(self, trial: Trial) -> str:
        """The billing entity whose days of grace bring a trial to the close of all trials."""
        return entity_code((self.trials_through - _due_date(trial)).days)

    @property
    def names(self) -> set[str]:
        return {*self.trials, *self.lives}

    def without(self, names: Collection[str]) -> Members:
        return Members(
            {name: trial for name, trial in self.trials.items() if name not in names},
            {name: life for name, life in self.lives.items() if name not in names},
        )


def entity_code(grace_days: int) -> str:
    return f"grace_{grace_days}"


def _due_date(trial: Trial) -> date:
    return local_date(trial.span.ends_at - timedelta(microseconds=1), trial.span.timezone) + DAY


def write_catalog(folder: Path, members: Members, close_number: int | None = None) -> None:
    """Write catalog/ below `folder` as it is known at that life close, from 0; None is before all of them."""
    rows: Rows = {name: [] for name in _COLUMNS}
    add_tax(rows, NO_TAX, Decimal(0))
    hosts = {
        f"{HOST}_{number}": _host(close_date)
        for number, close_date in enumerate([members.trials_through, *members.life_closes])
    }
    entities = {name: members.entity_of(trial) for name, trial in members.trials.items()}
    entities |= dict.fromkeys(hosts, entity_code(0))
    for entity in sorted(set(entities.values())):
        _add_entity(rows, entity)
    for name, trial in {**members.trials, **hosts}.items():
        _add_customer(rows, name, trial, entities[name])
        _add_plan(rows, name, trial)
    if close_number is not None:
        close_date = members.life_closes[close_number]
        for name, life in members.lives.items():
            add_life(rows, name, life, close_number, close_date)
    for name, listed in rows.items():
        columns = {**_COLUMNS, **_OPTIONAL_COLUMNS}[name].split()
        _write_rows(folder / "catalog" / f"{name}.csv", columns, listed)


def write_usage(folder: Path, members: Members, close_number: int | None = None) -> Path:
    """Write to landing/ below `folder` what arrives before that life close, from 0; None: the events of all trials."""
    landing = folder / "landing"
    landing.mkdir(parents=True, exist_ok=True)
    if close_number is None:
        usage = landing / "usage.jsonl"
        trials = members.trials.items()
        lines = [line for name, trial in trials for line in usage_lines(name, trial)]
    else:
        usage = landing / f"usage_{close_number}.jsonl"
        lines = list(life_usage_lines(members.lives, close_number))
    usage.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    os.utime(usage, (RECEIVED_AT.timestamp(), RECEIVED_AT.timestamp()))
    return usage


def _host(close_date: date) -> Trial:
    """A customer of the one day before a close, without usage."""
    first = close_date.replace(day=1) if close_date.day > 1 else (close_date - DAY).replace(day=1)
    span = Span(
        starts_at=first_instant(close_date - DAY),
        ends_at=first_instant(close_date),
        whole_start=first,
        whole_end=(first + 31 * DAY).replace(day=1),
    )
    charge = Charge(model="standard", prices=Prices({"unit_amount": "1"}))
    return Trial(span, (Metric(),), (charge,), (), span.starts_at)


def _add_entity(rows: Rows, code: str) -> None:
    rows["accounts/billing_entities"].append(
        {
            "billing_entity_code": code,
            "entity_name": code,
            "country": "FR",
            "timezone": "UTC",
            "invoice_prefix": code,
            "net_payment_days": "30",
            "grace_days": code.removeprefix("grace_"),
        }
    )


def _add_customer(rows: Rows, name: str, trial: Trial, entity: str) -> None:
    rows["accounts/customers"].append(
        {
            "customer_id": name,
            "customer_name": name,
            "billing_entity_code": entity,
            "country": "FR",
            "timezone": trial.span.timezone,
        }
    )
    rows["accounts/subscriptions"].append(
        {
            "subscription_id": subscription_id(name),
            "external_subscription_id": f"{name}_ext",
            "customer_id": name,
            "plan_code": f"{name}_plan",
            "started_at": instant_text(trial.started_at),
            "ended_at": instant_text(trial.span.ends_at),
            "billing_starts_at": instant_text(trial.span.starts_at),
            "billing_time": trial.billing_time,
            "recorded_at": RECORDED_AT,
        }
    )
    tax_code = NO_TAX
    if trial.tax_rate_percent is not None:
        tax_code = f"{name}_tax"
        add_tax(rows, tax_code, trial.tax_rate_percent)
    rows["tax/customer_taxes"].append({"customer_id": name, "tax_code": tax_code})


def _add_plan(rows: Rows, name: str, trial: Trial) -> None:
    plan_code = f"{name}_plan"
    rows["prices/plans"].append(
        {
            "plan_code": plan_code,
            "plan_name": name,
            "interval": trial.span.interval,
            "is_pay_in_advance": "false",
            "amount": "0",
            "currency": trial.currency,
            "valid_from": VALID_FROM,
            "recorded_at": RECORDED_AT,
        }
    )
    for metric in trial.metrics:
        add_metric(rows, name, metric)
    for charge in trial.charges:
        add_charge(rows, name, plan_code, charge)


def subscription_id(name: str) -> str:
    """The subscription of a trial's customer."""
    return f"{name}_sub"


def usage_lines(name: str, trial: Trial) -> Iterable[str]:
    """The trial's events as flat JSON lines, one for every metric."""
    for position, event in enumerate(trial.events):
        for metric in trial.metrics:
            yield event_line(name, f"{name}_ext", metric.code, position, event)


def _write_rows(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    more = dict.fromkeys(name for row in rows for name in row if name not in columns)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*columns, *more], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)

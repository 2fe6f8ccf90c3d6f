"""Rules of top-ups as the catalog says them, and the days on which those by dates are due.

Belongs here: reading `credits/top_up_rules.csv` with the limits of the wallets. Does not belong here: what a rule sells
and gives (see `top_ups`), and what it finds (see `topping_up`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import count, takewhile
from pathlib import Path

from .cells import Row, date_in, day_in, decimal_in, flag_in, rows_of, text_in
from .periods import MONTHS, ONE_DAY, add_months
from .top_ups import TopUpRule

NONE = Decimal(0)


@dataclass(frozen=True)
class DatedRule:
    """A rule of a wallet with the days on which it holds, [starts_on, ends_on).

    `interval`: None of a rule by threshold. `terms`: what it sells and gives.
    """

    rule_id: str
    wallet_id: str
    position: int
    interval: str | None
    starts_on: date
    ends_on: date | None
    terms: TopUpRule

    def holds_on(self, day: date) -> bool:
        """Source: decision D-54 "`ends_on` is the first day without the rule; it ends with its wallet too"."""
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)

    def dates_through(self, through: date) -> Iterator[date]:
        """The dates of a rule by interval, counted from its first: the 31st, then the last of shorter months."""
        if self.interval is None:
            return
        steps = (self._date(number) for number in count())
        yield from takewhile(lambda day: day <= through and self.holds_on(day), steps)

    def _date(self, number: int) -> date:
        if self.interval == "weekly":
            return self.starts_on + 7 * number * ONE_DAY
        return add_months(self.starts_on, number * MONTHS[self.interval or ""])


def read_top_up_rules(folder: Path) -> list[DatedRule]:
    """All rules in the order of their file; none where there is no file."""
    wallets = {
        text_in(row, "wallet_id"): row for row in rows_of(folder / "credits" / "wallets.csv")
    }
    return [
        _rule(row, wallets[text_in(row, "wallet_id")], position)
        for position, row in enumerate(rows_of(folder / "credits" / "top_up_rules.csv"))
    ]


def _rule(row: Row, wallet: Row, position: int) -> DatedRule:
    ends = [day for day in (date_in(row, "ends_on"), date_in(wallet, "expires_on")) if day]
    has_limits = not flag_in(row, "ignores_paid_top_up_limits")
    return DatedRule(
        rule_id=text_in(row, "top_up_rule_id"),
        wallet_id=text_in(row, "wallet_id"),
        position=position,
        interval=row.get("interval"),
        starts_on=day_in(row, "starts_on"),
        ends_on=min(ends, default=None),
        terms=TopUpRule(
            currency=text_in(wallet, "currency"),
            rate=decimal_in(wallet, "rate") or Decimal(1),
            threshold=decimal_in(row, "threshold_credits"),
            paid_credits=decimal_in(row, "paid_credits") or NONE,
            granted_credits=decimal_in(row, "granted_credits") or NONE,
            target=decimal_in(row, "target_ongoing_balance"),
            is_granted=flag_in(row, "grants_target_top_up"),
            least=decimal_in(wallet, "paid_top_up_min_amount") if has_limits else None,
            most=decimal_in(wallet, "paid_top_up_max_amount") if has_limits else None,
        ),
    )

"""What the demo's customers used, by design: the totals that the generator splits into events.

Belongs here: constants that a reader can check an invoice against. Does not belong here: how events are drawn and
written (`events`, `generate`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

MONTHS = (date(2025, 10, 1), date(2025, 11, 1), date(2025, 12, 1))
WEEKS = tuple(date.fromordinal(date(2025, 10, 6).toordinal() + 7 * week) for week in range(5))

NANO = 10**9


@dataclass(frozen=True)
class Usage:
    """One subscription's designed usage of one metric.

    `totals` maps the first local day of a period (month or week) to the total of that period: a number of events where
    `field` is empty, else 10^-9 units of the metric. `event_count` is how many events a period's total is split into;
    every value is a multiple of `step`, also in 10^-9 units. `account` is who used it, where `name` says more. A period
    has `days` days, or is a month where that is 0. `properties` are every event's (name, value), beside the field.
    """

    name: str
    metric: str
    zone: str
    totals: Mapping[date, int]
    field: str = ""
    event_count: int = 0
    step: int = NANO
    account: str = ""
    days: int = 0
    properties: tuple[tuple[str, str], ...] = ()

    @property
    def subscription(self) -> str:
        """The external id that events name."""
        return f"{self.account or self.name}-main"

    @property
    def customer(self) -> str:
        """The customer id, which the short form names."""
        return f"cust_{self.account or self.name}"


def _monthly(*totals: int, scale: int = 1) -> dict[date, int]:
    return {month: total * scale for month, total in zip(MONTHS, totals, strict=True)}


# 10^-9 GB by week. The first holds one event of a single 10^-9 GB; the last week is still open at the last close.
_WEEKLY_GB = [
    100_000_000_001, 250_500_000_000, 99_999_999_999, 123_456_789_012, 87_125_000_000,
]  # fmt: skip

NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"

STORY = {
    usage.name: usage
    for usage in (
        Usage("atlas", "api_calls", NEW_YORK, _monthly(12_345, 20_000, 31_415)),
        Usage("beacon", "api_calls", NEW_YORK, _monthly(8_000, 9_876, 10_001)),
        Usage("koi", "api_calls", "Asia/Tokyo", _monthly(15_001, 14_000, 16_500)),
        Usage("everest", "inferences", "Asia/Kathmandu", _monthly(20_000, 20_001, 19_999)),
        Usage(
            "delta", "tokens", NEW_YORK,
            _monthly(1_250_000, 1_000_000, 3_456_789, scale=NANO), "tokens", 12_000,
        ),
        Usage(
            "hanse", "tokens", BERLIN,
            _monthly(499_999, 500_001, 1_750_000, scale=NANO), "tokens", 10_000,
        ),
        Usage(
            "iris", "tokens", "Europe/Amsterdam",
            _monthly(60_000, 123_456, 98_765, scale=NANO), "tokens", 8_000,
        ),
        Usage(
            "fable", "bulk_calls", NEW_YORK,
            _monthly(9_999, 100_000, 250_000, scale=NANO), "calls", 5_000,
        ),
        Usage(
            "granite", "bulk_calls", NEW_YORK,
            _monthly(1_000_000, 1_500_000, 2_000_001, scale=NANO), "calls", 4_988,
        ),
        # At 10^-12 a unit the last decimal of 25 digits decides a cent: 1,234.565 and 1,234.564999999999999999999.
        Usage(
            "granite-training", "training_compute", NEW_YORK,
            _monthly(
                1_234_565_000_000_000_000_000_000, 1_234_564_999_999_999_999_999_999, 999_999_999_999_999_999_999_999,
            ),
            "gflops", 12, step=1, account="granite",
        ),
        Usage(
            "cinder", "gb_processed", "America/Los_Angeles",
            dict(zip(WEEKS, _WEEKLY_GB, strict=True)), "gb", 800, step=1, days=7,
        ),
    )
}  # fmt: skip

# Lines beside the designed usage, and what becomes of each. Identical under every order of loading.
DEFECTS = {
    "duplicate": 1_200,
    "conflict": 60,
    "unknown_metric": 40,
    "no_active_subscription": 55,
    "before_start": 20,
    "without_timestamp": 5,
    "not_json": 10,
    "missing_code": 10,
    "bad_timestamp": 10,
    "timestamp_without_offset": 10,
    "too_precise": 10,
}

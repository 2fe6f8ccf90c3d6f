"""Usage that is told event by event: what depends on order, on days held, or on each event alone.

Belongs here: the events of customers with a handful of them, so that an invoice can be followed through. Does not
belong here: usage by designed totals (`story`, `model_usage`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class SingleEvent:
    """One event of `account`: its metric, its instant as local ISO text with offset, and its properties."""

    account: str
    metric: str
    at: str
    properties: Mapping[str, str]


def _seat(at: str, user: str, operation: str) -> SingleEvent:
    return SingleEvent("lyra", "seats", at, {"user_id": user, "operation_type": operation})


def _render(at: str, minutes: str) -> SingleEvent:
    return SingleEvent("mosaic", "render_minutes", at, {"minutes": minutes})


def _payment(at: str, amount: str) -> SingleEvent:
    return SingleEvent("orbit", "payment_volume", at, {"amount": amount})


def _stored(at: str, gb: str) -> SingleEvent:
    return SingleEvent("pluto", "stored_gb", at, {"gb": gb})


def _gpu(at: str, hours: str) -> SingleEvent:
    return SingleEvent("rhea", "gpu_hours", at, {"hours": hours})


def _calls(at: str, calls: str) -> SingleEvent:
    return SingleEvent("solis", "bulk_calls", at, {"calls": calls})


# Seats come and go; one who is there already, or gone already, changes nothing.
_LYRA = (
    _seat("2025-10-01T00:00:00-04:00", "ann", "add"),
    _seat("2025-10-01T09:00:00-04:00", "bob", "add"),
    _seat("2025-10-05T12:00:00-04:00", "ann", "add"),
    _seat("2025-10-16T10:00:00-04:00", "cy", "add"),
    _seat("2025-10-20T18:00:00-04:00", "bob", "remove"),
    _seat("2025-10-25T08:00:00-04:00", "bob", "add"),
    _seat("2025-11-10T11:00:00-05:00", "ann", "remove"),
    _seat("2025-11-12T11:00:00-05:00", "ann", "remove"),
    _seat("2025-11-30T23:59:59.999999-05:00", "dee", "add"),
)

# Billed as it comes. The correction lowers the total for a while; what was paid for once is free when it comes again.
_MOSAIC = (
    _render("2025-10-03T15:00:00-04:00", "33.3"),
    _render("2025-10-08T15:00:00-04:00", "33.4"),
    _render("2025-10-12T23:59:59.999999-04:00", "50.05"),
    _render("2025-10-13T00:00:00-04:00", "-10"),
    _render("2025-10-15T15:00:00-04:00", "15"),
    _render("2025-11-20T15:00:00-05:00", "40"),
    _render("2025-12-31T23:59:59.999999-05:00", "5"),
)

_ORBIT = (
    _payment("2025-10-02T10:00:00-04:00", "10"),
    _payment("2025-10-09T10:00:00-04:00", "49.99"),
    _payment("2025-10-16T10:00:00-04:00", "200"),
    _payment("2025-10-23T10:00:00-04:00", "100"),
    _payment("2025-12-04T10:00:00-05:00", "10.345"),
    _payment("2025-12-11T10:00:00-05:00", "17.25"),
    _payment("2025-12-18T10:00:00-05:00", "1000000.01"),
    _payment("2025-12-26T10:00:00-05:00", "0.01"),
)

# Berlin's October has 745 hours; the third event lies in the second pass of the hour that comes twice.
_PLUTO = (
    _stored("2025-10-01T00:00:00+02:00", "100"),
    _stored("2025-10-17T07:00:00+02:00", "50"),
    _stored("2025-10-26T02:30:00+01:00", "-30"),
    _stored("2025-11-16T00:00:00+01:00", "-20"),
)

# The price changes on 16 November, at local midnight.
_RHEA = (
    _gpu("2025-10-10T10:00:00-04:00", "60"),
    _gpu("2025-11-05T10:00:00-05:00", "79.5"),
    _gpu("2025-11-15T23:59:59.999999-05:00", "0.5"),
    _gpu("2025-11-16T00:00:00-05:00", "49.5"),
    _gpu("2025-11-28T10:00:00-05:00", "0.5"),
    _gpu("2025-12-10T10:00:00-05:00", "10.5"),
)

# The subscription starts on 15 October: its third month begins on 15 December.
_SOLIS = (
    _calls("2025-10-15T00:00:00-04:00", "1000"),
    _calls("2025-11-15T10:00:00-05:00", "2500"),
    _calls("2025-12-14T23:59:59.999999-05:00", "1000"),
    _calls("2025-12-15T00:00:00-05:00", "500"),
)

SINGLE_EVENTS = (*_LYRA, *_MOSAIC, *_ORBIT, *_PLUTO, *_RHEA, *_SOLIS)

"""Which events stand at a close: mended resends, retractions, amendments. Source: BILLING_RULES §1.

Belongs here: exactly one row per idempotency key. Does not belong here: the verdict on one row alone (see `metering`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from .metering import Meter, MeteredEvent
from .shapes import Event, Key
from .usage import Line

RETRACTED = "retracted"


def standing_events(lines: Sequence[Line], meter: Meter) -> list[MeteredEvent]:
    """One metered event per accepted line, in load order.

    Source: "accepted = billed + open + not_charged + unmatched + retracted + before_start": a key has one verdict.
    """
    rows: dict[Key, list[tuple[int, Event]]] = {}
    for order, line in enumerate(lines):
        if line.event is not None and line.verdict in ("accepted", "conflict"):
            rows.setdefault(line.event.transaction_key, []).append((order, line.event))
    judged = {key: [meter.judge(event, order) for order, event in own] for key, own in rows.items()}
    chosen = {key: first_matched(own) for key, own in judged.items()}
    accepted = [own[0][1] for own in rows.values()]
    out = keys_out([*accepted, *(one.event for one in chosen.values())])
    standing = []
    for key, own in judged.items():
        if key in out or own[0].event.is_pure_retraction:
            standing.append(replace(own[0], verdict=RETRACTED, subscription_id=None))
        else:
            standing.append(chosen[key])
    return standing


def keys_out(naming: Iterable[Event]) -> set[Key]:
    """The keys that accepted events, and mended ones that stand, retract or replace.

    Source: "an event may retract, or replace, an earlier one by its id; the original stays" (queryable). A retraction
    does not undo another: retract an amendment, and both it and what it replaced are out.
    """
    return {key for event in naming for key in event.names}


def first_matched(judged: Sequence[MeteredEvent]) -> MeteredEvent:
    """The owner of a key and its conflicts, in load order: the first that is matched stands, else the owner.

    A conflict that does nothing but retract is no usage and never stands; an owner that does stands.
    Source: "a mended resend is accepted, and one of a row that is still unmatched replaces it".
    """
    if judged[0].event.is_pure_retraction:
        return judged[0]
    usage = (one for one in judged if not one.event.is_pure_retraction)
    return next((one for one in usage if one.is_matched), judged[0])

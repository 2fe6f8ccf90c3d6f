"""What a line must hold to be an event: the shapes, their fields, and the key and content of an event.

Belongs here: BILLING_RULES §1 for one line alone. Does not belong here: files (see `usage`), other lines, the catalog.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .aggregation.selection import WrittenNumber
from .numbers import decimals_of, event_value_fault, floor_to_scale, parse_number

UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST_EVENT = datetime(2000, 1, 1, tzinfo=UTC)  # the reference data of time zones begins here
LATEST_EVENT = datetime(2038, 1, 1, tzinfo=UTC)  # and ends here
CENTS_SCALE, CENTS_INTEGER_DIGITS = 15, 23  # precise_total_amount_cents is a decimal(38,15)

# Columns of CSV and Parquet files that are no properties.
EVENT_COLUMNS = {
    "transaction_id",
    "external_subscription_id",
    "external_customer_id",
    "code",
    "timestamp",
    "properties",
    "precise_total_amount_cents",
    "retracts",
    "amends",
    "user_id",
    "event_type",
    "quantity",
}
CLOUD_EVENT_COLUMNS = {
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "subject",
    "subscription",
    "data",
    "datacontenttype",
    "dataschema",
    "retracts",
    "amends",
}

Key = tuple[str, ...]


@dataclass(frozen=True)
class Event:
    """One event as its line states it. `at` is UTC, to the microsecond.

    `names`: the keys of events that it retracts or replaces. A pure retraction may have no code.
    """

    transaction_key: Key
    content: tuple[str, ...]
    transaction_id: str | None
    external_subscription_id: str | None
    external_customer_id: str | None
    code: str | None
    at: datetime
    quantity: Decimal | None
    properties: dict[str, Any]
    precise_total_amount_cents: Decimal | None = None
    names: tuple[Key, ...] = ()
    is_pure_retraction: bool = False


class Rejection(Exception):
    """A line that is no event; `reason` is one of the product's words for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_event(
    record: str | dict[str, Any], received_at: datetime, occurrences: Counter[tuple[str, ...]]
) -> tuple[Event | None, str | None]:
    """The event of a record, or the reason why it is none. `occurrences` counts lines without an id in their file."""
    try:
        return _event(_parsed(record), received_at, occurrences), None
    except Rejection as rejection:
        return None, rejection.reason


def _parsed(record: str | dict[str, Any]) -> dict[str, Any]:
    """The object of a line, numbers as exact decimals."""
    if isinstance(record, dict):
        return _object_of_row(record)
    parsed = _json(record, "not_json", parse_constant=_refuse_constant)
    if not isinstance(parsed, dict):
        raise Rejection("unknown_shape")
    return parsed


def _json(text: str, reason: str, **options: Any) -> Any:
    try:
        return json.loads(text, parse_float=WrittenNumber, parse_int=WrittenNumber, **options)
    except ValueError as error:
        raise Rejection(reason) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _object_of_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row by column name as the JSON object of its shape: blank cells absent, other columns among the properties."""
    given = {name: value for name, value in row.items() if value is not None and value != ""}
    is_cloud_event = "specversion" in given
    columns = CLOUD_EVENT_COLUMNS if is_cloud_event else EVENT_COLUMNS
    record = {name: value for name, value in given.items() if name in columns}
    extra = {name: value for name, value in given.items() if name not in columns}
    if extra:
        holder = "data" if is_cloud_event else "properties"
        record[holder] = {**_properties(record.get(holder)), **extra}
    return record


def _event(
    record: dict[str, Any], received_at: datetime, occurrences: Counter[tuple[str, ...]]
) -> Event:
    """Read the four shapes.

    Lago's {"event": {…}}, CloudEvents with `specversion`, the short form with `event_type`, the flat one with `code` (a
    pure retraction: with `retracts`).
    """
    if isinstance(record.get("event"), dict):
        return _full_event(record["event"], received_at)
    if "specversion" in record:
        return _cloud_event(record, received_at)
    if "event_type" in record:
        return _short_event(record, received_at, occurrences)
    if "code" in record or "retracts" in record:
        return _full_event(record, received_at)
    raise Rejection("unknown_shape")


def _full_event(record: dict[str, Any], received_at: datetime) -> Event:
    """The flat shape, and Lago's inner object, which has the same keys.

    Source: "Retract and amend: an event may retract, or replace, an earlier one by its id"; `retracts` and `amends`
    name an id of the same subscription or customer; a pure retraction needs no code.
    """
    retracts, amends = _text(record.get("retracts")), _text(record.get("amends"))
    code = _text(record.get("code")) if retracts else _required_text(record, "code")
    transaction_id = _required_text(record, "transaction_id")
    subscription = _text(record.get("external_subscription_id"))
    customer = _text(record.get("external_customer_id"))
    if subscription is None and customer is None:
        raise Rejection("missing_external_subscription_id")
    stated_at = _instant(record.get("timestamp"))
    properties = _properties(record.get("properties"))
    cents = _cents(record.get("precise_total_amount_cents"))
    return Event(
        transaction_key=_key_of(subscription, customer, transaction_id),
        content=_content(code, stated_at, None, properties, cents, retracts, amends),
        transaction_id=transaction_id,
        external_subscription_id=subscription,
        external_customer_id=customer,
        code=code,
        at=stated_at or received_at,
        quantity=None,
        properties=properties,
        precise_total_amount_cents=cents,
        names=tuple(_key_of(subscription, customer, one) for one in (retracts, amends) if one),
        is_pure_retraction=retracts is not None,
    )


def _key_of(subscription: str | None, customer: str | None, transaction_id: str) -> Key:
    """An id counts within its subscription, or within its customer where only that is named."""
    if subscription is not None:
        return ("subscription", subscription, transaction_id)
    return ("customer", customer or "", transaction_id)


def _cloud_event(record: dict[str, Any], received_at: datetime) -> Event:
    """CloudEvents as OpenMeter takes them: `type` is the code, `subject` the customer, `data` the properties.

    The extension attribute `subscription` names the external subscription. Source: BILLING_RULES §1 "CloudEvents:
    `source` + `id`"; lines name the event by both (D-15).
    """
    retracts, amends = _text(record.get("retracts")), _text(record.get("amends"))
    source = _required_text(record, "source", "transaction_id")
    transaction_id = _required_text(record, "id", "transaction_id")
    code = _text(record.get("type")) if retracts else _required_text(record, "type", "code")
    subscription = _text(record.get("subscription"))
    customer = _text(record.get("subject"))
    if subscription is None and customer is None:
        raise Rejection("missing_external_subscription_id")
    stated_at = _instant(record.get("time"))
    properties = _properties(record.get("data"))
    cents = _cents(properties.get("precise_total_amount_cents"))
    who = (subscription or "", customer or "")
    return Event(
        transaction_key=("cloud event", source, transaction_id),
        content=(
            *who,
            *_content(code, stated_at, None, properties, cents, retracts, amends),
        ),
        transaction_id=f"{_escaped(source)} {transaction_id}",
        external_subscription_id=subscription,
        external_customer_id=customer,
        code=code,
        at=stated_at or received_at,
        quantity=None,
        properties=properties,
        precise_total_amount_cents=cents,
        names=tuple(("cloud event", source, one) for one in (retracts, amends) if one),
        is_pure_retraction=retracts is not None,
    )


def _escaped(source: str) -> str:
    """A source in which the blank before the id is the first one that no backslash precedes."""
    return source.replace("\\", "\\\\").replace(" ", "\\ ")


def _short_event(
    record: dict[str, Any], received_at: datetime, occurrences: Counter[tuple[str, ...]]
) -> Event:
    """The short form {"user_id", "event_type", "quantity", "timestamp"}: names a customer, needs no id.

    Without an id it needs a timestamp: with neither, the same use of another day could not be told from a duplicate.
    Source: BILLING_RULES §1 "Without any id (short form): content hash + occurrence number within its file is the id".
    """
    code = _required_text(record, "event_type")
    customer = _required_text(record, "user_id")
    transaction_id = _text(record.get("transaction_id"))
    stated_at = _instant(record.get("timestamp"))
    if transaction_id is None and stated_at is None:
        raise Rejection("missing_timestamp")
    properties = _properties(record.get("properties"))
    quantity = _quantity(record.get("quantity"))
    cents = _cents(record.get("precise_total_amount_cents"))
    content = _content(code, stated_at, quantity, properties, cents)
    if transaction_id is not None:
        key: Key = _key_of(None, customer, transaction_id)
    else:
        occurrences[(customer, *content)] += 1
        key = ("content", customer, *content, str(occurrences[(customer, *content)]))
    return Event(
        transaction_key=key,
        content=content,
        transaction_id=transaction_id,
        external_subscription_id=None,
        external_customer_id=customer,
        code=code,
        at=stated_at or received_at,
        quantity=quantity,
        properties=properties,
        precise_total_amount_cents=cents,
    )


# Fields.


def _text(value: object) -> str | None:
    """A text that says something; numbers as their digits."""
    if isinstance(value, Decimal):
        return str(value)
    return value if isinstance(value, str) and value.strip() else None


def _required_text(record: dict[str, Any], name: str, meaning: str = "") -> str:
    """The text under a name; where it is missing, the reason says what it means."""
    value = _text(record.get(name))
    if value is None:
        raise Rejection(f"missing_{meaning or name}")
    return value


def _instant(value: object) -> datetime | None:
    """The UTC instant of a timestamp, None if it is absent.

    Source: BILLING_RULES §1 "ISO 8601 with offset, or epoch seconds with fraction, microseconds kept".
    """
    if value is None or value == "":
        return None
    epoch_seconds = parse_number(value)
    if epoch_seconds is not None:
        if epoch_seconds and epoch_seconds.adjusted() > 11:
            raise Rejection("timestamp_out_of_range")
        microseconds = int(floor_to_scale(epoch_seconds, 6).scaleb(6))
        try:
            instant = UNIX_EPOCH + timedelta(microseconds=microseconds)
        except OverflowError as error:
            raise Rejection("timestamp_out_of_range") from error
    else:
        instant = _iso_instant(value)
    if not EARLIEST_EVENT <= instant < LATEST_EVENT:
        raise Rejection("timestamp_out_of_range")
    return instant


def _iso_instant(value: object) -> datetime:
    try:
        parsed = datetime.fromisoformat(str(value).strip())
    except ValueError as error:
        raise Rejection("bad_timestamp") from error
    if parsed.tzinfo is None:
        raise Rejection("timestamp_without_offset")
    try:
        return parsed.astimezone(UTC)
    except OverflowError as error:
        raise Rejection("timestamp_out_of_range") from error


def _properties(value: object) -> dict[str, Any]:
    """The properties object; a CSV cell or Parquet text holds it as JSON."""
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        value = _json(value, "properties_not_object")
    if not isinstance(value, dict):
        raise Rejection("properties_not_object")
    return value


def _quantity(value: object) -> Decimal | None:
    if value is None or value == "":
        return None
    quantity = parse_number(value)
    if quantity is None:
        raise Rejection("bad_quantity")
    fault = event_value_fault(quantity)
    if fault is not None:
        raise Rejection(fault)
    return quantity


def _cents(value: object) -> Decimal | None:
    """An event's own price in cents. Source: BILLING_RULES §1 "`precise_total_amount_cents` for dynamic charges"."""
    if value is None or value == "":
        return None
    cents = parse_number(value)
    if cents is None:
        raise Rejection("bad_precise_total_amount")
    is_too_large = bool(cents) and cents.adjusted() >= CENTS_INTEGER_DIGITS
    if is_too_large or decimals_of(cents) > CENTS_SCALE:
        raise Rejection("bad_precise_total_amount")
    return cents


def _content(
    code: str | None,
    stated_at: datetime | None,
    quantity: Decimal | None,
    properties: dict[str, Any],
    cents: Decimal | None,
    *names: str | None,
) -> tuple[str, ...]:
    """What two lines of one key must share to be duplicates.

    A number and the text of it are the same content, as CSV knows only texts; the order of keys does not matter.
    Source: BILLING_RULES §1 "A timestamp that *we* stamped is not part of the content compared".
    """
    return (
        code or "",
        "" if stated_at is None else stated_at.isoformat(),
        "" if quantity is None else format(quantity.normalize(), "f"),
        "" if cents is None else str(Fraction(cents)),
        json.dumps(names if any(names) else None),
        json.dumps(properties, sort_keys=True, default=_plain_digits),
    )


def _plain_digits(number: Decimal) -> str:
    """A JSON number without exponent, as a CSV file would write it: 0.000000001, not 1E-9."""
    return format(number, "f") if abs(number.adjusted()) < 100 else str(number)

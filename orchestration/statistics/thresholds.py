"""When a statistical check trips: `thresholds.yml`, read and checked, with what a company states otherwise.

Belongs here: the shape of that file, and a message that names what is wrong in it. Does not belong here: what a
threshold means for a row (the SQL of each frame) and the judging (`expectations`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestration.errors import BadInput

FILE = Path(__file__).with_name("thresholds.yml")
# What a company states otherwise, in its catalog folder.
NAME = "check_thresholds.yml"

Count = Annotated[int, Field(ge=0, strict=True)]
# A median and a spread need two values at least.
History = Annotated[int, Field(ge=2, le=1000, strict=True)]
Ratio = Annotated[float, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    is_on: bool


class InvoiceTotals(_Section):
    """Of `invoice_total_against_history`; `smallest_change` by currency, with a `default`."""

    invoice_types: tuple[str, ...]
    history: History
    minimum_history: History
    highest_ratio: Ratio
    lowest_ratio: Share
    spreads: Amount
    smallest_change: dict[Annotated[str, Field(pattern="^(default|[A-Z]{3})$")], Amount]


class MetricVolumes(_Section):
    """Of `metric_volume_against_weekday`."""

    weeks: History
    minimum_weeks: History
    minimum_events: Count
    highest_ratio: Ratio
    lowest_ratio: Share
    spreads: Amount


class LineKinds(BaseModel):
    """The highest share of each kind of line that is not accepted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rejected: Share
    conflict: Share
    duplicate: Share


class LineShares(_Section):
    """Of `share_of_lines_not_accepted`."""

    minimum_lines: Annotated[int, Field(ge=1, strict=True)]
    minimum_history: History
    ratio: Ratio
    highest_share: LineKinds


class Arrivals(_Section):
    """Of `usage_arrives_every_day`."""

    days: History
    usual_share: Annotated[float, Field(gt=0, le=1)]


class Thresholds(BaseModel):
    """All of `thresholds.yml`, one field per check."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    invoice_total_against_history: InvoiceTotals
    metric_volume_against_weekday: MetricVolumes
    share_of_lines_not_accepted: LineShares
    usage_arrives_every_day: Arrivals


def load_thresholds(catalog: Path | None = None) -> Thresholds:
    """The thresholds of the product, but for what `check_thresholds.yml` in the folder `catalog` states otherwise.

    Raises:
        BadInput: a file is no YAML, or a threshold is missing, unknown or out of its range; names it and the range.

    Example:
        >>> load_thresholds().invoice_total_against_history.minimum_history
        3
    """
    stated, file = _read(FILE), FILE
    if catalog is not None and (catalog / NAME).exists():
        file = catalog / NAME
        for section, values in _read(file).items():
            known = stated.get(section)
            is_partial = isinstance(known, dict) and isinstance(values, dict)
            stated[section] = {**known, **values} if is_partial else values
    return _checked(stated, file)


def _read(file: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: it cannot be read: {' '.join(str(error).split())}") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise BadInput(f"{file}: it states no checks; the shape is that of {FILE}.")
    return found


def _checked(found: dict[str, Any], file: Path) -> Thresholds:
    try:
        stated = Thresholds.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise BadInput(
            f"{file}: {place}: {first['msg']}; mend it, the comments say what it may be."
        ) from error
    changes = stated.invoice_total_against_history.smallest_change
    if "default" not in changes:
        raise BadInput(
            f"{file}: invoice_total_against_history.smallest_change has no default; "
            "state one, for currencies that it does not name."
        )
    for section, most, least in (
        ("invoice_total_against_history", "history", "minimum_history"),
        ("metric_volume_against_weekday", "weeks", "minimum_weeks"),
    ):
        values = getattr(stated, section)
        if getattr(values, least) > getattr(values, most):
            raise BadInput(f"{file}: {section}.{least} is above {most}; nothing would be judged.")
    return stated

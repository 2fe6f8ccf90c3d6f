"""Make the catalog rows of a token price list from its snapshot in `seeds/token_prices/`.

Run it by `python -m orchestration.reference.make_token_prices`; other plans' rows stay as they are.

A price per token is the list price per million x (100 + margin) / 10^8: 0.0375 and 20 percent are 0.000000045. It must
be exact in the 12 decimals of a price; one that is not is refused and never rounded.

Belongs here: how a price list becomes charges, filters and filter values. Does not belong here: reading the package
(`snapshot_token_prices`).
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestration.reference.snapshot_token_prices import TOKEN_PRICES
from orchestration.workspace import REPO

PRICES = REPO / "seeds" / "prices"
PRICE_DECIMALS = 12

Row = dict[str, str]


def token_price_rows(content: Mapping[str, Any]) -> dict[str, list[Row]]:
    """The rows of one snapshot, by file name without its ending; columns that are not named are blank.

    Every day on which any price changes begins a new charge row with all its filters, because a charge row and its
    filters are in force together. Models keep the file's order, which is the filters' position.

    Raises:
        ValueError: a price is not exact in 12 decimals, or two models answer to one name.
    """
    names = [name for model in content["models"] for name in model["names"]]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)}: a name of two models; which price holds?")
    days = sorted({price["valid_from"] for model in content["models"] for price in model["prices"]})
    rows: dict[str, list[Row]] = {"charges": [], "charge_filters": [], "charge_filter_values": []}
    for day, following in zip(days, [*days[1:], ""], strict=True):
        key = _key(content, day)
        rows["charges"].append(_charge(content, key, following))
        for model in content["models"]:
            for level in _levels_on(model, day):
                for filter_row, values in _filters(content, key, model, level):
                    rows["charge_filters"].append(filter_row)
                    rows["charge_filter_values"] += values
    return rows


def _key(content: Mapping[str, Any], day: str) -> Row:
    return {
        "plan_code": content["plan_code"],
        "charge_code": content["charge_code"],
        "valid_from": day,
        "recorded_at": f"{content['snapshot_date']}T00:00:00Z",
    }


def _charge(content: Mapping[str, Any], key: Row, valid_to: str) -> Row:
    listed = content["other_models"]
    return {
        **key,
        "metric_code": content["metric_code"],
        "charge_model": "standard",
        "display_name": f"Tokens of other models ({_terms(content, listed)})",
        "unit_amount": unit_amount(listed, content["margin_percent"]),
        "valid_to": valid_to,
    }


def _levels_on(model: Mapping[str, Any], day: str) -> Sequence[Mapping[str, str]]:
    """The model's prices in force on a day; those of its first day before that, so that every row has every model."""
    held = [price for price in model["prices"] if price["valid_from"] <= day]
    return (held[-1] if held else model["prices"][0])["levels"]


def _filters(
    content: Mapping[str, Any], key: Row, model: Mapping[str, Any], level: Mapping[str, str]
) -> Iterator[tuple[Row, list[Row]]]:
    """A filter for each token type; cached tokens of a model without a price of their own are input."""
    types = [kind for kind in ("input", "output", "cached") if kind in level]
    for kind in types:
        matched = [kind, "cached"] if kind == "input" and "cached" not in level else [kind]
        code = "/".join(filter(None, (model["model"], kind, level["context"])))
        words = " ".join(filter(None, (model["model"], kind, level["context"].replace("_", " "))))
        belongs = {**key, "filter_code": code}
        values = {"model": model["names"], "token_type": matched}
        if level["context"]:
            values["context"] = [level["context"]]
        yield (
            {
                **belongs,
                "display_name": f"{words} ({_terms(content, level[kind])})",
                "unit_amount": unit_amount(level[kind], content["margin_percent"]),
            },
            [
                {**belongs, "property_name": name, "property_value": value}
                for name, listed in values.items()
                for value in listed
            ],
        )


def _terms(content: Mapping[str, Any], listed: str) -> str:
    return f"{listed} per million + {content['margin_percent']} %"


def unit_amount(per_million: str, margin_percent: str) -> str:
    """The price of a token as plain decimal text: list price per million with the margin on top, exact.

    >>> unit_amount("0.0375", "20")
    '0.000000045'

    Raises:
        ValueError: it has more than 12 decimals.
    """
    exact = (Decimal(per_million) * (100 + Decimal(margin_percent))).scaleb(-8)
    text = f"{exact.normalize():f}"
    if len(text.partition(".")[2]) > PRICE_DECIMALS:
        raise ValueError(
            f"{per_million} per million + {margin_percent} % is {text} a token, with more than {PRICE_DECIMALS} "
            "decimals; leave the model out, or choose a margin that comes out even"
        )
    return text


def merged_csv(text: str, plan_code: str, rows: Sequence[Row]) -> str:
    """A file of the catalog with the plan's rows replaced by `rows`, after everyone else's, in the file's columns."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = list(reader.fieldnames or ())
    others = [row for row in reader if row["plan_code"] != plan_code]
    target = io.StringIO()
    writer = csv.DictWriter(target, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows([*others, *rows])
    return target.getvalue()


def merged_files() -> dict[Path, str]:
    """The catalog's files as they stand when every snapshot's rows are in them, by path.

    Raises:
        ValueError: a snapshot's rows cannot be made exactly.
    """
    rows: dict[str, dict[str, list[Row]]] = {}
    for path in sorted(TOKEN_PRICES.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        date.fromisoformat(content["snapshot_date"])
        by_file = rows.setdefault(content["plan_code"], {})
        for name, made in token_price_rows(content).items():
            by_file.setdefault(name, []).extend(made)
    files: dict[Path, str] = {}
    for plan_code, by_file in rows.items():
        for name, made in by_file.items():
            path = PRICES / f"{name}.csv"
            text = files.get(path) or path.read_text(encoding="utf-8")
            files[path] = merged_csv(text, plan_code, made)
    return files


if __name__ == "__main__":
    argparse.ArgumentParser(
        prog=f"python -m {__spec__.name}", description=__doc__.split("\n", 1)[0]
    ).parse_args()
    try:
        made_files = merged_files()
    except ValueError as error:
        sys.exit(str(error))
    for file, content in made_files.items():
        file.write_text(content, encoding="utf-8")
        print(f"wrote {file}")

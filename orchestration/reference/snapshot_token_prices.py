r"""Snapshot list prices of language models from the package genai-prices into `seeds/token_prices/`.

The package is nobody's dependency: run this in an environment that is thrown away afterwards, with the version pinned.
The same version and arguments give the same file, to the byte.

    .venv/bin/uv run --no-project --python 3.11 --with genai-prices==0.2.3 \
        python -m orchestration.reference.snapshot_token_prices --snapshot-date 2026-11-21 --margin 20
    .venv/bin/python -m orchestration.reference.make_token_prices

Belongs here: which models are on the list, and what the package says of them, unchanged, in US dollars per million
tokens. Does not belong here: catalog rows, margins and units, which `make_token_prices` makes of the file.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from typing import Any

from orchestration.workspace import REPO

TOKEN_PRICES = REPO / "seeds" / "token_prices"

# The large providers' models that the demo's customers could call in the demo's quarter.
MODELS = {
    "openai": (
        "gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini", "o3", "o4-mini",
    ),
    "anthropic": ("claude-opus-4-1", "claude-sonnet-4-5", "claude-haiku-4-5", "claude-3-5-haiku-latest"),
    "google": ("gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite"),
    "mistral": ("mistral-large", "mistral-medium-3-1", "ministral-8b-latest", "codestral"),
    "x-ai": ("grok-4-0709", "grok-code-fast-1"),
    "cohere": ("command-a", "command-r7b"),
    "deepseek": ("deepseek-v3.1-terminus",),
}  # fmt: skip

# What an event's `token_type` says, and the package's name for the price of a million of them.
TOKEN_TYPES = {"input": "input_mtok", "output": "output_mtok", "cached": "cache_read_mtok"}


def snapshot(*, first_day: date, snapshot_date: date, terms: dict[str, str]) -> dict[str, Any]:
    """What the installed package knows of `MODELS`.

    Args:
        first_day: The day from which the list is wanted; prices that had ended by then are left out.
        snapshot_date: The day on which the package was read: it becomes the rows' `recorded_at`.
        terms: What the company makes of the list: plan, charge and metric, margin, price of models not listed.

    Returns:
        The text-only content of the file: decimals as text, models in the order of `MODELS`, prices by date.

    Raises:
        ValueError: the package is not there, has no such model, or a price that no list by the token can state.
    """
    try:
        from genai_prices.data import providers  # type: ignore[import-not-found]
    except ModuleNotFoundError as error:
        raise ValueError(
            "genai-prices is not installed here; run this by uv, as the module's first lines say"
        ) from error
    known = {(provider.id, model.id): model for provider in providers for model in provider.models}
    models = []
    for provider, names in MODELS.items():
        for name in names:
            if (provider, name) not in known:
                raise ValueError(f"genai-prices has no model {provider}/{name}")
            model = known[provider, name]
            models.append(
                {
                    "provider": provider,
                    "model": name,
                    "names": list(dict.fromkeys([name, *_equal_names(model.match)])),
                    "prices": list(_dated_prices(model, first_day)),
                }
            )
    return {
        "package": "genai-prices",
        "package_version": version("genai-prices"),
        "snapshot_date": snapshot_date.isoformat(),
        "currency": "USD",
        "prices_are_per": "million tokens, without margin",
        "first_day": first_day.isoformat(),
        **terms,
        "models": models,
    }


def _equal_names(match: Any) -> Iterator[str]:
    """The names that the package holds equal to the model; a prefix is no value that a filter could list."""
    if hasattr(match, "equals"):
        yield match.equals
    for clause in getattr(match, "or_", ()):
        if hasattr(clause, "equals"):
            yield clause.equals


def _dated_prices(model: Any, first_day: date) -> Iterator[dict[str, Any]]:
    """The model's prices by the day from which they hold: the one in force on `first_day`, then each change of them."""
    conditional = model.prices if isinstance(model.prices, list) else [model]
    starts: list[tuple[date, Any]] = []
    for entry in conditional:
        constraint = getattr(entry, "constraint", None)
        if constraint is not None and not hasattr(constraint, "start_date"):
            raise ValueError(f"{model.id}: its price depends on more than the date; leave it out")
        starts.append((constraint.start_date if constraint else date.min, entry.prices))
    in_force = max(start for start, _ in starts if start <= first_day)
    before: list[dict[str, str]] = []
    for start, prices in sorted(starts, key=lambda pair: pair[0]):
        levels = _levels(model.id, prices)
        if start >= in_force and levels != before:
            yield {"valid_from": max(start, first_day).isoformat(), "levels": levels}
            before = levels


def _levels(name: str, prices: Any) -> list[dict[str, str]]:
    """The price of each token type, and once more for requests above each context length that has its own prices."""
    found = {kind: getattr(prices, key, None) for kind, key in TOKEN_TYPES.items()}
    listed = {kind: price for kind, price in found.items() if price is not None}
    if not {"input", "output"} <= listed.keys():
        raise ValueError(f"{name}: no price of input or output tokens")
    bounds = {
        tier.start
        for price in listed.values()
        if not isinstance(price, Decimal)
        for tier in price.tiers
    }
    levels = []
    for bound in [None, *sorted(bounds)]:
        level = {"context": "" if bound is None else f"over_{bound}"}
        level.update({kind: _price_text(price, bound) for kind, price in listed.items()})
        levels.append(level)
    return levels


def _price_text(price: Any, bound: int | None) -> str:
    """The price above `bound` tokens of context as plain decimal text, without zeros at its end."""
    if isinstance(price, Decimal):
        value = price
    else:
        above = [tier.price for tier in price.tiers if bound is not None and tier.start <= bound]
        value = above[-1] if above else price.base
    return f"{value.normalize():f}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=f"python -m {__spec__.name}",
        description=__doc__.split("\n", 1)[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )

    def add(name: str, metavar: str, meaning: str, **more: Any) -> None:
        parser.add_argument(f"--{name}", metavar=metavar, help=meaning, **more)

    day = date.fromisoformat
    add(
        "snapshot-date",
        "DATE",
        "day of reading: the rows' recorded_at",
        type=day,
        required=True,
        default=argparse.SUPPRESS,
    )
    add("first-day", "DATE", "day from which prices are wanted", type=day, default="2025-10-01")
    add("margin", "PERCENT", "what is put on top of every list price", default="20")
    add("other-models", "PRICE", "list price of a million tokens of other models", default="5")
    add("plan", "CODE", "plan that the rows are for", default="tokens_by_model")
    add("charge", "CODE", "charge that the rows are of", default="tokens")
    add("metric", "CODE", "metric that is charged", default="tokens")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    try:
        content = snapshot(
            first_day=given.first_day,
            snapshot_date=given.snapshot_date,
            terms={
                "margin_percent": given.margin,
                "other_models": given.other_models,
                "plan_code": given.plan,
                "charge_code": given.charge,
                "metric_code": given.metric,
            },
        )
    except ValueError as error:
        sys.exit(str(error))
    TOKEN_PRICES.mkdir(parents=True, exist_ok=True)
    target = TOKEN_PRICES / f"genai-prices-{content['package_version']}.json"
    target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {target}")

"""Draw random examples in a process of their own: `python -m tests.oracle.draw KIND COUNT SEED > examples.pickle`.

Belongs here: making a draw depend on kind, count and seed alone. Does not belong here: what is drawn.

Hypothesis mixes the constants of every imported local module into what it draws, so that a seed gives other examples
in a run of one test than in a run of all. A fresh process always has the same modules; it imports those of its kind.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from .random_companies import examples
from .random_rows import WINDOWS, Example, Window

if TYPE_CHECKING:
    from .random_histories import History

ROOT = Path(__file__).resolve().parents[2]
LIVES = "lives"
LIFE = "life: "
HISTORIES = "histories"
CREDITS = "credits: "
TAXES = "taxes: "
TOP_UPS = "top-ups: "
PAYERS = "payers: "
UNITS = "units: "
VOIDS = "voids: "
Drawn = TypeVar("Drawn")


def draw_examples(
    window: Window,
    *,
    count: int,
    seed_number: int,
    life: bool = False,
    credits: bool = False,
    taxes: bool = False,
    top_ups: bool = False,
    payers: bool = False,
    units: bool = False,
    voids: bool = False,
) -> list[Example]:
    """`count` random customers; the same arguments give the same ones, whatever else is imported.

    `life`: with changes of plan, fixed charges and the like (see `random_life`, whose windows they need).
    `credits`: with coupons, taxes of lines and wallets with scopes (see `random_credits`).
    `taxes`: with places, VAT ids, sales taxes and certificates (see `random_taxes`).
    `payers`: with payers that change between closes (see `random_payers`); not of lives.
    `units`: with wallets of units (see `random_units`).
    `voids`: with lots that are given up (see `random_voids`).
    `top_ups`: with rules that fill wallets, and payments (see `random_top_ups`).
    """
    kind = f"{LIFE}{window.name}" if life else window.name
    if credits:
        kind = f"{CREDITS}{kind}"
    if taxes:
        kind = f"{TAXES}{kind}"
    if units:
        kind = f"{UNITS}{kind}"
    if voids:
        kind = f"{VOIDS}{kind}"
    if payers:
        kind = f"{PAYERS}{kind}"
    if top_ups:
        kind = f"{TOP_UPS}{kind}"
    return _drawn_by_process(kind, count, seed_number)


def draw_lives(*, count: int, seed_number: int) -> list[dict[str, list[dict[str, str]]]]:
    """`count` random lives of one external id, as catalog rows (see `random_timelines`)."""
    return _drawn_by_process(LIVES, count, seed_number)


def draw_histories(*, count: int, seed_number: int, taxes: bool = False) -> list[History]:
    """`count` random customers whose past changes (see `random_histories`); `taxes`: as in `draw_examples`."""
    return _drawn_by_process(f"{TAXES}{HISTORIES}" if taxes else HISTORIES, count, seed_number)


def _drawn_by_process(kind: str, count: int, seed_number: int) -> list[Any]:
    command = [sys.executable, "-m", __name__, kind, str(count), str(seed_number)]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
    return list(pickle.loads(done.stdout))


def strategy_of(kind: str) -> st.SearchStrategy[Any]:
    """What is drawn for a kind: a window's examples, those with a life, credits, taxes or top-ups, or lives."""
    if kind.startswith(TOP_UPS):
        from .random_top_ups import with_top_ups

        own = kind.removeprefix(TOP_UPS)
        return with_top_ups(strategy_of(own), _window_of(own))
    if kind.startswith(PAYERS):
        from .random_payers import with_other_payers

        own = kind.removeprefix(PAYERS)
        return with_other_payers(strategy_of(own), _window_of(own))
    if kind.startswith(VOIDS):
        from .random_voids import with_voided_lots

        own = kind.removeprefix(VOIDS)
        return with_voided_lots(strategy_of(own), _window_of(own))
    if kind.startswith(UNITS):
        from .random_units import with_unit_wallets

        own = kind.removeprefix(UNITS)
        return with_unit_wallets(strategy_of(own), _window_of(own))
    if kind.startswith(TAXES):
        from .random_taxes import histories_with_taxes, with_taxes

        own = kind.removeprefix(TAXES)
        if own == HISTORIES:
            return histories_with_taxes(strategy_of(own))
        return with_taxes(strategy_of(own), _window_of(own))
    if kind.startswith(CREDITS):
        from .random_credits import with_credits

        own = kind.removeprefix(CREDITS)
        name = own.removeprefix(LIFE)
        if name == own:
            return with_credits(strategy_of(own), WINDOWS[name])
        from .random_life import LIFE_WINDOWS

        return with_credits(strategy_of(own), LIFE_WINDOWS[name])
    if kind == LIVES:
        from .random_timelines import lives

        return lives()
    if kind == HISTORIES:
        from .random_histories import histories

        return histories()
    if kind.startswith(LIFE):
        from .random_life import LIFE_WINDOWS, life_examples

        return life_examples(LIFE_WINDOWS[kind.removeprefix(LIFE)])
    return examples(WINDOWS[kind])


def _window_of(kind: str) -> Window:
    name = kind
    for prefix in (PAYERS, VOIDS, UNITS, TAXES, CREDITS):
        name = name.removeprefix(prefix)
    if name.startswith(LIFE):
        from .random_life import LIFE_WINDOWS

        return LIFE_WINDOWS[name.removeprefix(LIFE)]
    return WINDOWS[name]


def draw_here(strategy: st.SearchStrategy[Drawn], *, count: int, seed_number: int) -> list[Drawn]:
    """As `draw_examples`, in this process: depends on the local modules that it has imported.

    Ten at a time, without the first: that is always the simplest, and from the eleventh on Hypothesis mostly repeats
    parts of one example, so that many would be alike.
    """
    drawn: list[Drawn] = []
    for round_number in range(count):
        if len(drawn) >= count:
            break
        drawn.extend(_drawn_apart(strategy, seed_number * 100_000 + round_number)[1:])
    assert len(drawn) >= count, f"only {len(drawn)} of {count} examples could be drawn"
    return drawn[:count]


def _drawn_apart(strategy: st.SearchStrategy[Drawn], seed_number: int) -> list[Drawn]:
    drawn: list[Drawn] = []

    @seed(seed_number)
    @settings(
        max_examples=10,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: Drawn) -> None:
        drawn.append(example)

    collect()
    return drawn


def main(kind: str, count: str, seed_number: str) -> None:
    """Write the pickled examples to standard output."""
    drawn = draw_here(strategy_of(kind), count=int(count), seed_number=int(seed_number))
    sys.stdout.buffer.write(pickle.dumps(drawn))


if __name__ == "__main__":
    main(*sys.argv[1:])
